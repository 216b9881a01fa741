package focus

import (
	"cmp"
	"slices"

	"concord/journal"
)

// A Closed is a period that two parties of an agreement have closed with a statement.
type Closed struct {
	Agreement   string
	Between     [2]string
	From, Until int64 // ns
	Number      string
	At          journal.Cursor // what the journal had up to here the statement states
	Posted      journal.Cursor // where the statement itself stands
}

// Closings are the closed periods of a journal: they say which statement a charge stands on. The zero value has none.
type Closings struct{ of map[closedKey][]Closed }

type closedKey struct{ agreement, a, b string }

func keyOf(agreement, a, b string) closedKey {
	if a > b {
		a, b = b, a
	}
	return closedKey{agreement, a, b}
}

// Add takes a closed period. A later version of a statement takes the place of the earlier one.
func (c *Closings) Add(p Closed) {
	if c.of == nil {
		c.of = map[closedKey][]Closed{}
	}
	k := keyOf(p.Agreement, p.Between[0], p.Between[1])
	all := c.of[k]
	i, found := slices.BinarySearchFunc(all, p.From, func(o Closed, from int64) int { return cmp.Compare(o.From, from) })
	if found { // a further version states all that was known by then
		all[i] = p
		return
	}
	c.of[k] = slices.Insert(all, i, p)
}

// Stands reports whether a statement is the last version of its period's.
func (c *Closings) Stands(number string) bool {
	for _, all := range c.of {
		if slices.ContainsFunc(all, func(p Closed) bool { return p.Number == number }) {
			return true
		}
	}
	return false
}

// standing is where a charge stands.
type standing struct {
	invoice string // number of the statement; "" = none states it yet
	period  Closed // of that statement
	late    bool   // its own period was closed before it came
	shown   int64  // of what is late: an instant of the period in which it is shown instead
}

// stand says where what is dated at an instant, and came at a position of the journal, stands: on the statement of its period or,
// if that was closed before, on the next one. own is what a closing itself has written.
func (c *Closings) stand(agreement, a, b string, at int64, came journal.Cursor, own bool) standing {
	all := c.of[keyOf(agreement, a, b)]
	if len(all) == 0 {
		return standing{}
	}
	closed := at >= all[0].From && at < all[len(all)-1].Until
	for _, p := range all {
		if p.Until <= at || came.Compare(p.At) > 0 && (!own || came.Compare(p.Posted) > 0) {
			continue
		}
		return standing{invoice: p.Number, period: p, late: closed && p.From > at, shown: p.From + (p.Until-p.From)/2}
	}
	last := all[len(all)-1]
	return standing{late: closed, shown: last.Until + (last.Until-last.From)/2}
}

// Late reports whether something is dated in a period that some two parties had closed when it came.
func (c *Closings) Late(at int64, came journal.Cursor) bool {
	for _, all := range c.of {
		for _, p := range all {
			if p.From <= at && at < p.Until && came.Compare(p.At) > 0 {
				return true
			}
		}
	}
	return false
}
