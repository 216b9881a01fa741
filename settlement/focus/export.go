package focus

import (
	"cmp"
	"fmt"
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
	// Statements is what parties state to parties: the lines of closed statements, and what fell due beside them.
	Statements View = "statements"
	// Commitments is another dataset: what parties are bound to buy.
	Commitments View = "commitments"
)

// views are those that rows of cost and usage are written of.
func views() []View { return []View{Sales, Costs, Fees, Statements} }

// A Sold is a record as it is billed.
type Sold struct {
	Entry  *journal.Entry
	Record *journal.Record
	Lines  []pricing.Line   // the price, with what was corrected in its billing period
	Costs  [][]pricing.Line // of the attempts, likewise
	Terms  *agreement.Terms // in force when it was admitted
	Places []Place          // of the attempts
	Came   journal.Cursor   // where in the journal it stands
}

// A Revision is what a later billing period says of a sale or a cost.
type Revision struct {
	Sold
	Entry   *journal.Entry // of the correction
	Came    journal.Cursor // where in the journal that stands
	Attempt int            // -1 = the sale
	Was     []pricing.Line
	Now     []pricing.Line
}

// An Exporter sums entries up to rows: by hour, SKU, cloud and customer. What it holds grows with these, not with requests. It is
// not safe for concurrent use.
type Exporter struct {
	Closings    *Closings // says which statement a charge stands on
	From, Until int64     // only what is billed between them; 0 = open

	view        View
	rows        map[rowKey]*rowSum
	name        func(customer string) string
	commitments map[*agreement.Terms][]draw
	drawn       map[string]money.Amount // of commitments that extend their window
}

// rowKey is what is the same in all that makes one row.
type rowKey struct {
	billing, billed              int64 // billing period; billed 0 = until the month after it begins
	start, end                   int64
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
	counts                       string       // unit of what was consumed, where it is not what is priced
	late                         bool         // usage of a period that was closed before it came
	skip                         bool         // it is billed outside of what is exported
}

func (k *rowKey) compare(o *rowKey) int {
	return cmp.Or(cmp.Compare(k.billing, o.billing), cmp.Compare(k.start, o.start), cmp.Compare(k.account, o.account), cmp.Compare(k.currency, o.currency),
		cmp.Compare(k.issuer, o.issuer), cmp.Compare(k.host, o.host), cmp.Compare(k.region, o.region), cmp.Compare(k.category, o.category), cmp.Compare(k.class, o.class),
		cmp.Compare(k.sku, o.sku), cmp.Compare(k.meter, o.meter), cmp.Compare(k.stream, o.stream), cmp.Compare(k.agreement, o.agreement), cmp.Compare(k.clause, o.clause),
		cmp.Compare(k.terms, o.terms), k.list.Cmp(o.list), cmp.Compare(k.entry, o.entry), cmp.Compare(k.description, o.description), cmp.Compare(k.end, o.end),
		cmp.Compare(k.product, o.product), cmp.Compare(k.provider, o.provider), cmp.Compare(k.service, o.service), cmp.Compare(k.invoice, o.invoice),
		cmp.Compare(k.frequency, o.frequency), cmp.Compare(k.unit, o.unit), cmp.Compare(k.serviceName, o.serviceName), cmp.Compare(k.accountName, o.accountName),
		cmp.Compare(k.billed, o.billed), cmp.Compare(k.counts, o.counts))
}

type rowSum struct {
	quantity   int64
	cost, list money.Amount
	requests   int64
	applied    []Applied
}

// NewExporter begins an export; name gives customers their names.
func NewExporter(v View, name func(customer string) string) (*Exporter, error) {
	if !slices.Contains(views(), v) {
		return nil, fmt.Errorf("view %q: use sales, costs, fees, statements or commitments", v)
	}
	return &Exporter{Closings: &Closings{}, view: v, rows: map[rowKey]*rowSum{}, name: name, commitments: map[*agreement.Terms][]draw{}, drawn: map[string]money.Amount{}}, nil
}

// outside reports whether what is billed at an instant is not exported.
func (x *Exporter) outside(at int64) bool { return at < x.From || x.Until != 0 && at >= x.Until }

func (x *Exporter) add(k rowKey, quantity int64, cost, list money.Amount, requests int64, applied ...Applied) (err error) {
	if k.skip {
		return nil
	}
	s, ok := x.rows[k]
	if !ok {
		s = &rowSum{}
		x.rows[k] = s
	}
	if s.cost, err = s.cost.Add(cost); err == nil {
		s.list, err = s.list.Add(list)
	}
	if err == nil {
		err = s.plus(applied)
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
	x.stand(&k, x.Closings.stand(k.agreement, served.Seller, r.Customer, s.Entry.Time, s.Came, false), s.Entry.Time)
	return k, sale, nil
}

// stand says which statement a charge is on. What came after its period was closed is a Correction in the month in which it is
// shown.
func (x *Exporter) stand(k *rowKey, s standing, at int64) {
	if k.invoice = s.invoice; s.late {
		at = s.shown
		k.billing, k.class, k.late = month(at), Correction, true
	}
	k.skip = x.outside(at)
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
	draws := x.draws(s.Terms, s.Record.Customer, s.Record.Attempts[s.Record.Served].Seller, k.host, k.product, true)
	err = split(s.Lines, sale.Streams, func(l *pricing.Line, stream string, cost, list money.Amount) error {
		k := k
		k.usage(l, tier, stream)
		applied, err := x.apply(draws, s.Entry.Time, stream, cost)
		if err != nil {
			return err
		}
		return x.add(k, l.Quantity, cost, list, 1, applied...)
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
	k.described(k.product + " " + k.meter + ", " + stream + " part")
}

// described says what a charge is, and that it came late.
func (k *rowKey) described(text string) {
	if k.description = text; k.late {
		k.description = "Late usage: " + text
	}
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
	case usage.WebSearches, usage.FileSearches, usage.Containers:
		return Calls
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
