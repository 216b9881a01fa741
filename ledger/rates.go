package ledger

import (
	"maps"
	"slices"

	"concord/journal"
)

// Rates returns the rates of exchange that were recorded, by source, currencies and instant.
func (s *State) Rates() []journal.Rate {
	var all []journal.Rate
	for _, k := range slices.SortedFunc(maps.Keys(s.rates), rateKey.compare) {
		for _, f := range s.rates[k] {
			all = append(all, journal.Rate{Source: k.source, From: k.from, To: k.to, At: f.at, Value: f.value})
		}
	}
	return all
}
