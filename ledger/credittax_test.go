package ledger_test

import (
	"testing"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// A credit note gives tax back as a refund does: parts of an invoice come to its whole tax, and no base has tax in it.
func TestCreditsOfAnInvoiceGiveItsTaxBackInParts(t *testing.T) {
	w := example(t)
	enter := func(on, id string, body journal.Body) *ledger.Transaction {
		t.Helper()
		at, err := time.Parse(time.RFC3339, on)
		if err != nil {
			t.Fatal(err)
		}
		tx, err := ledger.Post(w.state, &journal.Entry{Time: at.UnixNano(), Source: "test", ID: id, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	at := time.Date(2026, 5, 4, 19, 0, 0, 0, time.UTC)
	origin := journal.Origin{At: at.UnixNano(), Terms: w.terms(at).Hash(), Customer: "acme", Seller: "openai", Product: gpt54, Cloud: "aws",
		Charged: money.MustParse("3"), Currency: "USD"}
	enter("2026-05-04T19:00:00Z", "i1", &journal.Invoice{Origin: origin, Amount: money.MustParse("3"), Tax: money.MustParse("1")})
	origin.Of = journal.Ref{Kind: journal.KindInvoice, Source: "test", ID: "i1"}
	for i, want := range []string{"-0.333333333333", "-0.333333333333", "-0.333333333334"} {
		tx := enter("2026-05-05T19:00:00Z", "c"+string(rune('1'+i)), &journal.Credit{Origin: origin, From: "openai", To: "acme", Amount: money.MustParse("1"), Currency: "USD"})
		var tax money.Amount
		for _, p := range tx.Postings {
			if p.Account == "tax:collected" {
				tax = p.Amount.Neg()
			}
		}
		if tax.String() != want {
			t.Errorf("credit %d gives %s of tax back, want %s", i+1, tax, want)
		}
	}
}
