package settlement

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// longestStretch is what a row of activity spans at most: a day of 25 hours, and an hour to spare.
const longestStretch = 26 * time.Hour

// Add counts what the books have of the period, without looking at records. False says that some row spans more than one
// period, or more than one version of the terms, as they are known now: then the records themselves are to be counted, by
// another Tally.
func (t *Tally) Add(rows []ledger.ActivityRow) (whole bool, err error) {
	first, last := ledger.ActivityRange(t.period.From.Add(-longestStretch).UnixNano(), t.period.Until.UnixNano())
	begin, _ := slices.BinarySearchFunc(rows, first, func(r ledger.ActivityRow, key []byte) int { return bytes.Compare(r.Key, key) })
	from, until := t.period.From.UnixNano(), t.period.Until.UnixNano()
	for _, row := range rows[begin:] {
		if bytes.Compare(row.Key, last) >= 0 {
			break
		}
		a, err := row.Read()
		if err != nil {
			return false, err
		}
		if a.Last < from || a.First >= until {
			continue
		}
		if a.First < from || a.Last >= until {
			return false, nil
		}
		if a.Kind == journal.KindRecord {
			whole, err = t.requests(&a)
		} else {
			whole, err = t.corrections(&a)
		}
		if err != nil || !whole {
			return false, err
		}
	}
	return true, nil
}

// requests counts a row of records.
func (t *Tally) requests(a *ledger.Activity) (whole bool, err error) {
	owner := ""
	if a.Seller == "" {
		owner = t.owners[a.Product]
	}
	served := a.Tried != ""
	whole = true
	return whole, t.each(a.Seller, owner, func(c *counts) error {
		if a.Refused {
			c.refused[cmp.Or(a.Detail, "refused")] += a.Count
			return nil
		}
		c.requests += a.Count
		if a.Unpriced != "" {
			for class := range strings.SplitSeq(a.Unpriced, ",") {
				c.unpriced[class] += a.Count
			}
		}
		if a.Charged {
			if err := addMany(c.evidence, gradeKey{a.Evidence, a.Currency}, a.Amount, a.Count); err != nil {
				return err
			}
			where := cmp.Or(t.lands[a.Customer], "not known")
			if served {
				where += ", processed in " + cmp.Or(t.zones[a.Deployment], "not known")
			}
			if err := addMany(c.territory, gradeKey{where, a.Currency}, a.Amount, a.Count); err != nil {
				return err
			}
		}
		if served {
			terms := termsAt(t.history, time.Unix(0, a.First))
			if terms != termsAt(t.history, time.Unix(0, a.Last)) {
				whole = false
				return nil
			}
			t.ordering(c, terms, a)
		}
		return nil
	})
}

// ordering holds requests that were served alike to the delivery clause that orders their product.
func (t *Tally) ordering(c *counts, terms *agreement.Terms, a *ledger.Activity) {
	d := t.orders(terms, a.Product)
	if d == nil {
		return
	}
	if c.delivered[d.ID] == nil {
		c.delivered[d.ID] = map[Leaving]int64{}
	}
	left := Leaving{}
	if !slices.Contains(d.Order[0], a.Cloud) {
		left = Leaving{To: a.Cloud, After: "not tried"}
		for tried := range strings.SplitSeq(a.Tried, ",") {
			if cloud, outcome, ok := strings.Cut(tried, "="); ok && slices.Contains(d.Order[0], cloud) {
				left.After = outcome
			}
		}
	}
	c.delivered[d.ID][left] += a.Count
}

// orders returns the delivery clause that orders a product; nil = none.
func (t *Tally) orders(terms *agreement.Terms, product string) *agreement.Delivery {
	for _, f := range terms.Clauses() {
		d, ok := f.Clause.(*agreement.Delivery)
		if ok && f.Agreement.Name == t.agreement.Name && len(d.Order) > 0 && d.Products.Matches(product) {
			return d
		}
	}
	return nil
}

// corrections counts a row of what was recorded of earlier sales.
func (t *Tally) corrections(a *ledger.Activity) (whole bool, err error) {
	from := t.period.From.UnixNano()
	if a.SoldFirst >= from {
		return true, nil
	}
	zone := t.period.From.Location()
	period := PeriodOf(periodKind(t.period.Name), time.Unix(0, a.SoldFirst), zone)
	if a.SoldLast >= from || PeriodOf(periodKind(t.period.Name), time.Unix(0, a.SoldLast), zone) != period {
		return false, nil
	}
	k := Correction{Kind: a.Kind.String(), Period: period, Cloud: a.Cloud, Product: a.Product, Of: a.Currency, Cites: a.Detail}
	return true, t.each(a.Seller, "", func(c *counts) error { return addMany(c.corrected, k, a.Amount, a.Count) })
}

func addMany[K comparable](m map[K]graded, k K, amount money.Amount, count int64) (err error) {
	g := m[k]
	g.count += count
	g.amount, err = g.amount.Add(amount)
	m[k] = g
	return err
}
