package focus

import (
	"cmp"
	"maps"
	"math/big"
	"slices"

	"concord/money"
)

// A Class names why the two sides differ.
type Class string

// The classes. Matched is not listed: it has no difference.
const (
	Matched    Class = "matched"
	OursOnly   Class = "ours only"    // a late export, or a failed call that we took for billed
	TheirsOnly Class = "theirs only"  // usage around the gateway, calls without an intent, charges that are no usage
	OfQuantity Class = "quantity"     // both have it, and count differently
	OfPrice    Class = "price"        // the quantity is the same, the price of one is not
	Shifted    Class = "period shift" // what one bucket lacks another one has
	Corrected  Class = "correction"   // the provider corrects an earlier period
	Rounded    Class = "rounding"     // less than the export's decimals can show
)

// Classes returns all classes, in the order of reports.
func Classes() []Class {
	return []Class{Matched, OursOnly, TheirsOnly, OfQuantity, OfPrice, Shifted, Corrected, Rounded}
}

// A Difference is one reason why a bucket's costs differ. Where there are several they follow each other, and their amounts add
// up to what the bucket differs by.
type Difference struct {
	Class       Class
	Account     string
	Region      string
	Model       string // "" = the export's row was not recognized
	Meter       string
	From, Until int64
	Ours        Side
	Theirs      Side
	OurUnit     money.Amount // price of one; 0 = none, or several
	TheirUnit   money.Amount
	Amount      money.Amount // theirs less ours, of this reason
	Unsure      int64        // calls in the bucket whose cost nobody knew
	Line        int          // first row of the export; 0 = none

	key bucketKey
}

// A Sum is what belongs to a class.
type Sum struct {
	Class   Class
	Buckets int64
	Amount  money.Amount // theirs less ours
}

// An Invoice is what the rows of one invoice come to.
type Invoice struct {
	ID   string // "" = rows that are not invoiced yet
	Rows int64
	Cost money.Amount
}

// A Result is a reconciliation.
type Result struct {
	Step        int64 // length of a bucket, ns
	Currency    money.Currency
	Calls       int64 // of ours, in the period
	Rows        int64 // of the export
	Skipped     int64 // rows of accounts of which nobody is charged
	Ours        money.Amount
	Theirs      money.Amount
	Total       money.Amount // theirs less ours: the sum of all differences
	Places      int          // decimals of the export's costs
	Unsure      int64        // calls whose cost is not sure
	Sums        []Sum
	Invoices    []Invoice
	Differences []Difference
}

// Good reports whether all is matched, or explained by rounding.
func (r *Result) Good() bool {
	return !slices.ContainsFunc(r.Differences, func(d Difference) bool { return d.Class != Rounded })
}

