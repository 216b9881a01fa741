package ledger

import (
	"errors"
	"fmt"

	"concord/journal"
	"concord/money"
)

// payment posts what one party paid another, clause by clause. A line with a negative amount is set off: what the payee owes
// the payer under that clause is paid by it.
func (s *State) payment(at int64, p *journal.Payment) error {
	s.work.tx.Currency = p.Currency
	if err := positive("payment", p.Amount, p.Withheld); err != nil {
		return err
	}
	switch {
	case p.From == "" || p.To == "" || p.From == p.To:
		return fmt.Errorf("it is from %q to %q: name the two parties", p.From, p.To)
	case len(p.Lines) == 0:
		return errors.New("it names no clause: say which clauses it pays, and how much of each")
	case p.Withheld.Cmp(p.Amount) > 0:
		return fmt.Errorf("%s of %s are withheld", p.Withheld, p.Amount)
	}
	var sum, withheld money.Amount
	var err error
	for i := range p.Lines {
		l := &p.Lines[i]
		if sum, err = sum.Add(l.Amount); err != nil {
			return err
		}
		if withheld, err = withheld.Add(l.Withheld); err != nil {
			return err
		}
		if err := s.pay(at, p, l); err != nil {
			return fmt.Errorf("line %d, clause %s: %w", i+1, l.Clause, err)
		}
	}
	if sum != p.Amount || withheld != p.Withheld {
		return fmt.Errorf("its lines sum to %s with %s withheld, not to %s with %s", sum, withheld, p.Amount, p.Withheld)
	}
	return nil
}

// pay posts one line of a payment.
func (s *State) pay(at int64, p *journal.Payment, l *journal.Paid) error {
	k := dueKey{clauseKey{l.Agreement, l.Clause}, p.From, p.To, p.Currency}
	amount := l.Amount
	if amount.Sign() < 0 {
		if l.Advance || !l.Withheld.IsZero() {
			return errors.New("what is set off is neither an advance nor subject to withholding")
		}
		k.payer, k.payee, amount = k.payee, k.payer, amount.Neg()
	}
	if l.Withheld.Sign() < 0 || l.Withheld.Cmp(amount) > 0 {
		return fmt.Errorf("%s of %s are withheld", l.Withheld, amount)
	}
	if err := s.hasClause(k.clauseKey, p.Currency); err != nil {
		return err
	}
	transferred, err := amount.Sub(l.Withheld)
	if err != nil {
		return err
	}
	if l.Advance {
		err = s.advance(at, k, amount)
	} else {
		err = s.payOwed(at, k, amount, p.Statement)
	}
	if err != nil {
		return err
	}
	for _, half := range []struct {
		book    string
		account Account
		amount  money.Amount
	}{{k.payer, Cash, transferred.Neg()}, {k.payer, TaxWithheld, l.Withheld.Neg()}, {k.payee, Cash, transferred}, {k.payee, TaxRecoverable, l.Withheld}} {
		if err := s.putAt(at, k, place{}, half.book, half.account, half.amount); err != nil {
			return err
		}
	}
	return nil
}

// owes posts the two halves of an amount that is owed in one form, without what they meet.
func (s *State) owes(at int64, k dueKey, branch int, amount money.Amount) error {
	payer, payee := k.side(branch)
	if err := s.putAt(at, k, place{}, k.payer, payer, amount); err != nil {
		return err
	}
	return s.putAt(at, k, place{}, k.payee, payee, amount.Neg())
}

// advance notes what is given ahead of what will be owed. What was earned beyond earlier advances is no part of this one.
func (s *State) advance(at int64, k dueKey, amount money.Amount) error {
	if err := s.raiseAdvance(k, amount); err != nil {
		return err
	}
	return s.owes(at, k, prepaidBranch, amount)
}

func (s *State) raiseAdvance(k dueKey, amount money.Amount) error {
	d := s.dueOf(k)
	s.advanced[d.pair] = d
	s.work.set(&d.earned, d.recouped())
	return s.work.add(&d.advanced, amount)
}

// payOwed pays what is stated, and what is accrued where nothing more is stated: customers' sales, which no statement closes.
func (s *State) payOwed(at int64, k dueKey, amount money.Amount, statement string) error {
	stated, err := s.payStated(k, amount, statement)
	if err != nil {
		return err
	}
	accrued, err := amount.Sub(stated)
	if err != nil {
		return err
	}
	if err := s.owes(at, k, statedBranch, stated); err != nil {
		return err
	}
	return s.owes(at, k, accruedBranch, accrued)
}

// payStated returns how much of an amount pays what is stated, and notes it: all of it where it names a statement, else as
// far as something is open.
func (s *State) payStated(k dueKey, amount money.Amount, statement string) (money.Amount, error) {
	d := s.dueOf(k)
	stated := amount
	if statement == "" {
		open, err := d.open()
		if err != nil {
			return stated, err
		}
		stated = clamp(open, amount)
	} else if err := s.payStatement(statement, k, amount); err != nil {
		return stated, err
	}
	return stated, s.work.add(&d.paid, stated)
}
