package postgres_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/ledger"
	"concord/store"
	"concord/store/postgres"
	"concord/store/storetest"
)

// slowest is how long anything here may take before the test gives up on it.
const slowest = 30 * time.Second

// eventually waits until something is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(slowest); !so(); {
		if time.Now().After(deadline) {
			t.Fatalf("not in %s: %s", slowest, what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func wallClock() int64 { return time.Now().UnixNano() }

// commit opens a chain for appending.
func commit(t testing.TB, j journal.Journal, n int) *store.Committer {
	t.Helper()
	return storetest.Commit(t, j, n, store.CommitterOptions{Now: wallClock})
}

// postable are the intent and the refusal of the nth request: entries that the books take without any agreement.
func postable(n int) []journal.Entry {
	void := journaltest.Record(n)
	r := void.Body.(*journal.Record)
	r.Outcome, r.Attempts, r.Lines, r.Served, r.Delivered = journal.Void, nil, nil, -1, 0
	return []journal.Entry{journaltest.Intent(n), void}
}

// replica is one of several processes on a database.
type replica struct {
	journal *postgres.Journal
	books   *postgres.Books
	chain   *store.Committer
	poster  *store.Poster
	stop    context.CancelFunc
	ended   chan error
}

func start(t testing.TB, url string, n int) *replica {
	t.Helper()
	r := &replica{journal: openJournal(t, url), books: openBooks(t, url), ended: make(chan error, 1)}
	r.chain = commit(t, r.journal, n)
	r.poster = store.NewPoster(r.journal, r.books, store.PosterOptions{Wake: r.chain.Committed()})
	ctx, stop := context.WithCancel(background())
	r.stop = stop
	go func() { r.ended <- r.poster.RunShared(ctx, r.chain) }()
	t.Cleanup(func() {
		r.stop()
		if err := errors.Join(<-r.ended, r.books.Close(), r.journal.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *replica) caughtUp(t testing.TB) {
	t.Helper()
	eventually(t, "the books have all that the journal has", func() bool {
		behind, err := r.poster.Lag(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return behind == 0
	})
}

func TestBlocksOfSeveralChainsArePostedInOneOrderThatARebuildFollows(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"direct": database(t), "pooled": pooled(t)} {
		t.Run(name, func(t *testing.T) {
			replicas := []*replica{start(t, url, 1), start(t, url, 2), start(t, url, 3)}
			var writing sync.WaitGroup
			for i, r := range replicas {
				writing.Go(func() {
					for n := range 60 {
						if err := storetest.Add(t, r.chain, postable(1000*i+n)...); err != nil {
							t.Error(err)
						}
					}
				})
			}
			writing.Wait()
			for _, r := range replicas {
				r.caughtUp(t)
			}

			storetest.Good(t, replicas[0].journal)
			live, err := ledger.Digest(t.Context(), replicas[1].books)
			if err != nil {
				t.Fatal(err)
			}
			saved, err := replicas[1].books.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			fresh := ledger.NewMemory()
			stats, err := store.Rebuild(t.Context(), replicas[2].journal, fresh, store.PosterOptions{Until: saved.Cursor})
			if err != nil {
				t.Fatal(err)
			}
			again, err := ledger.Digest(t.Context(), fresh)
			if err != nil {
				t.Fatal(err)
			}
			if live != again {
				t.Error("the books rebuilt are other than those that grew")
			}
			if stats.Entries < 3*60*2 {
				t.Errorf("%d entries were posted, want all of 360", stats.Entries)
			}
			for _, r := range replicas {
				r.stop()
			}
		})
	}
}

func TestWhenThePosterIsGoneAnotherTakesItsTurn(t *testing.T) {
	t.Parallel()
	url := database(t)
	first := start(t, url, 1)
	eventually(t, "the first has the turn", func() bool {
		got, err := first.journal.Post(t.Context(), first.chain.Chain())
		return err == nil && got
	})
	second := start(t, url, 2)
	if err := storetest.Add(t, second.chain, postable(1)...); err != nil {
		t.Fatal(err)
	}
	second.caughtUp(t) // by the first
	if got, err := second.journal.Post(t.Context(), second.chain.Chain()); got || err != nil {
		t.Errorf("the turn was given twice: %v, %v", got, err)
	}

	first.stop()
	if err := storetest.Add(t, second.chain, postable(2)...); err != nil {
		t.Fatal(err)
	}
	second.caughtUp(t)
	storetest.Good(t, second.journal)
}

func TestATurnThatNobodyKeepsRunsOut(t *testing.T) {
	t.Parallel()
	j := openJournal(t, database(t))
	defer j.Close()
	if got, err := j.Post(t.Context(), journaltest.Chain(1)); !got || err != nil {
		t.Fatal(got, err)
	}
	if got, err := j.Post(t.Context(), journaltest.Chain(2)); got || err != nil {
		t.Fatalf("while it is held: %v, %v", got, err)
	}
	eventually(t, "the turn is free", func() bool {
		got, err := j.Post(t.Context(), journaltest.Chain(2))
		return got && err == nil
	})
	if got, err := j.Post(t.Context(), journaltest.Chain(1)); got || err != nil {
		t.Errorf("the one that lost it: %v, %v", got, err)
	}
}

func TestOnlyTheNextMergeIsTakenAndItHoldsNothingElseUp(t *testing.T) {
	t.Parallel()
	j := openJournal(t, database(t))
	defer j.Close()
	a, b := commit(t, j, 1), commit(t, j, 2)
	if err := storetest.Add(t, b, postable(1)...); err != nil {
		t.Fatal(err)
	}
	waiting, err := j.Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := waiting.Merge()
	merge := func(m *journal.Merge) journal.Entry { return journal.Entry{Time: 1, ID: "m", Body: m} }
	if err := storetest.Add(t, a, merge(first)); err != nil {
		t.Fatal(err)
	}

	one := func(number uint64, from, to uint64) *journal.Merge {
		return &journal.Merge{Number: number, Spans: []journal.Span{{Chain: a.Chain(), From: from, To: to}}}
	}
	for name, m := range map[string]*journal.Merge{
		"the same again":               first,
		"a number too far":             one(3, 2, 2),
		"blocks that stand in another": one(2, 1, 2),
		"blocks that are left out":     one(2, 3, 3),
		"blocks that are not there":    one(2, 2, 99),
		"a span that runs back":        one(2, 2, 1),
	} {
		entries := append(postable(int(10+len(name))), merge(m))
		commit, err := b.Append(entries[:2]...)
		if err != nil {
			t.Fatal(err)
		}
		if err := storetest.Add(t, b, merge(m)); !errors.Is(err, journal.ErrConflict) {
			t.Errorf("%s: %v, want %v", name, err, journal.ErrConflict)
		}
		if <-commit.Done(); commit.Err() != nil {
			t.Errorf("%s: what was appended beside it: %v", name, commit.Err())
		}
	}
	if err := store.MergeAll(t.Context(), j, a); err != nil {
		t.Error(err)
	}
	storetest.Good(t, j)
	storetest.Close(t, a)
	storetest.Close(t, b)
}

func TestOfPostersThatMergeAtOnceEachNumberIsWrittenOnce(t *testing.T) {
	t.Parallel()
	url := database(t)
	var posters []*store.Committer
	j := openJournal(t, url)
	defer j.Close()
	for n := range 4 {
		posters = append(posters, commit(t, j, n))
	}
	var merging sync.WaitGroup
	var won atomic.Int64
	for i, c := range posters {
		merging.Go(func() {
			for n := range 25 {
				if err := storetest.Add(t, c, postable(1000*i+n)...); err != nil {
					t.Error(err)
				}
				switch err := store.MergeAll(t.Context(), j, c); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, journal.ErrConflict):
					t.Error(err)
				}
			}
		})
	}
	merging.Wait()
	if err := store.MergeAll(t.Context(), j, posters[0]); err != nil {
		t.Fatal(err)
	}
	if won.Load() == 0 {
		t.Error("nobody merged")
	}
	storetest.Good(t, j)
	seen := uint64(0)
	err := j.Merged(t.Context(), journal.Cursor{}, func(b *journal.Block) bool {
		seen++
		if b.At() != (journal.Cursor{Block: seen}) {
			t.Errorf("block %d of the order is at %v", seen, b.At())
		}
		return true
	})
	if err != nil || seen < 4*26 {
		t.Errorf("%d blocks in the order, %v; want at least %d", seen, err, 4*26)
	}
	for _, c := range posters {
		storetest.Close(t, c)
	}
}

func TestChainsThatSayNothingToTheBooksCauseNoMerge(t *testing.T) {
	t.Parallel()
	j := openJournal(t, database(t))
	defer j.Close()
	for n := range 3 {
		c := commit(t, j, n)
		if err := store.MergeAll(t.Context(), j, c); err != nil {
			t.Fatal(err)
		}
		storetest.Close(t, c)
	}
	c := commit(t, j, 9)
	if err := storetest.Add(t, c, postable(1)...); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := store.MergeAll(t.Context(), j, c); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Close(t, c)

	report := storetest.Good(t, j)
	merges := uint64(0)
	for _, k := range report.Kinds {
		if k.Kind == journal.KindMerge {
			merges = k.Count
		}
	}
	if merges != 1 {
		t.Errorf("%d merges, want 1", merges)
	}
	if behind, err := j.Behind(t.Context(), journal.Cursor{Block: 99}); behind != 0 || err != nil {
		t.Errorf("%d blocks wait, %v", behind, err)
	}
}

func TestAReaderSeesEachBlockOnceWhileBlocksAreMerged(t *testing.T) {
	t.Parallel()
	j := openJournal(t, database(t))
	defer j.Close()
	a, b := commit(t, j, 1), commit(t, j, 2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 80 {
			for i, c := range []*store.Committer{a, b} {
				if err := storetest.Add(t, c, postable(1000*i+n)...); err != nil {
					t.Error(err)
				}
			}
			if err := store.MergeAll(background(), j, a); err != nil {
				t.Error(err)
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		storetest.Good(t, j)
	}
	storetest.Close(t, a)
	storetest.Close(t, b)
}

func TestVerifyHoldsTheOrderOfTheStorageToTheMergeEntries(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]string{
		"blocks are exchanged": `UPDATE concord.span SET first = 1001, last = 1001 WHERE last = 1;
			UPDATE concord.span SET first = 1, last = 1 WHERE last = 2; UPDATE concord.span SET first = 2, last = 2 WHERE last = 1001`,
		"more than they say": "UPDATE concord.span SET last = last + 1 WHERE last = (SELECT max(last) FROM concord.span)",
	} {
		url := database(t)
		j := openJournal(t, url)
		a, b := commit(t, j, 1), commit(t, j, 2)
		for n := range 3 {
			for i, c := range []*store.Committer{a, b} {
				if err := storetest.Add(t, c, postable(10*n+i)...); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := store.MergeAll(t.Context(), j, a); err != nil {
			t.Fatal(err)
		}
		if err := storetest.Add(t, b, postable(100)...); err != nil {
			t.Fatal(err)
		}
		storetest.Good(t, j)

		servers.plain.Exec(t, url, spoil)

		r, err := journal.Verify(t.Context(), store.Ahead(j), journal.VerifyOptions{}) // as the command does
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(r.Findings, func(f journal.Finding) bool { return f.Problem == journal.BadMerge }) {
			t.Errorf("%s: findings %v, want the order to be found wrong", name, r.Findings)
		}
		storetest.Close(t, a)
		storetest.Close(t, b)
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}
