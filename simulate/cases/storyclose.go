package cases

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
)

// cut is a closed statement, and what it was cut from.
type cut struct {
	close     *journal.Close
	statement *settlement.Statement
	set       *agreement.Set // as it was known then
}

// closing prepares a closing from the journal up to a position, as one who has nothing else would.
func (s *story) closing(set *agreement.Set, at journal.Cursor, hash journal.Hash) (*settlement.Closing, error) {
	state := ledger.NewState()
	if _, err := ledger.Replay(context.Background(), s.journal, state, journal.Cursor{}, at, nil, nil); err != nil {
		return nil, err
	}
	history, err := set.Timeline(s.scene.Known)
	if err != nil {
		return nil, err
	}
	cells, _, err := state.Changes()
	if err != nil {
		return nil, err
	}
	return &settlement.Closing{
		Snapshot: settlement.Snapshot{State: state, Cells: cells, At: at, Hash: hash, History: history, Prices: s.scene.Books},
		Closed: func(number string) (*settlement.Statement, error) {
			kept, ok := s.closed[number]
			if !ok {
				return nil, fmt.Errorf("no statement %s is closed", number)
			}
			return settlement.ReadStatement(kept.close.Statement)
		},
		Reasons: s.reasons,
		Render:  func(*settlement.Statement) ([]journal.Form, error) { return nil, nil },
	}, nil
}

// reasons finds entries by their ids, or the disputes of a statement where none is named.
func (s *story) reasons(statement string, names []string) (out []journal.Entry, err error) {
	found := map[string]bool{}
	var bad error
	err = s.journal.Blocks(context.Background(), journal.Cursor{}, func(b *journal.Block) bool {
		bad = b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			d, disputes := e.Body.(*journal.Dispute)
			named := slices.IndexFunc(names, func(n string) bool { return n == e.ID || n == e.Source+"/"+e.ID })
			if named >= 0 {
				found[names[named]] = true
			}
			if named >= 0 || len(names) == 0 && disputes && d.Statement == statement {
				out = append(out, *e)
			}
			return true
		})
		return bad == nil
	})
	for _, name := range names {
		if !found[name] {
			return nil, fmt.Errorf("no entry before this one has the id %q", name)
		}
	}
	return out, errors.Join(err, bad)
}

// work prepares the closing that an entry asks for.
func (s *story) work(c *Close, at time.Time) (*settlement.Closing, *problem) {
	a := s.agreement(c.Agreement)
	if a == nil {
		return nil, nil
	}
	out, err := s.closing(s.scene.Set, s.at(), s.head.Hash)
	if err != nil {
		return nil, refusal("statement", err)
	}
	out.Agreement, out.Period, out.Issued = a.Name, c.Period.Value, at.UTC()
	if len(c.Between) == 2 {
		out.Pairs = [][2]string{{c.Between[0].Value, c.Between[1].Value}}
	}
	out.Anew = c.Again.Value == "true"
	for _, id := range c.Because {
		out.Because = append(out.Because, id.Value)
	}
	return out, nil
}

// draft cuts statements that bind nobody.
func (s *story) draft(c *Close, at time.Time) ([]*settlement.Statement, *problem) {
	work, p := s.work(c, at)
	if work == nil {
		return nil, p
	}
	var pair [2]string
	if len(work.Pairs) > 0 {
		pair = work.Pairs[0]
	}
	all, err := work.Drafts(pair, "")
	if err != nil {
		return nil, refusal("statement", err)
	}
	return all, nil
}

// close closes a period: what falls due at its end is posted, and what its statements state moves from accrued to stated.
func (s *story) close(c *Close, at time.Time) (*outcome, *problem) {
	work, p := s.work(c, at)
	if work == nil {
		return nil, p
	}
	closed, err := work.Close()
	if err != nil {
		return nil, refusal("statement", err)
	}
	out := &outcome{tally: &tally{}, statements: closed.Statements}
	for i := range closed.Entries {
		e := &closed.Entries[i]
		tx, p := s.post(e)
		if p != nil {
			return nil, p
		}
		if err := out.tally.take(tx); err != nil {
			return nil, refusal("refused", err)
		}
		switch body := e.Body.(type) {
		case *journal.Fee:
			out.due = append(out.due, body)
		case *journal.Close:
			st, err := settlement.ReadStatement(body.Statement)
			if err != nil {
				return nil, refusal("statement", err)
			}
			s.closed[body.Number] = &cut{body, st, s.scene.Set}
		}
	}
	return out, nil
}

