package agreement

import (
	"slices"
	"time"
)

// chain looks at the amendments of one agreement: their ids, their order, and what each does to which clause.
func (l *linter) chain(a *Agreement) {
	byID := map[string]*Amendment{}
	for i := range a.Amendments {
		m := &a.Amendments[i]
		if n, ok := byID[m.ID]; ok {
			l.report(problem{rule: "amendment-twice", at: m.Pos, remedy: "give it an id of its own"}, "the amendment %s is there twice, first in line %d", m.ID, n.Pos.Line)
			continue
		}
		byID[m.ID] = m
	}
	for i := range a.Amendments {
		m := &a.Amendments[i]
		if m.After != "" && byID[m.After] == nil {
			l.report(problem{rule: "unknown-amendment", at: m.Pos, remedy: "name an amendment of this agreement"}, "the amendment %s comes after %s, which does not exist", m.ID, m.After)
		}
	}
	if len(a.Amendments) > maxIntervals {
		return // history reports it
	}
	l.order(a)
	layers, err := layer(a, everKnown())
	if err != nil {
		l.report(problem{rule: "amendment-order", at: a.Pos, remedy: `take one "after" away`}, "%v", err)
		return
	}
	l.walk(a, layers)
	l.tiers(a, layers)
}

// order looks for amendments of one clause whose order the dates do not tell: recorded the other way round than they took
// effect, or both at the same instants.
func (l *linter) order(a *Agreement) {
	touched := make([]map[string]bool, len(a.Amendments))
	for i := range a.Amendments {
		touched[i] = map[string]bool{}
		for _, id := range a.Amendments[i].touches() {
			touched[i][id] = true
		}
	}
	for i := range a.Amendments {
		for j := range a.Amendments[:i] {
			m, n := &a.Amendments[j], &a.Amendments[i]
			if m.After == n.ID || n.After == m.ID {
				continue
			}
			effective, recorded := m.Effective.Compare(n.Effective), m.recorded().Compare(n.recorded())
			if effective*recorded > 0 || effective != 0 && recorded == 0 || effective == 0 && recorded != 0 {
				continue
			}
			ids := m.touches()
			if !l.spend(len(ids)) {
				return
			}
			for _, id := range ids {
				if touched[i][id] {
					l.report(problem{rule: "amendment-order", at: n.Pos, remedy: "write after: " + m.ID + " here, or after: " + n.ID + " there", related: []Ref{{a.Name, id}}},
						"the amendments %s and %s both change %s, and their dates do not tell which comes last", m.ID, n.ID, id)
				}
			}
		}
	}
}

// touches lists the clause ids that an amendment changes.
func (m *Amendment) touches() (ids []string) {
	for _, c := range slices.Concat(m.Adds, m.Replaces) {
		ids = append(ids, c.Head().ID)
	}
	for _, e := range m.Ends {
		ids = append(ids, e.ID)
	}
	return ids
}

// walk follows each clause id through the amendments in their order.
func (l *linter) walk(a *Agreement, ls *layers) {
	type life struct {
		exists bool
		ended  bool      // by an amendment
		end    time.Time // by its own end; zero = none
		by     string    // the amendment that touched it last
	}
	lives := map[string]*life{}
	at := func(id string) *life {
		if lives[id] == nil {
			lives[id] = &life{}
		}
		return lives[id]
	}
	for _, m := range ls.order {
		over := func(v *life) bool { return v.ended || !v.end.IsZero() && !m.Effective.Before(v.end) }
		for _, c := range m.Adds {
			h := c.Head()
			v, ref := at(h.ID), []Ref{{a.Name, h.ID}}
			switch {
			case v.exists && over(v):
				l.report(problem{rule: "clause-reused", at: h.Pos, remedy: "give it a new id, and continues: " + h.ID + " if its totals carry on", related: ref},
					"the amendment %s adds %s, which has ended, and an ended id is never used again", m.ID, h.ID)
			case v.exists:
				l.report(problem{rule: "clause-in-use", at: h.Pos, remedy: "put it under replaces, or give it a new id", related: ref},
					"the amendment %s adds %s, which is in force since %s", m.ID, h.ID, v.by)
			}
			*v = life{exists: true, end: ls.end(&h.End), by: m.ID}
		}
		for _, c := range m.Replaces {
			h := c.Head()
			v := at(h.ID)
			l.mustBeInForce(a, m, h.ID, h.Pos, "replaces", v.exists, over(v), v.by == m.ID)
			*v = life{exists: true, end: ls.end(&h.End), by: m.ID}
		}
		for _, e := range m.Ends {
			v := at(e.ID)
			l.mustBeInForce(a, m, e.ID, e.Pos, "ends", v.exists, over(v), v.by == m.ID)
			*v = life{exists: true, ended: true, by: m.ID}
		}
	}
}

func (l *linter) mustBeInForce(a *Agreement, m *Amendment, id string, at Pos, what string, exists, over, twice bool) {
	p := problem{rule: "not-in-force", at: at, related: []Ref{{a.Name, id}}}
	switch {
	case !exists:
		p.remedy = "correct the id, or put the clause under adds"
		l.report(p, "the amendment %s %s %s, which no earlier amendment added", m.ID, what, id)
	case twice:
		p.remedy = "say once what becomes of it"
		l.report(p, "the amendment %s %s %s, which it has changed already", m.ID, what, id)
	case over:
		p.remedy = "leave it out, or add a clause under a new id"
		l.report(p, "the amendment %s %s %s, which has ended before", m.ID, what, id)
	}
}
