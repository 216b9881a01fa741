package ledger

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// The moments at which amounts in other currencies are converted.
const (
	monthAverage = "month-average"
	periodEnd    = "period-end"
)

// An fxPlan converts what a sale brings to a share.
type fxPlan struct {
	rates          rateKey
	terms          journal.Hash
	product, cloud string
	days           *calendar
	window         *counter // whose rate is final once it is over; nil = that of the event's day is
	mean           bool     // it is the mean of the window's rates; the last one otherwise
}

// convertedKey names what was converted at one rate.
type convertedKey struct {
	from           money.Currency
	terms          journal.Hash
	product, cloud string
	group          int // that it is deducted in; -1 = base
	day            int32
}

func (k *convertedKey) compare(o *convertedKey) int {
	return cmp.Or(cmp.Compare(k.day, o.day), cmp.Compare(k.from, o.from), cmp.Compare(k.product, o.product), cmp.Compare(k.cloud, o.cloud),
		cmp.Compare(k.group, o.group), slices.Compare(k.terms[:], o.terms[:]))
}

// converted is what a share was brought in another currency on one day.
type converted struct {
	convertedKey
	at     int64        // an instant of the day
	source money.Amount // as it was brought
	sum    money.Amount // in the share's currency, as it stands in its base
	final  bool
	rate   money.Rate // where it is final
}

// conversion returns how a share in force converts a sale's currency.
func (c *compiler) conversion(f agreement.InForce, k saleKey) *fxPlan {
	clause := f.Clause.(*agreement.RevenueShare)
	to := f.Agreement.Currency
	if to == k.currency {
		return nil
	}
	if clause.FX == nil {
		c.fail(fmt.Errorf("share %s is in %s, its base in %s: write fx: {source, moment} to have it converted", clause.ID, to, k.currency))
		return nil
	}
	p := &fxPlan{rates: rateKey{clause.FX.Source, k.currency, to}, terms: c.terms, product: k.product, cloud: k.cloud, days: c.state.calendar(f.Agreement.Zone)}
	switch clause.FX.Moment {
	case monthAverage:
		p.window, p.mean = newCounter(month, f.Agreement.Zone), true
	case periodEnd:
		p.window = newCounter(periodOf(f))
	}
	return p
}

func (c *compiler) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// convert converts what a flow brings to a share: at the final rate of its day where there is one, at the last known rate
// until then, and to nothing until a rate is known at all: usage has happened, and the books cannot refuse it.
func (s *State) convert(p *sharePlan, at int64, b *brought) error {
	amount := &b.base
	if b.group >= 0 {
		amount = &b.deducted
	}
	if amount.IsZero() {
		return nil
	}
	x := p.fx
	e := p.share.converted(convertedKey{x.rates.from, x.terms, x.product, x.cloud, b.group, x.days.dayOf(at)}, at)
	source, err := e.source.Add(*amount)
	if err != nil {
		return err
	}
	rate, final := e.rate, e.final
	if !final {
		if rate, final, err = x.rateOf(s.rates[x.rates], at); err != nil {
			return err
		}
	}
	sum := e.sum
	switch {
	case final:
		sum, err = source.MulRate(rate, money.HalfEven)
	case !rate.IsZero():
		if sum, err = amount.MulRate(rate, money.HalfEven); err == nil {
			sum, err = e.sum.Add(sum)
		}
	}
	if err != nil {
		return err
	}
	more, err := sum.Sub(e.sum)
	if err != nil {
		return err
	}
	s.work.set(&e.source, source)
	s.work.set(&e.sum, sum)
	if final && !e.final {
		s.later(func() { e.final, e.rate = true, rate })
	}
	*amount = more
	return nil
}

// converted returns what was brought in another currency on a day; a new one leaves no trace until it is changed.
func (sh *share) converted(k convertedKey, at int64) *converted {
	i, ok := slices.BinarySearchFunc(sh.foreign, &k, func(e *converted, k *convertedKey) int { return e.compare(k) })
	if !ok {
		sh.foreign = slices.Insert(sh.foreign, i, &converted{convertedKey: k, at: at})
	}
	return sh.foreign[i]
}

// rateOf returns the rate of an instant, and whether it is final; zero where none is known: for a day,
// of that day or before.
func (x *fxPlan) rateOf(rates []fixing, at int64) (money.Rate, bool, error) {
	if rate, ok, err := x.final(rates, at); ok || err != nil {
		return rate, ok, err
	}
	if x.window == nil || len(rates) == 0 {
		return money.Rate{}, false, nil
	}
	return rates[len(rates)-1].value, false, nil
}

// ofDay returns the last rate at or before an instant, or else the first one of its day.
func (x *fxPlan) ofDay(rates []fixing, at int64) (rate money.Rate, ok bool) {
	for _, f := range rates {
		if f.at > at && (ok || x.days.dayOf(f.at) != x.days.dayOf(at)) {
			break
		}
		rate, ok = f.value, true
	}
	return rate, ok
}

// final returns the rate of an instant once it is known: that of its day, or that of its window, which a rate that is dated after
// the window has ended.
func (x *fxPlan) final(rates []fixing, at int64) (money.Rate, bool, error) {
	if x.window == nil {
		rate, ok := x.ofDay(rates, at)
		return rate, ok, nil
	}
	start, end := x.window.bounds(at)
	if len(rates) == 0 || rates[len(rates)-1].at < end {
		return money.Rate{}, false, nil
	}
	if x.mean {
		return mean(rates, start, end)
	}
	var rate money.Rate
	for _, f := range rates {
		if f.at < end {
			rate = f.value
		}
	}
	return rate, !rate.IsZero(), nil
}

