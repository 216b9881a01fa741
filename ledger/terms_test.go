package ledger_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// A step is something that happens under a share: what, how much, and the day of the sale that it belongs to.
type step struct {
	on, what, amount string
	of               string // day of the sale of a refund; "" = no single one
	posts            string // what the payer owes more
	owed             string // and in all
}

// examples are the worked examples of docs/money.md: openai owes microsoft a fifth of what it sells, and what the clause says
// beside that. Each step is a row of the page.
var examples = []struct {
	name   string
	clause func(s *agreement.RevenueShare, a *agreement.Agreement)
	steps  []step
}{
	{"refunds", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Caps = caps("4 total") }, []step{
		{"2026-05-01", "sale", "15", "", "3", "3"},
		{"2026-05-02", "sale", "15", "", "1", "4"},
		{"2026-06-01", "refund", "5", "2026-05-01", "0", "4"},
		{"2026-06-02", "refund", "10", "2026-05-01", "-1", "3"},
		{"2026-06-03", "refund", "15", "2026-05-02", "-3", "0"},
	}},
	{"refunds with tiers", func(s *agreement.RevenueShare, _ *agreement.Agreement) {
		s.Rate, s.Tiers = money.Rate{}, tiers("month")
	}, []step{
		{"2026-05-01", "sale", "30", "", "4", "4"},
		{"2026-06-01", "sale", "10", "", "2", "6"},
		{"2026-06-02", "refund", "25", "2026-05-01", "-3", "3"},
	}},
	{"refunds with a cap per month", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Caps = caps("2 month") }, []step{
		{"2026-05-01", "sale", "15", "", "2", "2"},
		{"2026-06-01", "sale", "5", "", "1", "3"},
		{"2026-06-02", "refund", "10", "2026-05-01", "-1", "2"},
	}},
	{"several caps", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Caps = caps("3 day", "5 month", "7 total") }, []step{
		{"2026-05-01", "sale", "20", "", "3", "3"},
		{"2026-05-02", "sale", "20", "", "2", "5"},
		{"2026-06-01", "sale", "20", "", "2", "7"},
		{"2026-07-01", "sale", "20", "", "0", "7"},
	}},
	{"excess carried", func(s *agreement.RevenueShare, _ *agreement.Agreement) {
		s.Caps = caps("2 month")
		s.Caps[0].Excess = "carry"
	}, []step{
		{"2026-05-01", "sale", "25", "", "2", "2"},
		{"2026-06-10", "sale", "1", "", "2", "4"},
		{"2026-08-10", "sale", "1", "", "1.4", "5.4"},
		{"2026-08-11", "refund", "20", "2026-05-01", "-4", "1.4"},
	}},
	{"deductions", func(s *agreement.RevenueShare, _ *agreement.Agreement) {
		s.Deductions = []agreement.Deduction{{Of: []string{"tax"}}, {Of: []string{"refunds", "credits", "marketplace-fee"}, AtMost: rate("15%"), Per: "period"}}
	}, []step{
		{"2026-05-01", "sale", "100", "", "20", "20"},
		{"2026-05-02", "marketplace fee", "10", "", "-2", "18"},
		{"2026-05-03", "refund", "20", "2026-05-01", "-1", "17"},
		{"2026-05-04", "credit", "5", "2026-05-01", "0", "17"},
		{"2026-05-05", "sale", "100", "", "17", "34"},
		{"2026-06-01", "credit", "5", "", "0", "34"},
	}},
	{"net", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Base.Amount = "net" }, []step{
		{"2026-05-01", "sale", "100", "", "20", "20"},
		{"2026-05-02", "marketplace fee", "10", "", "-2", "18"},
		{"2026-05-03", "credit", "5", "2026-05-01", "-1", "17"},
		{"2026-05-04", "refund", "20", "2026-05-01", "-4", "13"},
	}},
	{"gross", func(*agreement.RevenueShare, *agreement.Agreement) {}, []step{
		{"2026-05-01", "sale", "100", "", "20", "20"},
		{"2026-05-02", "marketplace fee", "10", "", "0", "20"},
		{"2026-05-03", "credit", "5", "2026-05-01", "0", "20"},
		{"2026-05-04", "refund", "20", "2026-05-01", "-4", "16"},
	}},
	{"fees in the base", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Base.From = []string{"sales", "fees"} }, []step{
		{"2026-05-01", "sale", "100", "", "20", "20"},
		{"2026-05-02", "license fee", "30", "", "6", "26"},
	}},
	{"negative periods carried or paid back", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Negative = "carry" }, []step{
		{"2026-05-01", "sale", "30", "", "6", "6"},
		{"2026-06-01", "refund", "20", "2026-05-01", "-4", "2"},
		{"2026-07-01", "sale", "30", "", "6", "8"},
	}},
	{"negative periods floored", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Negative = "floor" }, []step{
		{"2026-05-01", "sale", "30", "", "6", "6"},
		{"2026-06-01", "sale", "5", "", "1", "7"},
		{"2026-06-02", "refund", "20", "2026-05-01", "-1", "6"},
		{"2026-06-03", "sale", "10", "", "0", "6"},
		{"2026-07-01", "sale", "30", "", "6", "12"},
	}},
	{"overpaid credited", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Overpaid = "credit" }, []step{
		{"2026-05-01", "sale", "30", "", "6", "6"},
		{"2026-06-03", "close", "6", "", "-6", "0"},
		{"2026-06-04", "refund", "20", "2026-05-01", "-4", "-4"},
		{"2026-06-05", "sale", "30", "", "6", "2"},
	}},
	{"overpaid kept", func(s *agreement.RevenueShare, _ *agreement.Agreement) { s.Overpaid = "keep" }, []step{
		{"2026-05-01", "sale", "30", "", "6", "6"},
		{"2026-06-03", "close", "6", "", "-6", "0"},
		{"2026-06-04", "refund", "20", "2026-05-01", "0", "0"},
		{"2026-06-05", "sale", "30", "", "6", "6"},
	}},
	{"favoured", func(s *agreement.RevenueShare, a *agreement.Agreement) {
		s.Favoured = &agreement.Favoured{Peers: []string{"amazon"}, From: midnight("2026-06-01")}
		peer := share("peer", "openai", "amazon", "15%", "sales")
		peer.Base.Clouds = []string{"aws"}
		a.Amendments[0].Adds = append(a.Amendments[0].Adds, peer)
	}, []step{
		{"2026-05-31", "sale", "100", "", "20", "20"},
		{"2026-06-01", "sale", "100", "", "15", "35"},
		{"2026-06-02", "refund", "100", "2026-05-31", "-20", "15"},
	}},
	{"priority", func(s *agreement.RevenueShare, a *agreement.Agreement) {
		other := *s
		other.ID, other.Rate, other.Priority = "special", rate("10%"), 1
		other.Base.Streams = []string{"license"}
		a.Amendments[0].Adds = append(a.Amendments[0].Adds, &other)
	}, []step{
		{"2026-05-01", "sale", "100", "", "6", "6"},
	}},
	{"stack", func(s *agreement.RevenueShare, a *agreement.Agreement) {
		other := *s
		other.ID, other.Rate, other.Priority, other.Stack = "special", rate("10%"), 1, true
		other.Base.Streams = []string{"license"}
		a.Amendments[0].Adds = append(a.Amendments[0].Adds, &other)
	}, []step{
		{"2026-05-01", "sale", "100", "", "26", "26"},
	}},
	{"rates of the day", inEuro("event-day", "25 total"), []step{
		{"2026-05-01", "rate", "1.10", "", "0", "0"},
		{"2026-05-02", "sale", "100", "", "22", "22"},
		{"2026-05-03", "rate", "1.20", "", "0", "22"},
		{"2026-05-03", "sale", "100", "", "3", "25"},
		{"2026-05-04", "refund", "100", "2026-05-02", "-1", "24"},
	}},
	{"rates of the month", inEuro("month-average", "40 total"), []step{
		{"2026-05-01", "rate", "1.10", "", "0", "0"},
		{"2026-05-02", "sale", "100", "", "22", "22"},
		{"2026-05-20", "rate", "1.20", "", "0", "22"},
		{"2026-05-21", "sale", "100", "", "18", "40"},
		{"2026-06-01", "rate", "0.90", "", "0", "40"},
		{"2026-06-02", "refund", "60", "2026-05-02", "-7.8", "32.2"},
	}},
	{"rates of the period's end", inEuro("period-end"), []step{
		{"2026-05-01", "rate", "1.10", "", "0", "0"},
		{"2026-05-02", "sale", "100", "", "22", "22"},
		{"2026-05-30", "rate", "1.20", "", "0", "22"},
		{"2026-06-01", "rate", "0.90", "", "2", "24"},
	}},
	{"amendment inside a period", func(s *agreement.RevenueShare, a *agreement.Agreement) {
		s.Caps = caps("30 total")
		lower := *s
		lower.Rate = rate("10%")
		a.Amendments = append(a.Amendments, agreement.Amendment{ID: "lower", Effective: midnight("2026-05-15"), Replaces: []agreement.Clause{&lower}})
	}, []step{
		{"2026-05-14", "sale", "100", "", "20", "20"},
		{"2026-05-15", "sale", "60", "", "6", "26"},
		{"2026-05-16", "refund", "50", "2026-05-14", "-10", "16"},
		{"2026-05-17", "sale", "200", "", "14", "30"},
	}},
}

