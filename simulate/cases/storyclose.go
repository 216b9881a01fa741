package cases

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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
	what      *Close
	set       *agreement.Set
	issued    time.Time
}

// draft cuts a statement from books at a position.
func (s *story) draft(c *Close, set *agreement.Set, state *ledger.State, at journal.Cursor, hash journal.Hash, issued time.Time) (*settlement.Statement, *problem) {
	a := s.agreement(c.Agreement)
	if a == nil {
		return nil, nil
	}
	history, err := set.Timeline(s.scene.Known)
	if err != nil {
		return nil, refusal("statement", err)
	}
	cells, _, err := state.Changes()
	if err != nil {
		return nil, refusal("statement", err)
	}
	out, err := settlement.DraftStatement(&settlement.Input{
		Agreement: a.Name, Between: [2]string{c.Between[0].Value, c.Between[1].Value}, Period: c.Period.Value, History: history, Cells: cells,
		Accruals: state.Accruals(), Books: s.scene.Books, At: at, Hash: hash, Issued: issued,
	})
	if err != nil {
		return nil, refusal("statement", err)
	}
	for _, control := range out.Controls {
		if !control.Agrees {
			return nil, refusal("statement", fmt.Errorf("control %s: stated %s, the books say %s", control.Name, control.Stated, control.Books))
		}
	}
	return out, nil
}

// closing closes a period: what its statement states moves from accrued to stated.
func (s *story) closing(e *Entry, at time.Time) (*tally, *settlement.Statement, *problem) {
	c := e.Close
	out, p := s.draft(c, s.scene.Set, s.state, s.at(), s.head.Hash, at)
	if out == nil {
		return nil, nil, p
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, nil, refusal("statement", err)
	}
	body := &journal.Close{Agreement: out.Agreement, Between: out.Between, Period: out.Period.Name, From: out.Period.From.UnixNano(),
		Until: out.Period.Until.UnixNano(), Number: c.Number.Value, Version: 1, At: s.at(), AtHash: s.head.Hash, Currency: out.Currency,
		Statement: raw, Hash: sha256.Sum256(raw)}
	if c.Version.Given() {
		if body.Version, err = strconv.Atoi(c.Version.Value); err != nil {
			s.r.invalid(c.Version, "write a whole number", "%q is no version of a statement", c.Version.Value)
			return nil, nil, nil
		}
	}
	if body.Number == "" {
		body.Number = out.Agreement + "-" + out.Period.Name
	}
	for i := range out.Clauses {
		if cl := &out.Clauses[i]; !cl.Amount.IsZero() {
			body.Lines = append(body.Lines, journal.Stated{Clause: cl.ID, Payer: cl.Payer, Payee: cl.Payee, Amount: cl.Amount})
		}
	}
	tx, p := s.post(s.entry(e, at, body))
	if p != nil {
		return nil, nil, p
	}
	s.drafts[body.Number] = &cut{body, out, c, s.scene.Set, at}
	sum := &tally{}
	if err := sum.take(tx); err != nil {
		return nil, nil, refusal("refused", err)
	}
	return sum, out, nil
}

// again cuts a closed statement from the journal once more, as an auditor would who has nothing else.
func (s *story) again(c *cut) (raw []byte, err error) {
	state := ledger.NewState()
	if _, err := ledger.Replay(context.Background(), s.journal, state, journal.Cursor{}, c.close.At, nil, nil); err != nil {
		return nil, err
	}
	out, p := s.draft(c.what, c.set, state, c.close.At, c.close.AtHash, c.issued)
	if p != nil {
		return nil, errors.New(p.text())
	}
	return json.Marshal(out)
}

// clock posts what has fallen due by an instant, and accepts what nobody spoke of for as long as the parties agreed.
func (s *story) clock(at time.Time) (*tally, []ledger.Demand, *problem) {
	sum := &tally{}
	all, err := s.state.DueAt(at)
	if err != nil {
		return nil, nil, refusal("refused", err)
	}
	take := func(when time.Time, body journal.Body) *problem {
		tx, p := s.post(s.entry(&Entry{}, when, body))
		if p == nil {
			if err := sum.take(tx); err != nil {
				p = refusal("refused", err)
			}
		}
		return p
	}
	for i := range all {
		if p := take(time.Unix(0, all[i].At), all[i].Fee()); p != nil {
			return nil, nil, p
		}
	}
	for _, st := range s.state.Statements() {
		silent := s.silent(&st, at)
		for _, by := range silent {
			if p := take(at, &journal.Acceptance{Statement: st.Number, Hash: st.Hash, By: by, Deemed: true}); p != nil {
				return nil, nil, p
			}
		}
	}
	return sum, all, nil
}

// silent are the parties who accept a statement by having said nothing.
func (s *story) silent(st *ledger.Standing, at time.Time) []string {
	if st.State != ledger.Issued || len(st.Accepted) > 0 {
		return nil
	}
	for _, a := range s.scene.Set.Agreements() {
		for i := range a.Settlement {
			terms := &a.Settlement[i]
			same := terms.Between == st.Between || terms.Between == [2]string{st.Between[1], st.Between[0]}
			if a.Name == st.Agreement && same && terms.DeemedAccepted > 0 && !at.Before(time.Unix(0, st.Issued).AddDate(0, 0, terms.DeemedAccepted)) {
				return st.Between[:]
			}
		}
	}
	return nil
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
