package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
)

func TestAHoldStandsBesideTheMoneyUntilItsRecordEndsIt(t *testing.T) {
	w := example(t)
	r := sale("acme", "openai", gpt54, "aws", "openai", "0.020", "")
	r.Key, r.Held = "acme-1", amount("0.05")
	end := w.entry(date("2026-05-04"), r)
	begin := w.written(date("2026-05-04"), &journal.Intent{
		Request: r.Request, Key: "acme-1", Customer: "acme", Hold: amount("0.05"), Currency: "USD",
		Claims: []journal.Claim{{Budget: "acme", Window: "2026-05", Limit: amount("100")}},
	})

	brings(t, w, "2026-05-04", begin.Body, `
acme | memo:hold:acme-1 +0.05; memo:hold:acme-1:contra -0.05
`)
	if got := w.balance(t, "acme", "memo:hold:acme-1"); got != "0.05" {
		t.Errorf("%s are held, want 0.05", got)
	}
	brings(t, w, "2026-05-04", end.Body, `
acme | memo:hold:acme-1 -0.05; memo:hold:acme-1:contra +0.05; cost:usage:openai/gpt-5.4 +0.02; payable:accrued:openai:openai-sales -0.02
openai | receivable:accrued:acme:openai-sales +0.02; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:aws -0.008; cost:share:share-openai-to-microsoft +0.004; payable:accrued:microsoft:share-openai-to-microsoft -0.004
microsoft | receivable:accrued:openai:share-openai-to-microsoft +0.004; revenue:share:share-openai-to-microsoft -0.004
`)
	if got := w.balance(t, "acme", "memo:hold:acme-1"); got != "0" {
		t.Errorf("%s are held, want 0", got)
	}
}

func TestAnIntentWithoutAHoldMovesNothing(t *testing.T) {
	w := example(t)
	for n, held := range []string{"0", "0.05"} { // the second of no budget: no record ends it
		tx := w.bring("2026-05-04", &journal.Intent{Request: journal.NewRequestID(1, 1, uint64(n+1)), Key: "acme-1", Customer: "acme", Hold: amount(held), Currency: "USD"})
		if diff := cmp.Diff(0, len(tx.Postings)); diff != "" {
			t.Errorf("a hold of %s without a budget is mirrored:\n%s", held, table(tx))
		}
	}
}
