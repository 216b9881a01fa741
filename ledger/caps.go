package ledger

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"concord/agreement"
	"concord/money"
)

// width is the kind of calendar window that a cap counts in, narrow ones first.
type width uint8

const (
	day width = iota + 1
	month
	quarter
	year
	total
)

var widths = [...]string{day: "day", month: "month", quarter: "quarter", year: "year", total: "total"}

func (w width) String() string { return widths[w] }

// widthOf reads a cap's per; 0 is unknown.
func widthOf(per string) width {
	for w := day; w <= total; w++ {
		if widths[w] == per {
			return w
		}
	}
	return 0
}

// countsFrom returns the instant from which usage counts to a cap; 0 is always.
func countsFrom(c agreement.Cap) int64 {
	if c.CountsFrom.IsZero() {
		return 0
	}
	return c.CountsFrom.UnixNano()
}

// A counter adds up a share per window of one width, for usage from an instant on. It counts whether or not the terms of a
// record cap that window, so that a cap which an amendment brings finds what counts to it.
type counter struct {
	per     width
	carry   bool  // what is above goes on to the next window
	from    int64 // 0 = always
	zone    *time.Location
	windows map[int64]*window // by start
	last    *window
}

// window is one window of a counter. in is what narrower windows let through, out what this one did.
type window struct {
	start, end int64 // end is exclusive
	in, out    money.Amount
	base, over money.Amount // of a carrying counter: the limit, and what goes on; base of a deduction: what it is taken off
}

// counter returns the counter of a width and an instant, a new one if need be.
func (sh *share) counter(per width, carry bool, from int64, zone *time.Location) *counter {
	i, ok := slices.BinarySearchFunc(sh.counters, counter{per: per, carry: carry, from: from}, func(a *counter, b counter) int {
		return cmp.Or(cmp.Compare(a.per, b.per), compareBool(a.carry, b.carry), cmp.Compare(a.from, b.from))
	})
	if !ok {
		c := newCounter(per, zone)
		c.carry, c.from = carry, from
		if per == total && from == 0 { // what the share came to before the counter was there
			w := c.window(0)
			w.in, w.out = sh.life.uncapped, sh.life.capped
		}
		sh.counters = slices.Insert(sh.counters, i, c)
	}
	return sh.counters[i]
}

// window returns the window that an instant is in.
func (c *counter) window(at int64) *window {
	if c.last != nil && at >= c.last.start && at < c.last.end {
		return c.last
	}
	start, end := c.bounds(at)
	w, ok := c.windows[start]
	if !ok {
		w = &window{start: start, end: end}
		c.windows[start] = w
	}
	c.last = w
	return w
}

// bounds returns the calendar window of an instant in the counter's zone.
func (c *counter) bounds(at int64) (start, end int64) {
	if c.per == total {
		return math.MinInt64, math.MaxInt64
	}
	y, m, d := time.Unix(0, at).In(c.zone).Date()
	date := func(y int, m time.Month, d int) int64 { return startOfDay(y, m, d, c.zone) }
	switch c.per {
	case day:
		return date(y, m, d), date(y, m, d+1)
	case month:
		return date(y, m, 1), date(y, m+1, 1)
	case quarter:
		m -= (m - 1) % 3
		return date(y, m, 1), date(y, m+3, 1)
	}
	return date(y, 1, 1), date(y+1, 1, 1)
}

// label names a window for people: "total", "2026", "2026-Q2", "2026-05", "2026-05-04".
func (c *counter) label(w *window) string {
	if c.per == total {
		return "total"
	}
	t := time.Unix(0, w.start).In(c.zone)
	switch c.per {
	case day:
		return t.Format(time.DateOnly)
	case month:
		return t.Format("2006-01")
	case quarter:
		return fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())+2)/3)
	}
	return t.Format("2006")
}

// take adds d to a window and returns what of it passes one that is bounded by limit (nil = not bounded). Growth passes as far as there is
// headroom; the rest is lost, a later cap does not bring it back. What shrinks takes first from what was lost.
func (w *work) take(win *window, d money.Amount, limit *money.Amount) (money.Amount, error) {
	in, err := win.in.Add(d)
	if err != nil {
		return d, err
	}
	passed := d
	if limit != nil {
		bound := in
		if bound.Cmp(*limit) > 0 {
			bound = *limit
		}
		if passed, err = bound.Sub(win.out); err != nil {
			return d, err
		}
		passed = clamp(passed, d)
	}
	out, err := win.out.Add(passed)
	if err != nil {
		return d, err
	}
	w.set(&win.in, in)
	w.set(&win.out, out)
	return passed, nil
}

// clamp bounds a to between zero and d, on d's side of zero.
func clamp(a, d money.Amount) money.Amount {
	var zero money.Amount
	if d.Sign() >= 0 {
		if a.Cmp(d) > 0 {
			return d
		}
		if a.Sign() < 0 {
			return zero
		}
		return a
	}
	if a.Cmp(d) < 0 {
		return d
	}
	if a.Sign() > 0 {
		return zero
	}
	return a
}

// CapUse is what counts to the caps of a share in one window. What is left of a cap is its amount less Capped.
type CapUse struct {
	Agreement  string
	Clause     string    // where clauses continue each other, the first one
	Per        string    // "day", "month", "quarter", "year", "total"
	CountsFrom time.Time // zero = always
	Window     string    // "total", "2026", "2026-Q2", "2026-05", "2026-05-04"
	Uncapped   money.Amount
	Capped     money.Amount
	Carried    money.Amount // of what is above the cap: what goes on to the next window
}

// CapUses returns what counts to caps, of all shares and windows, in canonical order.
func (s *State) CapUses() []CapUse {
	var all []CapUse
	for _, sh := range s.sortedShares() {
		for _, c := range sh.counters {
			for _, w := range c.sorted() {
				all = append(all, sh.capUse(c, w))
			}
		}
	}
	return all
}

// CapUse returns what counts to one cap of a share in the window that an instant is in.
func (s *State) CapUse(agreementName, clause string, limit agreement.Cap, at time.Time) (CapUse, bool) {
	sh, ok := s.shares[s.root(clauseKey{agreementName, clause})]
	if !ok {
		return CapUse{}, false
	}
	for _, c := range sh.counters {
		if c.is(limit) {
			return sh.capUse(c, c.window(at.UnixNano())), true
		}
	}
	return CapUse{}, false
}

func (sh *share) capUse(c *counter, w *window) CapUse {
	u := CapUse{Agreement: sh.key.agreement, Clause: sh.key.clause, Per: c.per.String(), Window: c.label(w), Uncapped: w.in, Capped: w.out, Carried: w.over}
	if c.from != 0 {
		u.CountsFrom = time.Unix(0, c.from).UTC()
	}
	return u
}

// is reports whether a counter counts to a cap.
func (c *counter) is(limit agreement.Cap) bool {
	return c.per == widthOf(limit.Per) && c.from == countsFrom(limit) && c.carry == carries(limit)
}

// carries reports whether what is above a cap goes on to its next window; one in total has none.
func carries(limit agreement.Cap) bool { return limit.Excess == "carry" && limit.Per != "total" }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// sorted returns the windows that hold something, in order.
func (c *counter) sorted() []*window {
	var all []*window
	for _, w := range c.windows {
		if w.holds() {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b *window) int { return cmp.Compare(a.start, b.start) })
	return all
}
