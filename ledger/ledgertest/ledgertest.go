// Package ledgertest holds the conformance suite of ledger.Books: every storage of the books passes it.
package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// Run holds books to the contract of ledger.Books. open returns empty books; Run closes them.
func Run(t *testing.T, open func(t *testing.T) ledger.Books) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, b ledger.Books)
	}{
		{"empty_books_have_no_state_no_cells_and_no_checkpoint", empty},
		{"what_was_saved_is_loaded", roundTrip},
		{"a_poster_that_lost_its_turn_changes_nothing", lostTurn},
		{"of_two_posters_one_wins", race},
		{"cells_come_in_canonical_order_with_their_last_values", cells},
		{"cells_hold_any_amount", amounts},
		{"cells_stop_where_the_caller_stops", stop},
		{"a_checkpoint_is_the_last_at_or_before_a_position", checkpoints},
		{"a_cancelled_save_changes_nothing", cancelled},
		{"dropped_books_are_empty_and_can_be_filled_again", drop},
		{"activity_comes_in_the_order_of_its_keys_with_its_last_values", activity},
		{"the_digest_is_that_of_books_in_memory", digest},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t)
			t.Cleanup(func() {
				if err := b.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			c.test(t, b)
		})
	}
}

// at is a position.
func at(chain, block uint64) journal.Cursor { return journal.Cursor{Chain: chain, Block: block} }

// batch is a batch from one position to another that says so in its state.
func batch(from, to journal.Cursor, cells ...ledger.Cell) *ledger.Batch {
	return &ledger.Batch{Old: from, New: to, State: fmt.Appendf(nil, "state at %d/%d", to.Chain, to.Block), Cells: cells}
}

// cell is a cell of a book, an account and a day.
func cell(book, account string, day int32, amount string, count int64) ledger.Cell {
	return ledger.Cell{
		Key:    ledger.Key{Agreement: "a", Book: book, Account: ledger.Account(account), Clause: "c", Cloud: "azure", Product: "p", Stream: "cloud", Currency: "USD", Day: day},
		Amount: money.MustParse(amount), Count: count,
	}
}

func save(t *testing.T, b ledger.Books, batches ...*ledger.Batch) {
	t.Helper()
	for _, batch := range batches {
		if err := b.Save(t.Context(), batch); err != nil {
			t.Fatalf("save from %v to %v: %v", batch.Old, batch.New, err)
		}
	}
}

