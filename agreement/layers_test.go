package agreement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

const preamble = `
concord: 1
agreement: deal
currency: USD
zone: America/Los_Angeles
parties:
  lab: {name: Lab, operates: [labcloud]}
  north: {name: North, operates: [northcloud]}
  south: {name: South, operates: [southcloud]}
products:
  lab/m: {aliases: [m], state: stateless}
  lab/open: {open_weights: MIT}
`

// set reads documents, each after the preamble unless it begins with "concord:".
func set(t *testing.T, docs ...string) *agreement.Set {
	t.Helper()
	var all []*agreement.Agreement
	for i, doc := range docs {
		doc = strings.TrimLeft(doc, "\n")
		if !strings.HasPrefix(doc, "concord:") {
			doc = preamble + doc
		}
		a, findings := agreementfile.Parse(fmt.Sprintf("%c.yaml", 'a'+i), []byte(doc))
		for _, f := range findings {
			t.Fatalf("%s", f)
		}
		all = append(all, a)
	}
	return agreement.NewSet(all...)
}

func inForce(t *testing.T, s *agreement.Set, date string) string {
	t.Helper()
	return inForceAsKnown(t, s, date, known)
}

// inForceAsKnown lists the clauses in force at noon of a day, with the amendment that they are from.
func inForceAsKnown(t *testing.T, s *agreement.Set, date string, known time.Time) string {
	t.Helper()
	terms, err := s.AsOf(day(t, date), known)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, f := range terms.Clauses() {
		ids = append(ids, f.Clause.Head().ID+" of "+f.Amendment.ID)
	}
	return strings.Join(ids, ", ")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

const chain = `
amendments:
  - id: start
    effective: 2026-01-01
    adds: [{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], term: perpetual}]
  - id: second
    effective: 2026-03-01
    recorded: 2026-02-15
    replaces: [{id: run, kind: delivery, products: [lab/m], clouds: [northcloud], term: perpetual}]
    adds: [{id: lic, kind: license, licensor: lab, licensee: north, products: [lab/m], rights: [serve], exclusivity: non-exclusive, through: 2026-05}]
  - id: third
    effective: 2026-06-01
    ends: [run]
`

func TestAmendmentsAddReplaceAndEnd(t *testing.T) {
	s := set(t, chain)

	expect(t, "before", inForce(t, s, "2025-12-31"), "")
	expect(t, "first", inForce(t, s, "2026-01-01"), "run of start")
	expect(t, "replaced", inForce(t, s, "2026-03-01"), "lic of second, run of second")
	expect(t, "last day", inForce(t, s, "2026-05-31"), "lic of second, run of second")
	expect(t, "ended", inForce(t, s, "2026-06-01"), "")
}

func TestAnAmendmentDoesNotCountBeforeItWasKnown(t *testing.T) {
	s := set(t, chain)

	expect(t, "in March, as known in January", inForceAsKnown(t, s, "2026-03-01", day(t, "2026-01-15")), "run of start")
	expect(t, "in March, as known in March", inForceAsKnown(t, s, "2026-03-01", day(t, "2026-03-01")), "lic of second, run of second")
}

func TestEndsAreReadInTheAgreementsZone(t *testing.T) {
	s := set(t, chain)
	end := time.Date(2026, 6, 1, 7, 0, 0, 0, time.UTC) // midnight in Los Angeles, in summer
	has := func(at time.Time) bool {
		terms, err := s.AsOf(at, known)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := terms.Clause(agreement.Ref{Agreement: "deal", Clause: "lic"})
		return ok
	}

	if !has(end.Add(-time.Nanosecond)) {
		t.Error("the license is over before the month is")
	}
	if has(end) {
		t.Error("the license outlives its month")
	}
}

func TestAReplacingClauseThatBeginsLaterLeavesTheOldOneInForceUntilThen(t *testing.T) {
	s := set(t, `
amendments:
  - {id: start, effective: 2026-01-01, adds: [{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], term: perpetual}]}
  - {id: second, effective: 2026-03-01, replaces: [{id: run, kind: delivery, products: [lab/m], clouds: [northcloud], from: 2026-04-01, term: perpetual}]}
`)

	expect(t, "March", inForce(t, s, "2026-03-15"), "run of start")
	expect(t, "April", inForce(t, s, "2026-04-01"), "run of second")
}

func TestAfterPutsALateAmendmentBehindAnEarlierOne(t *testing.T) {
	doc := `
amendments:
  - {id: start, effective: 2026-01-01, adds: [{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], term: perpetual}]}
  - {id: march, effective: 2026-03-01, recorded: 2026-03-01, replaces: [{id: run, kind: delivery, products: [lab/m], clouds: [northcloud], term: perpetual}]}
  - {id: back, effective: 2026-02-01, recorded: 2026-05-01, AFTER replaces: [{id: run, kind: delivery, products: [lab/m], clouds: [southcloud], term: perpetual}]}
`
	plain := set(t, strings.Replace(doc, "AFTER ", "", 1))
	after := set(t, strings.Replace(doc, "AFTER ", "after: march, ", 1))

	expect(t, "by dates", inForce(t, plain, "2026-03-15"), "run of march")
	expect(t, "after march", inForce(t, after, "2026-03-15"), "run of back")
	expect(t, "in February", inForce(t, after, "2026-02-15"), "run of back")
	expect(t, "as known in April", inForceAsKnown(t, after, "2026-03-15", day(t, "2026-04-15")), "run of march")
}

func TestAmendmentsThatWaitForEachOtherAreAnError(t *testing.T) {
	s := set(t, `
amendments:
  - {id: start, effective: 2026-01-01, after: second, adds: [{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], term: perpetual}]}
  - {id: second, effective: 2026-03-01, after: start, ends: [run]}
`)

	if _, err := s.AsOf(day(t, "2026-04-01"), known); err == nil {
		t.Error("a circle of after is accepted")
	}
	if !slices.ContainsFunc(s.Lint(nil), func(f agreement.Finding) bool { return f.Rule == "amendment-order" }) {
		t.Error("lint does not report the circle")
	}
}

const milestone = `
amendments:
  - id: start
    effective: 2026-01-01
    adds:
      - {id: agi, kind: milestone, name: agi, declares: lab, verifies: panel, term: perpetual}
      - {id: lic, kind: license, licensor: lab, licensee: north, products: [lab/m], rights: [serve], exclusivity: non-exclusive, END}
facts:
  - {id: declared, kind: declares, milestone: agi, on: 2026-03-01, recorded: 2026-03-01, by: lab}
  - {id: verified, kind: verifies, milestone: agi, on: 2026-04-01, recorded: 2026-05-01, by: panel WITHDRAWN}
`

func TestAMilestoneEndsAClauseOnceItIsVerified(t *testing.T) {
	doc := func(end, withdrawn string) *agreement.Set {
		return set(t, strings.NewReplacer("END", end, "WITHDRAWN", withdrawn).Replace(milestone))
	}
	for _, c := range []struct{ name, end, withdrawn, last, first string }{
		{"verified, but not before that was recorded", "until: {milestone: agi, state: verified}", "", "2026-04-30", "2026-05-01"},
		{"verified, retroactively", "until: {milestone: agi, state: verified}, retroactive: true", "", "2026-03-31", "2026-04-01"},
		{"declared", "until: {milestone: agi, state: declared}", "", "2026-02-28", "2026-03-01"},
		{"the first of two", "until: {first_of: [{milestone: agi, state: verified}, {through: 2026-03}]}", "", "2026-03-31", "2026-04-01"},
		{"the other first of two", "until: {first_of: [{milestone: agi, state: declared}, {through: 2026-03}]}", "", "2026-02-28", "2026-03-01"},
		{"not at all, for the fact was withdrawn", "until: {milestone: agi, state: verified}", ", withdrawn: 2026-06-01", "2026-12-31", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := doc(c.end, c.withdrawn)
			expect(t, "last day", inForce(t, s, c.last), "agi of start, lic of start")
			if c.first != "" {
				expect(t, "first day without", inForce(t, s, c.first), "agi of start")
			}
		})
	}
}

