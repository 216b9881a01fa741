package settlement_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// deal is an agreement with one share in dollars, or what else is said of it.
const deal = `
concord: 1
agreement: deal
currency: USD
zone: America/Los_Angeles
parties:
  openai: {name: OpenAI, operates: [openai]}
  microsoft: {name: Microsoft, operates: [azure]}
  amazon: {name: Amazon, operates: [aws]}
settlement:
  - {between: [openai, microsoft], period: month, zone: America/Los_Angeles, grace: 3d, due: 10d, net: true, rounding: {scale: 2, mode: half-even}}
  - {between: [openai, amazon], period: month, zone: America/Los_Angeles, grace: 3d, due: 10d, net: true, rounding: {scale: 2, mode: half-even}}
amendments:
  - id: start
    effective: 2026-01-01
    recorded: 2026-01-01
    source: {url: "-", provenance: public}
    adds:
`

// shop is an agreement under which OpenAI sells in a currency.
const shop = `
concord: 1
agreement: shop
currency: CURRENCY
zone: America/Los_Angeles
parties: {openai: {operates: [openai]}}
products: {openai/gpt-5.4: {owner: openai, apis: [chat]}}
amendments:
  - id: start
    effective: 2026-01-01
    recorded: 2026-01-01
    source: {url: "-", provenance: public}
    adds:
      - {id: sales, kind: sale, seller: openai, products: {match: [openai/*]}, price: {book: list}, streams: {license: "60%", cloud: "40%"}, term: perpetual}
`

// clause writes a share of what OpenAI sells, with more of its terms.
func clause(more string) string {
	return "      - {id: share, kind: revenue-share, payer: openai, term: perpetual, base: {revenue_of: openai, from: [sales]}, " + more + "}\n"
}

// selling is an office in which OpenAI owes Microsoft the share that more says.
func selling(t fataler, currency, more string) *office {
	t.Helper()
	return newOffice(t, deal+clause(more), strings.Replace(shop, "CURRENCY", currency, 1))
}

// buys posts an invoice of OpenAI's and returns what a refund says of it.
func (o *office) buys(on, amount, currency string) *receipt {
	o.t.Helper()
	at := day(on)
	origin := journal.Origin{At: at.UnixNano(), Terms: o.termsAt(at), Customer: "acme", Seller: "openai", Product: gpt, Cloud: "openai",
		Charged: money.MustParse(amount), Currency: money.Currency(currency)}
	o.post(at, &journal.Invoice{Origin: origin, Amount: origin.Charged})
	origin.Of = journal.Ref{Kind: journal.KindInvoice, Source: "test", ID: strings.Repeat("i", o.n)}
	return &receipt{origin: origin, left: origin.Charged}
}

func (o *office) rate(on, value string) {
	o.t.Helper()
	rate, err := money.ParseRate(value)
	if err != nil {
		o.t.Fatal(err)
	}
	at := day(on)
	o.post(at, &journal.Rate{Source: "ecb", From: "EUR", To: "USD", At: at.UnixNano(), Value: rate})
}

// amend brings other texts of the agreements, as a running program does.
func (o *office) amend(on string, texts ...string) {
	o.t.Helper()
	at := day(on)
	var agreements []*agreement.Agreement
	set := journal.SetDoc{Known: at.UnixNano()}
	for i, text := range texts {
		name := string(rune('a'+i)) + ".yaml"
		a, found := agreementfile.Parse(name, []byte(text))
		if a == nil {
			o.t.Fatal(found)
		}
		agreements = append(agreements, a)
		set.Agreements = append(set.Agreements, o.documentAt(at, journal.DocAgreement, name, []byte(text)))
	}
	doc, err := json.Marshal(set)
	if err != nil {
		o.t.Fatal(err)
	}
	o.documentAt(at, journal.DocSet, "set", doc)
	if o.history, err = agreement.NewSet(agreements...).Timeline(at); err != nil {
		o.t.Fatal(err)
	}
}

