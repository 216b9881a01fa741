package journaltest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/money"
)

// holding is a journal that keeps budgets.
type holding interface {
	journal.Journal
	journal.Budgets
}

// RunHolds holds a storage to the contract of journal.Budgets, and of Block.Holds and Block.Posts. open returns an empty
// journal; RunHolds closes it.
func RunHolds(t *testing.T, open func(t *testing.T) journal.Journal) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, j holding)
	}{
		{"a_journal_without_holds_has_no_counters", noCounters},
		{"a_hold_is_taken_with_its_block_and_ends_with_its_post", takeAndPost},
		{"what_is_charged_is_spent_and_the_rest_is_free_again", restIsFree},
		{"requests_that_do_not_fit_are_named_in_order_and_nothing_is_stored", doesNotFit},
		{"a_request_takes_all_of_its_budgets_or_none", allOrNone},
		{"what_a_block_posts_is_free_for_what_it_takes", postsFirst},
		{"the_last_limit_counts_and_a_lowered_one_admits_nothing", loweredLimit},
		{"a_second_post_changes_nothing", secondPost},
		{"a_post_above_the_hold_is_refused", abovePost},
		{"a_hold_that_is_posted_in_its_own_block_leaves_what_was_charged", ownBlock},
		{"a_block_that_is_refused_takes_nothing", refusedBlock},
		{"windows_and_currencies_are_counted_apart", apart},
		{"amounts_beyond_64_bits_are_exact", wide},
		{"many_writers_of_many_chains_never_exceed_a_limit", manyWriters},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, ok := open(t).(holding)
			if !ok {
				t.Fatal("the journal keeps no budgets")
			}
			t.Cleanup(func() {
				if err := j.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			c.test(t, j)
		})
	}
}

var month = journal.BudgetWindow{Budget: "acme-month", Window: "2026-11", Currency: "USD"}

// Hold returns what the nth request holds of a window.
func Hold(n int, w journal.BudgetWindow, limit, amount string) journal.Hold {
	return journal.Hold{BudgetWindow: w, Request: Request(n), Limit: money.MustParse(limit), Amount: money.MustParse(amount)}
}

// Charge returns the post of the nth request.
func Charge(n int, amount string) journal.Post {
	return journal.Post{Request: Request(n), Charged: money.MustParse(amount)}
}

// Budgeted builds the next block with what it does to budgets: an intent for each request that holds, a record for each
// that posts.
func (w *Writer) Budgeted(t testing.TB, holds []journal.Hold, posts []journal.Post) *journal.Block {
	t.Helper()
	var entries []journal.Entry
	var last journal.RequestID
	for n := range holds {
		if holds[n].Request == last {
			continue
		}
		last = holds[n].Request
		e := Intent(1)
		e.ID = string(last[:])
		e.Body.(*journal.Intent).Request = last
		entries = append(entries, e)
	}
	for _, p := range posts {
		e := Record(1)
		e.ID = string(p.Request[:])
		e.Body.(*journal.Record).Request = p.Request
		entries = append(entries, e)
	}
	b := w.Next(t, entries...)
	b.Holds, b.Posts = holds, posts
	return b
}

// put appends a block with what it does to budgets.
func (w *Writer) put(t testing.TB, holds []journal.Hold, posts []journal.Post) {
	t.Helper()
	b := w.Budgeted(t, holds, posts)
	if err := w.journal.AppendBlock(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	w.Blocks = append(w.Blocks, *b)
}

// refuse appends a block that must be refused for budgets, and returns the requests that were.
func (w *Writer) refuse(t testing.TB, holds []journal.Hold, posts []journal.Post) []journal.BudgetRefusal {
	t.Helper()
	err := w.journal.AppendBlock(t.Context(), w.Budgeted(t, holds, posts))
	refused, ok := errors.AsType[*journal.BudgetError](err)
	if !ok {
		t.Fatalf("got %v, want a refusal for a budget", err)
	}
	return refused.Refused
}

// counted compares the counters: pairs of spent and held by window.
func counted(t *testing.T, j holding, want ...journal.BudgetState) {
	t.Helper()
	got, err := j.BudgetStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, Amounts); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	held := map[journal.BudgetWindow]money.Amount{}
	err = j.OpenHolds(t.Context(), func(h *journal.Hold) bool {
		held[h.BudgetWindow], _ = held[h.BudgetWindow].Add(h.Amount)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got {
		if held[s.BudgetWindow] != s.Held {
			t.Errorf("%v counts %s held, its holds are %s", s.BudgetWindow, s.Held, held[s.BudgetWindow])
		}
	}
}

func state(w journal.BudgetWindow, spent, held string) journal.BudgetState {
	return journal.BudgetState{BudgetWindow: w, Spent: money.MustParse(spent), Held: money.MustParse(held)}
}

func noCounters(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(1))
	c.Append(t, Record(1))
	counted(t, j)
}

func takeAndPost(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(1, month, "1", "0.3"), Hold(2, month, "1", "0.3")}, nil)
	counted(t, j, state(month, "0", "0.6"))
	c.put(t, nil, []journal.Post{Charge(1, "0.1")})
	counted(t, j, state(month, "0.1", "0.3"))
	c.put(t, nil, []journal.Post{Charge(2, "0.3")})
	counted(t, j, state(month, "0.4", "0"))
}

