package money_test

import (
	"testing"

	"pgregory.net/rapid"

	"concord/money"
)

func TestAPartOfAnAmountIsRoundedTowardsZero(t *testing.T) {
	for _, c := range []struct{ a, part, whole, want string }{
		{"8", "50", "100", "4"}, {"1", "1", "3", "0.333333333333"}, {"-1", "2", "3", "-0.666666666666"}, {"8", "0", "100", "0"}, {"8", "100", "100", "8"},
		{"1000000000000", "999999999999", "1000000000000", "999999999999"},
	} {
		got, err := money.MustParse(c.a).PartOf(money.MustParse(c.part), money.MustParse(c.whole))
		if err != nil || got.String() != c.want {
			t.Errorf("%s x %s / %s = %s, %v; want %s", c.a, c.part, c.whole, got, err, c.want)
		}
	}
	for _, c := range [][2]string{{"1", "0"}, {"-1", "3"}, {"4", "3"}} {
		if got, err := money.MustParse("1").PartOf(money.MustParse(c[0]), money.MustParse(c[1])); err == nil {
			t.Errorf("%s of %s is taken as a part: %s", c[0], c[1], got)
		}
	}
}

func TestPartsThatMakeTheWholeComeToTheWholeAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.FromPico(rapid.Int64().Draw(t, "a"))
		first := money.FromPico(rapid.Int64Range(0, 1<<40).Draw(t, "first"))
		second := money.FromPico(rapid.Int64Range(1, 1<<40).Draw(t, "second"))
		whole, err := first.Add(second)
		if err != nil {
			t.Fatal(err)
		}
		part, err := a.PartOf(first, whole)
		if err != nil {
			t.Fatal(err)
		}
		all, err := a.PartOf(whole, whole)
		if err != nil || all != a || part.Abs().Cmp(a.Abs()) > 0 || part.Sign()*a.Sign() < 0 {
			t.Fatalf("%s of %s is %s, all of it %s, %v", first, a, part, all, err)
		}
	})
}