// month closes a month on the fifth of the next one, and says what the clause states in it: "12.34", and with marks the lines
// that are no usage of the month.
func (o *office) month(period, id string) string {
	o.t.Helper()
	from, err := time.Parse("2006-01", period)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, st := range o.close("deal", period, from.AddDate(0, 1, 4).Add(12*time.Hour)) {
		for i := range st.Clauses {
			c := &st.Clauses[i]
			if c.ID != id {
				continue
			}
			baseOf(o.t, c)
			says := []string{c.Amount.String()}
			for _, l := range c.Lines {
				if l.Kind != "" || l.Earlier {
					says = append(says, strings.TrimSpace(fmt.Sprintf("%s %s %s", l.Kind, l.Period, l.Amount)))
				}
			}
			return strings.Join(says, "; ")
		}
	}
	return "not on it"
}

// A monthly is what a clause states, month by month.
type monthly struct {
	terms  string
	months []func(o *office) // what is entered before each month is closed
	want   []string
}

// ownMonths are examples in the share's own currency.
func ownMonths(to string) map[string]monthly {
	return map[string]monthly{
		"what a period comes to below zero is carried": {to, []func(o *office){
			func(o *office) { o.kept = o.buys("2026-05-10", "100", "USD") },
			func(o *office) { o.refunds("2026-06-10", o.kept, "100"); o.buys("2026-06-11", "30", "USD") },
			func(o *office) { o.buys("2026-07-10", "50", "USD") },
			func(o *office) { o.buys("2026-08-10", "50", "USD") },
		}, []string{"20", "0", "0; loss  0", "6; loss  -4"}},
		"it counts as nothing": {to + ", negative: floor", []func(o *office){
			func(o *office) { o.kept = o.buys("2026-05-10", "100", "USD") },
			func(o *office) { o.refunds("2026-06-10", o.kept, "100"); o.buys("2026-06-11", "30", "USD") },
			func(o *office) { o.buys("2026-07-10", "50", "USD") },
		}, []string{"20", "0", "10"}},
		"it is paid back": {to + ", negative: pay_back", []func(o *office){
			func(o *office) { o.kept = o.buys("2026-05-10", "100", "USD") },
			func(o *office) { o.refunds("2026-06-10", o.kept, "100"); o.buys("2026-06-11", "30", "USD") },
			func(o *office) { o.buys("2026-07-10", "50", "USD") },
		}, []string{"20", "-14", "10"}},
		"tiers go on from month to month, and begin again with the year": {
			`payee: microsoft, tiers: {mode: marginal, reset: year, steps: [{up_to: "100", rate: "20%"}, {rate: "10%"}]}`, []func(o *office){
				func(o *office) { o.buys("2026-11-10", "80", "USD") },
				func(o *office) { o.buys("2026-12-10", "80", "USD") },
				func(o *office) { o.buys("2027-01-10", "80", "USD") },
			}, []string{"16", "10", "16"}},
		"a bounded deduction lets more through when the base grows": {
			to + `, deductions: [{of: [refunds, credits], at_most: "10%", per: quarter}]`, []func(o *office){
				func(o *office) { o.kept = o.buys("2026-04-10", "100", "USD"); o.refunds("2026-04-11", o.kept, "30") },
				func(o *office) { o.buys("2026-05-10", "100", "USD") },
				func(o *office) { o.buys("2026-06-10", "100", "USD"); o.credits("2026-06-11", o.kept, "5") },
				func(o *office) { o.buys("2026-07-10", "100", "USD") },
			}, []string{"18", "18", "18", "20"}},
		"residue is used up by the next month": {`payee: microsoft, rate: "1/3"`, []func(o *office){
			func(o *office) { o.buys("2026-05-10", "0.01", "USD") },
			func(o *office) { o.buys("2026-06-10", "0.01", "USD") },
			func(o *office) { o.buys("2026-07-10", "0.01", "USD") },
		}, []string{"0", "0.01; rounding  0.01", "0; rounding  0"}},
		"an advance is earned, and what is not earned in its window is lost": {
			to + `, guarantee: {amount: "10 USD", per: quarter, due: start, recoupable: true}`, []func(o *office){
				func(o *office) { o.buys("2026-04-10", "30", "USD") },
				func(o *office) { o.buys("2026-05-10", "30", "USD") },
				func(o *office) { o.buys("2026-06-10", "5", "USD") },
				func(o *office) { o.buys("2026-07-10", "10", "USD") },
				func(o *office) {},
				func(o *office) {},
				func(o *office) { o.buys("2026-10-10", "60", "USD") },
			}, []string{"0; advance  -6", "2; advance  -4", "1", "0; advance  -2", "0", "0", "2; advance  -10"}},
		"and earned in later windows where it crosses them": {
			to + `, guarantee: {amount: "10 USD", per: quarter, due: start, recoupable: true, cross_period: true}`, []func(o *office){
				func(o *office) { o.buys("2026-04-10", "10", "USD") },
				func(o *office) {},
				func(o *office) {},
				func(o *office) { o.buys("2026-07-10", "100", "USD") },
			}, []string{"0; 2026-01 -2", "0", "0", "0; advance  -20"}},
	}
}

