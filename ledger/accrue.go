package ledger

import (
	"fmt"

	"concord/money"
)

// accrual is what an entry makes of a share, before it is committed.
type accrual struct {
	share   *share
	segment *segment
	life    totals
	part    totals // the segment's new totals
	paid    []money.Amount
}

// commit takes the new totals over. The paid amounts are copied: they stand in the work of one Post.
func (a *accrual) commit() {
	a.share.life = a.life
	a.segment.totals = a.part
	copy(a.segment.paid, a.paid)
}

// accrue posts what a sale makes parties owe each other: for each share in force the difference between what its base so
// far comes to and what was posted so far. The streams of the sale's price are in work.
func (s *State) accrue(at int64, sale *salePlan) error {
	w := &s.work
	if cap(w.owed) < sale.payees {
		w.owed = make([]money.Amount, sale.payees)
	}
	w.owed, w.split = w.owed[:sale.payees], w.split[:0]
	clear(w.owed)
	for i := range sale.shares {
		p := &sale.shares[i]
		base, err := w.base(p)
		if err == nil && !base.IsZero() {
			err = s.accrueShare(at, p, base)
		}
		if err != nil {
			return fmt.Errorf("share %s: %w", p.share.key.clause, err)
		}
	}
	return nil
}

// base adds up what the sale, and the shares accrued for it so far, bring to a share's base.
func (w *work) base(p *sharePlan) (base money.Amount, err error) {
	for _, i := range p.streams {
		if base, err = base.Add(w.streams[i]); err != nil {
			return base, err
		}
	}
	for _, i := range p.feeds {
		if base, err = base.Add(w.owed[i]); err != nil {
			return base, err
		}
	}
	return base, nil
}

// accrueShare accrues one share: the rate on the cumulative base, rounded towards zero, less what it came to before; then
// the caps; then the split among payees.
func (s *State) accrueShare(at int64, p *sharePlan, base money.Amount) error {
	seg := p.at(at)
	now, err := seg.base.Add(base)
	if err != nil {
		return err
	}
	rated, err := p.rated(now)
	if err != nil {
		return err
	}
	uncapped, err := rated.Sub(seg.uncapped)
	if err != nil {
		return err
	}
	capped, err := s.capped(at, p, uncapped)
	if err != nil {
		return err
	}
	change := totals{base, uncapped, capped}
	a := accrual{share: p.share, segment: seg}
	if a.life, err = p.share.life.add(change); err != nil {
		return err
	}
	if a.part, err = seg.totals.add(change); err != nil {
		return err
	}
	if a.paid, err = s.work.divide(p, a.part.capped); err != nil {
		return err
	}
	s.work.accruals = append(s.work.accruals, a)
	for i := range p.payees {
		owed, err := a.paid[i].Sub(seg.paid[i])
		if err != nil {
			return err
		}
		s.work.owed[p.first+i] = owed
		s.owe(at, &p.payees[i], owed)
	}
	above, err := uncapped.Sub(capped)
	if err != nil {
		return err
	}
	s.put(at, p.above[0], above)
	s.put(at, p.above[1], above.Neg())
	return nil
}

// owe posts a share to the payer's book and, mirrored, to the payee's.
func (s *State) owe(at int64, to *payeePlan, amount money.Amount) {
	s.put(at, to.cost, amount)
	s.put(at, to.owed, amount.Neg())
	s.put(at, to.received, amount)
	s.put(at, to.revenue, amount.Neg())
}

// capped returns what of a share's growth its caps let through, from the narrowest window to the widest.
func (s *State) capped(at int64, p *sharePlan, amount money.Amount) (money.Amount, error) {
	for i, c := range p.share.counters {
		if c.from != 0 && at < c.from {
			continue
		}
		change, err := c.window(at).take(amount, p.limits[i])
		if err != nil {
			return amount, err
		}
		s.work.windows = append(s.work.windows, change)
		amount = change.passed
	}
	return amount, nil
}

// divide splits the cumulative amount among the payees, by largest remainder.
func (w *work) divide(p *sharePlan, amount money.Amount) ([]money.Amount, error) {
	from := len(w.split)
	var err error
	if len(p.parts) == 1 {
		w.split = append(w.split, amount)
	} else if w.split, err = money.AppendSplit(w.split, amount, p.parts, money.Scale); err != nil {
		return nil, err
	}
	return w.split[from:len(w.split):len(w.split)], nil
}
