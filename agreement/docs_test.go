package agreement_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

// yamlBlocks returns the YAML examples of a page.
func yamlBlocks(page string) (blocks []string) {
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// TestThePageOfTheFormatIsRight parses every example of docs/agreement-format.md: whole documents as they stand, clauses
// as part of the page's first document.
func TestThePageOfTheFormatIsRight(t *testing.T) {
	page, err := os.ReadFile("../docs/agreement-format.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := yamlBlocks(string(page))
	var kinds []string
	for i, block := range blocks {
		doc := block
		if strings.HasPrefix(block, "- ") {
			frame, _, _ := strings.Cut(blocks[0], "amendments:")
			doc = frame + "amendments:\n  - id: start\n    effective: 2026-01-01\n    source: {provenance: public}\n    adds:\n" + indent(block)
		}
		name := fmt.Sprintf("example-%d.yaml", i+1)
		a, findings := agreementfile.Parse(name, []byte(doc))
		if a == nil {
			t.Errorf("%v\nin:\n%s", findings, doc)
			continue
		}
		for _, f := range agreement.NewSet(a).Lint(nil) {
			if alone := f.Rule == "unknown-milestone" || f.Rule == "undeliverable" || f.Rule == "unknown-clause"; f.Severity == agreement.Error && !alone {
				t.Errorf("%s\nin:\n%s", f, doc)
			}
		}
		for _, m := range a.Amendments {
			for _, c := range m.Adds {
				kinds = append(kinds, agreement.KindOf(c))
			}
		}
	}
	for _, kind := range []string{"delivery", "license", "sale", "revenue-share", "commitment", "milestone"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("the page has no example of a %s clause", kind)
		}
	}
}

func indent(block string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(block, "\n"), "\n", "\n      ") + "\n"
}

// TestThePageOfRulesIsComplete composes docs/rules.md from the rules and their cases.
func TestThePageOfRulesIsComplete(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Rules

What ` + "`concord agreement check`" + ` and every loader find. An error keeps terms from coming into force; the terms that are in force stay. A
warning does not. All findings are reported at once, each with its place, the line that it is about, and what to write instead.

This page is composed from the rules and their cases; each case file holds a document that breaks the rule and one that keeps to it.
After a change: ` + "`go test ./agreement -run Page -update`" + `.

## What clauses say together
`)
	write := func(rule agreement.Rule, dir string) {
		fmt.Fprintf(&b, "\n### %s\n\n**%s**: %s.", rule.ID, rule.Severity, rule.Summary)
		file := filepath.Join(dir, rule.ID+".txtar")
		archive, err := txtar.ParseFile(file)
		if err != nil {
			b.WriteString("\n")
			return // the rules of bounds have no case file
		}
		want := archive.Files[len(archive.Files)-1]
		fmt.Fprintf(&b, " %s\n\n```\n%s```\n\nCases: [%s](../agreement/%s)\n", strings.TrimSpace(string(archive.Comment)), want.Data, rule.ID+".txtar", filepath.ToSlash(file))
	}
	for _, rule := range agreement.Rules() {
		write(rule, filepath.Join("testdata", "lint"))
	}
	b.WriteString("\n## The form of a file\n")
	for _, rule := range agreementfile.Rules() {
		write(rule, filepath.Join("agreementfile", "testdata", "form"))
	}
	b.WriteString("\n## The article's short form\n\nEach finding names the key and the answers that `concord agreement convert` takes.\n")
	for _, rule := range agreementfile.ShortRules() {
		write(rule, filepath.Join("agreementfile", "testdata", "short"))
	}

	const page = "../docs/rules.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("-composed +page:\n%s", diff)
	}
}
