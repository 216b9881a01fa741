package focus

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// A View is whose bill is written.
type View string

// The views. Each adds up by itself.
const (
	Sales View = "sales" // what sellers bill customers: sales, refunds, credits, taxes
	Costs View = "costs" // what clouds bill account holders
	Fees  View = "fees"  // what parties bill parties apart from usage: fees, shortfalls, credits, interest
)

// A Sold is a record as it is billed.
type Sold struct {
	Entry  *journal.Entry
	Record *journal.Record
	Lines  []pricing.Line   // the price, with what was corrected in its billing period
	Costs  [][]pricing.Line // of the attempts, likewise
	Terms  *agreement.Terms // in force when it was admitted
	Places []Place          // of the attempts
}

// A Revision is what a later billing period says of a sale or a cost.
type Revision struct {
	Sold
	Entry   *journal.Entry // of the correction
	Attempt int            // -1 = the sale
	Was     []pricing.Line
	Now     []pricing.Line
}

// An Exporter sums entries up to rows: by hour, SKU, cloud and customer. What it holds grows with these, not with requests. It is
// not safe for concurrent use.
type Exporter struct {
	view View
	rows map[rowKey]*rowSum
	name func(customer string) string
}

// rowKey is what is the same in all that makes one row.
type rowKey struct {
	billing, start, end          int64
	account, accountName         string
	currency                     money.Currency
	category, class, description string
	frequency, sku, meter        string
	host, service                string
	provider, issuer, invoice    string
	region, serviceName          string
	agreement, clause, terms     string
	stream, product, entry       string
	unit                         string
	list                         money.Amount // price of one, as listed, of the whole
}

func (k *rowKey) compare(o *rowKey) int {
	return cmp.Or(cmp.Compare(k.billing, o.billing), cmp.Compare(k.start, o.start), cmp.Compare(k.account, o.account), cmp.Compare(k.currency, o.currency),
		cmp.Compare(k.issuer, o.issuer), cmp.Compare(k.host, o.host), cmp.Compare(k.region, o.region), cmp.Compare(k.category, o.category), cmp.Compare(k.class, o.class),
		cmp.Compare(k.sku, o.sku), cmp.Compare(k.meter, o.meter), cmp.Compare(k.stream, o.stream), cmp.Compare(k.agreement, o.agreement), cmp.Compare(k.clause, o.clause),
		cmp.Compare(k.terms, o.terms), k.list.Cmp(o.list), cmp.Compare(k.entry, o.entry), cmp.Compare(k.description, o.description), cmp.Compare(k.end, o.end),
		cmp.Compare(k.product, o.product), cmp.Compare(k.provider, o.provider), cmp.Compare(k.service, o.service), cmp.Compare(k.invoice, o.invoice),
		cmp.Compare(k.frequency, o.frequency), cmp.Compare(k.unit, o.unit), cmp.Compare(k.serviceName, o.serviceName), cmp.Compare(k.accountName, o.accountName))
}

type rowSum struct {
	quantity   int64
	cost, list money.Amount
	requests   int64
}

// NewExporter begins an export; name gives customers their names.
func NewExporter(v View, name func(customer string) string) (*Exporter, error) {
	if v != Sales && v != Costs && v != Fees {
		return nil, fmt.Errorf("view %q: use sales, costs or fees", v)
	}
	return &Exporter{view: v, rows: map[rowKey]*rowSum{}, name: name}, nil
}

func (x *Exporter) add(k rowKey, quantity int64, cost, list money.Amount, requests int64) (err error) {
	s, ok := x.rows[k]
	if !ok {
		s = &rowSum{}
		x.rows[k] = s
	}
	if s.cost, err = s.cost.Add(cost); err == nil {
		s.list, err = s.list.Add(list)
	}
	if err != nil {
		return fmt.Errorf("add up %s at %s: %w", k.sku, stamp(k.start), err)
	}
	s.quantity += quantity
	s.requests += requests
	return nil
}

// month returns the first instant of the calendar month of UTC.
func month(ns int64) int64 {
	at := time.Unix(0, ns).UTC()
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC).UnixNano()
}

func nextMonth(ns int64) int64 { return time.Unix(0, ns).UTC().AddDate(0, 1, 0).UnixNano() }

// Record takes a record.
func (x *Exporter) Record(s *Sold) error {
	switch x.view {
	case Sales:
		return x.sale(s)
	case Costs:
		for i, lines := range s.Costs {
			if err := x.cost(s, i, lines); err != nil {
				return err
			}
		}
	}
	return nil
}