// inEuro lets the sales of an example be in euro, and the share in dollars.
func inEuro(moment string, limits ...string) func(*agreement.RevenueShare, *agreement.Agreement) {
	return func(s *agreement.RevenueShare, a *agreement.Agreement) {
		s.FX = &agreement.FX{Source: "ecb", Moment: moment}
		s.Caps = caps(limits...)
	}
}

// euroSales is the agreement of openai's sales in euro.
func euroSales() *agreement.Agreement {
	a := capped(false)
	a.Name, a.Currency, a.Products, a.Parties = "sales", "EUR", nil, a.Parties[:1]
	a.Amendments[0].Adds = []agreement.Clause{sells("openai-sales", "openai", agreement.Match{}, "60%", "40%")}
	return a
}

func caps(texts ...string) (all []agreement.Cap) {
	for _, t := range texts {
		amount, per, _ := strings.Cut(t, " ")
		all = append(all, agreement.Cap{Amount: money.MustParse(amount), Per: per})
	}
	return all
}

func tiers(reset string) *agreement.Tiers {
	return &agreement.Tiers{Mode: agreement.Marginal, Reset: reset, Steps: []agreement.Step{{UpTo: money.MustParse("10"), Rate: rate("20%")}, {Rate: rate("10%")}}}
}

// simple is an agreement in which openai owes microsoft a fifth of what it sells.
func simple(change func(*agreement.RevenueShare, *agreement.Agreement)) []*agreement.Agreement {
	a := capped(false)
	a.Name = "deal"
	s := share("share", "openai", "microsoft", "20%", "sales")
	a.Amendments[0].Adds = []agreement.Clause{s, sells("openai-sales", "openai", agreement.Match{}, "60%", "40%"),
		&agreement.License{Common: head("license"), Licensor: "openai", Licensee: "google"}}
	change(s, a)
	if s.FX == nil {
		return []*agreement.Agreement{a}
	}
	a.Amendments[0].Adds = slices.Delete(a.Amendments[0].Adds, 1, 2)
	return []*agreement.Agreement{a, euroSales()}
}

