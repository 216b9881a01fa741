package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// line returns a line of a statement; nil is none.
func (st *Standing) line(clause, payer, payee string) *StandingLine {
	i := slices.IndexFunc(st.Lines, func(l StandingLine) bool { return l.Clause == clause && l.Payer == payer && l.Payee == payee })
	if i < 0 {
		return nil
	}
	return &st.Lines[i]
}

// settle notes that a statement of which nothing is open is settled, and that it is not where something is open again.
func (st *Standing) settle() {
	open := false
	for i := range st.Lines {
		l := &st.Lines[i]
		open = open || l.Amount.Cmp(l.Paid) != 0
	}
	switch {
	case !open && (st.State == Accepted || st.State == Issued) && len(st.Lines) > 0:
		st.State = Settled
	case open && st.State == Settled && len(st.Accepted) > 0:
		st.State = Accepted
	case open && st.State == Settled:
		st.State = Issued
	}
}

// mayClose refuses a statement that is not what it says, and periods that overlap or leave a gap. It returns the version
// that a later one replaces; nil is none.
func (s *State) mayClose(at int64, c *journal.Close) (*Standing, error) {
	_, has := s.statements[c.Number]
	switch {
	case c.Number == "":
		return nil, errors.New("the statement has no number")
	case c.Until <= c.From:
		return nil, fmt.Errorf("its period %s ends before it begins", c.Period)
	case at < c.Until:
		return nil, fmt.Errorf("its period %s is not over", c.Period)
	case journal.Hash(sha256.Sum256(c.Statement)) != c.Hash:
		return nil, errors.New("its bytes have another hash than it says")
	case s.agreementOf(c.Agreement) == nil:
		return nil, fmt.Errorf("no document of the journal has the agreement %q", c.Agreement)
	case has && c.Version == 1:
		return nil, fmt.Errorf("statement %s is closed already: a corrected one has a version", c.Number)
	}
	var same, last *Standing
	for _, st := range s.sortedStatements() {
		if st.Agreement != c.Agreement || !between(st.Between, c.Between) || st.State == Replaced || st.Currency != c.Currency {
			continue
		}
		if st.From == c.From && st.Until == c.Until {
			same = st
		} else if st.From < c.Until && c.From < st.Until {
			return nil, fmt.Errorf("its period %s overlaps that of statement %s, %s", c.Period, st.Number, st.Period)
		}
		last = st
	}
	switch {
	case same != nil && c.Version != same.Version+1:
		return nil, fmt.Errorf("its period %s is closed by statement %s, version %d: a corrected one has version %d", c.Period, same.Number, same.Version, same.Version+1)
	case same == nil && c.Version != 1:
		return nil, fmt.Errorf("it is version %d of a period of which none was closed", c.Version)
	case same == nil && last != nil && c.From != last.Until:
		return nil, fmt.Errorf("its period %s does not follow that of statement %s, %s: close what lies between first", c.Period, last.Number, last.Period)
	}
	return same, nil
}

// withdraw moves back what a replaced version stated under clauses that the new one does not have.
func (s *State) withdraw(at int64, before, now *Standing) error {
	for i := range before.Lines {
		l := before.Lines[i]
		if now.line(l.Clause, l.Payer, l.Payee) != nil {
			continue
		}
		k := dueKey{s.clauseOf(now.Agreement, l.Clause), l.Payer, l.Payee, now.Currency}
		if err := s.state(at, k, l.Amount.Neg()); err != nil {
			return err
		}
		l.Amount, l.Disputed = money.Amount{}, money.Amount{}
		now.Lines = append(now.Lines, l)
	}
	return nil
}

// clauseOf returns the clause that a statement's line names; a cloud's capacity as such is of no agreement.
func (s *State) clauseOf(agreement, clause string) clauseKey {
	if _, ok := capacityCloud(clause); ok {
		agreement = ""
	}
	return clauseKey{agreement, clause}
}

