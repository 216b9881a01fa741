package agreement

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"concord/money"
)

// A term is one field of a clause: its name in the file, what it says for people ("" = nothing), and the canonical bytes by
// which it is compared.
type term struct {
	field string
	words string
	bytes []byte
}

// terms lists the fields of a clause in force. A field that is added to a clause has to be added here: what this list lacks
// is compared as a whole, and a test says so.
func (f InForce) terms() []term {
	a := f.Agreement
	l := termList{f: f, a: a}
	switch c := f.Clause.(type) {
	case *Delivery:
		c.terms(&l)
	case *License:
		c.terms(&l)
	case *Sale:
		c.terms(&l)
	case *RevenueShare:
		c.terms(&l)
	case *Commitment:
		c.terms(&l)
	case *Milestone:
		l.add("name", c.Name, func(w *canonical) { w.str(1, c.Name) })
		l.add("declares", c.Declares, func(w *canonical) { w.str(1, c.Declares) })
		l.add("verifies", c.Verifies, func(w *canonical) { w.str(1, c.Verifies) })
	}
	l.head(f)
	return l.list
}

type termList struct {
	f    InForce
	a    *Agreement
	list []term
}

func (l *termList) add(field, words string, write func(*canonical)) {
	l.list = append(l.list, term{field, words, encoded(write)})
}

func (l *termList) text(field, s string) {
	l.add(field, s, func(w *canonical) { w.str(1, s) })
}

// set adds a list whose order means nothing.
func (l *termList) set(field string, vs []string) {
	l.add(field, words(vs, "and"), func(w *canonical) { list(w, 1, slices.Sorted(slices.Values(vs))) })
}

func (l *termList) flag(field string, b bool) {
	s := ""
	if b {
		s = "yes"
	}
	l.add(field, s, func(w *canonical) { w.bool(1, b) })
}

func (l *termList) match(m Match) { l.add("products", m.words(), m.canonical) }

func (l *termList) territory(t *Territory) {
	l.add("territory", strings.TrimPrefix(t.words(), ", "), t.canonical)
}

// endFields are the names under which a file says when a clause ends.
var endFields = []string{"until", "through", "term"}

func (l *termList) head(f InForce) {
	h := f.Clause.Head()
	l.add("end", h.End.words(l.a), h.End.canonical)
	if !h.From.IsZero() {
		l.add("from", "from "+day(l.a, h.From), func(w *canonical) { w.time(1, h.From) })
	}
	if b := h.Begin; b.Milestone != "" {
		l.add("from", "from when "+b.words()+retroactively(b.Retro), b.canonical)
	}
	if h.Priority != 0 {
		l.add("priority", fmt.Sprintf("priority %d", h.Priority), func(w *canonical) { w.int(1, int64(h.Priority)) })
	}
	l.text("when", h.When)
	l.text("retro", h.Retro)
	l.text("continues", h.Continues)
	l.add("survives", words(h.Survives, "and"), func(w *canonical) { list(w, 1, h.Survives) })
	l.add("since", day(l.a, f.Since), func(w *canonical) { w.time(1, f.Since) })
	known := string(f.Provenance(""))
	for _, p := range h.FieldProv {
		known += fmt.Sprintf(", %s %s", p.Field, p.Provenance)
	}
	l.add("provenance", known, func(w *canonical) {
		w.str(1, string(f.Provenance("")))
		for _, p := range sortedBy(h.FieldProv, func(p FieldProvenance) string { return p.Field }) {
			w.sub(2, func(w *canonical) { w.str(1, p.Field); w.str(2, string(p.Provenance)) })
		}
	})
}

// retroactively says that a milestone counts before it was recorded.
func retroactively(retro bool) string {
	if retro {
		return ", also before it was recorded"
	}
	return ""
}

