package focus_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"concord/settlement/focus"
)

var (
	from  = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	until = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).UnixNano()
)

const names = "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargeClass,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,ConsumedUnit,ContractedUnitPrice,PricingUnit,InvoiceId,RegionId,ProviderName,SkuMeter"

// row is one row of an export; what is not given is as in a good one.
func row(change ...string) string {
	columns := strings.Split(names, ",")
	fields := strings.Split("0.001,main,USD,2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,Usage,,2026-05-04T10:00:00Z,2026-05-04T11:00:00Z,1000,Tokens,0.000001,Tokens,INV-1,us,AWS,m-input-tokens", ",")
	for i := 0; i < len(change); i += 2 {
		for j, name := range columns {
			if name == change[i] {
				fields[j] = change[i+1]
			}
		}
	}
	return strings.Join(fields, ",")
}

func file(rows ...string) string { return names + "\n" + strings.Join(rows, "\n") + "\n" }

func readAll(text string) ([]focus.Charge, error) {
	bill, err := focus.OpenBill("bill.csv", strings.NewReader(text), from, until)
	if err != nil {
		return nil, err
	}
	bill.Cloud, bill.Currency = "aws", "USD"
	var all []focus.Charge
	for {
		var c focus.Charge
		err := bill.Next(&c)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
}

func TestABadExportIsNamedWithPositionAndRemedy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":              {"", "bill.csv: it is empty"},
		"no columns":           {"a,b\n1,2\n", "bill.csv:1: columns are missing: BillingAccountId, BillingCurrency, BilledCost"},
		"a column twice":       {names + ",SkuMeter\n", `bill.csv:1: header "SkuMeter": the column stands twice`},
		"Parquet":              {"PAR1\x00\x01", "it is a Parquet file, and no CSV"},
		"a zip archive":        {"PK\x03\x04\x00", "it is a zip archive or a spreadsheet"},
		"UTF-16":               {"\xff\xfeB\x00i\x00", "it is in UTF-16"},
		"JSON":                 {"[{}]", "it is JSON"},
		"a page":               {"<html>", "it is a page or XML"},
		"semicolons":           {strings.ReplaceAll(names, ",", ";") + "\n", "its columns are not separated by commas"},
		"tabs":                 {strings.ReplaceAll(names, ",", "\t") + "\n", "its columns are not separated by commas"},
		"behind a line break":  {file(row("SkuMeter", "\"two\nlines\""), row("BilledCost", "x")), `bill.csv:4: BilledCost "x"`},
		"thousands":            {file(row("BilledCost", `"1,234.50"`)), "without separators of thousands"},
		"a decimal comma":      {file(row("ConsumedQuantity", `"1,5"`)), "a comma may be either"},
		"a currency sign":      {file(row("BilledCost", "$1.50")), "the currency stands in BillingCurrency"},
		"an accountant":        {file(row("BilledCost", "(1.50)")), "with a minus sign"},
		"no number at all":     {file(row("BilledCost", "NaN")), "divided by zero or had no value"},
		"a field too few":      {file(row(), "1,2"), "bill.csv:3: the row has 2 fields and the header 17"},
		"a quote":              {file(row(), `"x`), "this is not CSV"},
		"a number":             {file(row(), row("BilledCost", "1.0.0")), `bill.csv:3: BilledCost "1.0.0": it is not a decimal`},
		"a number with comma":  {file(row("BilledCost", `"1,5"`)), `bill.csv:2: BilledCost "1,5"`},
		"a null cost":          {file(row("BilledCost", "")), "a charge has a cost"},
		"a quantity":           {file(row("ConsumedQuantity", "many")), `bill.csv:2: ConsumedQuantity "many"`},
		"two currencies":       {file(row(), row("BillingCurrency", "EUR")), `bill.csv:3: BillingCurrency "EUR": the rows up to here are in USD (line 2)`},
		"another currency":     {file(row("BillingCurrency", "EUR")), `the costs of the journal are in USD`},
		"no currency":          {file(row("BillingCurrency", "dollars")), "it is not the code of a currency"},
		"another zone":         {file(row(), row("ChargePeriodStart", "2026-05-04T10:00:00+08:00")), `bill.csv:3: ChargePeriodStart "2026-05-04T10:00:00+08:00": it is in another zone than UTC`},
		"no instant":           {file(row("ChargePeriodEnd", "May")), "it is not an instant"},
		"an earlier beginning": {file(row("BillingPeriodStart", "2026-04-01T00:00:00Z")), "begins at 2026-05-01T00:00:00Z, and this one overlaps it"},
		"a longer period":      {file(row("BillingPeriodEnd", "2026-07-01T00:00:00Z")), "ends at 2026-06-01T00:00:00Z"},
		"a period backwards":   {file(row("BillingPeriodEnd", "2026-04-01T00:00:00Z")), "the billing period ends before it begins"},
		"outside":              {file(row("ChargePeriodStart", "2026-04-30T23:00:00Z")), "outside of its billing period"},
		"backwards":            {file(row("ChargePeriodEnd", "2026-05-04T10:00:00Z")), "ends before it begins"},
		"a category":           {file(row("ChargeCategory", "Use")), "it is none of Usage, Purchase"},
		"a class":              {file(row("ChargeClass", "Amend")), "the only class is Correction"},
		"no account":           {file(row("BillingAccountId", "NULL")), "billed to an account"},
		"another cloud":        {file(row("ProviderName", "Microsoft")), "this is an export of azure, and aws is reconciled"},
	} {
		_, err := readAll(c.text)
		located, ok := errors.AsType[*focus.Error](err)
		if !ok || !strings.Contains(err.Error(), c.want) || located.Remedy == "" {
			t.Errorf("%s: %v, want %s and what to do", name, err, c.want)
		}
	}
}

