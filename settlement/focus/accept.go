package focus

import (
	"fmt"
	"slices"

	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// A Change is what a call costs by the provider's export.
type Change struct {
	Call  int // index
	Lines []pricing.Line
	Delta usage.Tokens // what was used more, or less, than was known
}

// An Acceptance finds the calls that take a difference over. Quantities change only where nobody knew them: what a provider
// reported with its answer it cannot report otherwise with its bill, unless somebody asks why.
type Acceptance struct {
	r      *Reconciler
	diffs  []Difference
	wanted map[callKey][]int // indexes of diffs
}

// callKey is what of a bucket a call has.
type callKey struct {
	Place
	from int64
}

// Accept begins to take differences of some classes over.
func (r *Reconciler) Accept(result *Result, classes []Class) *Acceptance {
	a := &Acceptance{r: r, wanted: map[callKey][]int{}}
	for _, d := range result.Differences {
		if slices.Contains(classes, d.Class) {
			k := callKey{Place{d.Account, d.Region, d.Model}, d.key.from}
			a.wanted[k] = append(a.wanted[k], len(a.diffs))
			a.diffs = append(a.diffs, d)
		}
	}
	return a
}

// Wants reports whether a call stands in a bucket that is taken over.
func (a *Acceptance) Wants(c *Call) bool {
	return slices.ContainsFunc(a.of(c), func(i int) bool { return c.Unsure || a.diffs[i].Class == OfPrice })
}

// of returns the differences of a call's bucket.
func (a *Acceptance) of(c *Call) []int {
	if c.At < a.r.from || c.At >= a.r.until {
		return nil
	}
	return a.wanted[callKey{c.Place, a.r.bucketOf(c.At)}]
}

// Changes says what the calls that were wanted cost now, and which differences no call can take over.
func (a *Acceptance) Changes(calls []Call) (changes []Change, left []Difference, err error) {
	lines := make([][]pricing.Line, len(calls))
	deltas := make([]usage.Tokens, len(calls))
	for i := range calls {
		lines[i] = slices.Clone(calls[i].Lines)
	}
	changed := make([]bool, len(calls))
	in := make([][]int, len(a.diffs))
	for j := range calls {
		for _, i := range a.of(&calls[j]) {
			if calls[j].Unsure || a.diffs[i].Class == OfPrice {
				in[i] = append(in[i], j)
			}
		}
	}
	for i := range a.diffs {
		d, of := &a.diffs[i], in[i]
		take := a.quantity
		if d.Class == OfPrice {
			take = a.price
		}
		ok, err := take(d, calls, of, lines, deltas, changed)
		if err != nil {
			return nil, nil, fmt.Errorf("take over what differs at %s, %s: %w", d.Model, stamp(d.From), err)
		}
		if !ok {
			left = append(left, *d)
		}
	}
	for i := range calls {
		if changed[i] {
			changes = append(changes, Change{i, lines[i], deltas[i]})
		}
	}
	return changes, left, nil
}

// quantity spreads what was counted more, or less, evenly over the calls that nobody knew the quantity of.
func (a *Acceptance) quantity(d *Difference, calls []Call, of []int, lines [][]pricing.Line, deltas []usage.Tokens, changed []bool) (bool, error) {
	more, err := d.Theirs.Quantity.Sub(d.Ours.Quantity)
	if err != nil {
		return false, err
	}
	n, whole := units(more)
	class, known := classOfMeter(d.Meter)
	unit, priced := a.unit(d)
	if !whole || !known || !priced || len(of) == 0 {
		return false, nil
	}
	share := make([]int64, len(of))
	for left := n; left != 0; {
		step, moved := left/int64(len(of)), false
		if step == 0 {
			step = sign(left)
		}
		for i, j := range of {
			if left == 0 {
				break
			}
			take := step
			if has := quantityOf(lines[j], class) + share[i]; has+take < 0 { // no call used less than nothing
				take = -has
			}
			if take != 0 {
				share[i], left, moved = share[i]+take, left-take, true
			}
		}
		if !moved {
			return false, nil
		}
	}
	for i, j := range of {
		if share[i] == 0 {
			continue
		}
		if lines[j], err = moreOf(lines[j], class, share[i], unit); err != nil {
			return false, err
		}
		deltas[j][class] += share[i]
		changed[j] = true
	}
	return true, nil
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}

// unit is the price of one of what was counted otherwise.
func (a *Acceptance) unit(d *Difference) (money.Amount, bool) {
	switch {
	case !d.OurUnit.IsZero():
		return d.OurUnit, true
	case !d.TheirUnit.IsZero():
		return d.TheirUnit, true
	case !d.Theirs.Quantity.IsZero():
		unit, err := quotientNear(d.Theirs.Cost, d.Theirs.Quantity)
		return unit, err == nil
	}
	return money.Amount{}, d.Theirs.Rows == 0 // what they do not charge for costs nothing
}

// units returns a whole number.
func units(a money.Amount) (int64, bool) {
	p := pico(a)
	q, r := p.QuoRem(p, pico(money.FromUnits(1)), pico(money.Amount{}))
	return q.Int64(), r.Sign() == 0 && q.IsInt64()
}

// classOfMeter is the class that a meter bills.
func classOfMeter(meter string) (usage.Class, bool) {
	for c := usage.Input; c.Valid(); c++ {
		for t := usage.Standard; t <= usage.Priority; t++ {
			if meterName(c, t) == meter {
				return c, true
			}
		}
	}
	return 0, false
}

func quantityOf(lines []pricing.Line, class usage.Class) (n int64) {
	for i := range lines {
		if lines[i].Class == class {
			n += lines[i].Quantity
		}
	}
	return n
}

// moreOf adds a quantity to the line of a class; a line that has nothing left is left out.
func moreOf(lines []pricing.Line, class usage.Class, n int64, unit money.Amount) ([]pricing.Line, error) {
	i := slices.IndexFunc(lines, func(l pricing.Line) bool { return l.Class == class })
	if i < 0 {
		lines = append(lines, pricing.Line{Class: class, Unit: unit})
		i = len(lines) - 1
	}
	l := &lines[i]
	worth, err := l.Unit.MulInt(n)
	if err != nil {
		return nil, err
	}
	if l.Amount, err = l.Amount.Add(worth); err != nil {
		return nil, err
	}
	if l.Quantity += n; l.Quantity == 0 {
		return slices.Delete(lines, i, i+1), nil
	}
	return lines, nil
}

// price gives all calls of a bucket their price.
func (a *Acceptance) price(d *Difference, calls []Call, of []int, lines [][]pricing.Line, _ []usage.Tokens, changed []bool) (bool, error) {
	unit := d.TheirUnit
	if unit.IsZero() {
		var err error
		if unit, err = quotientNear(d.Theirs.Cost, d.Theirs.Quantity); err != nil {
			return false, err
		}
	}
	comes, err := productNear(unit, d.Theirs.Quantity)
	if err != nil {
		return false, err
	}
	if off, err := comes.Sub(d.Theirs.Cost); err != nil || !a.r.within(off, d.Theirs.Rows) {
		return false, err // their own price does not make their own cost
	}
	for _, j := range of {
		for i := range lines[j] {
			l := &lines[j][i]
			if meterName(l.Class, calls[j].Tier) != d.Meter || l.Unit == unit {
				continue
			}
			l.Unit, changed[j] = unit, true
			if l.Amount, err = unit.MulInt(l.Quantity); err != nil {
				return false, err
			}
		}
	}
	return len(of) > 0, nil
}