func restIsFree(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(1, month, "1", "1")}, nil)
	c.refuse(t, []journal.Hold{Hold(2, month, "1", "0.000000000001")}, nil)
	c.put(t, nil, []journal.Post{Charge(1, "0.4")})
	c.put(t, []journal.Hold{Hold(2, month, "1", "0.6")}, nil)
	c.refuse(t, []journal.Hold{Hold(3, month, "1", "0.000000000001")}, nil)
	c.put(t, nil, []journal.Post{Charge(2, "0")}) // void
	counted(t, j, state(month, "0.4", "0"))
}

func doesNotFit(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(9, month, "1", "0.2")}, []journal.Post{Charge(9, "0.2")})

	refused := c.refuse(t, []journal.Hold{
		Hold(1, month, "1", "0.5"), Hold(2, month, "1", "0.4"), Hold(3, month, "1", "0.3"), Hold(4, month, "1", "0.2"),
	}, nil)

	want := []journal.BudgetRefusal{
		{BudgetState: state(month, "0.2", "0.5"), Request: Request(2), Limit: money.MustParse("1"), Amount: money.MustParse("0.4")},
		{BudgetState: state(month, "0.2", "0.8"), Request: Request(4), Limit: money.MustParse("1"), Amount: money.MustParse("0.2")},
	}
	if diff := cmp.Diff(want, refused, Amounts); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	counted(t, j, state(month, "0.2", "0"))
	if got := len(blocks(t, j, journal.Cursor{})); got != 2 {
		t.Errorf("got %d blocks, want 2", got)
	}
	c.put(t, []journal.Hold{Hold(1, month, "1", "0.5"), Hold(3, month, "1", "0.3")}, nil)
	counted(t, j, state(month, "0.2", "0.8"))
}

func allOrNone(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	day := journal.BudgetWindow{Budget: "key-day", Window: "2026-11-23", Currency: "USD"}
	c.put(t, []journal.Hold{Hold(1, month, "10", "1"), Hold(1, day, "1.5", "1")}, nil)

	refused := c.refuse(t, []journal.Hold{Hold(2, month, "10", "1"), Hold(2, day, "1.5", "1")}, nil)

	if len(refused) != 1 || refused[0].Budget != day.Budget || refused[0].Request != Request(2) {
		t.Errorf("refused %v, want request 2 for %s", refused, day.Budget)
	}
	c.put(t, nil, []journal.Post{Charge(1, "0.7")})
	counted(t, j, state(month, "0.7", "0"), state(day, "0.7", "0"))
}

func postsFirst(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(1, month, "1", "1")}, nil)
	c.put(t, []journal.Hold{Hold(2, month, "1", "0.9")}, []journal.Post{Charge(1, "0.1")})
	counted(t, j, state(month, "0.1", "0.9"))
}

func loweredLimit(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(1, month, "10", "4")}, nil)
	c.refuse(t, []journal.Hold{Hold(2, month, "2", "0.000000000001")}, nil)
	if got := c.refuse(t, []journal.Hold{Hold(3, month, "10", "1"), Hold(4, month, "4.5", "0.1")}, nil); len(got) != 1 || got[0].Request != Request(3) {
		t.Errorf("refused %v, want request 3: the later limit counts", got)
	}
	c.put(t, nil, []journal.Post{Charge(1, "4")}) // what was held before the limit fell is charged as it was promised
	c.put(t, []journal.Hold{Hold(5, month, "5", "1")}, nil)
	counted(t, j, state(month, "4", "1"))
}

func secondPost(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(1, month, "1", "0.3")}, nil)
	c.put(t, nil, []journal.Post{Charge(1, "0.1")})
	b := c.Next(t, Progress(1, 5))
	b.Posts = []journal.Post{Charge(1, "0.1"), Charge(2, "0.2")}
	if err := j.AppendBlock(t.Context(), b); err != nil {
		t.Errorf("a post of what holds nothing: %v", err)
	}
	counted(t, j, state(month, "0.1", "0"))
}

