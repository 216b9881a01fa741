package agreement_test

import (
	"strings"
	"testing"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

// waiting is an agreement with a share that waits for a milestone, and a milestone.
func waiting(t *testing.T, from, until, milestone, facts string) *agreement.Agreement {
	t.Helper()
	text := `concord: 1
agreement: deal
currency: USD
zone: UTC
parties: {lab: {operates: [labcloud]}, north: {operates: [northcloud]}}
products: {lab/m: {aliases: [m]}}
amendments:
  - id: start
    effective: 2026-01-01
    source: {provenance: public}
    adds:
      - {id: share, kind: revenue-share, payer: north, payee: lab, base: {revenue_of: north, from: [sales]}, rate: "20%", from: ` + from + `, ` + until + `}
` + milestone + facts
	a, findings := agreementfile.Parse("deal.yaml", []byte(text))
	if a == nil {
		t.Fatal(findings)
	}
	return a
}

const defined = `      - {id: agi, kind: milestone, name: agi, declares: lab, term: perpetual}
`

func TestABeginningThatCanNeverComeIsAFinding(t *testing.T) {
	for name, c := range map[string]struct{ from, until, milestone, want string }{
		"no clause defines it":       {"{milestone: agi}", "term: perpetual", "", "unknown-milestone: share begins with the milestone agi, which no clause defines"},
		"nobody brings its state":    {"{milestone: agi, state: verified}", "term: perpetual", defined, "milestone-nobody: share begins when agi is verified, and nobody is named who verifies it"},
		"it ends with what it needs": {"{milestone: agi, state: declared}", "until: {milestone: agi, state: declared}", defined, "empty-term: share begins when agi is declared, and is over by then"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []string
			for _, f := range agreement.NewSet(waiting(t, c.from, c.until, c.milestone, "")).Lint(&agreement.Catalog{}) {
				all = append(all, f.Rule+": "+f.Message)
			}
			if got := strings.Join(all, "\n"); !strings.Contains(got, c.want) {
				t.Errorf("want %q among the findings:\n%s", c.want, got)
			}
		})
	}
}

func TestTheCalendarSaysWhatAClauseWaitsFor(t *testing.T) {
	in2026 := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	titles := func(a *agreement.Agreement) string {
		events, err := agreement.NewSet(a).Calendar(in2026, in2026.AddDate(2, 0, 0), in2026)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, e := range events {
			b.WriteString(e.Title + "\n")
		}
		return b.String()
	}
	open := titles(waiting(t, "{milestone: agi, state: declared}", "term: perpetual", defined, ""))
	if !strings.Contains(open, "revenue-share share begins when agi is declared") {
		t.Errorf("what it waits for is missing:\n%s", open)
	}
	come := titles(waiting(t, "{milestone: agi, state: declared}", "term: perpetual", defined,
		"facts: [{id: f1, kind: declares, milestone: agi, on: 2026-03-01, recorded: 2026-01-15, by: lab}]\n"))
	if strings.Contains(come, "begins when") || !strings.Contains(come, "revenue-share share begins") {
		t.Errorf("its day is known:\n%s", come)
	}
}

// Waiting for something else is another term, with another hash; an agreement in which nothing waits keeps its hash, which the
// frozen hashes of testdata hold.
func TestWhatAClauseWaitsForIsPartOfItsTerms(t *testing.T) {
	facts := "facts: [{id: f1, kind: declares, milestone: agi, on: 2026-03-01, recorded: 2026-03-01, by: lab}]\n"
	at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	hash := func(from string) *agreement.Terms {
		terms, err := agreement.NewSet(waiting(t, from, "term: perpetual", defined, facts)).AsOf(at, at)
		if err != nil {
			t.Fatal(err)
		}
		return terms
	}
	waits, dated := hash("{milestone: agi, state: declared}"), hash("2026-03-01")
	if waits.Hash() == dated.Hash() {
		t.Error("a day and a milestone have the same hash")
	}
	d := agreement.Diff(dated, waits, nil)
	var said string
	for _, c := range d.Clauses {
		for _, f := range c.Fields {
			said += f.Field + ": " + f.Before + " -> " + f.After + "\n"
		}
	}
	if !strings.Contains(said, "from: from 2026-03-01 -> from when agi is declared") {
		t.Errorf("the difference says:\n%s", said)
	}
}
