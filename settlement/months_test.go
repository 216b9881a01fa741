package settlement_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"concord/journal"
	"concord/money"
	"concord/settlement"
)

// A receipt is a sale that something may be given back of.
type receipt struct {
	origin journal.Origin
	left   money.Amount
}

// sale posts one answered request as sells does, and returns what a refund says of it.
func (o *office) sale(at time.Time, customer, seller, product, cloud, holder, price, cost string) *receipt {
	o.t.Helper()
	o.sells(at, customer, seller, product, cloud, holder, price, cost)
	request := journal.NewRequestID(at.UnixMilli(), 1, uint64(o.n))
	amount := money.MustParse(price)
	return &receipt{origin: journal.Origin{Of: journal.Ref{Kind: journal.KindRecord, ID: string(request[:])}, Request: request, At: at.UnixNano(), Terms: o.termsAt(at),
		Customer: customer, Seller: seller, Product: product, Cloud: cloud, Charged: amount, Currency: "USD"}, left: amount}
}

func (o *office) termsAt(at time.Time) journal.Hash {
	terms := o.history[0].Terms
	for _, iv := range o.history {
		if !iv.From.After(at) {
			terms = iv.Terms
		}
	}
	return terms.Hash()
}

// refunds gives back a part of a sale.
func (o *office) refunds(on string, r *receipt, amount string) {
	o.t.Helper()
	o.post(day(on), &journal.Refund{Origin: r.origin, Amount: money.MustParse(amount), Reason: "test"})
}

// credits gives a customer a credit note of a sale.
func (o *office) credits(on string, r *receipt, amount string) {
	o.t.Helper()
	o.post(day(on), &journal.Credit{Origin: r.origin, From: r.origin.Seller, To: r.origin.Customer, Amount: money.MustParse(amount), Currency: "USD", Reason: "test"})
}

// withShare is small with one more clause, or other words in it.
func withShare(words ...string) string {
	return strings.NewReplacer(words...).Replace(small)
}

func clauseOf(t fataler, st *settlement.Statement, id string) *settlement.Clause {
	t.Helper()
	for i := range st.Clauses {
		if st.Clauses[i].ID == id {
			return &st.Clauses[i]
		}
	}
	t.Fatal("no clause " + id)
	return nil
}

// baseOf adds the base column of a clause up, and holds the other columns to the clause.
func baseOf(t fataler, c *settlement.Clause) money.Amount {
	t.Helper()
	var base, amount money.Amount
	for _, l := range c.Lines {
		base, amount = plus(t, base, l.Base), plus(t, amount, l.Amount)
	}
	if amount != c.Amount {
		t.Fatal(fmt.Sprintf("%s: its lines come to %s, it states %s", c.ID, amount, c.Amount))
	}
	return base
}

// A credit note lowers revenue in the books and no gross base: the base on the statement is what the share was taken of.
func TestAMonthWithACreditThatAShareDoesNotCountCanBeClosed(t *testing.T) {
	for name, c := range map[string]struct {
		text, base string
	}{
		"a gross base":                        {small, "1000"},
		"a net base":                          {withShare("revenue_of: openai, from: [sales], amount: gross", "revenue_of: openai, from: [sales], amount: net"), "900"},
		"credits deducted, up to a bound":     {withShare("revenue_of: openai, from: [sales], amount: gross}", `revenue_of: openai, from: [sales], amount: gross}, deductions: [{of: [credits], at_most: "5%", per: period}]`), "950"},
		"refunds deducted, credits nowhere":   {withShare("revenue_of: openai, from: [sales], amount: gross}", `revenue_of: openai, from: [sales], amount: gross}, deductions: [{of: [refunds]}]`), "1000"},
		"the license's part of the base only": {withShare("revenue_of: openai, from: [sales], amount: gross", "revenue_of: openai, from: [sales], streams: [license], amount: gross"), "600"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, c.text)
			r := o.sale(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
			o.credits("2026-04-12", r, "100")
			there := clauseOf(t, o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))[0], "there")
			if got := there.Bridge.Period.Base.String(); got != c.base {
				t.Errorf("the base of April is %s, want %s", got, c.base)
			}
			if got := baseOf(t, there).String(); got != c.base {
				t.Errorf("the lines' bases come to %s, want %s", got, c.base)
			}
		})
	}
}

