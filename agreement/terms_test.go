package agreement_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"concord/agreement"
)

func TestTheExamplesAnswerWhoOwesWhom(t *testing.T) {
	terms := asOf(t, example(t), "2026-05-04")

	f, sale, ok := terms.Sale("amazon", "openai/gpt-5.4", "aws")
	if !ok || f.Ref().Clause != "amazon-sales" || sale.Book != "amazon-list" {
		t.Errorf("Amazon sells gpt-5.4 on AWS under %v, %v", f.Clause, ok)
	}
	if _, _, ok := terms.Sale("amazon", "openai/gpt-5.4", "azure"); ok {
		t.Error("Amazon sells gpt-5.4 on Azure")
	}
	var shares []string
	for _, s := range terms.Shares() {
		shares = append(shares, s.Ref().Clause)
	}
	expect(t, "shares, those that others rest on first", strings.Join(shares, " "), "share-amazon-to-openai share-openai-to-microsoft")
	if f, c, ok := terms.Capacity("openai", "amazon", "aws"); !ok || f.Ref().Clause != "aws-capacity" || c.Amount.String() != "138000000000" {
		t.Errorf("OpenAI's capacity on AWS: %v, %v", f.Clause, ok)
	}
	if _, _, ok := terms.Capacity("openai", "google", "gcp"); ok {
		t.Error("OpenAI has a commitment with Google")
	}
	if p, ok := terms.Product("gpt-oss-120b"); !ok || p.ID != "openai/gpt-oss-120b" {
		t.Errorf("gpt-oss-120b is %v, %v", p, ok)
	}
	if operator, ok := terms.Operator("gcp"); !ok || operator != "google" {
		t.Errorf("gcp is operated by %q, %v", operator, ok)
	}
}

func TestAFieldIsKnownNoBetterThanItsWorstItem(t *testing.T) {
	s := set(t, start(`{id: cut, kind: revenue-share, payer: lab, payee: north, base: {revenue_of: lab, from: [sales]}, provenance: public,
         rate: {value: "20%", provenance: reported}, caps: [{amount: "10 USD", per: month}, {amount: "90 USD", per: total, provenance: assumed}], term: perpetual}`))
	f := asOf(t, s, "2026-06-01").Clauses()[0]

	for field, want := range map[string]agreement.Provenance{
		"": agreement.Public, "rate": agreement.Reported, "base": agreement.Public, "caps": agreement.Assumed, "caps[0]": agreement.Public, "caps[1]": agreement.Assumed,
	} {
		if got := f.Provenance(field); got != want {
			t.Errorf("%q is %s, want %s", field, got, want)
		}
	}
}

func TestSharesThatRestOnEachOtherAreNoTerms(t *testing.T) {
	s := set(t, start(
		`{id: up, kind: revenue-share, payer: north, payee: lab, base: {revenue_of: north, from: [sales, shares]}, rate: "20%", term: perpetual}`,
		`{id: down, kind: revenue-share, payer: lab, payee: north, base: {revenue_of: lab, from: [sales, shares]}, rate: "20%", term: perpetual}`))

	_, err := s.AsOf(day(t, "2026-06-01"), known)
	if !errors.Is(err, agreement.ErrCircle) || !strings.Contains(err.Error(), "down -> up -> down") {
		t.Errorf("got %v", err)
	}
}

func TestClausesAreDescribedInWords(t *testing.T) {
	var b strings.Builder
	for _, s := range []struct {
		name  string
		terms *agreement.Terms
	}{{"the examples as of 2026-05-04", asOf(t, example(t), "2026-05-04")}, {"a clause of every kind", asOf(t, set(t, everything), "2026-06-01")}} {
		b.WriteString("== " + s.name + "\n")
		for _, f := range s.terms.Clauses() {
			b.WriteString("-- " + f.Clause.Head().ID + "\n" + agreement.Describe(f) + "\n")
		}
	}
	golden(t, "describe.txt", b.String())
}

func TestTermsArePrintedAsJSON(t *testing.T) {
	s := set(t, everything)
	out, err := json.MarshalIndent(asOf(t, s, "2026-06-01").View(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "view.json", string(out)+"\n")
}
