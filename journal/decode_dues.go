package journal

import (
	"math"

	"concord/money"
)

// decodeDue reads a body of dues.go; nil if the kind is none of them. The result is fresh memory even for a Decoder that reuses
// its own: these kinds are few.
func decodeDue(r *reader, kind Kind) Body {
	switch kind {
	case KindFact:
		return &Fact{Agreement: r.text("agreement"), Text: append([]byte(nil), r.field("text")...)}
	case KindRate:
		return &Rate{Source: r.text("source"), From: money.Currency(r.text("from")), To: money.Currency(r.text("to")), At: r.time("at"), Value: r.ratio("value")}
	case KindRefund:
		return &Refund{Origin: r.origin(), Amount: r.amount("amount"), Streams: r.streams(), Tax: r.amount("tax"), Reason: r.unique("reason")}
	case KindCredit:
		return &Credit{Origin: r.origin(), Agreement: r.text("agreement"), Clause: r.text("clause"), From: r.text("from"), To: r.text("to"),
			Amount: r.amount("amount"), Currency: money.Currency(r.text("currency")), Statement: r.text("statement"), Reason: r.unique("reason")}
	case KindFee:
		return &Fee{Name: r.text("name"), Agreement: r.text("agreement"), Clause: r.text("clause"), Payer: r.text("payer"), Payee: r.text("payee"),
			Origin: r.origin(), Amount: r.amount("amount"), Currency: money.Currency(r.text("currency")), From: r.time("from"), Until: r.time("until"),
			Reason: r.unique("reason")}
	case KindPayment:
		return &Payment{From: r.text("from"), To: r.text("to"), Amount: r.amount("amount"), Withheld: r.amount("withheld"),
			Currency: money.Currency(r.text("currency")), Lines: r.paid(), Statement: r.text("statement"), Reference: r.unique("reference")}
	case KindInvoice:
		return &Invoice{Origin: r.origin(), Amount: r.amount("amount"), Streams: r.streams(), Tax: r.amount("tax"), Number: r.unique("number")}
	case KindClose:
		return decodeClose(r)
	case KindAcceptance:
		return &Acceptance{Statement: r.text("statement"), Hash: r.hash("hash"), By: r.text("by"), Deemed: r.bool("deemed"), Note: r.unique("note")}
	case KindDispute:
		return &Dispute{Statement: r.text("statement"), Hash: r.hash("hash"), By: r.text("by"), Clause: r.text("clause"), Amount: r.amount("amount"),
			Currency: money.Currency(r.text("currency")), Reason: r.unique("reason")}
	case KindCorrection:
		return decodeCorrection(r)
	case KindMerge:
		return &Merge{Number: r.count("number"), Spans: r.spans()}
	}
	return nil
}

func decodeClose(r *reader) *Close {
	c := &Close{Agreement: r.text("agreement")}
	c.Between[0], c.Between[1] = r.text("between"), r.text("between")
	c.Period = r.text("period")
	c.From, c.Until = r.time("from"), r.time("until")
	c.Number = r.text("number")
	c.Version = int(r.within("version", math.MinInt32, math.MaxInt32))
	at := r.inside("at")
	c.At = Cursor{Chain: at.count("at.chain"), Block: at.count("at.block")}
	r.leave("at", &at)
	c.AtHash = r.hash("at hash")
	c.Currency = money.Currency(r.text("currency"))
	list := r.inside("lines")
	for list.more() {
		item := list.inside("line")
		l := Stated{Clause: item.text("clause"), Payer: item.text("payer"), Payee: item.text("payee"), Amount: item.amount("amount")}
		list.leave("line", &item)
		c.Lines = append(c.Lines, l)
	}
	r.leave("lines", &list)
	c.Statement = append([]byte(nil), r.field("statement")...)
	c.Hash = r.hash("hash")
	list = r.inside("forms")
	for list.more() {
		item := list.inside("form")
		f := Form{Name: item.text("name"), Hash: item.hash("hash")}
		f.Bytes = append([]byte(nil), item.field("bytes")...)
		list.leave("form", &item)
		c.Forms = append(c.Forms, f)
	}
	r.leave("forms", &list)
	return c
}

func decodeCorrection(r *reader) *Correction {
	c := &Correction{Origin: r.origin(), Attempt: int(r.within("attempt", math.MinInt32, math.MaxInt32)), What: r.text("what")}
	c.Was, _ = decodeLines(r, "was", nil)
	c.Now, _ = decodeLines(r, "now", nil)
	c.Usage = decodeUsage(r)
	c.Holder, c.Reason, c.Cites = r.text("holder"), r.unique("reason"), r.text("cites")
	return c
}

func (r *reader) origin() (o Origin) {
	in := r.inside("origin")
	of := in.inside("of")
	o.Of.Kind = Kind(of.byte("of.kind"))
	o.Of.Source = of.text("of.source")
	o.Of.ID = of.unique("of.id")
	o.Of.Part = uint32(of.within("of.part", 0, math.MaxUint32))
	in.leave("of", &of)
	o.Request = in.request("request")
	o.At = in.time("at")
	o.Terms, o.Set = in.hash("terms"), in.hash("set")
	o.Customer, o.Seller = in.text("customer"), in.text("seller")
	o.Product, o.Cloud = in.text("product"), in.text("cloud")
	o.Charged = in.amount("charged")
	o.Currency = money.Currency(in.text("currency"))
	r.leave("origin", &in)
	return o
}

func (r *reader) streams() (all []StreamAmount) {
	list := r.inside("streams")
	for list.more() {
		item := list.inside("stream")
		s := StreamAmount{Stream: item.text("stream"), Amount: item.amount("amount")}
		list.leave("stream", &item)
		all = append(all, s)
	}
	r.leave("streams", &list)
	return all
}

func (r *reader) paid() (all []Paid) {
	list := r.inside("lines")
	for list.more() {
		item := list.inside("line")
		p := Paid{Agreement: item.text("agreement"), Clause: item.text("clause"), Amount: item.amount("amount"), Withheld: item.amount("withheld"),
			Advance: item.bool("advance")}
		list.leave("line", &item)
		all = append(all, p)
	}
	r.leave("lines", &list)
	return all
}

func (r *reader) spans() (all []Span) {
	list := r.inside("spans")
	for list.more() {
		item := list.inside("span")
		s := Span{Chain: item.chain(), From: item.count("from"), To: item.count("to")}
		list.leave("span", &item)
		all = append(all, s)
	}
	r.leave("spans", &list)
	return all
}

// ratio takes an exact ratio of two integers.
func (r *reader) ratio(name string) (v money.Rate) {
	in := r.inside(name)
	v.Num, v.Den = in.number("numerator"), in.number("denominator")
	r.leave(name, &in)
	return v
}

// count takes a number that is never negative.
func (r *reader) count(name string) uint64 { return uint64(r.within(name, 0, math.MaxInt64)) }
