package pricing_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"concord/agreement"
	"concord/money"
	"concord/pricing"
	"concord/usage"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const list = `concord: 1
prices: openai-list
currency: USD
per: 1M tokens
provenance: reported
source: a test
entries:
  - product: openai/gpt-5.4
    seller: openai
    from: 2023-01-01
    input: "2.50"
    cache_read: "0.25"
    output: "15"
    above: {prompt_tokens: 272000, input: "5", cache_read: "0.5", output: "22.5"}
`

func mustParse(t testing.TB, doc string) *pricing.Book {
	t.Helper()
	book, findings := pricing.Parse("book.yaml", []byte(doc))
	if book == nil {
		t.Fatalf("the book was refused: %+v", findings)
	}
	return book
}

func at(day string) int64 {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

func gpt(day string) pricing.Query {
	return pricing.Query{Seller: "openai", Product: "openai/gpt-5.4", Cloud: "azure", At: at(day)}
}

func TestTheWorkedRequestCostsTwoCents(t *testing.T) {
	rate, ok := mustParse(t, list).Find(gpt("2026-05-04"))
	if !ok {
		t.Fatal("no rate")
	}
	used := usage.Tokens{usage.Input: 4000, usage.CacheRead: 4000, usage.Output: 600}

	lines, total, unpriced, err := rate.Price(nil, &used, money.Rate{})
	if err != nil || unpriced != nil {
		t.Fatal(unpriced, err)
	}

	want := []pricing.Line{
		{Class: usage.Input, Quantity: 4000, Unit: money.MustParse("0.0000025"), Amount: money.MustParse("0.01")},
		{Class: usage.CacheRead, Quantity: 4000, Unit: money.MustParse("0.00000025"), Amount: money.MustParse("0.001")},
		{Class: usage.Output, Quantity: 600, Unit: money.MustParse("0.000015"), Amount: money.MustParse("0.009")},
	}
	if diff := cmp.Diff(want, lines, cmp.Comparer(func(a, b money.Amount) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if total.String() != "0.02" || rate.Provenance != agreement.Reported || rate.Source != "a test" || rate.Pos.Line != 8 {
		t.Errorf("total %s, %s, %s, line %d", total, rate.Provenance, rate.Source, rate.Pos.Line)
	}
}

func TestLongPromptsCostWhatTheStepSays(t *testing.T) {
	book, q := mustParse(t, list), gpt("2026-05-04")
	for prompt, want := range map[int64]string{0: "0.0000025", 272_000: "0.0000025", 272_001: "0.000005"} {
		q.PromptLn = prompt
		rate, _ := book.Find(q)
		if got := rate.Unit[usage.Input].String(); got != want {
			t.Errorf("a prompt of %d tokens: %s", prompt, got)
		}
	}
}

func TestReasoningAndRejectedCostWhatOutputCostsAndCacheWritesHaveNoPrice(t *testing.T) {
	rate, _ := mustParse(t, list).Find(gpt("2026-05-04"))
	used := usage.Tokens{usage.Reasoning: 10, usage.Rejected: 1, usage.CacheWrite: 5, usage.InputAudio: 1}
	lines, total, unpriced, err := rate.Price(nil, &used, money.Rate{})
	if err != nil || len(lines) != 2 || total.String() != "0.000165" {
		t.Errorf("%v, %s, %v", lines, total, err)
	}
	if diff := cmp.Diff([]usage.Class{usage.CacheWrite, usage.InputAudio}, unpriced); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutARateEverythingIsUnpricedAndNothingIsDropped(t *testing.T) {
	var none *pricing.Rate
	lines, total, unpriced, err := none.Price(nil, &usage.Tokens{usage.Input: 1, usage.Output: 2}, money.Rate{})
	if err != nil || lines != nil || !total.IsZero() {
		t.Errorf("%v, %s, %v", lines, total, err)
	}
	if diff := cmp.Diff([]usage.Class{usage.Input, usage.Output}, unpriced); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]usage.Class{usage.Input, usage.CacheRead, usage.Output}, none.Lacks()); diff != "" {
		t.Error(diff)
	}
}

func TestADiscountIsTakenOffEachLineAndRoundedTowardsZero(t *testing.T) {
	rate := &pricing.Rate{Book: "b"}
	rate.Unit[usage.Input], rate.Priced[usage.Input] = money.FromPico(1), true
	used := usage.Tokens{usage.Input: 10}
	_, total, _, err := rate.Price(nil, &used, money.MustParseRate("1/3"))
	if err != nil || total != money.FromPico(7) {
		t.Errorf("10 pico less a third: %s, %v", total, err)
	}
	for _, wrong := range []string{"-1%", "101%"} {
		if _, _, _, err := rate.Price(nil, &used, money.MustParseRate(wrong)); err == nil {
			t.Errorf("a discount of %s was taken", wrong)
		}
	}
	if _, _, _, err := rate.Price(nil, &usage.Tokens{usage.Input: -1}, money.Rate{}); err == nil {
		t.Error("a negative count was priced")
	}
}

func TestAPriceTooLargeForMoneyIsAnError(t *testing.T) {
	rate := &pricing.Rate{Book: "b"}
	rate.Unit[usage.Input], rate.Priced[usage.Input] = money.MustParse("100000000000000000000000000"), true
	lines, _, _, err := rate.Price(nil, &usage.Tokens{usage.Input: math.MaxInt64}, money.Rate{})
	if !errors.Is(err, money.ErrOverflow) || lines != nil {
		t.Errorf("%v, %v", lines, err)
	}
}

func TestTheMoreSpecificEntryWins(t *testing.T) {
	book := mustParse(t, `concord: 1
prices: b
currency: USD
per: 1M tokens
provenance: assumed
entries:
  - {product: "*", seller: openai, from: 2023-01-01, input: "1"}
  - {product: openai/*, seller: openai, from: 2023-01-01, input: "2"}
  - {product: openai/gpt-5.4, seller: openai, from: 2023-01-01, until: 2026-01-01, input: "3"}
  - {product: openai/gpt-5.4, seller: openai, from: 2026-01-01, input: "4"}
  - {product: openai/*, seller: openai, clouds: [aws, gcp], from: 2023-01-01, input: "5"}
  - {product: openai/*, seller: openai, clouds: [gcp], region: europe-west4, from: 2023-01-01, input: "6"}
  - {product: openai/gpt-5.4, seller: openai, clouds: [gcp], from: 2023-01-01, input: "7"}
  - {product: "*", seller: openai, deployment: d1, from: 2023-01-01, input: "8"}
  - {product: openai/gpt-5.4, seller: openai, tier: batch, from: 2023-01-01T12:00:00Z, input: "9"}
`)
	price := func(change func(*pricing.Query)) string {
		q := gpt("2025-06-01")
		change(&q)
		rate, ok := book.Find(q)
		if !ok {
			return "none"
		}
		million, err := rate.Unit[usage.Input].MulInt(1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		return million.String()
	}
	for _, c := range []struct {
		want, why string
		change    func(*pricing.Query)
	}{
		{"1", "any product", func(q *pricing.Query) { q.Product = "other/x" }},
		{"2", "a longer pattern", func(q *pricing.Query) { q.Product = "openai/gpt-9" }},
		{"3", "the exact product", func(*pricing.Query) {}},
		{"3", "the last instant before until", func(q *pricing.Query) { q.At = at("2026-01-01") - 1 }},
		{"4", "the instant of from", func(q *pricing.Query) { q.At = at("2026-01-01") }},
		{"5", "a cloud before an exact product", func(q *pricing.Query) { q.Cloud = "aws" }},
		{"6", "a region before a cloud", func(q *pricing.Query) { q.Cloud, q.Region = "gcp", "europe-west4" }},
		{"7", "a cloud and the exact product", func(q *pricing.Query) { q.Cloud = "gcp" }},
		{"8", "a deployment before everything", func(q *pricing.Query) { q.Cloud, q.Deploy = "gcp", "d1" }},
		{"9", "a tier of its own", func(q *pricing.Query) { q.Tier = usage.Batch }},
		{"none", "a tier without a price", func(q *pricing.Query) { q.Tier = usage.Priority }},
		{"none", "another seller", func(q *pricing.Query) { q.Seller = "amazon" }},
		{"none", "before the first entry", func(q *pricing.Query) { q.At = at("2022-12-31") }},
	} {
		if got := price(c.change); got != c.want {
			t.Errorf("%s: got %s, want %s", c.why, got, c.want)
		}
	}
}

func TestCostsAreFoundByOperatorAndBuyer(t *testing.T) {
	book := mustParse(t, `concord: 1
costs: capacity
currency: USD
per: 1K tokens
entries:
  - {product: openai/*, operator: amazon, buyer: openai, from: 2023-01-01, input: "0.000875", output: "0", provenance: assumed}
`)
	q := pricing.Query{Seller: "amazon", Buyer: "openai", Product: "openai/gpt-5.4", At: at("2026-05-04")}
	rate, ok := book.Find(q)
	if !ok || rate.Unit[usage.Input].String() != "0.000000875" || book.Kind != pricing.Costs {
		t.Errorf("%v, %+v", ok, rate)
	}
	if q.Buyer = "microsoft"; ok {
		if _, ok = book.Find(q); ok {
			t.Error("another buyer's cost was found")
		}
	}
	if diff := cmp.Diff([]usage.Class{usage.CacheRead}, rate.Lacks()); diff != "" {
		t.Error(diff)
	}
}

func TestFindingAndPricingDoNotAllocate(t *testing.T) {
	book, q := mustParse(t, list), gpt("2026-05-04")
	used := usage.Tokens{usage.Input: 4000, usage.CacheRead: 4000, usage.Output: 600}
	lines := make([]pricing.Line, 0, usage.NumClasses)
	discount := money.MustParseRate("5%")
	if n := testing.AllocsPerRun(100, func() {
		rate, ok := book.Find(q)
		if !ok {
			t.Fatal("no rate")
		}
		if _, _, _, err := rate.Price(lines, &used, discount); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPricingIsAdditive(t *testing.T) {
	rate, _ := mustParse(t, list).Find(gpt("2026-05-04"))
	count := rapid.Int64Range(0, 1<<40)
	rapid.Check(t, func(t *rapid.T) {
		var a, b usage.Tokens
		for class := usage.Input; class.Valid(); class++ {
			a[class], b[class] = count.Draw(t, "a"), count.Draw(t, "b")
		}
		both := a
		if err := both.Add(&b); err != nil {
			t.Fatal(err)
		}
		_, first, _, err1 := rate.Price(nil, &a, money.Rate{})
		_, second, _, err2 := rate.Price(nil, &b, money.Rate{})
		_, together, _, err3 := rate.Price(nil, &both, money.Rate{})
		sum, err4 := first.Add(second)
		if err := errors.Join(err1, err2, err3, err4); err != nil || sum != together {
			t.Fatalf("%s + %s is not %s (%v)", first, second, together, err)
		}
	})
}

func BenchmarkFindAndPrice(b *testing.B) {
	book, q := mustParse(b, list), gpt("2026-05-04")
	used := usage.Tokens{usage.Input: 4000, usage.CacheRead: 4000, usage.Output: 600}
	lines := make([]pricing.Line, 0, usage.NumClasses)
	b.ReportAllocs()
	for b.Loop() {
		rate, _ := book.Find(q)
		if _, _, _, err := rate.Price(lines, &used, money.Rate{}); err != nil {
			b.Fatal(err)
		}
	}
}
