package settlement

import (
	"cmp"
	"math/big"
	"math/rand/v2"
	"slices"

	"concord/money"
)

// sums of a forecast may overflow like others; the first error is kept, and everything after it is zero.
type reckoner struct{ err error }

func (r *reckoner) add(a, b money.Amount) money.Amount { return r.keep(a.Add(b)) }
func (r *reckoner) sub(a, b money.Amount) money.Amount { return r.keep(a.Sub(b)) }
func (r *reckoner) times(a money.Amount, n int) money.Amount {
	return r.keep(a.MulInt(int64(n)))
}

// over divides; estimates are rounded half-even at 10^-12.
func (r *reckoner) over(a money.Amount, n int) money.Amount {
	rate, err := money.NewRate(1, int64(n))
	r.err = cmp.Or(r.err, err)
	return r.part(a, rate)
}

func (r *reckoner) part(a money.Amount, rate money.Rate) money.Amount {
	return r.keep(a.MulRate(rate, money.HalfEven))
}

func (r *reckoner) keep(a money.Amount, err error) money.Amount {
	r.err = cmp.Or(r.err, err)
	return a
}

const (
	weekdaysFrom = 14 // days from which each day of the week has a level of its own
	slopeFrom    = 28 // days from which a change from week to week is seen
)

// A trend is a level for each day of the week, and a slope by day that all share. Day 0 is the first one after those that it
// was fitted to.
//
// Example: 28 days of 10, 11, 12, ... have the slope 1 and go on with 38.
type trend struct {
	level    [7]money.Amount
	slope    money.Amount
	floor    bool // nothing was below zero, so nothing will be
	freedoms int  // how many figures were fitted
}

// fit fits a trend to days in order. The slope is the median of the slopes between the same days of different weeks
// (Theil and Sen), which neither the pattern of the week nor single days move; levels are means, since money adds up.
func (r *reckoner) fit(days []money.Amount) trend {
	t := trend{floor: true, freedoms: 1}
	n := len(days)
	if n >= slopeFrom {
		t.freedoms++
		t.slope = r.slope(days)
	}
	cycle := 1
	if n >= weekdaysFrom {
		cycle, t.freedoms = 7, t.freedoms+6
	}
	var counts [7]int
	var totals [7]money.Amount
	for i, d := range days {
		t.floor = t.floor && d.Sign() >= 0
		at := (7*memory + i - n) % cycle // day i is day i-n from the end
		counts[at]++
		totals[at] = r.add(totals[at], r.sub(d, r.times(t.slope, i-n)))
	}
	for i := range t.level {
		t.level[i] = r.over(totals[i%cycle], counts[i%cycle])
	}
	return t
}

func (r *reckoner) slope(days []money.Amount) money.Amount {
	var slopes []money.Amount
	for i := range days {
		for j := i + 7; j < len(days); j += 7 {
			slopes = append(slopes, r.over(r.sub(days[j], days[i]), j-i))
		}
	}
	slices.SortFunc(slopes, money.Amount.Cmp)
	mid := len(slopes) / 2
	if len(slopes)%2 == 1 {
		return slopes[mid]
	}
	return r.over(r.add(slopes[mid-1], slopes[mid]), 2)
}

// at returns what a trend says of a day; days before day 0 are those that it was fitted to.
func (r *reckoner) at(t *trend, day int) money.Amount {
	return r.add(t.level[((day%7)+7)%7], r.times(t.slope, day))
}

// A course is one way in which the days may go on, day after day.
type course struct {
	*reckoner
	trend trend
	apart []money.Amount // deviations to draw from; none = the trend itself
	draw  *rand.Rand
	day   int
}

// next returns the amount of the next day.
func (c *course) next() money.Amount {
	a := c.at(&c.trend, c.day)
	c.day++
	if c.apart != nil {
		a = c.add(a, c.apart[c.draw.IntN(len(c.apart))])
	}
	if c.trend.floor && a.Sign() < 0 {
		return money.Amount{}
	}
	return a
}

// courses returns the expected course, and a way to draw others: each is a trend fitted to days whose deviations were
// exchanged at random, and goes on with such deviations. So it shows both how little the trend is known and how days differ.
// The same seed and number give the same draws for every clause, so that days on which all of them were high stay together.
func (r *reckoner) courses(days []money.Amount, seed uint64) (expected *course, drawn func(number int) *course) {
	fitted := r.fit(days)
	n := len(days)
	apart := make([]money.Amount, n)
	scale := rootRate(n, max(n-fitted.freedoms, 1))
	for i, d := range days {
		apart[i] = r.part(r.sub(d, r.at(&fitted, i-n)), scale)
	}
	expected = &course{reckoner: r, trend: fitted}
	return expected, func(number int) *course {
		draw := rand.New(rand.NewPCG(seed, uint64(number)))
		other := make([]money.Amount, n)
		for i := range other {
			other[i] = r.add(r.at(&fitted, i-n), apart[draw.IntN(n)])
		}
		again := r.fit(other)
		again.floor = fitted.floor
		return &course{reckoner: r, trend: again, apart: apart, draw: draw}
	}
}

// rootRate returns the square root of a ratio, to six decimals: deviations from a fitted trend are smaller than those from
// the true one, by about this much.
func rootRate(num, den int) money.Rate {
	const scale = 1_000_000
	square := new(big.Int).Mul(big.NewInt(int64(num)), big.NewInt(scale*scale))
	square.Div(square, big.NewInt(int64(den)))
	rate, err := money.NewRate(square.Sqrt(square).Int64(), scale)
	if err != nil {
		return money.MustParseRate("1")
	}
	return rate
}

// bounds returns the range that holds 8 of 10 of what was drawn, and what is expected.
func bounds(drawn []money.Amount, expected money.Amount) *Range {
	slices.SortFunc(drawn, money.Amount.Cmp)
	out := &Range{Low: expected, Expected: expected, High: expected}
	if n := len(drawn); n > 0 {
		low, high := drawn[n/10], drawn[n-1-n/10]
		if low.Cmp(expected) < 0 {
			out.Low = low
		}
		if high.Cmp(expected) > 0 {
			out.High = high
		}
	}
	return out
}
