package settlement_test

import (
	"testing"
	"time"

	"concord/agreement"
	"concord/money"
	"concord/settlement"
)

// each calls a function for every clause of an agreement's amendments.
func each(a *agreement.Agreement, change func(agreement.Clause)) {
	for i := range a.Amendments {
		for _, c := range a.Amendments[i].Adds {
			change(c)
		}
		for _, c := range a.Amendments[i].Replaces {
			change(c)
		}
	}
}

func TestACapOfTheMonthHoldsTheMonthAndBeginsAgainWithTheNext(t *testing.T) {
	w := newWorld(t, func(a *agreement.Agreement) {
		each(a, func(c agreement.Clause) {
			if s, ok := c.(*agreement.RevenueShare); ok && len(s.Caps) > 0 {
				s.Caps[0] = agreement.Cap{Amount: money.MustParse("50"), Per: "month", Excess: "lost"}
			}
		})
	})
	w.traffic("2026-05-01", 35, steady("10"))

	before := share(t, w.forecast("openai-microsoft", "2026-05-21 00:00"), toMicrosoft)
	full := share(t, w.forecast("openai-microsoft", "2026-05-28 00:00"), toMicrosoft)
	next := share(t, w.forecast("openai-microsoft", "2026-06-05 00:00"), toMicrosoft)

	if l := before.Limits[0]; l.Window != "2026-05" || l.Expected != "2026-05-25" || l.Until != "2026-05-31" {
		t.Errorf("2 a day use 50 up on 25 May; it says %+v", l)
	}
	for name, c := range map[string]settlement.ForecastClause{"before the cap": before, "above the cap": full, "in the next month": next} {
		if d := diff(exactly("50"), c.Month); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
	if l := full.Limits[0]; l.ReachedOn != "2026-05-25" || l.Left.Sign() != 0 {
		t.Errorf("on 28 May it is used up since the 25th; it says %+v", l)
	}
	if l := next.Limits[0]; l.Window != "2026-06" || l.Used != money.MustParse("8") || l.Expected != "2026-06-25" {
		t.Errorf("June has a cap of its own; it says %+v", l)
	}
}

func TestAPartOfACommitmentIsToldForTheMonthThatItIsFor(t *testing.T) {
	w := newWorld(t, func(a *agreement.Agreement) {
		each(a, func(c agreement.Clause) {
			if s, ok := c.(*agreement.Commitment); ok && s.ID == "aws-capacity" {
				s.Amount, s.SubWindows, s.Shortfall = money.MustParse("3600"), "month", "invoice"
				s.WindowFrom = time.Date(2026, 1, 1, 0, 0, 0, 0, a.Zone)
				s.WindowUntil = time.Date(2027, 1, 1, 0, 0, 0, 0, a.Zone)
			}
		})
	})
	w.traffic("2026-05-01", 20, steady("10"))

	limit := share(t, w.forecast("openai-clouds", "2026-05-21 00:00"), "aws-capacity").Limits[0]

	// 300 a month; 31 days of 7 are 217.
	if d := diff(exactly("83"), limit.Shortfall); d != "" || limit.Window != "2026-05" || limit.Amount != money.MustParse("300") || limit.Used != money.MustParse("140") {
		t.Errorf("%+v\n%s", limit, d)
	}
}

func TestEachPayeeHasItsPartAndThePartiesTheirNet(t *testing.T) {
	w := newWorld(t, func(a *agreement.Agreement) {
		if a.Name != "openai-microsoft" {
			return
		}
		a.Parties = append(a.Parties, agreement.Party{ID: "fund", Name: "Fund"})
		each(a, func(c agreement.Clause) {
			if s, ok := c.(*agreement.RevenueShare); ok && s.ID == toMicrosoft {
				s.Payees = []agreement.Payee{{Party: "microsoft", Part: money.MustParseRate("75%")}, {Party: "fund", Part: money.MustParseRate("25%")}}
			}
		})
	})
	w.traffic("2026-05-01", 20, steady("10"))

	f := w.forecast("openai-microsoft", "2026-05-21 00:00")

	got := map[string]*settlement.Range{}
	for _, p := range f.Pairs {
		got[p.Payer+" to "+p.Payee] = p.Month
	}
	want := map[string]*settlement.Range{"openai to microsoft": exactly("46.5"), "openai to fund": exactly("15.5")}
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestADayOf25HoursIsLeftByItsOwnLength(t *testing.T) {
	w := newWorld(t)
	w.traffic("2026-10-12", 21, steady("10")) // the clocks go back on 1 November, whose request is at noon

	c := share(t, w.forecast("openai-microsoft", "2026-11-01 16:30"), toMicrosoft)

	// Of the day's 25 hours 7.5 are left: three tenths of 2, beside the 2 of today and 29 days to come.
	if d := diff(exactly("60.6"), c.Month); d != "" {
		t.Error(d)
	}
}
