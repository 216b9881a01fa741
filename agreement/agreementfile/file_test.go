package agreementfile_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

var update = flag.Bool("update", false, "rewrite the expected findings")

func render(findings []agreement.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

// TestForm runs testdata/form: for every rule a document that breaks it, and one that keeps to it.
func TestForm(t *testing.T) {
	elsewhere := map[string]bool{"too-large": true, "too-many-clauses": true, "too-many-fields": true, "too-many-findings": true} // TestBounds
	for _, rule := range agreementfile.Rules() {
		if elsewhere[rule.ID] {
			continue
		}
		t.Run(rule.ID, func(t *testing.T) {
			name := filepath.Join("testdata", "form", rule.ID+".txtar")
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			a, findings := agreementfile.Parse("deal.yaml", archive.Files[0].Data)
			if read := rule.Severity == agreement.Warning; (a != nil) != read || len(findings) == 0 || findings[0].Rule != rule.ID || findings[0].Severity != rule.Severity {
				t.Errorf("the failing case does not fail as the rule says:\n%s", render(findings))
			}
			if a, findings := agreementfile.Parse("deal.yaml", archive.Files[1].Data); a == nil || len(findings) > 0 {
				t.Errorf("the passing case does not pass:\n%s", render(findings))
			}
			want := &archive.Files[2]
			if *update {
				want.Data = []byte(render(findings))
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), render(findings)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

const head = `concord: 1
agreement: deal
currency: USD
zone: UTC
parties: {lab: {operates: [labcloud]}}
products: {lab/m: {}}
amendments:
`

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestBounds(t *testing.T) {
	clauses := func(n int, clause string) []byte {
		return []byte(head + "  - id: start\n    effective: 2026-01-01\n    adds:\n" + strings.Repeat("      - "+clause+"\n", n))
	}
	const run = "{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], term: perpetual}"
	for name, c := range map[string]struct {
		doc  []byte
		rule string
	}{
		"a large document":  {append(clauses(1, run), bytes.Repeat([]byte("# filler\n"), 500_000)...), "too-large"},
		"many clauses":      {clauses(10_001, run), "too-many-clauses"},
		"many findings":     {clauses(2_000, "{id: run, kind: deliverance}"), "too-many-findings"},
		"many keys":         {[]byte(many(2_001, "k%d: a\n")), "too-many-fields"},
		"many ? keys":       {[]byte(many(2_001, "? k%d\n")), "too-many-fields"},
		"one ? key":         {[]byte(strings.Repeat("? a\n", 32_768)), "too-many-fields"},
		"many keys below":   {[]byte("a:\n" + many(2_001, "  k%d: a\n  k%[1]dx:\n    b: c\n")), "too-many-fields"},
		"many empty keys":   {[]byte(strings.Repeat(": a\n", 2_001)), "too-many-fields"},
		"many flow keys":    {[]byte("{" + many(2_001, "k%d: a, ") + "}"), "too-many-fields"},
		"many flow pairs":   {[]byte("[" + many(2_001, "k%d: a, ") + "]"), "too-many-fields"},
		"lists as keys":     {[]byte("[a]: b\n"), "wrong-type"},
		"many documents":    {[]byte(strings.Repeat("a: b\n---\n", 100_000)), "yaml"},
		"ends of documents": {[]byte(strings.Repeat("a: b\n...\n", 100_000)), "yaml"},
		"deep brackets":     {[]byte(strings.Repeat("[", 1<<20)), "too-deep"},
		"deep dashes":       {[]byte(strings.Repeat("- ", 1<<18)), "too-deep"},
		"deep braces":       {[]byte(strings.Repeat("{a: ", 1<<17)), "too-deep"},
		"deep keys":         {[]byte(strings.Repeat("? ", 1<<18)), "too-deep"},
		"aliases":           {[]byte("a: &a [x]\nb: *a\n"), "anchor"},
		"merges":            {[]byte("<<: {a: b}\n"), "anchor"},
		"tags":              {[]byte("!!binary a: b\n"), "anchor"},
		"two documents":     {append(clauses(1, run), []byte("---\na: b\n")...), "yaml"},
		"nothing":           {nil, "yaml"},
		"a huge number":     {[]byte(strings.Replace(head, "concord: 1", "concord: 1"+strings.Repeat("0", 100_000), 1)), "version"},
	} {
		t.Run(name, func(t *testing.T) {
			a, findings := agreementfile.Parse("deal.yaml", c.doc)
			if a != nil || len(findings) == 0 {
				t.Fatal("the document is read")
			}
			for _, f := range findings {
				if f.Rule == c.rule {
					return
				}
			}
			t.Errorf("no finding of %s in:\n%s", c.rule, render(findings[:min(3, len(findings))]))
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, findings := agreementfile.Parse("deal.yaml", []byte(`concord: 1
agreement: deal
currency: usd
zone: UTC
parties: {lab: {operate: [labcloud]}}
amendments:
  - id: start
    effective: 27 April
    adds:
      - {id: cut, kind: revenue-share, payer: lab, payee: lab, rate: 20%, timeline: 2030-12-31}
      - {id: run, kind: delivery, products: [lab/m], mode: exclusiv, order: [[labcloud]], term: perpetual}
`))
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Pos.Line, f.Pos.Column, f.Rule))
	}
	want := []string{"3:11 currency", "5:17 unknown-field", "8:16 bad-date", "10:70 unquoted-amount", "10:85 bare-end-date", "11:60 unknown-value"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAPolicyNarrowsAndOrders(t *testing.T) {
	doc := strings.Replace(head, "currency:", "policy: acme\ncurrency:", 1) + "  - id: start\n    effective: 2026-01-01\n    adds:\n      - {id: run, kind: delivery, products: [lab/m], term: perpetual, CLOUDS}\n"

	if a, findings := agreementfile.Parse("policy.yaml", []byte(strings.Replace(doc, "CLOUDS", "clouds: [labcloud]", 1))); a == nil {
		t.Errorf("a policy that narrows is not read:\n%s", render(findings))
	}
	if a, findings := agreementfile.Parse("policy.yaml", []byte(strings.Replace(doc, "CLOUDS", "order: [[labcloud], [northcloud]], leave_for: [down]", 1))); a == nil {
		t.Errorf("a policy that orders is not read:\n%s", render(findings))
	}
	a, findings := agreementfile.Parse("policy.yaml", []byte(strings.Replace(doc, "CLOUDS", "clouds: [labcloud], within: cheapest", 1)))
	if a != nil || len(findings) != 1 || findings[0].Rule != "policy-field" {
		t.Errorf("a policy that orders by price is read, or fails otherwise:\n%s", render(findings))
	}
}

func TestExamplesAreRead(t *testing.T) {
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		doc, err := os.ReadFile("../../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		a, findings := agreementfile.Parse(name, doc)
		if a == nil || len(findings) > 0 {
			t.Fatalf("%s is not read:\n%s", name, render(findings))
		}
		if a.Name != strings.TrimSuffix(name, ".yaml") {
			t.Errorf("%s is named %q", name, a.Name)
		}
	}
}

// FuzzParse holds that no document takes the process down, and that what is read can be linted and compiled.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/form/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range seeds {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
		f.Add(archive.Files[1].Data)
	}
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		doc, err := os.ReadFile("../../examples/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		a, findings := agreementfile.Parse("deal.yaml", doc)
		if a == nil {
			if len(findings) == 0 {
				t.Error("nothing is read, and nothing is said about it")
			}
			return
		}
		set := agreement.NewSet(a)
		set.Lint(nil)
		known := a.Amendments
		if len(known) == 0 {
			return
		}
		terms, err := set.AsOf(known[0].Effective, known[0].Effective)
		if err != nil {
			return
		}
		for _, c := range terms.Clauses() {
			agreement.Describe(c)
		}
		terms.View()
	})
}

func TestFactsThatFollowAnAgreementAreItsOwn(t *testing.T) {
	t.Parallel()
	doc := []byte(`concord: 1
agreement: a
currency: USD
zone: UTC
parties: {openai: {name: OpenAI, operates: [openai]}, microsoft: {name: Microsoft, operates: [azure]}}
products: {openai/gpt-5.4: {owner: openai, apis: [chat]}}
amendments:
  - {id: start, effective: 2026-01-01}
facts:
  - {id: f1, kind: ships, product: openai/gpt-5.4, cloud: azure, on: 2026-05-02, by: microsoft}`)
	line := `{id: "f2", kind: "retires", product: "openai/gpt-5.4", cloud: "azure", on: "2026-06-02", by: "openai", recorded: "2026-06-03T01:02:03.5Z"}`
	twice := agreementfile.WithFact(agreementfile.WithFact(doc, line), strings.Replace(line, "f2", "f3", 1))

	a, findings := agreementfile.Parse("a.yaml", twice)

	if a == nil || len(a.Facts) != 3 || a.Facts[2].ID != "f3" || a.Facts[1].Recorded.Format(time.RFC3339Nano) != "2026-06-03T01:02:03.5Z" {
		t.Errorf("%+v, %v", a, findings)
	}
	for _, other := range []string{"---\nparties: {}\n", "---\nfacts: []\nnotes: x\n", "---\nfacts:\n  - {id: f9, kind: sails}\n"} {
		if a, findings := agreementfile.Parse("a.yaml", append(slices.Clone(twice), other...)); a != nil || len(findings) == 0 {
			t.Errorf("%q was taken: %v", other, findings)
		}
	}
}