// foreignMonths are examples of sales in euro.
func foreignMonths(to string) map[string]monthly {
	return map[string]monthly{
		"rates in other currencies, fixed on the day": {to + `, fx: {source: ecb, moment: event-day}`, []func(o *office){
			func(o *office) {
				o.rate("2026-05-01", "1.10")
				o.kept = o.buys("2026-05-02", "100", "EUR")
				o.rate("2026-05-20", "1.20")
			},
			func(o *office) { o.refunds("2026-06-02", o.kept, "50"); o.buys("2026-06-03", "100", "EUR") },
		}, []string{"22", "13"}},
		"the month's average, restated before its close": {to + `, fx: {source: ecb, moment: month-average}`, []func(o *office){
			func(o *office) {
				o.rate("2026-05-01", "1.10")
				o.kept = o.buys("2026-05-02", "100", "EUR")
				o.rate("2026-05-20", "1.20")
				o.buys("2026-05-21", "100", "EUR")
				o.rate("2026-06-01", "0.90")
			},
			func(o *office) {
				o.refunds("2026-06-02", o.kept, "60")
				o.buys("2026-06-03", "100", "EUR")
				o.rate("2026-07-01", "2")
			},
		}, []string{"46", "4.2"}}, // 20 % of 230; 20 % of 100 x 0.90 less 60 x 1.15
		"the period's last rate": {to + `, fx: {source: ecb, moment: period-end}`, []func(o *office){
			func(o *office) {
				o.rate("2026-05-01", "1.10")
				o.buys("2026-05-02", "100", "EUR")
				o.rate("2026-05-30", "1.20")
				o.rate("2026-06-01", "0.90")
			},
			func(o *office) {
				o.buys("2026-06-03", "100", "EUR")
				o.rate("2026-06-29", "1.30")
				o.rate("2026-07-01", "2")
			},
		}, []string{"24", "26"}},
		"restated through an advance": {to + `, fx: {source: ecb, moment: period-end}, guarantee: {amount: "50 USD", per: quarter, due: start, recoupable: true}`, []func(o *office){
			func(o *office) {
				o.rate("2026-04-01", "1.10")
				o.buys("2026-04-02", "200", "EUR")
				o.rate("2026-04-29", "1.50")
				o.rate("2026-05-01", "2")
			},
		}, []string{"10; advance  -50"}}, // 20 % of 300
	}
}

