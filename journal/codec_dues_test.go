package journal_test

import (
	"pgregory.net/rapid"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/money"
)

// draw makes the fields of a body.
type draw struct{ *rapid.T }

func (t draw) text(name string) string         { return text().Draw(t.T, name) }
func (t draw) instant(name string) int64       { return rapid.Int64().Draw(t.T, name) }
func (t draw) small(name string) int           { return int(rapid.Int32().Draw(t.T, name)) }
func (t draw) count(name string) uint64        { return uint64(rapid.Int64Min(0).Draw(t.T, name)) }
func (t draw) bool(name string) bool           { return rapid.Bool().Draw(t.T, name) }
func (t draw) amount(name string) money.Amount { return amount().Draw(t.T, name) }
func (t draw) currency() money.Currency        { return money.Currency(t.text("currency")) }

func (t draw) origin() journal.Origin {
	return journal.Origin{
		Of:      journal.Ref{Kind: journal.Kind(rapid.Byte().Draw(t.T, "kind")), Source: t.text("source"), ID: t.text("id"), Part: rapid.Uint32().Draw(t.T, "part")},
		Request: request(t.T), At: t.instant("at"), Terms: hash(t.T), Set: hash(t.T), Customer: t.text("customer"), Seller: t.text("seller"),
		Product: t.text("product"), Cloud: t.text("cloud"), Charged: t.amount("charged"), Currency: t.currency(),
	}
}

// some draws a list of at most three.
func some[X any](t draw, name string, one func() X) (all []X) {
	for range rapid.IntRange(0, 3).Draw(t.T, name) {
		all = append(all, one())
	}
	return all
}

func (t draw) streams() []journal.StreamAmount {
	return some(t, "streams", func() journal.StreamAmount {
		return journal.StreamAmount{Stream: t.text("stream"), Amount: t.amount("amount")}
	})
}

func (t draw) close() *journal.Close {
	return &journal.Close{
		Agreement: t.text("agreement"), Between: [2]string{t.text("one"), t.text("other")}, Period: t.text("period"), From: t.instant("from"),
		Until: t.instant("until"), Number: t.text("number"), Version: t.small("version"), At: journal.Cursor{Chain: t.count("chain"), Block: t.count("block")},
		AtHash: hash(t.T), Currency: t.currency(), Lines: some(t, "lines", func() journal.Stated {
			return journal.Stated{Clause: t.text("clause"), Payer: t.text("payer"), Payee: t.text("payee"), Amount: t.amount("amount")}
		}), Statement: []byte(t.text("statement")), Hash: hash(t.T),
		Forms: some(t, "forms", func() journal.Form {
			return journal.Form{Name: t.text("name"), Hash: hash(t.T), Bytes: []byte(t.text("bytes"))}
		}),
	}
}

func (t draw) merge() *journal.Merge {
	return &journal.Merge{Number: t.count("number"), Spans: some(t, "spans", func() journal.Span {
		return journal.Span{Chain: journal.ChainID{Gateway: t.text("gateway"), Started: t.instant("started"), Random: rapid.Uint64().Draw(t.T, "random")},
			From: t.count("from"), To: t.count("to")}
	})}
}

// due draws a body of any kind that is not usage.
func due() *rapid.Generator[journal.Body] {
	return rapid.Custom(func(t *rapid.T) journal.Body {
		d := draw{t}
		switch rapid.SampledFrom(dueKinds()).Draw(t, "kind") {
		case journal.KindFact:
			return &journal.Fact{Agreement: d.text("agreement"), Text: []byte(d.text("text"))}
		case journal.KindRate:
			return &journal.Rate{Source: d.text("source"), From: d.currency(), To: d.currency(), At: d.instant("at"),
				Value: money.Rate{Num: d.instant("num"), Den: d.instant("den")}}
		case journal.KindRefund:
			return &journal.Refund{Origin: d.origin(), Amount: d.amount("amount"), Streams: d.streams(), Tax: d.amount("tax"), Reason: d.text("reason")}
		case journal.KindCredit:
			return &journal.Credit{Origin: d.origin(), Agreement: d.text("agreement"), Clause: d.text("clause"), From: d.text("from"), To: d.text("to"),
				Amount: d.amount("amount"), Currency: d.currency(), Statement: d.text("statement"), Reason: d.text("reason")}
		case journal.KindFee:
			return &journal.Fee{Name: d.text("name"), Agreement: d.text("agreement"), Clause: d.text("clause"), Payer: d.text("payer"), Payee: d.text("payee"),
				Origin: d.origin(), Amount: d.amount("amount"), Currency: d.currency(), From: d.instant("from"), Until: d.instant("until"), Reason: d.text("reason")}
		case journal.KindPayment:
			return &journal.Payment{From: d.text("from"), To: d.text("to"), Amount: d.amount("amount"), Withheld: d.amount("withheld"), Currency: d.currency(),
				Lines: some(d, "lines", func() journal.Paid {
					return journal.Paid{Agreement: d.text("agreement"), Clause: d.text("clause"), Amount: d.amount("amount"), Withheld: d.amount("withheld"), Advance: d.bool("advance")}
				}), Statement: d.text("statement"), Reference: d.text("reference")}
		case journal.KindInvoice:
			return &journal.Invoice{Origin: d.origin(), Amount: d.amount("amount"), Streams: d.streams(), Tax: d.amount("tax"), Number: d.text("number")}
		case journal.KindClose:
			return d.close()
		case journal.KindAcceptance:
			return &journal.Acceptance{Statement: d.text("statement"), Hash: hash(t), By: d.text("by"), Deemed: d.bool("deemed"), Note: d.text("note")}
		case journal.KindDispute:
			return &journal.Dispute{Statement: d.text("statement"), Hash: hash(t), By: d.text("by"), Clause: d.text("clause"), Amount: d.amount("amount"),
				Currency: d.currency(), Reason: d.text("reason")}
		case journal.KindCorrection:
			return &journal.Correction{Origin: d.origin(), Attempt: d.small("attempt"), What: d.text("what"), Was: priced().Draw(t, "was"), Now: priced().Draw(t, "now"),
				Usage: tokens().Draw(t, "usage"), Holder: d.text("holder"), Reason: d.text("reason"), Cites: d.text("cites")}
		default:
			return d.merge()
		}
	})
}

// dueKinds are the kinds that Dues shows, so that a new one is not forgotten here.
func dueKinds() (all []journal.Kind) {
	for _, e := range journaltest.Dues() {
		all = append(all, e.Body.Kind())
	}
	return all
}
