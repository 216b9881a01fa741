package store_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/ledger"
	"concord/store"
	"concord/store/storetest"
)

// traffic commits documents and n requests, a few to a group.
func traffic(t testing.TB, c *store.Committer, w *world, from, n int) {
	t.Helper()
	if from == 0 {
		if err := storetest.Add(t, c, w.documents...); err != nil {
			t.Fatal(err)
		}
	}
	var last *journal.Commit
	for i := from; i < from+n; i++ {
		intent, record := w.request(i)
		var err error
		if last, err = c.Append(intent, record); err != nil {
			t.Fatal(err)
		}
		if i%37 == 0 {
			<-last.Done()
		}
	}
	<-last.Done()
	if last.Err() != nil {
		t.Fatal(last.Err())
	}
}

func digest(t testing.TB, b ledger.Books) journal.Hash {
	t.Helper()
	sum, err := ledger.Digest(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestBooksDoNotDependOnWhenTheyWereSaved(t *testing.T) {
	t.Parallel()
	w := example(t)
	j := journal.NewMemory()
	c := commit(t, j, 1, store.CommitterOptions{QueueEntries: 1 << 20})
	live := ledger.NewMemory()
	poster := store.NewPoster(j, live, store.PosterOptions{SaveFor: 1}) // the smallest batches
	for part := range 5 {
		traffic(t, c, w, part*300, 300)
		if err := poster.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if part == 2 { // a poster that died: another goes on from what was saved
			poster = store.NewPoster(j, live, store.PosterOptions{})
		}
	}
	storetest.Close(t, c)
	if err := poster.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}

	fresh := ledger.NewMemory()
	stats, err := store.Rebuild(t.Context(), j, fresh, store.PosterOptions{})
	if err != nil {
		t.Fatal(err)
	}

	if digest(t, live) != digest(t, fresh) {
		t.Error("books that were rebuilt differ from those that grew")
	}
	if stats.Transactions != 1500 || poster.Stats().Transactions != 1500 {
		t.Errorf("%d and %d transactions, want 1500", stats.Transactions, poster.Stats().Transactions)
	}
	if lag, err := poster.Lag(t.Context()); lag != 0 || err != nil {
		t.Errorf("%d blocks behind, %v", lag, err)
	}
}

func TestAPosterPostsWhatAReplayOfTheWholeEntriesPosts(t *testing.T) {
	t.Parallel()
	w := example(t)
	j := journal.NewMemory()
	c := commit(t, j, 1, store.CommitterOptions{})
	traffic(t, c, w, 0, 20)
	intent, record := w.request(21) // it ends a hold of a budget
	in, r := intent.Body.(*journal.Intent), record.Body.(*journal.Record)
	in.Claims = []journal.Claim{{Budget: "acme", Window: "2026-05", Limit: in.Hold}}
	if err := r.EndHold(in.Hold); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Add(t, c, journaltest.Attempt(20), intent, journaltest.Progress(21, 3), journaltest.Attempt(21), record); err != nil {
		t.Fatal(err)
	}
	storetest.Close(t, c)
	books := ledger.NewMemory()
	if _, err := store.Rebuild(t.Context(), j, books, store.PosterOptions{}); err != nil {
		t.Fatal(err)
	}
	saved, err := books.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	posted, err := ledger.DecodeState(saved)
	if err != nil {
		t.Fatal(err)
	}

	whole := ledger.NewState()
	if _, err := ledger.Replay(t.Context(), j, whole, journal.Cursor{}, journal.Cursor{}, nil, nil); err != nil {
		t.Fatal(err)
	}

	if posted.Hash() != whole.Hash() || posted.Entries() != whole.Entries() || posted.Transactions() != whole.Transactions() {
		t.Errorf("posted %d entries and %d transactions with hash %x, want %d, %d, %x", posted.Entries(), posted.Transactions(), posted.Hash(),
			whole.Entries(), whole.Transactions(), whole.Hash())
	}
	if whole.Transactions() != 22 { // 21 records and the hold
		t.Errorf("%d transactions, want 22", whole.Transactions())
	}
}

func TestRebuildStopsAtAPosition(t *testing.T) {
	t.Parallel()
	w := example(t)
	j := journal.NewMemory()
	c := commit(t, j, 1, store.CommitterOptions{})
	books := ledger.NewMemory()
	traffic(t, c, w, 0, 50)
	poster := store.NewPoster(j, books, store.PosterOptions{})
	if err := poster.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	at, want := poster.Stats().Cursor, digest(t, books)
	traffic(t, c, w, 50, 50)
	storetest.Close(t, c)

	fresh := ledger.NewMemory()
	if _, err := store.Rebuild(t.Context(), j, fresh, store.PosterOptions{Until: at}); err != nil {
		t.Fatal(err)
	}

	if digest(t, fresh) != want {
		t.Error("the books at that position are others")
	}
	if lag, err := poster.Lag(t.Context()); lag == 0 || err != nil {
		t.Errorf("%d blocks behind, %v, want some", lag, err)
	}
}

func TestARunningPosterWakesOnCommitsAndIsIdleOtherwise(t *testing.T) {
	t.Parallel()
	w := example(t)
	synctest.Test(t, func(t *testing.T) {
		j := journal.NewMemory()
		c := commit(t, j, 1, store.CommitterOptions{})
		poster := store.NewPoster(j, ledger.NewMemory(), store.PosterOptions{Wake: c.Committed()})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- poster.Run(ctx) }()

		for part := range 3 {
			traffic(t, c, w, part*10, 10)
			synctest.Wait() // all goroutines are blocked: it has caught up, without a timer
			if got, want := poster.Stats().Transactions, int64(part+1)*10; got != want {
				t.Errorf("%d transactions, want %d", got, want)
			}
		}

		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		storetest.Close(t, c)
	})
}

