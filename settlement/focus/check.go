package focus

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"concord/money"
)

// A Finding is a rule of FOCUS that a file breaks.
type Finding struct {
	Line   int    `json:"line"`
	Column string `json:"column,omitempty"`
	Value  string `json:"value,omitempty"`
	Rule   string `json:"rule"` // column, null, value, period, product, currency, contract, x_
	What   string `json:"what"`
}

// Checked is what a check came to.
type Checked struct {
	Rows     int64     `json:"rows"`
	Findings []Finding `json:"findings"`
	More     int64     `json:"more"` // findings that are not listed
}

// maxFindings bounds the list: one mistake may stand in every row.
const maxFindings = 200

// mandatory are the columns that a file has, whatever it is about.
func mandatory() []string {
	return []string{"BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
		"ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "HostProviderName", "InvoiceIssuerName", "ListCost",
		"PricingQuantity", "PricingUnit", "ServiceCategory", "ServiceName", "ServiceProviderName"}
}

// optional are the other columns of versions 1.0 to 1.4, as far as they are known here.
func optional() []string {
	return []string{"AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId", "AllocatedResourceName", "AllocatedTags", "AvailabilityZone", "BillingAccountType",
		"CapacityReservationId", "CapacityReservationStatus", "ChargeFrequency", "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName",
		"CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit", "ContractApplied",
		"ContractedUnitPrice", "InvoiceDetailId", "InvoiceId", "ListUnitPrice", "PricingCategory", "PricingCurrency", "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost",
		"PricingCurrencyListUnitPrice", "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceSubcategory", "SkuId",
		"SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType", "Tags"}
}

// allowed is a column that takes some texts only.
type allowed struct {
	column string
	texts  []string
}

// values are the columns that do.
func values() []allowed {
	return []allowed{
		{"ChargeCategory", []string{Usage, Purchase, Tax, Credit, Adjustment}},
		{"ChargeClass", []string{"", Correction}},
		{"ChargeFrequency", []string{"One-Time", "Recurring", "Usage-Based"}},
		{"PricingCategory", []string{"", "Standard", "Dynamic", "Committed", "Other"}},
		{"ServiceCategory", []string{serviceCategory, "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools", "Multicloud", "Identity", "Integration",
			"Internet of Things", "Management and Governance", "Media", "Migration", "Mobile", "Networking", "Security", "Storage", "Web", "Other"}},
	}
}

// A checker holds the rows of a file to the rules of FOCUS 1.3.
type checker struct {
	t        *table
	done     Checked
	allowed  []allowed
	currency map[string]string // of an account and billing period
	numbers  []string
}

// Check reads a file of FOCUS 1.3, of cost and usage or of contract commitments, which its columns tell, and lists what is wrong with it: columns that are missing or have no name of FOCUS or x_, nulls
// where a value is needed and values where null is, texts that are not allowed, products that are not exact, charges outside of
// their period, and accounts billed in two currencies. The error is for a file that cannot be read at all.
func Check(file string, r io.Reader) (*Checked, error) {
	t, err := openTable(file, r)
	if err != nil {
		return nil, err
	}
	c := &checker{t: t, done: Checked{Findings: []Finding{}}, allowed: values(), currency: map[string]string{},
		numbers: []string{"BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ListUnitPrice", "ContractedUnitPrice", "PricingQuantity", "ConsumedQuantity"}}
	if t.has("ContractCommitmentId") && !t.has("BilledCost") {
		return c.checkCommitments()
	}
	c.columns(mandatory(), optional())
	for {
		err := t.next()
		if errors.Is(err, io.EOF) {
			return &c.done, nil
		}
		if err != nil {
			return nil, err
		}
		c.done.Rows++
		c.row()
	}
}

func (c *checker) find(line int, column, rule, what string) {
	if len(c.done.Findings) >= maxFindings {
		c.done.More++
		return
	}
	f := Finding{Line: line, Column: column, Rule: rule, What: what}
	if i, ok := c.t.columns[column]; ok && line > 1 {
		f.Value = clip(c.t.row[i])
	}
	c.done.Findings = append(c.done.Findings, f)
}

// customName is how a column is named that FOCUS does not have.
var customName = regexp.MustCompile(`^x_[A-Za-z][A-Za-z0-9_]*$`)

// columns holds the header to the columns that must be there, and to those that may.
func (c *checker) columns(must, may []string) {
	for _, name := range must {
		if !c.t.has(name) {
			c.find(1, name, "column", "the column is mandatory and is not there")
		}
	}
	for _, name := range c.t.names {
		switch {
		case slices.Contains(must, name), slices.Contains(may, name), customName.MatchString(name):
		default:
			c.find(1, name, "x_", "FOCUS has no such column: a column of one's own begins with x_")
		}
	}
}

// text returns a field of the row by name; "" = null, or no such column.
func (c *checker) text(name string) string { return c.t.text(c.t.at(name)) }

// need finds null where a value is needed.
func (c *checker) need(why string, names ...string) {
	for _, name := range names {
		if c.t.has(name) && c.text(name) == "" {
			c.find(c.t.line(), name, "null", "it is null"+why)
		}
	}
}

