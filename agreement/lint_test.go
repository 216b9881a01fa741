package agreement_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

var update = flag.Bool("update", false, "rewrite the expected findings")

// TestRules runs testdata/lint: for every rule one file with a case that breaks it and one that keeps to it.
func TestRules(t *testing.T) {
	for _, rule := range agreement.Rules() {
		if rule.ID == "history-too-long" || rule.ID == "too-intricate" {
			continue // TestTheWorkOfLintIsBounded; TestAHistoryIsBounded: its failing case has a thousand facts
		}
		t.Run(rule.ID, func(t *testing.T) {
			name := filepath.Join("testdata", "lint", rule.ID+".txtar")
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := render(findings(t, archive, "fail", rule.ID))
			if got == "" {
				t.Error("the failing case has no finding of the rule")
			}
			if passing := render(findings(t, archive, "pass", rule.ID)); passing != "" {
				t.Errorf("the passing case has:\n%s", passing)
			}
			want := &archive.Files[len(archive.Files)-1]
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// findings lints the files of one case and returns what a rule has to say.
func findings(t *testing.T, archive *txtar.Archive, dir, rule string) (of []agreement.Finding) {
	t.Helper()
	var agreements []*agreement.Agreement
	var catalog *agreement.Catalog
	docs := map[string][]byte{}
	for _, f := range archive.Files {
		name := path.Base(f.Name)
		switch {
		case path.Dir(f.Name) != dir:
		case name == "catalog.json":
			catalog = &agreement.Catalog{}
			if err := json.Unmarshal(f.Data, catalog); err != nil {
				t.Fatal(err)
			}
		default:
			docs[name] = f.Data
			a, form := agreementfile.Parse(name, f.Data)
			for _, f := range form {
				t.Fatalf("the form of the file is wrong: %s", f)
			}
			agreements = append(agreements, a)
		}
	}
	all := agreement.NewSet(agreements...).Lint(catalog)
	agreementfile.Annotate(all, docs)
	for _, f := range all {
		if f.Rule == rule {
			of = append(of, f)
		}
	}
	return of
}

func render(findings []agreement.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

func TestAHistoryIsBounded(t *testing.T) {
	const head = `
concord: 1
agreement: deal
currency: USD
zone: UTC
parties: {lab: {operates: [labcloud]}}
products: {lab/m: {}}
amendments:
  - {id: start, effective: 2020-01-01, adds: [{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], term: perpetual}]}
facts:
`
	rules := func(facts int) (found []string) {
		var doc strings.Builder
		doc.WriteString(head)
		for i := range facts {
			on := time.Date(2020, 1, 2+i, 0, 0, 0, 0, time.UTC).Format("2006-01-02")
			fmt.Fprintf(&doc, "  - {id: f%d, kind: ships, product: lab/m, cloud: labcloud, on: %s, by: lab}\n", i, on)
		}
		a, form := agreementfile.Parse("a.yaml", []byte(doc.String()))
		for _, f := range form {
			t.Fatal(f)
		}
		for _, f := range agreement.NewSet(a).Lint(nil) {
			found = append(found, f.Rule)
		}
		return found
	}

	if got := rules(1000); !slices.Contains(got, "history-too-long") {
		t.Errorf("a thousand and one intervals are accepted: %v", got)
	}
	if got := rules(900); slices.Contains(got, "history-too-long") {
		t.Errorf("nine hundred and one intervals are not accepted: %v", got)
	}
}
