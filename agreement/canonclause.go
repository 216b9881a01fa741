package agreement

import "slices"

// canonical writes a clause in force. The amendment that brought it is no part of it: an amendment that repeats a clause
// word for word changes nothing.
func (f InForce) canonical(c *canonical) {
	c.str(1, f.Agreement.Name)
	c.str(2, KindOf(f.Clause))
	c.sub(3, func(c *canonical) { f.head(c) })
	c.sub(4, func(c *canonical) {
		switch k := f.Clause.(type) {
		case *Delivery:
			k.canonical(c)
		case *License:
			k.canonical(c)
		case *Sale:
			k.canonical(c)
		case *RevenueShare:
			k.canonical(c)
		case *Commitment:
			k.canonical(c)
		case *Milestone:
			k.canonical(c)
		}
	})
}

func (f InForce) head(c *canonical) {
	h := f.Clause.Head()
	c.str(1, h.ID)
	c.str(2, string(f.Provenance("")))
	for _, p := range sortedBy(h.FieldProv, func(p FieldProvenance) string { return p.Field }) {
		c.sub(3, func(c *canonical) { c.str(1, p.Field); c.str(2, string(p.Provenance)) })
	}
	c.time(4, h.From)
	c.sub(5, h.End.canonical)
	c.int(6, int64(h.Priority))
	c.str(7, h.When)
	c.str(8, h.Retro)
	c.str(9, h.Continues)
	list(c, 10, h.Survives)
	c.time(11, f.Since)
}

func (e *End) canonical(c *canonical) {
	c.time(1, e.Until)
	c.str(2, e.Milestone)
	c.str(3, e.State)
	for i := range e.FirstOf {
		c.sub(4, e.FirstOf[i].canonical)
	}
	c.bool(5, e.Perpetual)
	c.bool(6, e.Retro)
}

func (m *Match) canonical(c *canonical) {
	list(c, 1, slices.Sorted(slices.Values(m.Match)))
	list(c, 2, slices.Sorted(slices.Values(m.Except)))
}

func (t *Territory) canonical(c *canonical) {
	list(c, 1, slices.Sorted(slices.Values(t.Customer)))
	list(c, 2, slices.Sorted(slices.Values(t.Processing)))
}

func (d *Delivery) canonical(c *canonical) {
	c.sub(1, d.Products.canonical)
	list(c, 2, slices.Sorted(slices.Values(d.Customers)))
	list(c, 3, slices.Sorted(slices.Values(d.APIs)))
	list(c, 4, slices.Sorted(slices.Values(d.States)))
	c.str(5, d.Mode)
	for _, group := range d.Order {
		c.sub(6, func(c *canonical) { list(c, 1, group) })
	}
	c.str(7, d.Within.Rule)
	for _, w := range sortedBy(d.Within.Weights, func(w Weight) string { return w.Cloud }) {
		c.sub(8, func(c *canonical) { c.str(1, w.Cloud); c.int(2, w.Weight) })
	}
	c.str(9, d.Choice)
	if d.LeaveFor != nil {
		c.sub(10, func(c *canonical) { list(c, 1, slices.Sorted(slices.Values(d.LeaveFor))) })
	}
	if s := d.FirstShip; s != nil {
		c.sub(11, func(c *canonical) {
			c.str(1, s.Cloud)
			c.int(2, int64(s.LeadDays))
			c.str(3, s.Logic)
			list(c, 4, slices.Sorted(slices.Values(s.Exception)))
			c.str(5, s.AppliesTo)
		})
	}
	if r := d.Refusal; r != nil {
		c.sub(12, func(c *canonical) {
			c.str(1, r.Holder)
			c.str(2, r.For)
			c.int(3, int64(r.Window))
			c.str(4, r.Silence)
		})
	}
	c.sub(13, d.Territory.canonical)
}

