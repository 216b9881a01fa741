package focus

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"concord/money"
)

// Rows returns what was taken in, in the order of time, account and SKU.
func (x *Exporter) Rows() ([]Row, error) {
	keys := slices.SortedFunc(maps.Keys(x.rows), func(a, b rowKey) int { return a.compare(&b) })
	var out []Row
	for i := range keys {
		rows, err := rowsOf(&keys[i], x.rows[keys[i]])
		if err != nil {
			return nil, fmt.Errorf("row of %s at %s: %w", keys[i].sku, stamp(keys[i].start), err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

// rowsOf writes a sum. Quantity x unit price is the cost exactly: the price is the nearest one of twelve decimals, and what it
// leaves of the sum stands in a row of its own, an Adjustment.
func rowsOf(k *rowKey, s *rowSum) ([]Row, error) {
	r := Row{Account: k.account, AccountName: k.accountName, Currency: k.currency, BillingStart: k.billing, BillingEnd: cmp.Or(k.billed, nextMonth(k.billing)), Start: k.start, End: k.end,
		Category: k.category, Class: k.class, Description: k.description, Frequency: k.frequency, Cost: s.cost, ListCost: s.list, Host: k.host, Service: k.service,
		Provider: k.provider, Issuer: k.issuer, Invoice: k.invoice, Region: k.region, ServiceName: k.serviceName, Agreement: k.agreement, Clause: k.clause, Terms: k.terms,
		Stream: k.stream, Product: k.product, Entry: k.entry, Requests: s.requests, Meter: k.meter, SKU: k.sku}
	if k.counts != "" {
		r.Consumed, r.ConsumedUnit = s.requests, k.counts
	}
	priced := k.unit != "" && (k.class == "" || k.late) && (k.category == Usage || k.category == Purchase)
	if !priced || s.quantity <= 0 {
		if priced { // what was corrected to nothing leaves nothing, or a remainder
			r.Category, r.ConsumedUnit = Adjustment, ""
		}
		r.Applied, _ = s.split(s.cost, money.Amount{})
		if r.Cost.IsZero() && r.ListCost.IsZero() {
			return nil, nil
		}
		return []Row{r}, nil
	}
	r.Priced, r.Quantity, r.Unit = true, s.quantity, k.unit
	var err error
	if r.UnitPrice, r.Cost, err = unitPrice(s.cost, s.quantity); err != nil {
		return nil, err
	}
	if r.ListUnitPrice, r.ListCost, err = unitPrice(s.list, s.quantity); err != nil {
		return nil, err
	}
	r.SKUPrice = r.SKU + "@" + r.UnitPrice.String()
	rest := r
	if rest.Cost, err = s.cost.Sub(r.Cost); err != nil {
		return nil, err
	}
	if rest.ListCost, err = s.list.Sub(r.ListCost); err != nil {
		return nil, err
	}
	r.Applied, rest.Applied = s.split(r.Cost, rest.Cost)
	if rest.Cost.IsZero() && rest.ListCost.IsZero() {
		return []Row{r}, nil
	}
	rest.Category, rest.Priced, rest.SKU, rest.SKUPrice, rest.Meter, rest.Requests, rest.ConsumedUnit = Adjustment, false, "", "", "", 0, ""
	rest.Description = "Remainder of " + k.description + " beyond twelve decimals of its unit price"
	return []Row{r, rest}, nil
}

// unitPrice returns the price nearest to cost / quantity, and what the quantity costs at it.
func unitPrice(cost money.Amount, quantity int64) (unit, total money.Amount, err error) {
	if unit, err = nearest(pico(cost), big.NewInt(quantity)); err != nil {
		return unit, total, err
	}
	total, err = unit.MulInt(quantity)
	return unit, total, err
}

// SameMonth reports whether two instants lie in one billing period: a calendar month of UTC.
func SameMonth(a, b int64) bool { return month(a) == month(b) }
