package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Split divides total into parts proportional to rates that sum to one, at 10^-scale, by largest remainder, the earlier
// part on a tie. The parts sum to total exactly, so total itself must have no more than scale decimal places.
//
// Example: 0.10 in three equal parts at two places is 0.04, 0.03, 0.03; -0.10 is -0.04, -0.03, -0.03.
func Split(total Amount, parts []Rate, scale int) ([]Amount, error) {
	return AppendSplit(make([]Amount, 0, len(parts)), total, parts, scale)
}

// maxStackParts is how many parts AppendSplit divides without allocating.
const maxStackParts = 8

// AppendSplit is Split onto the end of dst: up to eight parts allocate nothing but the growth of dst.
func AppendSplit(dst []Amount, total Amount, parts []Rate, scale int) ([]Amount, error) {
	if scale < 0 || scale > Scale {
		return dst, fmt.Errorf("money: split at %d decimal places: an amount has 0 to %d", scale, Scale)
	}
	var stack [2 * maxStackParts]uint64
	work := stack[:]
	if 2*len(parts) > len(work) {
		work = make([]uint64, 2*len(parts))
	}
	weights, remainders := work[:len(parts)], work[len(parts):2*len(parts)]
	whole, err := weigh(parts, weights)
	if err != nil {
		return dst, err
	}
	unit := pow10[Scale-scale]
	units, rest := total.magnitude().div(unit)
	if rest != 0 {
		return dst, fmt.Errorf("money: split %s at %d decimal places: it has more: round it first", total, scale)
	}

	first := len(dst)
	var carried, extra uint64 // extra is how many units the quotients leave over
	for i, w := range weights {
		quotient, remainder := units.mul(w).div(whole)
		remainders[i] = remainder
		if carried += remainder; carried >= whole {
			carried -= whole
			extra++
		}
		part, err := quotient.amount(false)
		if err != nil {
			return dst[:first], err
		}
		dst = append(dst, part)
	}
	for ; extra > 0; extra-- {
		i := largest(remainders)
		remainders[i] = 0
		dst[first+i].lo++ // cannot carry past the total, which fits
		if dst[first+i].lo == 0 {
			dst[first+i].hi++
		}
	}
	for i := first; i < len(dst); i++ {
		if dst[i], err = dst[i].MulInt(int64(unit)); err != nil {
			return dst[:first], err
		}
		dst[i] = dst[i].negateIf(total.hi < 0)
	}
	return dst, nil
}

// largest returns the index of the largest number, the first one on a tie.
func largest(numbers []uint64) int {
	best := 0
	for i, n := range numbers {
		if n > numbers[best] {
			best = i
		}
	}
	return best
}

// weigh brings the rates to one denominator, which is their sum: whole.
func weigh(parts []Rate, weights []uint64) (whole uint64, err error) {
	whole = 1
	for _, p := range parts {
		if p.Den == 0 && p.Num != 0 {
			return 0, ErrRate
		}
		if p.Sign() < 0 {
			return 0, fmt.Errorf("money: split by %s: a part cannot be negative", p)
		}
		den := max(magnitude64(p.Den), 1)
		hi, lo := bits.Mul64(whole, den/gcd(whole, den))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, errors.New("money: split: the parts have no common denominator of 64 bits")
		}
		whole = lo
	}
	var sum uint64
	for i, p := range parts {
		den := max(magnitude64(p.Den), 1)
		hi, lo := bits.Mul64(magnitude64(p.Num), whole/den)
		if hi != 0 || lo > whole || sum+lo > whole {
			return 0, errors.New("money: split: the parts sum to more than 100%")
		}
		weights[i] = lo
		sum += lo
	}
	if sum != whole {
		return 0, fmt.Errorf("money: split: the parts sum to %s, not to 100%%", Rate{Num: int64(sum), Den: int64(whole)})
	}
	return whole, nil
}