// Result says how the two sides differ. Their amounts add up to the total difference exactly.
func (r *Reconciler) Result() (*Result, error) {
	out := &Result{Step: r.step, Currency: r.currency, Calls: r.calls, Rows: r.rows, Skipped: r.skipped, Ours: r.ours, Theirs: r.theirs, Places: r.places}
	var err error
	if out.Total, err = r.theirs.Sub(r.ours); err != nil {
		return nil, err
	}
	sums := map[Class]*Sum{}
	for _, c := range Classes() {
		sums[c] = &Sum{Class: c}
	}
	for _, n := range r.unsure {
		out.Unsure += n
	}
	note := func(d Difference) (err error) {
		sum := sums[d.Class]
		sum.Buckets++
		if sum.Amount, err = sum.Amount.Add(d.Amount); err == nil && d.Class != Matched {
			out.Differences = append(out.Differences, d)
		}
		return err
	}
	if err := r.usage(note); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		class Class
		all   map[bucketKey]*bucket
	}{{Corrected, r.corrections}, {TheirsOnly, r.apart}} {
		for _, k := range r.sorted(part.all) {
			d := r.difference(k, part.all[k])
			d.Class, d.Amount = part.class, d.Theirs.Cost
			if err := note(d); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range Classes() {
		out.Sums = append(out.Sums, *sums[c])
	}
	for _, id := range slices.Sorted(maps.Keys(r.invoices)) {
		out.Invoices = append(out.Invoices, Invoice{id, r.invoices[id].Rows, r.invoices[id].Cost})
	}
	return out, nil
}

// difference begins to say how a bucket differs.
func (r *Reconciler) difference(k bucketKey, b *bucket) Difference {
	s := r.names[k.series]
	d := Difference{Account: s.account, Region: s.region, Model: s.model, Meter: s.meter, From: k.from, Until: min(k.from+r.step, max(r.until, k.from+hour)),
		Ours: b.ours, Theirs: b.theirs, Line: b.line, key: k}
	if b.priced && !b.mixed {
		d.OurUnit = b.unit
	}
	if b.thePrice && !b.theirMix {
		d.TheirUnit = b.theirUnit
	}
	if id, ok := r.ids[series{s.account, s.region, s.model, ""}]; ok {
		d.Unsure = r.unsure[bucketKey{id, k.from}]
	}
	return d
}

// usage classifies what was used: first by quantity, then by price.
func (r *Reconciler) usage(note func(Difference) error) error {
	keys := r.sorted(r.buckets)
	for len(keys) > 0 {
		n := 1
		for n < len(keys) && keys[n].series == keys[0].series {
			n++
		}
		if err := r.line(keys[:n], note); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// line classifies the buckets of one series, in order of time.
func (r *Reconciler) line(keys []bucketKey, note func(Difference) error) error {
	more := make([]money.Amount, len(keys)) // theirs less ours
	for i, k := range keys {
		b := r.buckets[k]
		var err error
		if more[i], err = b.theirs.Quantity.Sub(b.ours.Quantity); err != nil {
			return err
		}
	}
	moved, err := r.shifts(keys, more)
	if err != nil {
		return err
	}
	for i, k := range keys {
		if err := r.bucket(k, more[i], moved[i], note); err != nil {
			return err
		}
	}
	return nil
}

// shifts finds what one bucket lacks and another one, at most a day away, has: first pairs, then runs that come to nothing.
func (r *Reconciler) shifts(keys []bucketKey, more []money.Amount) ([]bool, error) {
	moved := make([]bool, len(keys))
	near := max(24*hour, r.step)
	for i := range keys {
		if more[i].IsZero() || moved[i] {
			continue
		}
		for j := i + 1; j < len(keys) && keys[j].from-keys[i].from <= near; j++ {
			if !moved[j] && more[j] == more[i].Neg() {
				moved[i], moved[j] = true, true
				break
			}
		}
	}
	for i := range keys {
		if more[i].IsZero() || moved[i] {
			continue
		}
		sum := more[i]
		for j := i + 1; j < len(keys) && keys[j].from-keys[i].from <= near; j++ {
			if moved[j] {
				continue
			}
			var err error
			if sum, err = sum.Add(more[j]); err != nil {
				return nil, err
			}
			if sum.IsZero() {
				for ; j >= i; j-- {
					moved[j] = moved[j] || !more[j].IsZero()
				}
				break
			}
		}
	}
	return moved, nil
}

// bucket classifies one: what its quantity explains, and what is left of its cost.
func (r *Reconciler) bucket(k bucketKey, more money.Amount, moved bool, note func(Difference) error) error {
	b := r.buckets[k]
	d := r.difference(k, b)
	left, err := b.theirs.Cost.Sub(b.ours.Cost)
	if err != nil {
		return err
	}
	switch {
	case more.IsZero() && left.IsZero():
	case moved:
		d.Class = Shifted
	case b.theirs.Rows == 0:
		d.Class = OursOnly
	case b.ours.Rows == 0:
		d.Class = TheirsOnly
	case !more.IsZero():
		d.Class = OfQuantity
	}
	if d.Class != "" {
		if d.Amount = left; b.ours.Rows > 0 && b.theirs.Rows > 0 {
			if d.Amount, err = r.worth(b, more); err != nil {
				return err
			}
		}
		if left, err = left.Sub(d.Amount); err != nil {
			return err
		}
		if err := note(d); err != nil || left.IsZero() {
			return err
		}
	}
	d.Amount = left
	switch {
	case left.IsZero():
		d.Class = Matched
	case r.within(left, b.theirs.Rows) && (d.OurUnit == d.TheirUnit || d.OurUnit.IsZero() || d.TheirUnit.IsZero()):
		d.Class = Rounded
	default:
		d.Class = OfPrice
	}
	return note(d)
}

// worth is what a difference of quantity costs at our price, and at theirs where we have none.
func (r *Reconciler) worth(b *bucket, more money.Amount) (money.Amount, error) {
	switch {
	case b.priced && !b.mixed:
		return productNear(b.unit, more)
	case !b.ours.Quantity.IsZero():
		return scaled(b.ours.Cost, more, b.ours.Quantity)
	}
	return scaled(b.theirs.Cost, more, b.theirs.Quantity)
}

// scaled is cost x part / whole, rounded half-even.
func scaled(cost, part, whole money.Amount) (money.Amount, error) {
	if whole.IsZero() {
		return money.Amount{}, nil
	}
	n, by := new(big.Int).Mul(pico(cost), pico(part)), pico(whole)
	if by.Sign() < 0 {
		n.Neg(n)
		by.Neg(by)
	}
	return nearest(n, by)
}

// within reports whether a difference is no more than half of the last decimal that the export prints, for each of its rows.
func (r *Reconciler) within(left money.Amount, rows int64) bool {
	last := new(big.Int).Mul(big.NewInt(power(money.Scale-r.places)), big.NewInt(rows))
	return new(big.Int).Lsh(pico(left.Abs()), 1).Cmp(last) <= 0
}

// Sort orders differences by what they come to, largest first.
func Sort(all []Difference) {
	slices.SortStableFunc(all, func(a, b Difference) int {
		return cmp.Compare(b.Amount.Abs().Cmp(a.Amount.Abs()), 0)
	})
}