// mean returns the mean of the rates that are dated in a window, exactly.
func mean(rates []fixing, start, end int64) (money.Rate, bool, error) {
	sum, n := new(big.Rat), int64(0)
	for _, f := range rates {
		if f.at >= start && f.at < end {
			sum.Add(sum, big.NewRat(f.value.Num, f.value.Den))
			n++
		}
	}
	if n == 0 {
		return money.Rate{}, false, nil
	}
	sum.Quo(sum, new(big.Rat).SetInt64(n))
	if !sum.Num().IsInt64() || !sum.Denom().IsInt64() {
		return money.Rate{}, false, fmt.Errorf("the mean of %d rates does not fit 64 bits: record them with fewer decimals", n)
	}
	rate, err := money.NewRate(sum.Num().Int64(), sum.Denom().Int64())
	return rate, err == nil, err
}

// restate converts again what a new rate makes final, and posts the difference: shares, caps and what rests on them are
// computed again with it, day by day.
func (s *State) restate(posted int64, k rateKey, rates []fixing) error {
	for _, sh := range s.sortedShares() {
		for _, e := range slices.Clone(sh.foreign) {
			if e.from != k.from || e.source.IsZero() && e.sum.IsZero() {
				continue
			}
			if err := s.restateDay(posted, sh, e, k, rates); err != nil {
				return fmt.Errorf("share %s: %w", sh.key.clause, err)
			}
		}
	}
	return nil
}

func (s *State) restateDay(posted int64, sh *share, e *converted, k rateKey, rates []fixing) error {
	terms, err := s.plan(e.terms)
	if err != nil {
		return err
	}
	f, ok := s.shareOf(terms, sh)
	if !ok || f.Agreement.Currency != k.to {
		return nil
	}
	c := compiler{state: s, currency: e.from, terms: e.terms}
	x := c.conversion(f, saleKey{product: e.product, cloud: e.cloud, currency: e.from})
	if c.err != nil || x == nil || x.rates != k || x.window == nil && e.final { // the rate of a day is fixed with its first one
		return c.err
	}
	rate, ok, err := x.final(rates, e.at)
	if err != nil || !ok {
		return err
	}
	sum, err := e.source.MulRate(rate, money.HalfEven)
	if err != nil {
		return err
	}
	more, err := sum.Sub(e.sum)
	if err != nil {
		return err
	}
	s.work.set(&e.sum, sum)
	s.later(func() { e.final, e.rate = true, rate })
	if more.IsZero() {
		return nil
	}
	s.work.tx.Currency = k.to
	// The rate that makes it final is dated after the window, what it restates belongs to the window: its statement states it.
	on := e.at
	if x.window != nil {
		_, end := x.window.bounds(e.at)
		on = min(posted, end-1)
	}
	return s.accrueAgain(terms, f, e.product, e.cloud, e.group, more, e.at, on)
}

// shareOf returns the version of a share that is in force in terms.
func (s *State) shareOf(t *termsPlan, sh *share) (agreement.InForce, bool) {
	for _, f := range t.terms.Shares() {
		if s.root(clauseKey{f.Agreement.Name, f.Clause.Head().ID}) == sh.key {
			return f, true
		}
	}
	return agreement.InForce{}, false
}

// accrueAgain changes what a share was brought, and what rests on it.
func (s *State) accrueAgain(t *termsPlan, f agreement.InForce, product, cloud string, group int, amount money.Amount, at, posted int64) error {
	from := source{primary: clauseKey{f.Agreement.Name, f.Clause.Head().ID}, off: group}
	p, err := s.sharesOf(t, from, product, cloud, f.Agreement.Currency)
	if err != nil {
		return err
	}
	return s.accrueFlow(flow{sale: p, streams: []money.Amount{amount}, at: at, posted: posted, kind: flowFee})
}

// A Provisional is what a share was brought in another currency and converted at a rate that is not final yet.
type Provisional struct {
	Agreement, Clause string
	Source            string // of the rates
	From, To          money.Currency
	Day               int32
	Amount            money.Amount // as it was brought
	Base              money.Amount // as it is converted so far
}

// Provisionals returns what stands at rates that are not final, of instants before until, in canonical order. It is final
// once a rate is recorded that is dated after the month or the period.
func (s *State) Provisionals(until time.Time) []Provisional {
	var all []Provisional
	for _, sh := range s.sortedShares() {
		for _, e := range sh.foreign {
			if e.final || e.source.IsZero() || e.at >= until.UnixNano() || e.group >= 0 {
				continue
			}
			p := Provisional{Agreement: sh.key.agreement, Clause: sh.key.clause, From: e.from, Day: e.day, Amount: e.source, Base: e.sum}
			if t, ok := s.terms[e.terms]; ok {
				if f, ok := s.shareOf(t, sh); ok {
					p.To, p.Source = f.Agreement.Currency, f.Clause.(*agreement.RevenueShare).FX.Source
				}
			}
			all = append(all, p)
		}
	}
	return all
}