func (d *Delivery) terms(l *termList) {
	l.match(d.Products)
	l.set("customers", d.Customers)
	l.set("apis", plain(d.APIs))
	l.set("states", d.States)
	l.text("mode", cmp.Or(d.Mode, Permitting))
	l.add("order", d.orderWords(), func(w *canonical) {
		for _, group := range d.Order {
			w.sub(1, func(w *canonical) { list(w, 1, group) })
		}
	})
	l.add("within", d.Within.words(), func(w *canonical) {
		w.str(1, d.Within.Rule)
		for _, share := range sortedBy(d.Within.Weights, func(of Weight) string { return of.Cloud }) {
			w.sub(2, func(w *canonical) { w.str(1, share.Cloud); w.int(2, share.Weight) })
		}
	})
	l.text("choice", d.Choice)
	l.add("leave_for", d.leaveWords(), func(w *canonical) {
		if d.LeaveFor != nil {
			w.sub(1, func(w *canonical) { list(w, 1, slices.Sorted(slices.Values(d.LeaveFor))) })
		}
	})
	l.add("first_ship", d.FirstShip.words(), func(w *canonical) {
		if s := d.FirstShip; s != nil {
			w.sub(1, func(w *canonical) {
				w.str(1, s.Cloud)
				w.int(2, int64(s.LeadDays))
				w.str(3, s.Logic)
				list(w, 4, slices.Sorted(slices.Values(s.Exception)))
				w.str(5, s.AppliesTo)
			})
		}
	})
	l.add("first_refusal", d.Refusal.words(l.a), func(w *canonical) {
		if r := d.Refusal; r != nil {
			w.sub(1, func(w *canonical) {
				w.str(1, r.Holder)
				w.str(2, r.For)
				w.int(3, int64(r.Window))
				w.str(4, r.Silence)
			})
		}
	})
	l.territory(&d.Territory)
}

// orderWords says where products may run: "azure first, then aws and gcp".
func (d *Delivery) orderWords() string {
	groups := make([]string, len(d.Order))
	for i, g := range d.Order {
		groups[i] = words(g, "and")
	}
	if len(groups) == 1 {
		if d.Mode == Exclusive {
			return groups[0] + " only"
		}
		return groups[0]
	}
	for i := range groups {
		if i == 0 {
			groups[i] += " first"
		} else {
			groups[i] = "then " + groups[i]
		}
	}
	return strings.Join(groups, ", ")
}

func (d *Delivery) leaveWords() string {
	switch {
	case len(d.Order) < 2:
		return ""
	case d.LeaveFor == nil:
		return "for any reason"
	case len(d.LeaveFor) == 0:
		return "never"
	}
	return "for: " + words(plain(d.LeaveFor), "or")
}

func (s *FirstShip) words() string {
	if s == nil {
		return ""
	}
	text := "first on " + s.Cloud
	if s.LeadDays > 0 {
		text += fmt.Sprintf(", elsewhere %d days later", s.LeadDays)
	}
	if len(s.Exception) > 0 {
		text += fmt.Sprintf(", unless %s of %s is stated", cmp.Or(s.Logic, "all"), words(plain(s.Exception), "and"))
	}
	if s.AppliesTo == "all" {
		text += ", older products too"
	}
	return text
}

func (r *FirstRefusal) words(a *Agreement) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%s is offered %s first and has %d days, silence is %s", a.called(r.Holder), r.For, r.Window, r.Silence)
}

func (l *License) terms(to *termList) {
	to.add("licensor", to.a.called(l.Licensor), func(w *canonical) { w.str(1, l.Licensor) })
	to.add("licensee", to.a.called(l.Licensee), func(w *canonical) { w.str(1, l.Licensee) })
	to.text("exclusivity", l.Exclusivity)
	to.match(l.Products)
	to.set("rights", plain(l.Rights))
	to.add("clouds", orAll(l.Clouds, "all clouds"), func(w *canonical) { list(w, 1, slices.Sorted(slices.Values(l.Clouds))) })
	to.set("reserved", plain(l.Reserved))
	to.territory(&l.Territory)
	to.add("fee", l.Fee.words(to.a), func(w *canonical) {
		if f := l.Fee; f != nil {
			w.sub(1, func(w *canonical) { w.amount(1, f.Amount); w.str(2, f.Per); w.str(3, f.Stream); w.str(4, f.Prorate) })
		}
	})
}

func (f *Fee) words(a *Agreement) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%s a %s", Money(f.Amount, a.Currency), f.Per)
}