// The control is no formality: where the books' running state and their cells differ, nothing is issued.
func TestAStatementWhoseBaseDisagreesIsNotIssued(t *testing.T) {
	o := newOffice(t, small)
	r := o.sale(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
	o.credits("2026-04-12", r, "100")
	work := o.closing("pair", "2026-04", at("2026-05-05T12:00:00Z"))
	for i := range work.Cells {
		if c := &work.Cells[i]; c.Book == "openai" && strings.HasPrefix(string(c.Account), "revenue:license:") {
			c.Amount = plus(t, c.Amount, money.MustParse("1"))
			break
		}
	}
	if _, err := work.Close(); err == nil || !strings.Contains(err.Error(), "base of there: the statement has 999, the books have 1000") {
		t.Errorf("it is issued: %v", err)
	}
}

// Refunds and credits of sales under a clause that an amendment has ended reverse under it, and touch no other.
func TestARefundInAMonthOfOtherTermsCountsUnderThoseOfItsSale(t *testing.T) {
	o := newOffice(t, strings.Join([]string{small, `
  - id: may
    effective: 2026-05-15
    recorded: 2026-05-01
    source: {url: "-", provenance: public}
    ends: [there]
    adds:
      - {id: later, kind: revenue-share, payer: openai, payee: microsoft, rate: "10%", term: perpetual,
         base: {revenue_of: openai, from: [sales], streams: [cloud], amount: gross}}
`}, ""))
	r := o.sale(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
	o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))
	o.sells(day("2026-05-10"), "acme", "openai", gpt, "azure", "openai", "100", "")
	o.sells(day("2026-05-20"), "acme", "openai", gpt, "azure", "openai", "100", "")
	o.refunds("2026-05-20", r, "50")
	o.credits("2026-05-21", r, "50")
	may := o.close("pair", "2026-05", at("2026-06-05T12:00:00Z"))[0]
	for id, want := range map[string]string{"there": "50", "later": "40"} {
		c := clauseOf(t, may, id)
		if got := c.Bridge.Period.Base.String(); got != want {
			t.Errorf("%s: the base of May is %s, want %s", id, got, want)
		}
		if got := baseOf(t, c).String(); got != want {
			t.Errorf("%s: the lines' bases come to %s, want %s", id, got, want)
		}
	}
}

