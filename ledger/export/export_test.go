package export_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/ledger"
	"concord/ledger/export"
	"concord/money"
	"concord/usage"
)

var update = flag.Bool("update", false, "write the golden files")

var forms = []export.Form{export.Hledger, export.Beancount}

// render writes books with transactions of one's own between head and foot.
func render(t testing.TB, f export.Form, b *export.Books, transactions []export.Transaction) string {
	t.Helper()
	r, err := export.NewRenderer(f)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = r.Head(&out, b)
	for i := range transactions {
		if err == nil {
			err = r.Transaction(&out, &transactions[i])
		}
	}
	if err == nil {
		err = r.Foot(&out, b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// byDay puts transactions in the order that a file has.
func byDay(all []export.Transaction) []export.Transaction {
	slices.SortStableFunc(all, func(a, b export.Transaction) int { return int(a.Day - b.Day) })
	return all
}

func TestTheFormsAreTheGoldenOnes(t *testing.T) { golden(t, days(t), "") }

// golden holds what a world is in every form to the files that begin with a name.
func golden(t *testing.T, w *world, prefix string) {
	t.Helper()
	b := w.books(t, export.Selection{})
	for _, f := range forms {
		for name, transactions := range map[string][]export.Transaction{
			"day." + string(f):         b.Days(),
			"transaction." + string(f): byDay(w.transactions(t, export.Selection{})),
		} {
			got, file := render(t, f, b, transactions), filepath.Join("testdata", prefix+name)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
}

// sums adds transactions up by book, account and currency, and fails where one of them does not sum to zero.
func sums(t *rapid.T, all []export.Transaction) map[ledger.Balance]string {
	totals := map[ledger.Balance]money.Amount{}
	add := func(a, b money.Amount) money.Amount {
		sum, err := a.Add(b)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	for _, tx := range all {
		var own money.Amount
		for _, p := range tx.Postings {
			own = add(own, p.Amount)
			k := ledger.Balance{Book: tx.Book, Account: p.Account, Currency: tx.Currency}
			totals[k] = add(totals[k], p.Amount)
		}
		if !own.IsZero() {
			t.Fatalf("book %s, day %d, agreement %s: the transaction sums to %s", tx.Book, tx.Day, tx.Agreement, own)
		}
	}
	texts := map[ledger.Balance]string{}
	for k, sum := range totals {
		texts[k] = sum.String()
	}
	return texts
}

func TestEachBookSumsToZeroAndTheTotalsAreTheLedgers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		amount := func(label string) string {
			return money.FromPico(rapid.Int64Range(1, 50_000_000_000_000).Draw(rt, label)).String()
		}
		for range rapid.IntRange(1, 20).Draw(rt, "records") {
			at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, int64(96*time.Hour)).Draw(rt, "at")))
			cloud := rapid.SampledFrom([]string{"azure", "aws", "gcp"}).Draw(rt, "cloud")
			r := sale(rapid.SampledFrom([]string{"acme", strange}).Draw(rt, "customer"), "openai", gpt54, cloud, "openai", amount("price"), amount("cost"))
			if rapid.Bool().Draw(rt, "unpriced") {
				r.Usage.Tokens[usage.OutputAudio], r.Unpriced = rapid.Int64Range(1, 1000).Draw(rt, "audio"), []usage.Class{usage.OutputAudio}
			}
			w.post(t, at, r)
		}
		s := rapid.SampledFrom([]export.Selection{{}, {Book: "openai"}, {Agreement: "openai-microsoft"}, {Book: "microsoft", Agreement: "openai-microsoft"}}).Draw(rt, "selection")
		b := w.books(t, s)

		want := map[ledger.Balance]string{}
		for _, x := range balances(t, w, s) {
			if strings.HasPrefix(string(x.Account), "memo:suspense:") {
				x.Currency = export.TokenUnits
			}
			sum := x.Amount.String()
			x.Amount = money.Amount{}
			want[x] = sum
		}
		if diff := cmp.Diff(want, sums(rt, b.Days())); diff != "" {
			rt.Errorf("the roll-ups differ from the ledger's balances (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, sums(rt, w.transactions(t, s))); diff != "" {
			rt.Errorf("the transactions differ from the ledger's balances (-want +got):\n%s", diff)
		}
	})
}

// balances asks the ledger.
func balances(t testing.TB, w *world, s export.Selection) []ledger.Balance {
	t.Helper()
	b := ledger.NewMemory()
	if err := b.Save(t.Context(), &ledger.Batch{Cells: w.cells(t)}); err != nil {
		t.Fatal(err)
	}
	all, err := ledger.Balances(t.Context(), b, ledger.Filter{Book: s.Book, Agreement: s.Agreement})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDifferentNamesStayDifferentAndPlain(t *testing.T) {
	account := map[export.Form]*regexp.Regexp{
		export.Hledger:   regexp.MustCompile(`(?m)^account ([a-z]+(?::[%-9A-Za-z._/-]+)+)$`),
		export.Beancount: regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d open ([A-Z][a-z]+(?::[A-Z0-9][A-Za-z0-9-]*)+)$`),
	}
	part := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9%./ _\-]{1,4}`), rapid.StringMatching(`[zZ][0-9A-F]{0,3}`), rapid.StringN(1, 6, -1))
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfNDistinct(part, 2, 6, rapid.ID[string]).Draw(rt, "names")
		var cells []ledger.Cell
		for _, n := range names {
			for _, a := range []ledger.Account{ledger.Cost("usage", n), ledger.MemoAccount("above-cap", n, ""), ledger.MemoAccount("above-cap", n, "contra")} {
				cells = append(cells, ledger.Cell{Key: ledger.Key{Book: "book", Account: a, Currency: "USD"}})
			}
		}
		b, err := export.Collect(at(), cells, export.Selection{})
		if err != nil {
			rt.Fatal(err)
		}
		for _, f := range forms {
			found := map[string]bool{}
			for _, m := range account[f].FindAllStringSubmatch(render(t, f, b, nil), -1) {
				found[m[1]] = true
			}
			if len(found) != len(b.Balances()) {
				rt.Errorf("%s: %d accounts became %d of the allowed form: %q", f, len(b.Balances()), len(found), names)
			}
			for name := range found {
				for other := range found {
					if strings.HasPrefix(other, name+":") {
						rt.Errorf("%s: %s lies under %s", f, other, name)
					}
				}
			}
		}
	})
}

func TestACurrencyThatTheToolsCannotWriteIsRefused(t *testing.T) {
	cells := []ledger.Cell{{Key: ledger.Key{Book: "b", Account: ledger.Cost("usage", "p"), Currency: "us dollar"}}}
	b, err := export.Collect(at(), cells, export.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range forms {
		r, _ := export.NewRenderer(f)
		if err := r.Head(&strings.Builder{}, b); err == nil || !strings.Contains(err.Error(), `"us dollar"`) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestAFormThatIsUnknownIsNamed(t *testing.T) {
	if _, err := export.NewRenderer("ledger-cli"); err == nil || !strings.Contains(fmt.Sprint(err), `"ledger-cli"`) {
		t.Error(err)
	}
}
