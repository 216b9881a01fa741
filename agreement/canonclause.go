package agreement

import "slices"

// encode returns the canonical bytes of a clause in force. The amendment that brought it is no part of it: an amendment that repeats a clause
// word for word changes nothing.
func (f InForce) encode() []byte {
	var w canonical
	w.str(1, f.Agreement.Name)
	w.str(2, KindOf(f.Clause))
	w.sub(3, func(w *canonical) { f.head(w) })
	w.sub(4, func(w *canonical) {
		switch k := f.Clause.(type) {
		case *Delivery:
			k.canonical(w)
		case *License:
			k.canonical(w)
		case *Sale:
			k.canonical(w)
		case *RevenueShare:
			k.canonical(w)
		case *Commitment:
			k.canonical(w)
		case *Milestone:
			k.canonical(w)
		}
	})
	return w.buf
}

func (f InForce) head(w *canonical) {
	h := f.Clause.Head()
	w.str(1, h.ID)
	w.str(2, string(f.Provenance("")))
	for _, p := range sortedBy(h.FieldProv, func(p FieldProvenance) string { return p.Field }) {
		w.sub(3, func(w *canonical) { w.str(1, p.Field); w.str(2, string(p.Provenance)) })
	}
	w.time(4, h.From)
	w.sub(5, h.End.canonical)
	w.int(6, int64(h.Priority))
	w.str(7, h.When)
	w.str(8, h.Retro)
	w.str(9, h.Continues)
	list(w, 10, h.Survives)
	w.time(11, f.Since)
	if b := h.Begin; b.Milestone != "" {
		w.sub(12, b.canonical)
	}
}

func (b *Begin) canonical(w *canonical) {
	w.str(1, b.Milestone)
	w.str(2, b.State)
	w.bool(3, b.Retro)
}

func (e *End) canonical(w *canonical) {
	w.time(1, e.Until)
	w.str(2, e.Milestone)
	w.str(3, e.State)
	for i := range e.FirstOf {
		w.sub(4, e.FirstOf[i].canonical)
	}
	w.bool(5, e.Perpetual)
	w.bool(6, e.Retro)
}

func (m *Match) canonical(w *canonical) {
	list(w, 1, slices.Sorted(slices.Values(m.Match)))
	list(w, 2, slices.Sorted(slices.Values(m.Except)))
}

func (t *Territory) canonical(w *canonical) {
	list(w, 1, slices.Sorted(slices.Values(t.Customer)))
	list(w, 2, slices.Sorted(slices.Values(t.Processing)))
}

func (d *Delivery) canonical(w *canonical) {
	w.sub(1, d.Products.canonical)
	list(w, 2, slices.Sorted(slices.Values(d.Customers)))
	list(w, 3, slices.Sorted(slices.Values(d.APIs)))
	list(w, 4, slices.Sorted(slices.Values(d.States)))
	w.str(5, d.Mode)
	for _, group := range d.Order {
		w.sub(6, func(w *canonical) { list(w, 1, group) })
	}
	w.str(7, d.Within.Rule)
	for _, share := range sortedBy(d.Within.Weights, func(of Weight) string { return of.Cloud }) {
		w.sub(8, func(w *canonical) { w.str(1, share.Cloud); w.int(2, share.Weight) })
	}
	w.str(9, d.Choice)
	if d.LeaveFor != nil {
		w.sub(10, func(w *canonical) { list(w, 1, slices.Sorted(slices.Values(d.LeaveFor))) })
	}
	if s := d.FirstShip; s != nil {
		w.sub(11, func(w *canonical) {
			w.str(1, s.Cloud)
			w.int(2, int64(s.LeadDays))
			w.str(3, s.Logic)
			list(w, 4, slices.Sorted(slices.Values(s.Exception)))
			w.str(5, s.AppliesTo)
		})
	}
	if r := d.Refusal; r != nil {
		w.sub(12, func(w *canonical) {
			w.str(1, r.Holder)
			w.str(2, r.For)
			w.int(3, int64(r.Window))
			w.str(4, r.Silence)
		})
	}
	w.sub(13, d.Territory.canonical)
}

