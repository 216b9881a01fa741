package agreement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

// hostile writes an agreement with n clauses and as many products, after what else is given.
func hostile(n int, clause func(i int) string, rest string) string {
	var b strings.Builder
	b.WriteString("concord: 1\nagreement: deal\ncurrency: USD\nzone: UTC\nparties:\n  lab: {operates: [labcloud]}\n  north: {operates: [northcloud]}\nproducts:\n")
	for i := range min(n, 1000) {
		fmt.Fprintf(&b, "  lab/m%d: {}\n", i)
	}
	b.WriteString("amendments:\n  - id: start\n    effective: 2026-01-01\n    adds:\n")
	for i := range n {
		fmt.Fprintf(&b, "      - {id: c%d, %s, term: perpetual}\n", i, clause(i))
	}
	return b.String() + rest
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// minutes writes amendments that do nothing, one a minute.
func minutes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - {id: a%d, effective: 2026-01-02T%02d:%02d:00Z}\n", i, i/60, i%60)
	}
	return b.String()
}

// TestTheWorkOfLintIsBounded gives it small files that ask for much, and counts what it compares: nothing that was not
// checked may come into force.
func TestTheWorkOfLintIsBounded(t *testing.T) {
	delivery := func(i int) string {
		return fmt.Sprintf("kind: delivery, products: [lab/m%d], clouds: [labcloud]", i%1000)
	}
	share := func(i int) string {
		return fmt.Sprintf(`kind: revenue-share, payer: lab, payee: north, base: {revenue_of: lab, from: [sales], products: [lab/m%d]}, rate: "1%%"`, i%1000)
	}
	listed := func(int) string {
		return "kind: delivery, products: [lab/m1], clouds: [labcloud], customers: [" + many(3800, "c%d, ") + "]"
	}
	shipping := func(int) string {
		return "kind: delivery, products: [lab/*], clouds: [labcloud], first_ship: {cloud: northcloud, lead: 3d}"
	}
	for name, doc := range map[string]string{
		"clauses of different products": hostile(3000, delivery, ""),
		"shares of different products":  hostile(3000, share, ""),
		"long lists":                    hostile(40, listed, ""),
		"a long history":                hostile(1000, delivery, minutes(900)),
		"facts that leads run from":     hostile(1000, shipping, "facts:\n"+many(5000, "  - {id: f%d, kind: ships, product: lab/m1, cloud: northcloud, on: 2026-01-02, by: lab}\n")),
	} {
		t.Run(name, func(t *testing.T) {
			a, form := agreementfile.Parse("deal.yaml", []byte(doc))
			if a == nil {
				t.Fatal(form[0])
			}
			work, findings := agreement.NewSet(a).LintWork()

			refused := slices.ContainsFunc(findings, func(f agreement.Finding) bool { return f.Rule == "too-intricate" })
			refused = refused || slices.ContainsFunc(findings, func(f agreement.Finding) bool { return f.Rule == "history-too-long" })
			if over := work > agreement.MaxWork; over && !refused || work > 2*agreement.MaxWork {
				t.Errorf("%d comparisons of %d, refused: %v", work, agreement.MaxWork, refused)
			}
			t.Logf("%d bytes, %d comparisons, refused: %v", len(doc), work, refused)
		})
	}

	if work, _ := load(t, "openai-microsoft.yaml", "openai-clouds.yaml").LintWork(); work > agreement.MaxWork/1000 {
		t.Errorf("the examples take %d comparisons", work)
	}
}
