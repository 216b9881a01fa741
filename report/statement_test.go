package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/money"
	"concord/report"
	"concord/settlement"
)

// statement is what case B1 of the books comes to, with a control that disagrees.
func statement() *settlement.Statement {
	amount := money.MustParse
	period, err := settlement.ParsePeriod("2026-05", time.UTC)
	if err != nil {
		panic(err)
	}
	totals := settlement.Totals{Base: amount("0.02"), Uncapped: amount("0.004"), Capped: amount("0.004")}
	return &settlement.Statement{
		State: settlement.Draft, Agreement: "openai-microsoft", Between: [2]string{"openai", "microsoft"}, Period: period,
		Issued: "2026-06-02T00:00:00Z", Due: "2026-07-17", Currency: "USD", Rounding: settlement.Rounding{Scale: 2, Mode: "half-even"},
		Terms:   []settlement.TermsSpan{{Hash: strings.Repeat("ab", 32), From: "2026-04-28T07:00:00Z"}},
		Journal: settlement.Position{Chain: 1, Block: 7, Hash: strings.Repeat("cd", 32)},
		Clauses: []settlement.Clause{{
			ID: "share-openai-to-microsoft", Kind: "revenue-share", Payer: "openai", Payee: "microsoft", Accrued: amount("0.004"),
			Bridge: settlement.Bridge{Period: totals, Closing: totals, Owed: amount("0.004"), Residue: amount("0.004")},
			Caps:   []settlement.CapBridge{{CapLeft: settlement.CapLeft{Per: "total", Amount: amount("38000000000"), Used: amount("0.004"), Left: amount("37999999999.996")}}},
			Lines: []settlement.Line{
				{Cloud: "azure", Product: "openai/gpt-5.4", Stream: "cloud", Base: amount("0.008"), Accrued: amount("0.0016")},
				{Cloud: "azure", Product: "openai/gpt-5.4", Stream: "license", Base: amount("0.012"), Accrued: amount("0.0024")},
			},
			Notes: []int{1},
		}},
		Licensed: []settlement.Licensed{{Clause: "model-license", Licensor: "openai", Licensee: "microsoft", Total: amount("0.02"),
			Lines: []settlement.LicensedLine{{Cloud: "azure", Product: "openai/gpt-5.4", Stream: "license", Charged: amount("0.02"), Count: 1}}}},
		Gross:     []settlement.Gross{{Payer: "openai", Payee: "microsoft", Accrued: amount("0.004")}, {Payer: "microsoft", Payee: "openai"}},
		Net:       settlement.Gross{Payer: "openai", Payee: "microsoft", Accrued: amount("0.004")},
		Footnotes: []settlement.Footnote{{Number: 1, Provenance: "reported", Text: "rate of share-openai-to-microsoft"}},
		Controls:  []settlement.Control{{Name: "base", Stated: amount("0.02"), Books: amount("0.03")}},
		Rows:      3,
	}
}

