package focus

import (
	"fmt"
	"io"
	"strings"
	"time"

	"concord/money"
)

// A Charge is one row of a provider's export, as far as it matters here. Its texts are valid until the next one is read.
type Charge struct {
	Line       int
	Provider   string
	Account    string
	Currency   money.Currency
	Invoice    string
	Region     string
	Category   string
	Correction bool
	Start, End int64 // ns UTC
	Quantity   money.Amount
	Counted    bool // Quantity and Unit are there
	Unit       Unit
	Price      money.Amount // of PriceUnit, as agreed, else as listed
	HasPrice   bool
	PriceUnit  Unit
	Cost       money.Amount
	Places     int // decimals of the cost, as printed

	SKU, Meter, SKUPrice, Description, Resource string
}

// A Bill reads a provider's export of one billing period.
type Bill struct {
	Cloud    string         // whose export it is; rows that name another one that is known are an error; "" = any
	Currency money.Currency // of what it is held against; "" = any

	t           *table
	from, until int64
	currency    string
	currencyAt  int
	at          billColumns
	times       map[string]int64
	units       map[string]Unit
	Rows        int64 // of the billing period
	Corrections int64
	Others      int64  // rows of other billing periods, which are left out
	OtherLine   int    // first of them
	OtherPeriod string // when its billing period begins, as it is written
}

type billColumns struct {
	provider, account, currency, invoice, region, category, class, billingStart, billingEnd, start, end int
	consumed, consumedUnit, pricing, pricingUnit, contracted, list, cost                                int
	sku, meter, skuPrice, description, resource                                                         int
}

// OpenBill reads the names of the columns of an export, of any version from 1.0 to 1.4. Rows of other billing periods than the one
// from one instant until another are left out and counted; a billing period that is neither the same nor apart is an error.
func OpenBill(file string, r io.Reader, from, until int64) (*Bill, error) {
	t, err := openTable(file, r)
	if err != nil {
		return nil, err
	}
	b := &Bill{t: t, from: from, until: until, times: map[string]int64{}, units: map[string]Unit{}}
	var lack []string
	need := func(names ...string) int {
		i := t.like(names...)
		if i < 0 {
			lack = append(lack, strings.Join(names, " or "))
		}
		return i
	}
	b.at = billColumns{
		provider: t.like("HostProviderName", "ProviderName", "ServiceProviderName"),
		account:  need("BillingAccountId"), currency: need("BillingCurrency"), cost: need("BilledCost"), category: need("ChargeCategory"),
		billingStart: need("BillingPeriodStart"), billingEnd: need("BillingPeriodEnd"), start: need("ChargePeriodStart"), end: need("ChargePeriodEnd"),
		class: t.like("ChargeClass"), invoice: t.like("InvoiceId"), region: t.like("RegionId", "Region"),
		consumed: t.like("ConsumedQuantity", "UsageQuantity"), consumedUnit: t.like("ConsumedUnit", "UsageUnit"), pricing: t.like("PricingQuantity"), pricingUnit: t.like("PricingUnit"),
		contracted: t.like("ContractedUnitPrice"), list: t.like("ListUnitPrice"),
		sku: t.like("SkuId"), meter: t.like("SkuMeter", "x_SkuMeterName", "x_UsageType"), skuPrice: t.like("SkuPriceId"), description: t.like("ChargeDescription"), resource: t.like("ResourceName", "ResourceId"),
	}
	if b.at.consumed < 0 && b.at.pricing < 0 {
		lack = append(lack, "ConsumedQuantity or PricingQuantity")
	}
	if b.at.sku < 0 && b.at.meter < 0 && b.at.skuPrice < 0 && b.at.description < 0 {
		lack = append(lack, "SkuMeter, SkuId or ChargeDescription")
	}
	if len(lack) > 0 {
		return nil, &Error{File: file, Line: 1, What: "columns are missing: " + strings.Join(lack, ", "),
			Remedy: "export the cost and usage dataset of FOCUS 1.0 to 1.4 with all its columns"}
	}
	return b, nil
}

