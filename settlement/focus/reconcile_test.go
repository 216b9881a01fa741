package focus_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/money"
	"concord/pricing"
	"concord/settlement/focus"
	"concord/usage"
)

var places = []focus.Place{{Account: "main", Region: "us", Model: "m"}, {Account: "main", Region: "us", Model: "gpt-5.4"}, {Account: "main", Region: "us", Model: "gpt-5.4-mini"}}

// call is a call of ours in May, so many hours after ten o'clock of the fourth.
func call(hours int, tokens int64, unsure bool) focus.Call {
	unit := money.MustParse("0.000001")
	amount, err := unit.MulInt(tokens)
	if err != nil {
		panic(err)
	}
	c := focus.Call{Place: places[0], At: time.Date(2026, 5, 4, 10+hours, 30, 0, 0, time.UTC).UnixNano(), Currency: "USD", Unsure: unsure}
	if tokens > 0 {
		c.Lines = []pricing.Line{{Class: usage.Input, Quantity: tokens, Unit: unit, Amount: amount}}
	}
	return c
}

// charge is a row of theirs, likewise.
func charge(hours int, tokens, cost string, change ...string) string {
	at := time.Date(2026, 5, 4, 10+hours, 0, 0, 0, time.UTC)
	return row(append([]string{"ConsumedQuantity", tokens, "BilledCost", cost, "ChargePeriodStart", at.Format(time.RFC3339), "ChargePeriodEnd", at.Add(time.Hour).Format(time.RFC3339)}, change...)...)
}