func TestAStatementReadsWell(t *testing.T) {
	var out bytes.Buffer
	if err := report.WriteStatement(&out, statement()); err != nil {
		t.Fatal(err)
	}
	want := `
Statement (draft) of openai-microsoft between openai and microsoft
Period 2026-05: from 2026-05-01 until 2026-06-01, UTC (2026-05-01T00:00Z until 2026-06-01T00:00Z)
Cut 2026-06-02T00:00:00Z; if issued then, due 2026-07-17
In USD, rounded to 2 decimals (half-even), once, on the cumulative amount of a clause
Terms abababababab from 2026-04-28T07:00:00Z

What is owed
  clause                            from    to             base   accrued  amount  notes
  --------------------------------  ------  ---------  --------  --------  ------  -----
  share-openai-to-microsoft         openai  microsoft  0.020000  0.004000    0.00  [1]
    azure, openai/gpt-5.4, cloud                       0.008000  0.001600    0.00
    azure, openai/gpt-5.4, license                     0.012000  0.002400    0.00

Both ways, and the net
         from       to          accrued  amount
  -----  ---------  ---------  --------  ------
  gross  openai     microsoft  0.004000    0.00
  gross  microsoft  openai     0.000000    0.00
  net    openai     microsoft  0.004000    0.00

From opening to close
  clause                     of                   opening    period   closing
  -------------------------  ------------------  --------  --------  --------
  share-openai-to-microsoft  base                0.000000  0.020000  0.020000
                             share, uncapped     0.000000  0.004000  0.004000
                             share, capped       0.000000  0.004000  0.004000
                             owed                                    0.004000
                             stated before                               0.00
                             stated now                                  0.00
                             paid                                        0.00
                             residue after this                      0.004000

Cap of share-openai-to-microsoft, 38,000,000,000 USD (total)
  0.000000 used at the opening, 0.004000 at the close, 37,999,999,999.996000 left

Usage under model-license (openai to microsoft), owed for or not
  microsoft charged its customers 0.020000 USD
  cloud  product         stream    charged  requests
  -----  --------------  -------  --------  --------
  azure  openai/gpt-5.4  license  0.020000         1

Notes
  [1] reported: rate of share-openai-to-microsoft

How it was cut
  At chain 1, block 7 of the journal (cdcdcdcdcdcd)
  DISAGREES: base: the statement has 0.02, the books have 0.03
  3 rows; 0 of 1 control totals agree. A draft binds nobody.
`
	if diff := cmp.Diff(want[1:], out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAStatementShowsTiersGuaranteesAndFees(t *testing.T) {
	amount := money.MustParse
	s := statement()
	s.Clauses[0].Tiers = &settlement.TierBridge{Words: "20% up to 1,000 USD, then 10%", Window: "2026", Opening: amount("10"), Base: amount("900"),
		Step: 1, Rate: "20%", Left: amount("100")}
	s.Clauses[0].Guarantee = &settlement.GuaranteeBridge{Words: "at least 500 USD per year is guaranteed", Window: "2026", Amount: amount("500"),
		Earned: amount("180"), TopUp: amount("320")}
	s.Licensed[0].Fee = &settlement.FeeShown{Words: "for 12,000 USD a year", Earned: amount("1000")}
	var out bytes.Buffer
	if err := report.WriteStatement(&out, s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`
Tiers of share-openai-to-microsoft (2026)
  20% up to 1,000 USD, then 10%
  base 10.000000 at the opening, 900.000000 at the close: step 1, 20%, 100.000000 left in it
`, `
Guarantee of share-openai-to-microsoft (2026)
  at least 500 USD per year is guaranteed
  180.000000 earned so far; if the window ended now, it would be topped up by 320.000000
`, `
  given for 12,000 USD a year: 1,000.000000 earned in the period
`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the statement lacks%s\nit is\n%s", want, out.String())
		}
	}
}

func TestTheCSVOfAStatementIsExactAndItsLinesAddUpToTheirClause(t *testing.T) {
	s := statement()
	s.Clauses[0].ID = "=cmd" // what a spreadsheet must not run
	var out bytes.Buffer
	if err := report.WriteStatementsCSV(&out, []*settlement.Statement{s}); err != nil {
		t.Fatal(err)
	}
	want := `
agreement,period,state,row,clause,payer,payee,cloud,product,stream,base,accrued,amount,count,currency,dated,corrects,number,version
openai-microsoft,2026-05,draft,clause,'=cmd,openai,microsoft,,,,0.02,0.004,0.00,,USD,,,,
openai-microsoft,2026-05,draft,line,'=cmd,openai,microsoft,azure,openai/gpt-5.4,cloud,0.008,0.0016,0.00,0,USD,,,,
openai-microsoft,2026-05,draft,line,'=cmd,openai,microsoft,azure,openai/gpt-5.4,license,0.012,0.0024,0.00,0,USD,,,,
openai-microsoft,2026-05,draft,licensed,model-license,microsoft,openai,azure,openai/gpt-5.4,license,0.02,,,1,USD,,,,
openai-microsoft,2026-05,draft,gross,,openai,microsoft,,,,,0.004,0.00,,USD,,,,
openai-microsoft,2026-05,draft,gross,,microsoft,openai,,,,,0,0.00,,USD,,,,
openai-microsoft,2026-05,draft,net,,openai,microsoft,,,,,0.004,0.00,,USD,,,,
`
	if diff := cmp.Diff(want[1:], out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAStatementAsHTMLEscapesWhatPartiesWrote(t *testing.T) {
	s := statement()
	s.Footnotes[0].Text = "<script>alert(1)</script>"
	var out bytes.Buffer
	if err := report.StatementPage(s).WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	if html := out.String(); strings.Contains(html, "<script>") || !strings.Contains(html, "&lt;script&gt;") || !strings.Contains(html, "What is owed") {
		t.Error(html)
	}
}

func TestTheSameStatementIsTheSamePDF(t *testing.T) {
	s := statement()
	s.Footnotes[0].Text = "Überprüft – ✓ 😀 " + strings.Repeat("unbreakable", 60)
	for range 80 {
		s.Clauses[0].Lines = append(s.Clauses[0].Lines, s.Clauses[0].Lines[0]) // more than one page
	}
	made := time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := report.StatementPage(s).WritePDF(out, made); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(first.Bytes(), []byte("%PDF-")) || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("%d and %d bytes differ", first.Len(), second.Len())
	}
}