func (l *License) canonical(c *canonical) {
	c.str(1, l.Licensor)
	c.str(2, l.Licensee)
	c.sub(3, l.Products.canonical)
	list(c, 4, slices.Sorted(slices.Values(l.Rights)))
	list(c, 5, slices.Sorted(slices.Values(l.Clouds)))
	c.sub(6, l.Territory.canonical)
	c.str(7, l.Exclusivity)
	list(c, 8, slices.Sorted(slices.Values(l.Reserved)))
	if f := l.Fee; f != nil {
		c.sub(9, func(c *canonical) {
			c.amount(1, f.Amount)
			c.str(2, f.Per)
			c.str(3, f.Stream)
			c.str(4, f.Prorate)
		})
	}
}

func (s *Sale) canonical(c *canonical) {
	c.str(1, s.Seller)
	c.sub(2, s.Products.canonical)
	list(c, 3, slices.Sorted(slices.Values(s.Clouds)))
	c.str(4, s.Book)
	c.rate(5, s.Discount)
	c.rate(6, s.Tax)
	for _, p := range s.Streams {
		c.sub(7, func(c *canonical) { c.str(1, p.Name); c.rate(2, p.Part) })
	}
	list(c, 8, []Charging{s.Charge.Cut, s.Charge.Cancelled, s.Charge.Refused, s.Charge.Failed, s.Charge.Interrupted})
}

func (r *RevenueShare) canonical(c *canonical) {
	c.str(1, r.Payer)
	for _, p := range r.Payees {
		c.sub(2, func(c *canonical) { c.str(1, p.Party); c.rate(2, p.Part) })
	}
	c.sub(3, r.Base.canonical)
	for _, d := range r.Deductions {
		c.sub(4, func(c *canonical) { list(c, 1, d.Of); c.rate(2, d.AtMost); c.str(3, d.Per) })
	}
	c.rate(5, r.Rate)
	if t := r.Tiers; t != nil {
		c.sub(6, func(c *canonical) {
			c.str(1, t.Mode)
			c.str(2, t.Reset)
			for _, s := range t.Steps {
				c.sub(3, func(c *canonical) { c.amount(1, s.UpTo); c.rate(2, s.Rate) })
			}
		})
	}
	for _, k := range r.Caps {
		c.sub(7, func(c *canonical) {
			c.amount(1, k.Amount)
			c.str(2, k.Per)
			c.time(3, k.CountsFrom)
			c.str(4, k.Excess)
		})
	}
	c.str(8, r.Overpaid)
	if g := r.Guarantee; g != nil {
		c.sub(9, func(c *canonical) {
			c.amount(1, g.Amount)
			c.str(2, g.Per)
			c.str(3, g.Due)
			c.bool(4, g.Recoupable)
			c.bool(5, g.CrossPeriod)
		})
	}
	c.str(10, r.Negative)
	c.bool(11, r.Stack)
	if f := r.Favoured; f != nil {
		c.sub(12, func(c *canonical) { list(c, 1, f.Peers); c.time(2, f.From) })
	}
	if x := r.FX; x != nil {
		c.sub(13, func(c *canonical) { c.str(1, x.Source); c.str(2, x.Moment) })
	}
}

func (b *Base) canonical(c *canonical) {
	c.str(1, b.RevenueOf)
	list(c, 2, slices.Sorted(slices.Values(b.From)))
	list(c, 3, slices.Sorted(slices.Values(b.ExceptFrom)))
	list(c, 4, slices.Sorted(slices.Values(b.Streams)))
	list(c, 5, slices.Sorted(slices.Values(b.Clouds)))
	c.sub(6, b.Products.canonical)
	c.str(7, b.Amount)
}

func (m *Commitment) canonical(c *canonical) {
	c.str(1, m.Buyer)
	c.str(2, m.Seller)
	c.amount(3, m.Amount)
	c.time(4, m.WindowFrom)
	c.time(5, m.WindowUntil)
	c.str(6, m.SubWindows)
	c.str(7, m.Counts.Amount)
	list(c, 8, slices.Sorted(slices.Values(m.Counts.Streams)))
	list(c, 9, slices.Sorted(slices.Values(m.Counts.Clouds)))
	c.sub(10, m.Counts.Products.canonical)
	c.str(11, m.Shortfall)
	c.bool(12, m.CarryOver)
	c.bool(13, m.Prepaid)
}

func (m *Milestone) canonical(c *canonical) {
	c.str(1, m.Name)
	c.str(2, m.Declares)
	c.str(3, m.Verifies)
}
