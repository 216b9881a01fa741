package focus

import (
	"cmp"

	"concord/agreement"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// costKey is what all rows of the cost of an attempt have in common.
func (x *Exporter) costKey(s *Sold, i int) rowKey {
	r, t := s.Record, &s.Record.Attempts[i]
	at := start(s.Entry.Time, hour) // as the books have it
	operator, _ := s.Terms.Operator(t.Cloud)
	payer := agreement.CostPayer(operator, t.Holder, t.Seller)
	p := s.Places[i]
	k := rowKey{billing: month(at), start: at, end: at + hour, account: cmp.Or(p.Account, payer), accountName: cmp.Or(p.Account, payer), currency: r.Currency,
		category: Usage, frequency: "Usage-Based", host: t.Cloud, service: owner(s.Terms, r.Product), provider: partyName(s.Terms, operator),
		issuer: partyName(s.Terms, operator), serviceName: r.Product, terms: s.Terms.Hash().String(), product: r.Product, region: p.Region, stream: "cost"}
	if in, c, ok := s.Terms.Capacity(payer, operator, t.Cloud); ok {
		k.agreement, k.clause = in.Agreement.Name, c.ID
	}
	x.stand(&k, x.Closings.stand(k.agreement, payer, operator, s.Entry.Time, s.Came, false), s.Entry.Time)
	return k
}

// costDraws returns the commitments that the cost of an attempt counts to.
func (x *Exporter) costDraws(s *Sold, i int) []draw {
	t := &s.Record.Attempts[i]
	operator, _ := s.Terms.Operator(t.Cloud)
	return x.draws(s.Terms, agreement.CostPayer(operator, t.Holder, t.Seller), operator, t.Cloud, s.Record.Product, false)
}

func (x *Exporter) cost(s *Sold, i int, lines []pricing.Line) error {
	if len(lines) == 0 {
		return nil
	}
	k, draws := x.costKey(s, i), x.costDraws(s, i)
	for j := range lines {
		l, k := &lines[j], k
		list, err := l.Unit.MulInt(l.Quantity)
		if err != nil {
			return err
		}
		k.charge(l, s.Places[i].Model, s.Record.Attempts[i].Usage.Tier)
		applied, err := x.apply(draws, s.Entry.Time, "", l.Amount)
		if err != nil {
			return err
		}
		if err := x.add(k, l.Quantity, l.Amount, list, 1, applied...); err != nil {
			return err
		}
	}
	return nil
}

// charge names what a line of a cost is about.
func (k *rowKey) charge(l *pricing.Line, model string, tier usage.Tier) {
	k.meter, k.unit, k.list = meterOf(l.Class, tier), unitOf(l.Class), l.Unit
	k.sku = model + "/" + k.meter
	k.described(model + " " + k.meter)
}

// Correct takes what a later billing period says of a record: rows of class Correction, in the hour of the record and the month
// of the correction.
func (x *Exporter) Correct(c *Revision) error {
	var k rowKey
	var err error
	var streams []agreement.Stream
	var tax money.Rate
	var draws []draw
	var payer, payee string
	switch {
	case c.Attempt < 0 && x.view == Sales:
		served := &c.Record.Attempts[max(0, c.Record.Served)]
		payer, payee = c.Record.Customer, served.Seller
		var sale *agreement.Sale
		if k, sale, err = x.saleKey(&c.Sold); err != nil {
			return err
		}
		streams, tax = sale.Streams, sale.Tax
		draws = x.draws(c.Terms, c.Record.Customer, c.Record.Attempts[c.Record.Served].Seller, k.host, k.product, true)
	case c.Attempt >= 0 && x.view == Costs:
		t := &c.Record.Attempts[c.Attempt]
		payee, _ = c.Terms.Operator(t.Cloud)
		payer = agreement.CostPayer(payee, t.Holder, t.Seller)
		k, draws = x.costKey(&c.Sold, c.Attempt), x.costDraws(&c.Sold, c.Attempt)
		streams = []agreement.Stream{{Name: "cost", Part: money.Rate{Num: 1, Den: 1}}}
	default:
		return nil
	}
	k.billing, k.late = month(c.Entry.Time), false
	x.stand(&k, x.Closings.stand(k.agreement, payer, payee, c.Entry.Time, c.Came, false), c.Entry.Time)
	k.class, k.entry, k.late = Correction, c.Entry.ID, false
	for _, part := range []struct {
		lines []pricing.Line
		sign  bool
	}{{c.Was, true}, {c.Now, false}} {
		err := split(part.lines, streams, func(l *pricing.Line, stream string, cost, list money.Amount) error {
			if part.sign {
				cost, list = cost.Neg(), list.Neg()
			}
			k := k
			if c.Attempt >= 0 {
				k.charge(l, c.Places[c.Attempt].Model, c.Record.Attempts[c.Attempt].Usage.Tier)
			} else {
				k.usage(l, c.Record.Usage.Tier, stream)
			}
			k.list, k.unit = money.Amount{}, ""
			k.description = "Correction of " + k.description
			on := stream
			if c.Attempt >= 0 {
				on = "" // a cost has no streams
			}
			applied, err := x.apply(draws, c.Sold.Entry.Time, on, cost)
			if err != nil {
				return err
			}
			return x.add(k, 0, cost, list, 0, applied...)
		})
		if err != nil {
			return err
		}
	}
	return x.tax(k, c.Now, c.Was, tax)
}
