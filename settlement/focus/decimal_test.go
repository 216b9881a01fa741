package focus_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"concord/settlement/focus"
)

func TestNumbersAreReadAsCloudsPrintThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		value  string
		places int
	}{
		"0": {"0", 0}, "12": {"12", 0}, "-0.50": {"-0.5", 2}, "+3.25": {"3.25", 2}, "8.75E-07": {"0.000000875", 9}, "1.5e3": {"1500", 0},
		"33773.232522429145313": {"33773.232522429145", 15}, "0.0000000000005": {"0", 13}, "0.0000000000015": {"0.000000000002", 13},
		"0.00000000000051": {"0.000000000001", 14}, "123456789012345678901": {"123456789012345678901", 0}, "1E-40": {"0", 40},
		"33773.2325224291455": {"33773.232522429146", 13}, ".5": {"0.5", 1}, "-.25": {"-0.25", 2}, ".5E-1": {"0.05", 2},
	} {
		got, places, err := focus.ParseDecimal(text)
		if err != nil || places != want.places {
			t.Errorf("%s: %s with %d decimals, %v; want %d", text, got, places, err, want.places)
		}
		if exact, ok := new(big.Rat).SetString(text); ok {
			off := new(big.Rat).Sub(exact, rat(got.String()))
			if off.Abs(off).Cmp(big.NewRat(1, 2_000_000_000_000)) > 0 {
				t.Errorf("%s is read as %s", text, got)
			}
		}
	}
	for _, text := range []string{"", ".", "1.", "-.", ".e5", "1,000.00", "1e", "e5", "0x10", "NaN", "Inf", "1e999", "--1", "1 ", "١", "999999999999999999999999999999"} {
		if got, _, err := focus.ParseDecimal(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

// What is read is never further off than half of the last decimal that an amount has.
func TestReadingANumberLosesNothingThatAnAmountCanHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,14}(\.[0-9]{1,20})?([eE]-?[0-9])?`).Draw(t, "text")
		got, _, err := focus.ParseDecimal(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		off := new(big.Rat).Sub(rat(text), rat(got.String()))
		if off.Abs(off).Cmp(big.NewRat(1, 2_000_000_000_000)) > 0 {
			t.Fatalf("%s is read as %s", text, got)
		}
	})
}