// world of the property below: two clouds, three sellers, shares of shares, every kind of bound.
func manyTerms(t *rapid.T) []string {
	pick := func(label string, all ...string) string { return rapid.SampledFrom(all).Draw(t, label) }
	rate := pick("rate", `rate: "20%"`, `tiers: {mode: marginal, reset: month, steps: [{up_to: "50", rate: "20%"}, {rate: "10%"}]}`,
		`tiers: {mode: whole, reset: year, steps: [{up_to: "80", rate: "10%"}, {rate: "30%"}]}`)
	caps := pick("caps", "", `, caps: [{amount: "7 USD", per: month}]`, `, caps: [{amount: "9 USD", per: total, counts_from: 2026-04-10}, {amount: "5 USD", per: month, excess: carry}]`)
	deductions := pick("deductions", "", `, deductions: [{of: [refunds, credits]}]`, `, deductions: [{of: [tax]}, {of: [credits, marketplace-fee], at_most: "15%", per: period}]`)
	if strings.Contains(rate, "year") { // windows of a bound are no wider than those of what it bounds
		deductions, caps = pick("unbounded deductions", "", `, deductions: [{of: [refunds, credits]}]`), ""
	}
	if strings.Contains(rate, "tiers") {
		caps = ""
	}
	negative := pick("negative", "carry", "floor", "pay_back")
	overpaid := pick("overpaid", "credit", "keep")
	if strings.Contains(caps, "carry") {
		negative, overpaid = "carry", "credit"
	}
	base := pick("base", "amount: gross", "amount: net", "streams: [license], amount: gross", "clouds: [azure], amount: gross")
	from := pick("from", "[sales]", "[sales, shares]", "[sales, fees]", "[sales, shares, fees]")
	zone := pick("zone", "America/Los_Angeles", "UTC")
	first := withShare(`rate: "20%", term: perpetual,
         base: {revenue_of: openai, from: [sales], amount: gross}, caps: [{amount: "500 USD", per: month}]`,
		fmt.Sprintf(`%s, term: perpetual, negative: %s, overpaid: %s,
         base: {revenue_of: openai, from: %s, %s}%s%s`, rate, negative, overpaid, from, base, caps, deductions))
	first += `
  - id: may
    effective: 2026-05-15
    recorded: 2026-05-01
    source: {url: "-", provenance: public}
    ends: [back]
    adds:
      - {id: back-again, kind: revenue-share, payer: microsoft, payee: openai, rate: "1/7", term: perpetual, continues: back,
         base: {revenue_of: microsoft, from: [sales], streams: [license], amount: gross}}
      - {id: beside, kind: revenue-share, payer: openai, payee: microsoft, rate: "3%", stack: true, term: perpetual,
         base: {revenue_of: openai, from: [sales], clouds: [aws], amount: net}}
`
	first = strings.Replace(first, `{id: back, kind: revenue-share,`, `{id: back, kind: revenue-share, stack: true,`, 1)
	first = strings.Replace(first, `{id: there, kind: revenue-share,`, `{id: there, kind: revenue-share, stack: true,`, 1)
	second := strings.ReplaceAll(`
concord: 1
agreement: other
currency: USD
zone: ZONE
parties:
  openai: {name: OpenAI, operates: [openai]}
  amazon: {name: Amazon, operates: [aws]}
settlement:
  - {between: [openai, amazon], period: month, zone: ZONE, grace: 3d, due: 10d, net: true}
amendments:
  - id: start
    effective: 2026-01-01
    recorded: 2026-01-01
    source: {url: "-", provenance: public}
    adds:
      - {id: license-amazon, kind: license, licensor: openai, licensee: amazon, products: {match: [openai/*]}, rights: [host, serve], exclusivity: non-exclusive, term: perpetual}
      - {id: amazon-sales, kind: sale, seller: amazon, products: {match: [openai/*]}, price: {book: list, tax: "8%"}, streams: {license: "60%", cloud: "40%"}, term: perpetual}
      - {id: to-openai, kind: revenue-share, payer: amazon, payee: openai, rate: "30%", term: perpetual,
         base: {revenue_of: amazon, from: [sales], streams: [license], amount: gross}}
`, "ZONE", zone)
	return []string{first, second}
}

