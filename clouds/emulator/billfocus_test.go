package emulator_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/clouds/emulator"
	"concord/money"
	"concord/pricing"
	"concord/settlement/focus"
	"concord/usage"
)

var (
	may  = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	june = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
)

// served writes what a cloud kept: three answers, one of them in another hour, a refusal, and one of April.
func served(t *testing.T, cloud string) *bytes.Buffer {
	t.Helper()
	var kept bytes.Buffer
	k := emulator.NewKeeper(&kept, nil, func(err error) { t.Error(err) })
	for _, s := range []struct {
		hours, status   int
		prompt, cached  int64
		completion      int64
		tier            string
		account, region string
	}{
		{10, 200, 1000, 400, 70, "default", "main", "r1"}, {10, 200, 500, 0, 30, "", "main", "r1"}, {35, 200, 9, 0, 5, "flex", "main", "r1"},
		{36, 429, 100, 0, 0, "", "main", "r1"}, {-5, 200, 100, 0, 9, "", "main", "r1"}, {10, 200, 8, 0, 1, "", "other", "r1"},
	} {
		at := may.Add(time.Duration(s.hours)*time.Hour + 59*time.Minute)
		k.Keep(emulator.Served{Cloud: cloud, Account: s.account, Region: s.region, Model: "gpt-5.4", Tier: s.tier, Status: s.status, Started: at, Ended: at,
			Usage: emulator.Usage{Prompt: s.prompt, Cached: s.cached, Completion: s.completion}})
	}
	return &kept
}

func bill(t *testing.T, cloud, prices string) (string, emulator.Billed) {
	t.Helper()
	parsed, err := emulator.ParsePrices(strings.NewReader(prices))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	done, err := emulator.WriteBill(&out, served(t, cloud), emulator.Billing{Cloud: cloud, Account: "main", From: may, Until: june, Prices: parsed})
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), done
}

func TestACloudBillsWhatItAnsweredInItsPeriod(t *testing.T) {
	t.Parallel()
	for _, cloud := range emulator.Clouds() {
		text, done := bill(t, cloud, list)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", cloud, err)
		}
		// 1,100 x 2.50/M + 400 x 0.25/M + 100 x 15/M, and in flex 9 x 2.50/M + 5 x 7.50/M
		if want := (emulator.Billed{Requests: 3, Rows: 5, Total: "0.00441"}); done != want || len(rows) != 6 {
			t.Errorf("%s: %+v in %d lines, want %+v", cloud, done, len(rows), want)
		}
		sum, at := new(big.Rat), slices.Index(rows[0], "BilledCost")
		for _, row := range rows[1:] {
			cost, ok := new(big.Rat).SetString(row[at])
			if !ok {
				t.Fatalf("%s: cost %q", cloud, row[at])
			}
			sum.Add(sum, cost)
		}
		off := sum.Sub(sum, big.NewRat(441, 100_000))
		if off.Abs(off).Cmp(big.NewRat(5, 2_000_000)) > 0 { // five rows of six decimals
			t.Errorf("%s: rows are off by %s", cloud, off.FloatString(12))
		}
	}
}

func TestCloudsHaveHabitsOfTheirOwn(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"aws":     "2026-05-01T10:00:00.000Z R1-gpt-5.4-cache-read-input-tokens 0.4 1K tokens   0.0001",
		"azure":   "2026-05-01T00:00Z gpt-5.4 cchd Inp regnl Tokens 400 Tokens 1K 0.00025 0.0001",
		"gcp":     "2026-05-01 10:00:00 UTC gpt-5.4 Cached Text Input tokens 400 Tokens 1M Tokens 0.25 0.000100",
		"alibaba": "2026-05-01T00:00:00Z gpt-5.4_cached_input_token   1K tokens 0.00025 0.000100",
		"openai":  "2026-05-01T10:00:00Z gpt-5.4, cached input 400 Tokens 1M Tokens 0.25 0.0001",
	}
	for _, cloud := range emulator.Clouds() {
		text, _ := bill(t, cloud, list)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var fields []string
		for _, name := range []string{"ChargePeriodStart", "SkuMeter", "ConsumedQuantity", "ConsumedUnit", "PricingUnit", "ContractedUnitPrice", "BilledCost"} {
			fields = append(fields, rows[1][slices.Index(rows[0], name)])
		}
		if d := cmp.Diff(want[cloud], strings.Join(fields, " ")); d != "" {
			t.Errorf("%s: %s", cloud, d)
		}
	}
}

