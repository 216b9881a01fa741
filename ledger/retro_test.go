package ledger_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/ledger"
)

// retroDeal is an agreement with a share whose amendments are trued up, and one that rests on it; amendment stands at its end.
func retroDeal(amendment string) []byte {
	return dealOf("deal", `      - {id: share, kind: revenue-share, payer: openai, payee: microsoft, base: {revenue_of: openai, from: [sales]}, rate: "20%",
         caps: [{amount: "50 USD", per: month}], retro: true_up, term: perpetual}
      - {id: onward, kind: revenue-share, payer: microsoft, payee: amazon, base: {revenue_of: microsoft, from: [shares]}, rate: "10%", term: perpetual}
`+amendment)
}

// dealOf is an agreement of three parties in which OpenAI sells, with more clauses.
func dealOf(name, clauses string) []byte {
	return []byte(`
concord: 1
agreement: ` + name + `
currency: USD
zone: America/Los_Angeles
parties: {openai: {operates: [openai]}, microsoft: {operates: [azure]}, amazon: {operates: [aws]}}
products: {openai/gpt-5.4: {}}
amendments:
  - id: start
    effective: 2026-01-01
    source: {provenance: public}
    adds:
      - {id: run, kind: delivery, products: all, clouds: [openai, aws], term: perpetual}
      - {id: openai-sales, kind: sale, seller: openai, products: all, price: {book: list}, streams: {cloud: "100%"}, term: perpetual}
` + clauses)
}

const lowerRate = `  - id: lower
    effective: 2026-05-10
    recorded: 2026-06-20
    source: {provenance: public}
    replaces:
      - {id: share, kind: revenue-share, payer: openai, payee: microsoft, base: {revenue_of: openai, from: [sales]}, rate: "18%",
         caps: [{amount: "50 USD", per: month}], retro: true_up, term: perpetual}
`

// deal posts the documents of an agreement as they are known from an instant on, and returns what the set posts.
func (w *world) deal(at, name string, doc []byte) *ledger.Transaction {
	w.t.Helper()
	d := document(journal.DocAgreement, name, doc)
	set := fmt.Appendf(nil, `{"agreements":["%s"],"known":%d}`, hex.EncodeToString(d.Hash[:]), date(at).UnixNano())
	w.do(at, d)
	return w.do(at, document(journal.DocSet, "set", set)).Clone()
}

func TestAnAmendmentThatReachesBackIsTruedUp(t *testing.T) {
	w := newWorld(t, parseText(t, retroDeal("")))
	w.documents = true
	if tx := w.deal("2026-01-01", "deal.yaml", retroDeal("")); len(tx.Postings) > 0 {
		t.Errorf("the first documents post %s", table(tx))
	}
	sell := func(on, amount string) { w.do(on, step{on: on, what: "sale", amount: amount}.body(w)) }
	sell("2026-05-09", "100")
	sell("2026-05-10", "100")
	sell("2026-05-20", "100")
	sell("2026-06-01", "300")

	got := table(w.deal("2026-06-20", "deal.yaml", retroDeal(lowerRate)))
	// May: 20, 20 and 10 of 20 under the cap were booked; 20, 18 and 12 of 18 under it now. June: 50 of 60, 50 of 54 now.
	want := `openai | memo:above-cap:share -10; memo:above-cap:share:contra +10
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("true-up within the cap (-want +got):\n%s", diff)
	}

	sell("2026-07-01", "100")
	higher := strings.NewReplacer("id: lower", "id: higher", "2026-05-10", "2026-07-01", "2026-06-20", "2026-07-10", "18%", "25%").Replace(lowerRate)
	got = table(w.deal("2026-07-10", "deal.yaml", retroDeal(lowerRate+higher)))
	want = `openai | cost:share:share +7; payable:accrued:microsoft:share -7
microsoft | receivable:accrued:openai:share +7; revenue:share:share -7; cost:share:onward +0.7; payable:accrued:amazon:onward -0.7
amazon | receivable:accrued:microsoft:onward +0.7; revenue:share:onward -0.7
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("true-up of 18 %% to 25 %% (-want +got):\n%s", diff)
	}
	page, err := os.ReadFile("../docs/money.md")
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.SplitSeq(strings.TrimSpace(got), "\n") {
		if !strings.Contains(string(page), "\n| "+row+" |\n") {
			t.Errorf("docs/money.md lacks the row\n| %s |", row)
		}
	}
	acc, _ := w.state.Accrual("deal", "share")
	if acc.Capped.String() != "125" || len(acc.TrueUps) != 1 || acc.TrueUps[0].Amendment != "higher" || acc.TrueUps[0].Amount.String() != "7" {
		t.Errorf("capped %s, true-ups %v", acc.Capped, acc.TrueUps)
	}

	// A record that was admitted before the amendment was known names the old terms: it is rated by those that hold now.
	late := step{on: "2026-07-02", what: "sale", amount: "100"}.body(w).(*journal.Invoice)
	if more := owedBy(w.do("2026-07-11", late)); more.String() != "25" {
		t.Errorf("late usage under old terms makes %s owed, want 25", more)
	}
}

func TestATruedUpShareSurvivesARestart(t *testing.T) {
	w := newWorld(t, parseText(t, retroDeal("")))
	w.documents = true
	w.deal("2026-01-01", "deal.yaml", retroDeal(""))
	w.do("2026-05-20", step{on: "2026-05-20", what: "sale", amount: "100"}.body(w))
	_, docs, err := w.state.Changes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ledger.DecodeState(&ledger.Saved{State: w.state.Encode(), Documents: docs})
	if err != nil {
		t.Fatal(err)
	}
	live := table(w.deal("2026-06-20", "deal.yaml", retroDeal(lowerRate)))
	w.state = again
	if diff := cmp.Diff(live, table(w.deal("2026-06-20", "deal.yaml", retroDeal(lowerRate)))); diff != "" || live == "" {
		t.Errorf("-live +restarted:\n%s", diff)
	}
}

func TestAClauseIsTruedUpInAllOfItsVersionsOrInNone(t *testing.T) {
	w := newWorld(t, parseText(t, retroDeal("")))
	doc := retroDeal(strings.ReplaceAll(lowerRate, ", retro: true_up", ""))
	d := document(journal.DocAgreement, "deal.yaml", doc)
	set := fmt.Appendf(nil, `{"agreements":["%s"],"known":%d}`, hex.EncodeToString(d.Hash[:]), date("2026-07-01").UnixNano())
	w.do("2026-07-01", d)
	_, err := ledger.Post(w.state, &journal.Entry{ID: "set", Body: document(journal.DocSet, "set", set)})
	if err == nil || !strings.Contains(err.Error(), "say it in all of them, or in none") {
		t.Errorf("error %v", err)
	}
}
