package cases

import (
	"fmt"
	"strings"
	"time"

	"concord/journal"
	"concord/settlement"
)

// outcome is what came of an entry.
type outcome struct {
	tally      *tally
	decided    bool // the request was refused, so that nothing came of it
	statements []*settlement.Statement
	due        []*journal.Fee
}

// entries posts the entries of a case to books of its own, each beside what it should come to.
func (r *runner) entries(c *Case) {
	s, p := r.begin(c)
	if p != nil {
		r.problem("", &c.Expect, c.Name, p)
		return
	}
	var all tally
	var last time.Time
	for i := range c.Entries {
		e := &c.Entries[i]
		before := len(r.findings)
		at := r.instant(e.Time)
		s.record1(e, at)
		if len(r.findings) > before {
			return
		}
		prefix := fmt.Sprintf("entries[%d].", i)
		out, p := s.do(e, at)
		if len(r.findings) > before {
			return
		}
		if p != nil {
			if !r.problem(prefix, &e.Expect, e.Time, p) {
				return
			}
			out = &outcome{tally: &tally{}} // nothing came of it
		} else if want := firstGiven(e.Expect.Error, e.Expect.Says); want.Given() {
			r.fail(want, prefix+"error", want.Value, "no error: it was posted", "")
		}
		if out.decided {
			if e.Expect.Refused == nil {
				continue
			}
			out.tally = &tally{}
		}
		last = at
		s.written = append(s.written, written{e.ID.Value, s.recorded, out.tally.postings})
		if err := all.add(out.tally); err != nil {
			r.invalid(e.Time, "use smaller numbers", "%v", err)
			return
		}
		r.money(prefix, &e.Expect, out.tally)
		r.capLeft(prefix, &e.Expect, s, at)
		r.standing(prefix, &e.Expect, s, out, at)
	}
	r.money("", &c.Expect, &all)
	r.capLeft("", &c.Expect, s, last)
	r.standing("", &c.Expect, s, &outcome{}, last)
}

// record1 notes when the journal took an entry: no earlier than the one before it.
func (s *story) record1(e *Entry, at time.Time) {
	if !e.Recorded.Given() {
		s.recorded = max(s.recorded, at.UnixNano())
		return
	}
	recorded := s.r.instant(e.Recorded)
	if recorded.UnixNano() < s.recorded {
		s.r.invalid(e.Recorded, "write the entries in the order in which they were recorded", "recorded %s lies before the entry above it, which was recorded at %s",
			e.Recorded.Value, time.Unix(0, s.recorded).UTC().Format(time.RFC3339))
		return
	}
	s.recorded = recorded.UnixNano()
}

// do does what an entry says.
func (s *story) do(e *Entry, at time.Time) (out *outcome, p *problem) {
	out = &outcome{}
	switch {
	case e.Usage != nil:
		one, decided, p := s.used(e, at)
		return &outcome{tally: one, decided: decided && one == nil}, p
	case e.Hold != nil:
		out.tally, p = s.hold(e, at)
	case e.Post != nil:
		out.tally, p = s.unhold(e, e.Post.Of, e.Post.Amount, at)
	case e.Void != nil:
		out.tally, p = s.unhold(e, e.Void.Of, Text{}, at)
	case e.Amendment != nil:
		out.tally, p = s.amend(e)
	case e.Fact != nil:
		out.tally, p = s.fact(e)
	case e.Draft != nil:
		out.tally = &tally{}
		out.statements, p = s.draft(e.Draft, at)
	case e.Close != nil:
		return s.close(e.Close, at)
	case e.Clock != nil:
		return s.clock(at)
	default:
		out.tally, p = s.plainly(e, at)
	}
	return out, p
}

// plainly posts what the journal has as it is written.
func (s *story) plainly(e *Entry, at time.Time) (*tally, *problem) {
	body := s.body(e, at)
	if body == nil {
		return nil, nil
	}
	entry := s.entry(e, at, body)
	tx, p := s.post(entry)
	if p != nil {
		return nil, p
	}
	sum := &tally{}
	err := sum.take(tx)
	if err == nil {
		sum.charged, err = charge(body)
	}
	if err != nil {
		return nil, refusal("refused", err)
	}
	s.sold(e, entry)
	return sum, nil
}

// problem holds what was refused to what is expected of it, and reports whether it was expected.
func (r *runner) problem(prefix string, e *Expect, at Text, p *problem) bool {
	text := p.text()
	switch {
	case !e.Error.Given() && !e.Says.Given():
		r.fail(at, prefix+"error", "no error", text, "")
		return false
	case e.Error.Given() && !p.is(e.Error.Value):
		r.fail(e.Error, prefix+"error", e.Error.Value, p.names(), text)
	case e.Says.Given() && !strings.Contains(text, e.Says.Value):
		r.fail(e.Says, prefix+"says", e.Says.Value, text, "")
	}
	return true
}

// names says by which names an error could be expected.
func (p *problem) names() string {
	names := []string{}
	if p.code != "" {
		names = append(names, p.code)
	}
	for i := range p.findings {
		names = append(names, p.findings[i].Rule)
	}
	return strings.Join(names, ", ")
}

// lastOf returns the id of an entry in the books: what balances are known at may name one.
func (s *story) lastOf(id string) (int, bool) {
	for i := range s.written {
		if s.written[i].id != "" && s.written[i].id == id {
			return i, true
		}
	}
	return 0, false
}
