package settlement_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
)

// capped sets the cap of the amendment of April 2026, and the commitment to AWS with the end of its window.
func capped(amount, commitment, until string) func(*agreement.Agreement) {
	return func(a *agreement.Agreement) {
		for i := range a.Amendments {
			for _, c := range append(a.Amendments[i].Adds, a.Amendments[i].Replaces...) {
				switch c := c.(type) {
				case *agreement.RevenueShare:
					if len(c.Caps) > 0 {
						c.Caps[0].Amount = money.MustParse(amount)
					}
				case *agreement.Commitment:
					if c.ID == "aws-capacity" && commitment != "" {
						end, err := time.ParseInLocation(time.DateOnly, until, a.Zone)
						if err != nil {
							panic(err)
						}
						c.Amount, c.WindowUntil = money.MustParse(commitment), end
					}
				}
			}
		}
	}
}

// traffic posts one request of OpenAI's on AWS a day; amount says what each costs its customer.
func (w *world) traffic(from string, days int, amount func(day int) string) {
	at, err := time.Parse(time.DateOnly, from)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range days {
		w.post(at.AddDate(0, 0, i).Format(time.DateOnly), "acme", "openai", gpt, "aws", "openai", amount(i), "7")
	}
}

func (w *world) forecast(name, asOf string) *settlement.Forecast {
	w.t.Helper()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", asOf, zone)
	if err != nil {
		w.t.Fatal(err)
	}
	f, err := settlement.MakeForecast(&settlement.ForecastInput{Agreement: name, History: w.history, Cells: w.cells(), AsOf: at, Seed: 1, Draws: 200})
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func share(t *testing.T, f *settlement.Forecast, clause string) settlement.ForecastClause {
	t.Helper()
	for _, c := range f.Clauses {
		if c.Clause == clause {
			return c
		}
	}
	t.Fatalf("no clause %s in %+v", clause, f.Clauses)
	return settlement.ForecastClause{}
}

func steady(amount string) func(int) string { return func(int) string { return amount } }

func exactly(amount string) *settlement.Range {
	a := money.MustParse(amount)
	return &settlement.Range{Low: a, Expected: a, High: a}
}

func diff(want, got any) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b money.Amount) bool { return a == b }))
}

const toMicrosoft = "share-openai-to-microsoft"

func TestSteadyTrafficGivesTheExactDayAndTheExactMonth(t *testing.T) {
	w := newWorld(t, capped("100", "1000", "2026-12-01"))
	w.traffic("2026-05-01", 20, steady("10"))

	f := w.forecast("openai-microsoft", "2026-05-21 00:00")
	c := share(t, f, toMicrosoft)
	limit := c.Limits[0]
	clouds := share(t, w.forecast("openai-clouds", "2026-05-21 00:00"), "aws-capacity").Limits[0]

	// 2 a day: 40 by 20 May, 100 with the end of the fiftieth day, 19 June.
	if d := diff(exactly("62"), c.Month); d != "" || c.SoFar != money.MustParse("40") || c.Days != 20 {
		t.Errorf("the month, %d days counted, %s so far:\n%s", c.Days, c.SoFar, d)
	}
	if limit.Expected != "2026-06-19" || limit.Earliest != limit.Expected || limit.Latest != limit.Expected {
		t.Errorf("the cap runs out on %+v, not on 2026-06-19", limit)
	}
	// 7 a day: 140 drawn, and 860 are left for 123 days, which is the day of 20 September.
	if clouds.Expected != "2026-09-20" || clouds.Shortfall.Expected.Sign() != 0 {
		t.Errorf("the commitment runs out on %+v, not on 2026-09-20", clouds)
	}
	want := []settlement.ForecastPair{{Payer: "openai", Payee: "microsoft", Currency: "USD", SoFar: money.MustParse("40"), Month: exactly("62")}}
	if d := diff(want, f.Pairs); d != "" {
		t.Error(d)
	}
}

func TestOfTodayOnlyThePartIsForecastThatIsToCome(t *testing.T) {
	w := newWorld(t)
	w.traffic("2026-05-01", 20, steady("10"))

	// The request of 20 May was at noon; at six in the evening a quarter of an ordinary day is still to come.
	c := share(t, w.forecast("openai-microsoft", "2026-05-20 18:00"), toMicrosoft)

	if d := diff(exactly("62.5"), c.Month); d != "" {
		t.Error(d)
	}
}

func TestGrowthBringsTheDayForward(t *testing.T) {
	w := newWorld(t, capped("100", "", ""))
	w.traffic("2026-05-01", 28, func(day int) string { return fmt.Sprint(5 + day) }) // 1.0, 1.2, ... 6.4 a day: 103.6 by 28 May
	grown := newWorld(t, capped("1000", "", ""))
	grown.traffic("2026-05-01", 28, func(day int) string { return fmt.Sprint(5 + day) })
	flat := newWorld(t, capped("1000", "", ""))
	flat.traffic("2026-05-01", 28, steady("18.5")) // the same 103.6

	up, level := share(t, grown.forecast("openai-microsoft", "2026-05-29 00:00"), toMicrosoft), share(t, flat.forecast("openai-microsoft", "2026-05-29 00:00"), toMicrosoft)

	// 103.6 + 6.6 + 6.8 + ... is 1000 after 68 more days: 6.6n + 0.1n(n-1) >= 896.4.
	if got := up.Limits[0].Expected; got != "2026-08-04" {
		t.Errorf("growing traffic uses the cap up on %s, not on 2026-08-04", got)
	}
	if got := level.Limits[0].Expected; got != "2027-01-26" {
		t.Errorf("steady traffic uses the cap up on %s, not on 2027-01-26", got)
	}
	if got := share(t, w.forecast("openai-microsoft", "2026-05-29 00:00"), toMicrosoft); got.Limits[0].ReachedOn != "2026-05-28" || got.Month.Expected != money.MustParse("100") {
		t.Errorf("a cap of 100 that is used up on 28 May: %+v, month %v", got.Limits[0], got.Month)
	}
}

