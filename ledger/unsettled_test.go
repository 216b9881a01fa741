package ledger_test

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/ledger"
)

// unsettled uses every field and word that is read and that nobody settles yet.
//
//go:embed testdata/unsettled.yaml
var unsettled string

func TestWhatIsReadAndNotSettledIsRefusedFieldByField(t *testing.T) {
	a, warnings := agreementfile.Parse("deal.yaml", []byte(unsettled))
	if a == nil {
		t.Fatal(warnings)
	}
	set := agreement.NewSet(a)
	terms, err := set.AsOf(date("2026-02-01"), date("2026-02-01"))
	if err != nil {
		t.Fatal(err)
	}

	var got []string
	lines := strings.Split(unsettled, "\n")
	for _, f := range ledger.Check(terms) {
		if f.Rule != "not-posted" || f.Severity != agreement.Error || f.Remedy == "" {
			t.Errorf("not a refusal: %s", f)
		}
		_, field, _ := strings.Cut(f.Message, "does not post ")
		field, _, _ = strings.Cut(field, ":")
		got = append(got, fmt.Sprintf("%s %s at %s", f.Related[0].Clause, field, lines[f.Pos.Line-1][f.Pos.Column-1:][:4]))
	}
	slices.Sort(got)
	want := []string{
		`other-sales charge.failed at deli`, `other-sales charge.refused at repo`,
		`sales charge.failed at repo`, `sales charge.refused at deli`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	if len(warnings) != len(got)+2 { // the facts touch no clause
		t.Errorf("%d warnings of the loader beside %d refusals of the ledger: %v", len(warnings), len(got), warnings)
	}
	for _, w := range warnings {
		if w.Rule != "not-settled-yet" || w.Severity != agreement.Warning {
			t.Errorf("not a warning: %s", w)
		}
	}
}

func TestAClauseThatHasEndedIsNotRefused(t *testing.T) {
	a, _ := agreementfile.Parse("deal.yaml", []byte(unsettled))
	for _, c := range a.Amendments[0].Adds {
		c.Head().End = agreement.End{Until: date("2026-06-01")}
	}
	terms, err := agreement.NewSet(a).AsOf(date("2026-07-01"), date("2026-07-01"))
	if err != nil {
		t.Fatal(err)
	}
	if findings := ledger.Check(terms); len(findings) > 0 {
		t.Errorf("found %v", findings)
	}
}
