package ledger

import (
	"math"

	"concord/money"
)

// A part is what a share grows by at an instant.
type part struct {
	at     int64
	amount money.Amount
}

// boundless stands for the limit of a window that nothing bounds.
func boundless() money.Amount {
	b := [16]byte{0x7f}
	for i := 1; i < len(b); i++ {
		b[i] = 0xff
	}
	return money.FromBytes(b)
}

// carried is capped for shares of which a cap carries what is above it to its next window: what one window lets through may
// change what later ones do.
func (s *State) carried(at int64, p *sharePlan, amount money.Amount) (money.Amount, error) {
	parts := []part{{at, amount}}
	for i, c := range p.share.counters {
		var next []part
		for _, d := range parts {
			switch {
			case c.from != 0 && d.at < c.from:
				next = append(next, d)
			case !c.carry:
				passed, err := s.work.take(c.window(d.at), d.amount, p.limits[i])
				if err != nil {
					return amount, err
				}
				next = append(next, part{d.at, passed})
			default:
				more, err := s.work.carry(c, d, p.limits[i])
				if err != nil {
					return amount, err
				}
				next = append(next, more...)
			}
		}
		parts = next
	}
	var sum money.Amount
	var err error
	for _, d := range parts {
		if sum, err = sum.Add(d.amount); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// carry adds d to its window and passes what is above the limit on to the next one, up to the last window that anything
// fell in. It returns by how much each window changes what it lets through.
func (w *work) carry(c *counter, d part, limit *money.Amount) ([]part, error) {
	first := c.window(d.at)
	bound := boundless()
	if limit != nil {
		bound = *limit
	}
	in, err := first.in.Add(d.amount)
	if err != nil {
		return nil, err
	}
	before, last := c.around(first.start)
	w.set(&first.in, in)
	w.set(&first.base, bound)
	win, over := first, money.Amount{}
	if before != nil && !before.over.IsZero() { // what is carried runs on from where it stopped
		win, over = c.window(before.end), before.over
	}
	var parts []part
	for {
		at := d.at
		if win != first {
			at = max(win.start, c.from)
		}
		if win.base.IsZero() { // nothing fell in it so far
			w.set(&win.base, bound)
		}
		passed, err := w.letThrough(win, &over)
		if err != nil {
			return nil, err
		}
		if !passed.IsZero() {
			parts = append(parts, part{at, passed})
		}
		if win.start >= last || win.end == math.MaxInt64 {
			return parts, nil
		}
		win = c.window(win.end)
	}
}

// letThrough computes a window that over is carried into, and returns by how much it changes what it lets through.
func (w *work) letThrough(win *window, over *money.Amount) (money.Amount, error) {
	out, err := win.in.Add(*over)
	if err != nil {
		return out, err
	}
	have := out
	if out.Cmp(win.base) > 0 {
		out = win.base
	}
	if *over, err = have.Sub(out); err != nil {
		return out, err
	}
	passed, err := out.Sub(win.out)
	if err != nil {
		return passed, err
	}
	w.set(&win.out, out)
	w.set(&win.over, *over)
	return passed, nil
}

// around returns the last window before a start that anything fell in, and the start of the last one of all.
func (c *counter) around(start int64) (before *window, last int64) {
	last = start
	for _, w := range c.windows {
		if !w.holds() {
			continue
		}
		last = max(last, w.start)
		if w.start < start && (before == nil || w.start > before.start) {
			before = w
		}
	}
	return before, last
}

// newest returns the last window that anything fell in.
func (c *counter) newest() (last *window) {
	for _, w := range c.windows {
		if w.holds() && (last == nil || w.start > last.start) {
			last = w
		}
	}
	return last
}

// holds reports whether anything fell in a window, or was carried through it.
func (w *window) holds() bool {
	return !w.in.IsZero() || !w.out.IsZero() || !w.base.IsZero() || !w.over.IsZero()
}
