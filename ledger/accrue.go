package ledger

import "concord/money"

// base adds up what the sale, and the shares accrued for it so far, bring to a share's base.
func (w *work) base(p *sharePlan, streams []money.Amount) (base money.Amount, err error) {
	for _, i := range p.streams {
		if base, err = base.Add(streams[i]); err != nil {
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
func (s *State) accrueShare(f *flow, p *sharePlan, base money.Amount) error {
	seg := p.at(f.at)
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
	capped, err := s.capped(f.at, p, uncapped)
	if err != nil {
		return err
	}
	change := totals{base, uncapped, capped}
	if err := s.work.grow(&p.share.life, change); err != nil {
		return err
	}
	if err := s.work.grow(&seg.totals, change); err != nil {
		return err
	}
	paid, err := s.work.divide(p, seg.capped)
	if err != nil {
		return err
	}
	for i := range p.payees {
		owed, err := paid[i].Sub(seg.paid[i])
		if err != nil {
			return err
		}
		s.work.set(&seg.paid[i], paid[i])
		s.work.owed[p.first+i] = owed
		s.owe(f.posted, &p.payees[i], owed)
	}
	above, err := uncapped.Sub(capped)
	if err != nil {
		return err
	}
	s.put(f.posted, p.above[0], above)
	s.put(f.posted, p.above[1], above.Neg())
	return nil
}

// grow adds a change to totals.
func (w *work) grow(t *totals, change totals) error {
	now, err := t.add(change)
	if err != nil {
		return err
	}
	w.set(&t.base, now.base)
	w.set(&t.uncapped, now.uncapped)
	w.set(&t.capped, now.capped)
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
		var err error
		if amount, err = s.work.take(c.window(at), amount, p.limits[i]); err != nil {
			return amount, err
		}
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