func abovePost(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(1, month, "1", "0.3")}, nil)
	for _, charged := range []string{"0.300000000001", "-0.1"} {
		if err := j.AppendBlock(t.Context(), c.Budgeted(t, nil, []journal.Post{Charge(1, charged)})); !errors.Is(err, journal.ErrAboveHold) {
			t.Errorf("a post of %s: got %v, want %v", charged, err, journal.ErrAboveHold)
		}
	}
	counted(t, j, state(month, "0", "0.3"))
	c.put(t, nil, []journal.Post{Charge(1, "0.3")})
}

func ownBlock(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(1, month, "1", "0.8"), Hold(2, month, "1", "0.2")}, []journal.Post{Charge(1, "0.5")})
	counted(t, j, state(month, "0.5", "0.2"))
}

func refusedBlock(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	c.put(t, []journal.Hold{Hold(1, month, "1", "0.3")}, nil)
	c.put(t, nil, []journal.Post{Charge(1, "0.3")})

	b := c.Budgeted(t, []journal.Hold{Hold(2, month, "1", "0.3")}, []journal.Post{Charge(1, "0.1")})
	if err := j.AppendBlock(t.Context(), b); !errors.Is(err, journal.ErrConflict) {
		t.Errorf("a second record: got %v, want %v", err, journal.ErrConflict)
	}
	fenced := c.Budgeted(t, []journal.Hold{Hold(3, month, "1", "0.3")}, nil)
	fenced.Number++
	fenced.Hash = fenced.Sum()
	if err := j.AppendBlock(t.Context(), fenced); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("a block that does not follow: got %v, want %v", err, journal.ErrFenced)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.AppendBlock(ctx, c.Budgeted(t, []journal.Hold{Hold(4, month, "1", "0.3")}, nil)); err == nil {
		t.Error("a cancelled append was taken")
	}
	counted(t, j, state(month, "0.3", "0"))
}

func apart(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	next, euros := month, month
	next.Window, euros.Currency = "2026-12", "EUR"
	c.put(t, []journal.Hold{Hold(1, month, "1", "1"), Hold(2, next, "1", "1"), Hold(3, euros, "1", "1")}, nil)
	counted(t, j, state(euros, "0", "1"), state(month, "0", "1"), state(next, "0", "1"))
}

func wide(t *testing.T, j holding) {
	c := Begin(t, j, Chain(1))
	const most, half = "170000000000000000000000000", "85000000000000000000000000"
	c.put(t, []journal.Hold{Hold(1, month, most, half), Hold(2, month, most, "84999999999999999999999999.999999999999")}, nil)
	c.refuse(t, []journal.Hold{Hold(3, month, most, "0.000000000002")}, nil)
	c.refuse(t, []journal.Hold{Hold(3, month, most, half)}, nil) // the sum does not fit 128 bits
	c.put(t, nil, []journal.Post{Charge(1, half)})
	counted(t, j, state(month, half, "84999999999999999999999999.999999999999"))
}

func manyWriters(t *testing.T, j holding) {
	const writers, requests = 4, 12
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	other := journal.BudgetWindow{Budget: "all", Window: "total", Currency: "USD"}
	chains := make([]*Writer, writers)
	for i := range chains {
		chains[i] = Begin(t, j, Chain(i+1))
	}
	for i, c := range chains {
		wg.Go(func() {
			for n := range requests {
				id := 1000*(i+1) + n
				holds := []journal.Hold{Hold(id, month, "2", "0.1"), Hold(id, other, "100", "0.1")}
				if i%2 == 1 { // in another order, so that storages that lock cannot wait for each other
					slices.Reverse(holds)
				}
				b := c.Budgeted(t, holds, nil)
				err := j.AppendBlock(t.Context(), b)
				if _, refused := errors.AsType[*journal.BudgetError](err); refused {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				c.Blocks = append(c.Blocks, *b)
				mu.Lock()
				taken++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if taken != 20 {
		t.Errorf("%d holds of 0.1 were taken under a limit of 2, want 20", taken)
	}
	counted(t, j, state(month, "0", "2"), state(other, "0", "2"))
}

// ClaimingIntent returns the nth request's intent with what it takes of two budgets.
func ClaimingIntent(n int) journal.Entry {
	e := Intent(n)
	e.Body.(*journal.Intent).Claims = []journal.Claim{
		{Budget: "acme-month", Window: "2026-05", Limit: money.MustParse("100")},
		{Budget: "key-1-total", Window: "total", Limit: money.MustParse("1234.567890123456")},
	}
	return e
}

// HeldRecord returns the nth request's record, which ends a hold that it used more than.
func HeldRecord(n int) journal.Entry {
	e := Record(n)
	if err := e.Body.(*journal.Record).EndHold(money.MustParse("0.0195")); err != nil {
		panic(err) // constants
	}
	return e
}
