package ledger

import (
	"errors"
	"fmt"

	"concord/agreement"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// record posts the end of a request: the sale, what the clouds charge for each attempt, and what follows from both for
// commitments and shares. A record without priced lines, unpriced usage and costs moves nothing.
func (s *State) record(at int64, r *journal.Record, under *agreement.Terms) error {
	tx := &s.work.tx
	tx.Entry, tx.Currency, tx.Customer = r.Request.String(), r.Currency, r.Customer
	if !r.Held.IsZero() {
		if err := s.holdOf(at, r.Customer, r.Key, r.Currency, r.Held.Neg()); err != nil {
			return err
		}
	}
	if !moves(r) {
		return nil
	}
	var plan *termsPlan
	var err error
	if under != nil {
		plan, err = s.planOf(under)
	} else {
		plan, err = s.plan(r.Terms)
	}
	if err != nil {
		return err
	}
	var sold *salePlan
	if len(r.Lines) > 0 || len(r.Unpriced) > 0 {
		if sold, err = s.postSale(at, r, plan); err != nil {
			return err
		}
	}
	for i := range r.Attempts {
		if a := &r.Attempts[i]; len(a.Cost) > 0 {
			if err := s.postCost(at, r, a, plan); err != nil {
				return fmt.Errorf("attempt %d at %s: %w", i+1, a.Deployment, err)
			}
		}
	}
	if sold == nil {
		return nil
	}
	return s.accrueFlow(flow{sale: sold, streams: s.work.streams, at: at, posted: at})
}

// moves reports whether a record posts anything.
func moves(r *journal.Record) bool {
	if len(r.Lines) > 0 || len(r.Unpriced) > 0 {
		return true
	}
	for i := range r.Attempts {
		if len(r.Attempts[i].Cost) > 0 {
			return true
		}
	}
	return false
}

// postSale posts what the customer is charged. The streams of the price stay in work for the shares.
func (s *State) postSale(at int64, r *journal.Record, plan *termsPlan) (*salePlan, error) {
	if r.Served < 0 || r.Served >= len(r.Attempts) {
		return nil, errors.New("the customer is charged, but no attempt served")
	}
	served := &r.Attempts[r.Served]
	p, err := s.sale(plan, saleKey{served.Seller, r.Customer, r.Product, served.Cloud, r.Currency})
	if err != nil {
		return nil, err
	}
	price, err := sum(r.Lines)
	if err != nil {
		return nil, err
	}
	w := &s.work
	if w.streams, err = money.AppendSplit(w.streams[:0], price, p.parts, money.Scale); err != nil {
		return nil, fmt.Errorf("streams of clause %s: %w", p.clause.Clause.Head().ID, err)
	}
	w.aside = p.straddles(at)
	if err := s.postPrice(at, p, price); err != nil {
		return nil, err
	}
	for _, class := range r.Unpriced {
		if err := s.suspend(at, p, class, &r.Usage); err != nil {
			return nil, err
		}
	}
	for i := range p.draws {
		if err := s.drawSale(at, at, &p.draws[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// postPrice posts the charge to both books; the streams of its price are in work.
func (s *State) postPrice(at int64, p *salePlan, price money.Amount) error {
	tax, err := price.MulRate(p.tax, money.HalfEven)
	if err != nil {
		return err
	}
	return s.postCharge(at, p, price, tax)
}

// postCharge posts what a customer owes for a price and its tax to both books; the streams of the price are in work. What
// is given back is negative.
func (s *State) postCharge(posted int64, p *salePlan, price, tax money.Amount) error {
	charged, err := price.Add(tax)
	if err != nil {
		return err
	}
	s.put(posted, p.received, charged)
	for i, amount := range s.work.streams {
		if err := s.earn(posted, p.revenue[i], amount.Neg()); err != nil {
			return err
		}
	}
	if !tax.IsZero() {
		to, err := s.taxed(p)
		if err != nil {
			return err
		}
		s.put(posted, to, tax.Neg())
	}
	s.put(posted, p.used, charged)
	s.put(posted, p.owed, charged.Neg())
	return nil
}

// taxed returns where the tax of a sale stands; a clause without a tax has none until an invoice brings one.
func (s *State) taxed(p *salePlan) (spot, error) {
	if p.taxed.line == nil {
		at := p.received.line.Posting
		at.Account = TaxCollected
		var err error
		if p.taxed, err = s.spot(p.clause.Agreement, at, p.key.currency); err != nil {
			return spot{}, err
		}
	}
	return p.taxed, nil
}

// suspend notes usage that no price was found for: one unit a token, beside the money, until a price corrects it.
func (s *State) suspend(at int64, p *salePlan, class usage.Class, u *usage.Usage) error {
	if !class.Valid() {
		return fmt.Errorf("unpriced usage of unknown class %d", class)
	}
	tokens := money.FromUnits(u.Tokens[class])
	s.put(at, p.suspense[class][0], tokens)
	s.put(at, p.suspense[class][1], tokens.Neg())
	return nil
}

// drawSale draws a commitment by charge down: by the streams that count, tax apart.
func (s *State) drawSale(at, posted int64, d *draw) error {
	var amount money.Amount
	var err error
	for _, i := range d.streams {
		if amount, err = amount.Add(s.work.streams[i]); err != nil {
			return err
		}
	}
	return s.draw(at, posted, d, amount)
}

// draw draws a commitment down. Nothing bounds it: what is used above the amount is visible. One that extends its window when
// too little was bought is drawn after its end until the rest is.
func (s *State) draw(at, posted int64, d *draw, amount money.Amount) error {
	if at < d.from {
		return nil
	}
	if d.until != 0 && at >= d.until {
		if !d.extends {
			return nil
		}
		var err error
		if at, amount, err = d.rest(amount); err != nil {
			return err
		}
	}
	s.put(posted, d.used, amount)
	s.put(posted, d.open, amount.Neg())
	if d.parts == nil {
		return nil
	}
	return s.work.increase(&d.parts.window(at).in, amount)
}

// rest returns what of an amount after the end of a window still counts to it, and an instant of the last part.
func (d *draw) rest(amount money.Amount) (int64, money.Amount, error) {
	left := d.amount
	var err error
	for _, w := range d.parts.windows {
		if left, err = left.Sub(w.in); err != nil {
			return 0, left, err
		}
	}
	switch {
	case left.Sign() <= 0 && amount.Sign() > 0:
		amount = money.Amount{}
	case amount.Cmp(left) > 0:
		amount = left
	}
	return d.until - 1, amount, nil
}

func (s *State) postCost(at int64, r *journal.Record, a *journal.Tried, plan *termsPlan) error {
	amount, err := sum(a.Cost)
	if err != nil {
		return err
	}
	return s.charge(at, at, plan, costKey{a.Holder, a.Seller, a.Cloud, r.Product, r.Currency}, amount)
}

// charge posts what a cloud charges for an attempt, to both books.
func (s *State) charge(at, posted int64, plan *termsPlan, k costKey, amount money.Amount) error {
	p, err := s.cost(plan, k)
	if err != nil {
		return err
	}
	s.put(posted, p.cost, amount)
	s.put(posted, p.owed, amount.Neg())
	s.put(posted, p.received, amount)
	s.put(posted, p.revenue, amount.Neg())
	for i := range p.draws {
		if err := s.draw(at, posted, &p.draws[i], amount); err != nil {
			return err
		}
	}
	return nil
}

// sum adds priced lines up.
func sum(lines []pricing.Line) (total money.Amount, err error) {
	for i := range lines {
		if total, err = total.Add(lines[i].Amount); err != nil {
			return total, err
		}
	}
	return total, nil
}