// TestEveryHabitReconciles holds each cloud's bill against calls that are written down here, by hand, through the reader that
// knows nothing of how the bill was made.
func TestEveryHabitReconciles(t *testing.T) {
	t.Parallel()
	place := focus.Place{Account: "main", Region: "r1", Model: "gpt-5.4"}
	call := func(hours int, tier usage.Tier, lines ...pricing.Line) focus.Call {
		return focus.Call{Place: place, At: may.Add(time.Duration(hours)*time.Hour + 59*time.Minute).UnixNano(), Tier: tier, Currency: "USD", Lines: lines}
	}
	of := func(class usage.Class, n int64, unit, amount string) pricing.Line {
		return pricing.Line{Class: class, Quantity: n, Unit: money.MustParse(unit), Amount: money.MustParse(amount)}
	}
	calls := []focus.Call{
		call(10, usage.Standard, of(usage.Input, 600, "0.0000025", "0.0015"), of(usage.CacheRead, 400, "0.00000025", "0.0001"), of(usage.Output, 50, "0.000015", "0.00075"), of(usage.Reasoning, 20, "0.000015", "0.0003")),
		call(10, usage.Standard, of(usage.Input, 500, "0.0000025", "0.00125"), of(usage.Output, 30, "0.000015", "0.00045")),
		call(35, usage.Flex, of(usage.Input, 9, "0.0000025", "0.0000225"), of(usage.Output, 5, "0.0000075", "0.0000375")),
	}
	for _, cloud := range emulator.Clouds() {
		text, _ := bill(t, cloud, list)
		if result := held(t, cloud, text, place, calls); !result.Good() {
			t.Errorf("%s: %+v", cloud, result.Differences)
		}
		dearer, _ := bill(t, cloud, strings.Replace(list, "output,,1000000,15", "output,,1000000,16", 1))
		if result := held(t, cloud, dearer, place, calls); len(result.Differences) == 0 || !slices.ContainsFunc(result.Differences, func(d focus.Difference) bool { return d.Class == focus.OfPrice && d.Meter == "output" }) {
			t.Errorf("%s, dearer: %+v", cloud, result.Differences)
		}
		if result := held(t, cloud, text, place, calls[1:]); !slices.ContainsFunc(result.Differences, func(d focus.Difference) bool {
			return d.Class == focus.TheirsOnly && d.Meter == "cache_read" && d.Theirs.Quantity == money.FromUnits(400)
		}) {
			t.Errorf("%s, a call around the gateway: %+v", cloud, result.Differences)
		}
	}
}

func held(t *testing.T, cloud, text string, place focus.Place, calls []focus.Call) *focus.Result {
	t.Helper()
	r := focus.NewReconciler(&focus.Mapping{Places: []focus.Place{place}}, may.UnixNano(), june.UnixNano())
	for i := range calls {
		if err := r.Ours(&calls[i]); err != nil {
			t.Fatal(err)
		}
	}
	export, err := focus.OpenBill(cloud+".csv", strings.NewReader(text), may.UnixNano(), june.UnixNano())
	if err != nil {
		t.Fatal(err)
	}
	export.Cloud = cloud
	for {
		var c focus.Charge
		if err := export.Next(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if err := r.Theirs(&c); err != nil {
			t.Fatal(err)
		}
	}
	result, err := r.Result()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestABillOfWhatCannotBeReadIsNotWritten(t *testing.T) {
	t.Parallel()
	for kept, want := range map[string]string{"{": "line 1 of what was served", "{}\n{\"cloud\":3}\n": "line 2 of what was served"} {
		if _, err := emulator.WriteBill(io.Discard, strings.NewReader(kept), emulator.Billing{Cloud: "aws", From: may, Until: june}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", kept, err)
		}
	}
	if _, err := emulator.WriteBill(io.Discard, strings.NewReader(""), emulator.Billing{Cloud: "moon"}); err == nil {
		t.Error("a cloud that nobody emulates bills")
	}
}