// Whatever a month brings that the books take, its statements can be issued: no control disagrees, and columns add up.
func TestEveryMonthThatTheBooksTakeCanBeClosed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOffice(t, manyTerms(t)...)
		var sold []*receipt
		amount := func(label string) string { return money.FromPico(rapid.Int64Range(1, 6e13).Draw(t, label)).String() }
		for month := time.March; month <= time.June; month++ {
			behind := false
			for range rapid.IntRange(0, 8).Draw(t, "entries") {
				when := time.Date(2026, month, rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"), 30, 0, 0, time.UTC)
				if when.Day() == 1 {
					when = when.AddDate(0, 0, 1) // a zone's month begins hours later
				}
				late := when.AddDate(0, -rapid.IntRange(0, int(month-time.March)).Draw(t, "months late"), 0)
				behind = o.one(t, &sold, when, late, amount) && late.Month() != month || behind
			}
			issued := time.Date(2026, month+1, 5, 12, 0, 0, 0, time.UTC)
			// What is dated after the period is there already when it is closed.
			o.one(t, &sold, issued.AddDate(0, 0, -2), issued.AddDate(0, 0, -2), amount)
			for _, name := range []string{"pair", "other"} {
				for _, st := range o.close(name, issued.AddDate(0, -1, 0).Format("2006-01"), issued) {
					for i := range st.Clauses {
						c := &st.Clauses[i]
						if base := baseOf(t, c); !behind && c.ID != "back" && c.ID != "back-again" && c.Kind == "revenue-share" && base != c.Bridge.Period.Base && !feesIn(o, c) {
							t.Fatalf("%s %s: the lines' bases come to %s, the period's is %s", st.Number, c.ID, base, c.Bridge.Period.Base)
						}
					}
				}
			}
		}
	})
}

// feesIn reports whether a base has fees that no cloud and product brought: they stand on no line.
func feesIn(o *office, c *settlement.Clause) bool {
	a, _ := o.state.Accrual("pair", c.ID)
	for _, p := range a.Aside {
		if p.Cloud == "" && p.Product == "" {
			return true
		}
	}
	return false
}

// one posts an entry of some kind, and says whether it is a late sale: that is no part of the period's lines.
func (o *office) one(t *rapid.T, sold *[]*receipt, when, late time.Time, amount func(string) string) bool {
	kind := rapid.SampledFrom([]string{"sale", "sale", "sale", "late sale", "refund", "credit", "refund without a sale", "credit without a sale", "fee", "marketplace", "credit between parties", "void", "price"}).Draw(t, "kind")
	switch {
	case kind == "sale" || kind == "late sale":
		if kind == "sale" {
			late = when
		}
		price := amount("price")
		switch rapid.IntRange(0, 3).Draw(t, "who sells") {
		case 0:
			*sold = append(*sold, o.sale(late, "contoso", "microsoft", gpt, "azure", "microsoft", price, ""))
		case 1:
			*sold = append(*sold, o.sale(late, "globex", "amazon", gpt, "aws", "amazon", price, ""))
		case 2:
			*sold = append(*sold, o.sale(late, "acme", "openai", gpt, "aws", "openai", price, price))
		default:
			*sold = append(*sold, o.sale(late, "acme", "openai", gpt, "azure", "openai", price, price))
		}
	case kind == "fee":
		o.post(when, &journal.Fee{Name: "fixed-fee", Agreement: "pair", Clause: "license", Payer: "microsoft", Payee: "openai", Amount: money.MustParse(amount("fee")), Currency: "USD",
			Origin: journal.Origin{Currency: "USD", At: when.UnixNano(), Terms: o.termsAt(when)}})
	case kind == "marketplace":
		o.post(when, &journal.Fee{Name: "marketplace-fee", Payer: "openai", Payee: "amazon", Agreement: "other", Clause: "license-amazon", Amount: money.MustParse(amount("fee")), Currency: "USD",
			Origin: journal.Origin{Currency: "USD", Cloud: "aws", Product: gpt, At: when.UnixNano(), Terms: o.termsAt(when)}})
	case kind == "credit between parties":
		o.post(when, &journal.Credit{Agreement: "pair", Clause: "there", From: "microsoft", To: "openai", Amount: money.MustParse(amount("credit")), Currency: "USD",
			Origin: journal.Origin{Cloud: "aws", Product: gpt}, Reason: "test"})
	case len(*sold) > 0 && (kind == "void" || kind == "price"):
		r := rapid.SampledFrom(*sold).Draw(t, "corrected")
		if r.left != r.origin.Charged { // something was given back of it, or it was corrected
			return false
		}
		c := &journal.Correction{Origin: r.origin, What: kind, Was: lines(r.origin.Charged.String()), Reason: "test"}
		if kind == "price" {
			c.Now = lines(amount("new price"))
		}
		o.post(when, c)
		r.left = money.Amount{}
	case len(*sold) > 0:
		r := *rapid.SampledFrom(*sold).Draw(t, "sale")
		part := money.MustParse(amount("part"))
		if strings.Contains(kind, "without") {
			r.origin.Of, r.origin.Request, r.origin.At, r.origin.Terms = journal.Ref{}, journal.RequestID{}, when.UnixNano(), o.termsAt(when)
		} else if part.Cmp(r.left) > 0 {
			return false
		}
		if strings.HasPrefix(kind, "refund") {
			o.post(when, &journal.Refund{Origin: r.origin, Amount: part, Reason: "test"})
		} else {
			o.post(when, &journal.Credit{Origin: r.origin, From: r.origin.Seller, To: r.origin.Customer, Amount: part, Currency: "USD", Reason: "test"})
		}
		if !strings.Contains(kind, "without") {
			for _, s := range *sold {
				if s.origin.Of == r.origin.Of {
					s.left = plus(t, s.left, part.Neg())
				}
			}
		}
	}
	return kind == "late sale"
}

