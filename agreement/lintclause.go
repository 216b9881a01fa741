package agreement

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"concord/money"
)

// clauses looks at each clause by itself: its window, its references, and what its kind demands.
func (l *linter) clauses(a *Agreement) {
	for i := range a.Amendments {
		m := &a.Amendments[i]
		for _, c := range slices.Concat(m.Adds, m.Replaces) {
			l.window(a, m, c.Head())
			switch c := c.(type) {
			case *Delivery:
				l.delivery(a, c)
			case *License:
				l.license(a, c)
			case *Sale:
				l.sale(a, c)
			case *RevenueShare:
				l.share(a, c)
			case *Commitment:
				l.commitment(a, c)
			case *Milestone:
				l.milestone(a, c)
			}
		}
	}
	for _, o := range a.Openings {
		l.clauseID(a, o.Clause, o.Pos, "opening")
	}
	l.openings(a)
	l.settled(a)
	l.awaited(a)
}

func (l *linter) window(a *Agreement, m *Amendment, h *Head) {
	ref := []Ref{{a.Name, h.ID}}
	if h.End.isZero() {
		l.report(problem{rule: "missing-end", at: h.Pos, remedy: "write until:, through: or term: perpetual", related: ref}, "%s does not say when it ends", h.ID)
	}
	if !h.From.IsZero() && h.From.Before(m.Effective) {
		l.report(problem{rule: "start-before-amendment", at: h.At("from"), remedy: "begin it with its amendment, or date the amendment back and say when it was recorded", related: ref},
			"%s begins on %s, before its amendment %s takes effect on %s", h.ID, h.From.Format("2006-01-02"), m.ID, m.Effective.Format("2006-01-02"))
	}
	if start := later(m.Effective, h.From); !h.End.Until.IsZero() && !h.End.Until.After(start) {
		l.report(problem{rule: "empty-term", at: h.End.Pos, remedy: "end it after it begins", related: ref},
			"%s begins on %s and is over by %s", h.ID, start.Format("2006-01-02"), h.End.Until.Format("2006-01-02"))
	}
	l.milestones(a, h, &h.End)
	if b := &h.Begin; b.Milestone != "" {
		if l.scan(a) && a.milestone(b.Milestone) == nil {
			l.report(problem{rule: "unknown-milestone", at: b.Pos, remedy: "add a clause of kind milestone with name: " + b.Milestone, related: ref},
				"%s begins with the milestone %s, which no clause defines", h.ID, b.Milestone)
		}
		if h.End.Milestone == b.Milestone && (h.End.State == b.State || b.State == MilestoneVerified) {
			l.report(problem{rule: "empty-term", at: h.End.Pos, remedy: "end it after it begins", related: ref},
				"%s begins when %s, and is over by then", h.ID, b.words())
		}
	}
	if h.Continues != "" {
		l.clauseID(a, h.Continues, h.At("continues"), "continues of "+h.ID)
	}
}

func (e *End) isZero() bool {
	return e.Until.IsZero() && e.Milestone == "" && len(e.FirstOf) == 0 && !e.Perpetual
}

func (l *linter) milestones(a *Agreement, h *Head, e *End) {
	if e.Milestone != "" && l.scan(a) && a.milestone(e.Milestone) == nil {
		l.report(problem{rule: "unknown-milestone", at: h.End.Pos, remedy: "add a clause of kind milestone with name: " + e.Milestone, related: []Ref{{a.Name, h.ID}}},
			"%s ends with the milestone %s, which no clause defines", h.ID, e.Milestone)
	}
	for i := range e.FirstOf {
		l.milestones(a, h, &e.FirstOf[i])
	}
}

// milestone finds the clause that defines a milestone.
func (a *Agreement) milestone(name string) *Milestone {
	for i := range a.Amendments {
		m := &a.Amendments[i]
		for _, list := range [...][]Clause{m.Adds, m.Replaces} {
			for _, c := range list {
				if s, ok := c.(*Milestone); ok && s.Name == name {
					return s
				}
			}
		}
	}
	return nil
}

func (l *linter) clauseID(a *Agreement, id string, at Pos, what string) {
	if l.scan(a) && !slices.ContainsFunc(a.allClauses(), func(c Clause) bool { return c.Head().ID == id }) {
		l.report(problem{rule: "unknown-clause", at: at, remedy: "name a clause of this agreement"}, "%s names the clause %s, which does not exist", what, id)
	}
}

