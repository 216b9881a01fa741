package focus

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// A Call is an attempt at a cloud, as the journal has it now: with what corrections say of its cost.
type Call struct {
	Place
	At       int64 // when it was sent, ns UTC
	Tier     usage.Tier
	Lines    []pricing.Line // what the cloud charges
	Currency money.Currency
	Unsure   bool // nobody said yet what the cloud charges
}

// A series is everything of a bucket but its time.
type series struct{ account, region, model, meter string }

func (s series) compare(o series) int {
	return cmp.Or(cmp.Compare(s.account, o.account), cmp.Compare(s.region, o.region), cmp.Compare(s.model, o.model), cmp.Compare(s.meter, o.meter))
}

type bucketKey struct {
	series int32
	from   int64
}

// A Side is what one of the two says.
type Side struct {
	Quantity money.Amount // of tokens, images, seconds or characters
	Cost     money.Amount
	Rows     int64 // of the export; on our side, priced lines
}

type bucket struct {
	ours, theirs     Side
	unit, theirUnit  money.Amount // price of one; of theirs as stated
	mixed, theirMix  bool         // there are several
	priced, thePrice bool         // unit, theirUnit are there
	line             int          // first of the export
}

// A Reconciler holds a provider's export against calls. What it holds grows with hours, models and meters, not with rows. It
// is not safe for concurrent use.
type Reconciler struct {
	mapping     *Mapping
	from, until int64
	step        int64 // length of a bucket, ns
	names       []series
	ids         map[series]int32
	buckets     map[bucketKey]*bucket
	known       map[skuKey]int32
	prices      map[priceKey]money.Amount // of one
	unsure      map[bucketKey]int64       // calls whose cost is not sure, by account, region and model
	invoices    map[string]*Side
	corrections map[bucketKey]*bucket
	apart       map[bucketKey]*bucket // charges that are no usage
	places      int                   // most decimals of a cost
	ours        money.Amount
	theirs      money.Amount
	rows, calls int64
	currency    money.Currency
	skipped     int64
	Owned       map[string]bool // accounts of which nobody is charged: rows of theirs are left out
}

// skuKey is what identifies the series of a charge.
type skuKey struct{ account, region, sku, meter, skuPrice, description, resource, thing, category string }

// priceKey is a price, and of how many things it is.
type priceKey struct {
	price money.Amount
	per   int64
}

const hour = int64(time.Hour)

// NewReconciler begins to reconcile a period, from one instant until another.
func NewReconciler(m *Mapping, from, until int64) *Reconciler {
	return &Reconciler{mapping: m, from: from, until: until, step: hour, ids: map[series]int32{}, buckets: map[bucketKey]*bucket{}, known: map[skuKey]int32{}, prices: map[priceKey]money.Amount{},
		unsure: map[bucketKey]int64{}, invoices: map[string]*Side{}, corrections: map[bucketKey]*bucket{}, apart: map[bucketKey]*bucket{}}
}

func (r *Reconciler) id(s series) int32 {
	id, ok := r.ids[s]
	if !ok {
		s = series{strings.Clone(s.account), strings.Clone(s.region), strings.Clone(s.model), strings.Clone(s.meter)}
		id = int32(len(r.names))
		r.names, r.ids[s] = append(r.names, s), id
	}
	return id
}

func at(all map[bucketKey]*bucket, k bucketKey) *bucket {
	b, ok := all[k]
	if !ok {
		b = &bucket{}
		all[k] = b
	}
	return b
}

// Currency returns what our costs are in; "" = there are none.
func (r *Reconciler) Currency() money.Currency { return r.currency }

// start returns the first instant of a bucket.
func start(ns, step int64) int64 { return ns - ns%step }

