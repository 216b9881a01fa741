package agreement_test

import (
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"concord/agreement"
	"concord/money"
)

// pageTiers are those of docs/agreement-format.md.
func pageTiers(mode string) *agreement.Tiers {
	rate := money.MustParseRate
	return &agreement.Tiers{Mode: mode, Reset: "year", Steps: []agreement.Step{
		{UpTo: money.MustParse("1000"), Rate: rate("20%")}, {UpTo: money.MustParse("5000"), Rate: rate("15%")}, {Rate: rate("10%")}}}
}

func TestABaseComesToWhatItsStepsSay(t *testing.T) {
	for _, c := range []struct{ base, marginal, whole string }{
		{"0", "0", "0"}, {"1000", "200", "200"}, {"1000.01", "200.0015", "150.0015"}, {"1500", "275", "225"},
		{"5000", "800", "750"}, {"5000.1", "800.01", "500.01"}, {"-10", "-2", "-2"},
	} {
		for mode, want := range map[string]string{agreement.Marginal: c.marginal, agreement.Whole: c.whole} {
			got, err := pageTiers(mode).Share(money.MustParse(c.base))
			if err != nil || got.String() != want {
				t.Errorf("%s of %s: %s (%v), want %s", mode, c.base, got, err, want)
			}
		}
	}
	page, err := os.ReadFile("../docs/agreement-format.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{"steps: [{up_to: \"1000\", rate: \"20%\"}, {up_to: \"5000\", rate: \"15%\"}, {rate: \"10%\"}]", "A base of 1,500 comes to 1,000 at 20 % and 500 at 15 %: 275.", "1,500 at 15 %: 225."} {
		if !strings.Contains(string(page), said) {
			t.Errorf("docs/agreement-format.md does not say %q", said)
		}
	}
}

// What a base comes to grows with it under marginal tiers, and a part of it never comes to more than the whole.
func TestMarginalTiersGrowWithTheBase(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.Int64Range(0, 8_000_000_000_000_000).Draw(rt, "base")
		b := rapid.Int64Range(0, 8_000_000_000_000_000).Draw(rt, "more")
		tiers := pageTiers(agreement.Marginal)
		one, err := tiers.Share(money.FromPico(a))
		if err != nil {
			rt.Fatal(err)
		}
		both, err := tiers.Share(money.FromPico(a + b))
		if err != nil {
			rt.Fatal(err)
		}
		if both.Cmp(one) < 0 {
			rt.Errorf("%d comes to %s, and %d to %s", a, one, a+b, both)
		}
	})
}