func TestAnEntryThatCannotBePostedStopsThePosterBeforeItsBlock(t *testing.T) {
	t.Parallel()
	w := example(t)
	j := journal.NewMemory()
	c := commit(t, j, 1, store.CommitterOptions{})
	traffic(t, c, w, 0, 5)
	books := ledger.NewMemory()
	poster := store.NewPoster(j, books, store.PosterOptions{})
	if err := poster.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := digest(t, books)
	intent, record := w.request(9)
	record.Body.(*journal.Record).Terms = journal.Hash{0xff} // terms that no document gives
	if err := storetest.Add(t, c, intent, record); err != nil {
		t.Fatal(err)
	}

	err := poster.CatchUp(t.Context())

	if err == nil || !strings.Contains(err.Error(), journaltest.Request(9).String()) || !strings.Contains(err.Error(), c.Chain().String()) {
		t.Errorf("got %v, want the request and its place", err)
	}
	if digest(t, books) != before {
		t.Error("the books have changed")
	}
	storetest.Close(t, c)
}

func TestBlocksGatherLongerAfterFewEntriesUnlessSomebodyWaits(t *testing.T) {
	t.Parallel()
	w := example(t)
	synctest.Test(t, func(t *testing.T) {
		j := journal.NewMemory()
		c := commit(t, j, 1, store.CommitterOptions{QueueEntries: 1 << 20})
		traffic(t, c, w, 0, 1000)
		saved := make(chan time.Duration, 16)
		began := time.Now()
		poster := store.NewPoster(j, ledger.NewMemory(), store.PosterOptions{
			Wake: c.Committed(), Gather: 100 * time.Millisecond,
			Progress: func(store.PosterStats) { saved <- time.Since(began) },
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- poster.Run(ctx) }()

		var got []time.Duration
		took := func() {
			synctest.Wait()
			for len(saved) > 1 { // a backlog may be saved in parts
				<-saved
			}
			got = append(got, <-saved)
		}
		took()
		traffic(t, c, w, 1000, 5)
		took()
		traffic(t, c, w, 1005, 5)
		took()
		traffic(t, c, w, 1010, 5)
		synctest.Wait()
		poster.Hurry()
		took()

		want := []time.Duration{0, 100 * time.Millisecond, 500 * time.Millisecond, 500 * time.Millisecond}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the books were saved at other times (-want +got):\n%s", diff)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		storetest.Close(t, c)
	})
}

// fullBooks are books whose storage has no room until it is given some.
type fullBooks struct {
	ledger.Books
	room atomic.Bool
}

var errFull = errors.New("no space is left")

// Save fails while there is no room.
func (b *fullBooks) Save(ctx context.Context, batch *ledger.Batch) error {
	if !b.room.Load() {
		return errFull
	}
	return b.Books.Save(ctx, batch)
}

func TestBooksWithoutRoomAreSavedOnceThereIsSome(t *testing.T) {
	t.Parallel()
	w := example(t)
	for _, passes := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := journal.NewMemory()
			c := commit(t, j, 1, store.CommitterOptions{QueueEntries: 1 << 20})
			traffic(t, c, w, 0, 10)
			books := &fullBooks{Books: ledger.NewMemory()}
			poster := store.NewPoster(j, books, store.PosterOptions{Wake: c.Committed(), Passes: func(err error) bool { return passes && errors.Is(err, errFull) }})
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- poster.Run(ctx) }()
			synctest.Wait()
			if !passes {
				if err := <-ended; !errors.Is(err, errFull) {
					t.Errorf("got %v, want %v", err, errFull)
				}
				storetest.Close(t, c)
				return
			}
			time.Sleep(10 * time.Second)
			books.room.Store(true)
			time.Sleep(time.Second)
			synctest.Wait()
			if behind, err := poster.Lag(t.Context()); err != nil || behind != 0 {
				t.Errorf("the books are %d blocks behind, %v", behind, err)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			storetest.Close(t, c)
		})
	}
}