// Ours takes a call.
func (r *Reconciler) Ours(c *Call) error {
	if c.At < r.from || c.At >= r.until {
		return nil
	}
	r.calls++
	when := r.bucketOf(c.At)
	if c.Unsure {
		r.unsure[bucketKey{r.id(series{c.Account, c.Region, c.Model, ""}), when}]++
	}
	if len(c.Lines) > 0 && r.currency == "" {
		r.currency = c.Currency
	} else if len(c.Lines) > 0 && c.Currency != r.currency {
		return fmt.Errorf("the journal has costs at this cloud in %s and in %s: reconcile one account at a time, with --account", r.currency, c.Currency)
	}
	for i := range c.Lines {
		l := &c.Lines[i]
		b := at(r.buckets, bucketKey{r.id(series{c.Account, c.Region, c.Model, meterName(l.Class, c.Tier)}), when})
		if err := b.ours.add(money.FromUnits(l.Quantity), l.Amount, &r.ours); err != nil {
			return err
		}
		b.mixed = b.mixed || b.priced && b.unit != l.Unit
		b.unit, b.priced = l.Unit, true
	}
	return nil
}

// add adds a quantity and a cost, which goes to a total too.
func (s *Side) add(quantity, cost money.Amount, total *money.Amount) (err error) {
	if s.Quantity, err = s.Quantity.Add(quantity); err != nil {
		return fmt.Errorf("add up quantities: %w", err)
	}
	if s.Cost, err = s.Cost.Add(cost); err == nil {
		*total, err = total.Add(cost)
	}
	s.Rows++
	if err != nil {
		return fmt.Errorf("add up costs: %w", err)
	}
	return nil
}

// Theirs takes a charge of the export.
func (r *Reconciler) Theirs(c *Charge) (err error) {
	account := r.mapping.account(c.Account)
	if r.Owned[account] {
		r.skipped++
		return nil
	}
	r.rows++
	if r.currency == "" {
		r.currency = c.Currency
	}
	r.places = max(r.places, min(c.Places, money.Scale))
	if err := r.invoice(c); err != nil {
		return err
	}
	switch length := c.End - c.Start; {
	case c.Category != Usage || c.Correction:
	case length > 24*hour:
		err = r.coarsen(r.until - r.from)
	case length > hour:
		err = r.coarsen(24 * hour)
	}
	if err != nil {
		return err
	}
	into := r.buckets
	switch {
	case c.Correction:
		into = r.corrections
	case c.Category != Usage:
		into = r.apart
	}
	b := at(into, bucketKey{r.series(account, c), r.bucketOf(c.Start)})
	if b.line == 0 {
		b.line = c.Line
	}
	quantity, err := r.quantity(c)
	if err != nil {
		return err
	}
	if err = b.theirs.add(quantity, c.Cost, &r.theirs); err != nil {
		return fmt.Errorf("line %d: %w", c.Line, err)
	}
	if c.HasPrice && c.Counted {
		unit, err := r.priceOfOne(c)
		if err != nil {
			return err
		}
		b.theirMix = b.theirMix || b.thePrice && b.theirUnit != unit
		b.theirUnit, b.thePrice = unit, true
	}
	return nil
}

// priceOfOne is a charge's price of a single token or other thing. Prices recur, and a division is dear.
func (r *Reconciler) priceOfOne(c *Charge) (money.Amount, error) {
	if c.PriceUnit.Per == 1 {
		return c.Price, nil
	}
	k := priceKey{c.Price, c.PriceUnit.Per}
	if unit, ok := r.prices[k]; ok {
		return unit, nil
	}
	if len(r.prices) >= 1024 {
		clear(r.prices)
	}
	unit, err := quotientNear(c.Price, money.FromUnits(k.per))
	r.prices[k] = unit
	return unit, err
}

// bucketOf returns the first instant of the bucket of an instant.
func (r *Reconciler) bucketOf(ns int64) int64 {
	if r.step > 24*hour {
		return r.from
	}
	return start(ns, r.step)
}

