// Package money holds exact amounts of money.
//
// An Amount is a signed 128-bit integer of 10^-12 currency units (range about 1.7e26 units). A Rate is a ratio of
// integers. Nothing here rounds unless the caller names the rounding, no operation overflows silently, and no float
// appears. The currency of an amount is kept beside it by whoever owns the amount.
package money

import "errors"

// Scale is the number of decimal places of an Amount.
const Scale = 12

// ErrOverflow is returned when a result does not fit 128 bits.
var ErrOverflow = errors.New("money: amount exceeds 128 bits")

// Currency is an ISO 4217 code, such as "USD".
type Currency string

// Amount is an exact amount of 10^-12 currency units. The zero value is zero. Amounts compare with ==.
type Amount struct {
	hi int64
	lo uint64
}

// Rounding names how a remainder is treated.
type Rounding uint8

// The roundings.
const (
	HalfEven Rounding = iota
	HalfUp            // away from zero on a tie
	Down              // towards zero
)

// A Rate is an exact ratio of two integers; Den is 0 only in the zero Rate, which is the ratio zero.
type Rate struct {
	Num, Den int64
}

// FromUnits returns n whole currency units.
func FromUnits(n int64) Amount { panic("stub") }

// FromPico returns n x 10^-12 units.
func FromPico(n int64) Amount { panic("stub") }

// Parse reads a plain decimal such as "-0.0004"; more than 12 decimal places are an error.
func Parse(s string) (Amount, error) { panic("stub") }

// MustParse is Parse for constants; it panics on an error.
func MustParse(s string) Amount { panic("stub") }

// String returns the plain decimal without trailing zeros: "0.02", "-1234.567", "0".
func (a Amount) String() string { panic("stub") }

// Fixed returns the decimal with exactly places decimals; it panics if that would lose digits.
func (a Amount) Fixed(places int) string { panic("stub") }

// Add returns a + b.
func (a Amount) Add(b Amount) (Amount, error) { panic("stub") }

// Sub returns a - b.
func (a Amount) Sub(b Amount) (Amount, error) { panic("stub") }

// Neg returns -a.
func (a Amount) Neg() Amount { panic("stub") }

// Cmp compares a and b.
func (a Amount) Cmp(b Amount) int { panic("stub") }

// Sign returns -1, 0 or 1.
func (a Amount) Sign() int { panic("stub") }

// IsZero reports whether a is zero.
func (a Amount) IsZero() bool { return a == Amount{} }

// MulInt returns a x n.
func (a Amount) MulInt(n int64) (Amount, error) { panic("stub") }

// MulRate returns a x r, rounded at 10^-12 as named, through a 192-bit product.
func (a Amount) MulRate(r Rate, mode Rounding) (Amount, error) { panic("stub") }

// Round rounds a to scale decimal places.
func (a Amount) Round(scale int, mode Rounding) (Amount, error) { panic("stub") }

// Bytes returns a as 16 bytes, big endian, two's complement.
func (a Amount) Bytes() [16]byte { panic("stub") }

// FromBytes is the inverse of Bytes.
func FromBytes(b [16]byte) Amount { panic("stub") }

// Split divides total into parts proportional to rates that sum to one, at 10^-scale, by largest remainder, the earlier
// part on a tie. The parts sum to total exactly.
func Split(total Amount, parts []Rate, scale int) ([]Amount, error) { panic("stub") }

// ParseRate reads "20%", "0.2", "1/3" or "12.5 %", exactly.
func ParseRate(s string) (Rate, error) { panic("stub") }

// String returns the rate as a percentage where that is finite ("20%"), else as a ratio ("1/3").
func (r Rate) String() string { panic("stub") }

// Cmp compares two rates.
func (r Rate) Cmp(o Rate) int { panic("stub") }

// Sign returns -1, 0 or 1.
func (r Rate) Sign() int { panic("stub") }

// MarshalText gives the plain decimal, so that JSON carries amounts as strings.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a plain decimal.
func (a *Amount) UnmarshalText(b []byte) (err error) { *a, err = Parse(string(b)); return err }
