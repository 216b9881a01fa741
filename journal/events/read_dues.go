package events

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strings"

	"concord/journal"
	"concord/money"
)

// readable are the kinds that are read back, apart from records and documents.
func readable() []journal.Kind {
	return []journal.Kind{journal.KindFact, journal.KindRate, journal.KindRefund, journal.KindCredit, journal.KindFee, journal.KindPayment, journal.KindInvoice,
		journal.KindClose, journal.KindAcceptance, journal.KindDispute, journal.KindCorrection}
}

// ofChain are the kinds that belong to their chain alone.
func ofChain() []journal.Kind {
	return []journal.Kind{journal.KindOpen, journal.KindSeal, journal.KindIntent, journal.KindAttempt, journal.KindProgress, journal.KindMerge}
}

// kindOf finds the kind of events of a type.
func kindOf(name string, among []journal.Kind) (journal.Kind, bool) {
	for _, k := range among {
		if typeOf(k.String()) == name {
			return k, true
		}
	}
	return 0, false
}

// types names what is read back.
func types() string {
	all := []string{TypeRecord, TypeDocument}
	for _, k := range readable() {
		all = append(all, typeOf(k.String()))
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// due reads the data of a kind, whose columns begin at.
func (d *decoder) due(kind journal.Kind, raw []byte, at int) (journal.Body, error) {
	switch kind {
	case journal.KindFact:
		return readAs(raw, at, func(in *factData) journal.Body {
			d.must("data.fact", in.Fact != "", in.Fact, "write the fact as an item of facts: of an agreement")
			return &journal.Fact{Agreement: d.needed("data.agreement", in.Agreement), Text: []byte(in.Fact)}
		})
	case journal.KindRate:
		return readAs(raw, at, func(in *rateData) journal.Body {
			value, err := money.ParseRate(in.Value)
			d.must("data.value", err == nil && value.Sign() > 0, in.Value, "write how many units of data.to one of data.from is, such as 1.0832")
			return &journal.Rate{Source: d.needed("data.source", in.Source), From: d.currency("data.from", in.From), To: d.currency("data.to", in.To),
				At: d.instant("data.at", in.At), Value: value}
		})
	case journal.KindRefund:
		return readAs(raw, at, func(in *refundData) journal.Body {
			return &journal.Refund{Origin: d.origin("data.origin", &in.Origin), Amount: d.positive("data.amount", in.Amount),
				Streams: d.streams(in.Streams), Tax: in.Tax, Reason: in.Reason}
		})
	case journal.KindCredit:
		return readAs(raw, at, func(in *creditData) journal.Body {
			return &journal.Credit{Origin: d.origin("data.origin", &in.Origin), Agreement: in.Agreement, Clause: in.Clause, From: d.needed("data.from", in.From),
				To: d.needed("data.to", in.To), Amount: d.positive("data.amount", in.Amount), Currency: d.currency("data.currency", in.Currency),
				Statement: in.Statement, Reason: in.Reason}
		})
	case journal.KindFee:
		return readAs(raw, at, func(in *feeData) journal.Body {
			return &journal.Fee{Name: d.needed("data.name", in.Name), Agreement: in.Agreement, Clause: in.Clause, Payer: d.needed("data.payer", in.Payer),
				Payee: d.needed("data.payee", in.Payee), Origin: d.origin("data.origin", &in.Origin), Amount: d.positive("data.amount", in.Amount),
				Currency: d.currency("data.currency", in.Currency), From: d.optional("data.from", in.From), Until: d.optional("data.until", in.Until), Reason: in.Reason}
		})
	case journal.KindPayment:
		return readAs(raw, at, d.payment)
	case journal.KindInvoice:
		return readAs(raw, at, func(in *invoiceData) journal.Body {
			return &journal.Invoice{Origin: d.origin("data.origin", &in.Origin), Amount: d.positive("data.amount", in.Amount), Streams: d.streams(in.Streams),
				Tax: in.Tax, Number: in.Number}
		})
	case journal.KindClose:
		return readAs(raw, at, d.close)
	case journal.KindAcceptance:
		return readAs(raw, at, func(in *acceptanceData) journal.Body {
			return &journal.Acceptance{Statement: d.needed("data.statement", in.Statement), Hash: d.hash("data.hash", in.Hash), By: d.needed("data.by", in.By),
				Deemed: in.Deemed, Note: in.Note}
		})
	case journal.KindDispute:
		return readAs(raw, at, func(in *disputeData) journal.Body {
			return &journal.Dispute{Statement: d.needed("data.statement", in.Statement), Hash: d.hash("data.hash", in.Hash), By: d.needed("data.by", in.By),
				Clause: in.Clause, Amount: in.Amount, Currency: in.Currency, Reason: in.Reason}
		})
	default:
		return readAs(raw, at, d.correction)
	}
}

// readAs decodes data and makes a body of it.
func readAs[T any](raw []byte, at int, body func(*T) journal.Body) (journal.Body, error) {
	var in T
	if err := decode(raw, at, &in, true); err != nil {
		return nil, err
	}
	return body(&in), nil
}

func (d *decoder) payment(in *paymentData) journal.Body {
	out := &journal.Payment{From: d.needed("data.from", in.From), To: d.needed("data.to", in.To), Amount: d.positive("data.amount", in.Amount),
		Withheld: in.Withheld, Currency: d.currency("data.currency", in.Currency), Statement: in.Statement, Reference: in.Reference}
	for _, l := range in.Lines {
		out.Lines = append(out.Lines, journal.Paid(l))
	}
	return out
}

func (d *decoder) close(in *closeData) journal.Body {
	out := &journal.Close{
		Agreement: in.Agreement, Between: in.Between, Period: in.Period, From: d.optional("data.from", in.From), Until: d.optional("data.until", in.Until),
		Number: d.needed("data.number", in.Number), Version: in.Version, At: journal.Cursor{Chain: in.Chain, Block: in.Block}, AtHash: d.hash("data.at_hash", in.AtHash),
		Currency: in.Currency, Statement: []byte(in.Statement), Hash: d.hash("data.hash", in.Hash),
	}
	d.must("data.version", int64(in.Version) == int64(int32(in.Version)), fmt.Sprint(in.Version), "write the version of the statement")
	d.must("data.at_block", in.Chain <= math.MaxInt64 && in.Block <= math.MaxInt64, fmt.Sprint(in.Block), "write the number of the block")
	if sum := journal.Hash(sha256.Sum256(out.Statement)); sum != out.Hash {
		d.must("data.statement", false, in.Statement, "it does not have the hash that data.hash states: it was changed on the way; export it again")
	}
	for _, l := range in.Lines {
		out.Lines = append(out.Lines, journal.Stated(l))
	}
	for i, f := range in.Forms {
		form := journal.Form{Name: f.Name, Hash: d.hash(fmt.Sprintf("data.forms[%d].hash", i), f.Hash), Bytes: f.Bytes}
		if sum := journal.Hash(sha256.Sum256(f.Bytes)); sum != form.Hash {
			d.must(fmt.Sprintf("data.forms[%d].bytes", i), false, f.Name, "it does not have the hash that it states: it was changed on the way; export it again")
		}
		out.Forms = append(out.Forms, form)
	}
	return out
}

func (d *decoder) correction(in *correctionData) journal.Body {
	out := &journal.Correction{Origin: d.origin("data.origin", &in.Origin), Attempt: in.Attempt - 1, What: in.What, Was: d.lines("data.was", in.Was),
		Now: d.lines("data.now", in.Now), Holder: in.Holder, Reason: in.Reason, Cites: in.Cites}
	if in.Usage.Tokens != nil || in.Usage.Tier != "" || in.Usage.Evidence != "" {
		out.Usage = d.usage("data.usage", &in.Usage)
	}
	d.must("data.attempt", in.Attempt >= 0 && in.Attempt <= math.MaxInt32, fmt.Sprint(in.Attempt), "write the number of the attempt, from 1, or 0 for the sale")
	known := in.What == "price" || in.What == "usage" || in.What == "cost" || in.What == "void" || in.What == "terms"
	d.must("data.what", known, in.What, "write price, usage, cost, void or terms")
	return out
}

func (d *decoder) origin(field string, in *originData) journal.Origin {
	out := journal.Origin{At: d.optional(field+".at", in.At), Terms: d.hash(field+".terms", in.Terms), Set: d.hash(field+".set", in.Set),
		Customer: in.Customer, Seller: in.Seller, Product: in.Product, Cloud: in.Cloud, Charged: in.Charged, Currency: in.Currency}
	if in.Request != "" {
		id, err := journal.ParseRequestID(in.Request)
		d.must(field+".request", err == nil && !id.IsZero(), in.Request, "write a request id, such as req_01kqr4hq01sm09wdvsq5zmmz0n")
		out.Request = id
	}
	if in.Of == nil {
		return out
	}
	out.Of = journal.Ref{Source: in.Of.Source, ID: d.needed(field+".of.id", in.Of.ID), Part: in.Of.Part}
	for _, k := range append(readable(), journal.KindRecord) {
		if k.String() == in.Of.Kind {
			out.Of.Kind = k
		}
	}
	d.must(field+".of.kind", out.Of.Kind != 0, in.Of.Kind, "write record or invoice")
	if id, err := journal.ParseRequestID(in.Of.ID); err == nil && in.Of.Source == "" {
		out.Of.ID = string(id[:])
	} else {
		d.must(field+".of.source", in.Of.Source != "", in.Of.Source, "name the source of the entry, or the id of a request")
	}
	return out
}

func (d *decoder) streams(in []streamData) (out []journal.StreamAmount) {
	for i, s := range in {
		d.must(fmt.Sprintf("data.streams[%d].stream", i), s.Stream == "license" || s.Stream == "cloud", s.Stream, "write license or cloud")
		out = append(out, journal.StreamAmount(s))
	}
	return out
}

func (d *decoder) needed(field, text string) string {
	d.must(field, text != "", text, "this must be said")
	return text
}

func (d *decoder) positive(field string, a money.Amount) money.Amount {
	d.must(field, a.Sign() > 0 && a.Valid(), a.String(), "write an amount above zero; what goes the other way is an entry of another kind")
	return a
}

func (d *decoder) currency(field string, c money.Currency) money.Currency {
	good := len(c) == 3 && strings.Trim(string(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	d.must(field, good, string(c), "write a currency as three capital letters, such as USD")
	return c
}

// optional reads an instant that may be missing.
func (d *decoder) optional(field, text string) int64 {
	if text == "" {
		return 0
	}
	return d.instant(field, text)
}