func TestTheDayOfTheWeekIsSeen(t *testing.T) {
	w := newWorld(t)
	// 1 May 2026 is a Friday. Saturdays and Sundays have a tenth of the traffic.
	w.traffic("2026-05-01", 21, func(day int) string {
		if day%7 == 1 || day%7 == 2 {
			return "1"
		}
		return "10"
	})

	c := share(t, w.forecast("openai-microsoft", "2026-05-22 00:00"), toMicrosoft)

	// 31.2 so far; 22 to 31 May has six working days of 2 and four days of 0.2.
	if d := diff(exactly("44"), c.Month); d != "" {
		t.Error(d)
	}
}

func TestOfFewDaysTheForecastSaysWhatItCannotSay(t *testing.T) {
	w := newWorld(t)
	w.traffic("2026-03-01", 59, steady("10")) // until 28 April; the present terms are of 27 April

	two := share(t, w.forecast("openai-microsoft", "2026-04-29 00:00"), toMicrosoft)
	ended := share(t, w.forecast("openai-microsoft", "2026-03-03 00:00"), "share-microsoft-to-openai")

	if two.Month != nil || two.Days != 2 || !strings.Contains(two.Cannot, "needs 3") || two.Limits[0].Expected != "" || two.Limits[0].Used != money.MustParse("4") {
		t.Errorf("of two days under the present terms it says: %+v", two)
	}
	if two.SoFar != money.MustParse("56") {
		t.Errorf("so far in April: %s, not 56", two.SoFar)
	}
	if ended.Month != nil || ended.Days != 0 || ended.Cannot == "" {
		t.Errorf("of a share under which nothing fell due it says: %+v", ended)
	}
}

func TestACommitmentThatIsNotUsedUpInItsWindowFallsShort(t *testing.T) {
	w := newWorld(t, capped("100", "1000", "2026-07-01"))
	w.traffic("2026-05-01", 20, steady("10"))

	limit := share(t, w.forecast("openai-clouds", "2026-05-21 00:00"), "aws-capacity").Limits[0]

	// 61 days of 7 until 30 June are 427 of 1000.
	if d := diff(exactly("573"), limit.Shortfall); d != "" || limit.Expected != "" || limit.Until != "2026-06-30" {
		t.Errorf("%+v\n%s", limit, d)
	}
}

func TestTheRangeHoldsTheTruthAboutAsOftenAsItSays(t *testing.T) {
	w := newWorld(t, func(a *agreement.Agreement) {
		for i := range a.Amendments {
			for _, c := range a.Amendments[i].Replaces {
				if c, ok := c.(*agreement.RevenueShare); ok {
					c.Caps = nil // a cap far away would be looked for years ahead
				}
			}
		}
	})
	const runs = 150
	for _, days := range []int{10, 24, 42} {
		held, wider := 0, false
		for run := range runs {
			w.state, w.n = ledger.NewState(), 0
			lots := rand.New(rand.NewPCG(uint64(run), uint64(days)))
			from := time.Date(2026, 7, 19, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -days)
			var truth money.Amount
			w.traffic(from.Format(time.DateOnly), days+13, func(day int) string {
				price := int64(800 + lots.IntN(400) + lots.IntN(1200))
				if days >= 14 && (day+3)%7 < 2 {
					price /= 4
				}
				amount := money.FromPico(price * 10_000_000_000)
				if at := from.AddDate(0, 0, day); at.Month() == time.July {
					fifth, err := amount.MulRate(money.MustParseRate("20%"), money.Down)
					if err != nil {
						t.Fatal(err)
					}
					if truth, err = truth.Add(fifth); err != nil {
						t.Fatal(err)
					}
				}
				return amount.String()
			})

			c := share(t, w.forecast("openai-microsoft", "2026-07-19 00:00"), toMicrosoft)

			if c.Month.Low.Cmp(truth) <= 0 && truth.Cmp(c.Month.High) <= 0 {
				held++
			}
			wider = wider || c.Month.Low.Cmp(c.Month.High) < 0
		}
		t.Logf("of %d days: %d of %d ranges hold the truth", days, held, runs)
		if held < runs*68/100 || held > runs*92/100 || !wider {
			t.Errorf("of %d days: %d of %d ranges hold the truth; 80 of 100 should", days, held, runs)
		}
	}
}

func TestTheSameSeedGivesTheSameForecast(t *testing.T) {
	w := newWorld(t)
	w.traffic("2026-05-01", 20, func(day int) string { return fmt.Sprint(1 + day*day%7) })

	one, two := w.forecast("openai-microsoft", "2026-05-21 00:00"), w.forecast("openai-microsoft", "2026-05-21 00:00")

	if d := diff(one.Clauses, two.Clauses); d != "" {
		t.Error(d)
	}
}