func TestExportsOfAllVersionsAreReadByTheNamesOfTheirColumns(t *testing.T) {
	t.Parallel()
	const base = "ChargePeriodEnd,BilledCost,BillingPeriodEnd,BillingCurrency,ChargeCategory,BillingPeriodStart,ChargePeriodStart,BillingAccountId"
	const values = "2026-05-05 00:00:00 UTC,2.5E-3,2026-06-01T00:00Z,USD,Usage,2026-05-01 00:00:00 UTC,2026-05-04T00:00:00.000Z,main"
	for version, more := range map[string][2]string{
		"1.0": {",PricingQuantity,PricingUnit,SkuId,ProviderName,ListUnitPrice", ",1.5,1K Tokens,sku,AWS,0.0017"},
		"1.2": {",ConsumedQuantity,ConsumedUnit,SkuMeter,ProviderName,ContractedUnitPrice,InvoiceId", ",1500,Tokens,sku,AWS,,I"},
		"1.3": {",ConsumedQuantity,ConsumedUnit,SkuMeter,HostProviderName,ServiceProviderName", ",0.0015,1M Tokens,sku,AWS,OpenAI"},
		"1.4": {",ConsumedQuantity,ConsumedUnit,ChargeDescription,HostProviderName,InvoiceDetailId", ",1500,Tokens,sku,AWS,7"},
	} {
		all, err := readAll("\ufeff" + base + more[0] + "\n" + values + more[1] + "\n")
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %v", version, err)
			continue
		}
		tokens, err := all[0].Quantity.MulInt(all[0].Unit.Per)
		if err != nil || tokens.String() != "1500" || all[0].Unit.Thing != focus.Tokens || all[0].Cost.String() != "0.0025" || all[0].End-all[0].Start != int64(24*time.Hour) {
			t.Errorf("%s: %+v", version, all[0])
		}
	}
}

