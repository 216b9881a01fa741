package settlement

import (
	"cmp"
	"math/big"
	"slices"

	"concord/money"
)

// fit rounds amounts to scale so that they add up to total, which has no more than scale decimals: each is cut down, and
// the units that are left go to those that lost most, the earlier on a tie.
//
// Example: 1.005, 1.005, 1.000 fitted to 3.01 at two places are 1.01, 1.00, 1.00.
func fit(amounts []money.Amount, total money.Amount, scale int) ([]money.Amount, error) {
	unit := int64(1)
	for range money.Scale - scale {
		unit *= 10
	}
	out := make([]money.Amount, len(amounts))
	lost := make([]money.Amount, len(amounts))
	rest := total
	for i, a := range amounts {
		cut, err := a.Round(scale, money.Down)
		if err == nil && cut.Cmp(a) > 0 { // Down is towards zero; cut towards minus infinity
			cut, err = cut.Sub(money.FromPico(unit))
		}
		if err != nil {
			return nil, err
		}
		if lost[i], err = a.Sub(cut); err != nil {
			return nil, err
		}
		if rest, err = rest.Sub(cut); err != nil {
			return nil, err
		}
		out[i] = cut
	}
	return out, hand(out, lost, rest, unit)
}

// hand gives rest, a multiple of unit, to out unit by unit, in the order of what was lost.
func hand(out, lost []money.Amount, rest money.Amount, unit int64) error {
	if len(out) == 0 {
		return nil
	}
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return lost[b].Cmp(lost[a]) })
	step := money.FromPico(unit)
	if rest.Sign() < 0 {
		step = step.Neg()
		slices.Reverse(order)
	}
	for n := 0; !rest.IsZero(); n++ {
		i := order[n%len(order)]
		var err, err2 error
		out[i], err = out[i].Add(step)
		rest, err2 = rest.Sub(step)
		if err := cmp.Or(err, err2); err != nil {
			return err
		}
	}
	return nil
}

// apportion divides total in proportion to weights, at 10^-12, by largest remainder, the earlier on a tie. Weights that
// add up to zero give everything to the first.
func apportion(total money.Amount, weights []money.Amount) ([]money.Amount, error) {
	out := make([]money.Amount, len(weights))
	whole := new(big.Int)
	for _, w := range weights {
		whole.Add(whole, pico(w))
	}
	if len(out) == 0 {
		return out, nil
	}
	if whole.Sign() == 0 {
		out[0] = total
		return out, nil
	}
	parts := make([]money.Amount, len(weights))
	lost := make([]money.Amount, len(weights))
	rest := pico(total)
	for i, w := range weights {
		quotient, remainder := new(big.Int).DivMod(new(big.Int).Mul(pico(total), pico(w)), new(big.Int).Abs(whole), new(big.Int))
		if whole.Sign() < 0 {
			quotient.Neg(quotient)
		}
		rest.Sub(rest, quotient)
		var err error
		if parts[i], err = amountOf(quotient); err != nil {
			return nil, err
		}
		if lost[i], err = amountOf(remainder); err != nil {
			return nil, err
		}
	}
	left, err := amountOf(rest)
	if err != nil {
		return nil, err
	}
	return parts, hand(parts, lost, left, 1)
}

// pico is an amount as an integer of 10^-12.
func pico(a money.Amount) *big.Int {
	b := a.Abs().Bytes()
	n := new(big.Int).SetBytes(b[:])
	if a.Sign() < 0 {
		n.Neg(n)
	}
	return n
}

func amountOf(n *big.Int) (money.Amount, error) {
	if n.BitLen() > 126 {
		return money.Amount{}, money.ErrOverflow
	}
	var b [16]byte
	new(big.Int).Abs(n).FillBytes(b[:])
	a := money.FromBytes(b)
	if n.Sign() < 0 {
		a = a.Neg()
	}
	return a, nil
}