// Each example is posted month by month, and every month is closed before the next begins.
func TestClosedMonthsStateWhatTheClauseSays(t *testing.T) {
	const to = `payee: microsoft, rate: "20%"`
	examples := ownMonths(to)
	maps.Copy(examples, foreignMonths(to))
	for name, c := range examples {
		t.Run(name, func(t *testing.T) {
			currency := "USD"
			if strings.Contains(c.terms, "fx:") {
				currency = "EUR"
			}
			o := selling(t, currency, c.terms)
			first := map[string]string{"tiers go on from month to month, and begin again with the year": "2026-11"}[name]
			if first == "" {
				first = "2026-05"
				if strings.Contains(c.terms, "quarter") {
					first = "2026-04"
				}
			}
			at, err := time.Parse("2006-01", first)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			bytesOf := map[string][]byte{}
			for _, enter := range c.months {
				enter(o)
				got = append(got, o.month(at.Format("2006-01"), "share"))
				at = at.AddDate(0, 1, 0)
				for number, text := range o.stored {
					if had, ok := bytesOf[number]; ok && !bytes.Equal(had, text) {
						t.Errorf("statement %s has other bytes than when it was closed", number)
					}
					bytesOf[number] = text
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestACloseNamesTheDayOfWhichNoFinalRateIsKnown(t *testing.T) {
	o := selling(t, "EUR", `payee: microsoft, rate: "20%", fx: {source: ecb, moment: month-average}`)
	o.rate("2026-05-01", "1.10")
	o.buys("2026-05-12", "100", "EUR")
	_, err := o.closing("deal", "2026-05", at("2026-06-05T12:00:00Z")).Close()
	if err == nil || !strings.Contains(err.Error(), "100 EUR of 2026-05-12 at a rate that is not final") {
		t.Errorf("it closes, or does not name the day: %v", err)
	}
}

// A rate that an amendment changes backwards is trued up on the next statement; the closed one keeps its bytes.
func TestARetroactiveRateIsTruedUpOnTheNextStatement(t *testing.T) {
	share := func(rate, retro string) string { return `payee: microsoft, rate: "` + rate + `", retro: ` + retro }
	money := strings.Replace(shop, "CURRENCY", "USD", 1)
	for name, c := range map[string]struct{ retro, june string }{
		"trued up": {"true_up", "8.8 [lower -2]"}, // 18 % of 60 less 2 % of 100, May's
		"kept":     {"keep", "10.8 []"},
	} {
		t.Run(name, func(t *testing.T) {
			before := deal + clause(share("20%", c.retro))
			o := newOffice(t, before, money)
			o.buys("2026-05-10", "100", "USD")
			if got := o.month("2026-05", "share"); got != "20" {
				t.Fatalf("May states %s", got)
			}
			may := o.stored["deal/openai-microsoft/2026-05"]
			o.amend("2026-06-10", before+`
  - id: lower
    effective: 2026-05-01
    recorded: 2026-06-10
    source: {url: "-", provenance: public}
    replaces:
`+clause(share("18%", c.retro)), money)
			o.buys("2026-06-12", "60", "USD")
			june := clauseOf(t, o.close("deal", "2026-06", at("2026-07-05T12:00:00Z"))[0], "share")
			var ups []string
			for _, u := range june.TrueUps {
				ups = append(ups, u.Amendment+" "+u.Amount.String())
			}
			if got := fmt.Sprint(june.Amount, " ", ups); got != c.june {
				t.Errorf("June states %s, want %s", got, c.june)
			}
			if !bytes.Equal(may, o.stored["deal/openai-microsoft/2026-05"]) {
				t.Error("May has other bytes")
			}
		})
	}
}

// Three payees share 0.10 by halves, quarters and quarters: by largest remainder, each on the statement with the payer.
func TestPayeesShareByLargestRemainderOnTheStatementOfEach(t *testing.T) {
	o := selling(t, "USD", `payees: {microsoft: "1/3", amazon: "2/3"}, rate: "10%"`)
	o.buys("2026-05-10", "100", "USD")
	o.buys("2026-05-11", "0.04", "USD")
	statements := o.close("deal", "2026-05", at("2026-06-05T12:00:00Z"))
	got := map[string]string{}
	for _, st := range statements {
		for _, c := range st.Clauses {
			got[c.Payee] = c.Amount.String() + " of " + c.Bridge.Owed.String()
		}
	}
	want := map[string]string{"microsoft": "3.33 of 3.334666666667", "amazon": "6.67 of 6.669333333333"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMilestonesBeginAndEndWhatIsStated(t *testing.T) {
	text := deal + `      - {id: agi, kind: milestone, name: agi, declares: openai, term: perpetual}
      - {id: until, kind: revenue-share, payer: openai, payee: microsoft, rate: "20%", stack: true, base: {revenue_of: openai, from: [sales]}, until: {milestone: agi, state: declared}}
      - {id: from, kind: revenue-share, payer: openai, payee: microsoft, rate: "5%", stack: true, base: {revenue_of: openai, from: [sales]}, from: {milestone: agi, state: declared}, term: perpetual}
`
	money := strings.Replace(shop, "CURRENCY", "USD", 1)
	o := newOffice(t, text, money)
	first := o.buys("2026-05-10", "100", "USD")
	if got := o.month("2026-05", "until"); got != "20" {
		t.Errorf("May: %s", got)
	}
	o.buys("2026-06-10", "100", "USD")
	o.amend("2026-06-15", text+"facts: [{id: f1, kind: declares, milestone: agi, on: 2026-06-15, recorded: 2026-06-15, by: openai}]\n", money)
	o.buys("2026-06-20", "100", "USD")
	o.refunds("2026-06-21", first, "50")
	statements := o.close("deal", "2026-06", at("2026-07-05T12:00:00Z"))
	got := map[string]string{}
	for _, st := range statements {
		for i := range st.Clauses {
			c := &st.Clauses[i]
			got[c.ID] = c.Amount.String() + " of " + baseOf(t, c).String()
		}
	}
	// What was sold before the milestone is given back under the share that it ended.
	if diff := cmp.Diff(map[string]string{"until": "10 of 50", "from": "5 of 100"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A commitment of 240 in two years falls due by the year: what is missing is demanded with the close of December, and what
// was bought too much counts to the next year where the clause carries it over.
func TestACommitmentsShortfallIsDueWithTheCloseOfItsYear(t *testing.T) {
	for name, c := range map[string]struct {
		terms string
		want  map[string]string
	}{
		"each year for itself":   {"", map[string]string{"2026-12": "", "2027-12": "90"}},
		"what is over goes on":   {", carry_over: true", map[string]string{"2026-12": "", "2027-12": "60"}},
		"a shortfall is forfeit": {", shortfall: forfeit", map[string]string{"2026-12": "", "2027-12": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			shortfall := ", shortfall: invoice"
			if strings.Contains(c.terms, "forfeit") {
				shortfall = ""
			}
			o := newOffice(t, deal+`      - {id: sales, kind: sale, seller: openai, products: {match: [openai/*]}, price: {book: list}, streams: {license: "60%", cloud: "40%"}, term: perpetual}
      - {id: commitment, kind: commitment, buyer: openai, seller: amazon, amount: "240 USD", window: {from: 2026-01-01, until: 2028-01-01}, sub_windows: year, counts: {amount: cost, clouds: [aws]}`+
				shortfall+c.terms+", term: perpetual}\n")
			for month := time.January; month <= 24; month++ {
				start := time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC)
				period := start.Format("2006-01")
				switch period {
				case "2026-05":
					o.sells(day("2026-05-10"), "acme", "openai", gpt, "aws", "openai", "200", "150")
				case "2027-05":
					o.sells(day("2027-05-10"), "acme", "openai", gpt, "aws", "openai", "200", "30")
				}
				work := o.closing("deal", period, start.AddDate(0, 1, 4))
				closed, err := work.Close()
				if err != nil {
					t.Fatal(period, err)
				}
				got := fees(closed.Entries, ledger.FeeShortfall)["commitment"]
				if want := c.want[period]; got != want {
					t.Errorf("%s: a shortfall of %q, want %q", period, got, want)
				}
				o.close("deal", period, start.AddDate(0, 1, 4))
			}
		})
	}
}

// A year's spring between OpenAI and its clouds, each month closed: a license's share from the amendment of 28 April on, what is
// given back and credited of it, and what AWS charges to its commitment. What parties would be sent is a golden file.
func TestClosedMonthsOfTheCloudsAreTheseStatements(t *testing.T) {
	o := newOffice(t, examples(t)...)
	globex := func(on, price string) *receipt {
		return o.sale(day(on), "globex", "amazon", gpt, "aws", "amazon", price, "")
	}
	o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "100", "35")
	april := globex("2026-04-29", "220.00")
	var out bytes.Buffer
	for _, month := range []struct {
		period, issued string
		enter          func()
	}{
		{"2026-04", "2026-05-05T12:00:00Z", func() {}},
		{"2026-05", "2026-06-05T12:00:00Z", func() {
			globex("2026-05-03", "22.02")
			o.sells(day("2026-05-04"), "acme", "openai", gpt, "aws", "openai", "20.00", "7.00")
			o.refunds("2026-05-20", april, "110.00")
			o.credits("2026-05-21", april, "10.00")
		}},
		{"2026-06", "2026-07-05T12:00:00Z", func() {
			globex("2026-06-03", "44.00")
			globex("2026-05-30", "11.00") // comes late
		}},
	} {
		month.enter()
		for _, st := range o.close("openai-clouds", month.period, at(month.issued)) {
			if len(st.Clauses) == 0 {
				continue
			}
			out.WriteString(canonical(t, st))
		}
	}
	const file = "testdata/clouds-2026.json"
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Error(diff)
	}
}
