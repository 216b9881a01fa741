package ledger

import (
	"errors"
	"fmt"
	"slices"

	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// correction posts the difference between what a record was and what is now known of it, under the terms of the sale and on
// the day of the correction.
func (s *State) correction(at int64, c *journal.Correction) error {
	instant := instantOf(&c.Origin, at)
	switch c.What {
	case "cost":
		return s.correctCost(at, instant, c)
	case "price", "usage":
	case "void":
		if len(c.Now) > 0 {
			return errors.New("what is void has no price now")
		}
	case "terms":
		return s.trueUp(at, instant, c)
	default:
		return fmt.Errorf("it corrects %q: one of price, usage, cost, void and terms", c.What)
	}
	_, sold, err := s.origin(&c.Origin, instant)
	if err != nil {
		return err
	}
	change, err := s.repriced(sold, c)
	if err != nil {
		return err
	}
	if err := s.recharge(&c.Origin, change.price); err != nil {
		return err
	}
	if c.What == "price" {
		s.release(at, sold, c)
	}
	return s.flow(flow{sale: sold, streams: change.streams, at: instant, posted: at, kind: flowCorrection, of: c.Origin.Of}, change.price, change.tax)
}

// A repricing is by how much the price of a sale changes.
type repricing struct {
	price, tax money.Amount
	streams    []money.Amount
}

// repriced takes the sale apart as it was and as it is now: the difference of two roundings is not the rounding of the
// difference.
func (s *State) repriced(sold *salePlan, c *journal.Correction) (change repricing, err error) {
	was, err := s.priced(sold, c.Was)
	if err != nil {
		return change, err
	}
	now, err := s.priced(sold, c.Now)
	if err != nil {
		return change, err
	}
	if change.price, err = now.price.Sub(was.price); err != nil {
		return change, err
	}
	if change.tax, err = now.tax.Sub(was.tax); err != nil {
		return change, err
	}
	change.streams = now.streams
	for i := range change.streams {
		if change.streams[i], err = now.streams[i].Sub(was.streams[i]); err != nil {
			return change, err
		}
	}
	return change, nil
}

// priced takes a sale of priced lines apart as its clause does.
func (s *State) priced(sold *salePlan, lines []pricing.Line) (p repricing, err error) {
	if p.price, err = sum(lines); err != nil {
		return p, err
	}
	if p.tax, err = p.price.MulRate(sold.tax, money.HalfEven); err != nil {
		return p, err
	}
	p.streams, err = s.streamsOf(sold, p.price, nil)
	return p, err
}

// recharge keeps what the customer is charged now, so that no more than that is given back.
func (s *State) recharge(o *journal.Origin, change money.Amount) error {
	if o.Of == (journal.Ref{}) {
		return errors.New("it does not say which record it corrects")
	}
	g, ok := s.given[o.Of]
	if !ok {
		g.charged = o.Charged
	}
	var err error
	if g.charged, err = g.charged.Add(change); err != nil {
		return err
	}
	if g.charged.Cmp(g.back) < 0 {
		return fmt.Errorf("the sale would be %s %s, and %s of it were given back: correct it to no less", g.charged, o.Currency, g.back)
	}
	s.later(func() { s.given[o.Of] = g })
	return nil
}

// release takes usage that has a price now, and had none, out of suspense.
func (s *State) release(at int64, sold *salePlan, c *journal.Correction) {
	for class := usage.Input; class.Valid(); class++ {
		of := func(l pricing.Line) bool { return l.Class == class }
		if slices.ContainsFunc(c.Was, of) {
			continue
		}
		var tokens int64
		for _, l := range c.Now {
			if l.Class == class {
				tokens += l.Quantity
			}
		}
		s.put(at, sold.suspense[class][0], money.FromUnits(-tokens))
		s.put(at, sold.suspense[class][1], money.FromUnits(tokens))
	}
}

// correctCost posts the difference of what a cloud charges for an attempt.
func (s *State) correctCost(at, instant int64, c *journal.Correction) error {
	o := &c.Origin
	s.work.tx.Currency, s.work.tx.Customer = o.Currency, o.Customer
	if c.Holder == "" {
		return errors.New("it corrects a cost and does not name the account's holder")
	}
	plan, err := s.termsOf(o, instant)
	if err != nil {
		return err
	}
	was, err := sum(c.Was)
	if err != nil {
		return err
	}
	now, err := sum(c.Now)
	if err != nil {
		return err
	}
	change, err := now.Sub(was)
	if err != nil {
		return err
	}
	return s.charge(instant, at, plan, costKey{c.Holder, o.Seller, o.Cloud, o.Product, o.Currency}, change)
}

// trueUp takes what terms that were known then made of a sale back, and posts what the terms of its instant make of it as they
// are known now: the shares alone, for the sale stands as it was charged.
func (s *State) trueUp(at, instant int64, c *journal.Correction) error {
	_, then, err := s.origin(&c.Origin, instant)
	if err != nil {
		return err
	}
	plan, err := s.inForce(instant)
	if err != nil {
		return err
	}
	now, err := s.sale(plan, then.key)
	if err != nil {
		return err
	}
	charged, err := s.priced(then, c.Was)
	if err != nil {
		return err
	}
	back := make([]money.Amount, len(charged.streams))
	for i := range back {
		back[i] = charged.streams[i].Neg()
	}
	if err := s.accrueFlow(flow{sale: then, streams: back, at: instant, posted: at, kind: flowCorrection, of: c.Origin.Of}); err != nil {
		return err
	}
	if charged, err = s.priced(now, c.Was); err != nil {
		return err
	}
	if err := s.accrueFlow(flow{sale: now, streams: charged.streams, at: instant, posted: at, kind: flowCorrection, of: c.Origin.Of}); err != nil {
		return err
	}
	return s.work.combine()
}

// combine makes one posting of several to the same cell, so that a true-up posts the difference alone.
func (w *work) combine() error {
	all := w.posted[:0]
	for _, p := range w.posted {
		i := slices.IndexFunc(all, func(o posted) bool { return o.cell == p.cell })
		if i < 0 {
			all = append(all, p)
			continue
		}
		var err error
		if all[i].amount, err = all[i].amount.Add(p.amount); err != nil {
			return err
		}
	}
	w.posted = slices.DeleteFunc(all, func(p posted) bool { return p.amount.IsZero() })
	return nil
}