func (c *Sale) terms(l *termList) {
	l.add("seller", l.a.called(c.Seller), func(w *canonical) { w.str(1, c.Seller) })
	l.match(c.Products)
	l.add("clouds", orAll(c.Clouds, "all clouds"), func(w *canonical) { list(w, 1, slices.Sorted(slices.Values(c.Clouds))) })
	l.add("book", "prices of "+c.Book, func(w *canonical) { w.str(1, c.Book) })
	l.rate("discount", "less ", c.Discount)
	l.rate("tax", "plus tax of ", c.Tax)
	parts := make([]string, len(c.Streams))
	for i, p := range c.Streams {
		parts[i] = fmt.Sprintf("%s %s", p.Name, p.Part)
	}
	l.add("streams", words(parts, "and"), func(w *canonical) {
		for _, p := range c.Streams {
			w.sub(1, func(w *canonical) { w.str(1, p.Name); w.rate(2, p.Part) })
		}
	})
	for _, o := range []struct {
		name string
		how  Charging
	}{{"cut", c.Charge.Cut}, {"cancelled", c.Charge.Cancelled}, {"refused", c.Charge.Refused}, {"failed", c.Charge.Failed}, {"interrupted", c.Charge.Interrupted}} {
		l.text("charge."+o.name, string(o.how))
	}
}

func (l *termList) rate(field, before string, r money.Rate) {
	words := ""
	if r.Sign() != 0 {
		words = before + r.String()
	}
	l.add(field, words, func(w *canonical) { w.rate(1, r) })
}

func (c *RevenueShare) terms(l *termList) {
	l.add("payer", l.a.called(c.Payer), func(w *canonical) { w.str(1, c.Payer) })
	l.add("payees", c.payeeWords(l.a), func(w *canonical) {
		for _, p := range c.Payees {
			w.sub(1, func(w *canonical) { w.str(1, p.Party); w.rate(2, p.Part) })
		}
	})
	l.rate("rate", "", c.Rate)
	l.add("tiers", c.Tiers.short(l.a), func(w *canonical) {
		if t := c.Tiers; t != nil {
			w.sub(1, func(w *canonical) {
				w.str(1, t.Mode)
				w.str(2, t.Reset)
				for _, s := range t.Steps {
					w.sub(3, func(w *canonical) { w.amount(1, s.UpTo); w.rate(2, s.Rate) })
				}
			})
		}
	})
	l.add("base", c.Base.words(l.a), c.Base.canonical)
	l.add("deductions", deductionWords(c.Deductions), func(w *canonical) {
		for _, d := range c.Deductions {
			w.sub(1, func(w *canonical) { list(w, 1, d.Of); w.rate(2, d.AtMost); w.str(3, d.Per) })
		}
	})
	l.add("caps", capWords(l.a, c.Caps), func(w *canonical) {
		for _, k := range c.Caps {
			w.sub(1, func(w *canonical) {
				w.amount(1, k.Amount)
				w.str(2, k.Per)
				w.time(3, k.CountsFrom)
				w.str(4, k.Excess)
			})
		}
	})
	l.text("overpaid", c.Overpaid)
	l.add("guarantee", c.Guarantee.words(l.a), func(w *canonical) {
		if g := c.Guarantee; g != nil {
			w.sub(1, func(w *canonical) {
				w.amount(1, g.Amount)
				w.str(2, g.Per)
				w.str(3, g.Due)
				w.bool(4, g.Recoupable)
				w.bool(5, g.CrossPeriod)
			})
		}
	})
	l.text("negative", c.Negative)
	l.flag("stack", c.Stack)
	l.add("favoured", c.Favoured.words(l.a), func(w *canonical) {
		if f := c.Favoured; f != nil {
			w.sub(1, func(w *canonical) { list(w, 1, f.Peers); w.time(2, f.From) })
		}
	})
	l.add("fx", c.FX.words(), func(w *canonical) {
		if x := c.FX; x != nil {
			w.sub(1, func(w *canonical) { w.str(1, x.Source); w.str(2, x.Moment) })
		}
	})
}

func (c *RevenueShare) payeeWords(a *Agreement) string {
	payees := make([]string, len(c.Payees))
	for i, p := range c.Payees {
		payees[i] = a.called(p.Party)
		if len(c.Payees) > 1 {
			payees[i] += " (" + p.Part.String() + ")"
		}
	}
	return words(payees, "and")
}

func (t *Tiers) short(a *Agreement) string {
	if t == nil {
		return ""
	}
	steps := make([]string, len(t.Steps))
	for i, s := range t.Steps {
		steps[i] = s.Rate.String()
		if !s.UpTo.IsZero() {
			steps[i] += " up to " + Money(s.UpTo, a.Currency)
		} else if i > 0 {
			steps[i] += " above"
		}
	}
	return fmt.Sprintf("%s (%s, new each %s)", strings.Join(steps, ", "), t.Mode, cmp.Or(t.Reset, "year"))
}

