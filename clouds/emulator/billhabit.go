package emulator

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// A habit is how one cloud writes its export.
type habit struct {
	step    time.Duration // length of a charge period
	columns []string
	write   func(k billKey, s *billSum, amount *big.Rat) map[string]string
	layout  string
}

// row writes a sum as the cloud does: what it leaves out is null.
func (h *habit) row(k billKey, s *billSum, amount *big.Rat, o Billing) []string {
	fields := map[string]string{
		"BillingAccountId": k.account, "BillingAccountName": k.account, "BillingCurrency": "USD", "RegionId": k.region, "RegionName": k.region,
		"BillingPeriodStart": o.From.UTC().Format(h.layout), "BillingPeriodEnd": o.Until.UTC().Format(h.layout),
		"ChargePeriodStart": k.start.Format(h.layout), "ChargePeriodEnd": k.start.Add(h.step).Format(h.layout),
		"ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based", "PricingCategory": "Standard",
		"ServiceCategory": "AI and Machine Learning", "ServiceSubcategory": "Generative AI",
		"InvoiceId": fmt.Sprintf("EMU-%s-%s", strings.ToUpper(o.Cloud), o.From.UTC().Format("200601")),
	}
	maps.Copy(fields, h.write(k, s, amount))
	row := make([]string, len(h.columns))
	for i, name := range h.columns {
		row[i] = fields[name]
	}
	return row
}

// habitOf returns the habit of a cloud.
func habitOf(cloud string) (*habit, bool) {
	const basic = "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription," +
		"ChargeFrequency,ChargePeriodEnd,ChargePeriodStart,ConsumedQuantity,ConsumedUnit,ContractedCost,ContractedUnitPrice,EffectiveCost,InvoiceId,InvoiceIssuerName," +
		"ListCost,ListUnitPrice,PricingCategory,PricingQuantity,PricingUnit,ProviderName,PublisherName,RegionId,RegionName,ResourceId,ResourceName,ServiceCategory,ServiceName,ServiceSubcategory,SkuId,SkuMeter,SkuPriceId"
	columns := func(more string) []string { return strings.Split(basic+more, ",") }
	const rfc = "2006-01-02T15:04:05Z"
	switch cloud {
	case "aws": // FOCUS 1.2: prices, units and ids of SKUs are often null; costs are binary fractions
		return &habit{time.Hour, columns(",x_Operation,x_ServiceCode,x_UsageType"), awsRow, "2006-01-02T15:04:05.000Z"}, true
	case "azure": // 1.2-preview: by days, minutes without seconds, units of 1K
		return &habit{24 * time.Hour, columns(",SubAccountId,SubAccountName,x_SkuMeterName,x_PricingUnitDescription"), azureRow, "2006-01-02T15:04Z"}, true
	case "gcp": // a table of BigQuery: instants with a space and a zone, six decimals, opaque ids
		return &habit{time.Hour, columns(",SubAccountId,x_Currency_Conversion_Rate"), gcpRow, "2006-01-02 15:04:05 UTC"}, true
	case "alibaba": // by days, in thousands of tokens, six decimals
		return &habit{24 * time.Hour, columns(",x_InstanceSpec"), alibabaRow, rfc}, true
	case "openai": // has no export of its own: what a reseller writes, by a million of tokens
		return &habit{time.Hour, columns(""), openaiRow, rfc}, true
	}
	return nil, false
}

// class words, as the clouds write them.
func classWords(class, in, out, cached, written string) string {
	switch class {
	case "input":
		return in
	case "output":
		return out
	case "cached":
		return cached
	case "cache-write":
		return written
	case "audio-input":
		return "audio " + in
	case "audio-output":
		return "audio " + out
	case "image-input":
		return "image " + in
	case "image-output":
		return "image " + out
	}
	return class + "s"
}

// per divides a quantity into the unit that it is billed by; what is no token is billed one by one.
func per(k billKey, n *big.Rat, size int64) *big.Rat {
	if k.unit != unitTokens {
		return n
	}
	return new(big.Rat).Quo(n, big.NewRat(size, 1))
}

// unitOf names that unit.
func unitOf(k billKey, name string) string {
	if k.unit != unitTokens {
		return strings.ToUpper(k.unit[:1]) + k.unit[1:]
	}
	return name
}

// priceOf is the price of that unit; "" = none.
func priceOf(k billKey, s *billSum, size int64, write func(*big.Rat) string) string {
	if s.price == nil {
		return ""
	}
	if k.unit != unitTokens {
		size = 1
	}
	return write(new(big.Rat).Mul(s.price, big.NewRat(size, 1)))
}

// double writes a binary fraction, as databases print them.
func double(r *big.Rat) string {
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'G', -1, 64)
}

func six(r *big.Rat) string { return r.FloatString(6) }

func awsRow(k billKey, s *billSum, amount *big.Rat) map[string]string {
	usage := strings.ReplaceAll(k.model+"-"+classWords(k.class, "input-tokens", "output-tokens", "cache-read-input-tokens", "cache-write-input-tokens"), " ", "-")
	if k.tier != "" {
		usage += "-" + k.tier
	}
	short := strings.ToUpper(strings.ReplaceAll(k.region, "-", ""))
	return map[string]string{
		"BilledCost": double(amount), "EffectiveCost": double(amount), "ListCost": double(amount), "ContractedCost": double(amount),
		"ConsumedQuantity": double(per(k, s.quantity, 1000)), "ConsumedUnit": unitOf(k, "1K tokens"), "PricingQuantity": double(per(k, s.quantity, 1000)),
		"ProviderName": "AWS", "ServiceName": "Amazon Bedrock", "SkuMeter": short + "-" + usage,
		"ChargeDescription": "$" + priceOf(k, s, 1000, decimal) + " per 1K " + usage, "x_Operation": "InvokeModelInference", "x_ServiceCode": "AmazonBedrock", "x_UsageType": short + "-" + usage,
	}
}

