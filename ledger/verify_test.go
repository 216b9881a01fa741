package ledger_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// saved returns a journal of records of the examples and the books of it.
func saved(t *testing.T) (journal.Journal, ledger.Books) {
	t.Helper()
	j := fill(t, mix(example(t), 20), 8, documents(t, "openai-microsoft.yaml", "openai-clouds.yaml"))
	b := ledger.NewMemory()
	saveAll(t, j, b, func() bool { return false })
	return j, b
}

func TestVerify(t *testing.T) {
	t.Run("finds_nothing_wrong_with_books_that_the_poster_wrote", func(t *testing.T) {
		j, b := saved(t)
		r, err := ledger.Verify(t.Context(), b, j)
		if err != nil {
			t.Fatal(err)
		}
		want := &ledger.Report{
			Cursor: journal.Cursor{Chain: 1, Block: 3}, Hash: r.Hash, Entries: 24, Transactions: 20, Cells: r.Cells,
			Books: []string{"acme", "amazon", "contoso", "globex", "microsoft", "openai"}, Mirrors: 7, Replayed: true,
		}
		if diff := cmp.Diff(want, r); diff != "" || r.Cells == 0 {
			t.Errorf("report (-want +got):\n%s", diff)
		}
	})

	day := int32(20577) // 2026-05-04
	key := ledger.Key{Agreement: "openai-microsoft", Book: "openai", Account: "receivable:accrued:acme:openai-sales",
		Clause: "openai-sales", Cloud: "azure", Product: gpt54, Currency: "USD", Day: day}
	sold := func(change func(*ledger.Key)) ledger.Cell {
		k := key
		change(&k)
		return ledger.Cell{Key: k, Amount: money.MustParse("1"), Count: 1}
	}
	for name, c := range map[string]struct {
		cell  ledger.Cell
		rules string
		want  string
	}{
		"finds_a_balance_that_was_changed": {sold(func(*ledger.Key) {}), "balance balance mirror journal", "the journal gives 0.16 after 8"},
		"finds_an_account_that_does_not_exist": {sold(func(k *ledger.Key) { k.Account = "receivable:soon:acme:openai-sales" }), "account journal",
			`account "receivable:soon:acme:openai-sales" is not one of the books'`},
		"finds_an_account_with_another_subject": {sold(func(k *ledger.Key) { k.Clause = "other" }), "account journal", "its subject is another"},
		"finds_a_book_that_owes_itself": {sold(func(k *ledger.Key) { k.Account = "receivable:accrued:openai:openai-sales" }), "account journal",
			"openai cannot owe itself"},
		"finds_accounts_that_may_not_meet": {sold(func(k *ledger.Key) { k.Account, k.Clause = "cash", "other" }), "balance pairs mirror journal",
			"cash meets neither what is owed nor prepaid"},
		"finds_cash_that_nobody_paid": {sold(func(k *ledger.Key) { k.Account = "cash" }), "balance balance mirror journal", "cash: the other book differs by 1"},
	} {
		t.Run(name, func(t *testing.T) {
			j, b := saved(t)
			s, err := b.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Save(t.Context(), &ledger.Batch{Old: s.Cursor, New: s.Cursor, State: s.State, Cells: []ledger.Cell{c.cell}}); err != nil {
				t.Fatal(err)
			}

			r, err := ledger.Verify(t.Context(), b, j)
			if err != nil {
				t.Fatal(err)
			}

			var rules, messages []string
			for _, f := range r.Faults {
				rules, messages = append(rules, f.Rule), append(messages, f.Message)
			}
			if got := strings.Join(rules, " "); got != c.rules {
				t.Errorf("faults %s, want %s:\n%s", got, c.rules, strings.Join(messages, "\n"))
			}
			if !strings.Contains(strings.Join(messages, "\n"), c.want) {
				t.Errorf("messages lack %q:\n%s", c.want, strings.Join(messages, "\n"))
			}
		})
	}

	t.Run("finds_a_state_that_is_not_the_journals", func(t *testing.T) {
		j, b := saved(t)
		s, _ := b.Load(t.Context())
		w := example(t)
		if err := b.Save(t.Context(), &ledger.Batch{Old: s.Cursor, New: s.Cursor, State: w.state.Encode()}); err != nil {
			t.Fatal(err)
		}
		r, err := ledger.Verify(t.Context(), b, j)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Message, "the state differs") {
			t.Errorf("faults %v", r.Faults)
		}
	})

	t.Run("finds_books_that_are_ahead_of_the_journal", func(t *testing.T) {
		_, b := saved(t)
		r, err := ledger.Verify(t.Context(), b, journal.NewMemory())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Message, "the books are at chain 1, block 3") {
			t.Errorf("faults %v", r.Faults)
		}
	})
}

func TestBalancesAddCellsUp(t *testing.T) {
	_, b := saved(t)
	got, err := ledger.Balances(t.Context(), b, ledger.Filter{Book: "openai", Account: "revenue:cloud", From: 20577, Until: 20578})
	if err != nil {
		t.Fatal(err)
	}
	want := []ledger.Balance{
		{Book: "openai", Account: "revenue:cloud:aws", Currency: "USD", Amount: money.MustParse("-0.03248")},
		{Book: "openai", Account: "revenue:cloud:azure", Currency: "USD", Amount: money.MustParse("-0.064")},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b money.Amount) bool { return a == b })); diff != "" {
		t.Errorf("balances (-want +got):\n%s", diff)
	}
}

func TestACheckpointIsDueAtTheFirstBlockEndAfterEvery65536Entries(t *testing.T) {
	w := example(t)
	entries := mix(w, 40000) // 4 documents and an open entry come first
	j := fill(t, append(entries, mix(w, 40000)...), 1000, documents(t, "openai-microsoft.yaml", "openai-clouds.yaml"))
	b := ledger.NewMemory()
	saveAll(t, j, b, func() bool { return true })

	c, err := b.Checkpoint(t.Context(), journal.Cursor{Chain: 1, Block: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if want := (journal.Cursor{Chain: 1, Block: 66}); c.Cursor != want {
		t.Fatalf("checkpoint at %v, want %v", c.Cursor, want)
	}
	late := entries[39999].Body.(*journal.Record).Request
	if _, err := ledger.Derive(t.Context(), j, b, late); err != nil {
		t.Fatal(err)
	}
	s, err := ledger.DecodeState(c)
	if err != nil {
		t.Fatal(err)
	}
	end, err := ledger.Replay(t.Context(), j, s, c.Cursor, journal.Cursor{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := b.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if end != whole.Cursor || string(s.Encode()) != string(whole.State) {
		t.Error("posting on from the checkpoint gives another state")
	}
}