func (b *Base) words(a *Agreement) string {
	s := fmt.Sprintf("of what %s has from %s (%s, streams %s, %s, %s", a.called(b.RevenueOf), orAll(b.From, "revenue"), cmp.Or(b.Amount, "gross"),
		orAll(b.Streams, "all"), orAll(b.Clouds, "all clouds"), b.Products.words())
	if len(b.ExceptFrom) > 0 {
		s += ", without what " + words(a.names(b.ExceptFrom), "and") + " pays"
	}
	return s + ")"
}

func deductionWords(ds []Deduction) string {
	parts := make([]string, len(ds))
	for i, d := range ds {
		parts[i] = "less " + words(d.Of, "and")
		switch {
		case d.AtMost.Sign() != 0:
			parts[i] += fmt.Sprintf(" (at most %s %s)", d.AtMost, per(cmp.Or(d.Per, "period")))
		case d.Per != "":
			parts[i] += " (" + per(d.Per) + ")"
		}
	}
	return strings.Join(parts, ", ")
}

func capWords(a *Agreement, caps []Cap) string {
	if len(caps) == 0 {
		return "no cap"
	}
	parts := make([]string, len(caps))
	for i, k := range caps {
		parts[i] = fmt.Sprintf("at most %s %s", Money(k.Amount, a.Currency), per(k.Per))
		if !k.CountsFrom.IsZero() {
			parts[i] += ", counted from " + day(a, k.CountsFrom)
		}
		if k.Excess == "carry" {
			parts[i] += ", the excess carries over"
		}
	}
	return strings.Join(parts, ", ")
}

func (g *Guarantee) words(a *Agreement) string {
	if g == nil {
		return ""
	}
	s := fmt.Sprintf("at least %s %s", Money(g.Amount, a.Currency), per(g.Per))
	if g.Recoupable {
		s += ", recoupable"
	}
	return s
}

func (f *Favoured) words(a *Agreement) string {
	if f == nil {
		return ""
	}
	s := "the best rate of " + words(a.names(f.Peers), "and")
	if !f.From.IsZero() {
		s += " from " + day(a, f.From)
	}
	return s
}

func (x *FX) words() string {
	if x == nil {
		return ""
	}
	return x.Source + ", " + x.Moment
}

func (c *Commitment) terms(l *termList) {
	l.add("buyer", l.a.called(c.Buyer), func(w *canonical) { w.str(1, c.Buyer) })
	l.add("seller", l.a.called(c.Seller), func(w *canonical) { w.str(1, c.Seller) })
	l.add("amount", Money(c.Amount, l.a.Currency), func(w *canonical) { w.amount(1, c.Amount) })
	window := ""
	if !c.WindowFrom.IsZero() {
		window = "from " + day(l.a, c.WindowFrom)
	}
	if !c.WindowUntil.IsZero() {
		window = strings.TrimSpace(window + " until " + day(l.a, c.WindowUntil))
	}
	l.add("window", window, func(w *canonical) { w.time(1, c.WindowFrom); w.time(2, c.WindowUntil) })
	l.text("sub_windows", c.SubWindows)
	l.add("counts", c.Counts.words(),
		func(w *canonical) {
			w.str(1, c.Counts.Amount)
			list(w, 2, slices.Sorted(slices.Values(c.Counts.Streams)))
			list(w, 3, slices.Sorted(slices.Values(c.Counts.Clouds)))
			w.sub(4, c.Counts.Products.canonical)
		})
	l.text("shortfall", c.Shortfall)
	l.flag("carry_over", c.CarryOver)
	l.flag("prepaid", c.Prepaid)
}

// fieldChanges compares two versions of a clause field by field; nil is a clause that is not in force.
func fieldChanges(f, g *InForce) (changes []FieldChange) {
	var before, after []term
	if f != nil {
		before = f.terms()
	}
	if g != nil {
		after = g.terms()
	}
	find := func(ts []term, field string) term {
		i := slices.IndexFunc(ts, func(t term) bool { return t.field == field })
		if i < 0 {
			return term{}
		}
		return ts[i]
	}
	var names []string
	for _, t := range slices.Concat(before, after) {
		names = union(names, []string{t.field})
	}
	for _, name := range names {
		x, y := find(before, name), find(after, name)
		if !bytes.Equal(x.bytes, y.bytes) || (f == nil || g == nil) && x.words != y.words {
			changes = append(changes, FieldChange{name, x.words, y.words})
		}
	}
	return changes
}
