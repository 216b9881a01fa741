package money_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"concord/money"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestARateReadsPercentagesDecimalsAndRatios(t *testing.T) {
	for text, want := range map[string]money.Rate{
		"20%": {Num: 1, Den: 5}, "0.2": {Num: 1, Den: 5}, "1/3": {Num: 1, Den: 3}, "12.5 %": {Num: 1, Den: 8},
		"100%": {Num: 1, Den: 1}, "0": {Num: 0, Den: 1}, "-5%": {Num: -1, Den: 20}, "2/4": {Num: 1, Den: 2},
		"0.20000000000000000000000000": {Num: 1, Den: 5}, " 3 ": {Num: 3, Den: 1},
	} {
		got, err := money.ParseRate(text)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestWhatIsNotARateIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "%", "1/0", "1/", "/3", "+1/3", "1/+3", "--1", "0x10", "1e2", ".5", "5.", "1/3%", "20%%", "1 0", "0.5/2",
		"99999999999999999999", "18446744073709551615", "1/18446744073709551615", "0.00000000000000000001", strings.Repeat("1", 1000),
	} {
		if r, err := money.ParseRate(text); err == nil {
			t.Errorf("%q was read as %s", text, r)
		} else if len(err.Error()) > 250 {
			t.Errorf("%q: a message of %d bytes", text, len(err.Error()))
		}
	}
}

func TestARateIsWrittenAsAPercentageWhereThatEnds(t *testing.T) {
	got := []string{
		money.Rate{Num: 1, Den: 5}.String(), money.Rate{Num: 1, Den: 3}.String(), money.Rate{Num: 3, Den: -8}.String(),
		money.Rate{}.String(), money.Rate{Num: 2, Den: 6}.String(), money.Rate{Num: 1, Den: 1 << 40}.String(),
		money.Rate{Num: math.MinInt64, Den: math.MinInt64}.String(), money.Rate{Num: math.MaxInt64, Den: 1}.String(),
	}
	want := []string{"20%", "1/3", "-37.5%", "0%", "1/3", "1/1099511627776", "100%", "9223372036854775807/1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestARateIsNormalised(t *testing.T) {
	if r, err := money.NewRate(6, -8); err != nil || r != (money.Rate{Num: -3, Den: 4}) {
		t.Errorf("6/-8: %v, %v", r, err)
	}
	if _, err := money.NewRate(1, 0); err == nil {
		t.Error("1/0 was accepted")
	}
	if _, err := money.NewRate(math.MinInt64, 1); err == nil {
		t.Error("-2^63 has no counterpart in the range and was accepted")
	}
	if _, err := money.FromUnits(1).MulRate(money.Rate{Num: 1}, money.Down); err == nil {
		t.Error("an amount was multiplied by 1/0")
	}
	if a, err := money.FromUnits(1).MulRate(money.Rate{}, money.Down); err != nil || !a.IsZero() {
		t.Errorf("1 x the zero rate: %s, %v", a, err)
	}
}

func TestRatesCompareAndSurviveTheirText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rates().Draw(t, "a"), rates().Draw(t, "b")
		x, y := big.NewRat(a.Num, a.Den), big.NewRat(b.Num, b.Den)
		if a.Cmp(b) != x.Cmp(y) || a.Sign() != x.Sign() {
			t.Fatalf("%s and %s compare as %d", x, y, a.Cmp(b))
		}
		normal, err := money.NewRate(a.Num, a.Den)
		if err != nil {
			return // only the magnitude 2^63 does not fit
		}
		if back, err := money.ParseRate(normal.String()); err != nil || back != normal {
			t.Fatalf("%s read back as %v, %v", normal, back, err)
		}
	})
}

func FuzzParseRateReadsBackWhatItWrites(f *testing.F) {
	for _, s := range []string{"20%", "1/3", "12.5 %", "-0.2", "1/0", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := money.ParseRate(s)
		if err != nil {
			return
		}
		if r.Den <= 0 {
			t.Fatalf("%q: denominator %d", s, r.Den)
		}
		if back, err := money.ParseRate(r.String()); err != nil || back != r {
			t.Fatalf("%q: %s read back as %v, %v", s, r, back, err)
		}
	})
}

