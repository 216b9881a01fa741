package focus_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/settlement/focus"
	"concord/usage"
)

const sells = `concord: 1
agreement: shop
currency: USD
zone: UTC
parties: {lab: {name: The Lab, operates: [own]}, host: {name: The Host, operates: [rented]}}
products: {lab/m: {owner: lab}}
amendments:
  - id: start
    effective: 2026-01-01
    source: {provenance: assumed}
    adds:
      - {id: sells, kind: sale, seller: lab, products: [lab/*], price: {book: list, tax: "8%"}, streams: {license: "60%", cloud: "40%"}, term: perpetual}
`

func terms(t testing.TB, text string) *agreement.Terms {
	t.Helper()
	a, findings := agreementfile.Parse("shop.yaml", []byte(text))
	if a == nil {
		t.Fatal(findings)
	}
	at := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	in, err := agreement.NewSet(a).AsOf(at, at)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// record is a request of a customer, of four thousand tokens in and six hundred out.
func record(t testing.TB, in *agreement.Terms, at time.Time, lines []pricing.Line) *focus.Sold {
	t.Helper()
	r := &journal.Record{Customer: "acme", Product: "lab/m", Currency: "USD", Lines: lines,
		Attempts: []journal.Tried{{Deployment: "d", Cloud: "rented", Seller: "lab", Holder: "lab", Cost: lines}}}
	return &focus.Sold{Entry: &journal.Entry{Time: at.UnixNano(), Body: r}, Record: r, Lines: lines, Costs: [][]pricing.Line{lines}, Terms: in,
		Places: []focus.Place{{Account: "lab-main", Region: "us", Model: "m-1"}}}
}

func line(class usage.Class, n int64, unit string) pricing.Line {
	l := pricing.Line{Class: class, Quantity: n, Unit: money.MustParse(unit)}
	var err error
	if l.Amount, err = l.Unit.MulInt(n); err != nil {
		panic(err)
	}
	return l
}

func exporter(t testing.TB, v focus.View) *focus.Exporter {
	t.Helper()
	x, err := focus.NewExporter(v, strings.ToUpper)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// written writes the rows, has the checker find nothing, and returns the file as rows by name of column.
func written(t testing.TB, x *focus.Exporter) []map[string]string {
	t.Helper()
	rows, err := x.Rows()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := focus.WriteCSV(&out, rows); err != nil {
		t.Fatal(err)
	}
	checked, err := focus.Check("out.csv", bytes.NewReader(out.Bytes()))
	if err != nil || len(checked.Findings) > 0 || checked.Rows != int64(len(rows)) {
		t.Fatalf("%v: %+v\n%s", err, checked, out.String())
	}
	all, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var by []map[string]string
	for _, fields := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = fields[i]
		}
		by = append(by, row)
	}
	return by
}

// some picks columns.
func some(rows []map[string]string, names ...string) (out []string) {
	for _, row := range rows {
		var fields []string
		for _, name := range names {
			fields = append(fields, row[name])
		}
		out = append(out, strings.Join(fields, " "))
	}
	return out
}

var may4 = time.Date(2026, 5, 4, 10, 30, 0, 0, time.UTC)

func TestRowsAreByHourSkuCloudAndCustomerWithLicenseAndCloudApart(t *testing.T) {
	t.Parallel()
	in := terms(t, sells)
	x := exporter(t, focus.Sales)
	for _, minutes := range []int{0, 10, 40} {
		if err := x.Record(record(t, in, may4.Add(time.Duration(minutes)*time.Minute), []pricing.Line{line(usage.Input, 4000, "0.0000025"), line(usage.Output, 600, "0.000015")})); err != nil {
			t.Fatal(err)
		}
	}
	rows := written(t, x)
	want := []string{
		"10:00 Tax    0.003040 acme",
		"10:00 Usage lab/m/input/cloud 8000 0.000001 0.008 acme", "10:00 Usage lab/m/input/license 8000 0.0000015 0.012 acme",
		"10:00 Usage lab/m/output/cloud 1200 0.000006 0.0072 acme", "10:00 Usage lab/m/output/license 1200 0.000009 0.0108 acme",
		"11:00 Tax    0.00152 acme",
		"11:00 Usage lab/m/input/cloud 4000 0.000001 0.004 acme", "11:00 Usage lab/m/input/license 4000 0.0000015 0.006 acme",
		"11:00 Usage lab/m/output/cloud 600 0.000006 0.0036 acme", "11:00 Usage lab/m/output/license 600 0.000009 0.0054 acme",
	}
	want[0] = "10:00 Tax    0.00304 acme"
	got := some(rows, "ChargePeriodStart", "ChargeCategory", "SkuId", "PricingQuantity", "ContractedUnitPrice", "BilledCost", "BillingAccountId")
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "2026-05-04T")
		got[i] = strings.Replace(got[i], ":00Z", "", 1)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	first := rows[1]
	for name, want := range map[string]string{"HostProviderName": "rented", "ServiceProviderName": "The Lab", "InvoiceIssuerName": "The Lab", "BillingAccountName": "ACME", "RegionId": "us",
		"x_AgreementId": "shop", "x_ClauseId": "sells", "x_Stream": "cloud", "x_Requests": "2", "x_TermsHash": in.Hash().String(), "BillingPeriodEnd": "2026-06-01T00:00:00Z"} {
		if first[name] != want {
			t.Errorf("%s is %q, want %q", name, first[name], want)
		}
	}
}

