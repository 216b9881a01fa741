package events

import (
	"reflect"
	"time"
	"unicode/utf8"

	"concord/journal"
	"concord/money"
	"concord/usage"
)

// writeDue returns the data of an entry that is neither usage nor a document, and whom it is about; nil if it is none that is read back.
func writeDue(body journal.Body) (data any, subject string) {
	switch b := body.(type) {
	case *journal.Fact:
		return factData{b.Agreement, string(b.Text)}, b.Agreement
	case *journal.Rate:
		return rateData{b.Source, b.From, b.To, instant(b.At), rateText(b.Value)}, string(b.From) + "/" + string(b.To)
	case *journal.Refund:
		return refundData{writeOrigin(&b.Origin), b.Amount, writeStreams(b.Streams), b.Tax, b.Reason}, b.Origin.Customer
	case *journal.Credit:
		return creditData{writeOrigin(&b.Origin), b.Agreement, b.Clause, b.From, b.To, b.Amount, b.Currency, b.Statement, b.Reason}, b.To
	case *journal.Fee:
		return feeData{b.Name, b.Agreement, b.Clause, b.Payer, b.Payee, writeOrigin(&b.Origin), b.Amount, b.Currency, optional(b.From), optional(b.Until), b.Reason}, b.Payer
	case *journal.Payment:
		out := paymentData{From: b.From, To: b.To, Amount: b.Amount, Withheld: b.Withheld, Currency: b.Currency, Statement: b.Statement, Reference: b.Reference}
		for _, l := range b.Lines {
			out.Lines = append(out.Lines, paidData(l))
		}
		return out, b.From
	case *journal.Invoice:
		return invoiceData{writeOrigin(&b.Origin), b.Amount, writeStreams(b.Streams), b.Tax, b.Number}, b.Origin.Customer
	case *journal.Close:
		return writeClose(b), b.Number
	case *journal.Acceptance:
		return acceptanceData{b.Statement, hash(b.Hash), b.By, b.Deemed, b.Note}, b.Statement
	case *journal.Dispute:
		return disputeData{b.Statement, hash(b.Hash), b.By, b.Clause, b.Amount, b.Currency, b.Reason}, b.Statement
	case *journal.Correction:
		return writeCorrection(b), b.Origin.Customer
	}
	return nil, ""
}

func writeClose(c *journal.Close) closeData {
	out := closeData{
		Agreement: c.Agreement, Between: c.Between, Period: c.Period, From: optional(c.From), Until: optional(c.Until), Number: c.Number, Version: c.Version,
		Chain: c.At.Chain, Block: c.At.Block, AtHash: hash(c.AtHash), Currency: c.Currency, Lines: []statedData{}, Statement: string(c.Statement), Hash: hash(c.Hash),
	}
	for _, l := range c.Lines {
		out.Lines = append(out.Lines, statedData(l))
	}
	for _, f := range c.Forms {
		out.Forms = append(out.Forms, formData{f.Name, hash(f.Hash), f.Bytes})
	}
	return out
}

func writeCorrection(c *journal.Correction) correctionData {
	out := correctionData{
		Origin: writeOrigin(&c.Origin), Attempt: c.Attempt + 1, What: c.What, Holder: c.Holder, Reason: c.Reason, Cites: c.Cites,
	}
	if len(c.Was) > 0 {
		out.Was = writeLines(c.Was)
	}
	if len(c.Now) > 0 {
		out.Now = writeLines(c.Now)
	}
	if c.Usage != (usage.Usage{}) {
		out.Usage = writeUsage(&c.Usage)
	}
	return out
}

func writeOrigin(o *journal.Origin) originData {
	out := originData{At: optional(o.At), Terms: hash(o.Terms), Set: hash(o.Set), Customer: o.Customer, Seller: o.Seller, Product: o.Product, Cloud: o.Cloud,
		Charged: o.Charged, Currency: o.Currency}
	if !o.Request.IsZero() {
		out.Request = o.Request.String()
	}
	if o.Of != (journal.Ref{}) {
		ref := refData{o.Of.Kind.String(), o.Of.Source, o.Of.ID, o.Of.Part}
		if o.Of.Source == "" && len(o.Of.ID) == len(journal.RequestID{}) {
			ref.ID = journal.RequestID([]byte(o.Of.ID)).String()
		}
		out.Of = &ref
	}
	return out
}

