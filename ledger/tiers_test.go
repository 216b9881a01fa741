package ledger_test

import (
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// tiered is an agreement in which openai shares by tiers, and amazon shares what it gets of it.
func tiered(mode, reset string, caps ...agreement.Cap) *agreement.Agreement {
	a := capped(false)
	a.Name = "tiered"
	first := a.Amendments[0].Adds[0].(*agreement.RevenueShare)
	first.Rate, first.Caps = money.Rate{}, caps
	first.Tiers = &agreement.Tiers{Mode: mode, Reset: reset, Steps: []agreement.Step{
		{UpTo: money.MustParse("10"), Rate: rate("20%")}, {UpTo: money.MustParse("30"), Rate: rate("1/3")}, {Rate: rate("10%")}}}
	return a
}

// TestTiers is the rule by example: up to 10 a fifth, up to 30 a third, above it a tenth.
func TestTiers(t *testing.T) {
	type event struct{ at, price, share string }
	for _, c := range []struct {
		name, mode, reset string
		opening           string
		events            []event
	}{
		{"marginal_rates_each_part_by_its_own_step", agreement.Marginal, "year", "", []event{
			{"2026-05-01", "10", "2"},                // what a step is up to belongs to it
			{"2026-05-02", "0.3", "0.1"},             // above it the next one begins
			{"2026-05-03", "29.7", "7.566666666666"}, // 19.7 at a third and 10 at a tenth: a boundary inside one event
			{"2026-05-04", "10", "1"},                // the last one has no bound
			{"2027-01-01", "5", "1"},                 // a new year begins anew
			{"2026-12-31", "1", "0.1"},               // late usage goes where its own instant puts it
		}},
		{"whole_rates_all_of_the_base_by_the_step_that_it_lies_in", agreement.Whole, "year", "", []event{
			{"2026-05-01", "10", "2"},
			{"2026-05-02", "5", "3"},   // 15 at a third is 5, less 2
			{"2026-05-03", "25", "-1"}, // 40 at a tenth is 4, less 5
		}},
		{"a_month_begins_anew_in_the_agreements_zone", agreement.Marginal, "month", "", []event{
			{"2026-06-01T06:59:59Z", "15", "3.666666666666"},
			{"2026-06-01T07:00:00Z", "15", "3.666666666666"},
		}},
		{"a_quarter_begins_anew", agreement.Marginal, "quarter", "", []event{
			{"2026-06-30", "10", "2"}, {"2026-07-01", "10", "2"}, {"2026-08-01", "3", "1"},
		}},
		{"what_is_never_reset_counts_from_the_opening_on", agreement.Marginal, "never", "25", []event{
			{"2026-05-01", "10", "2.166666666666"}, // 5 at a third, 5 at a tenth
			{"2031-05-01", "10", "1"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := tiered(c.mode, c.reset)
			if c.opening != "" {
				a.Openings = []agreement.Opening{{Clause: "first", AsOf: midnight("2026-01-01"), Base: money.MustParse(c.opening)}}
			}
			w := newWorld(t, a)
			var before money.Amount
			for _, e := range c.events {
				w.post(e.at, sale("acme", "openai", gpt54, "openai", "openai", e.price, ""))
				now, _ := w.state.Accrual("tiered", "first")
				grown, err := now.Capped.Sub(before)
				if err != nil {
					t.Fatal(err)
				}
				if grown.String() != e.share {
					t.Errorf("%s on %s makes %s owed, want %s", e.price, e.at, grown, e.share)
				}
				before = now.Capped
			}
		})
	}
}

func anyTiered(t *rapid.T) *agreement.Agreement {
	caps := []agreement.Cap{{Amount: money.MustParse("9"), Per: "year"}, {Amount: money.MustParse("20"), Per: "total"}}
	return tiered(rapid.SampledFrom([]string{agreement.Marginal, agreement.Whole}).Draw(t, "mode"),
		rapid.SampledFrom([]string{"month", "quarter", "year"}).Draw(t, "reset"), caps[rapid.IntRange(0, 2).Draw(t, "caps"):]...)
}

func TestTheOrderOfRecordsChangesNoTotalOfATieredShare(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sales, a := cappedSales(r), anyTiered(r)
		straight, shuffled := newWorld(t, a), newWorld(t, a)
		straight.postAll(sales)
		shuffled.postAll(rapid.Permutation(sales).Draw(r, "order"))

		if diff := cmp.Diff(firstOf(straight.state), firstOf(shuffled.state)); diff != "" {
			r.Fatalf("accruals (-in order +shuffled):\n%s", diff)
		}
		for _, c := range a.Amendments[0].Adds[0].(*agreement.RevenueShare).Caps {
			use, _ := straight.state.CapUse("tiered", "first", c, date("2026-06-01"))
			if use.Capped.Cmp(c.Amount) > 0 {
				r.Fatalf("%s is above the cap of %s per %s", use.Capped, c.Amount, c.Per)
			}
		}
	})
}

