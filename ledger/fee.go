package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// The names of fees that stand in accounts of their own. All others stand in cost:fee and revenue:fee.
const (
	FeeShortfall = "shortfall" // of a commitment: due at once
	FeeInterest  = "interest"  // on what is late: due at once
	FeeGuarantee = "guarantee" // due at once; what is recoupable is an advance on the share
	// FeeUnearned ends an advance that nothing will earn any more: what is left of it is the payer's cost.
	FeeUnearned = "guarantee-unearned"
)

// maxFeeDays bounds the days over which a fee is earned.
const maxFeeDays = 3700

// fee posts an amount that one party owes another and that is no share of revenue.
func (s *State) fee(at int64, f *journal.Fee) error {
	s.work.tx.Currency, s.work.tx.Customer = f.Currency, f.Origin.Customer
	if err := positive("fee", f.Amount, money.Amount{}); err != nil {
		return fmt.Errorf("%w; what is taken back is a credit", err)
	}
	k := dueKey{clauseKey{f.Agreement, f.Clause}, f.Payer, f.Payee, f.Currency}
	switch {
	case f.Name == "":
		return errors.New("it has no name, such as license-fee")
	case k.payer == "" || k.payee == "" || k.payer == k.payee:
		return fmt.Errorf("%q owes it to %q: name payer and payee", k.payer, k.payee)
	}
	if err := s.hasClause(k.clauseKey, f.Currency); err != nil {
		return err
	}
	if err := s.noteDemand(f); err != nil {
		return err
	}
	where := place{cloud: f.Origin.Cloud, product: f.Origin.Product}
	switch f.Name {
	case FeeInterest:
		return s.feeStated(at, k, where, f.Amount, InterestCost, InterestRevenue)
	case FeeShortfall:
		if err := s.closeCommitment(at, k, f.Origin.Charged); err != nil {
			return err
		}
		return s.feeStated(at, k, where, f.Amount, Cost("shortfall", k.clause), Revenue("shortfall", k.clause))
	case FeeUnearned:
		return s.unearned(at, k, f)
	case FeeGuarantee:
		if share, ok := s.clauses[k.clauseKey].Clause.(*agreement.RevenueShare); !ok || share.Guarantee == nil || share.Guarantee.Recoupable {
			return s.guarantee(at, k, where, f)
		}
		return s.feeStated(at, k, where, f.Amount, Cost("fee", k.clause), Revenue("fee", k.clause))
	}
	return s.feeByDay(at, k, where, f)
}

// feeStated posts what is due at once: it needs no statement to be payable.
func (s *State) feeStated(at int64, k dueKey, where place, amount money.Amount, cost, revenue Account) error {
	if err := s.work.add(&s.dueOf(k).atOnce, amount); err != nil {
		return err
	}
	return s.move(at, k, where, amount, cost, StatedPayable(k.payee, k.clause), StatedReceivable(k.payer, k.clause), revenue)
}

// closeCommitment takes what was drawn in a commitment's window out of its memo accounts, in the buyer's book.
func (s *State) closeCommitment(at int64, k dueKey, drawn money.Amount) error {
	for _, p := range []struct {
		side   string
		amount money.Amount
	}{{"used", drawn.Neg()}, {"open", drawn}} {
		if err := s.putAt(at, k, place{}, k.payer, MemoAccount("commitment", k.clause, p.side), p.amount); err != nil {
			return err
		}
	}
	return nil
}

// unearned makes what is left of an advance the payer's cost. What usage of later windows was paid out of it before it ended is
// owed again.
func (s *State) unearned(at int64, k dueKey, f *journal.Fee) error {
	d, amount := s.dueOf(k), f.Amount
	left, err := d.advanced.Sub(d.recouped())
	if err != nil {
		return err
	}
	earned := d.recouped()
	if amount.Cmp(left) > 0 {
		_, later, _, err1 := s.earnedIn(k, f.From)
		excess, err2 := amount.Sub(left)
		if err := cmp.Or(err1, err2); err != nil {
			return err
		}
		if excess.Cmp(later) > 0 {
			return fmt.Errorf("%s of an advance are left, %s would end", left, amount)
		}
		if err := s.useAdvance(k, s.dayIn(k, at), excess.Neg()); err != nil {
			return err
		}
		if earned, err = earned.Sub(excess); err != nil {
			return err
		}
	}
	s.work.set(&d.earned, earned)
	if err := s.work.add(&d.advanced, amount.Neg()); err != nil {
		return err
	}
	return s.move(at, k, place{}, amount, Cost("fee", k.clause), Prepaid(k.payee, k.clause), Deferred(k.payer, k.clause), Revenue("fee", k.clause))
}

// feeByDay posts a fee on the days over which it is earned, in equal parts by largest remainder; a day of 25 hours is one day.
// Without such days it is earned at the entry's instant.
func (s *State) feeByDay(at int64, k dueKey, where place, f *journal.Fee) error {
	days, err := s.daysOf(k, at, f.From, f.Until)
	if err != nil {
		return err
	}
	equal := make([]money.Rate, len(days))
	for i := range equal {
		equal[i] = money.Rate{Num: 1, Den: int64(len(days))}
	}
	parts, err := money.Split(f.Amount, equal, money.Scale)
	if err != nil {
		return fmt.Errorf("divide it among %d days: %w", len(days), err)
	}
	for i, day := range days {
		if err := s.move(day, k, where, parts[i], Cost("fee", k.clause), AccruedPayable(k.payee, k.clause),
			AccruedReceivable(k.payer, k.clause), Revenue("fee", k.clause)); err != nil {
			return err
		}
		if err := s.accrueFee(f, parts[i], day, day); err != nil {
			return err
		}
	}
	return nil
}

// daysOf returns an instant of each day between two instants, in the zone of the clause's agreement.
func (s *State) daysOf(k dueKey, at, from, until int64) ([]int64, error) {
	if from == 0 && until == 0 {
		return []int64{at}, nil
	}
	if until <= from {
		return nil, errors.New("it is earned until an instant that does not come after the one from which on it is")
	}
	days := counter{per: day, zone: s.calendar(nil).zone}
	if a := s.agreementOf(k.agreement); a != nil {
		days.zone = s.calendar(a.Zone).zone
	}
	var all []int64
	for next := from; next < until; {
		if len(all) == maxFeeDays {
			return nil, fmt.Errorf("it is earned over more than %d days", maxFeeDays)
		}
		all = append(all, next)
		_, next = days.bounds(next)
		if next == math.MaxInt64 {
			break
		}
	}
	return all, nil
}
