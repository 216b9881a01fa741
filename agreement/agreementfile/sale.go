package agreementfile

import (
	"concord/agreement"
)

func (o *object) sale(s *agreement.Sale) {
	if v, ok := o.need("seller", "write seller: PARTY"); ok {
		s.Seller = v.id()
	}
	if v, ok := o.need("products", "write products: [OWNER/MODEL]"); ok {
		s.Products = v.match()
	}
	if v, ok := o.take("clouds"); ok {
		s.Clouds = v.idsOrAll()
	}
	if v, ok := o.need("price", "write price: {book: NAME}"); ok {
		v.price(s)
	}
	if v, ok := o.need("streams", `write streams: {license: "60%", cloud: "40%"}`); ok {
		s.Streams = v.streams()
	}
	s.Charge = agreement.Charge{Cut: agreement.ChargeDelivered, Cancelled: agreement.ChargeDelivered,
		Refused: agreement.ChargeNone, Failed: agreement.ChargeNone, Interrupted: agreement.ChargeNone}
	if v, ok := o.take("charge"); ok {
		v.charge(&s.Charge)
	}
}

func (v value) price(s *agreement.Sale) {
	o := v.object("a price")
	if o == nil {
		return
	}
	if v, ok := o.need("book", "write book: NAME of a price book"); ok {
		s.Book = v.id()
	}
	if v, ok := o.take("discount"); ok {
		s.Discount = v.rate()
	}
	if v, ok := o.take("tax"); ok {
		s.Tax = v.rate()
	}
	o.done()
}

func (v value) streams() (streams []agreement.Stream) {
	o := v.object("the streams of a price")
	if o == nil {
		return nil
	}
	for _, e := range o.entries { // in the file's order, which breaks ties of rounding
		if e.name != "license" && e.name != "cloud" {
			continue
		}
		if v, ok := o.take(e.name); ok {
			streams = append(streams, agreement.Stream{Name: e.name, Part: v.rate()})
		}
	}
	o.known = []string{"license", "cloud", "provenance"}
	o.done()
	return streams
}

func (v value) charge(c *agreement.Charge) {
	o := v.object("a charge")
	if o == nil {
		return
	}
	outcomes := []struct {
		name string
		to   *agreement.Charging
	}{{"cut", &c.Cut}, {"cancelled", &c.Cancelled}, {"refused", &c.Refused}, {"failed", &c.Failed}, {"interrupted", &c.Interrupted}}
	for _, out := range outcomes {
		if v, ok := o.take(out.name); ok {
			*out.to = word(v, agreement.ChargeNone, agreement.ChargeDelivered, agreement.ChargeReported)
		}
	}
	o.done()
}