// body makes the entry of a step.
func (s step) body(w *world) journal.Body {
	at := date(s.on)
	o := journal.Origin{Customer: "acme", Seller: "openai", Product: gpt54, Cloud: "openai", Currency: "USD", Charged: money.FromUnits(1000)}
	if s.of != "" {
		at = date(s.of)
		o.At, o.Of = at.UnixNano(), journal.Ref{Kind: journal.KindRecord, ID: s.of}
	}
	terms := w.terms(at)
	o.Terms = terms.Hash()
	if f, _, ok := terms.Sale("openai", gpt54, "openai"); ok {
		o.Currency = f.Agreement.Currency
	}
	amount := money.MustParse(s.amount)
	switch s.what {
	case "rate":
		value, err := money.ParseRate(s.amount)
		if err != nil {
			panic(err)
		}
		return &journal.Rate{Source: "ecb", From: "EUR", To: "USD", At: date(s.on).UnixNano(), Value: value}
	case "sale":
		return &journal.Invoice{Origin: o, Amount: amount}
	case "refund":
		return &journal.Refund{Origin: o, Amount: amount}
	case "credit":
		return &journal.Credit{Origin: o, From: "openai", To: "acme", Amount: amount, Currency: o.Currency}
	case "marketplace fee":
		return &journal.Fee{Name: "marketplace-fee", Clause: "marketplace", Payer: "openai", Payee: "shop", Origin: o, Amount: amount, Currency: "USD"}
	case "license fee":
		return &journal.Fee{Name: "license-fee", Agreement: "deal", Clause: "license", Payer: "google", Payee: "openai", Origin: o, Amount: amount, Currency: "USD"}
	case "close":
		return &journal.Close{Agreement: "deal", Between: [2]string{"openai", "microsoft"}, Period: "2026-05", From: midnight("2026-05-01").UnixNano(), Until: midnight("2026-06-01").UnixNano(),
			Number: "1", Version: 1, Hash: sha256.Sum256(nil), Currency: "USD", Lines: []journal.Stated{{Clause: "share", Payer: "openai", Payee: "microsoft", Amount: amount}}}
	}
	panic("no such step: " + s.what)
}

