package settlement_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
)

// tiered rates the share of OpenAI to Microsoft by tiers of a month, under a cap of the month, and with a guarantee.
func tiered(steps []agreement.Step, limit, guarantee string) func(*agreement.Agreement) {
	return func(a *agreement.Agreement) {
		for i := range a.Amendments {
			for _, c := range append(a.Amendments[i].Adds, a.Amendments[i].Replaces...) {
				c, ok := c.(*agreement.RevenueShare)
				if !ok || len(c.Caps) == 0 {
					continue
				}
				c.Rate, c.Tiers = money.Rate{}, &agreement.Tiers{Mode: "marginal", Reset: "month", Steps: steps}
				c.Caps = append(c.Caps, agreement.Cap{Amount: money.MustParse(limit), Per: "month", Excess: "lost"})
				if guarantee != "" {
					c.Guarantee = &agreement.Guarantee{Amount: money.MustParse(guarantee), Per: "month", Recoupable: true}
				}
			}
		}
	}
}

func (w *world) snapshot() *settlement.Snapshot {
	return &settlement.Snapshot{State: w.state, Cells: w.cells(), History: w.history, Prices: w.books, Catalog: &agreement.Catalog{}}
}

// amounts are the cells without how many transactions made them: a day's traffic is posted at once.
func amounts(cells []ledger.Cell) map[ledger.Key]money.Amount {
	out := map[ledger.Key]money.Amount{}
	for _, c := range cells {
		if !c.Amount.IsZero() {
			out[c.Key] = c.Amount
		}
	}
	return out
}

func TestTheTrueRestOfAMonthAsTheProjectionGivesTheBooksOfItsClose(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		change := tiered([]agreement.Step{{UpTo: money.MustParse("2"), Rate: money.MustParseRate("1/5")}, {UpTo: money.MustParse("5"), Rate: money.MustParseRate("1/3")},
			{Rate: money.MustParseRate("1/7")}}, fmt.Sprint(rapid.IntRange(1, 4).Draw(r, "cap")), rapid.SampledFrom([]string{"", "1.5"}).Draw(r, "guarantee"))
		truth, known := newWorld(t, change), newWorld(t, change)
		until := rapid.IntRange(1, 31).Draw(r, "known days")
		var rest []settlement.Projected
		for day := 1; day <= 31; day++ {
			date := fmt.Sprintf("2026-05-%02d", day)
			for n := range rapid.IntRange(0, 3).Draw(r, "requests") {
				cloud := rapid.SampledFrom([]string{"azure", "aws"}).Draw(r, "cloud")
				price, cost := rapid.SampledFrom([]string{"0.3", "0.100000000001", "1"}).Draw(r, "price"), rapid.SampledFrom([]string{"", "0.07"}).Draw(r, "cost")
				truth.post(date, fmt.Sprint("c", n), "openai", gpt, cloud, "openai", price, cost)
				if day <= until {
					known.post(date, fmt.Sprint("c", n), "openai", gpt, cloud, "openai", price, cost)
					continue
				}
				sale := settlement.Traffic{Party: fmt.Sprint("c", n), Seller: "openai", Cloud: cloud, Product: gpt, Currency: "USD"}
				rest = append(rest, settlement.Projected{Traffic: sale, At: day8(day), Amount: money.MustParse(price)})
				if cost != "" {
					rest = append(rest, settlement.Projected{Traffic: settlement.Traffic{Cost: true, Party: "openai", Cloud: cloud, Product: gpt, Currency: "USD"},
						At: day8(day), Amount: money.MustParse(cost)})
				}
			}
		}
		happened, projected := truth.snapshot(), known.snapshot()

		if ended, err := projected.RunAhead(rest); err != nil || len(ended) > 0 {
			t.Fatalf("run ahead: %v, %v", ended, err)
		}

		for _, s := range []*settlement.Snapshot{happened, projected} {
			var err error
			if s.Cells, err = s.EndOfPeriod("openai-microsoft", "2026-05"); err != nil {
				t.Fatal(err)
			}
		}
		if d := diff(amounts(happened.Cells), amounts(projected.Cells)); d != "" {
			r.Fatalf("what happened (-), what was run ahead (+):\n%s", d)
		}
	})
}