// invoice sums by invoice.
func (r *Reconciler) invoice(c *Charge) error {
	sum, ok := r.invoices[c.Invoice]
	if !ok {
		if len(r.invoices) >= 100_000 {
			return fmt.Errorf("the export has more than %d invoices: is InvoiceId the number of an invoice?", len(r.invoices))
		}
		sum = &Side{}
		r.invoices[strings.Clone(c.Invoice)] = sum
	}
	var total money.Amount
	return sum.add(money.Amount{}, c.Cost, &total)
}

// quantity converts to single tokens, images, characters or seconds.
func (r *Reconciler) quantity(c *Charge) (money.Amount, error) {
	per := c.Unit.Per
	switch c.Unit.Thing {
	case Minutes:
		per *= 60
	case Hours:
		per *= 3600
	}
	q, err := c.Quantity.MulInt(per)
	if err != nil {
		return q, fmt.Errorf("line %d: the quantity %s is too large: %w", c.Line, c.Quantity, err)
	}
	return q, nil
}

// series finds what a charge is about. Texts of SKUs recur: what they mean is looked up once.
func (r *Reconciler) series(account string, c *Charge) int32 {
	k := skuKey{account, c.Region, c.SKU, c.Meter, c.SKUPrice, c.Description, c.Resource, c.Unit.Thing, c.Category}
	if id, ok := r.known[k]; ok {
		return id
	}
	model, meter := r.mapping.identify(c)
	if meter == "" || c.Category != Usage {
		meter = cmp.Or(meter, c.Meter, c.SKU, c.SKUPrice, c.Description, c.Category)
		if c.Category != Usage {
			meter = c.Category + ": " + meter
		}
	}
	id := r.id(series{account, r.mapping.region(account, model, c.Region), model, meter})
	if len(r.known) >= 1<<14 { // descriptions may differ from row to row
		clear(r.known)
	}
	for _, text := range []*string{&k.account, &k.region, &k.sku, &k.meter, &k.skuPrice, &k.description, &k.resource, &k.thing, &k.category} {
		*text = strings.Clone(*text)
	}
	r.known[k] = id
	return id
}

// coarsen makes buckets longer: an export by days is compared by days.
func (r *Reconciler) coarsen(step int64) error {
	if step <= r.step {
		return nil
	}
	r.step = step
	for _, all := range []*map[bucketKey]*bucket{&r.buckets, &r.corrections, &r.apart} {
		longer := make(map[bucketKey]*bucket, len(*all))
		for k, b := range *all {
			k.from = r.bucketOf(k.from)
			into, ok := longer[k]
			if !ok {
				longer[k] = b
				continue
			}
			if err := into.merge(b); err != nil {
				return err
			}
		}
		*all = longer
	}
	unsure := map[bucketKey]int64{}
	for k, n := range r.unsure {
		k.from = r.bucketOf(k.from)
		unsure[k] += n
	}
	r.unsure = unsure
	return nil
}

// merge adds another bucket of the same series.
func (b *bucket) merge(o *bucket) error {
	for _, p := range [][2]*Side{{&b.ours, &o.ours}, {&b.theirs, &o.theirs}} {
		var total money.Amount
		rows := p[0].Rows + p[1].Rows
		if err := p[0].add(p[1].Quantity, p[1].Cost, &total); err != nil {
			return err
		}
		p[0].Rows = rows
	}
	if o.priced {
		b.mixed = b.mixed || o.mixed || b.priced && b.unit != o.unit
		b.unit, b.priced = o.unit, true
	}
	if o.thePrice {
		b.theirMix = b.theirMix || o.theirMix || b.thePrice && b.theirUnit != o.theirUnit
		b.theirUnit, b.thePrice = o.theirUnit, true
	}
	if b.line == 0 || o.line > 0 && o.line < b.line {
		b.line = o.line
	}
	return nil
}

// sorted returns the keys of buckets by series and time.
func (r *Reconciler) sorted(all map[bucketKey]*bucket) []bucketKey {
	return slices.SortedFunc(maps.Keys(all), func(a, b bucketKey) int {
		return cmp.Or(r.names[a.series].compare(r.names[b.series]), cmp.Compare(a.from, b.from))
	})
}
