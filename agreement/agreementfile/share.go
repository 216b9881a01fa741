package agreementfile

import (
	"concord/agreement"
	"concord/money"
)

func (o *object) share(s *agreement.RevenueShare) {
	if v, ok := o.need("payer", "write payer: PARTY"); ok {
		s.Payer = v.id()
	}
	s.Payees = o.payees()
	if v, ok := o.take("base"); ok {
		s.Base = v.base()
	}
	if v, ok := o.take("deductions"); ok {
		s.Deductions = v.deductions()
	}
	if v, ok := o.take("rate"); ok {
		s.Rate = v.rate()
	}
	if v, ok := o.take("tiers"); ok {
		if s.Tiers = v.tiers(); !s.Rate.IsZero() {
			v.report("said-twice", "keep rate, or tiers with a rate for each step", "%s has tiers beside its rate", o.what)
		}
	}
	if v, ok := o.take("caps"); ok {
		for _, item := range v.items(`{amount: "1000 USD", per: total}`) {
			if c := item.object("a cap"); c != nil {
				s.Caps = append(s.Caps, c.cap())
			}
		}
	}
	if v, ok := o.take("overpaid"); ok {
		s.Overpaid = word(v, "credit", "keep")
	}
	if v, ok := o.take("guarantee"); ok {
		s.Guarantee = v.guarantee()
	}
	s.Negative = "carry"
	if v, ok := o.take("negative"); ok {
		s.Negative = word(v, "carry", "floor", "pay_back")
	}
	if v, ok := o.take("stack"); ok {
		s.Stack = v.bool()
	}
	if v, ok := o.take("favoured"); ok {
		s.Favoured = v.favoured()
	}
	if v, ok := o.take("fx"); ok {
		s.FX = v.fx()
	}
}

// payees reads payee: PARTY, or payees: {a: "50%", b: "50%"} in the file's order, which breaks ties of rounding.
func (o *object) payees() (payees []agreement.Payee) {
	one, single := o.take("payee")
	several, split := o.take("payees")
	switch {
	case single && split:
		several.report("said-twice", "keep payee, or payees with their parts", "%s has payees beside payee", o.what)
	case single:
		return []agreement.Payee{{Party: one.id(), Part: money.Rate{Num: 1, Den: 1}}}
	case split:
		parts := several.object("payees")
		if parts == nil {
			return nil
		}
		for _, e := range parts.entries {
			if e.name == "provenance" {
				continue
			}
			if v, ok := parts.take(e.name); ok {
				payees = append(payees, agreement.Payee{Party: e.name, Part: v.rate()})
			}
		}
	default:
		o.r.report("missing-field", o.pos, "write payee: PARTY", "%s has no %q", o.what, "payee")
	}
	return payees
}

func (v value) base() (b agreement.Base) {
	b.Amount = "gross"
	o := v.object("a base")
	if o == nil {
		return b
	}
	if v, ok := o.need("revenue_of", "write revenue_of: PARTY"); ok {
		b.RevenueOf = v.id()
	}
	if v, ok := o.need("from", "write from: [sales], [shares] or both"); ok {
		b.From = wordsOf(v, "sales", "shares", "fees")
	}
	if v, ok := o.take("except_from"); ok {
		b.ExceptFrom = v.ids()
	}
	if v, ok := o.take("streams"); ok && !v.all() {
		b.Streams = wordsOf(v, "license", "cloud")
	}
	if v, ok := o.take("clouds"); ok {
		b.Clouds = v.idsOrAll()
	}
	if v, ok := o.take("products"); ok && !v.all() {
		b.Products = v.match()
	}
	if v, ok := o.take("amount"); ok {
		b.Amount = word(v, "gross", "net")
	}
	o.done()
	return b
}

func (o *object) cap() (c agreement.Cap) {
	c.Excess = "lost"
	if v, ok := o.need("amount", `write amount: "1000 USD"`); ok {
		c.Amount = v.amount()
	}
	if v, ok := o.need("per", "write per: total, year, quarter, month or day"); ok {
		c.Per = word(v, "day", "month", "quarter", "year", "total")
	}
	if v, ok := o.take("counts_from"); ok {
		c.CountsFrom = v.instant()
	}
	if v, ok := o.take("excess"); ok {
		c.Excess = word(v, "lost", "carry")
	}
	o.done()
	return c
}
