package agreement_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
)

func calendarOf(t rapid.TB, s *agreement.Set, from, until time.Time) []agreement.Event {
	t.Helper()
	events, err := s.Calendar(from, until, known)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// titles are the events of an agreement as one line each, with their dates.
func titles(events []agreement.Event, kinds ...agreement.EventKind) []string {
	var lines []string
	for _, e := range events {
		if slices.Contains(kinds, e.Kind) {
			date := "no date"
			if !e.At.IsZero() {
				date = e.At.Format(time.DateOnly)
			}
			lines = append(lines, date+" "+e.Title)
		}
	}
	return lines
}

func TestTheCalendarNamesWhatEndsAndWhatNeedsAMilestone(t *testing.T) {
	s := load(t, "openai-microsoft.yaml")
	midnight := day(t, "2026-04-01").Add(-12 * time.Hour)

	events := calendarOf(t, s, midnight, midnight.AddDate(7, 0, 0))

	want := []string{
		"2026-04-27 Amendment 2026-04-27 comes into force: Multi-cloud amendment",
		"2031-01-01 revenue-share share-openai-to-microsoft ends (through 2030)",
		"2033-01-01 azure-capacity: the window of the commitment of OpenAI to 250,000,000,000 USD closes",
		"2033-01-01 license model-license ends (through 2032)",
		"no date milestone agi is declared by OpenAI and verified by expert-panel",
		"no date delivery api-exclusivity ends when agi is verified",
		"no date delivery stateful-delivery ends when agi is verified",
	}
	if diff := cmp.Diff(want, titles(events, agreement.AmendmentBegins, agreement.ClauseEnds, agreement.CommitmentMoves, agreement.Condition)); diff != "" {
		t.Error(diff)
	}
}

func TestTheCalendarDatesASettlementPeriodInItsZone(t *testing.T) {
	s := load(t, "openai-microsoft.yaml")
	from := day(t, "2026-06-01").Add(-12 * time.Hour)

	events := calendarOf(t, s, from, from.AddDate(0, 3, 0))

	var may []string
	for _, e := range events {
		if e.Period == "2026-05" {
			may = append(may, e.At.Format(time.RFC3339)+" "+string(e.Kind))
		}
	}
	want := []string{
		"2026-06-01T00:00:00-07:00 period", "2026-06-04T00:00:00-07:00 statement",
		"2026-07-04T00:00:00-07:00 acceptance", "2026-07-19T00:00:00-07:00 payment",
	}
	if diff := cmp.Diff(want, may); diff != "" {
		t.Error(diff)
	}
}

func TestTheCalendarTellsWhenCapsTiersGuaranteesAndFeesRenew(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	events := calendarOf(t, load(t, "model-lab.yaml"), from, from.AddDate(0, 4, 0))
	want := []string{
		"2027-01-01 cirrus-share: the cap of 4,000,000 EUR per year is whole again",
		"2027-01-01 cirrus-share: the guarantee of 250,000 EUR for the year falls due",
		"2027-01-01 cirrus-share: the tiers begin again at their first step",
		"2027-01-01 nimbus-license: a new year of the fee of 73,000 EUR begins",
		"2027-01-01 stratus-share: the tiers begin again at their first step",
	}
	if diff := cmp.Diff(want, titles(events, agreement.WindowBegins)); diff != "" {
		t.Error(diff)
	}
}

// TestEveryChangeOfTermsIsInTheCalendar holds the calendar to the terms: whenever they change, it says why.
func TestEveryChangeOfTermsIsInTheCalendar(t *testing.T) {
	for _, names := range [][]string{{"openai-microsoft.yaml", "openai-clouds.yaml"}, {"model-lab.yaml"}, {"seed-resolved.yaml"}, {"enterprise-policy.yaml"}} {
		t.Run(strings.Join(names, "+"), func(t *testing.T) {
			s := load(t, names...)
			history, err := s.Timeline(known)
			if err != nil {
				t.Fatal(err)
			}
			events := calendarOf(t, s, time.Time{}, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))
			for i := 1; i < len(history); i++ {
				at := history[i].From
				told := slices.ContainsFunc(events, func(e agreement.Event) bool {
					return e.At.Equal(at) && slices.Contains([]agreement.EventKind{agreement.AmendmentBegins, agreement.ClauseBegins,
						agreement.ClauseEnds, agreement.FactOn, agreement.AnswerDue}, e.Kind)
				})
				if !told && history[i].Terms.Hash() != history[i-1].Terms.Hash() {
					t.Errorf("the terms change at %s, and the calendar does not say why", at)
				}
			}
		})
	}
}

// TestACalendarCutInTwoHasTheSameEvents: nothing is lost or told twice at the seam, and every event has an identity of its own.
func TestACalendarCutInTwoHasTheSameEvents(t *testing.T) {
	sets := []*agreement.Set{load(t, "openai-microsoft.yaml", "openai-clouds.yaml"), load(t, "model-lab.yaml")}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(sets).Draw(t, "set")
		from := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, 8*366*24).Draw(t, "from")) * time.Hour)
		middle := from.Add(time.Duration(rapid.Int64Range(1, 600*24).Draw(t, "middle")) * time.Hour)
		until := middle.Add(time.Duration(rapid.Int64Range(1, 600*24).Draw(t, "until")) * time.Hour)

		whole := dated(t, calendarOf(t, s, from, until))
		parts := append(dated(t, calendarOf(t, s, from, middle)), dated(t, calendarOf(t, s, middle, until))...)

		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Error(diff)
		}
		if unique := slices.Compact(slices.Sorted(slices.Values(whole))); len(unique) != len(whole) {
			t.Error("two events have one identity")
		}
	})
}

// dated are the identities of the events that have a date, with it.
func dated(t rapid.TB, events []agreement.Event) []string {
	t.Helper()
	out := []string{}
	for _, e := range events {
		if !e.At.IsZero() {
			out = append(out, e.At.UTC().Format(time.RFC3339)+" "+e.UID())
		}
	}
	return out
}

func TestWhatComesNextIsWhatChangesTheTerms(t *testing.T) {
	s := load(t, "openai-microsoft.yaml")
	terms := asOf(t, s, "2026-04-01")

	next, conditions, err := s.Next(terms, known)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff([]string{"2026-04-27 Amendment 2026-04-27 comes into force: Multi-cloud amendment"}, titles(next, agreement.AmendmentBegins)); diff != "" {
		t.Error(diff)
	}
	if len(conditions) != 3 {
		t.Errorf("%d conditions: %v", len(conditions), titles(conditions, agreement.Condition))
	}
}
