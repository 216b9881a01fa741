package cases_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/simulate"
	"concord/simulate/cases"
)

const deal = "concord: 1\nagreements: [deal.yaml]\ncases:\n"

func TestAnEntryOfAWrongFormIsAFindingWithItsPlaceAndWhatToWrite(t *testing.T) {
	for name, c := range map[string]struct{ entry, want string }{
		"two things at once":           {"{time: 2026-05-01, clock: {}, void: {of: r1}}", "the entry says void and clock: it says one thing"},
		"a refund of nothing":          {"{time: 2026-05-01, refund: {amount: \"1\"}}", `refund of "x" has no of`},
		"a hold without a name":        {"{time: 2026-05-01, hold: {budget: b, limit: \"1\", amount: \"1\", product: gpt-5.4}}", `hold of "x" has no id`},
		"three parties":                {"{time: 2026-05-01, close: {between: [a, b, c], period: 2026-05}}", "names 3 parties, not two"},
		"a payment of nothing":         {"{time: 2026-05-01, payment: {from: a, to: b}}", "says no clause that it pays"},
		"a line without an amount":     {"{time: 2026-05-01, payment: {from: a, to: b, lines: [{clause: c}]}}", "has no clause or no amount"},
		"a statement that nobody cuts": {"{time: 2026-05-01, clock: {}, expect: {statement: {due: 2026-05-01}}}", "statement is expected of an entry that makes none"},
		"what a sale does not bring":   {"{time: 2026-05-01, usage: {product: gpt-5.4}, expect: {due: [{amount: \"1\"}]}}", "under which nothing falls due"},
		"an unknown field":             {"{time: 2026-05-01, refund: {off: s1, amount: \"1\"}}", `the format has no field "off"`},
		"an unknown kind":              {"{time: 2026-05-01, refnd: {of: s1, amount: \"1\"}}", `the format has no field "refnd"`},
	} {
		t.Run(name, func(t *testing.T) {
			f, findings := cases.Parse("x.test.yaml", []byte(deal+"  - case: x\n    entries:\n      - "+c.entry+"\n"))
			if f != nil || len(findings) == 0 || !strings.Contains(findings[0].Message, c.want) {
				t.Fatalf("%v, want %s", findings, c.want)
			}
			if at := findings[0]; at.Pos.Line != 6 || at.Remedy == "" {
				t.Errorf("at %s, remedy %q", at.Pos, at.Remedy)
			}
		})
	}
}

func TestAnEntryThatNamesWhatIsNotThereIsAFinding(t *testing.T) {
	sale := "      - {id: s1, time: 2026-05-02, usage: {product: gpt-5.4, amount: \"1\"}}\n"
	for name, c := range map[string]struct{ entry, want string }{
		"a sale":               {"{time: 2026-05-03, refund: {of: s2, amount: \"1\"}}", `no entry before this one has the id "s2"`},
		"a clause":             {"{time: 2026-05-03, payment: {from: openai, to: microsoft, clause: shares, amount: \"1\"}}", `no agreement has a clause "shares"`},
		"an agreement":         {"{time: 2026-07-03, close: {agreement: other, period: 2026-05}}", `there is no agreement "other"`},
		"an amount":            {"{time: 2026-05-03, refund: {of: s1, amount: one}}", `"one" is not an amount`},
		"another currency":     {"{time: 2026-05-03, usage: {product: gpt-5.4, amount: \"1 EUR\"}}", `"1 EUR" is not in USD`},
		"a rate":               {"{time: 2026-05-03, rate: {source: ecb, from: EUR, to: USD, value: \"-1\"}}", `"-1" is no rate of exchange`},
		"an order":             {"{time: 2026-05-03, recorded: 2026-05-01, clock: {}}", "lies before the entry above it"},
		"a file":               {"{time: 2026-05-03, amendment: {document: nowhere.yaml}}", "nowhere.yaml"},
		"a window of a budget": {"{id: r1, time: 2026-05-03, hold: {budget: b, limit: \"1\", per: week, amount: \"1\", product: gpt-5.4}}", `"week" is no window of a budget`},
		"an outcome":           {"{time: 2026-05-03, usage: {product: gpt-5.4, amount: \"1\", outcome: faild}}", `"faild" is no outcome`},
		"tax without a price":  {"{time: 2026-05-03, usage: {product: gpt-5.4, tax: \"1\"}}", "streams and tax go with an amount"},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := run(t, deal+"  - case: x\n    entries:\n"+sale+"      - "+c.entry+"\n")
			if len(findings) != 1 || !strings.Contains(findings[0].Message, c.want) || findings[0].Pos.Line < 7 || findings[0].Remedy == "" {
				t.Errorf("%v, want %s", findings, c.want)
			}
		})
	}
}

