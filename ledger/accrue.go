package ledger

import (
	"cmp"

	"concord/money"
)

// bring adds up what a flow, and the shares accrued for it so far, bring to a share: to its base, or to what is deducted
// from it. A refund lowers the base once: as a deduction where the clause deducts refunds, as a negative base otherwise.
func (s *State) bring(p *sharePlan, f *flow) (b brought, err error) {
	b.group = -1
	for _, i := range p.streams {
		if b.base, err = b.base.Add(f.streams[i]); err != nil {
			return b, err
		}
	}
	switch f.kind {
	case flowRefund:
		if g := p.deducts(ofRefunds); g >= 0 {
			b = brought{deducted: b.base.Neg(), group: g}
		}
	case flowCredit:
		g := p.deducts(ofCredits)
		b = brought{deducted: b.base.Neg(), group: g}
		if g < 0 { // a credit note lowers a base only where the clause says so
			b.deducted = money.Amount{}
		}
	case flowFee:
		if p.off >= 0 {
			b = brought{deducted: b.base, group: p.off}
		}
	case flowSale, flowCorrection:
	}
	if p.fx != nil {
		if err := s.convert(p, f.at, &b); err != nil {
			return b, err
		}
	} else {
		b.shown = b.base
	}
	for _, i := range p.feeds {
		var err1, err2 error
		b.base, err1 = b.base.Add(s.work.owed[i])
		b.shown, err2 = b.shown.Add(s.work.owed[i])
		if err := cmp.Or(err1, err2); err != nil {
			return b, err
		}
	}
	return b, nil
}

// accrueShare accrues one share: what it is taken of after deductions; the rate on the cumulative base, rounded towards
// zero, less what it came to before; then the caps; then what periods below zero come to; then the split among payees.
func (s *State) accrueShare(f *flow, p *sharePlan, b *brought) error {
	w := &s.work
	base, err := b.base, error(nil)
	if p.retro {
		if err := s.book(f, p, b); err != nil {
			return err
		}
	}
	if len(p.groups) > 0 {
		if base, err = s.net(f.at, p, b); err != nil {
			return err
		}
	}
	if err := s.setAside(f, p, base, b); err != nil {
		return err
	}
	seg := p.at(f.at)
	change := totals{base: base}
	if change.uncapped, err = p.grown(seg, base); err != nil {
		return err
	}
	if p.carries {
		change.capped, err = s.carried(f.at, p, change.uncapped)
	} else {
		change.capped, err = s.capped(f.at, p, change.uncapped)
	}
	if err != nil {
		return err
	}
	if err := w.grow(&p.share.life, change); err != nil {
		return err
	}
	if err := w.grow(&seg.totals, change); err != nil {
		return err
	}
	if p.floors {
		if err := s.lift(f, p, seg, change.capped); err != nil {
			return err
		}
	}
	if err := s.oweShare(f, p, seg); err != nil {
		return err
	}
	above, err := change.uncapped.Sub(change.capped)
	if err != nil {
		return err
	}
	s.put(f.posted, p.above[0], above)
	s.put(f.posted, p.above[1], above.Neg())
	return nil
}

// grown returns by how much a segment's share grows with its base.
func (p *sharePlan) grown(seg *segment, base money.Amount) (money.Amount, error) {
	now, err := seg.base.Add(base)
	if err != nil {
		return now, err
	}
	rated, err := p.rated(now)
	if err != nil {
		return now, err
	}
	return rated.Sub(seg.uncapped)
}

// oweShare posts to each payee its part of what a segment comes to, less what was posted before.
func (s *State) oweShare(f *flow, p *sharePlan, seg *segment) error {
	w := &s.work
	whole, err := seg.capped.Add(seg.lift)
	if err != nil {
		return err
	}
	paid, err := w.divide(p, whole)
	if err != nil {
		return err
	}
	if p.share.earned != nil {
		more, err := whole.Sub(seg.due)
		if err != nil {
			return err
		}
		w.set(&seg.due, whole)
		if err := w.increase(&p.share.earned.window(f.at).in, more); err != nil {
			return err
		}
	}
	for i := range p.payees {
		to := &p.payees[i]
		owed, err := paid[i].Sub(seg.paid[i])
		if err != nil {
			return err
		}
		w.set(&seg.paid[i], paid[i])
		if p.keeps {
			if owed, err = s.keep(p, to, owed); err != nil {
				return err
			}
		}
		if err := w.increase(&to.totals.owed, owed); err != nil {
			return err
		}
		w.owed[p.first+i] = owed
		if err := s.owe(f.posted, to, owed); err != nil {
			return err
		}
	}
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
func (s *State) owe(at int64, to *payeePlan, amount money.Amount) error {
	s.put(at, to.cost, amount)
	s.put(at, to.owed, amount.Neg())
	s.put(at, to.received, amount)
	return s.earn(at, to.revenue, amount.Neg())
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
