package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"concord/journal"
	"concord/money"
)

// rateKey names a series of rates of exchange.
type rateKey struct {
	source   string
	from, to money.Currency
}

func (k rateKey) compare(o rateKey) int {
	return cmp.Or(cmp.Compare(k.source, o.source), cmp.Compare(k.from, o.from), cmp.Compare(k.to, o.to))
}

// fixing is a rate from an instant on.
type fixing struct {
	at    int64
	value money.Rate
}

// exchange keeps a rate of exchange. Shares are converted when they accrue; what was converted at a provisional rate is
// restated once this one makes the rate final.
func (s *State) exchange(at int64, r *journal.Rate) error {
	switch {
	case r.From == "" || r.To == "" || r.From == r.To:
		return fmt.Errorf("a rate from %q to %q: name two currencies", r.From, r.To)
	case r.Value.Sign() <= 0:
		return fmt.Errorf("a rate of %s: it is more than zero", r.Value)
	}
	k := rateKey{r.Source, r.From, r.To}
	i, found := s.fixing(k, r.At)
	if found {
		if had := s.rates[k][i].value; had != r.Value {
			return fmt.Errorf("%s had a rate of %s to %s of %s at the same instant already, this one is %s: a rate never changes, state a new one from now on",
				r.Source, r.From, r.To, had, r.Value)
		}
		return nil
	}
	rates := slices.Insert(slices.Clone(s.rates[k]), i, fixing{r.At, r.Value})
	s.later(func() { s.rates[k] = rates })
	return s.restate(at, k, rates)
}

func (s *State) fixing(k rateKey, at int64) (int, bool) {
	return slices.BinarySearchFunc(s.rates[k], at, func(f fixing, at int64) int { return cmp.Compare(f.at, at) })
}

// RateAt returns the last rate of exchange of a source at or before an instant, and the instant from which on it holds.
func (s *State) RateAt(source string, from, to money.Currency, at int64) (value money.Rate, since int64, ok bool) {
	k := rateKey{source, from, to}
	i, found := s.fixing(k, at)
	if !found {
		i--
	}
	if i < 0 {
		return money.Rate{}, 0, false
	}
	f := s.rates[k][i]
	return f.value, f.at, true
}

// RatesWithin returns the rates of exchange of a source that were fixed from an instant on and before another, in order.
func (s *State) RatesWithin(source string, from, to money.Currency, since, until int64) []money.Rate {
	var all []money.Rate
	for _, f := range s.rates[rateKey{source, from, to}] {
		if f.at >= since && f.at < until {
			all = append(all, f.value)
		}
	}
	return all
}