// payStatement notes a payment or a credit on the statement that it names.
func (s *State) payStatement(number string, k dueKey, amount money.Amount) error {
	st, err := s.closed(number)
	if err != nil {
		return err
	}
	l := st.line(k.clause, k.payer, k.payee)
	if l == nil {
		return fmt.Errorf("statement %s does not state what %s owes %s under clause %s", number, k.payer, k.payee, k.clause)
	}
	if st.Currency != k.currency {
		return fmt.Errorf("statement %s is in %s, this is in %s", number, st.Currency, k.currency)
	}
	if l.Paid, err = l.Paid.Add(amount); err != nil {
		return err
	}
	st.settle()
	s.later(func() { s.statements[number] = st })
	return nil
}

// closed returns a copy of a closed statement, as this entry has changed it so far.
func (s *State) closed(number string) (*Standing, error) {
	st, ok := s.work.statements[number]
	if ok {
		return st, nil
	}
	if st, ok = s.statements[number]; !ok {
		return nil, fmt.Errorf("no statement %q is closed", number)
	}
	if st.State == Replaced {
		return nil, fmt.Errorf("statement %s was replaced by a later version", number)
	}
	st = st.clone()
	if s.work.statements == nil {
		s.work.statements = map[string]*Standing{}
	}
	s.work.statements[number] = st
	return st, nil
}

// cited returns the statement that a party speaks of, if it is the one that it has seen.
func (s *State) cited(number string, hash journal.Hash, by string) (*Standing, error) {
	st, err := s.closed(number)
	if err != nil {
		return nil, err
	}
	if st.Hash != hash {
		return nil, fmt.Errorf("statement %s has the hash %x, not %x: it speaks of another one", number, st.Hash[:6], hash[:6])
	}
	if by != st.Between[0] && by != st.Between[1] {
		return nil, fmt.Errorf("statement %s is between %s and %s, %q is neither", number, st.Between[0], st.Between[1], by)
	}
	return st, nil
}

// acceptance notes that a party takes a statement as right; what it disputed before is not disputed any more.
func (s *State) acceptance(a *journal.Acceptance) error {
	st, err := s.cited(a.Statement, a.Hash, a.By)
	if err != nil {
		return err
	}
	if !slices.Contains(st.Accepted, a.By) {
		st.Accepted = append(st.Accepted, a.By)
		slices.Sort(st.Accepted)
	}
	for i := range st.Lines {
		st.Lines[i].Disputed = money.Amount{}
	}
	st.State = Accepted
	st.settle()
	s.later(func() { s.statements[a.Statement] = st })
	return nil
}

// dispute notes what a party does not take as right: a part of a line, a line, or the whole.
func (s *State) dispute(d *journal.Dispute) error {
	st, err := s.cited(d.Statement, d.Hash, d.By)
	if err != nil {
		return err
	}
	found := false
	for i := range st.Lines {
		l := &st.Lines[i]
		if d.Clause != "" && l.Clause != d.Clause {
			continue
		}
		found = true
		l.Disputed = l.Amount
		if !d.Amount.IsZero() {
			if d.Clause == "" || d.Amount.Sign() < 0 || d.Amount.Cmp(l.Amount.Abs()) > 0 {
				return fmt.Errorf("%s of statement %s are disputed: name a clause and an amount of it, which states %s", d.Amount, d.Statement, l.Amount)
			}
			l.Disputed = d.Amount
		}
	}
	if !found {
		return fmt.Errorf("statement %s has no clause %q", d.Statement, d.Clause)
	}
	st.Accepted = slices.DeleteFunc(st.Accepted, func(by string) bool { return by == d.By })
	st.State = Disputed
	s.later(func() { s.statements[d.Statement] = st })
	return nil
}

// settlementOf returns how two parties of an agreement settle; nil is unsaid.
func settlementOf(a *agreement.Agreement, parties [2]string) *agreement.Settlement {
	if a == nil {
		return nil
	}
	for i := range a.Settlement {
		if between(a.Settlement[i].Between, parties) {
			return &a.Settlement[i]
		}
	}
	return nil
}

// between reports whether two pairs of parties are the same, in whatever order.
func between(a, b [2]string) bool { return a == b || a[0] == b[1] && a[1] == b[0] }

// dayAfter returns the same time of the day some days later, in a zone.
func dayAfter(zone *time.Location, at int64, days int) int64 {
	if zone == nil {
		zone = time.UTC
	}
	return time.Unix(0, at).In(zone).AddDate(0, 0, days).UnixNano()
}
