package ledger

import (
	"math"

	"concord/agreement"
	"concord/money"
)

// FeeLicense is the fixed fee of a license.
const FeeLicense = "license-fee"

// licenseDue goes through the windows of a license's fee. It is earned evenly over the days in force, and what a month
// earned is due when the month ends; a fee that is not prorated is due whole on the first day in force of each window.
func (s *State) licenseDue(f agreement.InForce, c *agreement.License, now int64) ([]Demand, error) {
	fee, over := c.Fee, s.endOf(f)
	window, days := newCounter(widthOf(fee.Per), f.Agreement.Zone), newCounter(day, f.Agreement.Zone)
	d := Demand{Agreement: f.Agreement.Name, Clause: c.ID, Payer: c.Licensee, Payee: c.Licensor, Currency: f.Agreement.Currency}
	var all []Demand
	for at := s.feeFrom(f, f.Since.UnixNano()); at < over && at <= now; at = s.feeFrom(f, at) {
		if v, ok := s.versionAt(f, at).Clause.(*agreement.License); ok && v.Fee != nil {
			fee = v.Fee
		}
		from, until := window.bounds(at)
		var err error
		if fee.Prorate == "none" {
			d.From = at
			_, d.Until = days.bounds(at)
			all, err = s.demand(all, d, FeeLicense, fee.Amount, at, now)
		} else {
			all, err = s.feeByMonth(all, d, fee.Amount, span{from, until}, span{at, min(until, over)}, now)
		}
		if err != nil || until == math.MaxInt64 {
			return all, err
		}
		at = until
	}
	return all, nil
}

// feeByMonth adds what each month of a window earned of its fee, by days: what the days up to its end come to, less what those
// up to its start did.
func (s *State) feeByMonth(all []Demand, d Demand, fee money.Amount, whole, inForce span, now int64) ([]Demand, error) {
	zone := s.calendar(s.agreementOf(d.Agreement).Zone).zone
	months, days := newCounter(month, zone), newCounter(day, zone)
	n, err := countDays(days, whole)
	if err != nil {
		return nil, err
	}
	upTo := func(at int64) (money.Amount, error) {
		k, err := countDays(days, span{whole.from, at})
		if err != nil {
			return fee, err
		}
		return fee.MulRate(money.Rate{Num: k, Den: n}, money.Down)
	}
	before, err := upTo(inForce.from)
	for part := inForce.from; err == nil && part < inForce.until && part <= now; part = d.Until {
		_, end := months.bounds(part)
		d.From, d.Until = part, min(end, inForce.until)
		var sum, amount money.Amount
		if sum, err = upTo(d.Until); err != nil {
			break
		}
		if amount, err = sum.Sub(before); err != nil {
			break
		}
		all, err = s.demand(all, d, FeeLicense, amount, d.Until, now)
		before = sum
	}
	return all, err
}

// countDays returns the number of days of a span; a begun one counts.
func countDays(days *counter, s span) (int64, error) {
	all, err := spans(days, s.from, s.until)
	return int64(len(all)), err
}
