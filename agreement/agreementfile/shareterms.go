package agreementfile

import (
	"fmt"

	"concord/agreement"
)

func (v value) deductions() (ds []agreement.Deduction) {
	for _, item := range v.items("{of: [tax]}") {
		o := item.object("a deduction")
		if o == nil {
			continue
		}
		var d agreement.Deduction
		if v, ok := o.need("of", "write of: [tax]"); ok {
			d.Of = wordsOf(v, "tax", "refunds", "credits", "marketplace-fee")
		}
		if v, ok := o.take("at_most"); ok {
			d.AtMost = v.rate()
		}
		if v, ok := o.take("per"); ok {
			d.Per = word(v, "period", "month", "quarter", "year")
		}
		o.done()
		ds = append(ds, d)
	}
	return ds
}

func (v value) tiers() *agreement.Tiers {
	o := v.object("tiers")
	if o == nil {
		return nil
	}
	t := &agreement.Tiers{}
	if v, ok := o.need("mode", "write mode: marginal, or mode: whole"); ok {
		t.Mode = word(v, "marginal", "whole")
	}
	if v, ok := o.need("reset", "write reset: year"); ok {
		t.Reset = word(v, "year", "quarter", "month", "never")
	}
	if v, ok := o.need("steps", `write steps: [{up_to: "1000", rate: "20%"}, {rate: "10%"}]`); ok {
		for _, item := range v.items(`{up_to: "1000", rate: "20%"}`) {
			if s := item.object("a step"); s != nil {
				t.Steps = append(t.Steps, s.step())
			}
		}
	}
	o.done()
	return t
}

func (o *object) step() (s agreement.Step) {
	if v, ok := o.take("up_to"); ok {
		if number, ok := v.quoted("an amount", "1000"); ok {
			s.UpTo = v.parseAmount(number, fmt.Sprintf("write %q", "1000"))
		}
	}
	if v, ok := o.need("rate", `write rate: "20%"`); ok {
		s.Rate = v.rate()
	}
	o.done()
	return s
}

func (v value) guarantee() *agreement.Guarantee {
	o := v.object("a guarantee")
	if o == nil {
		return nil
	}
	g := &agreement.Guarantee{}
	if v, ok := o.need("amount", `write amount: "1000 USD"`); ok {
		g.Amount = v.amount()
	}
	if v, ok := o.need("per", "write per: year"); ok {
		g.Per = word(v, "month", "quarter", "year", "total")
	}
	if v, ok := o.take("due"); ok {
		g.Due = word(v, "start", "end")
	}
	if v, ok := o.take("recoupable"); ok {
		g.Recoupable = v.bool()
	}
	if v, ok := o.take("cross_period"); ok {
		g.CrossPeriod = v.bool()
	}
	o.done()
	return g
}

func (v value) favoured() *agreement.Favoured {
	o := v.object("a most-favoured term")
	if o == nil {
		return nil
	}
	f := &agreement.Favoured{}
	if v, ok := o.need("peers", "write peers: [PARTY]"); ok {
		f.Peers = v.ids()
	}
	if v, ok := o.take("from"); ok {
		f.From = v.instant()
	}
	o.done()
	return f
}

func (v value) fx() *agreement.FX {
	o := v.object("a conversion")
	if o == nil {
		return nil
	}
	x := &agreement.FX{}
	if v, ok := o.need("source", "write source: NAME of the rates"); ok {
		x.Source = v.id()
	}
	if v, ok := o.need("moment", "write moment: event-day"); ok {
		x.Moment = word(v, "event-day", "month-average", "period-end")
	}
	o.done()
	return x
}
