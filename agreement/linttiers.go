package agreement

import (
	"fmt"
	"slices"
	"time"
)

// tiers looks at the tiers of a share by themselves, and at what would cut a window in which they add the base up: then
// the order of records would decide what the share comes to.
func (l *linter) tiers(a *Agreement, ls *layers) {
	for _, line := range ls.clauses {
		for i, v := range line.versions {
			c, ok := v.inForce.Clause.(*RevenueShare)
			if !ok || c.Tiers == nil || !l.spend(len(ls.clauses)+i+len(a.Openings)) {
				continue
			}
			l.steps(a, c)
			l.tierCaps(a, c, line.added)
			l.tierOpening(a, c)
			before := ls.before(line, i, c)
			if before != nil && !v.waiting && !sameRating(before, c) && !boundary(c.Tiers.Reset, v.start, a) {
				l.report(problem{rule: "tiers-window", at: c.At("tiers"), related: []Ref{{a.Name, c.ID}},
					remedy: "let it begin when the tiers begin anew, leave the tiers and payees as they are, or give it a new id whose base begins at zero"},
					"the tiers of %s change on %s, inside a window in which they add the base up (reset: %s)", c.ID, day(a, v.start), c.Tiers.Reset)
			}
		}
	}
}

// before returns the share whose totals a version carries on; nil = it begins at zero.
func (l *layers) before(line lineage, i int, c *RevenueShare) *RevenueShare {
	for _, v := range slices.Backward(line.versions[:i]) {
		if s, ok := v.inForce.Clause.(*RevenueShare); ok {
			return s
		}
	}
	for _, other := range l.clauses {
		if c.Continues == "" || other.id != c.Continues {
			continue
		}
		for _, v := range slices.Backward(other.versions) {
			if s, ok := v.inForce.Clause.(*RevenueShare); ok {
				return s
			}
		}
	}
	return nil
}

// sameRating reports whether two shares rate one base: the second one goes on where the first one stood.
func sameRating(x, y *RevenueShare) bool {
	return x.Tiers != nil && x.Tiers.Mode == y.Tiers.Mode && x.Tiers.Reset == y.Tiers.Reset &&
		slices.Equal(x.Tiers.Steps, y.Tiers.Steps) && slices.Equal(x.Payees, y.Payees)
}

// boundary reports whether tiers begin anew at an instant.
func boundary(reset string, t time.Time, a *Agreement) bool {
	t = t.In(zone(a))
	if reset == ResetNever || !t.Equal(time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())) {
		return false
	}
	switch reset {
	case "quarter":
		return (t.Month()-1)%3 == 0
	case "year":
		return t.Month() == time.January
	}
	return true
}

// steps reports tiers whose steps do not follow each other up to one without a bound.
func (l *linter) steps(a *Agreement, c *RevenueShare) {
	p := problem{rule: "tiers-steps", at: c.At("tiers"), related: []Ref{{a.Name, c.ID}}, remedy: `write steps: [{up_to: "1000", rate: "20%"}, {up_to: "5000", rate: "15%"}, {rate: "10%"}]`}
	for i, s := range c.Tiers.Steps {
		last := i == len(c.Tiers.Steps)-1
		switch {
		case last && !s.UpTo.IsZero():
			l.report(p, "the tiers of %s end at %s, and nothing says what the base above it comes to", c.ID, Money(s.UpTo, a.Currency))
		case !last && s.UpTo.Sign() <= 0:
			l.report(p, "step %d of the tiers of %s has no up_to, and is not the last one", i+1, c.ID)
		case !last && i > 0 && s.UpTo.Cmp(c.Tiers.Steps[i-1].UpTo) <= 0:
			l.report(p, "step %d of the tiers of %s is up to %s, and the one before it up to %s", i+1, c.ID, Money(s.UpTo, a.Currency), Money(c.Tiers.Steps[i-1].UpTo, a.Currency))
		}
	}
	if len(c.Tiers.Steps) == 0 {
		l.report(p, "the tiers of %s have no steps", c.ID)
	}
}

// tierCaps reports caps that count in windows narrower than those of the tiers, or from inside one of them.
func (l *linter) tierCaps(a *Agreement, c *RevenueShare, added time.Time) {
	widths := []string{"day", "month", "quarter", "year", "total"}
	reset := slices.Index(widths, c.Tiers.Reset)
	if reset < 0 {
		reset = len(widths) - 1
	}
	for i, k := range c.Caps {
		p := problem{rule: "tiers-window", at: c.At(fmt.Sprintf("caps[%d].per", i)), related: []Ref{{a.Name, c.ID}},
			remedy: "cap it for the window of the tiers or a wider one, or reset the tiers as often"}
		if slices.Index(widths, k.Per) < reset {
			l.report(p, "a cap of %s counts per %s, and its tiers add the base up for longer (reset: %s)", c.ID, k.Per, c.Tiers.Reset)
		}
		if !k.CountsFrom.IsZero() && k.CountsFrom.After(added) && !boundary(c.Tiers.Reset, k.CountsFrom, a) {
			p.at, p.remedy = c.At(fmt.Sprintf("caps[%d].counts_from", i)), "let it count from where the tiers begin anew"
			l.report(p, "a cap of %s counts from %s, inside a window in which its tiers add the base up (reset: %s)", c.ID, day(a, k.CountsFrom), c.Tiers.Reset)
		}
	}
}

// tierOpening reports opening totals that do not tell which part of their base lies in the window that tiers are in.
func (l *linter) tierOpening(a *Agreement, c *RevenueShare) {
	for _, o := range a.Openings {
		if o.Clause == c.ID && c.Tiers.Reset != ResetNever && !boundary(c.Tiers.Reset, o.AsOf, a) {
			l.report(problem{rule: "tiers-window", at: o.Pos, remedy: "open it as of the day on which the tiers begin anew", related: []Ref{{a.Name, c.ID}}},
				"the opening of %s is as of %s, inside a window in which its tiers add the base up (reset: %s)", c.ID, day(a, o.AsOf), c.Tiers.Reset)
		}
	}
}