// learn makes the terms of all of the history known.
func (w *world) learn() {
	w.t.Helper()
	w.terms(date("2026-05-01"))
	for _, i := range w.history {
		if err := ledger.Learn(w.state, i.Terms); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) do(at string, body journal.Body) *ledger.Transaction {
	w.t.Helper()
	w.n++
	tx, err := ledger.Post(w.state, &journal.Entry{Time: date(at).UnixNano(), ID: fmt.Sprint(w.n), Body: body})
	if err != nil {
		w.t.Fatalf("%s: %v", at, err)
	}
	return tx
}

// owedBy adds up what a transaction makes openai owe under its shares, accrued.
func owedBy(tx *ledger.Transaction) (sum money.Amount) {
	for _, p := range tx.Postings {
		if p.Book == "openai" && strings.HasPrefix(string(p.Account), "payable:accrued:microsoft:") {
			sum, _ = sum.Sub(p.Amount)
		}
	}
	return sum
}

func TestTheExamplesOfTheMoneyPage(t *testing.T) {
	page, err := os.ReadFile("../docs/money.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			w := newWorld(t, simple(e.clause)...)
			w.learn()
			var owed money.Amount
			table := []string{"| on | what | amount | owed more | owed |", "|---|---|---|---|---|"}
			for _, s := range e.steps {
				more := owedBy(w.do(s.on, s.body(w)))
				if owed, err = owed.Add(more); err != nil {
					t.Fatal(err)
				}
				if more.String() != s.posts || owed.String() != s.owed {
					t.Errorf("%s of %s on %s makes %s owed, %s in all; want %s, %s", s.what, s.amount, s.on, more, owed, s.posts, s.owed)
				}
				what := s.what
				if s.of != "" {
					what += " of the sale of " + s.of
				}
				table = append(table, fmt.Sprintf("| %s | %s | %s | %s | %s |", s.on, what, s.amount, s.posts, s.owed))
			}
			if text := strings.Join(table, "\n") + "\n"; !strings.Contains(string(page), text) {
				t.Errorf("docs/money.md lacks, for %s:\n%s", e.name, text)
			}
		})
	}
}