func azureRow(k billKey, s *billSum, amount *big.Rat) map[string]string {
	meter := k.model + " " + classWords(k.class, "Inp", "Outp", "cchd Inp", "cache write Inp")
	if k.tier != "" {
		meter += " " + k.tier
	}
	meter += " regnl"
	if k.unit == unitTokens {
		meter += " Tokens"
	}
	sum := sha256.Sum256([]byte(meter + k.region))
	id := fmt.Sprintf("DZH318Z%08X", sum[:4])
	price := priceOf(k, s, 1000, decimal)
	return map[string]string{
		"BilledCost": trimmed(amount, 15), "EffectiveCost": trimmed(amount, 15), "ListCost": trimmed(amount, 15), "ContractedCost": trimmed(amount, 15),
		"PricingQuantity": decimal(per(k, s.quantity, 1000)), "PricingUnit": unitOf(k, "1K"), "ConsumedQuantity": decimal(s.quantity), "ConsumedUnit": unitOf(k, "Tokens"),
		"ContractedUnitPrice": price, "ListUnitPrice": price, "SkuId": id, "SkuPriceId": id + "_" + k.region, "SkuMeter": meter, "x_SkuMeterName": meter,
		"ProviderName": "Microsoft", "PublisherName": "Microsoft", "InvoiceIssuerName": "Microsoft", "ServiceName": "Azure OpenAI", "ChargeDescription": "Azure OpenAI - " + meter,
		"ResourceName": k.account, "SubAccountId": "/subscriptions/" + k.account, "SubAccountName": k.account, "x_PricingUnitDescription": unitOf(k, "1K"),
	}
}

func gcpRow(k billKey, s *billSum, amount *big.Rat) map[string]string {
	words := k.model + " " + classWords(k.class, "Text Input", "Text Output", "Cached Text Input", "Cache Write Text Input")
	if k.unit == unitTokens {
		words += " tokens"
	}
	if k.tier != "" {
		words += " (" + k.tier + ")"
	}
	sum := sha256.Sum256([]byte(words))
	id := fmt.Sprintf("%04X-%04X-%04X", sum[:2], sum[2:4], sum[4:6])
	price := priceOf(k, s, 1_000_000, decimal)
	return map[string]string{
		"BilledCost": six(amount), "EffectiveCost": six(amount), "ListCost": six(amount), "ContractedCost": six(amount),
		"ConsumedQuantity": decimal(s.quantity), "ConsumedUnit": unitOf(k, "Tokens"), "PricingQuantity": decimal(per(k, s.quantity, 1_000_000)), "PricingUnit": unitOf(k, "1M Tokens"),
		"ContractedUnitPrice": price, "ListUnitPrice": price, "SkuId": id, "SkuPriceId": id + "/" + k.region, "SkuMeter": words, "ChargeDescription": words,
		"ProviderName": "Google Cloud", "PublisherName": "Google Cloud", "InvoiceIssuerName": "Google Cloud", "ServiceName": "Vertex AI", "SubAccountId": "example-project",
		"InvoiceId": "", "x_Currency_Conversion_Rate": "1.0",
	}
}

func alibabaRow(k billKey, s *billSum, amount *big.Rat) map[string]string {
	item := strings.ReplaceAll(k.model+"_"+classWords(k.class, "input_token", "output_token", "cached_input_token", "cache_creation_input_token"), " ", "_")
	if k.tier != "" {
		item += "_" + k.tier
	}
	price := priceOf(k, s, 1000, decimal)
	return map[string]string{
		"BilledCost": six(amount), "EffectiveCost": six(amount), "ListCost": six(amount), "ContractedCost": six(amount),
		"PricingQuantity": decimal(per(k, s.quantity, 1000)), "PricingUnit": unitOf(k, "1K tokens"), "ContractedUnitPrice": price, "ListUnitPrice": price,
		"SkuId": item, "SkuMeter": item, "SkuPriceId": item + ";" + k.region, "ProviderName": "Alibaba Cloud", "PublisherName": "Alibaba Cloud",
		"InvoiceIssuerName": "Alibaba Cloud (Singapore) Private Limited", "ServiceName": "Model Studio", "ChargeDescription": "Model inference " + item, "x_InstanceSpec": k.model,
	}
}

func openaiRow(k billKey, s *billSum, amount *big.Rat) map[string]string {
	item := k.model + ", " + classWords(k.class, "input", "output", "cached input", "cache write input")
	if k.tier != "" {
		item += ", " + k.tier
	}
	price := priceOf(k, s, 1_000_000, decimal)
	return map[string]string{
		"BilledCost": decimal(amount), "EffectiveCost": decimal(amount), "ListCost": decimal(amount), "ContractedCost": decimal(amount),
		"ConsumedQuantity": decimal(s.quantity), "ConsumedUnit": unitOf(k, "Tokens"), "PricingQuantity": decimal(per(k, s.quantity, 1_000_000)), "PricingUnit": unitOf(k, "1M Tokens"),
		"ContractedUnitPrice": price, "ListUnitPrice": price, "SkuId": item, "SkuMeter": item, "SkuPriceId": item, "ProviderName": "OpenAI", "PublisherName": "OpenAI",
		"InvoiceIssuerName": "OpenAI", "ServiceName": "OpenAI API", "ChargeDescription": item,
	}
}

// trimmed writes so many decimals at most.
func trimmed(r *big.Rat, places int) string {
	s := r.FloatString(places)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