func TestSplitGivesTheRestToTheLargestRemainderAndTheEarlierOnATie(t *testing.T) {
	third := money.Rate{Num: 1, Den: 3}
	for _, c := range []struct {
		total string
		parts []money.Rate
		scale int
		want  string
	}{
		{"0.02", []money.Rate{money.MustParseRate("60%"), money.MustParseRate("40%")}, 12, "0.012 0.008"},
		{"0.10", []money.Rate{third, third, third}, 2, "0.04 0.03 0.03"},
		{"-0.10", []money.Rate{third, third, third}, 2, "-0.04 -0.03 -0.03"},
		{"0.01", []money.Rate{money.MustParseRate("25%"), money.MustParseRate("75%")}, 2, "0 0.01"},
		{"0.01", []money.Rate{money.MustParseRate("50%"), money.MustParseRate("50%")}, 2, "0.01 0"},
		{"7", []money.Rate{{}, {Num: 1, Den: 1}}, 0, "0 7"},
		{"0", []money.Rate{third, {Num: 2, Den: 3}}, 12, "0 0"},
	} {
		got, err := money.Split(money.MustParse(c.total), c.parts, c.scale)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, a := range got {
			words = append(words, a.String())
		}
		if diff := cmp.Diff(c.want, strings.Join(words, " ")); diff != "" {
			t.Errorf("%s: %s", c.total, diff)
		}
	}
}

func TestSplitRefusesPartsThatAreNotAWhole(t *testing.T) {
	half := money.Rate{Num: 1, Den: 2}
	for name, parts := range map[string][]money.Rate{
		"none": {}, "too little": {half}, "too much": {half, half, half}, "negative": {{Num: 3, Den: 2}, {Num: -1, Den: 2}},
		"no denominator":        {{Num: 1}},
		"no common denominator": {{Num: 1, Den: math.MaxInt64}, {Num: math.MaxInt64 - 3, Den: math.MaxInt64 - 2}},
	} {
		if got, err := money.Split(money.FromUnits(1), parts, 2); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := money.Split(money.MustParse("0.001"), []money.Rate{{Num: 1, Den: 1}}, 2); err == nil {
		t.Error("a total finer than the scale was split")
	}
}

func TestSplitSumsToItsTotalAndIsNearlyProportional(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := amounts().Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 12).Draw(t, "weights")
		var whole int64 = 1
		weights[0]++
		for i, w := range weights {
			if whole += w; i == 0 {
				whole = w
			}
		}
		var parts []money.Rate
		for _, w := range weights {
			parts = append(parts, money.Rate{Num: w, Den: whole})
		}

		got, err := money.Split(total, parts, money.Scale)
		if err != nil {
			t.Fatal(err)
		}

		sum := new(big.Int)
		for i, a := range got {
			sum.Add(sum, asBig(a))
			exact := new(big.Rat).Mul(new(big.Rat).SetInt(asBig(total)), big.NewRat(parts[i].Num, parts[i].Den))
			off := new(big.Rat).Abs(exact.Sub(exact, new(big.Rat).SetInt(asBig(a))))
			if off.Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("part %d is %s of %s: off by %s", i, a, total, off.FloatString(3))
			}
		}
		if sum.Cmp(asBig(total)) != 0 {
			t.Fatalf("the parts sum to %s, not to %s", sum, asBig(total))
		}
	})
}

func TestSplittingIntoAReadySliceDoesNotAllocate(t *testing.T) {
	total, dst := money.MustParse("0.02"), make([]money.Amount, 0, 2)
	parts := []money.Rate{{Num: 3, Den: 5}, {Num: 2, Den: 5}}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := money.AppendSplit(dst, total, parts, money.Scale); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
