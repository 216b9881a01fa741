package ledger

import (
	"cmp"
	"slices"

	"concord/agreement"
	"concord/money"
)

// payeeTotals are what a share makes a party owed so far.
type payeeTotals struct {
	party string
	owed  money.Amount
	kept  money.Amount // of owed: what was stated and is no longer owed, and the payee keeps
}

// settles makes the running state that a share in force needs for periods below zero, and of its payees.
func (sh *share) settles(f agreement.InForce) {
	clause := f.Clause.(*agreement.RevenueShare)
	if clause.Negative == "floor" && sh.periods == nil {
		per, zone := periodOf(f)
		sh.periods = newCounter(per, zone)
	}
	if g := clause.Guarantee; g != nil && sh.earned == nil {
		sh.earned = newCounter(widthOf(g.Per), f.Agreement.Zone)
	}
	for _, p := range clause.Payees {
		sh.payee(p.Party)
	}
}

// payee returns the totals of a payee, new ones if need be.
func (sh *share) payee(party string) *payeeTotals {
	i, ok := slices.BinarySearchFunc(sh.payees, party, func(p *payeeTotals, name string) int { return cmp.Compare(p.party, name) })
	if !ok {
		sh.payees = slices.Insert(sh.payees, i, &payeeTotals{party: party})
	}
	return sh.payees[i]
}

// lift lets a period below zero count as nothing: it returns by how much more is owed than what is capped.
func (s *State) lift(f *flow, p *sharePlan, seg *segment, capped money.Amount) error {
	w := p.share.periods.window(f.posted)
	in, err := w.in.Add(capped)
	if err != nil {
		return err
	}
	out := in
	if out.Sign() < 0 {
		out = money.Amount{}
	}
	passed, err := out.Sub(w.out)
	if err != nil {
		return err
	}
	more, err := passed.Sub(capped)
	if err != nil {
		return err
	}
	s.work.set(&w.in, in)
	s.work.set(&w.out, out)
	if err := s.work.increase(&seg.lift, more); err != nil {
		return err
	}
	return s.work.increase(&p.share.lifted, more)
}

// keep returns what a payee is owed more when it keeps what was stated and is no longer owed.
func (s *State) keep(p *sharePlan, to *payeePlan, owed money.Amount) (money.Amount, error) {
	d, ok := s.dues[dueKey{p.clause, to.payer, to.totals.party, p.currency}]
	if !ok {
		return owed, nil
	}
	now, err := to.totals.owed.Add(owed)
	if err != nil {
		return owed, err
	}
	less, err := d.stated.Sub(now)
	if err != nil || less.Sign() <= 0 || owed.Sign() >= 0 {
		return owed, err
	}
	if less.Cmp(owed.Neg()) > 0 {
		less = owed.Neg()
	}
	if err := s.work.increase(&to.totals.kept, less); err != nil {
		return owed, err
	}
	return owed.Add(less)
}

// increase adds to an amount of the state.
func (w *work) increase(a *money.Amount, by money.Amount) error {
	if by.IsZero() {
		return nil
	}
	sum, err := a.Add(by)
	if err != nil {
		return err
	}
	w.set(a, sum)
	return nil
}
