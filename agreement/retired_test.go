package agreement_test

import (
	"testing"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

const retiring = `
concord: 1
agreement: deal
currency: USD
zone: UTC
parties: {lab: {operates: [labcloud]}, north: {operates: [northcloud]}}
products: {lab/m: {}}
amendments:
  - id: start
    effective: 2026-01-01
    adds:
      - {id: run, kind: delivery, products: [lab/m], order: [[labcloud], [northcloud]], term: perpetual}
facts:
  - {id: shipped, kind: ships, product: lab/m, cloud: labcloud, on: 2026-01-10, by: lab}
  - {id: gone, kind: retires, product: lab/m, cloud: labcloud, on: 2026-06-01, recorded: 2026-05-20, by: lab}
  - {id: back, kind: ships, product: lab/m, cloud: labcloud, on: 2026-09-01, recorded: 2026-08-20, by: lab}
`

func TestARetiredProductIsNoLongerDelivered(t *testing.T) {
	a, form := agreementfile.Parse("deal.yaml", []byte(retiring))
	for _, f := range form {
		t.Fatal(f)
	}
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	customer := agreement.Customer{ID: "acme", Sellers: [][]string{{"lab"}}}
	reason := "lab/m is retired on labcloud since 2026-06-01 (fact gone of deal)"
	for _, c := range []struct{ cloud, at, known, reason string }{
		{"labcloud", "2026-05-31", "2027-01-01", ""},
		{"labcloud", "2026-06-01", "2027-01-01", reason},
		{"labcloud", "2026-06-01", "2026-05-01", ""}, // as we knew it then
		{"labcloud", "2026-08-31", "2027-01-01", reason},
		{"labcloud", "2026-09-01", "2027-01-01", ""}, // shipped again
		{"labcloud", "2026-09-01", "2026-08-01", reason},
	} {
		terms, err := agreement.NewSet(a).AsOf(day(c.at), day(c.known))
		if err != nil {
			t.Fatal(err)
		}
		v := terms.Verdict(&customer, &agreement.Deployment{ID: "d", Product: "lab/m", Cloud: c.cloud, Seller: "lab", Holder: "lab"}, "")
		if v.Permitted != (c.reason == "") || !v.Permitted && (v.Reason != c.reason || v.Failed != agreement.CheckCloud) {
			t.Errorf("on %s, as known on %s: %+v", c.at, c.known, v)
		}
	}
}
