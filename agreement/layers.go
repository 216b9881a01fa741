package agreement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement/condition"
)

// layers is one agreement as it was known at an instant: its amendments in their order, the versions of every clause
// id, and the facts that stand.
type layers struct {
	agreement *Agreement
	order     []*Amendment
	clauses   []lineage           // by id
	facts     []*Fact             // by id
	language  *condition.Language // of conditions that no loader compiled
}

// A lineage is the history of one clause id.
type lineage struct {
	id       string
	added    time.Time // start of its first version
	versions []version // in the order of their amendments
}

// A version is what one amendment says of a clause id.
type version struct {
	inForce    InForce // without a clause: the amendment ends it
	start, end time.Time
	waiting    bool // for a milestone that begins it, and that has not come yet
}

func layer(a *Agreement, known time.Time) (*layers, error) {
	order, err := amendmentOrder(a, known)
	if err != nil {
		return nil, err
	}
	l := &layers{agreement: a, order: order, facts: standing(a, known)}
	index := map[string]int{}
	at := func(id string) *lineage {
		i, ok := index[id]
		if !ok {
			i = len(l.clauses)
			index[id] = i
			l.clauses = append(l.clauses, lineage{id: id})
		}
		return &l.clauses[i]
	}
	for _, m := range order {
		for _, c := range slices.Concat(m.Adds, m.Replaces) {
			h := c.Head()
			start, begun := l.begin(m, h)
			line := at(h.ID)
			if begun && line.added.IsZero() {
				line.added = start
			}
			f := InForce{Agreement: a, Amendment: m, Clause: c, Since: line.added, start: start}
			f.encoded = f.encode()
			if f.condition, err = l.compileWhen(h); err != nil {
				return nil, err
			}
			line.versions = append(line.versions, version{inForce: f, start: start, end: l.end(&h.End), waiting: !begun})
		}
		for _, e := range m.Ends {
			line := at(e.ID)
			line.versions = append(line.versions, version{inForce: InForce{Agreement: a, Amendment: m}, start: m.Effective})
		}
	}
	slices.SortFunc(l.clauses, func(x, y lineage) int { return strings.Compare(x.id, y.id) })
	return l, nil
}

// at returns the version in force at an instant: the last one, in the order of amendments, that has begun.
func (l *lineage) at(t time.Time) (version, bool) {
	for _, v := range slices.Backward(l.versions) {
		if v.waiting || v.start.After(t) {
			continue
		}
		return v, v.inForce.Clause != nil && (v.end.IsZero() || t.Before(v.end))
	}
	return version{}, false
}

// begin computes when a version begins, and whether it has what it waits for.
func (l *layers) begin(m *Amendment, h *Head) (start time.Time, begun bool) {
	start = later(m.Effective, h.From)
	if h.Begin.Milestone == "" {
		return start, true
	}
	reached := l.reached(h.Begin.Milestone, h.Begin.State, h.Begin.Retro)
	return later(start, reached), !reached.IsZero()
}