func day8(n int) time.Time { return time.Date(2026, 5, n, 19, 0, 0, 0, time.UTC) }

// aheadOf makes a forecast that runs the ledger ahead on books that make posts.
func aheadOf(t *testing.T, asOf string, change func(*agreement.Agreement), post func(*world)) *settlement.Forecast {
	t.Helper()
	made := func() *world {
		w := newWorld(t, change)
		post(w)
		return w
	}
	w := made()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation(time.DateOnly, asOf, zone)
	if err != nil {
		t.Fatal(err)
	}
	f, err := settlement.MakeForecast(&settlement.ForecastInput{Agreement: "openai-microsoft", History: w.history, Cells: w.cells(), AsOf: at, Seed: 1, Draws: 200,
		Ahead: func() (*settlement.Snapshot, error) { return made().snapshot(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTiersAndCapsOfTheMonthAreRunAhead(t *testing.T) {
	steps := []agreement.Step{{UpTo: money.MustParse("250"), Rate: money.MustParseRate("1/5")}, {Rate: money.MustParseRate("1/2")}}
	steadily := func(days int) func(*world) {
		return func(w *world) { w.traffic("2026-05-01", days, steady("10")) }
	}

	// 310 of base by the end of the month: 250 at 20 % is 50, and 60 at 50 % is 30. 20 days come to 40, all of it at 20 %.
	f := aheadOf(t, "2026-05-21", tiered(steps, "1000", ""), steadily(20))
	if c := share(t, f, toMicrosoft); !f.RunAhead || c.SoFar != money.MustParse("40") || diff(exactly("80"), c.Month) != "" {
		t.Errorf("%s so far, the month %+v", c.SoFar, c.Month)
	}
	if n := f.Pairs[0]; n.Payer != "openai" || diff(exactly("80"), n.Month) != "" {
		t.Errorf("net %+v", n.Month)
	}
	// A cap of the month of 65 stops it in the second tier.
	f = aheadOf(t, "2026-05-21", tiered(steps, "65", ""), steadily(20))
	if c := share(t, f, toMicrosoft); diff(exactly("65"), c.Month) != "" {
		t.Errorf("under a cap, the month %+v", c.Month)
	}
	// Without the books to run ahead on, the rate is the one that the days came out at.
	w := newWorld(t, tiered(steps, "1000", ""))
	steadily(20)(w)
	if c := share(t, w.forecast("openai-microsoft", "2026-05-21 00:00"), toMicrosoft); diff(exactly("62"), c.Month) != "" {
		t.Errorf("by the rate as it came out, the month %+v", c.Month)
	}
}

func TestARangeIsRunAheadAtItsBounds(t *testing.T) {
	steps := []agreement.Step{{UpTo: money.MustParse("250"), Rate: money.MustParseRate("1/5")}, {Rate: money.MustParseRate("1/2")}}
	uneven := func(w *world) {
		w.traffic("2026-05-01", 20, func(day int) string { return []string{"7", "13", "10"}[day%3] })
	}

	c := share(t, aheadOf(t, "2026-05-21", tiered(steps, "1000", ""), uneven), toMicrosoft)

	if c.Month.Low.Cmp(c.Month.Expected) >= 0 || c.Month.High.Cmp(c.Month.Expected) <= 0 {
		t.Errorf("the range of uneven days is %+v", c.Month)
	}
	// More traffic is all in the second tier: the rest of the range above what is expected is rated at 50 %.
	if half := money.MustParse("80"); c.Month.Low.Cmp(half) > 0 || c.Month.High.Cmp(half) < 0 {
		t.Errorf("the range %+v does not hold what ordinary days come to", c.Month)
	}
}

func TestBooksThatKnowLaterDaysAreNotRunAhead(t *testing.T) {
	f := aheadOf(t, "2026-05-10", tiered([]agreement.Step{{Rate: money.MustParseRate("1/5")}}, "1000", ""),
		func(w *world) { w.traffic("2026-05-01", 20, steady("10")) })

	if c := share(t, f, toMicrosoft); f.RunAhead || diff(exactly("62"), c.Month) != "" {
		t.Errorf("run ahead: %t, the month %+v", f.RunAhead, c.Month)
	}
}