// again cuts a closed statement from the journal once more.
func (s *story) again(kept *cut) ([]byte, error) {
	work, err := s.closing(kept.set, kept.close.At, kept.close.AtHash)
	if err != nil {
		return nil, err
	}
	st, err := work.Again(kept.statement)
	if err != nil {
		return nil, err
	}
	return st.Canonical()
}

// unchanged holds the bytes of a closed statement to what comes out when it is cut once more.
func (r *runner) unchanged(what string, number Text, s *story) {
	kept, ok := s.closed[number.Value]
	if !ok {
		r.fail(number, what, number.Value+" closed", "no such statement", s.numbers())
		return
	}
	again, err := s.again(kept)
	switch {
	case err != nil:
		r.fail(number, what, "the bytes that were closed", err.Error(), "")
	case !bytes.Equal(again, kept.close.Statement):
		r.fail(number, what, "the bytes that were closed", "other bytes", difference(kept.close.Statement, again))
	}
}

// difference shows where two texts begin to differ.
func difference(a, b []byte) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	around := func(x []byte) string { return string(x[max(0, min(n-40, len(x))):min(n+60, len(x))]) }
	return fmt.Sprintf("%q became %q", around(a), around(b))
}

// numbers names what is closed, for who misspelled one.
func (s *story) numbers() string {
	text := "closed are:"
	for _, st := range s.state.Statements() {
		text += " " + st.Number
	}
	return text
}

// clock posts what has fallen due by an instant, without closing a period.
func (s *story) clock(at time.Time) (*outcome, *problem) {
	out := &outcome{tally: &tally{}}
	for range 16 { // what one amount brings may make another one due
		all, err := s.state.DueAt(at)
		if err != nil {
			return nil, refusal("refused", err)
		}
		if len(all) == 0 {
			return out, nil
		}
		for i := range all {
			fee := all[i].Fee()
			tx, p := s.post(s.entry(&Entry{}, time.Unix(0, all[i].At), fee))
			if p != nil {
				return nil, p
			}
			if err := out.tally.take(tx); err != nil {
				return nil, refusal("refused", err)
			}
			out.due = append(out.due, fee)
		}
	}
	return nil, refusal("refused", errors.New("what is due brings ever more that is due"))
}

// issued holds a closed statement to how it should stand at an instant.
func (r *runner) issued(what string, want Issued, s *story, at time.Time) {
	st, ok := s.state.Statement(want.Number.Value)
	if !ok {
		r.fail(want.Number, what, want.Number.Value+" closed", "no such statement", s.numbers())
		return
	}
	lines, err := settlement.OpenOf(s.state.Statements(), s.state.Dues(), &st, at, r.zone)
	if err != nil {
		r.invalid(want.Number, "use smaller numbers", "%v", err)
		return
	}
	r.text(what+".state", want.State, settlement.StateOf(&st, lines, s.agreement(Text{Value: st.Agreement, Line: want.Number.Line}), at))
	r.text(what+".due", want.Due, time.Unix(0, st.Due).In(r.zone).Format(time.DateOnly))
	var amount, open, disputed money.Amount
	for i := range lines {
		l := &lines[i]
		amount, open, disputed = r.plus(amount, l.Amount, want.Number), r.plus(open, l.Open, want.Number), r.plus(disputed, l.Disputed, want.Number)
	}
	r.maybe(what+".amount", want.Amount, amount)
	r.maybe(what+".open", want.Open, open)
	r.maybe(what+".disputed", want.Disputed, disputed)
}

// disputed is what parties dispute under a clause of statements that stand.
func (s *story) disputed(want Owed) (sum money.Amount, err error) {
	for _, st := range s.state.Statements() {
		if st.State != ledger.Disputed {
			continue
		}
		for i := range st.Lines {
			l := &st.Lines[i]
			if !matches(want.Clause, l.Clause) || !matches(want.Payer, l.Payer) || !matches(want.Payee, l.Payee) {
				continue
			}
			open, err := l.Open()
			if err != nil {
				return sum, err
			}
			if l.Disputed.Cmp(open) < 0 {
				open = l.Disputed
			}
			if sum, err = sum.Add(open); err != nil {
				return sum, err
			}
		}
	}
	return sum, nil
}
