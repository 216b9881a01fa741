package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/money"
	"concord/report"
	"concord/settlement"
)

func TestAForecastSaysItsRangeWhatItCannotSayAndWhatItAssumes(t *testing.T) {
	amount := money.MustParse
	f := &settlement.Forecast{
		Agreement: "lab", AsOf: time.Date(2026, 5, 21, 0, 0, 0, 0, time.UTC), Month: "2026-05", Seed: 1, Draws: 400, Assumptions: []string{"rates stay"},
		Clauses: []settlement.ForecastClause{
			{Clause: "share", Kind: "revenue-share", Payer: "a", Payee: "b", Provenance: "reported", Days: 20, SoFar: amount("40"),
				Month: &settlement.Range{Low: amount("60"), Expected: amount("62"), High: amount("65.5")},
				Limits: []settlement.ForecastLimit{
					{Kind: "cap", Per: "total", Window: "total", Amount: amount("100"), Used: amount("40"), Expected: "2026-06-19", Earliest: "2026-06-17", Latest: "2026-06-25"},
					{Kind: "cap", Per: "month", Window: "2026-05", Amount: amount("39"), Used: amount("39"), Until: "2026-05-31", ReachedOn: "2026-05-19"},
					{Kind: "cap", Per: "year", Window: "2026", Amount: amount("500"), Used: amount("40"), Until: "2026-12-31", Earliest: "2026-12-20"},
				}},
			{Clause: "capacity", Kind: "commitment", Payer: "a", Payee: "b", Provenance: "public", Days: 1, Cannot: "one day is known",
				Limits: []settlement.ForecastLimit{{Kind: "commitment", Per: "total", Window: "total", Amount: amount("1000"), Until: "2026-06-30",
					Shortfall: &settlement.Range{Low: amount("560"), Expected: amount("573"), High: amount("580")}}}},
		},
		Pairs: []settlement.ForecastPair{{Payer: "a", Payee: "b", SoFar: amount("40"), Cannot: "nothing is said of clause capacity"}},
	}

	var out strings.Builder
	if err := report.WriteForecast(&out, f); err != nil {
		t.Fatal(err)
	}

	want := `Forecast of lab as of 2026-05-21 00:00 UTC
An estimate, which binds nobody. Low and high hold 8 of 10 of 400 draws (seed 1).

What falls due in 2026-05, by clause
  clause    from  to     so far        low   expected       high  a day  days
  --------  ----  --  ---------  ---------  ---------  ---------  -----  ----
  share     a     b   40.000000  60.000000  62.000000  65.500000           20
  capacity  a     b    0.000000          -          -          -            1

Net, by pair of parties
  from  to     so far  low  expected  high
  ----  --  ---------  ---  --------  ----  ----------------------------------
  a     b   40.000000    -         -     -  nothing is said of clause capacity

Caps and commitments
  clause    what              amount       used  runs out                  between
  --------  --------------  --------  ---------  ------------------------  -------------------------
  share     cap               100.00  40.000000  2026-06-19                2026-06-17 and 2026-06-25
  share     cap of 2026-05     39.00  39.000000  used up since 2026-05-19
  share     cap of 2026       500.00  40.000000  not before its end on     2026-12-20 at the
                                                 2026-12-31                earliest
  capacity  commitment      1,000.00   0.000000  not known

Expected to fall short
  capacity is short by 573.00 when its window ends on 2026-06-30 (560.00 to 580.00).

What cannot be said
  capacity, a to b: one day is known.

What this assumes
  - rates stay
  - share rests on terms that are reported
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
