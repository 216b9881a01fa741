// Package money holds exact amounts of money.
//
// An Amount is a signed 128-bit integer of 10^-12 currency units (range about 1.7e26 units). A Rate is a ratio of
// integers. Nothing here rounds unless the caller names the rounding, no operation overflows silently, and no float
// appears. The currency of an amount is kept beside it by whoever owns the amount.
//
// The range is symmetric: no operation returns -2^127, so every result has a negative.
package money

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

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

// FromUnits returns n whole currency units.
func FromUnits(n int64) Amount {
	hi, lo := bits.Mul64(magnitude64(n), pow10[Scale])
	return Amount{hi: int64(hi), lo: lo}.negateIf(n < 0)
}

// FromPico returns n x 10^-12 units.
func FromPico(n int64) Amount { return Amount{hi: n >> 63, lo: uint64(n)} }

// Add returns a + b.
func (a Amount) Add(b Amount) (Amount, error) {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi := a.hi + b.hi + int64(carry)
	// The sum of two numbers of one sign has that sign unless it wrapped.
	if (a.hi^hi)&(b.hi^hi) < 0 || outside(hi, lo) {
		return Amount{}, ErrOverflow
	}
	return Amount{hi: hi, lo: lo}, nil
}

// Sub returns a - b.
func (a Amount) Sub(b Amount) (Amount, error) {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi := a.hi - b.hi - int64(borrow)
	if (a.hi^b.hi)&(a.hi^hi) < 0 || outside(hi, lo) {
		return Amount{}, ErrOverflow
	}
	return Amount{hi: hi, lo: lo}, nil
}

// Neg returns -a. It panics on -2^127, which only FromBytes can make: see Valid.
func (a Amount) Neg() Amount {
	if !a.Valid() {
		panic(ErrOverflow)
	}
	return a.negateIf(true)
}

// Abs returns a without its sign, under the condition of Neg.
func (a Amount) Abs() Amount {
	if a.hi < 0 {
		return a.Neg()
	}
	return a
}

// Cmp compares a and b.
func (a Amount) Cmp(b Amount) int {
	switch {
	case a.hi < b.hi, a.hi == b.hi && a.lo < b.lo:
		return -1
	case a == b:
		return 0
	}
	return 1
}

// Sign returns -1, 0 or 1.
func (a Amount) Sign() int {
	switch {
	case a.hi < 0:
		return -1
	case a == Amount{}:
		return 0
	}
	return 1
}

// IsZero reports whether a is zero.
func (a Amount) IsZero() bool { return a == Amount{} }

// Valid reports whether a is in the range of an Amount: false only for -2^127. Whoever reads bytes of others asks.
func (a Amount) Valid() bool { return !outside(a.hi, a.lo) }

// MulInt returns a x n.
func (a Amount) MulInt(n int64) (Amount, error) {
	p := a.magnitude().mul(magnitude64(n))
	return p.amount(a.hi < 0 != (n < 0))
}

// Bytes returns a as 16 bytes, big endian, two's complement.
func (a Amount) Bytes() [16]byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(a.hi))
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return b
}

// FromBytes is the inverse of Bytes.
func FromBytes(b [16]byte) Amount {
	return Amount{hi: int64(binary.BigEndian.Uint64(b[:8])), lo: binary.BigEndian.Uint64(b[8:])}
}

// outside reports the one pattern that has no negative.
func outside(hi int64, lo uint64) bool { return hi == math.MinInt64 && lo == 0 }

func (a Amount) negateIf(negative bool) Amount {
	if !negative {
		return a
	}
	lo, borrow := bits.Sub64(0, a.lo, 0)
	return Amount{hi: -a.hi - int64(borrow), lo: lo}
}

func (a Amount) magnitude() uint192 {
	m := a.negateIf(a.hi < 0)
	return uint192{0, uint64(m.hi), m.lo} // the wrapped -2^127 reads as 2^127, which is its magnitude
}

func magnitude64(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}