// party reports a company that is not among the parties of the agreement that names it.
func (l *linter) party(a *Agreement, id string, at Pos, what string) {
	if id != "" && !a.has(id) {
		l.report(problem{rule: "unknown-party", at: at, remedy: "declare it under parties, or correct the name"}, "%s is %s, which is no party of %s", what, id, a.Name)
	}
}

func (l *linter) partyOf(a *Agreement, h *Head, field, id string) {
	l.party(a, id, h.At(field), field+" of "+h.ID)
}

// clouds reports clouds that nobody operates. Other agreements may say who does, so that is an error only where the name
// looks like a slip.
func (l *linter) clouds(h *Head, field string, clouds []string) {
	for _, cloud := range clouds {
		if _, ok := l.set.registry.operators[cloud]; ok {
			continue
		}
		if !l.spend(len(l.set.registry.operators)) {
			return
		}
		if near := l.nearCloud(cloud); near != "" {
			l.report(problem{rule: "unknown-cloud", at: h.At(field), remedy: "write " + near}, "%s of %s names the cloud %s, which no party operates", field, h.ID, cloud)
			continue
		}
		l.report(problem{rule: "unoperated-cloud", at: h.At(field), remedy: "load the agreement that says who operates it, or take it out"},
			"%s of %s names the cloud %s, which no party of these agreements operates", field, h.ID, cloud)
	}
}

// nearCloud returns a known cloud whose name differs by one letter, by two swapped ones, or only by case.
func (l *linter) nearCloud(name string) string {
	var near []string
	for known := range l.set.registry.operators {
		if strings.EqualFold(known, name) || oneEdit(known, name) {
			near = append(near, known)
		}
	}
	slices.Sort(near)
	if len(near) == 0 {
		return ""
	}
	return near[0]
}

func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b) < 4 || len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	return i < len(a) && a[i+1:] == b[i+1:] || swapped
}

// products reports exact ids that nobody declares.
func (l *linter) products(h *Head, field string, m Match) {
	for _, p := range slices.Concat(m.Match, m.Except) {
		if strings.HasSuffix(p, "*") {
			continue
		}
		if q, ok := l.set.registry.names[p]; !ok || q.ID != p {
			l.report(problem{rule: "unknown-product", at: h.At(field), remedy: "declare it under products, or correct the name"}, "%s of %s names the product %s, which is not declared", field, h.ID, p)
		}
	}
}

func (l *linter) delivery(a *Agreement, c *Delivery) {
	l.products(&c.Common, "products", c.Products)
	field := "order"
	if len(c.Order) == 1 {
		field = "clouds"
	}
	l.clouds(&c.Common, field, slices.Concat(c.Order...))
	for _, w := range c.Within.Weights {
		l.clouds(&c.Common, "within", []string{w.Cloud})
	}
	if s := c.FirstShip; s != nil {
		l.clouds(&c.Common, "first_ship", []string{s.Cloud})
		if len(s.Exception) > 0 && s.Logic == "" {
			l.report(problem{rule: "first-ship-logic", at: c.At("first_ship"), remedy: "write exception: {all: [...]} or exception: {any: [...]}", related: []Ref{{a.Name, c.ID}}},
				"first_ship of %s has exceptions (%s) and does not say whether all or any of them are needed", c.ID, joined(s.Exception))
		}
	}
	if c.Refusal != nil {
		l.partyOf(a, &c.Common, "first_refusal", c.Refusal.Holder)
	}
	if l.catalog == nil {
		return
	}
	for _, id := range c.Customers {
		if !slices.ContainsFunc(l.catalog.Customers, func(k Customer) bool { return k.ID == id }) {
			l.report(problem{rule: "unknown-customer", at: c.At("customers"), remedy: "declare the customer in the configuration, or correct the name"}, "customers of %s names %s, which the configuration does not have", c.ID, id)
		}
	}
}

func joined[T ~string](vs []T) string {
	ss := make([]string, len(vs))
	for i, v := range vs {
		ss[i] = string(v)
	}
	return strings.Join(ss, ", ")
}

