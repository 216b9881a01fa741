package money_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"concord/money"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	largest  = bigAmount(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 127), big.NewInt(1)))
	smallest = bigAmount(new(big.Int).Sub(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 127)))
)

// bigAmount makes an amount of n x 10^-12 by way of its bytes.
func bigAmount(n *big.Int) money.Amount {
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	var b [16]byte
	n.FillBytes(b[:])
	return money.FromBytes(b)
}

func asBig(a money.Amount) *big.Int {
	b := a.Bytes()
	n := new(big.Int).SetBytes(b[:])
	if b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return n
}

func fits(n *big.Int) bool { return n.BitLen() <= 127 }

// amounts draws from the whole range and often from its edges.
func amounts() *rapid.Generator[money.Amount] {
	return rapid.Custom(func(t *rapid.T) money.Amount {
		n := new(big.Int).SetUint64(rapid.Uint64().Draw(t, "high"))
		n.Rsh(n, uint(1+rapid.IntRange(0, 63).Draw(t, "shift")))
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(rapid.Uint64().Draw(t, "low")))
		n.Rsh(n, uint(rapid.IntRange(0, 100).Draw(t, "narrow")))
		if rapid.Bool().Draw(t, "negative") {
			n.Neg(n)
		}
		return bigAmount(n)
	})
}

func rates() *rapid.Generator[money.Rate] {
	return rapid.Custom(func(t *rapid.T) money.Rate {
		r := money.Rate{Num: rapid.Int64().Draw(t, "num"), Den: rapid.Int64().Draw(t, "den")}
		if r.Den == 0 {
			r.Den = 1
		}
		return r
	})
}

func TestAnAmountReadsAndWritesPlainDecimals(t *testing.T) {
	for _, text := range []string{"0", "0.02", "-1234.567", "1", "-0.000000000001", "38000000000", "170141183460469231731687303.715884105727"} {
		a, err := money.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.String(); got != text {
			t.Errorf("%s is written %s", text, got)
		}
	}
	if got := money.MustParse("0007.50").String(); got != "7.5" {
		t.Errorf("got %s", got)
	}
	if !money.MustParse("-0.0").IsZero() {
		t.Error("minus zero is not zero")
	}
}

func TestWhatIsNotAPlainDecimalIsRefused(t *testing.T) {
	for _, text := range []string{"", "-", "+1", "1.", ".5", "1e3", "1_000", "1,000", " 1", "1 ", "--1", "0x1", "1.2.3", "NaN", "0.0000000000001", "1.0000000000000"} {
		if a, err := money.Parse(text); err == nil {
			t.Errorf("%q was read as %s", text, a)
		}
	}
	_, err := money.Parse("170141183460469231731687303.715884105728")
	if !errors.Is(err, money.ErrOverflow) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := money.Parse(strings.Repeat("9", 10_000)); !errors.Is(err, money.ErrOverflow) || len(err.Error()) > 200 {
		t.Errorf("a huge number: %v", err)
	}
}

func TestFixedPadsAndNeverLosesDigits(t *testing.T) {
	got := []string{
		money.MustParse("1234.5").Fixed(2), money.MustParse("-7").Fixed(0), money.MustParse("0").Fixed(2),
		money.MustParse("0.000000000001").Fixed(12), money.MustParse("1.5").Fixed(14),
	}
	want := []string{"1234.50", "-7", "0.00", "0.000000000001", "1.50000000000000"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	defer func() {
		if recover() == nil {
			t.Error("0.005 at two places did not panic")
		}
	}()
	money.MustParse("0.005").Fixed(2)
}

func TestOverflowIsAnErrorAtBothEnds(t *testing.T) {
	one := money.FromPico(1)
	for name, f := range map[string]func() (money.Amount, error){
		"largest plus one":          func() (money.Amount, error) { return largest.Add(one) },
		"smallest minus one":        func() (money.Amount, error) { return smallest.Sub(one) },
		"largest minus a negative":  func() (money.Amount, error) { return largest.Sub(one.Neg()) },
		"largest times two":         func() (money.Amount, error) { return largest.MulInt(2) },
		"smallest times minus two":  func() (money.Amount, error) { return smallest.MulInt(-2) },
		"largest times 3/2":         func() (money.Amount, error) { return largest.MulRate(money.Rate{Num: 3, Den: 2}, money.Down) },
		"largest rounded up to one": func() (money.Amount, error) { return largest.Round(0, money.HalfUp) },
	} {
		if a, err := f(); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%s: got %s, %v", name, a, err)
		}
	}
	if got := largest.Neg(); got != smallest {
		t.Errorf("-largest is %s", got)
	}
	if !smallest.Valid() || bigAmount(new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 127))).Valid() {
		t.Error("the range is not symmetric")
	}
}

func TestArithmeticAgreesWithBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, n := amounts().Draw(t, "a"), amounts().Draw(t, "b"), rapid.Int64().Draw(t, "n")
		x, y := asBig(a), asBig(b)
		agree := func(name string, got money.Amount, err error, want *big.Int) {
			if !fits(want) {
				if !errors.Is(err, money.ErrOverflow) {
					t.Fatalf("%s of %s and %s (n %d) does not fit, but gave %s, %v", name, a, b, n, got, err)
				}
				return
			}
			if err != nil || asBig(got).Cmp(want) != 0 {
				t.Fatalf("%s of %s and %s (n %d): got %s, %v, want %s pico", name, a, b, n, got, err, want)
			}
		}
		sum, err := a.Add(b)
		agree("sum", sum, err, new(big.Int).Add(x, y))
		difference, err := a.Sub(b)
		agree("difference", difference, err, new(big.Int).Sub(x, y))
		product, err := a.MulInt(n)
		agree("product", product, err, new(big.Int).Mul(x, big.NewInt(n)))
		agree("negative", a.Neg(), nil, new(big.Int).Neg(x))
		agree("magnitude", a.Abs(), nil, new(big.Int).Abs(x))
		agree("small", money.FromPico(n), nil, big.NewInt(n))
		agree("units", money.FromUnits(n), nil, new(big.Int).Mul(big.NewInt(n), big.NewInt(1e12)))
		if a.Cmp(b) != x.Cmp(y) || a.Sign() != x.Sign() {
			t.Fatalf("order of %s and %s", a, b)
		}
		back, err := money.Parse(a.String())
		if err != nil || back != a || money.FromBytes(a.Bytes()) != a {
			t.Fatalf("%s does not survive its text or bytes: %s, %v", a, back, err)
		}
	})
}

// roundRat rounds a ratio to an integer by the definition of each mode.
func roundRat(r *big.Rat, mode money.Rounding) *big.Int {
	magnitude := new(big.Rat).Abs(r)
	q, rest := new(big.Int).QuoRem(magnitude.Num(), magnitude.Denom(), new(big.Int))
	half := new(big.Rat).SetFrac(rest, magnitude.Denom()).Cmp(big.NewRat(1, 2))
	if mode == money.HalfUp && half >= 0 || mode == money.HalfEven && (half > 0 || half == 0 && q.Bit(0) == 1) {
		q.Add(q, big.NewInt(1))
	}
	if r.Sign() < 0 {
		q.Neg(q)
	}
	return q
}

func TestRatesAndRoundingAgreeWithBigRatios(t *testing.T) {
	modes := []money.Rounding{money.HalfEven, money.HalfUp, money.Down}
	rapid.Check(t, func(t *rapid.T) {
		a, r := amounts().Draw(t, "a"), rates().Draw(t, "r")
		mode := rapid.SampledFrom(modes).Draw(t, "mode")
		scale := rapid.IntRange(0, money.Scale).Draw(t, "scale")

		want := roundRat(new(big.Rat).Mul(new(big.Rat).SetInt(asBig(a)), big.NewRat(r.Num, r.Den)), mode)
		got, err := a.MulRate(r, mode)
		if fits(want) != (err == nil) || err == nil && asBig(got).Cmp(want) != 0 {
			t.Fatalf("%s x %d/%d %s: got %s, %v, want %s pico", a, r.Num, r.Den, mode, got, err, want)
		}

		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(money.Scale-scale)), nil)
		want = roundRat(new(big.Rat).SetFrac(asBig(a), unit), mode)
		want.Mul(want, unit)
		got, err = a.Round(scale, mode)
		if fits(want) != (err == nil) || err == nil && asBig(got).Cmp(want) != 0 {
			t.Fatalf("%s at %d places %s: got %s, %v, want %s pico", a, scale, mode, got, err, want)
		}
	})
}

func TestRoundingNamesSurviveTheirText(t *testing.T) {
	for _, mode := range []money.Rounding{money.HalfEven, money.HalfUp, money.Down} {
		if back, err := money.ParseRounding(mode.String()); err != nil || back != mode {
			t.Errorf("%s: %v, %v", mode, back, err)
		}
	}
	if _, err := money.ParseRounding("bankers"); err == nil {
		t.Error("an unknown rounding was read")
	}
	if _, err := money.FromUnits(1).Round(13, money.Down); err == nil {
		t.Error("thirteen places were accepted")
	}
}

func TestArithmeticDoesNotAllocate(t *testing.T) {
	a, b := money.MustParse("1234567890123.000000000001"), money.MustParse("-0.5")
	share := money.Rate{Num: 1, Den: 3}
	if n := testing.AllocsPerRun(100, func() {
		sum, _ := a.Add(b)
		difference, _ := sum.Sub(b)
		product, _ := difference.MulInt(7)
		part, _ := product.MulRate(share, money.HalfEven)
		if part.Cmp(a) == 0 {
			t.Errorf("a third of seven times %s is %s", a, part)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseReadsBackWhatItWrites(f *testing.F) {
	for _, s := range []string{"0", "-1.5", "170141183460469231731687303.715884105727", "1e9", "..", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := money.Parse(s)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok || exact.Mul(exact, big.NewRat(1e12, 1)).Cmp(new(big.Rat).SetInt(asBig(a))) != 0 {
			t.Fatalf("%q was read as %s", s, a)
		}
		if back, err := money.Parse(a.String()); err != nil || back != a {
			t.Fatalf("%q: %s read back as %s, %v", s, a, back, err)
		}
	})
}

func BenchmarkMulRate(b *testing.B) {
	a, share := money.FromPico(math.MaxInt64), money.Rate{Num: 1, Den: 5}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.MulRate(share, money.Down); err != nil {
			b.Fatal(err)
		}
	}
}
