package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

const (
	gpt54 = "openai/gpt-5.4"
	oss   = "openai/gpt-oss-120b"
)

// world is agreements with a state that posts under them.
type world struct {
	t     testing.TB
	set   *agreement.Set
	state *ledger.State
	n     int
}

func newWorld(t testing.TB, agreements ...*agreement.Agreement) *world {
	t.Helper()
	return &world{t: t, set: agreement.NewSet(agreements...), state: ledger.NewState()}
}

// terms returns those in force at an instant, everything known.
func (w *world) terms(at time.Time) *agreement.Terms {
	w.t.Helper()
	terms, err := w.set.AsOf(at, date("2100-01-01"))
	if err != nil {
		w.t.Fatal(err)
	}
	return terms
}

// post posts a record under the terms of its instant.
func (w *world) post(at string, r *journal.Record) *ledger.Transaction {
	w.t.Helper()
	instant := date(at)
	w.n++
	e := entry(instant, w.n, r)
	tx, err := ledger.PostUnder(w.state, e, w.terms(instant))
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

// entry makes the n-th entry of a test of a record.
func entry(at time.Time, n int, r *journal.Record) *journal.Entry {
	r.Request = journal.NewRequestID(at.UnixMilli(), 1, uint64(n))
	return &journal.Entry{Time: at.UnixNano(), ID: string(r.Request[:]), Body: r}
}

// date reads a day, noon in Los Angeles, or an instant in RFC 3339.
func date(text string) time.Time {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t
	}
	t, err := time.ParseInLocation(time.DateOnly, text, losAngeles())
	if err != nil {
		panic(err)
	}
	return t.Add(12 * time.Hour)
}

func midnight(text string) time.Time { return date(text).Add(-12 * time.Hour) }

func losAngeles() *time.Location {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		panic(err)
	}
	return zone
}

// sale is a record of one answered request, with the price and the cost in one line each.
func sale(customer, seller, product, cloud, holder, price, cost string) *journal.Record {
	r := &journal.Record{Outcome: journal.Answered, Customer: customer, Product: product, Currency: "USD",
		Usage: usage.Usage{Evidence: usage.Reported}, Lines: lines(price)}
	r.Attempts = []journal.Tried{{Deployment: seller + "-" + cloud, Cloud: cloud, Seller: seller, Holder: holder,
		Outcome: delivery.Answered, Cost: lines(cost)}}
	return r
}

// lines is one line of an amount; "" is none.
func lines(amount string) []pricing.Line {
	if amount == "" {
		return nil
	}
	a := money.MustParse(amount)
	return []pricing.Line{{Class: usage.Output, Quantity: 1, Unit: a, Amount: a}}
}

// table renders a transaction as BOOKS does: a row for each book, its postings in order.
func table(tx *ledger.Transaction) string {
	var books []string
	rows := map[string][]string{}
	for _, p := range tx.Postings {
		if rows[p.Book] == nil {
			books = append(books, p.Book)
		}
		amount := p.Amount.String()
		if p.Amount.Sign() > 0 {
			amount = "+" + amount
		}
		rows[p.Book] = append(rows[p.Book], fmt.Sprintf("%s %s", p.Account, amount))
	}
	var b strings.Builder
	for _, book := range books {
		fmt.Fprintf(&b, "%s | %s\n", book, strings.Join(rows[book], "; "))
	}
	return b.String()
}

func rate(text string) money.Rate {
	r, err := money.ParseRate(text)
	if err != nil {
		panic(err)
	}
	return r
}

// clause heads
func head(id string) agreement.Common {
	return agreement.Common{ID: id, End: agreement.End{Perpetual: true}}
}

func gpt() agreement.Match {
	return agreement.Match{Match: []string{"openai/*"}, Except: []string{"openai/gpt-oss-*"}}
}

func sells(id, seller string, products agreement.Match, license, cloud string) *agreement.Sale {
	s := &agreement.Sale{Common: head(id), Seller: seller, Products: products, Book: seller + "-list"}
	if license != "" {
		s.Streams = append(s.Streams, agreement.Stream{Name: "license", Part: rate(license)})
	}
	s.Streams = append(s.Streams, agreement.Stream{Name: "cloud", Part: rate(cloud)})
	return s
}

func share(id, payer, payee, percent string, from ...string) *agreement.RevenueShare {
	return &agreement.RevenueShare{Common: head(id), Payer: payer, Payees: []agreement.Payee{{Party: payee, Part: rate("100%")}},
		Base: agreement.Base{RevenueOf: payer, From: from, Amount: "gross"}, Rate: rate(percent)}
}

// partnership is the example of BOOKS in short: an agreement of OpenAI and Microsoft, amended on 27 April 2026.
func partnership() *agreement.Agreement {
	before := share("share-openai-to-microsoft", "openai", "microsoft", "20%", "sales", "shares")
	before.Base.ExceptFrom = []string{"microsoft"}
	after := *before
	after.Caps = []agreement.Cap{{Amount: money.MustParse("38000000000"), Per: "total", CountsFrom: midnight("2026-04-27")}}
	return &agreement.Agreement{
		Name: "openai-microsoft", Currency: "USD", Zone: losAngeles(),
		Parties: []agreement.Party{{ID: "openai", Operates: []string{"openai"}}, {ID: "microsoft", Operates: []string{"azure"}}},
		Products: []agreement.Product{{ID: gpt54, Owner: "openai", Aliases: []string{"gpt-5.4"}},
			{ID: oss, Owner: "openai", OpenWeights: "Apache-2.0"}},
		Amendments: []agreement.Amendment{
			{ID: "2023-01-23", Effective: midnight("2023-01-23"), Adds: []agreement.Clause{
				before,
				share("share-microsoft-to-openai", "microsoft", "openai", "20%", "sales"),
				sells("openai-sales", "openai", gpt(), "60%", "40%"),
				sells("microsoft-sales", "microsoft", gpt(), "60%", "40%"),
				sells("microsoft-oss-sales", "microsoft", agreement.Match{Match: []string{oss}}, "", "100%"),
				&agreement.Commitment{Common: head("azure-capacity"), Buyer: "openai", Seller: "microsoft", Amount: money.FromUnits(250e9),
					Counts: agreement.Counts{Amount: "cost", Clouds: []string{"azure"}}},
			}},
			{ID: "2026-04-27", Effective: midnight("2026-04-27"), Replaces: []agreement.Clause{&after},
				Ends: []agreement.EndedClause{{ID: "share-microsoft-to-openai"}}},
		},
	}
}

// clouds is OpenAI's agreement with the other clouds in short.
func clouds() *agreement.Agreement {
	back := share("share-amazon-to-openai", "amazon", "openai", "30%", "sales")
	back.Base.Streams = []string{"license"}
	return &agreement.Agreement{
		Name: "openai-clouds", Currency: "USD", Zone: losAngeles(),
		Parties: []agreement.Party{{ID: "openai", Operates: []string{"openai"}}, {ID: "amazon", Operates: []string{"aws"}},
			{ID: "google", Operates: []string{"gcp"}}, {ID: "alibaba", Operates: []string{"alibaba"}}},
		Amendments: []agreement.Amendment{{ID: "2025-11-03", Effective: midnight("2025-11-03"), Adds: []agreement.Clause{
			back,
			sells("amazon-sales", "amazon", gpt(), "60%", "40%"),
			&agreement.Commitment{Common: head("aws-capacity"), Buyer: "openai", Seller: "amazon", Amount: money.FromUnits(38e9),
				Counts: agreement.Counts{Amount: "cost", Clouds: []string{"aws"}}},
		}}},
	}
}
