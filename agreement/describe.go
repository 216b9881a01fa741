package agreement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/money"
)

// Describe says in a few lines for people what a clause in force says: its terms, its window, how well it is known and from
// where, and what of it is not settled yet.
func Describe(f InForce) string {
	var terms string
	switch c := f.Clause.(type) {
	case *Delivery:
		terms = c.describe(f.Agreement)
	case *License:
		terms = c.describe(f.Agreement)
	case *Sale:
		terms = c.describe(f.Agreement)
	case *RevenueShare:
		terms = c.describe(f.Agreement)
	case *Commitment:
		terms = c.describe(f.Agreement)
	case *Milestone:
		terms = c.describe(f.Agreement)
	}
	if when := f.Clause.Head().When; when != "" {
		terms += "; only when " + strings.Join(strings.Fields(when), " ")
	}
	return terms + ".\n" + f.window() + ".\n" + f.known() + "." + f.unsettled()
}

// called returns a party's name, or its id where it has none.
func (a *Agreement) called(party string) string {
	for _, p := range a.Parties {
		if p.ID == party && p.Name != "" {
			return p.Name
		}
	}
	return party
}

// window says since when a clause is in force, until when, and under which conditions.
func (f InForce) window() string {
	h := f.Clause.Head()
	start := f.begins()
	came := ""
	if h.Begin.Milestone != "" {
		came = "when " + h.Begin.words() + ", "
	}
	s := fmt.Sprintf("Since %s (%samendment %s), %s", day(f.Agreement, start), came, f.Amendment.ID, h.End.words(f.Agreement))
	if !f.Since.IsZero() && f.Since.Before(start) {
		s += "; first added " + day(f.Agreement, f.Since)
	}
	if h.Priority != 0 {
		s += fmt.Sprintf("; priority %d", h.Priority)
	}
	if h.Continues != "" {
		s += "; carries on the totals of " + h.Continues
	}
	s += retroWords(h.Retro)
	for _, o := range f.Agreement.Openings {
		if o.Clause == h.ID {
			s += fmt.Sprintf("; totals from before %s: base %s, share %s, after caps %s", day(f.Agreement, o.AsOf),
				Money(o.Base, f.Agreement.Currency), Money(o.Uncapped, f.Agreement.Currency), Money(o.Capped, f.Agreement.Currency))
		}
	}
	if len(h.Survives) > 0 {
		s += "; " + words(h.Survives, "and") + " survive its end"
	}
	return s
}

func (a *Agreement) names(parties []string) []string {
	names := make([]string, len(parties))
	for i, p := range parties {
		names[i] = a.called(p)
	}
	return names
}

// begins returns when a version of a clause began.
func (f InForce) begins() time.Time {
	if !f.start.IsZero() {
		return f.start
	}
	return later(f.Amendment.Effective, f.Clause.Head().From)
}

// words says what a clause waits for.
func (b *Begin) words() string {
	return fmt.Sprintf("%s is %s", b.Milestone, cmp.Or(b.State, MilestoneVerified))
}

func (e *End) words(a *Agreement) string {
	switch {
	case e.Through != "":
		return "through " + e.Through
	case !e.Until.IsZero():
		return "until " + day(a, e.Until)
	case e.Milestone != "":
		return fmt.Sprintf("until %s is %s", e.Milestone, cmp.Or(e.State, MilestoneVerified))
	case e.Perpetual:
		return "without an end"
	case len(e.FirstOf) > 0:
		parts := make([]string, len(e.FirstOf))
		for i := range e.FirstOf {
			parts[i] = e.FirstOf[i].event(a)
		}
		return "until the first of: " + strings.Join(parts, "; ")
	}
	return "without saying when it ends"
}

// event says what has to come for the clause to end.
func (e *End) event(a *Agreement) string {
	switch {
	case e.Through != "":
		return e.Through + " is over"
	case !e.Until.IsZero():
		return day(a, e.Until)
	}
	return strings.TrimPrefix(e.words(a), "until ")
}

// known says how well the clause and its fields are known.
func (f InForce) known() string {
	src := f.Source()
	s := strings.ToUpper(string(src.Provenance[:1])) + string(src.Provenance[1:])
	for _, p := range f.Clause.Head().FieldProv {
		s += fmt.Sprintf("; %s %s", p.Field, p.Provenance)
	}
	if src.URL != "" {
		s += "; source: " + strings.TrimRight(src.URL, ".")
	}
	return s
}

