package ledger

import (
	"fmt"
	"slices"

	"concord/agreement"
)

// Check reports what terms ask for that the ledger does not post, so that nobody serves under terms whose money would be
// wrong. A set of documents with such terms cannot be posted.
func Check(t *agreement.Terms) []agreement.Finding {
	var c checker
	inForce := map[clauseKey]bool{}
	for _, f := range t.Clauses() {
		inForce[clauseKey{f.Agreement.Name, f.Clause.Head().ID}] = true
	}
	for _, f := range t.Clauses() {
		h := f.Clause.Head()
		c.clause = f
		c.unsettled(h)
		switch clause := f.Clause.(type) {
		case *agreement.RevenueShare:
			c.share(clause)
			if h.Continues != "" && inForce[clauseKey{f.Agreement.Name, h.Continues}] {
				c.refuse("continues", h.Continues+", which is in force beside it", "end the clause that it continues")
			}
		case *agreement.Sale:
			if len(clause.Streams) == 0 {
				c.refuse("streams", "none", "say which part of the price is license and which is cloud")
			}
			c.condition(h)
		case *agreement.Commitment:
			c.condition(h)
			c.commitment(clause)
		case *agreement.Delivery, *agreement.License, *agreement.Milestone:
		}
	}
	return c.findings
}

type checker struct {
	clause   agreement.InForce
	findings []agreement.Finding
}

func (c *checker) refuse(field, value, remedy string) {
	h := c.clause.Clause.Head()
	c.findings = append(c.findings, agreement.Finding{
		Rule: "not-posted", Severity: agreement.Error, Pos: h.At(field),
		Message: fmt.Sprintf("clause %s of %s: the ledger does not post %s: %s", h.ID, c.clause.Agreement.Name, field, value),
		Remedy:  remedy,
		Related: []agreement.Ref{{Agreement: c.clause.Agreement.Name, Clause: h.ID}},
	})
}

// unsettled refuses what the loader has read and nobody settles yet, each field at its place.
func (c *checker) unsettled(h *agreement.Head) {
	for _, g := range h.Unsettled {
		c.findings = append(c.findings, agreement.Finding{
			Rule: "not-posted", Severity: agreement.Error, Pos: g.Pos,
			Message: fmt.Sprintf("clause %s of %s: the ledger does not post %s: %s", h.ID, c.clause.Agreement.Name, g.Field, g.Lacks),
			Remedy:  g.Remedy,
			Related: []agreement.Ref{{Agreement: c.clause.Agreement.Name, Clause: h.ID}},
		})
	}
}

// condition refuses conditions on what the books do not tell apart; the loader has refused them in files.
func (c *checker) condition(h *agreement.Head) {
	condition := c.clause.Condition()
	if condition == nil {
		return
	}
	known, remedy := agreement.ConditionFacts(agreement.KindOf(c.clause.Clause))
	if len(known) == 0 {
		c.refuse("when", h.When, remedy)
		return
	}
	for _, u := range condition.Uses() {
		if !slices.Contains(known, u.Fact) {
			c.refuse("when", h.When, "ask for product, owner, state and cloud only; "+remedy)
			return
		}
	}
}

// tiers refuses what would make the order of records decide what a tiered share comes to.
func (c *checker) tiers(s *agreement.RevenueShare) {
	if s.Tiers == nil {
		return
	}
	if len(s.Tiers.Steps) == 0 {
		c.refuse("tiers", "none", "write steps")
		return
	}
	reset := resetOf(s.Tiers)
	if reset == 0 {
		c.refuse("tiers", "reset "+s.Tiers.Reset, "use month, quarter, year or never")
	}
	for _, limit := range s.Caps {
		if widthOf(limit.Per) < reset {
			c.refuse("caps", "per "+limit.Per+" of a share whose tiers reset each "+s.Tiers.Reset, "cap it for the window of the tiers, or for a wider one")
		}
	}
}

// deductions refuses bounds that count in wider windows than those of a cap or of tiers: the order of records would decide
// in which of them a deduction counts.
func (c *checker) deductions(s *agreement.RevenueShare) {
	for _, d := range s.Deductions {
		if d.AtMost.IsZero() {
			continue
		}
		per, _ := periodOf(c.clause)
		if d.Per != "" && d.Per != "period" {
			per = widthOf(d.Per)
		}
		if per == 0 {
			c.refuse("deductions", "per "+d.Per, "use period, month, quarter or year")
		}
		for _, limit := range s.Caps {
			if w := widthOf(limit.Per); w != 0 && w < per {
				c.refuse("caps", "per "+limit.Per+" of a share that bounds deductions per "+per.String(), "cap it for the window of the bound, or for a wider one")
			}
		}
		if s.Tiers != nil && resetOf(s.Tiers) < per {
			c.refuse("tiers", "reset "+s.Tiers.Reset+" of a share that bounds deductions per "+per.String(), "reset the tiers with the window of the bound, or later")
		}
	}
}

// commitment refuses what leaves open when something falls due, or what would be paid out of what.
func (c *checker) commitment(k *agreement.Commitment) {
	if tracked(k) && (k.WindowFrom.IsZero() || k.WindowUntil.IsZero()) {
		c.refuse("window", "none, and parts or a shortfall of it", "write window: {from: 2026-01-01, through: 2026}")
	}
	if k.Prepaid && k.Counts.Amount == "charged" {
		c.refuse("prepaid", "what is charged to a customer", "count the cost, or leave prepaid out")
	}
}

func (c *checker) share(s *agreement.RevenueShare) {
	c.condition(&s.Common)
	c.tiers(s)
	c.deductions(s)
	if s.Favoured != nil && s.Tiers != nil {
		c.refuse("favoured", "a rate that follows peers, beside tiers", "write the tiers that hold, or one rate")
	}
	for _, limit := range s.Caps {
		if widthOf(limit.Per) == 0 {
			c.refuse("caps", "per "+limit.Per, "use day, month, quarter, year or total")
		}
	}
	if s.Guarantee != nil && len(s.Payees) > 1 {
		c.refuse("guarantee", "to several payees", "state a share with a guarantee for each of them")
	}
	if len(s.Payees) == 0 {
		c.refuse("payees", "none", "name the payee")
	}
}