func (l *License) canonical(w *canonical) {
	w.str(1, l.Licensor)
	w.str(2, l.Licensee)
	w.sub(3, l.Products.canonical)
	list(w, 4, slices.Sorted(slices.Values(l.Rights)))
	list(w, 5, slices.Sorted(slices.Values(l.Clouds)))
	w.sub(6, l.Territory.canonical)
	w.str(7, l.Exclusivity)
	list(w, 8, slices.Sorted(slices.Values(l.Reserved)))
	if f := l.Fee; f != nil {
		w.sub(9, func(w *canonical) {
			w.amount(1, f.Amount)
			w.str(2, f.Per)
			w.str(3, f.Stream)
			w.str(4, f.Prorate)
		})
	}
}

func (c *Sale) canonical(w *canonical) {
	w.str(1, c.Seller)
	w.sub(2, c.Products.canonical)
	list(w, 3, slices.Sorted(slices.Values(c.Clouds)))
	w.str(4, c.Book)
	w.rate(5, c.Discount)
	w.rate(6, c.Tax)
	for _, p := range c.Streams {
		w.sub(7, func(w *canonical) { w.str(1, p.Name); w.rate(2, p.Part) })
	}
	list(w, 8, []Charging{c.Charge.Cut, c.Charge.Cancelled, c.Charge.Refused, c.Charge.Failed, c.Charge.Interrupted})
}

func (c *RevenueShare) canonical(w *canonical) {
	w.str(1, c.Payer)
	for _, p := range c.Payees {
		w.sub(2, func(w *canonical) { w.str(1, p.Party); w.rate(2, p.Part) })
	}
	w.sub(3, c.Base.canonical)
	for _, d := range c.Deductions {
		w.sub(4, func(w *canonical) { list(w, 1, d.Of); w.rate(2, d.AtMost); w.str(3, d.Per) })
	}
	w.rate(5, c.Rate)
	if t := c.Tiers; t != nil {
		w.sub(6, func(w *canonical) {
			w.str(1, t.Mode)
			w.str(2, t.Reset)
			for _, s := range t.Steps {
				w.sub(3, func(w *canonical) { w.amount(1, s.UpTo); w.rate(2, s.Rate) })
			}
		})
	}
	for _, k := range c.Caps {
		w.sub(7, func(w *canonical) {
			w.amount(1, k.Amount)
			w.str(2, k.Per)
			w.time(3, k.CountsFrom)
			w.str(4, k.Excess)
		})
	}
	w.str(8, c.Overpaid)
	if g := c.Guarantee; g != nil {
		w.sub(9, func(w *canonical) {
			w.amount(1, g.Amount)
			w.str(2, g.Per)
			w.str(3, g.Due)
			w.bool(4, g.Recoupable)
			w.bool(5, g.CrossPeriod)
		})
	}
	w.str(10, c.Negative)
	w.bool(11, c.Stack)
	if f := c.Favoured; f != nil {
		w.sub(12, func(w *canonical) { list(w, 1, f.Peers); w.time(2, f.From) })
	}
	if x := c.FX; x != nil {
		w.sub(13, func(w *canonical) { w.str(1, x.Source); w.str(2, x.Moment) })
	}
}

func (b *Base) canonical(w *canonical) {
	w.str(1, b.RevenueOf)
	list(w, 2, slices.Sorted(slices.Values(b.From)))
	list(w, 3, slices.Sorted(slices.Values(b.ExceptFrom)))
	list(w, 4, slices.Sorted(slices.Values(b.Streams)))
	list(w, 5, slices.Sorted(slices.Values(b.Clouds)))
	w.sub(6, b.Products.canonical)
	w.str(7, b.Amount)
}

func (c *Commitment) canonical(w *canonical) {
	w.str(1, c.Buyer)
	w.str(2, c.Seller)
	w.amount(3, c.Amount)
	w.time(4, c.WindowFrom)
	w.time(5, c.WindowUntil)
	w.str(6, c.SubWindows)
	w.str(7, c.Counts.Amount)
	list(w, 8, slices.Sorted(slices.Values(c.Counts.Streams)))
	list(w, 9, slices.Sorted(slices.Values(c.Counts.Clouds)))
	w.sub(10, c.Counts.Products.canonical)
	w.str(11, c.Shortfall)
	w.bool(12, c.CarryOver)
	w.bool(13, c.Prepaid)
}

func (c *Milestone) canonical(w *canonical) {
	w.str(1, c.Name)
	w.str(2, c.Declares)
	w.str(3, c.Verifies)
}