func TestTheTimelineHasNoGapsAndAgreesWithAsOf(t *testing.T) {
	for name, s := range map[string]*agreement.Set{"the examples": example(t), "a chain": set(t, chain)} {
		t.Run(name, func(t *testing.T) {
			intervals, err := s.Timeline(known)
			if err != nil {
				t.Fatal(err)
			}
			if !intervals[0].From.IsZero() || !intervals[len(intervals)-1].Until.IsZero() {
				t.Error("the timeline has a beginning or an end")
			}
			for i, v := range intervals {
				if i > 0 && !v.From.Equal(intervals[i-1].Until) {
					t.Errorf("interval %d begins at %s, the one before ends at %s", i, v.From, intervals[i-1].Until)
				}
				for _, at := range []time.Time{v.From, v.Until.Add(-time.Nanosecond)} {
					terms, err := s.AsOf(at, known)
					if err != nil {
						t.Fatal(err)
					}
					if !v.Until.IsZero() && terms.Hash() != v.Terms.Hash() {
						t.Errorf("the terms as of %s are not those of their interval", at)
					}
				}
			}
		})
	}
}

func TestLaterLayersDoNotChangeEarlierTerms(t *testing.T) {
	whole := set(t, chain)
	cut := set(t, chain[:strings.Index(chain, "  - id: third")])
	before, err := whole.AsOf(day(t, "2026-03-01"), known)
	if err != nil {
		t.Fatal(err)
	}
	without, err := cut.AsOf(day(t, "2026-03-01"), known)
	if err != nil {
		t.Fatal(err)
	}
	if before.Hash() != without.Hash() {
		t.Error("an amendment of June changes the terms of March")
	}
}
