package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/ledger"
	"concord/ledger/ledgertest"
	"concord/money"
	"concord/pricing"
)

const (
	gpt54 = "openai/gpt-5.4"
	oss   = "openai/gpt-oss-120b"
)

// world is agreements with a state that posts under them.
type world struct {
	t       testing.TB
	set     *agreement.Set
	history ledgertest.History
	state   *ledger.State
	n       int
	// documents says that the state has the agreements from documents; it gets the terms beside each record otherwise.
	documents bool
}

func newWorld(t testing.TB, agreements ...*agreement.Agreement) *world {
	t.Helper()
	return &world{t: t, set: agreement.NewSet(agreements...), state: ledger.NewState()}
}

// example returns the agreements of examples/, posted as the documents of a journal.
func example(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, parse(t, "openai-microsoft.yaml"), parse(t, "openai-clouds.yaml"))
	for _, d := range documents(t, "openai-microsoft.yaml", "openai-clouds.yaml") {
		if _, err := ledger.Post(w.state, &journal.Entry{ID: d.Name, Body: d}); err != nil {
			t.Fatal(err)
		}
	}
	w.documents = true
	return w
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func parse(t testing.TB, name string) *agreement.Agreement {
	t.Helper()
	a, findings := agreementfile.Parse(name, read(t, name))
	if a == nil {
		t.Fatalf("%s: %v", name, findings)
	}
	return a
}

// documents returns what a chain brings when it opens: agreements of examples/ and the set that names them.
func documents(t testing.TB, names ...string) []*journal.Document {
	t.Helper()
	return ledgertest.ReadExamples(t, "../examples", names...).Documents
}

func document(kind journal.DocKind, name string, raw []byte) *journal.Document {
	return ledgertest.Document(kind, name, raw)
}

func known() time.Time { return ledgertest.Known() }

// terms returns those in force at an instant.
func (w *world) terms(at time.Time) *agreement.Terms {
	w.t.Helper()
	if w.history == nil {
		var err error
		if w.history, err = w.set.Timeline(known()); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.history.Terms(w.t, at)
}

// post posts a record under the terms of its instant.
func (w *world) post(at string, r *journal.Record) *ledger.Transaction {
	w.t.Helper()
	e := w.entry(date(at), r)
	var tx *ledger.Transaction
	var err error
	if w.documents {
		tx, err = ledger.Post(w.state, e)
	} else {
		tx, err = ledger.PostUnder(w.state, e, w.terms(date(at)))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

// entry makes the next entry, of a record that names the terms of its instant.
func (w *world) entry(at time.Time, r *journal.Record) *journal.Entry {
	w.t.Helper()
	w.n++
	r.Request = journal.NewRequestID(at.UnixMilli(), 1, uint64(w.n))
	r.Terms = w.terms(at).Hash()
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

func sale(customer, seller, product, cloud, holder, price, cost string) *journal.Record {
	return ledgertest.Sale(customer, seller, product, cloud, holder, price, cost)
}

func lines(amount string) []pricing.Line { return ledgertest.Lines(amount) }

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
