package agreement

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// EventKind says what an event of a calendar is about.
type EventKind string

// The kinds of events.
const (
	AmendmentBegins EventKind = "amendment"  // an amendment comes into force
	ClauseBegins    EventKind = "begins"     // a clause begins later than its amendment
	ClauseEnds      EventKind = "ends"       // a clause ends and nothing takes its place
	WindowBegins    EventKind = "window"     // the window of a cap, of tiers or of a guarantee begins anew
	CommitmentMoves EventKind = "commitment" // a commitment's window, or a part of it, begins or closes
	PeriodEnds      EventKind = "period"     // a settlement period ends
	StatementDue    EventKind = "statement"  // a period may be closed and its statement issued
	PaymentDue      EventKind = "payment"    // a statement falls due
	Acceptance      EventKind = "acceptance" // silence accepts a statement
	AnswerDue       EventKind = "answer"     // a window of a first refusal or a lead is over
	FactOn          EventKind = "fact"       // something is stated for a day
	Condition       EventKind = "condition"  // without a date: what would end a clause
	OpenEnded       EventKind = "open-ended" // without a date: a clause that has no end
)

// An Event is something that an agreement has coming.
type Event struct {
	At         time.Time // in the agreement's zone; zero = it has no date
	Kind       EventKind
	Agreement  string
	Clause     string // "" = of the agreement as a whole
	Title      string // one line
	Text       string // what it means, and what to decide
	Decide     bool   // somebody has to decide or to act by then
	Period     string // settlement period that it is about
	Between    string // who settle it
	Provenance Provenance
	Pos        Pos
	key        string
}

// UID identifies the event in every calendar that is made of the same agreement, also after its date has moved.
func (e *Event) UID() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{e.Agreement, string(e.Kind), e.Clause, e.key}, "\x00")))
	return hex.EncodeToString(sum[:16]) + "@concord"
}

// AllDay reports whether an event is about a day rather than an instant.
func (e *Event) AllDay() bool {
	return e.At.Hour() == 0 && e.At.Minute() == 0 && e.At.Second() == 0 && e.At.Nanosecond() == 0
}

// Calendar lists what begins, ends, renews or needs a decision from one instant until another, as known at a third, by date;
// what has no date comes last.
func (s *Set) Calendar(from, until, known time.Time) ([]Event, error) {
	var all []Event
	for _, a := range s.agreements {
		l, err := layer(a, known)
		if err != nil {
			return nil, fmt.Errorf("calendar: %w", err)
		}
		c := calendar{layers: l, from: from, until: until}
		c.amendments()
		for i := range l.clauses {
			c.clause(&l.clauses[i])
		}
		c.facts()
		for i := range a.Settlement {
			c.settle(&a.Settlement[i])
		}
		all = append(all, c.events...)
	}
	slices.SortStableFunc(all, func(x, y Event) int {
		if x.At.IsZero() != y.At.IsZero() {
			return compareBool(x.At.IsZero(), y.At.IsZero())
		}
		return cmp.Or(x.At.Compare(y.At), undatedRank(x.Kind)-undatedRank(y.Kind), strings.Compare(x.Agreement, y.Agreement),
			strings.Compare(string(x.Kind), string(y.Kind)), strings.Compare(x.Clause, y.Clause), strings.Compare(x.key, y.key))
	})
	return all, nil
}

// Later lists what begins and ends for good after an instant, by date: without what renews and without settlement.
func (s *Set) Later(after, known time.Time) ([]Event, error) {
	all, err := s.Calendar(after, time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC), known)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(e Event) bool {
		switch e.Kind {
		case AmendmentBegins, ClauseBegins, ClauseEnds:
			return false
		case CommitmentMoves:
			return !e.Decide // a part of the window
		}
		return true
	}), nil
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// undatedRank puts conditions before things without any end.
func undatedRank(k EventKind) int {
	if k == OpenEnded {
		return 1
	}
	return 0
}

// calendar collects the events of one agreement.
type calendar struct {
	*layers
	from, until time.Time
	events      []Event
}

// add keeps an event that lies in the span, or has no date.
func (c *calendar) add(e Event) {
	if !e.At.IsZero() && (e.At.Before(c.from) || !e.At.Before(c.until)) {
		return
	}
	e.Agreement = c.agreement.Name
	if !e.At.IsZero() {
		e.At = e.At.In(zone(c.agreement))
	}
	if e.Provenance == "" {
		e.Provenance = Assumed
	}
	c.events = append(c.events, e)
}

func (c *calendar) amendments() {
	for _, m := range c.order {
		var parts []string
		say := func(verb string, ids []string) {
			if len(ids) > 0 {
				parts = append(parts, verb+" "+words(ids, "and"))
			}
		}
		say("ends", endedIDs(m.Ends))
		say("replaces", clauseIDs(m.Replaces))
		say("adds", clauseIDs(m.Adds))
		title := fmt.Sprintf("Amendment %s comes into force", m.ID)
		if m.Title != "" {
			title += ": " + m.Title
		}
		c.add(Event{At: m.Effective, Kind: AmendmentBegins, Title: title, Text: strings.Join(parts, "; "), Provenance: orAssumed(m.Source.Provenance), Pos: m.Pos, key: m.ID})
	}
}

func clauseIDs(clauses []Clause) []string {
	ids := make([]string, len(clauses))
	for i, c := range clauses {
		ids[i] = c.Head().ID
	}
	return ids
}

