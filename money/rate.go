package money

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// ErrRate is returned for a ratio without a denominator.
var ErrRate = errors.New("money: rate has the denominator 0")

// A Rate is an exact ratio of two integers; Den is 0 only in the zero Rate, which is the ratio zero. NewRate and
// ParseRate give lowest terms with a positive denominator, so that rates from them compare with ==.
type Rate struct {
	Num, Den int64
}

// NewRate returns num/den in lowest terms with the sign in the numerator.
func NewRate(num, den int64) (Rate, error) {
	if den == 0 {
		return Rate{}, ErrRate
	}
	return lowest((num < 0) != (den < 0), magnitude64(num), magnitude64(den))
}

func lowest(negative bool, num, den uint64) (Rate, error) {
	if num == 0 {
		return Rate{Den: 1}, nil
	}
	divisor := gcd(num, den)
	num, den = num/divisor, den/divisor
	if num > math.MaxInt64 || den > math.MaxInt64 {
		return Rate{}, errors.New("money: rate exceeds 64 bits")
	}
	if negative {
		return Rate{Num: -int64(num), Den: int64(den)}, nil
	}
	return Rate{Num: int64(num), Den: int64(den)}, nil
}

// ParseRate reads "20%", "0.2", "1/3" or "12.5 %", exactly.
func ParseRate(s string) (Rate, error) {
	text, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	if num, den, ok := strings.Cut(text, "/"); ok {
		n, nErr := wholeNumber(num)
		d, dErr := wholeNumber(den)
		if nErr != nil || dErr != nil || d == 0 {
			return Rate{}, malformedRate(s)
		}
		return describe(s, negative, n, d)
	}
	text, percent := strings.CutSuffix(text, "%")
	if percent {
		text = strings.TrimRight(text, " ")
	}
	whole, fraction, point := strings.Cut(text, ".")
	if whole == "" || point && fraction == "" {
		return Rate{}, malformedRate(s)
	}
	fraction = strings.TrimRight(fraction, "0")
	places := len(fraction)
	if percent {
		places += 2
	}
	num, err := wholeNumber(whole + fraction)
	if err != nil || places >= len(pow10) {
		return Rate{}, malformedRate(s)
	}
	return describe(s, negative, num, pow10[places])
}

// MustParseRate is ParseRate for constants; it panics on an error.
func MustParseRate(s string) Rate {
	r, err := ParseRate(s)
	if err != nil {
		panic(err)
	}
	return r
}

func describe(s string, negative bool, num, den uint64) (Rate, error) {
	r, err := lowest(negative, num, den)
	if err != nil {
		return Rate{}, fmt.Errorf("parse rate %s: %w", quote(s), err)
	}
	return r, nil
}

// wholeNumber reads digits only: strconv alone would take a sign.
func wholeNumber(s string) (uint64, error) {
	if s == "" || s[0] == '+' {
		return 0, errDigit
	}
	return strconv.ParseUint(s, 10, 64)
}

func malformedRate(s string) error {
	return fmt.Errorf("money: %s is not a rate of at most 19 digits: write a percentage (\"20%%\"), a decimal (\"0.2\") or a ratio (\"1/3\")", quote(s))
}

// longestPercent bounds the digits of a percentage, so that ParseRate reads back whatever String writes.
const longestPercent = 18

// String returns the rate as a percentage where that is finite ("20%"), else as a ratio ("1/3").
func (r Rate) String() string {
	if r.Den == 0 {
		if r.Num != 0 {
			return strconv.FormatInt(r.Num, 10) + "/0"
		}
		return "0%"
	}
	num, den := magnitude64(r.Num), magnitude64(r.Den)
	sign := ""
	if r.Sign() < 0 {
		sign = "-"
	}
	if digits, ok := percentage(num, den); ok {
		return sign + digits + "%"
	}
	divisor := gcd(num, den)
	return sign + strconv.FormatUint(num/divisor, 10) + "/" + strconv.FormatUint(den/divisor, 10)
}

// percentage writes 100 x num / den by long division, if that ends soon.
func percentage(num, den uint64) (string, bool) {
	hi, lo := bits.Mul64(num, 100)
	q, r := uint192{0, hi, lo}.div(den)
	if q[1] != 0 {
		return "", false
	}
	text := strconv.AppendUint(nil, q[2], 10)
	if r != 0 {
		text = append(text, '.')
	}
	for r != 0 && len(text) <= longestPercent {
		var digit uint64
		hi, lo = bits.Mul64(r, 10)
		digit, r = bits.Div64(hi, lo, den)
		text = append(text, byte('0'+digit))
	}
	return string(text), r == 0 && len(text) <= longestPercent
}

// Cmp compares two rates.
func (r Rate) Cmp(o Rate) int {
	a, b := r.Sign(), o.Sign()
	if a != b || a == 0 {
		return cmp.Compare(a, b)
	}
	ah, al := bits.Mul64(magnitude64(r.Num), magnitude64(o.Den))
	bh, bl := bits.Mul64(magnitude64(o.Num), magnitude64(r.Den))
	if ah != bh {
		return a * cmp.Compare(ah, bh)
	}
	return a * cmp.Compare(al, bl)
}

// Sign returns -1, 0 or 1.
func (r Rate) Sign() int {
	switch {
	case r.Num == 0 || r.Den == 0:
		return 0
	case (r.Num < 0) != (r.Den < 0):
		return -1
	}
	return 1
}

// IsZero reports whether r is the ratio zero.
func (r Rate) IsZero() bool { return r.Sign() == 0 }

// MarshalText gives the form of String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what ParseRate reads.
func (r *Rate) UnmarshalText(b []byte) (err error) { *r, err = ParseRate(string(b)); return err }

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