func reconcile(t testing.TB, calls []focus.Call, text string) (*focus.Reconciler, *focus.Result) {
	t.Helper()
	r := focus.NewReconciler(&focus.Mapping{Places: places}, from, until)
	for i := range calls {
		if err := r.Ours(&calls[i]); err != nil {
			t.Fatal(err)
		}
	}
	all, err := readAll(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := r.Theirs(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	result, err := r.Result()
	if err != nil {
		t.Fatal(err)
	}
	addsUp(t, result)
	return r, result
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// addsUp: the differences and the sums by class are the difference of the totals, to the last digit.
func addsUp(t fataler, r *focus.Result) {
	t.Helper()
	var listed, classed, invoiced money.Amount
	for _, d := range r.Differences {
		listed = plus(listed, d.Amount)
	}
	for _, s := range r.Sums {
		classed = plus(classed, s.Amount)
	}
	for _, i := range r.Invoices {
		invoiced = plus(invoiced, i.Cost)
	}
	if total := plus(r.Ours, r.Total); listed != r.Total || classed != r.Total || total != r.Theirs || invoiced != r.Theirs {
		t.Fatalf("ours %s, theirs %s, difference %s: listed %s, by class %s, by invoice %s", r.Ours, r.Theirs, r.Total, listed, classed, invoiced)
	}
}

func plus(a, b money.Amount) money.Amount {
	sum, err := a.Add(b)
	if err != nil {
		panic(err)
	}
	return sum
}

func classes(r *focus.Result) string {
	var out []string
	for _, d := range r.Differences {
		out = append(out, fmt.Sprintf("%s %s", d.Class, d.Amount))
	}
	return strings.Join(out, "; ")
}

func TestEveryDifferenceHasItsClass(t *testing.T) {
	t.Parallel()
	ours := []focus.Call{call(0, 600, false), call(0, 400, false), call(1, 500, false), call(2, 300, false)}
	good := []string{charge(0, "1000", "0.001"), charge(1, "500", "0.0005"), charge(2, "300", "0.0003")}
	with := func(i int, r string) string {
		rows := append([]string{}, good...)
		rows[i] = r
		return file(rows...)
	}
	for name, c := range map[string]struct{ text, want string }{
		"the same":                        {file(good...), ""},
		"a row in thousands":              {with(0, charge(0, "1", "0.001", "ConsumedUnit", "1K tokens")), ""},
		"a row in millions":               {with(0, charge(0, "0.001", "1E-03", "ConsumedUnit", "1M Tokens")), ""},
		"a row doubled":                   {file(append(good, good[1])...), "quantity 0.0005"},
		"a row, taken back, and again":    {file(append(good, charge(1, "-500", "-0.0005"), good[1])...), ""},
		"a row taken back":                {file(append(good, charge(1, "-500", "-0.0005"))...), "quantity -0.0005"},
		"a negative row of nothing else":  {file(append(good, charge(7, "-500", "-0.0005"))...), "theirs only -0.0005"},
		"a cost without its quantity":     {with(1, charge(1, "", "0.0005", "ConsumedUnit", "")), "quantity -0.0005; price 0.0005"},
		"a row of nothing":                {file(append(good, charge(7, "0", "0"))...), ""},
		"a month in one row":              {file(charge(0, "1800", "0.0018", "ChargePeriodStart", "2026-05-01T00:00:00Z", "ChargePeriodEnd", "2026-06-01T00:00:00Z")), ""},
		"a credit":                        {file(append(good, row("ChargeCategory", "Credit", "BilledCost", "-0.1", "ConsumedQuantity", ""))...), "theirs only -0.1"},
		"a purchase":                      {file(append(good, row("ChargeCategory", "Purchase", "BilledCost", "7", "ConsumedQuantity", ""))...), "theirs only 7"},
		"shifted by two days":             {with(2, charge(50, "300", "0.0003")), "ours only -0.0003; theirs only 0.0003"},
		"a quantity off by one":           {with(0, charge(0, "1001", "0.001001")), "quantity 0.000001"},
		"a price off":                     {with(0, charge(0, "1000", "0.0011", "ContractedUnitPrice", "0.0000011")), "price 0.0001"},
		"a price and a quantity off":      {with(0, charge(0, "1001", "0.0011011", "ContractedUnitPrice", "0.0000011")), "quantity 0.000001; price 0.0001001"},
		"an hour shifted":                 {with(2, charge(3, "300", "0.0003")), "period shift -0.0003; period shift 0.0003"},
		"a part of an hour shifted":       {file(charge(0, "999", "0.000999"), charge(1, "501", "0.000501"), good[2]), "period shift -0.000001; period shift 0.000001"},
		"shifted over three hours":        {file(charge(0, "990", "0.00099"), charge(1, "504", "0.000504"), charge(2, "306", "0.000306")), "period shift -0.00001; period shift 0.000004; period shift 0.000006"},
		"a row missing":                   {file(good[0], good[2]), "ours only -0.0005"},
		"a row of a model of others":      {file(append(good, charge(0, "7", "0.5", "SkuMeter", "other-input-tokens"))...), "theirs only 0.5"},
		"a row around the gateway":        {file(append(good, charge(9, "70", "0.00007"))...), "theirs only 0.00007"},
		"a correction of April":           {file(append(good, row("ChargeClass", "Correction", "BilledCost", "-0.25", "ChargePeriodStart", "2026-04-04T10:00:00Z"))...), "correction -0.25"},
		"a tax":                           {file(append(good, row("ChargeCategory", "Tax", "BilledCost", "0.1", "ConsumedQuantity", ""))...), "theirs only 0.1"},
		"less than the decimals can show": {file(charge(0, "1000", "0.0010"), charge(1, "500", "0.0005"), charge(2, "300", "0.0003000004", "ContractedUnitPrice", "")), "price 0.0000000004"},
		"rounded to four decimals":        {file(charge(0, "1000", "0.0010"), charge(1, "500", "0.0005"), charge(2, "310", "0.0003")), "quantity 0.00001; rounding -0.00001"},
	} {
		_, result := reconcile(t, ours, c.text)
		if d := cmp.Diff(c.want, classes(result)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if good := c.want == ""; result.Good() != good {
			t.Errorf("%s: good is %v", name, result.Good())
		}
	}
}

func TestAnExportByDaysIsComparedByDays(t *testing.T) {
	t.Parallel()
	day := row("ConsumedQuantity", "1800", "BilledCost", "0.0018", "ChargePeriodStart", "2026-05-04T00:00:00Z", "ChargePeriodEnd", "2026-05-05T00:00:00Z")
	_, result := reconcile(t, []focus.Call{call(0, 1000, false), call(1, 500, false), call(2, 300, false)}, file(day))
	if !result.Good() || result.Step != int64(24*time.Hour) {
		t.Errorf("%s", classes(result))
	}
}

func TestModelsAndMetersAreKnownByTheirWords(t *testing.T) {
	t.Parallel()
	for meter, want := range map[string]string{
		"USE1-gpt-5.4-input-tokens": "gpt-5.4 input", "gpt-5.4 cchd Inp regnl Tokens": "gpt-5.4 cache_read", "gpt 5.4 mini Outp glbl 1K Tokens": "gpt-5.4-mini output",
		"gpt-5.4 1K input tokens": "gpt-5.4 input", "gpt-5.4-cache-write-input-tokens-batch": "gpt-5.4 cache_write/batch", "GPT-5.4 audio output tokens": "gpt-5.4 output_audio",
		"gpt-5.4-nano-input-tokens": " input", "gpt-5.4.1-input-tokens": " input", "storage": " storage",
	} {
		_, result := reconcile(t, nil, file(row("SkuMeter", meter)))
		if len(result.Differences) != 1 || result.Differences[0].Model+" "+result.Differences[0].Meter != want {
			t.Errorf("%s is %+v, want %s", meter, result.Differences, want)
		}
	}
}

func TestAMapSaysWhatWordsDoNot(t *testing.T) {
	t.Parallel()
	rules, err := focus.ParseRules("map.csv", strings.NewReader("sku,model,meter\nA1B2-*,m,output/flex\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := focus.NewReconciler(&focus.Mapping{Places: places, Rules: rules}, from, until)
	all, err := readAll(file(row("SkuMeter", "A1B2-77")))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Theirs(&all[0]); err != nil {
		t.Fatal(err)
	}
	result, err := r.Result()
	if err != nil || result.Differences[0].Model != "m" || result.Differences[0].Meter != "output/flex" {
		t.Errorf("%+v, %v", result, err)
	}
	for text, want := range map[string]string{
		"a,b\n": "a map has the columns", "sku,model,meter\n[,m,input\n": "it is no pattern", "sku,model,meter\nx,,input\n": "names no model", "sku,model,meter\nx,m,inputs\n": "map.csv:2: meter",
	} {
		if _, err := focus.ParseRules("map.csv", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// Whatever is done to a bill, the differences add up to the difference of the totals.
func TestDifferencesAddUpWhateverIsDoneToABill(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var calls []focus.Call
		var rows []string
		for range rapid.IntRange(0, 8).Draw(rt, "calls") {
			calls = append(calls, call(rapid.IntRange(0, 6).Draw(rt, "hour"), rapid.Int64Range(0, 2000).Draw(rt, "tokens"), rapid.Bool().Draw(rt, "unsure")))
		}
		for range rapid.IntRange(0, 8).Draw(rt, "rows") {
			change := []string{"ChargeClass", rapid.SampledFrom([]string{"", "", "Correction"}).Draw(rt, "class"), "SkuMeter", rapid.SampledFrom([]string{"m-input-tokens", "m-output-tokens", "x"}).Draw(rt, "meter"),
				"InvoiceId", rapid.SampledFrom([]string{"", "A", "B"}).Draw(rt, "invoice"), "ChargeCategory", rapid.SampledFrom([]string{"Usage", "Usage", "Credit"}).Draw(rt, "category")}
			rows = append(rows, charge(rapid.IntRange(0, 6).Draw(rt, "at"), rapid.StringMatching(`-?[0-9]{1,4}(\.[0-9]{1,3})?`).Draw(rt, "quantity"),
				rapid.StringMatching(`-?[0-9]\.[0-9]{1,14}`).Draw(rt, "cost"), change...))
		}
		if len(rows) > 0 {
			reconcile(t, calls, file(rows...))
		}
	})
}

func TestWhatNobodyKnewTakesTheBillOver(t *testing.T) {
	t.Parallel()
	calls := []focus.Call{call(0, 600, false), call(0, 100, true), call(0, 0, true), call(1, 50, true), call(2, 20, false)}
	text := file(charge(0, "1000", "0.001"), charge(2, "21", "0.000021"))
	r, result := reconcile(t, calls, text)
	if d := cmp.Diff("quantity 0.0003; ours only -0.00005; quantity 0.000001", classes(result)); d != "" {
		t.Fatal(d)
	}
	plan := r.Accept(result, []focus.Class{focus.OfQuantity, focus.OursOnly})
	for i, want := range []bool{false, true, true, true, false} {
		if plan.Wants(&calls[i]) != want {
			t.Errorf("call %d: wanted is %v", i, !want)
		}
	}
	changes, left, err := plan.Changes(calls)
	if err != nil || len(changes) != 3 || len(left) != 1 {
		t.Fatalf("%+v, left %+v, %v", changes, left, err)
	}
	for _, c := range changes {
		calls[c.Call].Lines, calls[c.Call].Unsure = c.Lines, false
	}
	if got := calls[1].Lines[0].Quantity + calls[2].Lines[0].Quantity; got != 400 || len(calls[3].Lines) != 0 {
		t.Errorf("the two come to %d, the third to %+v", got, calls[3].Lines)
	}
	if _, result = reconcile(t, calls, text); classes(result) != "quantity 0.000001" {
		t.Errorf("what the cloud itself reported is left: %s", classes(result))
	}
}

func TestAPriceIsTakenOverByAllItsCalls(t *testing.T) {
	t.Parallel()
	calls := []focus.Call{call(0, 600, false), call(0, 400, true)}
	text := file(charge(0, "1000", "0.0012", "ContractedUnitPrice", "0.0000012"))
	r, result := reconcile(t, calls, text)
	changes, left, err := r.Accept(result, []focus.Class{focus.OfPrice}).Changes(calls)
	if err != nil || len(left) != 0 || len(changes) != 2 {
		t.Fatalf("%+v, left %+v, %v", changes, left, err)
	}
	for _, c := range changes {
		calls[c.Call].Lines = c.Lines
	}
	if _, result = reconcile(t, calls, text); !result.Good() {
		t.Error(classes(result))
	}
}

// What is taken over is there: a bill that differs only by calls that nobody knew the cost of is matched after it.
func TestAcceptingMakesBothSidesEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "calls")
		var calls []focus.Call
		for range n {
			calls = append(calls, call(0, rapid.Int64Range(0, 500).Draw(rt, "tokens"), true))
		}
		truth := rapid.Int64Range(0, 5000).Draw(rt, "truth")
		cost, _ := money.MustParse("0.000001").MulInt(truth)
		text := file(charge(0, fmt.Sprint(truth), cost.String()))
		r, result := reconcile(t, calls, text)
		changes, left, err := r.Accept(result, []focus.Class{focus.OfQuantity, focus.OursOnly, focus.TheirsOnly}).Changes(calls)
		if err != nil || len(left) > 0 {
			rt.Fatalf("left %+v, %v", left, err)
		}
		for _, c := range changes {
			calls[c.Call].Lines = c.Lines
		}
		if _, result = reconcile(t, calls, text); !result.Good() {
			rt.Fatalf("%s", classes(result))
		}
	})
}

// million writes an export of so many rows, of many hours, models and meters.
func million(rows int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString(names + ",x_a,x_b,x_c,ChargeDescription,ServiceName\n")
	for i := range rows {
		at := time.Unix(0, from).UTC().Add(time.Duration(i%744) * time.Hour)
		tokens := random.Int64N(1_000_000)
		fmt.Fprintf(&b, "%s,value a,value b,value c,Something that is said at some length of row,Amazon Bedrock\n", row("ConsumedQuantity", fmt.Sprint(tokens), "BilledCost", fmt.Sprintf("%.9f", float64(tokens)*1e-6),
			"ChargePeriodStart", at.Format(time.RFC3339), "ChargePeriodEnd", at.Add(time.Hour).Format(time.RFC3339), "SkuMeter", []string{"m-input-tokens", "m-output-tokens", "gpt-5.4-input-tokens"}[i%3]))
	}
	return b.String()
}

// BenchmarkReconcile reads rows of an export: the target is 1,000,000 in 10 s, so 10,000 ns each.
func BenchmarkReconcile(b *testing.B) {
	const rows = 100_000
	text := million(rows)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r := focus.NewReconciler(&focus.Mapping{Places: places}, from, until)
		bill, err := focus.OpenBill("bill.csv", strings.NewReader(text), from, until)
		if err != nil {
			b.Fatal(err)
		}
		var c focus.Charge
		for bill.Next(&c) == nil {
			if err := r.Theirs(&c); err != nil {
				b.Fatal(err)
			}
		}
		if result, err := r.Result(); err != nil || result.Rows != rows {
			b.Fatalf("%d rows, %v", result.Rows, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}

// What a reconciler holds does not grow with the rows of an export.
func TestMemoryGrowsWithMetersAndNotWithRows(t *testing.T) {
	held := func(rows int) uint64 {
		text := million(rows)
		r := focus.NewReconciler(&focus.Mapping{Places: places}, from, until)
		bill, err := focus.OpenBill("bill.csv", strings.NewReader(text), from, until)
		if err != nil {
			t.Fatal(err)
		}
		var c focus.Charge
		for bill.Next(&c) == nil {
			if err := r.Theirs(&c); err != nil {
				t.Fatal(err)
			}
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(r)
		return m.HeapAlloc
	}
	few, many := held(5_000), held(60_000)
	if few+4<<20 < many {
		t.Errorf("12 times the rows hold %d bytes, and 5,000 hold %d", many, few)
	}
}