// The same for sales in another currency: refunds, credits, deductions and advances, at rates of every moment.
func TestEveryMonthInAnotherCurrencyCanBeClosed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, all ...string) string { return rapid.SampledFrom(all).Draw(t, label) }
		o := selling(t, "EUR", `payee: microsoft, rate: "20%", fx: {source: ecb, moment: `+pick("moment", "event-day", "month-average", "period-end")+`}`+
			pick("caps", "", `, caps: [{amount: "9 USD", per: month}]`)+pick("deductions", "", `, deductions: [{of: [refunds, credits]}]`)+
			pick("guarantee", "", `, guarantee: {amount: "5 USD", per: quarter, due: start, recoupable: true}`))
		var sold []*receipt
		for month := time.March; month <= time.May; month++ {
			on := func(day int) string { return fmt.Sprintf("2026-%02d-%02d", month, day) }
			o.rate(on(1), fmt.Sprintf("1.%d", rapid.IntRange(1, 99).Draw(t, "rate")))
			for range rapid.IntRange(0, 5).Draw(t, "entries") {
				day := on(rapid.IntRange(2, 27).Draw(t, "day"))
				part := money.FromPico(rapid.Int64Range(1, 3e13).Draw(t, "amount"))
				if kind := pick("kind", "sale", "refund", "credit"); kind == "sale" || len(sold) == 0 {
					sold = append(sold, o.buys(day, part.String(), "EUR"))
				} else if r := rapid.SampledFrom(sold).Draw(t, "of"); part.Cmp(r.left) <= 0 {
					r.left = plus(t, r.left, part.Neg())
					if kind == "refund" {
						o.refunds(day, r, part.String())
					} else {
						o.post(at(day+"T19:00:00Z"), &journal.Credit{Origin: r.origin, From: "openai", To: "acme", Amount: part, Currency: "EUR"})
					}
				}
			}
			issued := time.Date(2026, month+1, 5, 12, 0, 0, 0, time.UTC)
			next := fmt.Sprintf("2026-%02d-01", month+1)
			o.post(at(next+"T12:00:00Z"), &journal.Rate{Source: "ecb", From: "EUR", To: "USD", At: at(next + "T12:00:00Z").UnixNano(), Value: money.Rate{Num: 3, Den: 2}})
			for _, st := range o.close("deal", on(1)[:7], issued) {
				for i := range st.Clauses {
					c := &st.Clauses[i]
					if base := baseOf(t, c); base != c.Bridge.Period.Base {
						t.Fatalf("%s: the lines' bases come to %s, the period's is %s", st.Number, base, c.Bridge.Period.Base)
					}
				}
			}
		}
	})
}