// day renders an instant in the agreement's zone, with its time of day where that is not midnight.
func day(a *Agreement, t time.Time) string {
	t = t.In(zone(a))
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0 {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

func (m Match) words() string {
	if len(m.Match) == 0 || slices.Equal(m.Match, []string{"*"}) {
		if len(m.Except) > 0 {
			return "all products except " + words(m.Except, "and")
		}
		return "all products"
	}
	s := words(m.Match, "and")
	if len(m.Except) > 0 {
		s += " except " + words(m.Except, "and")
	}
	return s
}

func orAll(list []string, all string) string {
	if len(list) == 0 {
		return all
	}
	return words(list, "and")
}

func plain[T ~string](vs []T) []string {
	ss := make([]string, len(vs))
	for i, v := range vs {
		ss[i] = string(v)
	}
	return ss
}

func (d *Delivery) describe(a *Agreement) string {
	var s strings.Builder
	clouds := words(slices.Concat(d.Order...), "and")
	switch d.Mode {
	case Exclusive:
		fmt.Fprintf(&s, "%s may be delivered on %s and on no other cloud", d.Products.words(), clouds)
	case Prohibited:
		fmt.Fprintf(&s, "%s may not be delivered on %s", d.Products.words(), clouds)
	default:
		groups := make([]string, len(d.Order))
		for i, g := range d.Order {
			groups[i] = words(g, "or")
		}
		fmt.Fprintf(&s, "%s may be delivered on %s", d.Products.words(), strings.Join(groups, ", then "))
	}
	s.WriteString(d.covers())
	if d.Mode == Prohibited {
		return s.String()
	}
	if len(d.Order) > 1 || slices.ContainsFunc(d.Order, func(g []string) bool { return len(g) > 1 }) {
		fmt.Fprintf(&s, "; inside a group: %s", d.Within.words())
		fmt.Fprintf(&s, "; choice of customers: %s", cmp.Or(d.Choice, "group"))
	}
	if d.LeaveFor != nil && len(d.Order) > 1 {
		reasons := "nothing"
		if len(d.LeaveFor) > 0 {
			reasons = words(plain(d.LeaveFor), "or")
		}
		fmt.Fprintf(&s, "; a later group is tried for: %s", reasons)
	}
	if f := d.FirstShip; f != nil {
		fmt.Fprintf(&s, "; products ship first on %s", f.Cloud)
		if f.LeadDays > 0 {
			fmt.Fprintf(&s, ", %d days before elsewhere", f.LeadDays)
		}
		if len(f.Exception) > 0 {
			fmt.Fprintf(&s, ", except where %s of these is stated: %s", cmp.Or(f.Logic, "(not said: all or any)"), words(plain(f.Exception), "and"))
		}
		if f.AppliesTo == "all" {
			s.WriteString(", older products too")
		}
	}
	if r := d.Refusal; r != nil {
		fmt.Fprintf(&s, "; %s is offered %s first and has %d days to answer, silence is %s", a.called(r.Holder), r.For, r.Window, r.Silence)
	}
	return s.String()
}

// covers names what narrows the clause apart from its products.
func (d *Delivery) covers() string {
	var s string
	if len(d.Customers) > 0 {
		s += " for " + words(d.Customers, "and")
	}
	if len(d.APIs) > 0 {
		s += ", by the surfaces " + words(plain(d.APIs), "and")
	}
	if len(d.States) > 0 {
		s += ", if " + words(d.States, "or")
	}
	return s + d.Territory.words()
}

func (t *Territory) words() string {
	var s string
	if len(t.Customer) > 0 {
		s += ", to customers in " + words(t.Customer, "and")
	}
	if len(t.Processing) > 0 {
		s += ", processed in " + words(t.Processing, "and")
	}
	return s
}

func (w *Within) words() string {
	if len(w.Weights) == 0 {
		return cmp.Or(w.Rule, "declared")
	}
	parts := make([]string, len(w.Weights))
	for i, v := range w.Weights {
		parts[i] = fmt.Sprintf("%s %d", v.Cloud, v.Weight)
	}
	return "weighted " + strings.Join(parts, ", ")
}

func (l *License) describe(a *Agreement) string {
	s := fmt.Sprintf("%s gives %s the right to %s %s on %s%s, %s", a.called(l.Licensor), a.called(l.Licensee), words(plain(l.Rights), "and"), l.Products.words(),
		orAll(l.Clouds, "all clouds"), l.Territory.words(), l.Exclusivity)
	if len(l.Reserved) > 0 {
		s += fmt.Sprintf("; %s keeps the right to %s", a.called(l.Licensor), words(plain(l.Reserved), "and"))
	}
	if l.Fee != nil {
		s += "; " + l.Fee.Words(a)
	}
	return s
}

func (c *Sale) describe(a *Agreement) string {
	parts := make([]string, len(c.Streams))
	for i, p := range c.Streams {
		parts[i] = fmt.Sprintf("%s %s", p.Name, p.Part)
	}
	s := fmt.Sprintf("%s sells %s on %s at the prices of %s", a.called(c.Seller), c.Products.words(), orAll(c.Clouds, "all clouds"), c.Book)
	if c.Discount.Sign() > 0 {
		s += fmt.Sprintf(" less %s", c.Discount)
	}
	if c.Tax.Sign() > 0 {
		s += fmt.Sprintf(" plus %s tax", c.Tax)
	}
	s += "; parts of the price: " + words(parts, "and")
	for _, how := range []Charging{ChargeDelivered, ChargeReported} {
		if outcomes := c.Charge.of(how); len(outcomes) > 0 {
			s += fmt.Sprintf("; of answers %s it charges what was %s", words(outcomes, "or"), how)
		}
	}
	return s
}

// of lists the outcomes that are charged in one way.
func (c *Charge) of(how Charging) (outcomes []string) {
	for _, o := range []struct {
		name string
		how  Charging
	}{{"cut", c.Cut}, {"cancelled", c.Cancelled}, {"refused", c.Refused}, {"failed", c.Failed}, {"interrupted", c.Interrupted}} {
		if o.how == how {
			outcomes = append(outcomes, o.name)
		}
	}
	return outcomes
}

func (c *RevenueShare) describe(a *Agreement) string {
	b := &c.Base
	payees := make([]string, len(c.Payees))
	for i, p := range c.Payees {
		payees[i] = a.called(p.Party)
		if len(c.Payees) > 1 {
			payees[i] += " (" + p.Part.String() + ")"
		}
	}
	rate := c.Rate.String()
	if c.Tiers != nil {
		rate = "a share"
	}
	s := fmt.Sprintf("%s pays %s %s of what %s has from %s", a.called(c.Payer), words(payees, "and"), rate, a.called(b.RevenueOf), orAll(b.From, "revenue"))
	s += fmt.Sprintf(" (%s, streams %s, %s, %s", cmp.Or(b.Amount, "gross"), orAll(b.Streams, "all"), orAll(b.Clouds, "all clouds"), b.Products.words())
	if len(b.ExceptFrom) > 0 {
		s += ", without what " + words(a.names(b.ExceptFrom), "and") + " pays"
	}
	s += ")"
	if c.Tiers != nil {
		s += ": " + c.Tiers.words(a.Currency)
	}
	for _, k := range c.Caps {
		s += fmt.Sprintf("; at most %s %s", Money(k.Amount, a.Currency), per(k.Per))
		if !k.CountsFrom.IsZero() {
			s += ", counted from " + day(a, k.CountsFrom)
		}
		if k.Excess == "carry" {
			s += ", the excess carries over"
		}
	}
	if len(c.Caps) == 0 {
		s += "; without a cap"
	}
	if c.Guarantee != nil {
		s += "; " + c.Guarantee.Words(a)
	}
	if c.Stack {
		s += "; owed beside other shares of the same revenue"
	}
	return s + c.corrections(a)
}

// Words says what a guarantee guarantees. It is shown and not posted: advances and top-ups are entries of their own.
func (g *Guarantee) Words(a *Agreement) string {
	s := fmt.Sprintf("at least %s %s is guaranteed", Money(g.Amount, a.Currency), per(g.Per))
	if g.Due != "" {
		s += ", due at the " + g.Due
	}
	switch {
	case g.Recoupable && g.CrossPeriod:
		s += ", recouped from what is earned then and later"
	case g.Recoupable:
		s += ", recouped from what is earned in the same window"
	default:
		s += ", not recouped from what is earned"
	}
	return s
}

// Words says what a license costs. It is shown and not posted: fees are entries of their own.
func (f *Fee) Words(a *Agreement) string {
	s := fmt.Sprintf("for %s a %s", Money(f.Amount, a.Currency), f.Per)
	if f.Stream != "" {
		s += ", of the stream " + f.Stream
	}
	if f.Prorate == "none" {
		return s + ", whole however long it is in force"
	}
	return s + ", earned evenly over the days in force"
}

func per(window string) string {
	if window == "total" {
		return "in total"
	}
	return "per " + window
}

func (c *Commitment) describe(a *Agreement) string {
	s := fmt.Sprintf("%s commits to buy for %s from %s", a.called(c.Buyer), Money(c.Amount, a.Currency), a.called(c.Seller))
	if !c.WindowFrom.IsZero() {
		s += " from " + day(a, c.WindowFrom)
	}
	if !c.WindowUntil.IsZero() {
		s += " until " + day(a, c.WindowUntil)
	}
	return s + "; " + c.Counts.words() + c.remainder()
}

func (c *Milestone) describe(a *Agreement) string {
	return fmt.Sprintf("%s is declared by %s and verified by %s", c.Name, cmp.Or(a.called(c.Declares), "nobody"), cmp.Or(a.called(c.Verifies), "nobody"))
}

// Money renders an amount for people: digits in groups of three, and the currency.
func Money(a money.Amount, c money.Currency) string {
	s := a.String()
	sign := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", rest
	}
	whole, fraction, _ := strings.Cut(s, ".")
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	return strings.TrimSpace(sign + b.String() + " " + string(c))
}