func TestWhatTheCloudBillsTheAccountHolderIsABookOfItsOwn(t *testing.T) {
	t.Parallel()
	x := exporter(t, focus.Costs)
	if err := x.Record(record(t, terms(t, sells), may4, []pricing.Line{line(usage.Input, 4000, "0.0000025")})); err != nil {
		t.Fatal(err)
	}
	want := []string{"Usage lab-main m-1/input rented The Host 4000 0.01 cost"}
	if d := cmp.Diff(want, some(written(t, x), "ChargeCategory", "BillingAccountId", "SkuId", "HostProviderName", "InvoiceIssuerName", "ConsumedQuantity", "BilledCost", "x_Stream")); d != "" {
		t.Error(d)
	}
}

func TestWhatALaterMonthSaysIsACorrection(t *testing.T) {
	t.Parallel()
	in := terms(t, sells)
	was, now := []pricing.Line{line(usage.Input, 4000, "0.0000025")}, []pricing.Line{line(usage.Input, 3000, "0.0000025")}
	june := may4.AddDate(0, 1, 0).UnixNano()
	columns := []string{"ChargeCategory", "ChargeClass", "BillingPeriodStart", "ChargePeriodStart", "BilledCost", "x_Stream", "x_Entry"}
	const may, jun = "2026-05-04T10:00:00Z", "2026-06-01T00:00:00Z"

	x := exporter(t, focus.Sales)
	sold := record(t, in, may4, was)
	if err := x.Correct(&focus.Revision{Sold: *sold, Entry: &journal.Entry{Time: june, ID: "c1"}, Attempt: -1, Was: was, Now: now}); err != nil {
		t.Fatal(err)
	}
	refund := &journal.Refund{Origin: journal.Origin{At: may4.UnixNano(), Customer: "acme", Seller: "lab", Product: "lab/m", Cloud: "rented", Currency: "USD"},
		Amount: money.MustParse("0.005"), Tax: money.MustParse("0.0004"), Reason: "slow"}
	if err := x.Due(&journal.Entry{Time: june, ID: "r1", Body: refund}, in, journal.Cursor{}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Tax Correction " + jun + " " + may + " -0.0002  c1", "Tax Correction " + jun + " " + may + " -0.0004  r1",
		"Usage Correction " + jun + " " + may + " -0.001 cloud c1", "Usage Correction " + jun + " " + may + " -0.0015 license c1",
		"Usage Correction " + jun + " " + may + " -0.002 cloud r1", "Usage Correction " + jun + " " + may + " -0.003 license r1",
	}
	if d := cmp.Diff(want, slices.Sorted(slices.Values(some(written(t, x), columns...)))); d != "" {
		t.Error(d)
	}

	x = exporter(t, focus.Sales)
	if err := x.Due(&journal.Entry{Time: may4.AddDate(0, 0, 9).UnixNano(), ID: "r2", Body: refund}, in, journal.Cursor{}); err != nil {
		t.Fatal(err)
	}
	if got := some(written(t, x), columns...); !strings.HasPrefix(got[0], "Adjustment  2026-05-01") {
		t.Errorf("a refund in its own month: %s", got)
	}
}