func TestNamesOfColumnsMayBeWrittenAsDatabasesDo(t *testing.T) {
	t.Parallel()
	underscored := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(names, "${1}_${2}")
	for _, header := range []string{strings.ToLower(names), strings.ToUpper(names), strings.ToLower(underscored)} {
		all, err := readAll(header + "\r\n" + row() + "\r\n")
		if err != nil || len(all) != 1 || all[0].Cost.String() != "0.001" || all[0].Invoice != "INV-1" {
			t.Errorf("%s: %+v, %v", header, all, err)
		}
	}
}

func TestACompressedExportIsReadAsIt(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(w, file(row(), row())); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if all, err := readAll(zipped.String()); err != nil || len(all) != 2 {
		t.Errorf("%d rows, %v", len(all), err)
	}
	if _, err := readAll(zipped.String()[:zipped.Len()-12]); err == nil || !strings.Contains(err.Error(), "cannot be read to its end") {
		t.Errorf("a file that was cut is read: %v", err)
	}
}

func TestRowsOfOtherBillingPeriodsAreLeftOutAndCounted(t *testing.T) {
	t.Parallel()
	april := []string{"BillingPeriodStart", "2026-04-01T00:00:00Z", "BillingPeriodEnd", "2026-05-01T00:00:00Z", "ChargePeriodStart", "2026-04-04T10:00:00Z", "ChargePeriodEnd", "2026-04-04T11:00:00Z"}
	for name, c := range map[string]struct {
		text               string
		rows, others, line int
	}{
		"a header alone":            {names + "\n", 0, 0, 0},
		"April alone":               {file(row(april...), row(april...)), 0, 2, 2},
		"May between two of April":  {file(row(april...), row(), row(append(april, "BillingCurrency", "EUR")...)), 1, 2, 2},
		"June behind May, and none": {file(row(), row("BillingPeriodStart", "2026-06-01T00:00:00Z", "BillingPeriodEnd", "2026-07-01T00:00:00Z")), 1, 1, 3},
	} {
		bill, err := focus.OpenBill("bill.csv", strings.NewReader(c.text), from, until)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for ; ; rows++ {
			var charge focus.Charge
			if err = bill.Next(&charge); err != nil {
				break
			}
		}
		if !errors.Is(err, io.EOF) || rows != c.rows || bill.Rows != int64(c.rows) || bill.Others != int64(c.others) || bill.OtherLine != c.line {
			t.Errorf("%s: %d rows, %d of the period, %d of others from line %d on, %v", name, rows, bill.Rows, bill.Others, bill.OtherLine, err)
		}
	}
}

// FuzzBill: whatever comes is read, or refused with a position; what is read can be reconciled, and its differences add up.
func FuzzBill(f *testing.F) {
	f.Add(file(row(), row("ChargeClass", "Correction"), row("ConsumedUnit", "1K Tokens", "BilledCost", "1E-9")))
	f.Add(file(row("ChargePeriodEnd", "2026-05-05T00:00:00Z"), row("ChargeCategory", "Tax", "ConsumedQuantity", "")))
	f.Fuzz(func(t *testing.T, text string) {
		all, err := readAll(text)
		if err != nil {
			if _, ok := errors.AsType[*focus.Error](err); !ok {
				t.Fatalf("an error without a position: %v", err)
			}
			return
		}
		r := focus.NewReconciler(&focus.Mapping{Places: places}, from, until)
		for i := range all {
			if err := r.Theirs(&all[i]); err != nil {
				return // too large to add up
			}
		}
		result, err := r.Result()
		if err == nil {
			addsUp(t, result)
		}
	})
}

// FuzzCheck: whatever comes is checked, or refused with a position.
func FuzzCheck(f *testing.F) {
	f.Add(file(row()))
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := focus.Check("x.csv", strings.NewReader(text)); err != nil {
			if _, ok := errors.AsType[*focus.Error](err); !ok {
				t.Fatalf("an error without a position: %v", err)
			}
		}
	})
}