// Next reads a row of the billing period into c; io.EOF after the last one.
func (b *Bill) Next(c *Charge) error {
	for {
		if err := b.t.next(); err != nil {
			return err
		}
		if wanted, err := b.charge(c); wanted || err != nil {
			return err
		}
	}
}

// charge reads the row; false for one of another billing period.
func (b *Bill) charge(c *Charge) (wanted bool, err error) {
	t, at := b.t, &b.at
	*c = Charge{Line: t.line(), Provider: t.text(at.provider), Account: t.text(at.account), Currency: money.Currency(t.text(at.currency)),
		Invoice: t.text(at.invoice), Region: t.text(at.region), Category: t.text(at.category),
		SKU: t.text(at.sku), Meter: t.text(at.meter), SKUPrice: t.text(at.skuPrice), Description: t.text(at.description), Resource: t.text(at.resource)}
	if cloud := cloudOf(c.Provider); b.Cloud != "" && cloud != "" && cloud != b.Cloud {
		return false, t.wrong(at.provider, fmt.Sprintf("this is an export of %s, and %s is reconciled", cloud, b.Cloud), "name the export's cloud with --cloud")
	}
	if wanted, err := b.period(c); err != nil || !wanted {
		return false, err
	}
	b.Rows++
	if c.Account == "" {
		return false, t.wrong(at.account, "a charge is billed to an account", "fetch the export again")
	}
	switch c.Category {
	case Usage, Purchase, Tax, Credit, Adjustment:
	default:
		return false, t.wrong(at.category, "it is none of Usage, Purchase, Tax, Credit and Adjustment", "fetch the export again, as FOCUS 1.0 to 1.4")
	}
	if class := t.text(at.class); class != "" {
		if class != Correction {
			return false, t.wrong(at.class, "the only class is Correction", "fetch the export again, as FOCUS 1.0 to 1.4")
		}
		c.Correction = true
		b.Corrections++
	}
	if !c.Correction && (c.Start < b.from || c.End > b.until) {
		return false, t.wrong(at.start, "the charge lies outside of its billing period and is no Correction", "name the export's period with --period, or fetch the export again")
	}
	return true, b.money(c)
}

// money reads the currency, the cost, the quantity and the price.
func (b *Bill) money(c *Charge) (err error) {
	t, at := b.t, &b.at
	if b.currency == "" {
		if len(c.Currency) != 3 || strings.ToUpper(string(c.Currency)) != string(c.Currency) {
			return t.wrong(at.currency, "it is not the code of a currency, such as USD", "reconcile an export in the currency of its invoice")
		}
		if b.Currency != "" && c.Currency != b.Currency {
			return t.wrong(at.currency, fmt.Sprintf("the costs of the journal are in %s", b.Currency), "export the billing account in that currency, as its invoice is")
		}
		b.currency, b.currencyAt = strings.Clone(string(c.Currency)), c.Line
	}
	if string(c.Currency) != b.currency {
		return t.wrong(at.currency, fmt.Sprintf("the rows up to here are in %s (line %d): amounts of two currencies cannot be added up", b.currency, b.currencyAt),
			"export one billing account and currency at a time")
	}
	c.Currency = money.Currency(b.currency)
	text := t.text(at.cost)
	if text == "" {
		return t.wrong(at.cost, "a charge has a cost, if only 0", "an export with quantities alone cannot be held against amounts")
	}
	if c.Cost, c.Places, err = ParseDecimal(text); err != nil {
		return t.wrong(at.cost, err.Error(), numberRemedy(text))
	}
	number := func(i int) (value money.Amount, ok bool) {
		text := t.text(i)
		if text == "" || err != nil {
			return value, false
		}
		if value, _, err = ParseDecimal(text); err != nil {
			err = t.wrong(i, err.Error(), numberRemedy(text))
		}
		return value, err == nil
	}
	if c.Quantity, c.Counted = number(at.consumed); c.Counted && t.text(at.consumedUnit) != "" {
		c.Unit = b.unit(t.text(at.consumedUnit))
	} else if c.Quantity, c.Counted = number(at.pricing); c.Counted {
		c.Unit = b.unit(t.text(at.pricingUnit))
	}
	if c.Price, c.HasPrice = number(at.contracted); !c.HasPrice {
		c.Price, c.HasPrice = number(at.list)
	}
	c.PriceUnit = c.Unit
	if unit := t.text(at.pricingUnit); unit != "" {
		c.PriceUnit = b.unit(unit)
	}
	return err
}