func endedIDs(ends []EndedClause) []string {
	ids := make([]string, len(ends))
	for i, e := range ends {
		ids[i] = e.ID
	}
	return ids
}

// clause lists what each version of a clause has coming while it is in force.
func (c *calendar) clause(line *lineage) {
	for i, v := range line.versions {
		if v.inForce.Clause == nil {
			continue
		}
		f := v.inForce
		h := f.Clause.Head()
		// A later version takes over; "over" is when this one is no longer in force, zero if it stays.
		over, superseded := v.end, false
		for _, next := range line.versions[i+1:] {
			if !next.waiting && (over.IsZero() || next.start.Before(over)) {
				over, superseded = next.start, true
			}
		}
		if v.waiting {
			if over.IsZero() || over.After(c.from) {
				c.add(f.event(Event{Kind: Condition, Title: fmt.Sprintf("%s %s begins when %s", KindOf(f.Clause), h.ID, h.Begin.words()), Text: gist(f), key: "begins"}))
			}
			continue
		}
		if !over.IsZero() && !over.After(v.start) {
			continue
		}
		if !v.start.Equal(f.Amendment.Effective) {
			c.add(f.event(Event{At: v.start, Kind: ClauseBegins, Title: fmt.Sprintf("%s %s begins", KindOf(f.Clause), h.ID), Text: gist(f)}))
		}
		if !over.IsZero() && !superseded {
			c.add(f.event(Event{At: over, Kind: ClauseEnds, Title: fmt.Sprintf("%s %s ends (%s)", KindOf(f.Clause), h.ID, h.End.words(f.Agreement)),
				Text: "Decide before then whether it is renewed. " + gist(f), Decide: true}))
		}
		c.windows(f, v.start, over)
		if now := !v.start.After(c.from) && (over.IsZero() || over.After(c.from)); now {
			c.undated(f, over)
		}
	}
}

// event fills in what an event has from its clause.
func (f InForce) event(e Event) Event {
	h := f.Clause.Head()
	e.Clause, e.Provenance, e.Pos = h.ID, f.Provenance(""), h.Pos
	e.key = f.Amendment.ID + " " + e.key
	return e
}

// gist is the first sentence of what a clause says.
func gist(f InForce) string {
	line, _, _ := strings.Cut(Describe(f), "\n")
	return line
}

// undated lists what would end a clause, or that nothing does.
func (c *calendar) undated(f InForce, over time.Time) {
	h := f.Clause.Head()
	if conditions := h.End.conditions(); len(conditions) > 0 {
		c.add(f.event(Event{Kind: Condition, Title: fmt.Sprintf("%s %s ends when %s", KindOf(f.Clause), h.ID, words(conditions, "or")), Text: gist(f)}))
		return
	}
	if d, ok := f.Clause.(*Delivery); ok && d.Refusal != nil {
		c.add(f.event(Event{Kind: Condition, Title: fmt.Sprintf("%s: every offer gives %s %d days to answer, and silence is %s",
			h.ID, c.agreement.called(d.Refusal.Holder), d.Refusal.Window, d.Refusal.Silence), key: "refusal"}))
	}
	if m, ok := f.Clause.(*Milestone); ok {
		c.add(f.event(Event{Kind: Condition, Title: "milestone " + m.describe(f.Agreement)}))
		return
	}
	if k, ok := f.Clause.(*Commitment); ok && !k.WindowUntil.IsZero() {
		return // its window ends it
	}
	if over.IsZero() {
		c.add(f.event(Event{Kind: OpenEnded, Title: fmt.Sprintf("%s %s: %s", KindOf(f.Clause), h.ID, h.End.words(f.Agreement)), Text: gist(f)}))
	}
}

// conditions are the milestones that end a clause.
func (e *End) conditions() []string {
	if e.Milestone != "" {
		return []string{fmt.Sprintf("%s is %s", e.Milestone, cmp.Or(e.State, MilestoneVerified))}
	}
	var all []string
	for i := range e.FirstOf {
		all = append(all, e.FirstOf[i].conditions()...)
	}
	return all
}

// facts lists facts of a day to come, and the times that run from facts.
func (c *calendar) facts() {
	for _, f := range c.layers.facts {
		subject := cmp.Or(f.Product, f.Milestone, f.Offer)
		c.add(Event{At: f.On, Kind: FactOn, Title: fmt.Sprintf("%s: %s %s %s", f.ID, f.By, f.Kind, strings.TrimSpace(subject+" "+f.Cloud)),
			Text: f.Evidence, Provenance: orAssumed(f.Provenance), Pos: f.Pos, key: f.ID})
	}
	for i := range c.layers.clauses {
		line := &c.layers.clauses[i]
		for _, v := range line.versions {
			d, ok := v.inForce.Clause.(*Delivery)
			if !ok {
				continue
			}
			for _, w := range c.waits(d) {
				if at, in := line.at(w.until); !in || at.inForce.Clause != v.inForce.Clause {
					continue
				}
				e := Event{At: w.until, Kind: AnswerDue, key: w.fact.ID, Title: fmt.Sprintf("%s: the lead after %s is over", d.ID, w.fact.ID)}
				if w.fact.Kind == Offers {
					e.Decide = true
					e.Title = fmt.Sprintf("%s: time to answer the offer %s is over, silence is %s", d.ID, cmp.Or(w.fact.Offer, w.fact.ID), d.Refusal.Silence)
				}
				c.add(v.inForce.event(e))
			}
		}
	}
}
