package focus

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"concord/money"
)

// errDecimal is the answer to what is no number.
var errDecimal = errors.New("it is not a decimal number such as 1234.567 or 3.5E-7")

// maxExponent bounds what an exponent may ask for.
const maxExponent = 60

// ParseDecimal reads a number of an export: a plain decimal or one with an exponent. Providers print binary fractions, with more
// decimals than an amount has: these are rounded half-even to 10^-12. places is how many decimals were printed.
func ParseDecimal(s string) (value money.Amount, places int, err error) {
	digits, exponent, negative, err := scan(s)
	if err != nil {
		return value, 0, err
	}
	places = max(0, -exponent)
	if len(digits) <= 18 && exponent >= -money.Scale-18 && exponent <= 6 {
		value, err = small(digits, exponent+money.Scale)
	} else {
		value, err = wide(digits, exponent)
	}
	if err != nil {
		return value, 0, fmt.Errorf("%w: it is too large", errDecimal)
	}
	if negative {
		value = value.Neg()
	}
	return value, places, nil
}

// numberRemedy says what to do about what is no number: what stands in it tells how it was printed.
func numberRemedy(s string) string {
	const again = "fetch the export again, with decimal points and without separators"
	switch {
	case strings.ContainsAny(s, "$€£¥"):
		return "the currency stands in BillingCurrency: write the number alone"
	case strings.Count(s, ",") == 1 && strings.Contains(s, "."), strings.Count(s, ",") > 1:
		return "write it without separators of thousands, as 1234567.89: a spreadsheet may have changed the export, so fetch it again"
	case strings.Contains(s, ","):
		return "write it with a decimal point and without separators of thousands: a comma may be either, so fetch the export again"
	case strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")"):
		return "write what is below zero with a minus sign: -12.34"
	case strings.EqualFold(s, "nan"), strings.Contains(strings.ToLower(s), "inf"):
		return "the program that made the export divided by zero or had no value: fetch the export again, or leave the field empty if it is no cost"
	}
	return again
}

// scan takes a number apart: its digits without leading zeros, and the power of ten of the last one.
func scan(s string) (digits string, exponent int, negative bool, err error) {
	rest := s
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		negative, rest = rest[0] == '-', rest[1:]
	}
	mantissa := rest
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa = rest[:i]
		if exponent, err = exponentOf(rest[i+1:]); err != nil {
			return "", 0, false, err
		}
	}
	whole, part, dotted := strings.Cut(mantissa, ".")
	if whole == "" && dotted { // ".5", as some databases print it
		whole = "0"
	}
	if whole == "" || dotted && part == "" || !plain(whole) || !plain(part) || len(mantissa) > 2*maxExponent {
		return "", 0, false, errDecimal
	}
	digits = whole
	if dotted {
		digits, exponent = whole+part, exponent-len(part)
	}
	return strings.TrimLeft(digits, "0"), exponent, negative, nil
}

func exponentOf(s string) (int, error) {
	sign := 1
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	if s == "" || len(s) > 3 || !plain(s) {
		return 0, errDecimal
	}
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	if n > maxExponent {
		return 0, errDecimal
	}
	return sign * n, nil
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// small is the way of nearly every number: its digits fit 64 bits.
func small(digits string, scale int) (money.Amount, error) {
	var n int64
	for i := range len(digits) {
		n = n*10 + int64(digits[i]-'0')
	}
	if scale >= 0 {
		return money.FromPico(n).MulInt(power(scale))
	}
	if scale < -18 {
		return money.Amount{}, nil // less than half of 10^-12, whatever the digits
	}
	return money.FromPico(halfEven(n, power(-scale))), nil
}

// power returns 10^n, n from 0 to 18.
func power(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

func halfEven(n, by int64) int64 {
	q, r := n/by, n%by
	if r > by-r || r == by-r && q%2 == 1 {
		q++
	}
	return q
}

// wide takes any number, by big integers.
func wide(digits string, exponent int) (money.Amount, error) {
	n, ok := new(big.Int).SetString("0"+digits, 10)
	if !ok {
		return money.Amount{}, errDecimal
	}
	scale := exponent + money.Scale
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
	if scale >= 0 {
		return amountOf(n.Mul(n, ten))
	}
	q, r := n.QuoRem(n, ten, new(big.Int))
	if c := r.Lsh(r, 1).Cmp(ten); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	return amountOf(q)
}

// amountOf makes an amount of so many 10^-12.
func amountOf(pico *big.Int) (money.Amount, error) {
	if pico.BitLen() > 126 {
		return money.Amount{}, money.ErrOverflow
	}
	var b [16]byte
	new(big.Int).Abs(pico).FillBytes(b[:])
	a := money.FromBytes(b)
	if pico.Sign() < 0 {
		a = a.Neg()
	}
	return a, nil
}

// pico returns how many 10^-12 an amount is.
func pico(a money.Amount) *big.Int {
	b := a.Abs().Bytes()
	n := new(big.Int).SetBytes(b[:])
	if a.Sign() < 0 {
		n.Neg(n)
	}
	return n
}

// product multiplies two decimals exactly, or reports that the product has more than twelve decimals or is too large.
func product(a, b money.Amount) (money.Amount, bool) {
	n := new(big.Int).Mul(pico(a), pico(b))
	q, r := n.QuoRem(n, big.NewInt(1_000_000_000_000), new(big.Int))
	if r.Sign() != 0 {
		return money.Amount{}, false
	}
	out, err := amountOf(q)
	return out, err == nil
}

// productNear multiplies two decimals and rounds half-even to 10^-12.
func productNear(a, b money.Amount) (money.Amount, error) {
	return nearest(new(big.Int).Mul(pico(a), pico(b)), big.NewInt(1_000_000_000_000))
}

// quotientNear divides two decimals and rounds half-even to 10^-12.
func quotientNear(a, b money.Amount) (money.Amount, error) {
	if b.IsZero() {
		return money.Amount{}, nil
	}
	n, d := pico(a), pico(b)
	if d.Sign() < 0 {
		n.Neg(n)
		d.Neg(d)
	}
	return nearest(n.Mul(n, big.NewInt(1_000_000_000_000)), d)
}

// nearest divides by a positive number and rounds half-even.
func nearest(n, by *big.Int) (money.Amount, error) {
	negative := n.Sign() < 0
	q, r := new(big.Int).QuoRem(new(big.Int).Abs(n), by, new(big.Int))
	if c := r.Lsh(r, 1).Cmp(by); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	if negative {
		q.Neg(q)
	}
	return amountOf(q)
}