// firstOf renders the totals of the tiered share. What rests on it may be dated otherwise after another order, so that its
// own windows are rounded otherwise.
func firstOf(s *ledger.State) string {
	a, _ := s.Accrual("tiered", "first")
	return fmt.Sprintf("base %s, uncapped %s, capped %s", a.Base, a.Uncapped, a.Capped)
}

func TestASaleInTwoPartsMakesATieredShareOweTheSame(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := anyTiered(r)
		whole, parts := newWorld(t, a), newWorld(t, a)
		for range rapid.IntRange(1, 8).Draw(r, "sales") {
			one, two := rapid.Int64Range(1, 9_000_000_000_000).Draw(r, "one"), rapid.Int64Range(1, 9_000_000_000_000).Draw(r, "two")
			at := "2026-05-10"
			post := func(w *world, pico int64) {
				w.post(at, sale("acme", "openai", gpt54, "openai", "openai", money.FromPico(pico).String(), ""))
			}
			post(whole, one+two)
			post(parts, one)
			post(parts, two)
		}
		if w, p := firstOf(whole.state), firstOf(parts.state); w != p {
			r.Fatalf("whole: %s; in parts: %s", w, p)
		}
	})
}

// A replaced share whose tiers stay as they are keeps its base: the cap that the amendment brings finds it in its step.
func TestATieredShareKeepsItsBaseThroughAnAmendment(t *testing.T) {
	a := tiered(agreement.Marginal, "year")
	replaced := *a.Amendments[0].Adds[0].(*agreement.RevenueShare)
	replaced.Caps = []agreement.Cap{{Amount: money.MustParse("5"), Per: "total"}}
	a.Amendments = append(a.Amendments, agreement.Amendment{ID: "cap", Effective: midnight("2026-06-01"), Replaces: []agreement.Clause{&replaced}})
	w := newWorld(t, a)
	w.post("2026-05-01", sale("acme", "openai", gpt54, "openai", "openai", "10", ""))
	w.post("2026-06-02", sale("acme", "openai", gpt54, "openai", "openai", "15", ""))
	if got := firstOf(w.state); got != "base 25, uncapped 7, capped 5" {
		t.Error(got)
	}
}

func parseText(t testing.TB, doc []byte) *agreement.Agreement {
	t.Helper()
	a, findings := agreementfile.Parse("tiered.yaml", doc)
	if a == nil {
		t.Fatal(findings)
	}
	return a
}

func TestTieredSharesSurviveARestart(t *testing.T) {
	doc := dealOf("tiered", `      - {id: first, kind: revenue-share, payer: openai, payee: microsoft, base: {revenue_of: openai, from: [sales]},
         tiers: {mode: marginal, reset: year, steps: [{up_to: "10", rate: "20%"}, {rate: "10%"}]}, term: perpetual}
`)
	d := document(journal.DocAgreement, "tiered.yaml", doc)
	set := fmt.Appendf(nil, `{"agreements":["%s"],"known":%d}`, hex.EncodeToString(d.Hash[:]), known().UnixNano())
	s := ledger.NewState()
	for _, doc := range []*journal.Document{d, document(journal.DocSet, "set", set)} {
		if _, err := ledger.Post(s, &journal.Entry{ID: doc.Name, Body: doc}); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, parseText(t, doc))
	w.state, w.documents = s, true
	w.post("2026-05-01", sale("acme", "openai", gpt54, "openai", "openai", "8", ""))

	_, documents, err := w.state.Changes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ledger.DecodeState(&ledger.Saved{State: w.state.Encode(), Documents: documents})
	if err != nil {
		t.Fatal(err)
	}
	e := w.entry(date("2026-05-02").Add(time.Hour), sale("acme", "openai", gpt54, "openai", "openai", "8", ""))
	if _, err := ledger.Post(w.state, e); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Post(again, e); err != nil {
		t.Fatal(err)
	}
	if got, want := firstOf(again), "base 16, uncapped 2.6, capped 2.6"; got != want || firstOf(w.state) != want {
		t.Errorf("after a restart %s, without one %s, want %s", got, firstOf(w.state), want)
	}
}