// none finds a value where null is needed.
func (c *checker) none(why string, names ...string) {
	for _, name := range names {
		if c.text(name) != "" {
			c.find(c.t.line(), name, "null", "it is not null"+why)
		}
	}
}

func (c *checker) row() {
	line := c.t.line()
	for _, a := range c.allowed {
		if c.t.has(a.column) && !slices.Contains(a.texts, c.text(a.column)) {
			c.find(line, a.column, "value", "it is none of "+strings.Join(slices.DeleteFunc(slices.Clone(a.texts), func(s string) bool { return s == "" }), ", "))
		}
	}
	c.need("", "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd",
		"ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "HostProviderName", "InvoiceIssuerName", "ServiceName", "ServiceCategory", "ServiceProviderName")
	c.nulls()
	c.applied(line)
	c.period(line)
	c.money(line)
}

// nulls holds a row to what its category needs.
func (c *checker) nulls() {
	category, class := c.text("ChargeCategory"), c.text("ChargeClass")
	priced := []string{"PricingQuantity", "PricingUnit", "ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "SkuId", "SkuPriceId"}
	switch {
	case category == Tax:
		c.none(", and a tax has none", append(priced, "SkuMeter")...)
	case (category == Usage || category == Purchase) && class != Correction:
		c.need(", and "+category+" that corrects nothing has one", priced...)
	}
	if category != Usage {
		c.none(", and only Usage consumes", "ConsumedQuantity", "ConsumedUnit")
	} else if class != Correction {
		c.need(", and Usage that corrects nothing consumes", "ConsumedQuantity", "ConsumedUnit")
	}
	if category == Purchase && c.text("ChargeFrequency") == "Usage-Based" {
		c.find(c.t.line(), "ChargeFrequency", "value", "a Purchase is not Usage-Based")
	}
	if c.text("SkuPriceId") == "" {
		c.none(" beside a SkuPriceId that is", "ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "PricingQuantity", "ConsumedQuantity")
	}
	for _, pair := range [][2]string{{"PricingQuantity", "PricingUnit"}, {"ConsumedQuantity", "ConsumedUnit"}, {"RegionId", "RegionName"}} {
		if c.t.has(pair[1]) && (c.text(pair[0]) == "") != (c.text(pair[1]) == "") {
			c.find(c.t.line(), pair[1], "null", "it and "+pair[0]+" are null together or not at all")
		}
	}
}

// period holds the charge period to the billing period, and both to UTC.
func (c *checker) period(line int) {
	var at [4]int64
	for i, name := range []string{"BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"} {
		text := c.text(name)
		if text == "" {
			return // found already
		}
		ns, err := parseInstant(text)
		if err != nil || !strings.HasSuffix(text, "Z") {
			c.find(line, name, "value", "it is not an instant of UTC such as 2026-05-01T00:00:00Z")
			return
		}
		at[i] = ns
	}
	if at[1] <= at[0] {
		c.find(line, "BillingPeriodEnd", "period", "the billing period ends before it begins")
	}
	if at[3] <= at[2] {
		c.find(line, "ChargePeriodEnd", "period", "the charge ends before it begins")
	}
	if inside := at[2] >= at[0] && at[3] <= at[1]; !inside && c.text("ChargeClass") != Correction {
		c.find(line, "ChargePeriodStart", "period", "the charge lies outside of its billing period and is no Correction")
	}
}

// money holds numbers to each other, and an account to one currency in a billing period.
func (c *checker) money(line int) {
	value := map[string]money.Amount{}
	for _, name := range c.numbers {
		text := c.text(name)
		if text == "" {
			continue
		}
		n, _, err := ParseDecimal(text)
		if err != nil {
			c.find(line, name, "value", err.Error())
			continue
		}
		value[name] = n
		if n.Sign() < 0 && strings.HasSuffix(name, "UnitPrice") {
			c.find(line, name, "value", "a unit price is not negative")
		}
	}
	quantity, counted := value["PricingQuantity"]
	for _, pair := range [][2]string{{"ContractedUnitPrice", "ContractedCost"}, {"ListUnitPrice", "ListCost"}} {
		price, cost := pair[0], pair[1]
		unit, ok := value[price]
		if !ok || !counted {
			continue
		}
		if is, exact := product(unit, quantity); !exact || is != value[cost] {
			c.find(line, cost, "product", price+" x PricingQuantity is not the cost exactly")
		}
	}
	currency := c.text("BillingCurrency")
	if !currencyCode(currency) {
		c.find(line, "BillingCurrency", "value", "it is not the code of a currency, such as USD")
	}
	key := c.text("BillingAccountId") + "\x00" + c.text("InvoiceIssuerName") + "\x00" + c.text("BillingPeriodStart")
	if before, ok := c.currency[key]; ok && before != currency {
		c.find(line, "BillingCurrency", "currency", "the rows of the same account, issuer and billing period before it are in "+before)
	} else if !ok {
		c.currency[strings.Clone(key)] = strings.Clone(currency)
	}
}
