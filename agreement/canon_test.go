package agreement_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden compares with a file of testdata, or rewrites it with -update. The bytes of terms are frozen: records name terms
// by their hash, so a difference here is a mistake unless no journal exists yet.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheBytesOfTermsAreFrozen(t *testing.T) {
	s := set(t, everything)
	golden(t, "everything.hex", hex.Dump(s.Canonical(asOf(t, s, "2026-06-01"))))
}

func TestTheHashesOfTermsAreFrozen(t *testing.T) {
	var b strings.Builder
	for _, date := range []string{"2026-04-26", "2026-04-28"} {
		b.WriteString("examples as of " + date + ": " + asOf(t, example(t), date).Hash().String() + "\n")
	}
	s := set(t, everything)
	b.WriteString("everything: " + asOf(t, s, "2026-06-01").Hash().String() + "\n")
	golden(t, "hashes.txt", b.String())
}

func TestEveryChangeOfMeaningChangesTheHash(t *testing.T) {
	base := asOf(t, set(t, everything), "2026-06-01").Hash()
	for _, change := range [][2]string{
		{"clouds: [southcloud]", "clouds: [labcloud]"}, {"lead: 7d", "lead: 8d"}, {"leave_for: []", "leave_for: [down]"}, {`rate: "1/3"`, `rate: "1/4"`},
		{`"1000000.5 USD"`, `"1000000.6 USD"`}, {"through: 2030", "through: 2031"}, {"provenance: reported", "provenance: assumed"}, {"aliases: [m]", "aliases: [m, n]"},
		{"{license: \"60%\", cloud: \"40%\"}", "{license: \"50%\", cloud: \"50%\"}"}, {"continues: old-cut", "continues: older-cut"}, {"reserved: [host]", "reserved: [serve]"},
		{"period: month", "period: quarter"}, {`base: "70 USD"`, `base: "71 USD"`}, {"evidence: x, provenance: public", "evidence: x, provenance: reported"},
	} {
		doc := strings.Replace(everything, change[0], change[1], 1)
		if doc == everything {
			t.Fatalf("the document has no %q", change[0])
		}
		if asOf(t, set(t, doc), "2026-06-01").Hash() == base {
			t.Errorf("%s and %s have one hash", change[0], change[1])
		}
	}
	for _, same := range [][2]string{{`rate: "1/3"`, `rate: "2/6"`}, {"through: 2030}", "until: 2031-01-01}"}, {"title: The start", "title: Day one"}, {"name: Lab", "name: The Lab"}} {
		doc := strings.Replace(everything, same[0], same[1], 1)
		if doc == everything {
			t.Fatalf("the document has no %q", same[0])
		}
		if asOf(t, set(t, doc), "2026-06-01").Hash() != base {
			t.Errorf("%s and %s mean the same and have two hashes", same[0], same[1])
		}
	}
}

// everything uses every clause kind and almost every field that has an effect.
const everything = `
concord: 1
agreement: deal
currency: USD
zone: America/Los_Angeles
conflicts: prohibit
parties:
  lab: {name: Lab, operates: [labcloud]}
  north: {name: North, operates: [northcloud]}
  south: {name: South, operates: [southcloud]}
products:
  lab/m: {aliases: [m], apis: [chat, responses], state: stateless}
  lab/open: {open_weights: MIT}
settlement:
  - {between: [lab, north], period: month, zone: UTC, grace: 3d, due: 45d, net: true, minimum: "10 USD", rounding: {scale: 2, mode: half-even},
     interest: {rate: "10%", day_count: actual/365}, deemed_accepted: 30d}
opening:
  - {clause: cut, as_of: 2026-01-01, base: "70 USD", uncapped: "14 USD", capped: "14 USD", stated: "10 USD", paid: "10 USD", provenance: public}
amendments:
  - id: start
    title: The start
    effective: 2026-01-01
    recorded: 2025-12-20
    source: {url: "https://example.com/deal", provenance: public}
    adds:
      - {id: run, kind: delivery, products: {match: [lab/*], except: [lab/open]}, order: [[northcloud], [southcloud, labcloud]],
         within: {weighted: {southcloud: 2, labcloud: 1}}, choice: permitted, leave_for: [], customers: all, apis: [chat], states: [stateless], priority: 1,
         first_ship: {cloud: northcloud, lead: 7d, exception: {any: [cannot-support, declines]}, applies_to: all},
         first_refusal: {holder: north, for: capacity, window: 30d, silence: refusal}, until: {first_of: [{milestone: agi, state: verified}, {through: 2030}]}}
      - {id: ban, kind: delivery, products: [lab/open], mode: prohibited, clouds: [southcloud], territory: {customer: [eu], processing: [us]}, term: perpetual}
      - {id: lic, kind: license, licensor: lab, licensee: north, products: [lab/m], rights: [host, serve, sub-license], clouds: [northcloud],
         territory: {processing: [eu]}, exclusivity: exclusive, reserved: [host], through: 2032, survives: [audit, payment]}
      - {id: lab-sales, kind: sale, seller: lab, products: [lab/m], clouds: all, price: {book: list, discount: "5%"}, streams: {license: "60%", cloud: "40%"},
         charge: {cut: reported, interrupted: delivered}, term: perpetual}
      - {id: cut, kind: revenue-share, payer: lab, payees: {north: "75%", south: "25%"}, continues: old-cut,
         base: {revenue_of: lab, from: [sales, shares], except_from: [north], streams: [license], clouds: [labcloud], products: [lab/m]},
         rate: "1/3", caps: [{amount: "1000000.5 USD", per: total, counts_from: 2026-02-01, provenance: reported}, {amount: "10 USD", per: month}], from: 2026-02-01, through: 2030}
      - {id: capacity, kind: commitment, buyer: lab, seller: north, amount: "500 USD", window: {from: 2026-01-01, through: 2027},
         counts: {amount: charged, streams: [cloud], clouds: [northcloud], products: [lab/*]}, term: perpetual}
      - {id: agi, kind: milestone, name: agi, declares: lab, verifies: panel, term: perpetual}
facts:
  - {id: f1, kind: ships, product: lab/m, cloud: northcloud, on: 2026-02-01, recorded: 2026-02-02, by: north, evidence: x, provenance: public}
`
