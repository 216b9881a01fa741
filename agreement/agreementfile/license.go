package agreementfile

import (
	"concord/agreement"
)

func rights() []agreement.Right {
	return []agreement.Right{agreement.Host, agreement.Serve, agreement.FineTune, agreement.SubLicense}
}

func (o *object) license(l *agreement.License) {
	if v, ok := o.need("licensor", "write licensor: PARTY"); ok {
		l.Licensor = v.id()
	}
	if v, ok := o.need("licensee", "write licensee: PARTY"); ok {
		l.Licensee = v.id()
	}
	if v, ok := o.need("products", "write products: [OWNER/MODEL]"); ok {
		l.Products = v.match()
	}
	if v, ok := o.need("rights", "write rights: [host, serve]"); ok {
		l.Rights = wordsOf(v, rights()...)
	}
	if v, ok := o.take("clouds"); ok {
		l.Clouds = v.idsOrAll()
	}
	if v, ok := o.take("territory"); ok {
		l.Territory = v.territory()
	}
	if v, ok := o.need("exclusivity", "write exclusivity: non-exclusive, sole or exclusive"); ok {
		l.Exclusivity = word(v, agreement.Exclusive, agreement.Sole, agreement.NonExclusive)
	}
	if v, ok := o.take("reserved"); ok {
		l.Reserved = wordsOf(v, rights()...)
		if l.Exclusivity != agreement.Exclusive {
			v.report("reserved", "leave it out, or write exclusivity: exclusive", "rights are reserved in an exclusive license only; this one is %s", l.Exclusivity)
		}
	}
	if v, ok := o.take("fee"); ok {
		l.Fee = v.fee()
	}
}

func (v value) fee() *agreement.Fee {
	o := v.object("a fee")
	if o == nil {
		return nil
	}
	f := &agreement.Fee{Stream: "license", Prorate: "day"}
	if v, ok := o.need("amount", `write amount: "1000 USD"`); ok {
		f.Amount = v.amount()
	}
	if v, ok := o.need("per", "write per: month"); ok {
		f.Per = word(v, "month", "quarter", "year")
	}
	if v, ok := o.take("stream"); ok {
		f.Stream = word(v, "license", "cloud")
	}
	if v, ok := o.take("prorate"); ok {
		f.Prorate = word(v, "day", "none")
	}
	o.done()
	return f
}
