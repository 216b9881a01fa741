package agreementfile

import (
	"concord/agreement"
)

func (o *object) commitment(m *agreement.Commitment) {
	if v, ok := o.need("buyer", "write buyer: PARTY"); ok {
		m.Buyer = v.id()
	}
	if v, ok := o.need("seller", "write seller: PARTY"); ok {
		m.Seller = v.id()
	}
	if v, ok := o.need("amount", `write amount: "250000000000 USD"`); ok {
		m.Amount = v.amount()
	}
	if v, ok := o.take("window"); ok {
		if w := v.object("a window"); w != nil {
			if from, ok := w.take("from"); ok {
				m.WindowFrom = from.instant()
			}
			end, _ := w.oneEnd(false)
			m.WindowUntil = end.Until
			w.done()
		}
	}
	if v, ok := o.take("sub_windows"); ok {
		m.SubWindows = word(v, "year", "quarter", "month")
	}
	m.Counts.Amount = "cost"
	if v, ok := o.take("counts"); ok {
		m.Counts = v.counts()
	}
	if v, ok := o.take("shortfall"); ok {
		m.Shortfall = word(v, "invoice", "extend", "forfeit")
	}
	if v, ok := o.take("carry_over"); ok {
		m.CarryOver = v.bool()
	}
	if v, ok := o.take("prepaid"); ok {
		m.Prepaid = v.bool()
	}
}

func (v value) counts() agreement.Counts {
	c := agreement.Counts{Amount: "cost"}
	o := v.object("what counts")
	if o == nil {
		return c
	}
	if v, ok := o.take("amount"); ok {
		c.Amount = word(v, "cost", "charged")
	}
	if v, ok := o.take("streams"); ok && !v.all() {
		c.Streams = wordsOf(v, "license", "cloud")
	}
	if v, ok := o.take("clouds"); ok {
		c.Clouds = v.idsOrAll()
	}
	if v, ok := o.take("products"); ok && !v.all() {
		c.Products = v.match()
	}
	o.done()
	return c
}

func (o *object) milestone(m *agreement.Milestone) {
	if v, ok := o.need("name", "name what ends refer to, such as agi"); ok {
		m.Name = v.id()
	}
	if v, ok := o.take("declares"); ok {
		m.Declares = v.id()
	}
	if v, ok := o.take("verifies"); ok {
		m.Verifies = v.id()
	}
}