func TestWhatTheBooksRefuseFailsTheCaseAndEndsIt(t *testing.T) {
	results, findings := run(t, deal+`  - case: x
    entries:
      - {id: s1, time: 2026-05-02, usage: {product: gpt-5.4, amount: "1"}}
      - {time: 2026-05-03, refund: {of: s1, amount: "2"}}
      - {time: 2026-05-04, clock: {}, expect: {accrued: [{amount: "7"}]}}
`)
	if len(findings) > 0 || len(results[0].Failures) != 1 || !strings.Contains(results[0].Failures[0].Got, "give back what is left") {
		t.Errorf("%v %+v", findings, results)
	}
}

func TestAnErrorThatIsExpectedAndDoesNotComeFailsTheCase(t *testing.T) {
	results, _ := run(t, deal+`  - case: x
    entries:
      - {id: s1, time: 2026-05-02, usage: {product: gpt-5.4, amount: "1"}, expect: {error: refused}}
      - {id: s2, time: 2026-05-02, usage: {product: gpt-5.4, amount: "1"}}
      - {time: 2026-05-03, refund: {of: s2, amount: "2"}, expect: {error: budget}}
      - {time: 2026-05-03, refund: {of: s2, amount: "2"}, expect: {says: something else}}
`)
	var got []string
	for _, f := range results[0].Failures {
		got = append(got, f.Expected+" "+strings.Split(strings.SplitN(f.Got, ":", 2)[0], " \"")[0])
	}
	want := "refused no error|budget refused|something else post refund"
	if strings.Join(got, "|") != want {
		t.Errorf("%q, want %s", got, want)
	}
}

func TestADocumentOfTheFileIsShownWhereItStandsInIt(t *testing.T) {
	results, findings := run(t, `concord: 1
agreements: [deal.yaml]
files:
  broken.yaml: |
    concord: 1
    agreement: broken
    currency: dollars
cases:
  - case: x
    agreements: [broken.yaml]
    expect: {error: nothing}
`)
	if len(findings) > 0 || len(results) != 1 || len(results[0].Failures) != 1 || !strings.Contains(results[0].Failures[0].Because, "x.test.yaml:7:15: error: currency is not a currency code") {
		t.Errorf("%v %+v", findings, results)
	}
}

// FuzzRun: whatever a file of entries says, running it ends with results or with findings, and never in a panic.
func FuzzRun(f *testing.F) {
	for _, entries := range []string{
		`[{id: s, time: 2026-05-01, usage: {product: gpt-5.4, amount: "1"}, expect: {owed: [{amount: "1.2"}]}}, {time: 2026-05-02, refund: {of: s, amount: "1"}}, {time: 2026-06-05, close: {period: 2026-05}}]`,
		`[{id: h, time: 2026-05-01, hold: {budget: b, limit: "1", amount: "1", product: gpt-5.4}}, {time: 2026-05-02, post: {of: h, amount: "1"}}, {time: 2026-06-05, clock: {}, expect: {budgets: [{spent: "1"}]}}]`,
		`[{time: 2026-05-01, fee: {name: f, payer: a, payee: b, amount: "1"}}, {time: 2026-05-01, amendment: {text: "- {id: x}"}}, {time: 2026-05-02, payment: {from: openai, to: microsoft, clause: share, amount: "1"}, expect: {error: refused}}]`,
		`[{id: i, time: 2026-05-01, invoice: {customer: a, seller: openai, product: gpt-5.4, cloud: openai, amount: "1"}}, {time: 2026-05-02, correction: {of: i, what: price, amount: "2"}}, {time: 2026-06-05, draft: {between: [openai, microsoft], period: 2026-05}, expect: {statement: {due: 2026-07-20}}}]`,
	} {
		f.Add(deal + "  - case: x\n    entries: " + entries)
	}
	known := map[string][]byte{"tests/deal.yaml": read(f, examples+"tests/deal.yaml")}
	f.Fuzz(func(t *testing.T, doc string) {
		file, _ := cases.Parse("tests/x.test.yaml", []byte(doc))
		if file == nil || strings.Contains(doc, "times") || file.Config.Given() || len(file.Prices) > 0 || len(file.Cases) > 20 {
			return
		}
		library := func(path string) ([]byte, error) {
			if text, ok := file.Inline(path); ok {
				return text, nil
			}
			if text, ok := known[path]; ok {
				return text, nil
			}
			return nil, fs.ErrNotExist
		}
		s := &simulate.Scene{Known: cases.Everything(), Derived: true}
		var all []*agreement.Agreement
		for _, name := range file.Agreements {
			text, err := library(file.Beside(name.Value))
			if err != nil {
				return
			}
			a, _ := agreementfile.Parse(file.Beside(name.Value), text)
			if a == nil {
				return
			}
			all = append(all, a)
		}
		if s.Set = agreement.NewSet(all...); slices.ContainsFunc(s.Set.Lint(nil), func(found agreement.Finding) bool { return found.Severity == agreement.Error }) {
			return
		}
		s.Catalog = s.Set.SaleCatalog("")
		file.Offer(s)
		results, findings := cases.Run(s, file, library)
		if len(results) != len(file.Cases) {
			t.Errorf("%d results of %d cases, %v", len(results), len(file.Cases), findings)
		}
	})
}
