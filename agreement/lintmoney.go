package agreement

import (
	"fmt"
	"slices"
	"time"
)

// openings reports caps in total that opening totals have used up and more, in every version of the clause.
func (l *linter) openings(a *Agreement) {
	for i := range a.Openings {
		o := &a.Openings[i]
		if !l.scan(a) {
			return
		}
		for _, c := range a.allClauses() {
			s, ok := c.(*RevenueShare)
			if !ok || s.ID != o.Clause && s.Continues != o.Clause {
				continue
			}
			for j, k := range s.Caps {
				if k.Per != "total" || !k.CountsFrom.Before(o.AsOf) || o.Capped.Cmp(k.Amount) <= 0 {
					continue
				}
				l.report(problem{rule: "cap-below-accrued", at: s.At(fmt.Sprintf("caps[%d].amount", j)), related: []Ref{{a.Name, s.ID}},
					remedy: "raise the cap, let it count from a later day (counts_from), or correct the opening"},
					"%s is capped at %s in total, and %s of it had accrued by %s (%s): nothing accrues under it any more",
					s.ID, Money(k.Amount, a.Currency), Money(o.Capped, a.Currency), day(a, o.AsOf), o.Pos)
			}
		}
	}
}

// settled reports two parties of whom one owes the other under clauses, without saying in which periods they settle.
func (l *linter) settled(a *Agreement) {
	said := map[[2]string]bool{}
	for _, c := range a.allClauses() {
		var owes [][2]string
		switch c := c.(type) {
		case *RevenueShare:
			for _, p := range c.Payees {
				owes = append(owes, [2]string{c.Payer, p.Party})
			}
		case *Commitment:
			owes = append(owes, [2]string{c.Buyer, c.Seller})
		case *Delivery, *License, *Sale, *Milestone:
		}
		for _, pair := range owes {
			if !l.spend(len(a.Settlement)) {
				return
			}
			settles := slices.ContainsFunc(a.Settlement, func(s Settlement) bool {
				return s.Between == pair || s.Between == [2]string{pair[1], pair[0]}
			})
			if settles || said[pair] || !a.has(pair[0]) || !a.has(pair[1]) {
				continue
			}
			said[pair] = true
			l.report(problem{rule: "no-settlement", at: c.Head().Pos, related: []Ref{{a.Name, c.Head().ID}},
				remedy: fmt.Sprintf("write settlement: [{between: [%s, %s], period: month, due: 45d}]", pair[0], pair[1])},
				"%s makes %s owe %s, and no settlement says in which periods; statements take months and two decimals", c.Head().ID, pair[0], pair[1])
		}
	}
}

// commitments reports two commitments that one purchase would draw down, or be owed under.
func (l *linter) commitments(x, y InForce, c, d *Commitment) {
	if c.Buyer != d.Buyer || c.Seller != d.Seller || c.Counts.Amount != d.Counts.Amount || c.Priority != d.Priority ||
		!meet(c.Counts.Clouds, d.Counts.Clouds) || !meet(c.Counts.Streams, d.Counts.Streams) || !windowsMeet(c, d) {
		return
	}
	if product := l.common(c.Counts.Products, d.Counts.Products, anyProduct); product != nil {
		l.both("commitment-overlap", x, y, "narrow what counts to one of them, end one before the other begins, or give one priority",
			"%s and %s both count what %s buys from %s (%s)", where(x), y.Ref().Clause, c.Buyer, c.Seller, product.ID)
	}
}

func windowsMeet(c, d *Commitment) bool {
	over := func(until, from time.Time) bool { return !until.IsZero() && !from.IsZero() && !until.After(from) }
	return !over(c.WindowUntil, d.WindowFrom) && !over(d.WindowUntil, c.WindowFrom)
}

// awaited reports milestones that nobody can bring to a state: of which no one may say that it came, or for which a clause
// waits in vain.
func (l *linter) awaited(a *Agreement) {
	for _, c := range a.allClauses() {
		if m, ok := c.(*Milestone); ok && m.Declares == "" && m.Verifies == "" {
			l.report(problem{rule: "milestone-nobody", at: m.Pos, remedy: "write declares: PARTY, verifies: PARTY, or both", related: []Ref{{a.Name, m.ID}}},
				"the milestone %s names nobody who declares or verifies it", m.Name)
		}
		h := c.Head()
		if b := &h.Begin; b.Milestone != "" {
			l.nobody(a, h, b.Milestone, b.State, b.Pos, "begins")
		}
		l.awaits(a, h, &h.End)
	}
}

// awaits reports ends that wait in vain.
func (l *linter) awaits(a *Agreement, h *Head, e *End) {
	if e.Milestone != "" {
		l.nobody(a, h, e.Milestone, e.State, h.End.Pos, "ends")
	}
	for i := range e.FirstOf {
		l.awaits(a, h, &e.FirstOf[i])
	}
}

func (l *linter) nobody(a *Agreement, h *Head, milestone, waitsFor string, at Pos, what string) {
	var m *Milestone
	if l.scan(a) {
		m = a.milestone(milestone)
	}
	if m != nil && m.Declares+m.Verifies != "" {
		state, field, who := MilestoneVerified, "verifies", m.Verifies
		if waitsFor == MilestoneDeclared {
			state, field, who = MilestoneDeclared, "declares", m.Declares
		}
		if who == "" {
			l.report(problem{rule: "milestone-nobody", at: at, remedy: fmt.Sprintf("write %s: PARTY in the clause %s, or wait for its other state", field, m.ID), related: []Ref{{a.Name, h.ID}, {a.Name, m.ID}}},
				"%s %s when %s is %s, and nobody is named who %s it", h.ID, what, m.Name, state, field)
		}
	}
}
