package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"concord/journal"
	"concord/money"
)

// given is what was given back of a sale. It is kept for sales that something was given back of, or that were corrected, for
// invoices with a tax of their own, and for no others.
type given struct {
	charged money.Amount // without tax, as it stands after corrections
	back    money.Amount // by refunds and credits, without tax
	tax     money.Amount // of an invoice, as it states it
}

// giveBack notes that an amount of a sale is given back, and refuses what is more than the customer was charged. Without a
// single sale there is nothing to hold it to.
func (s *State) giveBack(o *journal.Origin, amount money.Amount) error {
	if o.Of == (journal.Ref{}) {
		return nil
	}
	g, ok := s.given[o.Of]
	if !ok {
		g.charged = o.Charged
	}
	var err error
	before := g.back
	if g.back, err = g.back.Add(amount); err != nil {
		return err
	}
	if g.back.Cmp(g.charged) > 0 {
		return fmt.Errorf("%s %s would be given back of a sale of %s, of which %s was given back already: give back what is left, at most",
			amount, o.Currency, g.charged, before)
	}
	s.later(func() { s.given[o.Of] = g })
	return nil
}

// later keeps a change of the state until the entry is posted.
func (s *State) later(change func()) { s.work.changes = append(s.work.changes, change) }

// refund gives back what a sale charged, in part or whole, under the terms of the sale and on the day of the refund.
func (s *State) refund(at int64, r *journal.Refund) error {
	if err := positive("refund", r.Amount, r.Tax); err != nil {
		return err
	}
	return s.back(at, &r.Origin, r.Amount, r.Tax, r.Streams, flowRefund)
}

// back posts the reverse of a sale.
func (s *State) back(at int64, o *journal.Origin, amount, tax money.Amount, streams []journal.StreamAmount, kind flowKind) error {
	if err := s.giveBack(o, amount); err != nil {
		return err
	}
	instant := instantOf(o, at)
	_, sold, err := s.origin(o, instant)
	if err != nil {
		return err
	}
	if kind == flowCredit {
		if tax, err = s.creditedTax(o, sold, amount); err != nil {
			return err
		}
	}
	parts, err := s.streamsOf(sold, amount, streams)
	if err != nil {
		return err
	}
	for i := range parts {
		parts[i] = parts[i].Neg()
	}
	return s.flow(flow{sale: sold, streams: parts, at: instant, posted: at, kind: kind, of: o.Of}, amount.Neg(), tax.Neg())
}

// creditedTax returns the tax that belongs to a credit note: of an invoice its part of the tax that the invoice states, of other
// sales what their clause charges on it. It is the difference of what belongs to all that is given back, so that parts come to
// the whole.
func (s *State) creditedTax(o *journal.Origin, sold *salePlan, amount money.Amount) (tax money.Amount, err error) {
	if o.Of == (journal.Ref{}) {
		return amount.MulRate(sold.tax, money.HalfEven)
	}
	g := s.given[o.Of]
	after, err := g.back.Add(amount)
	if err != nil {
		return tax, err
	}
	of := func(back money.Amount) (money.Amount, error) { return back.MulRate(sold.tax, money.HalfEven) }
	if o.Of.Kind == journal.KindInvoice {
		of = func(back money.Amount) (money.Amount, error) {
			if g.tax.IsZero() || g.charged.IsZero() {
				return g.tax, nil
			}
			return g.tax.PartOf(back, g.charged)
		}
	}
	whole, err1 := of(after)
	before, err2 := of(g.back)
	if err := cmp.Or(err1, err2); err != nil {
		return tax, fmt.Errorf("tax of the credit: %w", err)
	}
	return whole.Sub(before)
}

// flow posts a signed amount of a sale: what the customer owes for it, what it draws of commitments, and what it makes of
// shares.
func (s *State) flow(f flow, amount, tax money.Amount) error {
	s.work.streams, s.work.aside = append(s.work.streams[:0], f.streams...), f.isAside()
	if err := s.postCharge(f.posted, f.sale, amount, tax); err != nil {
		return err
	}
	for i := range f.sale.draws {
		if err := s.drawSale(f.at, f.posted, &f.sale.draws[i]); err != nil {
			return err
		}
	}
	return s.accrueFlow(f)
}

// streamsOf splits an amount by the streams of a sale's clause: as they are given, or as the clause splits.
func (s *State) streamsOf(sold *salePlan, amount money.Amount, streams []journal.StreamAmount) ([]money.Amount, error) {
	id := sold.clause.Clause.Head().ID
	if len(streams) == 0 {
		parts, err := money.Split(amount, sold.parts, money.Scale)
		if err != nil {
			return nil, fmt.Errorf("streams of clause %s: %w", id, err)
		}
		return parts, nil
	}
	parts := make([]money.Amount, len(sold.revenue))
	var sum money.Amount
	for _, given := range streams {
		i := sold.stream(given.Stream)
		if i < 0 {
			return nil, fmt.Errorf("clause %s has no stream %q: it has %s", id, given.Stream, strings.Join(sold.streamNames(), ", "))
		}
		var err error
		if parts[i], err = parts[i].Add(given.Amount); err != nil {
			return nil, err
		}
		if sum, err = sum.Add(given.Amount); err != nil {
			return nil, err
		}
	}
	if sum != amount {
		return nil, fmt.Errorf("its streams sum to %s, not to %s", sum, amount)
	}
	return parts, nil
}

// stream returns the index of a stream; -1 = there is none.
func (p *salePlan) stream(name string) int {
	for i := range p.revenue {
		if p.revenue[i].line.Stream == name {
			return i
		}
	}
	return -1
}

func (p *salePlan) streamNames() []string {
	names := make([]string, len(p.revenue))
	for i := range p.revenue {
		names[i] = p.revenue[i].line.Stream
	}
	return names
}

// positive refuses amounts that would turn an entry into its opposite.
func positive(what string, amount, tax money.Amount) error {
	switch {
	case amount.Sign() <= 0:
		return fmt.Errorf("a %s of %s: its amount is more than zero", what, amount)
	case tax.Sign() < 0:
		return fmt.Errorf("a %s with a tax of %s: tax is zero or more", what, tax)
	}
	return nil
}

// invoice posts a sale that no gateway metered, on the day on which it was earned.
func (s *State) invoice(at int64, v *journal.Invoice) error {
	if err := positive("invoice", v.Amount, v.Tax); err != nil {
		return fmt.Errorf("%w; what is given back is a refund or a credit", err)
	}
	if v.Origin.Of != (journal.Ref{}) {
		return errors.New("an invoice is a sale of its own: it points at no other")
	}
	instant := instantOf(&v.Origin, at)
	_, sold, err := s.origin(&v.Origin, instant)
	if err != nil {
		return err
	}
	parts, err := s.streamsOf(sold, v.Amount, v.Streams)
	if err != nil {
		return err
	}
	if !v.Tax.IsZero() { // a credit note gives its part of it back
		of := s.work.of
		s.later(func() { s.given[of] = given{charged: v.Amount, tax: v.Tax} })
	}
	return s.flow(flow{sale: sold, streams: parts, at: instant, posted: instant, kind: flowSale}, v.Amount, v.Tax)
}
