package export_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/ledger"
	"concord/ledger/export"
	"concord/money"
)

// bring posts an entry that is not usage.
func (w *world) bring(t testing.TB, at string, body journal.Body) {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	w.n++
	tx, err := ledger.Post(w.state, &journal.Entry{Time: instant.UnixNano(), Source: "books", ID: fmt.Sprintf("%s-%d", body.Kind(), w.n), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	w.posted = append(w.posted, tx.Clone())
}

// dues is money of every kind that is not usage, over a few months.
func dues(t testing.TB) *world {
	const share = "share-openai-to-microsoft"
	amount := money.MustParse
	w := newWorld(t)
	at := func(text string) int64 {
		instant, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return instant.UnixNano()
	}
	sold := journal.Origin{At: at("2026-05-04T18:00:00Z"), Customer: strange, Seller: "openai", Product: gpt54, Cloud: "aws", Currency: "USD"}
	w.bring(t, "2026-05-04T18:00:00Z", &journal.Invoice{Origin: sold, Amount: amount("6172.835"), Tax: amount("493.8268"), Number: "R-1"})
	sold.Of, sold.Charged = journal.Ref{Kind: journal.KindInvoice, Source: "books", ID: "invoice-1"}, amount("6172.835")
	owes := func(name, text string) *journal.Fee {
		return &journal.Fee{Name: name, Agreement: "openai-microsoft", Clause: share, Payer: "openai", Payee: "microsoft", Amount: amount(text), Currency: "USD"}
	}
	pays := func(text, withheld string, advance bool) *journal.Payment {
		return &journal.Payment{From: "openai", To: "microsoft", Amount: amount(text), Withheld: amount(withheld), Currency: "USD", Lines: []journal.Paid{
			{Agreement: "openai-microsoft", Clause: share, Amount: amount(text), Withheld: amount(withheld), Advance: advance}}}
	}
	statement := []byte(`{"number":"OM-2026-05"}`)
	w.bring(t, "2026-06-04T18:00:00Z", &journal.Close{Agreement: "openai-microsoft", Between: [2]string{"openai", "microsoft"}, Period: "2026-05",
		From: at("2026-05-01T07:00:00Z"), Until: at("2026-06-01T07:00:00Z"), Number: "OM-2026-05", Version: 1, Currency: "USD", Statement: statement,
		Hash: sha256.Sum256(statement), Lines: []journal.Stated{{Clause: share, Payer: "openai", Payee: "microsoft", Amount: amount("1234.57")}}})
	w.bring(t, "2026-06-10T18:00:00Z", &journal.Refund{Origin: sold, Amount: amount("1000"), Tax: amount("80")})
	w.bring(t, "2026-06-11T18:00:00Z", &journal.Credit{Origin: sold, From: "openai", To: strange, Amount: amount("0.000000000001"), Currency: "USD"})
	w.bring(t, "2026-06-12T18:00:00Z", &journal.Credit{Agreement: "openai-microsoft", Clause: share, From: "microsoft", To: "openai", Amount: amount("34.57"), Currency: "USD"})
	w.bring(t, "2026-06-15T18:00:00Z", owes("interest", "20"))
	w.bring(t, "2026-06-15T18:00:01Z", owes("interest", "20")) // alike but for its id
	w.bring(t, "2026-06-16T18:00:00Z", owes("fixed-fee", "7.5"))
	w.bring(t, "2026-06-17T18:00:00Z", pays("1000", "0", true))
	w.bring(t, "2026-06-18T18:00:00Z", &journal.Invoice{Origin: journal.Origin{Customer: "acme", Seller: "openai", Product: gpt54, Cloud: "azure", Currency: "USD"}, Amount: amount("1500")})
	w.bring(t, "2026-06-19T18:00:00Z", owes("guarantee-unearned", "700"))
	short := &journal.Fee{Name: "shortfall", Agreement: "openai-clouds", Clause: "aws-capacity", Payer: "openai", Payee: "amazon", Amount: amount("300"), Currency: "USD"}
	w.bring(t, "2026-06-20T18:00:00Z", short)
	w.bring(t, "2026-07-01T18:00:00Z", pays("1220", "10", false))
	w.bring(t, "2026-07-02T18:00:00Z", &journal.Payment{From: strange, To: "openai", Amount: amount("5000"), Currency: "USD", Lines: []journal.Paid{
		{Agreement: "openai-microsoft", Clause: "openai-sales", Amount: amount("5000")}}})
	return w
}

func TestTheFormsOfDuesAreTheGoldenOnes(t *testing.T) { golden(t, dues(t), "dues.") }

// Every account of BOOKS that entries which are not usage move is in the files, so that the tools judge it.
func TestTheDuesHaveEveryAccount(t *testing.T) {
	var got []string
	for _, b := range dues(t).books(t, export.Selection{}).Balances() {
		p, err := b.Account.Parse()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSuffix(p.Root+":"+p.Branch, ":"))
	}
	slices.Sort(got)
	want := []string{"cash", "cost:fee", "cost:interest", "cost:share", "cost:shortfall", "cost:usage", "deferred", "payable:accrued", "payable:stated",
		"prepaid", "receivable:accrued", "receivable:stated", "revenue:cloud", "revenue:fee", "revenue:interest", "revenue:license", "revenue:share",
		"revenue:shortfall", "tax:collected", "tax:recoverable", "tax:withheld"}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}

func TestTheToolsAcceptDuesAndRefuseThemSpoiled(t *testing.T) {
	w := dues(t)
	b := w.books(t, export.Selection{})
	all := byDay(w.transactions(t, export.Selection{}))
	paid := slices.IndexFunc(all, func(tx export.Transaction) bool {
		return slices.ContainsFunc(tx.Postings, func(p export.Posting) bool { return p.Account == ledger.TaxWithheld })
	})
	for _, f := range forms {
		t.Run(string(f), func(t *testing.T) {
			for _, s := range []export.Selection{{}, {Book: "microsoft"}, {Agreement: "openai-clouds"}} {
				selected := w.books(t, s)
				for _, transactions := range [][]export.Transaction{selected.Days(), byDay(w.transactions(t, s))} {
					if said, ok := judge(t, f, render(t, f, selected, transactions)); !ok {
						t.Errorf("%v: refused:\n%s", s, said)
					}
				}
			}
			untaxed := slices.Clone(all)
			untaxed[paid].Postings = slices.DeleteFunc(slices.Clone(all[paid].Postings), func(p export.Posting) bool { return p.Account == ledger.TaxWithheld })
			if said, ok := judge(t, f, render(t, f, b, untaxed)); ok || !strings.Contains(said, "balanc") {
				t.Errorf("a payment without the tax that was withheld passes: %.300s", said)
			}
			unpaid := slices.Delete(slices.Clone(all), paid, paid+1)
			if said, ok := judge(t, f, render(t, f, b, unpaid)); ok || !strings.Contains(said, "alance") && !strings.Contains(said, "assertion") {
				t.Errorf("books without a payment pass: %.300s", said)
			}
		})
	}
}
