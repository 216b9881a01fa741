package ledger_test

import (
	"testing"

	"concord/ledger"
)

func TestTheSellerPaysForAnAccountThatTheOperatorHolds(t *testing.T) {
	w := posted(t)

	tx, err := ledger.Post(w.state, w.entry(date("2026-05-04"), sale("acme", "openai", gpt54, "aws", "amazon", "0.020", "0.007")))

	if err != nil {
		t.Fatal(err)
	}
	for _, p := range tx.Postings {
		if p.Book == "openai" && p.Account == ledger.AccruedPayable("amazon", "aws-capacity") {
			if got := p.Amount.String(); got != "-0.007" {
				t.Errorf("openai owes amazon %s, want -0.007", got)
			}
			return
		}
	}
	t.Errorf("openai owes amazon nothing: %v", tx.Postings)
}
