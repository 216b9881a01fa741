package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/usage"
)

// drawn is a record and its instant.
type drawn struct {
	at     time.Time
	record *journal.Record
}

// anyRecord draws a record that the examples' parties may bring: any outcome, up to three attempts, instants on both
// sides of the amendment.
func anyRecord(t *rapid.T) drawn {
	places := []struct{ customer, seller, product, cloud, holder string }{
		{"acme", "openai", gpt54, "azure", "openai"}, {"acme", "openai", gpt54, "aws", "openai"}, {"acme", "openai", gpt54, "openai", "openai"},
		{"acme", "openai", gpt54, "gcp", "openai"}, {"contoso", "microsoft", gpt54, "azure", "microsoft"},
		{"microsoft", "openai", gpt54, "azure", "openai"}, {"globex", "amazon", gpt54, "aws", "amazon"},
	}
	since := time.Date(2026, 4, 20, 0, 0, 0, 0, time.UTC)
	at := since.Add(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "at")))
	last := len(places)
	if at.Before(midnight("2026-04-29")) {
		last-- // Amazon does not sell yet
	}
	amount := func(label string) string {
		return money.FromPico(rapid.Int64Range(0, 50_000_000_000_000).Draw(t, label)).String()
	}
	p := places[rapid.IntRange(0, last-1).Draw(t, "place")]
	price, cost := amount("price"), ""
	r := sale(p.customer, p.seller, p.product, p.cloud, p.holder, price, cost)
	r.Usage.Tokens[usage.OutputAudio] = rapid.Int64Range(0, 1000).Draw(t, "audio")
	if rapid.IntRange(0, 9).Draw(t, "suspense") == 0 {
		r.Unpriced = []usage.Class{usage.OutputAudio}
	}
	for range rapid.IntRange(0, 2).Draw(t, "failed attempts") {
		r.Attempts = append(r.Attempts, journal.Tried{Deployment: "other", Cloud: "azure", Seller: "openai", Holder: "openai",
			Outcome: delivery.ServerError, Cost: lines(amount("failed cost"))})
	}
	if p.seller == "openai" && p.cloud != "openai" {
		r.Attempts[0].Cost = lines(amount("cost"))
	}
	if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
		r.Outcome, r.Served, r.Lines, r.Unpriced = journal.Failed, -1, nil, nil
	}
	return drawn{at, r}
}

// unbalanced says what is wrong with a transaction, by its text alone.
func unbalanced(tx *ledger.Transaction) string {
	books, owed := map[string]money.Amount{}, map[string]money.Amount{}
	add := func(m map[string]money.Amount, k string, a money.Amount) {
		sum, err := m[k].Add(a)
		if err != nil {
			panic(err)
		}
		m[k] = sum
	}
	for _, p := range tx.Postings {
		words := strings.SplitN(string(p.Account), ":", 4)
		add(books, fmt.Sprintf("%s, memo %v", p.Book, words[0] == "memo"), p.Amount)
		switch words[0] {
		case "receivable":
			add(owed, words[2]+" owes "+p.Book+" under "+words[3], p.Amount)
		case "payable":
			add(owed, p.Book+" owes "+words[2]+" under "+words[3], p.Amount)
		}
	}
	for k, sum := range books {
		if !sum.IsZero() {
			return fmt.Sprintf("book %s sums to %s", k, sum)
		}
	}
	for k, sum := range owed {
		if !sum.IsZero() {
			return fmt.Sprintf("%s: the books differ by %s", k, sum)
		}
	}
	return ""
}

func TestEveryTransactionBalancesInEachBookAndIsMirrored(t *testing.T) {
	w := example(t)
	rapid.Check(t, func(t *rapid.T) {
		d := anyRecord(t)
		tx, err := ledger.Post(w.state, w.entry(d.at, d.record))
		if err != nil {
			t.Fatal(err)
		}
		if wrong := unbalanced(tx); wrong != "" {
			t.Fatalf("%s\n%s", wrong, table(tx))
		}
	})
}