func TestFeesCreditsAndShortfallsHaveTheirCategories(t *testing.T) {
	t.Parallel()
	in := terms(t, sells)
	x := exporter(t, focus.Fees)
	for i, body := range []journal.Body{
		&journal.Fee{Name: "shortfall", Agreement: "shop", Clause: "sells", Payer: "lab", Payee: "host", Amount: money.MustParse("300"), Currency: "USD"},
		&journal.Fee{Name: "interest", Agreement: "shop", Clause: "sells", Payer: "lab", Payee: "host", Amount: money.MustParse("20"), Currency: "USD"},
		&journal.Credit{Agreement: "shop", Clause: "sells", From: "host", To: "lab", Amount: money.MustParse("7"), Currency: "USD", Reason: "outage"},
		&journal.Payment{From: "lab", To: "host", Amount: money.MustParse("7"), Currency: "USD"}, // no charge
	} {
		if err := x.Due(&journal.Entry{Time: may4.UnixNano(), ID: fmt.Sprint(i), Body: body}, in, journal.Cursor{}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"Adjustment lab The Host 20 ", "Credit lab The Host -7 ", "Purchase lab The Host 300 shortfall/sells"}
	if d := cmp.Diff(want, some(written(t, x), "ChargeCategory", "BillingAccountId", "InvoiceIssuerName", "BilledCost", "SkuId")); d != "" {
		t.Error(d)
	}
}

// Whatever the prices, parts and discounts: every product is exact, and the rows come to what was charged, by stream too.
func TestRowsComeToWhatWasChargedExactly(t *testing.T) {
	t.Parallel()
	in := terms(t, strings.Replace(sells, `{license: "60%", cloud: "40%"}`, `{license: "1/3", cloud: "2/3"}`, 1))
	rapid.Check(t, func(rt *rapid.T) {
		x := exporter(t, focus.Sales)
		var total, license money.Amount
		for range rapid.IntRange(1, 5).Draw(rt, "records") {
			var lines []pricing.Line
			var price money.Amount
			for class := usage.Input; class <= usage.Output; class++ {
				l := line(class, rapid.Int64Range(1, 5000).Draw(rt, "tokens"), money.FromPico(rapid.Int64Range(0, 3_000_000).Draw(rt, "unit")).String())
				discounted, err := l.Amount.MulRate(money.Rate{Num: 97, Den: 100}, money.Down)
				if err != nil {
					rt.Fatal(err)
				}
				l.Amount = discounted
				lines, price = append(lines, l), plus(price, l.Amount)
			}
			if err := x.Record(record(t, in, may4, lines)); err != nil {
				rt.Fatal(err)
			}
			parts, err := money.Split(price, []money.Rate{{Num: 1, Den: 3}, {Num: 2, Den: 3}}, money.Scale)
			if err != nil {
				rt.Fatal(err)
			}
			total, license = plus(total, price), plus(license, parts[0])
		}
		var got, gotLicense money.Amount
		for _, row := range written(t, x) {
			if row["ChargeCategory"] == focus.Tax {
				continue
			}
			got = plus(got, money.MustParse(row["BilledCost"]))
			if row["x_Stream"] == "license" {
				gotLicense = plus(gotLicense, money.MustParse(row["BilledCost"]))
			}
		}
		if got != total || gotLicense != license {
			rt.Fatalf("rows come to %s and %s of it license; charged were %s and %s", got, gotLicense, total, license)
		}
	})
}

func TestTheCheckerFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	x := exporter(t, focus.Sales)
	if err := x.Record(record(t, terms(t, sells), may4, []pricing.Line{line(usage.Input, 4000, "0.0000025")})); err != nil {
		t.Fatal(err)
	}
	rows, err := x.Rows()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := focus.WriteCSV(&out, rows); err != nil {
		t.Fatal(err)
	}
	good := out.String()
	if strings.Count(good, "0.004,") == 0 {
		t.Fatal(good)
	}
	for name, c := range map[string]struct{ old, new, rule, column string }{
		"a column is missing":    {"ChargeDescription,", "x_Said,", "column", "ChargeDescription"},
		"a column of nobody":     {"x_Product", "Product", "x_", "Product"},
		"a category":             {",Usage,", ",Use,", "value", "ChargeCategory"},
		"a null":                 {",acme,", ",,", "null", "BillingAccountId"},
		"a tax with a SKU":       {",Usage,", ",Tax,", "null", "SkuId"},
		"a product":              {",0.000001,", ",0.0000011,", "product", "ContractedCost"},
		"a period":               {"2026-05-04T10:00:00Z", "2026-04-04T10:00:00Z", "period", "ChargePeriodStart"},
		"a zone":                 {"2026-05-04T10:00:00Z", "2026-05-04T10:00:00+02:00", "value", "ChargePeriodStart"},
		"a number":               {",0.004,", ",0.0.4,", "value", "ContractedCost"},
		"a currency":             {",USD,", ",usd,", "value", "BillingCurrency"},
		"a quantity of no price": {",lab/m/input/license@0.0000015,", ",,", "null", "ConsumedQuantity"},
		"a class of corrections": {"Usage,,", "Usage,Corrected,", "value", "ChargeClass"},
	} {
		checked, err := focus.Check("x.csv", strings.NewReader(strings.ReplaceAll(good, c.old, c.new)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		for _, f := range checked.Findings {
			found = found || f.Rule == c.rule && f.Column == c.column && f.Line > 0
		}
		if !found {
			t.Errorf("%s: no finding of %s in %s: %+v", name, c.rule, c.column, checked.Findings)
		}
	}
	if checked, err := focus.Check("x.csv", strings.NewReader(strings.Replace(good, ",USD,", ",EUR,", 1))); err != nil || len(checked.Findings) == 0 || checked.Findings[0].Rule != "currency" {
		t.Errorf("two currencies of one account: %+v, %v", checked, err)
	}
}