// saleKey is what all rows of a sale have in common.
func (x *Exporter) saleKey(s *Sold) (k rowKey, sale *agreement.Sale, err error) {
	r := s.Record
	if r.Served < 0 || r.Served >= len(r.Attempts) {
		return k, nil, fmt.Errorf("the customer is charged, but no attempt served")
	}
	served := &r.Attempts[r.Served]
	in, sale, ok := s.Terms.Sale(served.Seller, r.Product, served.Cloud)
	if !ok {
		return k, nil, fmt.Errorf("no sale clause lets %s sell %s on %s", served.Seller, r.Product, served.Cloud)
	}
	at := start(s.Entry.Time, hour)
	k = rowKey{billing: month(at), start: at, end: at + hour, account: r.Customer, accountName: x.name(r.Customer), currency: r.Currency,
		category: Usage, frequency: "Usage-Based", host: served.Cloud, service: owner(s.Terms, r.Product), provider: partyName(s.Terms, served.Seller),
		issuer: partyName(s.Terms, served.Seller), serviceName: r.Product, agreement: in.Agreement.Name, clause: sale.ID, terms: s.Terms.Hash().String(), product: r.Product}
	if r.Served < len(s.Places) {
		k.region = s.Places[r.Served].Region
	}
	return k, sale, nil
}

func (x *Exporter) sale(s *Sold) error {
	if len(s.Lines) == 0 {
		return nil
	}
	k, sale, err := x.saleKey(s)
	if err != nil {
		return err
	}
	tier := s.Record.Usage.Tier
	err = split(s.Lines, sale.Streams, func(l *pricing.Line, stream string, cost, list money.Amount) error {
		k := k
		k.usage(l, tier, stream)
		return x.add(k, l.Quantity, cost, list, 1)
	})
	if err != nil {
		return err
	}
	return x.tax(k, s.Lines, nil, sale.Tax)
}

// usage names what a line of a price is about.
func (k *rowKey) usage(l *pricing.Line, tier usage.Tier, stream string) {
	k.stream, k.meter, k.unit, k.list = stream, meterOf(l.Class, tier), unitOf(l.Class), l.Unit
	k.sku = k.product + "/" + k.meter + "/" + stream
	k.description = k.product + " " + k.meter + ", " + stream + " part"
}

// meterOf keeps classes apart that are priced apart, whatever clouds call them.
func meterOf(c usage.Class, tier usage.Tier) string {
	if tier == usage.Standard {
		return c.String()
	}
	return c.String() + "/" + tier.String()
}

func unitOf(c usage.Class) string {
	switch c {
	case usage.Images:
		return Images
	case usage.Seconds:
		return Seconds
	case usage.Characters:
		return Characters
	}
	return Tokens
}

// split takes the lines of a price apart by stream, so that the parts of a line are its amount, and those of a stream over all
// lines what the ledger posts for the stream: each line gets what the split of the sum grows by.
func split(lines []pricing.Line, streams []agreement.Stream, do func(l *pricing.Line, stream string, cost, list money.Amount) error) error {
	parts := make([]money.Rate, len(streams))
	for i := range streams {
		parts[i] = streams[i].Part
	}
	var sum, listed money.Amount
	costs, lists := make([]money.Amount, len(streams)), make([]money.Amount, len(streams))
	for i := range lines {
		l := &lines[i]
		list, err := l.Unit.MulInt(l.Quantity)
		if err == nil {
			sum, err = sum.Add(l.Amount)
		}
		if err == nil {
			listed, err = listed.Add(list)
		}
		if err != nil {
			return err
		}
		upTo, err := money.Split(sum, parts, money.Scale)
		if err != nil {
			return err
		}
		listUpTo, err := money.Split(listed, parts, money.Scale)
		if err != nil {
			return err
		}
		for j := range streams {
			cost, err := upTo[j].Sub(costs[j])
			if err != nil {
				return err
			}
			list, err := listUpTo[j].Sub(lists[j])
			if err != nil {
				return err
			}
			if err := do(l, streams[j].Name, cost, list); err != nil {
				return err
			}
		}
		costs, lists = upTo, listUpTo
	}
	return nil
}

// tax adds the tax of a price that was, and is now, something else.
func (x *Exporter) tax(k rowKey, now, was []pricing.Line, rate money.Rate) error {
	if rate.IsZero() {
		return nil
	}
	amount, err := taxOf(now, rate)
	if err != nil {
		return err
	}
	before, err := taxOf(was, rate)
	if err != nil {
		return err
	}
	if amount, err = amount.Sub(before); err != nil {
		return err
	}
	k.taxed()
	return x.add(k, 0, amount, amount, 1)
}

// taxed makes a key one of a tax.
func (k *rowKey) taxed() {
	k.category, k.description, k.stream, k.sku, k.meter, k.unit, k.list, k.frequency = Tax, "Tax on "+k.product, "", "", "", "", money.Amount{}, "Usage-Based"
}

func taxOf(lines []pricing.Line, rate money.Rate) (money.Amount, error) {
	var sum money.Amount
	var err error
	for i := range lines {
		if sum, err = sum.Add(lines[i].Amount); err != nil {
			return sum, err
		}
	}
	return sum.MulRate(rate, money.HalfEven)
}

