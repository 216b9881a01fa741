package pricing

import (
	"math"
	"slices"
)

// Changes returns the instants at which some entry of the book begins or ends, ascending: between two of them Find gives
// the same rate for the same query.
func (b *Book) Changes() []int64 {
	var at []int64
	collect := func(entries []*entry) {
		for _, e := range entries {
			for _, t := range [...]int64{e.from, e.until} {
				if t != math.MinInt64 && t != math.MaxInt64 {
					at = append(at, t)
				}
			}
		}
	}
	for _, entries := range b.exact {
		collect(entries)
	}
	collect(b.patterns)
	slices.Sort(at)
	return slices.Compact(at)
}