func load(t *testing.T, b ledger.Books) *ledger.Saved {
	t.Helper()
	saved, err := b.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func allCells(t *testing.T, b ledger.Books) []ledger.Cell {
	t.Helper()
	var all []ledger.Cell
	if err := b.Cells(t.Context(), func(c ledger.Cell) bool { all = append(all, c); return true }); err != nil {
		t.Fatal(err)
	}
	return all
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	amounts := cmp.Comparer(func(a, b money.Amount) bool { return a == b })
	if diff := cmp.Diff(want, got, amounts, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func empty(t *testing.T, b ledger.Books) {
	same(t, "activity", []ledger.ActivityRow(nil), activityOf(t, b, ledger.EverSince, ledger.EverUntil))
	same(t, "saved", &ledger.Saved{}, load(t, b))
	same(t, "cells", []ledger.Cell(nil), allCells(t, b))
	c, err := b.Checkpoint(t.Context(), at(9, 9))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "checkpoint", &ledger.Saved{}, c)
}

func roundTrip(t *testing.T, b ledger.Books) {
	first := batch(at(0, 0), at(1, 2), cell("x", "cash", 1, "1", 1))
	first.Documents = [][]byte{[]byte("one"), {0, 255, 0}}
	second := batch(at(1, 2), at(2, 1))
	second.Documents = [][]byte{[]byte("three")}
	save(t, b, first, second)

	same(t, "saved", &ledger.Saved{Cursor: at(2, 1), State: second.State, Documents: [][]byte{[]byte("one"), {0, 255, 0}, []byte("three")}}, load(t, b))
}

func lostTurn(t *testing.T, b ledger.Books) {
	save(t, b, batch(at(0, 0), at(1, 1), cell("x", "cash", 1, "1", 1)))
	before := load(t, b)

	late := batch(at(0, 0), at(1, 5), cell("x", "cash", 1, "7", 2), cell("y", "cash", 1, "7", 2))
	late.Documents = [][]byte{[]byte("late")}
	late.Checkpoints = []ledger.Checkpoint{{At: at(1, 5), State: []byte("late")}}
	if err := b.Save(t.Context(), late); !errors.Is(err, ledger.ErrLostTurn) {
		t.Fatalf("save from an old position: %v, want ErrLostTurn", err)
	}

	same(t, "saved", before, load(t, b))
	same(t, "cells", []ledger.Cell{cell("x", "cash", 1, "1", 1)}, allCells(t, b))
	c, err := b.Checkpoint(t.Context(), at(9, 9))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "checkpoint", &ledger.Saved{}, c)
}

func race(t *testing.T, b ledger.Books) {
	const posters = 4
	errs := make([]error, posters)
	var running sync.WaitGroup
	for i := range posters {
		running.Go(func() { errs[i] = b.Save(t.Context(), batch(at(0, 0), at(1, uint64(i)+1))) })
	}
	running.Wait()

	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("posters %d and %d both saved", won, i)
		case err == nil:
			won = i
		case !errors.Is(err, ledger.ErrLostTurn):
			t.Errorf("poster %d: %v, want ErrLostTurn", i, err)
		}
	}
	if won < 0 {
		t.Fatal("no poster saved")
	}
	same(t, "cursor", at(1, uint64(won)+1), load(t, b).Cursor)
}

func cells(t *testing.T, b ledger.Books) {
	shuffled := []ledger.Cell{
		cell("y", "cash", 3, "4", 1), cell("x", "revenue:cloud:b", 1, "2", 1), cell("x", "cash", 20, "3", 1), cell("x", "cash", 3, "1", 1),
		cell("x", "Cash", 3, "1", 1), cell("x", "cash", -4, "1", 1), cell("é", "cash", 1, "1", 1),
	}
	other := cell("x", "cash", 3, "9", 1)
	other.Agreement, other.Stream, other.Clause, other.Cloud, other.Product = "", "", "", "", ""
	save(t, b, batch(at(0, 0), at(1, 1), append(shuffled, other)...))
	changed := cell("x", "cash", 3, "-5.000000000001", 2)
	save(t, b, batch(at(1, 1), at(1, 2), changed, cell("x", "cash", 4, "6", 1)))

	want := append(slices.Clone(shuffled), other, cell("x", "cash", 4, "6", 1))
	want[3] = changed
	slices.SortFunc(want, func(a, b ledger.Cell) int { return a.Key.Compare(b.Key) })
	same(t, "cells", want, allCells(t, b))
}

func amounts(t *testing.T, b ledger.Books) {
	var want []ledger.Cell
	for i, amount := range []string{
		"0", "-0.000000000001", "38000000000.000000000001", "-250000000000", "170141183460469231731687303.715884105727", "-170141183460469231731687303.715884105727",
	} {
		want = append(want, cell("x", "cash", int32(i), amount, 1<<40))
	}
	save(t, b, batch(at(0, 0), at(1, 1), want...))
	same(t, "cells", want, allCells(t, b))
}

func stop(t *testing.T, b ledger.Books) {
	save(t, b, batch(at(0, 0), at(1, 1), cell("x", "cash", 1, "1", 1), cell("x", "cash", 2, "1", 1), cell("x", "cash", 3, "1", 1)))
	seen := 0
	if err := b.Cells(t.Context(), func(ledger.Cell) bool { seen++; return seen < 2 }); err != nil {
		t.Fatal(err)
	}
	if seen != 2 {
		t.Errorf("%d cells seen, want 2", seen)
	}
}