func writeStreams(all []journal.StreamAmount) (out []streamData) {
	for _, s := range all {
		out = append(out, streamData(s))
	}
	return out
}

// rateText writes a rate of exchange as people do, "1.0832", where that is exact; else as a ratio.
func rateText(r money.Rate) string {
	a, err := money.FromUnits(1).MulRate(r, money.HalfEven)
	if err != nil {
		return r.String()
	}
	if back, err := money.ParseRate(a.String()); err == nil && back == r {
		return a.String()
	}
	return r.String()
}

func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// optional writes an instant; none is written for none.
func optional(ns int64) string {
	if ns == 0 {
		return ""
	}
	return instant(ns)
}

// writeChain returns the data of an entry that belongs to its chain alone, and whom it is about: it is told, and not read back.
func writeChain(body journal.Body) (data map[string]any, subject string) {
	switch b := body.(type) {
	case *journal.Open:
		return map[string]any{"chain": b.Chain.String(), "gateway": b.Gateway, "version": b.Version}, b.Gateway
	case *journal.Seal:
		return map[string]any{"chain": b.Chain.String(), "reason": b.Reason}, b.Chain.Gateway
	case *journal.Intent:
		return map[string]any{
			"request": b.Request.String(), "customer": b.Customer, "key": b.Key, "product": b.Product, "api": b.API, "stream": b.Stream,
			"terms": hash(b.Terms), "set": hash(b.Set), "health": writeHealth(b.Health), "input_bytes": b.InputBytes, "output_bound": b.OutputBound,
			"hold": b.Hold, "currency": b.Currency, "first": b.First,
		}, b.Customer
	case *journal.Attempt:
		return map[string]any{"request": b.Request.String(), "number": b.Number, "deployment": b.Deployment, "left": b.Left, "why": b.Why.String(),
			"health": writeHealth(b.Health)}, b.Deployment
	case *journal.Progress:
		return map[string]any{"request": b.Request.String(), "attempt": b.Number, "units": b.Units, "bytes": b.Bytes}, ""
	case *journal.Merge:
		spans := []map[string]any{}
		for _, s := range b.Spans {
			spans = append(spans, map[string]any{"chain": s.Chain.String(), "from": s.From, "to": s.To})
		}
		return map[string]any{"number": b.Number, "spans": spans}, ""
	}
	return nil, ""
}

func writeHealth(all []journal.Seen) []map[string]string {
	out := []map[string]string{}
	for _, s := range all {
		out = append(out, map[string]string{"deployment": s.Deployment, "state": s.State.String()})
	}
	return out
}

// liveID returns the id that a live entry has outside of its chain.
func liveID(e *journal.Entry) string {
	if key := e.Key(); !key.IsZero() && e.ID == string(key[:]) {
		return key.String()
	}
	return e.ID
}

// notTextOf returns a text of an entry that is neither a record nor a document that JSON cannot carry.
func notTextOf(e *journal.Entry, ev *event, data any) string {
	switch e.Body.(type) {
	case *journal.Record, *journal.Document:
		return ""
	}
	if bad := badText(reflect.ValueOf(data)); bad != "" {
		return bad
	}
	return badText(reflect.ValueOf(ev.ID))
}

// badText looks for a text that is not UTF-8.
func badText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); !utf8.ValidString(s) {
			return s[:min(len(s), 80)]
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return badText(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if bad := badText(v.Field(i)); bad != "" {
				return bad
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if bad := badText(v.Index(i)); bad != "" {
				return bad
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if bad := badText(v.MapIndex(k)); bad != "" {
				return bad
			}
		}
	default: // numbers and flags
	}
	return ""
}
