package money

import (
	"math"
	"math/bits"
)

// pow10 holds the powers of ten that fit 64 bits.
var pow10 = [20]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// uint192 is an unsigned integer in three words, the highest first: wide enough for an amount times an int64.
type uint192 [3]uint64

// mul returns u x n; u must fit 128 bits.
func (u uint192) mul(n uint64) uint192 {
	h0, l0 := bits.Mul64(u[2], n)
	h1, l1 := bits.Mul64(u[1], n)
	mid, carry := bits.Add64(h0, l1, 0)
	return uint192{h1 + carry, mid, l0}
}

// div returns u / d and the remainder; d must not be zero.
func (u uint192) div(d uint64) (q uint192, r uint64) {
	q[0], r = u[0]/d, u[0]%d
	q[1], r = bits.Div64(r, u[1], d)
	q[2], r = bits.Div64(r, u[2], d)
	return q, r
}

// inc returns u + 1 for a u below 2^192 - 1.
func (u uint192) inc() uint192 {
	var carry uint64
	u[2], carry = bits.Add64(u[2], 1, 0)
	u[1], carry = bits.Add64(u[1], 0, carry)
	u[0] += carry
	return u
}

// amount gives u a sign.
func (u uint192) amount(negative bool) (Amount, error) {
	if u[0] != 0 || u[1] > math.MaxInt64 {
		return Amount{}, ErrOverflow
	}
	return Amount{hi: int64(u[1]), lo: u[2]}.negateIf(negative), nil
}
