package focus

import (
	"strconv"
	"time"

	"concord/money"
)

// Version is the version that is written.
const Version = "1.3"

// The values of ChargeCategory.
const (
	Usage      = "Usage"
	Purchase   = "Purchase"
	Tax        = "Tax"
	Credit     = "Credit"
	Adjustment = "Adjustment"
)

// Correction is the only value of ChargeClass.
const Correction = "Correction"

// A Row is one charge. Texts that are "" are null, as are amounts whose flag is false.
type Row struct {
	Account, AccountName string // who is billed
	Currency             money.Currency
	BillingStart         int64 // ns UTC
	BillingEnd           int64
	Start, End           int64 // of the charge
	Category, Class      string
	Description          string
	Frequency            string
	Cost                 money.Amount // agreed, billed and amortized are one: pay as you go
	ListCost             money.Amount
	Applied              []Applied // to commitments
	Consumed             int64     // of ConsumedUnit, where that is not what is priced
	ConsumedUnit         string
	Priced               bool // Quantity, Unit and both prices are there
	Quantity             int64
	Unit                 string
	UnitPrice            money.Amount
	ListUnitPrice        money.Amount
	SKU, SKUPrice        string
	Meter                string
	Host, Service        string // whose cloud ran it, whose model it is
	Provider, Issuer     string // who sells it, who bills it
	Invoice              string
	Region               string
	ServiceName          string

	Agreement, Clause, Terms string
	Stream, Product, Entry   string
	Requests                 int64
}

// columns returns the names of what a Row writes, in their order.
func columns() []string {
	return []string{
		"BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
		"ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
		"ConsumedQuantity", "ConsumedUnit", "ContractApplied", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "HostProviderName",
		"InvoiceId", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
		"ProviderName", "PublisherName", "RegionId", "RegionName", "ServiceCategory", "ServiceName", "ServiceProviderName",
		"ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId",
		"x_AgreementId", "x_ClauseId", "x_Entry", "x_Product", "x_Requests", "x_Stream", "x_TermsHash",
	}
}

// The category that every row belongs to.
const (
	serviceCategory    = "AI and Machine Learning"
	serviceSubcategory = "Generative AI"
)

// fields appends what a row says, in the order of columns.
func (r *Row) fields(dst []string) []string {
	consumed, consumedUnit, pricing, quantity, unit, price, list := "", "", "", "", "", "", ""
	if r.Priced {
		pricing, quantity, unit = "Standard", strconv.FormatInt(r.Quantity, 10), r.Unit
		price, list = r.UnitPrice.String(), r.ListUnitPrice.String()
		if r.Category == Usage {
			consumed, consumedUnit = quantity, unit
		}
	}
	if r.ConsumedUnit != "" {
		consumed, consumedUnit = strconv.FormatInt(r.Consumed, 10), r.ConsumedUnit
	}
	cost, requests := r.Cost.String(), ""
	if r.Requests > 0 {
		requests = strconv.FormatInt(r.Requests, 10)
	}
	return append(dst,
		cost, r.Account, r.AccountName, string(r.Currency), stamp(r.BillingEnd), stamp(r.BillingStart),
		r.Category, r.Class, r.Description, r.Frequency, stamp(r.End), stamp(r.Start),
		consumed, consumedUnit, appliedText(r.Applied), cost, price, cost, r.Host,
		r.Invoice, r.Issuer, r.ListCost.String(), list, pricing, quantity, unit,
		r.Provider, r.Service, r.Region, r.Region, serviceCategory, r.ServiceName, r.Service,
		serviceSubcategory, r.SKU, r.Meter, r.SKUPrice,
		r.Agreement, r.Clause, r.Entry, r.Product, requests, r.Stream, r.Terms,
	)
}

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05Z") }