func checkpoints(t *testing.T, b ledger.Books) {
	first := batch(at(0, 0), at(1, 30))
	first.Documents = [][]byte{[]byte("one"), []byte("two")}
	first.Checkpoints = []ledger.Checkpoint{{At: at(1, 10), State: []byte("ten"), Documents: 1}, {At: at(1, 20), State: []byte("twenty"), Documents: 2}}
	second := batch(at(1, 30), at(3, 1))
	second.Documents = [][]byte{[]byte("three")}
	second.Checkpoints = []ledger.Checkpoint{{At: at(2, 5), State: []byte("second"), Documents: 3}}
	save(t, b, first, second)

	documents := [][]byte{[]byte("one"), []byte("two"), []byte("three")}
	ten := &ledger.Saved{Cursor: at(1, 10), State: []byte("ten"), Documents: documents[:1]}
	twenty := &ledger.Saved{Cursor: at(1, 20), State: []byte("twenty"), Documents: documents[:2]}
	third := &ledger.Saved{Cursor: at(2, 5), State: []byte("second"), Documents: documents}
	for _, c := range []struct {
		at   journal.Cursor
		want *ledger.Saved
	}{
		{at(0, 0), &ledger.Saved{}}, {at(1, 9), &ledger.Saved{}}, {at(1, 10), ten}, {at(1, 19), ten}, {at(1, 20), twenty},
		{at(1, 1000), twenty}, {at(2, 4), twenty}, {at(2, 5), third}, {at(7, 0), third},
	} {
		got, err := b.Checkpoint(t.Context(), c.at)
		if err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("checkpoint at %v", c.at), c.want, got)
	}
}

func cancelled(t *testing.T, b ledger.Books) {
	save(t, b, batch(at(0, 0), at(1, 1), cell("x", "cash", 1, "1", 1)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	if err := b.Save(ctx, batch(at(1, 1), at(1, 2), cell("x", "cash", 1, "2", 2))); err == nil {
		t.Error("a save with a cancelled context succeeded")
	}

	same(t, "cursor", at(1, 1), load(t, b).Cursor)
	same(t, "cells", []ledger.Cell{cell("x", "cash", 1, "1", 1)}, allCells(t, b))
}

func drop(t *testing.T, b ledger.Books) {
	full := batch(at(0, 0), at(1, 1), cell("x", "cash", 1, "1", 1))
	full.Documents = [][]byte{[]byte("one")}
	full.Activity = []ledger.ActivityRow{counted(1, "openai", 1)}
	full.Checkpoints = []ledger.Checkpoint{{At: at(1, 1), State: []byte("c"), Documents: 1}}
	save(t, b, full)
	before, err := ledger.Digest(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}

	if err := b.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}

	empty(t, b)
	save(t, b, full)
	after, err := ledger.Digest(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "digest of books filled again", before, after)
}

func digest(t *testing.T, b ledger.Books) {
	memory := ledger.NewMemory()
	first := batch(at(0, 0), at(1, 30), cell("x", "cash", 1, "1", 1), cell("a", "cash", -1, "-1", 1))
	first.Documents = [][]byte{[]byte("one")}
	first.Checkpoints = []ledger.Checkpoint{{At: at(1, 10), State: []byte("ten"), Documents: 1}, {At: at(1, 20), State: []byte("twenty"), Documents: 1}}
	second := batch(at(1, 30), at(2, 2), cell("x", "cash", 1, "3", 2))
	second.Checkpoints = []ledger.Checkpoint{{At: at(2, 2), State: []byte("end"), Documents: 1}}
	second.Activity = []ledger.ActivityRow{counted(7, "openai", 2), counted(-7, "microsoft", 1)}
	for _, books := range []ledger.Books{b, memory} {
		save(t, books, first, second)
	}

	want, err := ledger.Digest(t.Context(), memory)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ledger.Digest(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "digest", want, got)
}
