package focus_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/settlement"
	"concord/settlement/focus"
	"concord/usage"
)

// buys adds what the lab is bound to buy of the host, and a customer of the lab.
const buys = sells + `      - {id: capacity, kind: commitment, prose: The lab buys capacity., buyer: lab, seller: host, amount: "1000 USD", window: {from: 2026-05-01, until: 2026-06-01},
         shortfall: extend, counts: {amount: cost, clouds: [rented], products: all}, term: perpetual}
      - {id: purchase, kind: commitment, buyer: acme, seller: lab, amount: "50 USD", window: {from: 2026-05-04, until: 2026-05-05}, sub_windows: month,
         shortfall: invoice, counts: {amount: charged, streams: [license], clouds: all, products: all}, term: perpetual}
`

// bought are the terms of it; acme is a party too.
func bought(t testing.TB) *agreement.Terms {
	t.Helper()
	return terms(t, strings.Replace(buys, "parties: {", "parties: {acme: {name: Acme}, ", 1))
}

// counts returns what counts to commitments, by commitment, as the rows say.
func counts(t *testing.T, rows []map[string]string) map[string]string {
	t.Helper()
	sums := map[string]money.Amount{}
	for _, row := range rows {
		var object struct {
			Elements []struct {
				ContractID, ContractCommitmentID string
				ContractCommitmentAppliedCost    json.Number
			}
		}
		if text := row["ContractApplied"]; text != "" {
			if err := json.Unmarshal([]byte(text), &object); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range object.Elements {
			if e.ContractID != "shop" {
				t.Errorf("the contract is %q", e.ContractID)
			}
			sums[e.ContractCommitmentID] = plus(sums[e.ContractCommitmentID], money.MustParse(e.ContractCommitmentAppliedCost.String()))
		}
	}
	out := map[string]string{}
	for id, sum := range sums {
		out[id] = sum.String()
	}
	return out
}

func TestARowSaysWhatOfItCountsToCommitments(t *testing.T) {
	t.Parallel()
	in := bought(t)
	thirds := line(usage.Input, 3, "0")
	thirds.Amount = money.MustParse("0.1") // a third of it each: the remainder counts too
	for name, c := range map[string]struct {
		view focus.View
		at   time.Time
		line pricing.Line
		want map[string]string
	}{
		"a cost counts whole":               {focus.Costs, may4, line(usage.Input, 4000, "0.0000025"), map[string]string{"shop/capacity": "0.01"}},
		"so does its remainder":             {focus.Costs, may4, thirds, map[string]string{"shop/capacity": "0.1"}},
		"of a charge the streams that do":   {focus.Sales, may4, line(usage.Input, 4000, "0.0000025"), map[string]string{"shop/purchase": "0.006"}},
		"what is charged after the window":  {focus.Sales, may4.AddDate(0, 0, 1), line(usage.Input, 4000, "0.0000025"), map[string]string{}},
		"what is charged before it":         {focus.Sales, may4.AddDate(0, 0, -1), line(usage.Input, 4000, "0.0000025"), map[string]string{}},
		"a window that extends":             {focus.Costs, may4.AddDate(0, 2, 0), line(usage.Input, 4000, "0.0000025"), map[string]string{"shop/capacity": "0.01"}},
		"only up to what it is bought with": {focus.Costs, may4.AddDate(0, 2, 0), line(usage.Input, 4000, "1"), map[string]string{"shop/capacity": "1000"}},
	} {
		x := exporter(t, c.view)
		if err := x.Record(record(t, in, c.at, []pricing.Line{c.line})); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, counts(t, written(t, x))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestWhatIsGivenBackCountsNoMore(t *testing.T) {
	t.Parallel()
	in := bought(t)
	x := exporter(t, focus.Sales)
	if err := x.Record(record(t, in, may4, []pricing.Line{line(usage.Input, 4000, "0.0000025")})); err != nil {
		t.Fatal(err)
	}
	origin := journal.Origin{At: may4.UnixNano(), Customer: "acme", Seller: "lab", Product: "lab/m", Cloud: "rented", Currency: "USD"}
	for i, body := range []journal.Body{&journal.Refund{Origin: origin, Amount: money.MustParse("0.005")}, &journal.Invoice{Origin: origin, Amount: money.MustParse("2"), Number: "I-1"}} {
		if err := x.Due(&journal.Entry{Time: may4.AddDate(0, i, 9).UnixNano(), ID: "e", Body: body}, in, journal.Cursor{}); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(map[string]string{"shop/purchase": "1.203"}, counts(t, written(t, x))); d != "" {
		t.Error(d)
	}
}

func TestCommitmentsAreADatasetOfTheirOwn(t *testing.T) {
	t.Parallel()
	text := strings.Replace(buys, "parties: {", "parties: {acme: {name: Acme}, ", 1)
	a, findings := agreementfile.Parse("shop.yaml", []byte(text))
	if a == nil {
		t.Fatal(findings)
	}
	history, err := agreement.NewSet(a).Timeline(may4)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := focus.WriteCommitments(&out, focus.CommitmentsOf(history)); err != nil {
		t.Fatal(err)
	}
	good := out.String()
	const want = `BillingCurrency,ContractCommitmentCategory,ContractCommitmentCost,ContractCommitmentDescription,ContractCommitmentId,ContractCommitmentPeriodEnd,ContractCommitmentPeriodStart,ContractCommitmentQuantity,ContractCommitmentType,ContractCommitmentUnit,ContractId,ContractPeriodEnd,ContractPeriodStart,x_BuyerName,x_SellerName,x_Shortfall,x_Parts
USD,Spend,1000,The lab buys capacity.,shop/capacity,2026-06-01T00:00:00Z,2026-05-01T00:00:00Z,,Spend Commitment by Cost,,shop,9999-12-31T00:00:00Z,2026-01-01T00:00:00Z,The Lab,The Host,extend,
USD,Spend,50,purchase,shop/purchase,2026-05-05T00:00:00Z,2026-05-04T00:00:00Z,,Spend Commitment by Charge,,shop,9999-12-31T00:00:00Z,2026-01-01T00:00:00Z,Acme,The Lab,invoice,month
`
	if d := cmp.Diff(want, good); d != "" {
		t.Fatal(d)
	}
	if checked, err := focus.Check("c.csv", strings.NewReader(good)); err != nil || len(checked.Findings) > 0 || checked.Rows != 2 {
		t.Errorf("%+v, %v", checked, err)
	}
	for name, c := range map[string]struct{ old, new, rule, column string }{
		"a column is missing":      {"ContractPeriodEnd,", "x_End,", "column", "ContractPeriodEnd"},
		"a column of cost":         {"x_Parts", "BilledCosts", "x_", "BilledCosts"},
		"a category":               {",Spend,50", ",Spending,50", "value", "ContractCommitmentCategory"},
		"no amount":                {"Spend,50,", "Spend,,", "null", "ContractCommitmentCost"},
		"a use without a quantity": {"Spend,50,", "Usage,50,", "null", "ContractCommitmentQuantity"},
		"an amount below zero":     {"Spend,50,", "Spend,-50,", "value", "ContractCommitmentCost"},
		"no number":                {"Spend,50,", "Spend,many,", "value", "ContractCommitmentCost"},
		"a currency":               {"USD,Spend,50", "Dollars,Spend,50", "value", "BillingCurrency"},
		"an instant":               {"2026-05-05T00:00:00Z", "2026-05-05", "value", "ContractCommitmentPeriodEnd"},
		"it ends before it begins": {"2026-05-05T00:00:00Z", "2026-05-03T00:00:00Z", "period", "ContractCommitmentPeriodEnd"},
		"outside of its contract":  {"2026-05-04T00:00:00Z", "2025-05-04T00:00:00Z", "period", "ContractCommitmentPeriodStart"},
		"it stands twice":          {"shop/purchase", "shop/capacity", "contract", "ContractCommitmentId"},
		"a quantity alone":         {"2026-05-04T00:00:00Z,,", "2026-05-04T00:00:00Z,5,", "null", "ContractCommitmentUnit"},
		"no contract":              {",shop,", ",,", "null", "ContractId"},
	} {
		found(t, name, strings.ReplaceAll(good, c.old, c.new), c.rule, c.column)
	}
	two := strings.Replace(good, "shop,9999-12-31T00:00:00Z", "shop,2029-12-31T00:00:00Z", 1)
	found(t, "one contract, two periods", two, "contract", "ContractId")
}

// found says that the checker finds a rule broken in a column.
func found(t *testing.T, name, text, rule, column string) {
	t.Helper()
	checked, err := focus.Check("x.csv", strings.NewReader(text))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !slices.ContainsFunc(checked.Findings, func(f focus.Finding) bool { return f.Rule == rule && f.Column == column && f.Line > 0 }) {
		t.Errorf("%s: no finding of %s in %s: %+v", name, rule, column, checked.Findings)
	}
}

func TestTheCheckerReadsWhatCountsToCommitments(t *testing.T) {
	t.Parallel()
	x := exporter(t, focus.Costs)
	if err := x.Record(record(t, bought(t), may4, []pricing.Line{line(usage.Input, 4000, "0.0000025")})); err != nil {
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
	const element = `{""ContractId"":""shop"",""ContractCommitmentId"":""shop/capacity"",""ContractCommitmentAppliedCost"":0.01}`
	if !strings.Contains(out.String(), element) {
		t.Fatalf("no %s in %s", element, out.String())
	}
	for name, text := range map[string]string{
		"no object":              `[]`,
		"no JSON":                `{`,
		"two values":             `{""Elements"":[` + element + `]}{}`,
		"no elements":            `{""Elements"":[]}`,
		"other elements":         `{""elements"":{}}`,
		"no contract":            `{""Elements"":[{""ContractCommitmentId"":""c"",""ContractCommitmentAppliedCost"":1}]}`,
		"no commitment":          `{""Elements"":[{""ContractId"":""c"",""ContractCommitmentAppliedCost"":1}]}`,
		"an empty commitment":    `{""Elements"":[{""ContractId"":""c"",""ContractCommitmentId"":"""",""ContractCommitmentAppliedCost"":1}]}`,
		"a cost as text":         `{""Elements"":[{""ContractId"":""c"",""ContractCommitmentId"":""c"",""ContractCommitmentAppliedCost"":""1""}]}`,
		"neither cost nor use":   `{""Elements"":[{""ContractId"":""c"",""ContractCommitmentId"":""c""}]}`,
		"a use without its unit": `{""Elements"":[{""ContractId"":""c"",""ContractCommitmentId"":""c"",""ContractCommitmentAppliedQuantity"":1}]}`,
		"a key of nobody":        `{""Elements"":[{""ContractId"":""c"",""ContractCommitmentId"":""c"",""ContractCommitmentAppliedCost"":1,""Mine"":1}]}`,
		"twice":                  `{""Elements"":[` + element + `,` + element + `]}`,
	} {
		found(t, name, strings.Replace(out.String(), `{""Elements"":[`+element+`]}`, text, 1), "contract", "ContractApplied")
	}
	for name, text := range map[string]string{
		"a use with its unit": `{""Elements"":[{""ContractId"":""c"",""ContractCommitmentId"":""c"",""ContractCommitmentAppliedQuantity"":1.5,""ContractCommitmentAppliedUnit"":""Tokens""}]}`,
		"a key of one's own":  `{""Elements"":[{""ContractId"":""c"",""ContractCommitmentId"":""c"",""ContractCommitmentAppliedCost"":-1E-3,""x_Balance"":{}}]}`,
	} {
		checked, err := focus.Check("x.csv", strings.NewReader(strings.Replace(out.String(), `{""Elements"":[`+element+`]}`, text, 1)))
		if err != nil || len(checked.Findings) > 0 {
			t.Errorf("%s: %+v, %v", name, checked, err)
		}
	}
}

// closings are May and June of the lab and the host, closed when the journal had so many blocks.
func closings() *focus.Closings {
	c := &focus.Closings{}
	for i, number := range []string{"S-5", "S-6"} {
		from := time.Date(2026, time.Month(5+i), 1, 0, 0, 0, 0, time.UTC)
		c.Add(focus.Closed{Agreement: "shop", Between: [2]string{"host", "lab"}, From: from.UnixNano(), Until: from.AddDate(0, 1, 0).UnixNano(), Number: number,
			At: journal.Cursor{Chain: 1, Block: uint64(10 * (i + 1))}, Posted: journal.Cursor{Chain: 1, Block: uint64(10*(i+1) + 1)}})
	}
	return c
}

func TestACostStandsOnTheStatementThatStatesIt(t *testing.T) {
	t.Parallel()
	in := bought(t)
	for name, c := range map[string]struct {
		at    time.Time
		block uint64
		want  string
	}{
		"in time":                             {may4, 10, "2026-05-01T00:00:00Z  2026-05-04T10:00:00Z S-5 4000 m-1 input"},
		"late: on the next one, a Correction": {may4, 11, "2026-06-01T00:00:00Z Correction 2026-05-04T10:00:00Z S-6 4000 Late usage: m-1 input"},
		"after all of them":                   {may4, 21, "2026-07-01T00:00:00Z Correction 2026-05-04T10:00:00Z  4000 Late usage: m-1 input"},
		"of a month that is open":             {may4.AddDate(0, 2, 0), 21, "2026-07-01T00:00:00Z  2026-07-04T10:00:00Z  4000 m-1 input"},
		"before the first one":                {may4.AddDate(0, -2, 0), 3, "2026-03-01T00:00:00Z  2026-03-04T10:00:00Z S-5 4000 m-1 input"},
	} {
		x := exporter(t, focus.Costs)
		x.Closings = closings()
		sold := record(t, in, c.at, []pricing.Line{line(usage.Input, 4000, "0.0000025")})
		sold.Came = journal.Cursor{Chain: 1, Block: c.block}
		if err := x.Record(sold); err != nil {
			t.Fatal(err)
		}
		columns := []string{"BillingPeriodStart", "ChargeClass", "ChargePeriodStart", "InvoiceId", "ConsumedQuantity", "ChargeDescription"}
		if d := cmp.Diff([]string{c.want}, some(written(t, x), columns...)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if late := x.Closings.Late(c.at.UnixNano(), sold.Came); late != strings.Contains(c.want, "Late") {
			t.Errorf("%s: late is %v", name, late)
		}
	}
}

func TestWhatIsLateIsExportedWithTheMonthThatShowsIt(t *testing.T) {
	t.Parallel()
	in := bought(t)
	for month, want := range map[time.Month]int{5: 0, 6: 1, 7: 0} {
		x := exporter(t, focus.Costs)
		x.Closings = closings()
		x.From = time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC).UnixNano()
		x.Until = time.Date(2026, month+1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
		sold := record(t, in, may4, []pricing.Line{line(usage.Input, 4000, "0.0000025")})
		sold.Came = journal.Cursor{Chain: 1, Block: 11}
		if err := x.Record(sold); err != nil {
			t.Fatal(err)
		}
		if got := len(written(t, x)); got != want {
			t.Errorf("month %d has %d rows, want %d", month, got, want)
		}
	}
}

func TestAFurtherVersionTakesThePlaceOfAStatement(t *testing.T) {
	t.Parallel()
	c := closings()
	from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	c.Add(focus.Closed{Agreement: "shop", Between: [2]string{"lab", "host"}, From: from.UnixNano(), Until: from.AddDate(0, 1, 0).UnixNano(), Number: "S-6/v2", At: journal.Cursor{Chain: 1, Block: 40}})
	if c.Stands("S-6") || !c.Stands("S-6/v2") || !c.Stands("S-5") {
		t.Error("the first version stands, or the second one does not")
	}
	if c.Late(from.UnixNano(), journal.Cursor{Chain: 1, Block: 30}) {
		t.Error("what came before the further version is late")
	}
}

// statement is one of the host's share of what the lab sells, in a zone of its own.
func statement(t *testing.T) *settlement.Statement {
	t.Helper()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	period, err := settlement.ParsePeriod("2026-05", zone)
	if err != nil {
		t.Fatal(err)
	}
	amount := money.MustParse
	return &settlement.Statement{Agreement: "shop", Between: [2]string{"lab", "host"}, Number: "S-5", Currency: "USD", Period: period, Terms: []settlement.TermsSpan{{Hash: "abc"}},
		Clauses: []settlement.Clause{{ID: "share", Kind: "revenue-share", Payer: "lab", Payee: "host", Lines: []settlement.Line{
			{Cloud: "rented", Product: "lab/m", Stream: "license", Amount: amount("12.34"), Count: 7},
			{Earlier: true, Period: "2026-04", Corrects: "S-4", Cloud: "rented", Product: "lab/m", Amount: amount("-0.05")},
			{Kind: settlement.LineFee, Amount: amount("9")}, {Kind: settlement.LineAdvance, Amount: amount("-3")}, {Kind: settlement.LineRounding, Earlier: true, Amount: amount("0.01")},
			{Kind: settlement.LineOther, Amount: amount("-1")}, {Kind: settlement.LineLoss, Amount: amount("-2")}, {Kind: settlement.LineOpening, Amount: amount("4")},
			{Cloud: "rented", Product: "lab/m", Stream: "cloud", Amount: amount("-0.5"), Count: 1}, {Cloud: "own", Product: "lab/m", Count: 3}}}}}
}

func TestEachLineOfAStatementIsARowOfItsKind(t *testing.T) {
	t.Parallel()
	x := exporter(t, focus.Statements)
	if err := x.Statement(statement(t), terms(t, strings.Replace(sells, "zone: UTC", "zone: America/Los_Angeles", 1))); err != nil {
		t.Fatal(err)
	}
	rows := written(t, x)
	want := []string{
		"Adjustment  -0.5 lab S-5 The Host    ", "Adjustment  -1 lab S-5 The Host    ", "Adjustment  -2 lab S-5 The Host    ", "Adjustment  -3 lab S-5 The Host    ",
		"Adjustment  0.01 lab S-5 The Host    ", "Adjustment  4 lab S-5 The Host    ",
		"Purchase  9 lab S-5 The Host   1 Fees", "Usage  12.34 lab S-5 The Host 7 Requests 1 Months", "Usage Correction -0.05 lab S-5 The Host    ",
	}
	got := some(rows, "ChargeCategory", "ChargeClass", "BilledCost", "BillingAccountId", "InvoiceId", "InvoiceIssuerName", "ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit")
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, row := range rows {
		charged := "2026-05-01T07:00:00Z 2026-06-01T07:00:00Z"
		if row["ChargeClass"] == "Correction" {
			charged = "2026-04-01T07:00:00Z 2026-05-01T07:00:00Z"
		}
		if row["BillingPeriodStart"] != "2026-05-01T07:00:00Z" || row["ChargePeriodStart"]+" "+row["ChargePeriodEnd"] != charged {
			t.Errorf("a row is of %s and from %s until %s", row["BillingPeriodStart"], row["ChargePeriodStart"], row["ChargePeriodEnd"])
		}
	}
}

func TestWhatFellDueBesideAStatementStandsOnIt(t *testing.T) {
	t.Parallel()
	in := bought(t)
	x := exporter(t, focus.Statements)
	x.Closings = closings()
	fee := func(name string) *journal.Fee {
		return &journal.Fee{Name: name, Agreement: "shop", Clause: "capacity", Payer: "lab", Payee: "host", Amount: money.MustParse("20"), Currency: "USD"}
	}
	end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).UnixNano() - 1
	for _, e := range []struct {
		entry journal.Entry
		block uint64
	}{
		{journal.Entry{ID: "closing", Source: settlement.Source, Time: end, Body: fee("shortfall")}, 11},
		{journal.Entry{ID: "interest", Time: may4.UnixNano(), Body: fee("interest")}, 9},
		{journal.Entry{ID: "late", Time: may4.UnixNano(), Body: fee("guarantee")}, 12},
		{journal.Entry{ID: "open", Time: may4.AddDate(0, 2, 0).UnixNano(), Body: fee("interest")}, 30},
		{journal.Entry{ID: "in the lines", Time: may4.UnixNano(), Body: fee("license-fee")}, 9},
	} {
		if err := x.Due(&e.entry, in, journal.Cursor{Chain: 1, Block: e.block}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"Adjustment  S-5 2026-05-01T00:00:00Z interest", "Purchase  S-5 2026-05-01T00:00:00Z closing", "Purchase Correction S-6 2026-06-01T00:00:00Z late"}
	if d := cmp.Diff(want, some(written(t, x), "ChargeCategory", "ChargeClass", "InvoiceId", "BillingPeriodStart", "x_Entry")); d != "" {
		t.Error(d)
	}
}
