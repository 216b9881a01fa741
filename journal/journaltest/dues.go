package journaltest

import (
	"crypto/sha256"
	"fmt"

	"concord/agreement"
	"concord/journal"
	"concord/money"
	"concord/usage"
)

// OriginOf returns what later money says of the nth request's record.
func OriginOf(n int) journal.Origin {
	id := Request(n)
	return journal.Origin{
		Of: journal.Ref{Kind: journal.KindRecord, ID: string(id[:])}, Request: id, At: Record(n).Time, Terms: journal.Hash{1, 2, 3},
		Set: journal.Hash{4, 5, 6}, Customer: "acme", Seller: "openai", Product: "openai/gpt-5.4", Cloud: "aws", Charged: money.MustParse("0.02"), Currency: "USD",
	}
}

// due returns the nth entry that somebody wrote by hand.
func due(n int, body journal.Body) journal.Entry {
	return journal.Entry{Time: 1_777_939_200_000_000_000 + int64(n), Source: "cli", ID: fmt.Sprintf("%s-%d", body.Kind(), n), Body: body}
}

// Refund returns a refund of a part of the nth request.
func Refund(n int) journal.Entry {
	return due(n, &journal.Refund{
		Origin: OriginOf(n), Amount: money.MustParse("0.01"), Streams: []journal.StreamAmount{{Stream: "license", Amount: money.MustParse("0.006")}, {Stream: "cloud", Amount: money.MustParse("0.004")}},
		Tax: money.MustParse("0.0019"), Reason: "double answer",
	})
}

// Correction returns what the nth request's record costs by a corrected price book.
func Correction(n int) journal.Entry {
	now := usage.Usage{Evidence: usage.Reported}
	now.Tokens[usage.Input], now.Tokens[usage.CacheRead], now.Tokens[usage.Output] = 4000, 4000, 600
	return due(n, &journal.Correction{
		Origin: OriginOf(n), Attempt: -1, What: "price", Was: lines("0.0000025", "0.00000025", "0.000015"), Now: lines("0.000002", "0.0000002", "0.00001"),
		Usage: now, Holder: "openai", Reason: "the book was corrected", Cites: "OM-2026-05",
	})
}

// Fact returns the recording of a dated fact.
func Fact(n int) journal.Entry {
	return due(n, &journal.Fact{Agreement: "openai-microsoft", Text: []byte("{id: f1, kind: ships, product: openai/gpt-5.4, cloud: azure, on: 2026-05-02, by: microsoft}\n")})
}

// ObjectRecord returns the nth request's record with an object that the cloud made; pending says that it still makes it.
func ObjectRecord(n int, object string, pending bool) journal.Entry {
	e := Record(n)
	r := e.Body.(*journal.Record)
	r.Object, r.Pending, r.API = object, pending, agreement.Responses
	return e
}

// Dues returns an entry of each kind that is not usage, with every field set.
func Dues() []journal.Entry {
	statement := []byte(`{"number":"OM-2026-05"}`)
	sum := journal.Hash(sha256.Sum256(statement))
	origin := OriginOf(1)
	none := journal.Origin{At: 1_777_852_800_000_000_000, Terms: journal.Hash{1, 2, 3}, Set: journal.Hash{4, 5, 6}, Product: "openai/gpt-5.4", Cloud: "azure", Currency: "USD"}
	return []journal.Entry{
		Fact(1),
		due(1, &journal.Rate{Source: "ecb", From: "EUR", To: "USD", At: 1_777_852_800_000_000_000, Value: money.MustParseRate("1.0832")}),
		Refund(1),
		due(1, &journal.Credit{Origin: origin, Agreement: "openai-microsoft", Clause: "share", From: "openai", To: "acme", Amount: money.MustParse("12.5"),
			Currency: "USD", Statement: "OM-2026-05", Reason: "outage"}),
		due(1, &journal.Fee{Name: "license-fee", Agreement: "openai-microsoft", Clause: "model-license", Payer: "microsoft", Payee: "openai", Origin: none,
			Amount: money.MustParse("100"), Currency: "USD", From: 1_777_593_600_000_000_000, Until: 1_780_272_000_000_000_000, Reason: "May"}),
		due(1, &journal.Payment{From: "openai", To: "microsoft", Amount: money.MustParse("90"), Withheld: money.MustParse("9"), Currency: "USD",
			Lines:     []journal.Paid{{Agreement: "openai-microsoft", Clause: "share", Amount: money.MustParse("60"), Withheld: money.MustParse("9")}, {Agreement: "openai-microsoft", Clause: "floor", Amount: money.MustParse("30"), Advance: true}},
			Statement: "OM-2026-05", Reference: "wire 17"}),
		due(1, &journal.Invoice{Origin: origin, Amount: money.MustParse("500"), Streams: []journal.StreamAmount{{Stream: "cloud", Amount: money.MustParse("500")}},
			Tax: money.MustParse("95"), Number: "2026-0004"}),
		due(1, &journal.Close{Agreement: "openai-microsoft", Between: [2]string{"openai", "microsoft"}, Period: "2026-05", From: 1_777_593_600_000_000_000,
			Until: 1_780_272_000_000_000_000, Number: "OM-2026-05", Version: 2, At: journal.Cursor{Chain: 3, Block: 300}, AtHash: journal.Hash{7, 8}, Currency: "USD",
			Lines:     []journal.Stated{{Clause: "share", Payer: "openai", Payee: "microsoft", Amount: money.MustParse("20.13")}},
			Statement: statement, Hash: sum, Forms: []journal.Form{{Name: "csv", Hash: sha256.Sum256([]byte("clause,amount\n")), Bytes: []byte("clause,amount\n")}}}),
		due(1, &journal.Acceptance{Statement: "OM-2026-05", Hash: sum, By: "microsoft", Deemed: true, Note: "silence"}),
		due(1, &journal.Dispute{Statement: "OM-2026-05", Hash: sum, By: "openai", Clause: "share", Amount: money.MustParse("3.5"), Currency: "USD", Reason: "batch lines"}),
		Correction(1),
		{Time: 9, ID: "merge-1", Body: &journal.Merge{Number: 1, Spans: []journal.Span{{Chain: Chain(1), From: 1, To: 7}, {Chain: Chain(2), From: 3, To: 300}}}},
	}
}