// unit reads a unit; few stand in a file.
func (b *Bill) unit(s string) Unit {
	u, ok := b.units[s]
	if !ok {
		if len(b.units) > 1024 {
			clear(b.units)
		}
		u = ParseUnit(strings.Clone(s))
		b.units[strings.Clone(s)] = u
	}
	return u
}

// period reads the instants and holds them against the billing period; false for a row of another one.
func (b *Bill) period(c *Charge) (wanted bool, err error) {
	t, at := b.t, &b.at
	var instants [4]int64
	for i, column := range []int{at.billingStart, at.billingEnd, at.start, at.end} {
		ns, err := b.instant(t.text(column))
		if err != nil {
			return false, t.wrong(column, err.Error(), "exports of FOCUS are in UTC throughout: 2026-05-01T00:00:00Z")
		}
		instants[i] = ns
	}
	const byMonths = "bills are by calendar months of UTC: name the one of the export with --period, or fetch an export of it"
	switch begins, ends := instants[0], instants[1]; {
	case ends <= begins:
		return false, t.wrong(at.billingEnd, "the billing period ends before it begins", byMonths)
	case ends <= b.from || begins >= b.until:
		if b.Others++; b.Others == 1 {
			b.OtherLine, b.OtherPeriod = t.line(), strings.Clone(t.text(at.billingStart))
		}
		return false, nil
	case begins != b.from:
		return false, t.wrong(at.billingStart, "the billing period that is reconciled begins at "+stamp(b.from)+", and this one overlaps it", byMonths)
	case ends != b.until:
		return false, t.wrong(at.billingEnd, "the billing period that is reconciled ends at "+stamp(b.until)+", and this one overlaps it", byMonths)
	}
	if c.Start, c.End = instants[2], instants[3]; c.End <= c.Start {
		return false, t.wrong(at.end, "the charge ends before it begins: ends are exclusive", "fetch the export again")
	}
	return true, nil
}

// layouts are how clouds write an instant of UTC.
func layouts() []string {
	return []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05"}
}

// instant reads an instant of UTC. Few stand in a file, and they recur.
func (b *Bill) instant(s string) (int64, error) {
	if ns, ok := b.times[s]; ok {
		return ns, nil
	}
	ns, err := parseInstant(s)
	if err != nil {
		return 0, err
	}
	if len(b.times) > 8192 {
		clear(b.times)
	}
	b.times[strings.Clone(s)] = ns
	return ns, nil
}

func parseInstant(s string) (int64, error) {
	for _, layout := range layouts() {
		at, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if _, offset := at.Zone(); offset != 0 {
			return 0, fmt.Errorf("it is in another zone than UTC")
		}
		if at.Year() < 2000 || at.Year() > 2200 {
			return 0, fmt.Errorf("no charge is of the year %d", at.Year())
		}
		return at.UnixNano(), nil
	}
	return 0, fmt.Errorf("it is not an instant such as 2026-05-01T00:00:00Z")
}

// cloudOf returns the cloud that a provider's name stands for; "" for names that are not known.
func cloudOf(provider string) string {
	switch strings.ToLower(provider) {
	case "aws", "amazon web services", "amazon web services, inc.":
		return "aws"
	case "microsoft", "azure", "microsoft azure":
		return "azure"
	case "google", "google cloud", "google cloud platform", "gcp":
		return "gcp"
	case "alibaba", "alibaba cloud", "aliyun":
		return "alibaba"
	case "openai":
		return "openai"
	}
	return ""
}
