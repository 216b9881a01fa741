package money

import (
	"fmt"
	"math/big"
)

// PartOf returns a x part / whole, rounded towards zero: what of a belongs to a part of the whole that a belongs to. Neither part
// nor whole is negative, and part is not more than the whole.
func (a Amount) PartOf(part, whole Amount) (Amount, error) {
	if part.Sign() < 0 || whole.Sign() <= 0 || part.Cmp(whole) > 0 {
		return Amount{}, fmt.Errorf("%s of %s is no part", part, whole)
	}
	n := new(big.Int).Quo(new(big.Int).Mul(a.Abs().big(), part.big()), whole.big())
	var raw [16]byte
	n.FillBytes(raw[:]) // no more than a
	return FromBytes(raw).negateIf(a.Sign() < 0), nil
}

// big is an amount that is not negative as an integer of 10^-12.
func (a Amount) big() *big.Int {
	raw := a.Bytes()
	return new(big.Int).SetBytes(raw[:])
}
