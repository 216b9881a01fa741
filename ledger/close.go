package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"concord/journal"
	"concord/money"
)

// The standings of a statement.
const (
	Issued   = "issued"
	Accepted = "accepted"
	Disputed = "disputed"
	Settled  = "settled"  // nothing of it is open
	Replaced = "replaced" // by a later version
)

// A Standing is what the books know of a closed statement.
type Standing struct {
	Number    string
	Version   int
	Agreement string
	Between   [2]string
	Period    string
	From      int64
	Until     int64 // exclusive
	Hash      journal.Hash
	State     string
	Issued    int64
	Due       int64
	Currency  money.Currency
	Lines     []StandingLine
	Accepted  []string // by whom; who was silent is among them
}

// A StandingLine is what one party owes another under a clause of a closed statement.
type StandingLine struct {
	Clause       string
	Payer, Payee string
	Amount       money.Amount
	Paid         money.Amount
	Disputed     money.Amount // of Amount; the rest stays payable
}

// Open returns what is not paid of a line.
func (l *StandingLine) Open() (money.Amount, error) { return l.Amount.Sub(l.Paid) }

// clone returns a copy that can be changed.
func (st *Standing) clone() *Standing {
	c := *st
	c.Lines, c.Accepted = slices.Clone(st.Lines), slices.Clone(st.Accepted)
	return &c
}

// Statements returns the standings of all closed statements, by agreement, parties, period and version.
func (s *State) Statements() []Standing {
	all := make([]Standing, 0, len(s.statements))
	for _, st := range s.sortedStatements() {
		all = append(all, *st.clone())
	}
	return all
}

func (s *State) sortedStatements() []*Standing {
	return slices.SortedFunc(maps.Values(s.statements), func(a, b *Standing) int {
		return cmp.Or(cmp.Compare(a.Agreement, b.Agreement), cmp.Compare(a.Between[0], b.Between[0]), cmp.Compare(a.Between[1], b.Between[1]),
			cmp.Compare(a.From, b.From), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Number, b.Number))
	})
}

// Statement returns the standing of a closed statement.
func (s *State) Statement(number string) (Standing, bool) {
	st, ok := s.statements[number]
	if !ok {
		return Standing{}, false
	}
	return *st.clone(), true
}

// closing moves what a statement states from accrued to stated, in both books. A later version moves the difference.
func (s *State) closing(at int64, c *journal.Close) error {
	s.work.tx.Currency = c.Currency
	before, err := s.mayClose(at, c)
	if err != nil {
		return err
	}
	st := &Standing{Number: c.Number, Version: c.Version, Agreement: c.Agreement, Between: c.Between, Period: c.Period, From: c.From, Until: c.Until,
		Hash: c.Hash, State: Issued, Issued: at, Due: at, Currency: c.Currency}
	scale := 2
	if terms := settlementOf(s.agreementOf(c.Agreement), c.Between); terms != nil {
		scale = terms.RoundScale
		st.Due = dayAfter(terms.Zone, at, terms.DueDays)
	}
	for i := range c.Lines {
		l := &c.Lines[i]
		if st.line(l.Clause, l.Payer, l.Payee) != nil {
			return fmt.Errorf("line %d: clause %s of %s to %s stands in it twice", i+1, l.Clause, l.Payer, l.Payee)
		}
		if err := s.stateLine(at, c, l, before, scale); err != nil {
			return fmt.Errorf("line %d, clause %s: %w", i+1, l.Clause, err)
		}
		line := StandingLine{Clause: l.Clause, Payer: l.Payer, Payee: l.Payee, Amount: l.Amount}
		if before != nil {
			if had := before.line(l.Clause, l.Payer, l.Payee); had != nil {
				line.Paid = had.Paid
			}
		}
		st.Lines = append(st.Lines, line)
	}
	if before != nil {
		if err := s.withdraw(at, before, st); err != nil {
			return err
		}
	}
	st.settle()
	s.later(func() {
		if before != nil {
			old := before.clone()
			old.State = Replaced
			s.statements[old.Number] = old
		}
		s.statements[st.Number] = st
	})
	return nil
}

// stateLine moves one line, or the difference to the version before.
func (s *State) stateLine(at int64, c *journal.Close, l *journal.Stated, before *Standing, scale int) error {
	k := dueKey{clauseKey{c.Agreement, l.Clause}, l.Payer, l.Payee, c.Currency}
	if _, ok := capacityCloud(l.Clause); ok {
		k.agreement = ""
	}
	if err := s.hasClause(k.clauseKey, c.Currency); err != nil {
		return err
	}
	if !(l.Payer == c.Between[0] && l.Payee == c.Between[1] || l.Payer == c.Between[1] && l.Payee == c.Between[0]) {
		return fmt.Errorf("%s owes %s, and the statement is between %s and %s", l.Payer, l.Payee, c.Between[0], c.Between[1])
	}
	if rounded, err := l.Amount.Round(scale, money.HalfEven); err != nil || rounded != l.Amount {
		return fmt.Errorf("it states %s: a statement has %d decimals", l.Amount, scale)
	}
	amount := l.Amount
	if before != nil {
		if had := before.line(l.Clause, l.Payer, l.Payee); had != nil {
			var err error
			if amount, err = amount.Sub(had.Amount); err != nil {
				return err
			}
		}
	}
	return s.state(at, k, amount)
}

// state makes an amount that is accrued a stated one.
func (s *State) state(at int64, k dueKey, amount money.Amount) error {
	if err := s.work.add(&s.dueOf(k).stated, amount); err != nil {
		return err
	}
	return s.settle(at, k, accruedBranch, statedBranch, amount)
}
