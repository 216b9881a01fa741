package money

import "fmt"

// Rounding names how a remainder is treated.
type Rounding uint8

// The roundings.
const (
	HalfEven Rounding = iota
	HalfUp            // away from zero on a tie
	Down              // towards zero
)

// String returns the name that agreements use: "half-even", "half-up" or "down".
func (m Rounding) String() string {
	switch m {
	case HalfEven:
		return "half-even"
	case HalfUp:
		return "half-up"
	case Down:
		return "down"
	}
	return fmt.Sprintf("rounding(%d)", uint8(m))
}

// ParseRounding finds a rounding by its name.
func ParseRounding(name string) (Rounding, error) {
	for m := HalfEven; m <= Down; m++ {
		if m.String() == name {
			return m, nil
		}
	}
	return 0, fmt.Errorf("money: unknown rounding %q: write half-even, half-up or down", name)
}

// MulRate returns a x r, rounded at 10^-12 as named, through a 192-bit product.
func (a Amount) MulRate(r Rate, mode Rounding) (Amount, error) {
	if r.Den == 0 {
		if r.Num != 0 {
			return Amount{}, ErrRate
		}
		return Amount{}, nil
	}
	product := a.magnitude().mul(magnitude64(r.Num))
	negative := (a.hi < 0) != (r.Sign() < 0)
	return divide(product, magnitude64(r.Den), mode).amount(negative)
}

// Round rounds a to scale decimal places, 0 to 12.
func (a Amount) Round(scale int, mode Rounding) (Amount, error) {
	if scale < 0 || scale > Scale {
		return Amount{}, fmt.Errorf("money: round to %d decimal places: an amount has 0 to %d", scale, Scale)
	}
	unit := pow10[Scale-scale]
	return divide(a.magnitude(), unit, mode).mul(unit).amount(a.hi < 0)
}

// divide returns n / d, rounded; n must be below 2^191, so that the increment has room.
func divide(n uint192, d uint64, mode Rounding) uint192 {
	q, r := n.div(d)
	rest := d - r // compared with r instead of doubling r, which could wrap
	var up bool
	switch mode {
	case HalfEven:
		up = r > rest || r == rest && q[2]&1 == 1
	case HalfUp:
		up = r >= rest
	}
	if up {
		q = q.inc()
	}
	return q
}
