package ledger_test

import (
	"fmt"
	"testing"

	"concord/agreement"
	"concord/money"
)

// What a day, a month and a year are, and when a clause ends: in the agreement's zone. A fifth of each sale is owed.
func TestWindowsAreThoseOfTheAgreementsZone(t *testing.T) {
	type sold struct{ at, amount, posts string }
	for _, c := range []struct {
		name   string
		clause func(s *agreement.RevenueShare, a *agreement.Agreement)
		sales  []sold
	}{
		{"a_day_of_25_hours_is_one_day", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Caps = caps("2 day") }, []sold{
			{"2026-11-01T07:00:00Z", "10", "2"}, {"2026-11-02T07:59:59Z", "10", "0"}, {"2026-11-02T08:00:00Z", "10", "2"}}},
		{"a_day_of_23_hours_is_one_day", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Caps = caps("2 day") }, []sold{
			{"2026-03-08T08:00:00Z", "10", "2"}, {"2026-03-09T06:59:59Z", "10", "0"}, {"2026-03-09T07:00:00Z", "10", "2"}}},
		{"29_february_is_a_day_of_february", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Caps = caps("2 month") }, []sold{
			{"2028-02-28T20:00:00Z", "10", "2"}, {"2028-02-29T20:00:00Z", "10", "0"}, {"2028-03-01T07:59:59Z", "10", "0"}, {"2028-03-01T08:00:00Z", "10", "2"}}},
		{"a_year_begins_in_the_zone", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Caps = caps("2 year") }, []sold{
			{"2027-01-01T07:59:59Z", "10", "2"}, {"2027-01-01T08:00:00Z", "10", "2"}}},
		{"until_is_exclusive", func(s *agreement.RevenueShare, _ *agreement.Agreement) {
			s.End = agreement.End{Until: midnight("2026-06-01")}
		}, []sold{
			{"2026-06-01T06:59:59.999999999Z", "10", "2"}, {"2026-06-01T07:00:00Z", "10", "0"}}},
		{"a_cap_counts_from_its_instant", func(s *agreement.RevenueShare, _ *agreement.Agreement) {
			s.Caps = caps("2 total")
			s.Caps[0].CountsFrom = midnight("2026-06-01")
		}, []sold{{"2026-06-01T06:59:59Z", "30", "6"}, {"2026-06-01T07:00:00Z", "30", "2"}}},
		{"a_milestone_ends_what_accrues_and_refunds_still_reverse", func(s *agreement.RevenueShare, a *agreement.Agreement) {
			s.End = agreement.End{Milestone: "agi", State: agreement.MilestoneDeclared}
			a.Amendments[0].Adds = append(a.Amendments[0].Adds, &agreement.Milestone{Common: head("agi"), Name: "agi", Declares: "openai"})
			a.Facts = append(a.Facts, agreement.Fact{ID: "f1", Kind: agreement.Declares, Milestone: "agi", By: "openai", On: midnight("2026-06-01"), Recorded: midnight("2026-06-01")})
		}, []sold{{"2026-05-31", "10", "2"}, {"2026-06-01", "10", "0"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, simple(c.clause)...)
			for i, s := range c.sales {
				if got := owedBy(w.post(s.at, sale("acme", "openai", gpt54, "openai", "openai", s.amount, ""))).String(); got != s.posts {
					t.Errorf("sale %d, at %s, makes %s owed, want %s", i+1, s.at, got, s.posts)
				}
			}
		})
	}
}

func TestARefundAfterAMilestoneStillReverses(t *testing.T) {
	w := newWorld(t, simple(func(s *agreement.RevenueShare, a *agreement.Agreement) {
		s.End = agreement.End{Until: midnight("2026-06-01")}
		s.Caps = caps("2 month", "3 total")
		s.Caps[0].Excess = "carry"
	})...)
	w.learn()
	var got []string
	for _, s := range []step{
		{on: "2026-05-31", what: "sale", amount: "10"}, {on: "2026-06-01", what: "sale", amount: "10"}, {on: "2026-06-02", what: "refund", amount: "10", of: "2026-05-31"},
	} {
		got = append(got, owedBy(w.do(s.on, s.body(w))).String())
	}
	if fmt.Sprint(got) != "[2 0 -2]" {
		t.Errorf("owed more: %s, want 2, nothing, and 2 back", got)
	}
}

// Opening totals, a clause that continues another one, and an amendment in between: one life.
func TestOpeningTotalsGoOnThroughAmendmentsAndContinuations(t *testing.T) {
	w := newWorld(t, simple(func(s *agreement.RevenueShare, a *agreement.Agreement) {
		s.Caps = caps("20 total", "9 year")
		s.Caps[1].Excess = "carry"
		next := *s
		next.ID, next.Continues, next.Rate = "next", "share", rate("10%")
		a.Amendments = append(a.Amendments, agreement.Amendment{ID: "next", Effective: midnight("2026-06-01"), Ends: []agreement.EndedClause{{ID: "share"}}, Adds: []agreement.Clause{&next}})
		a.Openings = []agreement.Opening{{Clause: "share", AsOf: midnight("2026-02-01"), Base: money.MustParse("50"), Uncapped: money.MustParse("10"), Capped: money.MustParse("10")}}
	})...)
	w.learn()
	var got []string
	for _, s := range []step{
		{on: "2026-05-01", what: "sale", amount: "40"}, // 8 of 9 of the year, 18 of 20
		{on: "2026-06-02", what: "sale", amount: "30"}, // 3: 1 of them in the year, 2 carried on
		{on: "2026-06-03", what: "refund", amount: "20", of: "2026-05-01"},
		{on: "2027-01-02", what: "sale", amount: "50"},
	} {
		got = append(got, owedBy(w.do(s.on, s.body(w))).String())
	}
	if want := "[8 1 -2 3]"; fmt.Sprint(got) != want {
		t.Errorf("owed more: %s, want %s", got, want)
	}
	a, _ := w.state.Accrual("deal", "next")
	if a.Clause != "share" || a.Base.String() != "150" || a.Uncapped.String() != "22" || a.Capped.String() != "20" {
		t.Errorf("base %s, uncapped %s, capped %s of %s", a.Base, a.Uncapped, a.Capped, a.Clause)
	}
}
