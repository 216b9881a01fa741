package settlement_test

import (
	"testing"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
)

func TestAClauseThatContinuesAnotherHasWhatIsLeftOfItsCap(t *testing.T) {
	a, findings := agreementfile.Parse("deal.yaml", []byte(`
concord: 1
agreement: deal
currency: USD
zone: UTC
parties: {lab: {operates: [labcloud]}, north: {operates: [northcloud]}}
products: {lab/m: {owner: lab}}
amendments:
  - id: start
    effective: 2026-01-01
    source: {provenance: public}
    adds:
      - {id: share, kind: revenue-share, payer: lab, payee: north, base: {revenue_of: lab, from: [sales]}, rate: "20%", caps: [{amount: "30 USD", per: total}], through: 2026-06}
  - id: next
    effective: 2026-07-01
    source: {provenance: public}
    adds:
      - {id: next, continues: share, kind: revenue-share, payer: lab, payee: north, base: {revenue_of: lab, from: [sales]}, rate: "20%", caps: [{amount: "30 USD", per: total}], term: perpetual}
`))
	if a == nil {
		t.Fatal(findings)
	}
	terms, err := agreement.NewSet(a).AsOf(day("2026-07-02"), known)
	if err != nil {
		t.Fatal(err)
	}
	uses := []ledger.CapUse{{Agreement: "deal", Clause: "share", Per: "total", Window: "total", Capped: money.FromUnits(24)}}
	debts, err := settlement.Owed(nil, uses, terms, day("2026-07-02"))
	if err != nil || len(debts) != 1 || len(debts[0].Caps) != 1 || debts[0].Caps[0].Left != money.FromUnits(6) {
		t.Errorf("%+v, %v; want 6 of 30 left", debts, err)
	}
}