// costKey is what all rows of the cost of an attempt have in common.
func (x *Exporter) costKey(s *Sold, i int) rowKey {
	r, t := s.Record, &s.Record.Attempts[i]
	at := start(s.Entry.Time, hour) // as the books have it
	operator, _ := s.Terms.Operator(t.Cloud)
	payer := agreement.CostPayer(operator, t.Holder, t.Seller)
	p := s.Places[i]
	k := rowKey{billing: month(at), start: at, end: at + hour, account: cmp.Or(p.Account, payer), accountName: cmp.Or(p.Account, payer), currency: r.Currency,
		category: Usage, frequency: "Usage-Based", host: t.Cloud, service: owner(s.Terms, r.Product), provider: partyName(s.Terms, operator),
		issuer: partyName(s.Terms, operator), serviceName: r.Product, terms: s.Terms.Hash().String(), product: r.Product, region: p.Region, stream: "cost"}
	if in, c, ok := s.Terms.Capacity(payer, operator, t.Cloud); ok {
		k.agreement, k.clause = in.Agreement.Name, c.ID
	}
	return k
}

func (x *Exporter) cost(s *Sold, i int, lines []pricing.Line) error {
	if len(lines) == 0 {
		return nil
	}
	k := x.costKey(s, i)
	for j := range lines {
		l, k := &lines[j], k
		list, err := l.Unit.MulInt(l.Quantity)
		if err != nil {
			return err
		}
		k.charge(l, s.Places[i].Model, s.Record.Attempts[i].Usage.Tier)
		if err := x.add(k, l.Quantity, l.Amount, list, 1); err != nil {
			return err
		}
	}
	return nil
}

// charge names what a line of a cost is about.
func (k *rowKey) charge(l *pricing.Line, model string, tier usage.Tier) {
	k.meter, k.unit, k.list = meterOf(l.Class, tier), unitOf(l.Class), l.Unit
	k.sku = model + "/" + k.meter
	k.description = model + " " + k.meter
}

// Correct takes what a later billing period says of a record: rows of class Correction, in the hour of the record and the month
// of the correction.
func (x *Exporter) Correct(c *Revision) error {
	var k rowKey
	var err error
	var streams []agreement.Stream
	var tax money.Rate
	switch {
	case c.Attempt < 0 && x.view == Sales:
		var sale *agreement.Sale
		if k, sale, err = x.saleKey(&c.Sold); err != nil {
			return err
		}
		streams, tax = sale.Streams, sale.Tax
	case c.Attempt >= 0 && x.view == Costs:
		k = x.costKey(&c.Sold, c.Attempt)
		streams = []agreement.Stream{{Name: "cost", Part: money.Rate{Num: 1, Den: 1}}}
	default:
		return nil
	}
	k.billing, k.class, k.entry = month(c.Entry.Time), Correction, c.Entry.ID
	for _, part := range []struct {
		lines []pricing.Line
		sign  bool
	}{{c.Was, true}, {c.Now, false}} {
		err := split(part.lines, streams, func(l *pricing.Line, stream string, cost, list money.Amount) error {
			if part.sign {
				cost, list = cost.Neg(), list.Neg()
			}
			k := k
			if c.Attempt >= 0 {
				k.charge(l, c.Places[c.Attempt].Model, c.Record.Attempts[c.Attempt].Usage.Tier)
			} else {
				k.usage(l, c.Record.Usage.Tier, stream)
			}
			k.list, k.unit = money.Amount{}, ""
			k.description = "Correction of " + k.description
			return x.add(k, 0, cost, list, 0)
		})
		if err != nil {
			return err
		}
	}
	return x.tax(k, c.Now, c.Was, tax)
}

// owner returns the name of whose model a product is.
func owner(t *agreement.Terms, product string) string {
	if p, ok := t.Product(product); ok {
		return partyName(t, p.Owner)
	}
	return "Not Applicable"
}

// partyName returns a party's name.
func partyName(t *agreement.Terms, id string) string {
	if p, ok := t.Party(id); ok && p.Name != "" {
		return p.Name
	}
	return cmp.Or(id, "Not Applicable")
}

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
	r := Row{Account: k.account, AccountName: k.accountName, Currency: k.currency, BillingStart: k.billing, BillingEnd: nextMonth(k.billing), Start: k.start, End: k.end,
		Category: k.category, Class: k.class, Description: k.description, Frequency: k.frequency, Cost: s.cost, ListCost: s.list, Host: k.host, Service: k.service,
		Provider: k.provider, Issuer: k.issuer, Invoice: k.invoice, Region: k.region, ServiceName: k.serviceName, Agreement: k.agreement, Clause: k.clause, Terms: k.terms,
		Stream: k.stream, Product: k.product, Entry: k.entry, Requests: s.requests, Meter: k.meter, SKU: k.sku}
	priced := k.unit != "" && k.class == "" && (k.category == Usage || k.category == Purchase)
	if !priced || s.quantity <= 0 {
		if priced { // what was corrected to nothing leaves nothing, or a remainder
			r.Category = Adjustment
		}
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
	if rest.Cost.IsZero() && rest.ListCost.IsZero() {
		return []Row{r}, nil
	}
	rest.Category, rest.Priced, rest.SKU, rest.SKUPrice, rest.Meter, rest.Requests = Adjustment, false, "", "", "", 0
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
