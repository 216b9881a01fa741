package ledger

import (
	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// guarantee posts an advance that is due. A close posts it after the usage of its window's first days: what that earned and no
// earlier advance paid is paid out of it at once.
func (s *State) guarantee(at int64, k dueKey, where place, f *journal.Fee) error {
	behind, later, crosses, err := s.earnedIn(k, f.From)
	if err != nil {
		return err
	}
	d := s.dueOf(k)
	if crosses {
		if behind, err = behind.Add(later); err != nil {
			return err
		}
	}
	if crosses && !d.advanced.IsZero() {
		over, err := d.earned.Sub(d.recouped())
		if err != nil {
			return err
		}
		if over.Cmp(behind) < 0 {
			behind = over
		}
	}
	if err := s.raiseAdvance(k, f.Amount); err != nil {
		return err
	}
	if err := s.feeStated(at, k, where, f.Amount, Prepaid(k.payee, k.clause), Deferred(k.payer, k.clause)); err != nil {
		return err
	}
	if behind.Sign() <= 0 {
		return nil
	}
	before := d.recouped()
	if err := s.work.add(&d.earned, behind); err != nil {
		return err
	}
	amount, err := d.recouped().Sub(before)
	if err != nil {
		return err
	}
	return s.useAdvance(k, s.dayIn(k, at), amount)
}

// earnedIn returns what a clause's usage came to in the window of an advance that begins at an instant, and in later ones, and
// whether what a window does not earn may be earned in later ones. It is nothing where the window's start is not when it is due.
func (s *State) earnedIn(k dueKey, from int64) (in, later money.Amount, crosses bool, err error) {
	if from == 0 {
		return in, later, false, nil
	}
	var windows *counter
	f := s.clauses[k.clauseKey]
	switch c := f.Clause.(type) {
	case *agreement.RevenueShare:
		sh := s.shares[s.root(k.clauseKey)]
		if sh == nil || c.Guarantee == nil || c.Guarantee.Due != "start" {
			return in, later, false, nil
		}
		windows, crosses = sh.earned, c.Guarantee.CrossPeriod
	case *agreement.Commitment:
		windows, crosses = s.drawn[k.clauseKey], c.Shortfall == "extend"
	case *agreement.Delivery, *agreement.License, *agreement.Sale, *agreement.Milestone:
	}
	if windows == nil {
		return in, later, crosses, nil
	}
	start, end := windows.bounds(from)
	for _, w := range windows.sorted() {
		switch {
		case w.start == start:
			in = w.in
		case w.start >= end:
			if later, err = later.Add(w.in); err != nil {
				return in, later, crosses, err
			}
		}
	}
	return in, later, crosses, nil
}

// dayIn returns the day of an instant in the zone of a clause's agreement.
func (s *State) dayIn(k dueKey, at int64) int32 {
	if a := s.agreementOf(k.agreement); a != nil {
		return s.calendar(a.Zone).dayOf(at)
	}
	return s.calendar(nil).dayOf(at)
}