// saveAll posts a journal to books as a poster does, and saves after each block for which save says so.
func saveAll(t testing.TB, j journal.Journal, b ledger.Books, save func() bool, saved ...func(at journal.Cursor)) *ledger.State {
	t.Helper()
	s, at, err := ledger.Resume(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	var due []ledger.Checkpoint
	write := func(to journal.Cursor) error {
		cells, documents, err := s.Changes()
		if err != nil {
			return err
		}
		batch := &ledger.Batch{Old: at, New: to, State: s.Encode(), Cells: cells, Documents: documents, Activity: s.Observed(), Checkpoints: due}
		at, due = to, nil
		s.Clean()
		if err := b.Save(t.Context(), batch); err != nil {
			return err
		}
		for _, f := range saved {
			f(to)
		}
		return nil
	}
	end, err := ledger.Replay(t.Context(), j, s, at, journal.Cursor{}, nil, func(to journal.Cursor) error {
		if c, ok := s.Checkpoint(to); ok {
			due = append(due, c)
		}
		if save() {
			return write(to)
		}
		return nil
	})
	if err == nil && end != at {
		err = write(end)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func digest(t testing.TB, b ledger.Books) journal.Hash {
	t.Helper()
	d, err := ledger.Digest(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAnySplitIntoSavesAndRestartsGivesTheSameBooks(t *testing.T) {
	w := example(t)
	rapid.Check(t, func(r *rapid.T) {
		var entries []*journal.Entry
		for range rapid.IntRange(1, 30).Draw(r, "records") {
			d := anyRecord(r)
			entries = append(entries, w.entry(d.at, d.record))
		}
		j := fill(t, entries, rapid.IntRange(1, 7).Draw(r, "block"), documents(t, "openai-microsoft.yaml", "openai-clouds.yaml"))
		whole := ledger.NewMemory()
		want := saveAll(t, j, whole, func() bool { return false })

		split := ledger.NewMemory()
		seed := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1))
		got := saveAll(t, j, split, func() bool { return seed.IntN(3) == 0 })
		if digest(t, split) != digest(t, whole) || got.Hash() != want.Hash() {
			r.Fatal("books saved in parts differ from books saved at once")
		}

		restarted := ledger.NewMemory()
		stops := seed.IntN(3)
		for range stops { // each run stops after its first save
			saveOnce(t, j, restarted)
		}
		saveAll(t, j, restarted, func() bool { return true })
		if digest(t, restarted) != digest(t, whole) {
			r.Fatalf("books of a poster that started %d times more differ", stops)
		}

		if seed.IntN(4) > 0 {
			return // verifying posts all of it again
		}
		report, err := ledger.Verify(t.Context(), split, j)
		if err != nil {
			r.Fatal(err)
		}
		if !report.Balanced() || !report.Replayed {
			r.Fatalf("verify: %+v", report)
		}
	})
}

// saveOnce posts one block and saves.
func saveOnce(t testing.TB, j journal.Journal, b ledger.Books) {
	t.Helper()
	s, at, err := ledger.Resume(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	upTo := journal.Cursor{Chain: 1, Block: at.Block + 1}
	end, err := ledger.Replay(t.Context(), j, s, at, upTo, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if end == at {
		return
	}
	cells, documents, err := s.Changes()
	if err == nil {
		err = b.Save(t.Context(), &ledger.Batch{Old: at, New: end, State: s.Encode(), Cells: cells, Documents: documents, Activity: s.Observed()})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// capped is an agreement in which seller shares with two payees under caps of a day, a month and in total.
func capped(reversed bool) *agreement.Agreement {
	first := share("first", "openai", "microsoft", "20%", "sales")
	first.Payees = []agreement.Payee{{Party: "microsoft", Part: rate("1/3")}, {Party: "amazon", Part: rate("2/3")}}
	first.Caps = []agreement.Cap{
		{Amount: money.MustParse("3"), Per: "day"}, {Amount: money.MustParse("20"), Per: "month"},
		{Amount: money.MustParse("50"), Per: "total"}, {Amount: money.MustParse("40"), Per: "total", CountsFrom: midnight("2026-05-05")},
	}
	second := share("second", "amazon", "google", "1/7", "shares", "sales")
	clauses := []agreement.Clause{first, second, sells("openai-sales", "openai", agreement.Match{}, "60%", "40%"),
		sells("amazon-sales", "amazon", agreement.Match{}, "", "100%")}
	if reversed {
		slices.Reverse(clauses)
	}
	return &agreement.Agreement{
		Name: "capped", Currency: "USD", Zone: losAngeles(),
		Parties: []agreement.Party{{ID: "openai", Operates: []string{"openai"}}, {ID: "microsoft", Operates: []string{"azure"}},
			{ID: "amazon", Operates: []string{"aws"}}, {ID: "google", Operates: []string{"gcp"}}},
		Products:   []agreement.Product{{ID: gpt54, Owner: "openai"}},
		Amendments: []agreement.Amendment{{ID: "start", Effective: midnight("2026-01-01"), Adds: clauses}},
	}
}

// cappedSales draws sales for capped.
func cappedSales(t *rapid.T) []drawn {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) drawn {
		at := date("2026-05-01").Add(time.Duration(rapid.Int64Range(0, int64(45*24*time.Hour)).Draw(t, "at")))
		price := money.FromPico(rapid.Int64Range(1, 30_000_000_000_000).Draw(t, "price")).String()
		if rapid.Bool().Draw(t, "amazon's") {
			return drawn{at, sale("acme", "amazon", gpt54, "aws", "amazon", price, "")}
		}
		return drawn{at, sale("acme", "openai", gpt54, "openai", "openai", price, "")}
	}), 1, 40).Draw(t, "sales")
}

// postAll posts sales to a world.
func (w *world) postAll(sales []drawn) {
	for _, d := range sales {
		w.post(d.at.Format(time.RFC3339Nano), d.record)
	}
}

func TestASharesCapsHoldInEveryWindowAndItNeverShrinks(t *testing.T) {
	const days = 47 // that cappedSales draws from
	limits := map[string]string{"day": "3", "month": "20", "total": "50"}
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t, capped(false))
		var before money.Amount
		for _, d := range cappedSales(r) {
			w.postAll([]drawn{d})

			first, _ := w.state.Accrual("capped", "first")
			if first.Capped.Cmp(before) < 0 {
				r.Fatalf("capped share fell from %s to %s", before, first.Capped)
			}
			before = first.Capped
			exact, _ := first.Base.MulRate(rate("20%"), money.Down)
			if short, _ := exact.Sub(first.Uncapped); short.Sign() < 0 || short.Cmp(money.FromPico(days)) > 0 {
				r.Fatalf("uncapped share %s of base %s: each day may round down by one unit", first.Uncapped, first.Base)
			}
			for _, u := range w.state.CapUses() {
				limit := limits[u.Per]
				if !u.CountsFrom.IsZero() {
					limit = "40"
				}
				if u.Clause == "first" && u.Capped.Cmp(money.MustParse(limit)) > 0 {
					r.Fatalf("%s of %s is above the cap of %s", u.Capped, u.Window, limit)
				}
			}
		}
	})
}

// sums adds the dirty cells up by book and account.
func sums(t testing.TB, s *ledger.State) map[string]string {
	t.Helper()
	cells, _, err := s.Changes()
	if err != nil {
		t.Fatal(err)
	}
	amounts := map[string]money.Amount{}
	for _, c := range cells {
		k := c.Book + " " + string(c.Account)
		if amounts[k], err = amounts[k].Add(c.Amount); err != nil {
			t.Fatal(err)
		}
	}
	texts := map[string]string{}
	for k, a := range amounts {
		if !a.IsZero() {
			texts[k] = a.String()
		}
	}
	return texts
}

func TestTheOrderOfRecordsChangesNoTotal(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sales := cappedSales(r)
		straight, shuffled := newWorld(t, capped(false)), newWorld(t, capped(false))
		straight.postAll(sales)
		shuffled.postAll(rapid.Permutation(sales).Draw(r, "order"))

		if diff := cmp.Diff(sums(t, straight.state), sums(t, shuffled.state)); diff != "" {
			r.Fatalf("balances (-in order +shuffled):\n%s", diff)
		}
		if diff := cmp.Diff(texts(straight.state), texts(shuffled.state)); diff != "" {
			r.Fatalf("accruals (-in order +shuffled):\n%s", diff)
		}
	})
}

func TestTheOrderOfClausesInAFileChangesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sales := cappedSales(r)
		straight, reversed := newWorld(t, capped(false)), newWorld(t, capped(true))
		straight.postAll(sales)
		reversed.n = 0
		reversed.postAll(sales)
		if straight.state.Hash() != reversed.state.Hash() || string(straight.state.Encode()) != string(reversed.state.Encode()) {
			r.Fatal("the transactions differ")
		}
	})
}

// texts renders the running state of all shares.
func texts(s *ledger.State) []string {
	var all []string
	for _, a := range s.Accruals() {
		all = append(all, fmt.Sprintf("%s %s: base %s, uncapped %s, capped %s", a.Clause, a.Window, a.Base, a.Uncapped, a.Capped))
	}
	for _, u := range s.CapUses() {
		all = append(all, fmt.Sprintf("%s per %s, %s: %s of %s", u.Clause, u.Per, u.Window, u.Capped, u.Uncapped))
	}
	return all
}
