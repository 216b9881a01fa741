package money

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Parse reads a plain decimal such as "-0.0004"; more than 12 decimal places are an error.
func Parse(s string) (Amount, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if len(fraction) > Scale {
		return Amount{}, fmt.Errorf("money: amount %s has %d decimal places: at most %d are exact", quote(s), len(fraction), Scale)
	}
	if whole == "" || point && fraction == "" {
		return Amount{}, malformed(s)
	}
	var sum uint192
	for _, part := range [2]string{whole, fraction} {
		var err error
		if sum, err = appendDigits(sum, part); err != nil {
			if errors.Is(err, ErrOverflow) {
				return Amount{}, fmt.Errorf("parse amount %s: %w", quote(s), err)
			}
			return Amount{}, malformed(s)
		}
	}
	a, err := sum.mul(pow10[Scale-len(fraction)]).amount(negative)
	if err != nil {
		return Amount{}, fmt.Errorf("parse amount %s: %w", quote(s), err)
	}
	return a, nil
}

// MustParse is Parse for constants; it panics on an error.
func MustParse(s string) Amount {
	a, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

var errDigit = errors.New("not a digit")

// appendDigits returns sum with decimal digits written behind it.
func appendDigits(sum uint192, digits string) (uint192, error) {
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return sum, errDigit
		}
		sum = sum.mul(10)
		var carry uint64
		sum[2], carry = bits.Add64(sum[2], uint64(c-'0'), 0)
		sum[1], carry = bits.Add64(sum[1], 0, carry)
		if sum[0]+carry != 0 {
			return sum, ErrOverflow
		}
	}
	return sum, nil
}

func malformed(s string) error {
	return fmt.Errorf("money: %s is not an amount: write a plain decimal such as \"-12.50\"", quote(s))
}

// quote keeps an absurdly long value out of messages.
func quote(s string) string {
	if len(s) > 60 {
		s = s[:60] + "..."
	}
	return strconv.Quote(s)
}

// String returns the plain decimal without trailing zeros: "0.02", "-1234.567", "0".
func (a Amount) String() string { return string(a.append(make([]byte, 0, 48), 0)) }

// Fixed returns the decimal with exactly places decimals; it panics if that would lose digits.
func (a Amount) Fixed(places int) string {
	b := a.append(make([]byte, 0, 48), places)
	if i := strings.IndexByte(string(b), '.'); places < 0 || i >= 0 && len(b)-i-1 > places {
		panic(fmt.Sprintf("money: %s has more than %d decimal places: round it first", a, places))
	}
	return string(b)
}

// AppendText appends the plain decimal to b.
func (a Amount) AppendText(b []byte) ([]byte, error) { return a.append(b, 0), nil }

// MarshalText gives the plain decimal, so that JSON carries amounts as strings.
func (a Amount) MarshalText() ([]byte, error) { return a.append(nil, 0), nil }

// UnmarshalText reads a plain decimal.
func (a *Amount) UnmarshalText(b []byte) (err error) { *a, err = Parse(string(b)); return err }

// append writes a with at least places decimals and no more than it needs.
func (a Amount) append(b []byte, places int) []byte {
	if a.hi < 0 {
		b = append(b, '-')
	}
	whole, fraction := a.magnitude().div(pow10[Scale])
	if high, low := whole.div(pow10[19]); high[2] != 0 {
		b = strconv.AppendUint(b, high[2], 10)
		b = appendPadded(b, low, 19)
	} else {
		b = strconv.AppendUint(b, low, 10)
	}
	if fraction == 0 && places <= 0 {
		return b
	}
	b = append(b, '.')
	point := len(b)
	b = appendPadded(b, fraction, Scale)
	for len(b) > point+places && b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	for len(b) < point+places {
		b = append(b, '0')
	}
	return b
}

// appendPadded writes n with leading zeros to width digits.
func appendPadded(b []byte, n uint64, width int) []byte {
	for i := width - 1; i >= 0; i-- {
		b = append(b, byte('0'+n/pow10[i]%10))
	}
	return b
}
