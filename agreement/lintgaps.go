package agreement

import (
	"slices"
	"time"
)

// A promise is something that one party may do under clauses of one kind, for one product: it should not lapse between an
// amendment and the next without anybody saying so.
type promise struct {
	kind, who, what string
}

func (p promise) words() string {
	switch p.kind {
	case "delivery":
		return "no clause lets anybody deliver " + p.what + " on " + p.who
	case "license":
		return p.who + " has no license to serve " + p.what
	}
	return "no sale clause says on which terms " + p.who + " sells " + p.what
}

// kept is a promise in force, and the clause that last kept it.
type kept struct {
	by    InForce
	until time.Time // zero while it is in force
}

// gaps reports promises that lapse and come again later: the successor of a clause that begins after its end. state holds
// the promises of all intervals before t.
func (l *linter) gaps(state map[promise]*kept, t *Terms) {
	now := l.promises(t)
	if !l.spend(len(state) + len(now)) {
		return
	}
	for p, k := range state {
		if _, ok := now[p]; !ok && k.until.IsZero() {
			k.until = t.from
		}
	}
	for p, f := range now {
		k, ok := state[p]
		if !ok {
			state[p] = &kept{by: f}
			continue
		}
		if !k.until.IsZero() {
			l.report(problem{rule: "amendment-gap", at: f.Clause.Head().Pos, remedy: "begin it when " + k.by.Ref().Clause + " ends, or let that one run until then", related: []Ref{k.by.Ref(), f.Ref()}},
				"from %s until %s %s: %s has ended and %s has not begun", day(f.Agreement, k.until), day(f.Agreement, t.from), p.words(), where(k.by), f.Ref().Clause)
		}
		*k = kept{by: f}
	}
}

// promises lists what is in force, each with the first clause that keeps it.
func (l *linter) promises(t *Terms) map[promise]InForce {
	all := map[promise]InForce{}
	keep := func(p promise, f InForce) {
		if _, ok := all[p]; !ok && f.Agreement.Policy == "" {
			all[p] = f
		}
	}
	for _, f := range t.clauses {
		if !l.spend(len(l.set.registry.products)) {
			return all
		}
		for _, p := range l.set.registry.products {
			switch c := f.Clause.(type) {
			case *Delivery:
				if c.Mode == Prohibited || !c.Products.Matches(p.ID) {
					continue
				}
				clouds := slices.Concat(c.Order...)
				if !l.spend(4 * len(clouds)) {
					return all
				}
				for _, cloud := range clouds {
					keep(promise{"delivery", cloud, p.ID}, f)
				}
			case *License:
				if p.OpenWeights == "" && c.Products.Matches(p.ID) && slices.Contains(c.Rights, Serve) {
					keep(promise{"license", c.Licensee, p.ID}, f)
				}
			case *Sale:
				if c.Products.Matches(p.ID) {
					keep(promise{"sale", c.Seller, p.ID}, f)
				}
			case *RevenueShare, *Commitment, *Milestone:
			}
		}
	}
	return all
}

// overlaps reports clauses that carry on the totals of one that is still in force.
func (l *linter) overlaps(t *Terms) {
	for _, f := range t.clauses {
		h := f.Clause.Head()
		if h.Continues == "" || !l.spend(len(t.clauses)) {
			continue
		}
		old, ok := t.Clause(Ref{f.Agreement.Name, h.Continues})
		if !ok {
			continue
		}
		l.report(problem{rule: "continues-overlap", at: h.At("continues"), remedy: "end " + h.Continues + " when " + h.ID + " begins", related: []Ref{old.Ref(), f.Ref()}},
			"%s carries on the totals of %s, which is in force beside it", h.ID, where(old))
	}
}

// doubled reports two licenses between the same parties, of different amendments, that give the same right.
func (l *linter) doubled(x, y inForceLicense) {
	if x.Agreement != y.Agreement || x.Amendment == y.Amendment || x.Licensor != y.Licensor || x.Licensee != y.Licensee ||
		!meet(x.Clouds, y.Clouds) || !x.Territory.meets(&y.Territory) {
		return
	}
	product := l.common(x.Products, y.Products, anyProduct)
	var both []string
	for _, r := range x.Rights {
		if slices.Contains(y.Rights, r) {
			both = append(both, string(r))
		}
	}
	if product == nil || len(both) == 0 {
		return
	}
	l.both("amendment-overlap", x.InForce, y.InForce, "end the first one when the second begins, or put the second one under replaces",
		"%s and %s both give %s the right to %s %s at the same time", where(x.InForce), y.ID, x.Licensee, words(both, "and"), product.ID)
}