// end computes when an end falls, as far as the facts say; zero = it does not, or not yet.
func (l *layers) end(e *End) time.Time {
	switch {
	case !e.Until.IsZero():
		return e.Until
	case e.Milestone != "":
		return l.reached(e.Milestone, e.State, e.Retro)
	}
	var first time.Time
	for i := range e.FirstOf {
		if t := l.end(&e.FirstOf[i]); !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// reached returns when a milestone came to a state: at its fact's date, but not before the fact was recorded, unless the
// clause takes effect retroactively.
func (l *layers) reached(milestone, state string, retro bool) time.Time {
	kind := Verifies
	if state == MilestoneDeclared {
		kind = Declares
	}
	var first time.Time
	for _, f := range l.facts {
		if f.Kind != kind || f.Milestone != milestone {
			continue
		}
		t := f.On
		if !retro {
			t = later(f.On, f.Recorded)
		}
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	return first
}

// boundaries appends every instant at which the terms of the agreement may change; of more than maxInstants only so many.
func (l *layers) boundaries(dst []time.Time) []time.Time {
	for _, line := range l.clauses {
		for _, v := range line.versions {
			if len(dst) > maxInstants {
				return dst
			}
			if !v.waiting {
				dst = append(dst, v.start)
			}
			if v.end.After(v.start) {
				dst = append(dst, v.end)
			}
			if d, ok := v.inForce.Clause.(*Delivery); ok {
				for _, w := range l.waits(d) {
					dst = append(dst, w.until)
				}
			}
		}
	}
	for _, m := range l.order {
		dst = append(dst, m.Effective)
	}
	for _, f := range l.facts {
		dst = append(dst, f.On)
	}
	return dst
}

// A wait is a time that runs from a fact: the lead after a first ship, or the window of a right of first refusal.
type wait struct {
	clause string
	fact   *Fact
	until  time.Time
}

func (l *layers) waits(d *Delivery) []wait {
	var ws []wait
	for _, f := range l.facts {
		days := 0
		switch {
		case d.FirstShip != nil && f.Kind == Ships && f.Cloud == d.FirstShip.Cloud && d.Products.Matches(f.Product):
			days = d.FirstShip.LeadDays
		case d.Refusal != nil && f.Kind == Offers:
			days = d.Refusal.Window
		}
		if days > 0 {
			ws = append(ws, wait{d.ID, f, l.agreement.daysAfter(f.On, days)})
		}
	}
	return ws
}

// daysAfter adds calendar days in the agreement's zone.
func (a *Agreement) daysAfter(t time.Time, days int) time.Time {
	if a.Zone != nil {
		t = t.In(a.Zone)
	}
	return t.AddDate(0, 0, days)
}

// standing returns the facts that were known and not withdrawn, by id.
func standing(a *Agreement, known time.Time) []*Fact {
	var fs []*Fact
	for i := range a.Facts {
		f := &a.Facts[i]
		withdrawn := !f.Withdrawn.IsZero() && !f.Withdrawn.After(known)
		if !f.Recorded.After(known) && !withdrawn {
			fs = append(fs, f)
		}
	}
	slices.SortStableFunc(fs, func(x, y *Fact) int { return strings.Compare(x.ID, y.ID) })
	return fs
}

// amendmentOrder sorts the amendments known at an instant by effective instant, then by recorded, then by id, and moves
// those that name one with "after" behind it.
func amendmentOrder(a *Agreement, known time.Time) ([]*Amendment, error) {
	var sorted []*Amendment
	for i := range a.Amendments {
		if m := &a.Amendments[i]; !m.Recorded.After(known) {
			sorted = append(sorted, m)
		}
	}
	slices.SortStableFunc(sorted, func(x, y *Amendment) int {
		return cmp.Or(x.Effective.Compare(y.Effective), x.recorded().Compare(y.recorded()), strings.Compare(x.ID, y.ID))
	})
	present := map[string]bool{}
	for _, m := range sorted {
		present[m.ID] = true
	}
	order := make([]*Amendment, 0, len(sorted))
	waiting := map[string][]*Amendment{}
	emitted := map[string]bool{}
	var emit func(m *Amendment)
	emit = func(m *Amendment) {
		order = append(order, m)
		emitted[m.ID] = true
		for _, w := range waiting[m.ID] {
			emit(w)
		}
	}
	for _, m := range sorted {
		if present[m.After] && !emitted[m.After] {
			waiting[m.After] = append(waiting[m.After], m)
			continue
		}
		emit(m)
	}
	for _, m := range sorted {
		if !emitted[m.ID] {
			return nil, fmt.Errorf("agreement %s: amendment %s comes after itself through its \"after\"", a.Name, m.ID)
		}
	}
	return order, nil
}

// recorded is the instant that orders amendments: when it was recorded, or took effect where the document does not say.
func (m *Amendment) recorded() time.Time {
	if m.Recorded.IsZero() {
		return m.Effective
	}
	return m.Recorded
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
