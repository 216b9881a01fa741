package settlement

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"concord/money"
)

func amounts(texts ...string) []money.Amount {
	var out []money.Amount
	for _, s := range texts {
		out = append(out, money.MustParse(s))
	}
	return out
}

func TestLinesAreFittedByLargestRemainder(t *testing.T) {
	for _, c := range []struct {
		lines []money.Amount
		total string
		want  string
	}{
		{amounts("1.005", "1.005", "1"), "3.01", "[1.01 1 1]"},
		{amounts("0.004", "0.006"), "0.01", "[0 0.01]"},
		{amounts("-1.005", "2.007"), "1", "[-1.01 2.01]"},
		{amounts("0.001", "0.001"), "0", "[0 0]"},
	} {
		got, err := fit(c.lines, money.MustParse(c.total), 2)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%v to %s: %v %v, want %s", c.lines, c.total, got, err, c.want)
		}
	}
}

func TestFittedLinesAddUpAndStayNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []money.Amount
		var sum money.Amount
		for _, n := range rapid.SliceOfN(rapid.Int64Range(-1e15, 1e15), 1, 20).Draw(t, "pico") {
			lines = append(lines, money.FromPico(n))
			sum, _ = sum.Add(money.FromPico(n))
		}
		total, _ := sum.Round(2, money.HalfEven)
		fitted, err := fit(lines, total, 2)
		if err != nil {
			t.Fatal(err)
		}
		var back money.Amount
		cent := money.MustParse("0.01")
		for i, f := range fitted {
			back, _ = back.Add(f)
			if off, _ := f.Sub(lines[i]); off.Abs().Cmp(cent) > 0 {
				t.Fatalf("%s became %s", lines[i], f)
			}
		}
		if back != total {
			t.Fatalf("lines come to %s, not %s", back, total)
		}
	})
}

func TestPartsInProportionAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := money.FromPico(rapid.Int64().Draw(t, "total"))
		var weights []money.Amount
		for _, n := range rapid.SliceOfN(rapid.Int64Range(0, 1e15), 1, 8).Draw(t, "weights") {
			weights = append(weights, money.FromPico(n))
		}
		parts, err := apportion(total, weights)
		if err != nil {
			t.Fatal(err)
		}
		var back money.Amount
		for _, p := range parts {
			back, _ = back.Add(p)
		}
		if back != total {
			t.Fatalf("parts of %s come to %s", total, back)
		}
	})
}