func (l *linter) license(a *Agreement, c *License) {
	l.partyOf(a, &c.Common, "licensor", c.Licensor)
	l.partyOf(a, &c.Common, "licensee", c.Licensee)
	l.products(&c.Common, "products", c.Products)
	l.clouds(&c.Common, "clouds", c.Clouds)
}

func (l *linter) sale(a *Agreement, c *Sale) {
	l.partyOf(a, &c.Common, "seller", c.Seller)
	l.products(&c.Common, "products", c.Products)
	l.clouds(&c.Common, "clouds", c.Clouds)
	parts := make([]money.Rate, len(c.Streams))
	for i, s := range c.Streams {
		parts[i] = s.Part
	}
	l.whole(a, &c.Common, "streams-sum", "streams", parts)
}

// whole reports parts that do not sum to exactly one.
func (l *linter) whole(a *Agreement, h *Head, rule, field string, parts []money.Rate) {
	sum := sumRates(parts)
	if sum.Cmp(big.NewRat(1, 1)) != 0 {
		l.report(problem{rule: rule, at: h.At(field), remedy: "make them sum to exactly 100 %", related: []Ref{{a.Name, h.ID}}}, "%s of %s sum to %s", field, h.ID, percent(sum))
	}
}

// sumRates adds rates exactly, whatever their denominators.
func sumRates(rates []money.Rate) *big.Rat {
	sum := new(big.Rat)
	for _, r := range rates {
		if r.Den != 0 {
			sum.Add(sum, big.NewRat(r.Num, r.Den))
		}
	}
	return sum
}

func percent(r *big.Rat) string { return new(big.Rat).Mul(r, big.NewRat(100, 1)).RatString() + " %" }

func (l *linter) share(a *Agreement, c *RevenueShare) {
	l.partyOf(a, &c.Common, "payer", c.Payer)
	parts := make([]money.Rate, len(c.Payees))
	for i, p := range c.Payees {
		l.party(a, p.Party, c.At("payees"), "payee of "+c.ID)
		parts[i] = p.Part
	}
	l.whole(a, &c.Common, "payees-sum", "payees", parts)
	p := problem{rule: "share-incomplete", at: c.Pos, related: []Ref{{a.Name, c.ID}}}
	if c.Rate.Den == 0 && c.Tiers == nil {
		p.remedy = `write rate: "20%"`
		l.report(p, "%s has no rate", c.ID)
	}
	if c.Base.RevenueOf == "" || len(c.Base.From) == 0 {
		p.remedy = "write base: {revenue_of: PARTY, from: [sales]}"
		l.report(p, "%s does not say of which revenue it is a share", c.ID)
	}
	for i, k := range c.Caps {
		if k.Amount.IsZero() || k.Per == "" {
			p.at, p.remedy = c.At(fmt.Sprintf("caps[%d].amount", i)), `write {amount: "1000 USD", per: total}`
			l.report(p, "a cap of %s is %s per %q", c.ID, k.Amount, k.Per)
		}
	}
	l.partyOf(a, &c.Common, "base.revenue_of", c.Base.RevenueOf)
	for _, id := range c.Base.ExceptFrom {
		l.partyOf(a, &c.Common, "base.except_from", id)
	}
	l.clouds(&c.Common, "base.clouds", c.Base.Clouds)
	l.products(&c.Common, "base.products", c.Base.Products)
}

func (l *linter) commitment(a *Agreement, c *Commitment) {
	l.partyOf(a, &c.Common, "buyer", c.Buyer)
	l.partyOf(a, &c.Common, "seller", c.Seller)
	l.clouds(&c.Common, "counts.clouds", c.Counts.Clouds)
	l.products(&c.Common, "counts.products", c.Counts.Products)
	if !c.WindowUntil.IsZero() && !c.WindowUntil.After(c.WindowFrom) {
		l.report(problem{rule: "empty-term", at: c.At("window"), remedy: "end the window after it begins", related: []Ref{{a.Name, c.ID}}},
			"the window of %s begins on %s and is over by %s", c.ID, c.WindowFrom.Format("2006-01-02"), c.WindowUntil.Format("2006-01-02"))
	}
}

func (l *linter) milestone(a *Agreement, c *Milestone) {
	l.partyOf(a, &c.Common, "declares", c.Declares)
}