// Usage has happened when the books see it: they cannot refuse it for a rate that nobody recorded in time.
func TestASaleWithoutARateOwesNothingUntilOneOfItsDayIsRecorded(t *testing.T) {
	for _, c := range []struct {
		name, moment string
		rates        []step // after the sale of 1 May, with what each makes owed
	}{
		{"the day's own", "event-day", []step{{on: "2026-05-03", amount: "1.3", posts: "0"}, {on: "2026-05-01", amount: "1.1", posts: "22"}, {on: "2026-04-30", amount: "1.2", posts: "0"}}},
		{"one of a day before", "event-day", []step{{on: "2026-04-29", amount: "1.1", posts: "22"}, {on: "2026-05-01", amount: "1.2", posts: "0"}}},
		{"a month's mean", "month-average", []step{{on: "2026-06-01", amount: "1.3", posts: "0"}, {on: "2026-05-20", amount: "1.1", posts: "22"}}},
		{"the period's last", "period-end", []step{{on: "2026-06-01", amount: "1.3", posts: "0"}, {on: "2026-05-20", amount: "1.1", posts: "22"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, simple(inEuro(c.moment))...)
			w.learn()
			if owed := owedBy(w.do("2026-05-01", step{on: "2026-05-01", what: "sale", amount: "100"}.body(w))); !owed.IsZero() {
				t.Errorf("without a rate %s is owed", owed)
			}
			if open := w.state.Provisionals(midnight("2026-06-01")); len(open) != 1 || open[0].Amount.String() != "100" || !open[0].Base.IsZero() {
				t.Errorf("%v waits for a rate, want the 100", open)
			}
			for _, r := range c.rates {
				r.what = "rate"
				tx := w.do("2026-06-02", r.body(w))
				if more := owedBy(tx); more.String() != r.posts {
					t.Errorf("the rate of %s makes %s owed, want %s", r.on, more, r.posts)
				}
				for _, p := range tx.Postings {
					if p.Day < int32(date("2026-05-01").Unix()/86400) || p.Day > int32(date("2026-05-31").Unix()/86400) {
						t.Errorf("%s is dated %d: the sale is of May, which a statement of May states", p.Account, p.Day)
					}
				}
			}
			if open := w.state.Provisionals(midnight("2026-06-01")); len(open) != 0 {
				t.Errorf("%v is still not final", open)
			}
		})
	}
}

func TestWhatAFinalRateRestatesIsDatedInItsPeriod(t *testing.T) {
	w := newWorld(t, simple(inEuro("period-end"))...)
	w.learn()
	for _, s := range []step{{on: "2026-05-01", what: "rate", amount: "1.1"}, {on: "2026-05-02", what: "sale", amount: "100"}, {on: "2026-05-30", what: "rate", amount: "1.2"}} {
		w.do(s.on, s.body(w))
	}
	tx := w.do("2026-06-01", step{on: "2026-06-01", what: "rate", amount: "0.9"}.body(w))
	last := int32(date("2026-05-31").Unix() / 86400)
	for _, p := range tx.Postings {
		if p.Day != last {
			t.Errorf("%s %s is dated %d, want the last day of May, %d", p.Account, p.Amount, p.Day, last)
		}
	}
	if more := owedBy(tx); more.String() != "2" {
		t.Errorf("restated by %s, want 2", more)
	}
}

func TestWhatIsConvertedAtAProvisionalRateIsListedUntilItIsFinal(t *testing.T) {
	w := newWorld(t, simple(inEuro("month-average"))...)
	w.learn()
	for _, s := range []step{{on: "2026-05-01", what: "rate", amount: "1.1"}, {on: "2026-05-02", what: "sale", amount: "100"}} {
		w.do(s.on, s.body(w))
	}
	var got []string
	for _, p := range w.state.Provisionals(midnight("2026-06-01")) {
		got = append(got, fmt.Sprintf("%s %s %s: %s %s as %s %s", p.Clause, p.Source, time.Unix(int64(p.Day)*86400, 0).UTC().Format(time.DateOnly), p.Amount, p.From, p.Base, p.To))
	}
	if want := []string{"share ecb 2026-05-02: 100 EUR as 110 USD"}; !slices.Equal(got, want) {
		t.Errorf("provisional %q, want %q", got, want)
	}
	w.do("2026-06-01", step{on: "2026-06-01", what: "rate", amount: "1.3"}.body(w))
	if left := w.state.Provisionals(midnight("2026-07-01")); len(left) > 0 {
		t.Errorf("after a rate of June %v is left", left)
	}
}
