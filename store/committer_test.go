package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/storetest"
)

func TestAChainBeginsAndEndsWithItsOwnEntries(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	c := commit(t, j, 1, store.CommitterOptions{})
	if err := storetest.Add(t, c, journaltest.Intent(1)); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Add(t, c, journaltest.Record(1)); err != nil {
		t.Fatal(err)
	}

	storetest.Close(t, c)

	var kinds []journal.Kind
	for _, e := range entries(t, j) {
		kinds = append(kinds, e.Body.Kind())
	}
	if got := fmt.Sprint(kinds); got != "[open intent record seal]" {
		t.Errorf("got %s", got)
	}
	if chains, _ := j.Chains(t.Context()); !chains[0].Sealed || !chains[0].Settled {
		t.Errorf("the chain is %+v, want sealed and settled", chains[0])
	}
	storetest.Good(t, j)
	if _, err := c.Append(journaltest.Intent(2)); err == nil {
		t.Error("a closed committer took an entry")
	}
}

func TestAChainWithAnOpenIntentIsLeftToRecovery(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	c := commit(t, j, 1, store.CommitterOptions{})
	if err := storetest.Add(t, c, journaltest.Intent(1)); err != nil {
		t.Fatal(err)
	}
	storetest.Close(t, c)
	if chains, _ := j.Chains(t.Context()); chains[0].Sealed || chains[0].Settled {
		t.Errorf("the chain is %+v, want neither sealed nor settled", chains[0])
	}
}

func TestManyAppendersFindEachEntryOnceAndInOrder(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	c := commit(t, j, 1, store.CommitterOptions{QueueEntries: 1 << 20})
	const appenders, each = 32, 60
	var wg sync.WaitGroup
	for a := range appenders {
		wg.Go(func() {
			for i := range each {
				n := a*each + i
				if err := storetest.Add(t, c, journaltest.Intent(n)); err != nil {
					t.Error(err)
				}
				if err := storetest.Add(t, c, journaltest.Record(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	storetest.Close(t, c)

	report := storetest.Good(t, j)

	if want := uint64(2 + 2*appenders*each); report.Entries != want || report.Open != 0 {
		t.Errorf("%d entries and %d open, want %d and 0", report.Entries, report.Open, want)
	}
	if report.Blocks >= report.Entries {
		t.Errorf("%d blocks for %d entries: nothing was grouped", report.Blocks, report.Entries)
	}
	last := map[int]int{}
	for _, e := range entries(t, j) {
		if _, ok := e.Body.(*journal.Record); ok {
			n := int((e.Time - 1_777_852_800_000_000_000) / 1_000_000)
			if before, ok := last[n/each]; ok && n != before+1 {
				t.Fatalf("appender %d: record %d after %d", n/each, n, before)
			}
			last[n/each] = n
		}
	}
}

func TestAnySplitIntoBlocksGivesTheSameEntries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		j := journal.NewMemory()
		c, err := store.NewCommitter(context.Background(), j, journaltest.Chain(1), store.CommitterOptions{Now: now()})
		if err != nil {
			rt.Fatal(err)
		}
		total := rapid.IntRange(1, 60).Draw(rt, "entries")
		var last *journal.Commit
		for n := 0; n < total; {
			size := min(rapid.IntRange(1, 20).Draw(rt, "together"), total-n)
			var together []journal.Entry
			for range size {
				together = append(together, journaltest.Refused(n))
				n++
			}
			if last, err = c.Append(together...); err != nil {
				rt.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "wait") {
				<-last.Done()
			}
		}
		<-last.Done()
		if err := c.Close(context.Background()); err != nil {
			rt.Fatal(err)
		}
		all := entries(t, j)
		if len(all) != total+2 {
			rt.Fatalf("%d entries, want %d", len(all), total+2)
		}
		for n, e := range all[1 : total+1] {
			if id := journaltest.Request(n); e.ID != string(id[:]) {
				rt.Fatalf("entry %d is another", n)
			}
		}
	})
}

func TestRecordedNeverGoesBack(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	clock := []int64{50, 40, 60, 10, 10, 10}
	var calls atomic.Int64
	c := commit(t, j, 1, store.CommitterOptions{Now: func() int64 { return clock[min(int(calls.Add(1))-1, len(clock)-1)] }})
	for n := range 3 {
		if err := storetest.Add(t, c, journaltest.Refused(n)); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Close(t, c)
	storetest.Good(t, j) // Verify compares the instants
}

// gate is a journal that commits only when it is let.
type gate struct {
	journal.Journal
	let chan struct{}
}

func (g gate) AppendBlock(ctx context.Context, b *journal.Block) error {
	<-g.let
	return g.Journal.AppendBlock(ctx, b)
}

func TestAFullQueueRefusesIntentsAndTakesRecords(t *testing.T) {
	t.Parallel()
	g := gate{journal.NewMemory(), make(chan struct{}, 1)}
	g.let <- struct{}{} // the open entry
	c := commit(t, g, 1, store.CommitterOptions{QueueEntries: 3})
	for n := range 3 {
		if _, err := c.Append(journaltest.Intent(n)); err != nil {
			t.Fatal(err)
		}
	}

	for _, e := range []journal.Entry{journaltest.Intent(9), journaltest.Attempt(0), journaltest.Progress(0, 1), journaltest.Refused(8)} {
		if _, err := c.Append(e); !errors.Is(err, journal.ErrQueue) {
			t.Errorf("a %s entry got %v, want %v", e.Body.Kind(), err, journal.ErrQueue)
		}
	}
	for n := range 3 {
		if _, err := c.Append(journaltest.Record(n)); err != nil {
			t.Errorf("a record of an admitted request: %v", err)
		}
	}
	close(g.let)
	storetest.Close(t, c)
	if r := storetest.Good(t, g); r.Entries != 8 {
		t.Errorf("%d entries, want 8", r.Entries)
	}
}

func TestAFailedCommitDropsIntentsKeepsRecordsAndStopsAdmission(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{Journal: journal.NewMemory()}
		c := commit(t, f, 1, store.CommitterOptions{})
		if err := storetest.Add(t, c, journaltest.Intent(1)); err != nil {
			t.Fatal(err)
		}
		f.set(false, func(*journal.Block) fault { return before })

		record, err := c.Append(journaltest.Record(1))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !c.Stats().Unwell {
			t.Error("the committer is well after a failed commit")
		}
		if _, err := c.Append(journaltest.Intent(2)); !errors.Is(err, journal.ErrUnwell) {
			t.Errorf("an intent got %v, want %v", err, journal.ErrUnwell)
		}
		select {
		case <-record.Done():
			t.Errorf("the record was given up: %v", record.Err())
		default:
		}

		f.set(false, nil)
		<-record.Done()
		if record.Err() != nil {
			t.Error(record.Err())
		}
		if err := storetest.Add(t, c, journaltest.Intent(2)); err != nil {
			t.Errorf("an intent once the journal is well: %v", err)
		}
		if err := storetest.Add(t, c, journaltest.Record(2)); err != nil {
			t.Error(err)
		}
		storetest.Close(t, c)
		storetest.Good(t, f)
	})
}

func TestAnIntentThatFailedTakesItsRecordWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{Journal: journal.NewMemory()}
		c := commit(t, f, 1, store.CommitterOptions{})
		f.set(false, func(*journal.Block) fault { return before })
		intent, err := c.Append(journaltest.Intent(1))
		if err != nil {
			t.Fatal(err)
		}
		record, err := c.Append(journaltest.Record(1)) // an answer so fast that both wait
		if err != nil {
			t.Fatal(err)
		}

		<-intent.Done()
		if err := intent.Err(); !errors.Is(err, journal.ErrUnwell) || !errors.Is(err, errDisk) {
			t.Errorf("the intent got %v, want %v with its cause", err, journal.ErrUnwell)
		}
		if _, err := c.Append(journaltest.Record(1)); !errors.Is(err, journal.ErrUnwell) {
			t.Errorf("a later record of it got %v, want %v", err, journal.ErrUnwell)
		}
		f.set(false, nil)
		<-record.Done()
		if record.Err() == nil {
			t.Error("the record was acknowledged and is not there")
		}
		storetest.Close(t, c)
		storetest.Good(t, f)
	})
}

func TestAJournalThatFailedWhileNothingWaitedIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{Journal: journal.NewMemory()}
		c := commit(t, f, 1, store.CommitterOptions{})
		f.set(false, func(*journal.Block) fault { return before })
		intent, err := c.Append(journaltest.Intent(1))
		if err != nil {
			t.Fatal(err)
		}
		<-intent.Done()
		f.set(false, nil)
		time.Sleep(time.Second) // of the bubble's clock: longer than the pause before the next try
		synctest.Wait()
		if c.Stats().Unwell {
			t.Error("the committer is unwell though the storage is well")
		}
		storetest.Close(t, c)
		storetest.Good(t, f)
	})
}

func TestABlockThatWasStoredDespiteAnErrorIsNotWrittenTwice(t *testing.T) {
	t.Parallel()
	for _, blind := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := &faulty{Journal: journal.NewMemory()}
			c := commit(t, f, 1, store.CommitterOptions{})
			f.set(blind, func(*journal.Block) fault { return after })
			w, err := c.Append(journaltest.Intent(1))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			f.set(false, nil)
			<-w.Done()
			if w.Err() != nil {
				t.Error(w.Err())
			}
			if err := storetest.Add(t, c, journaltest.Record(1)); err != nil {
				t.Error(err)
			}
			storetest.Close(t, c)
			if r := storetest.Good(t, f); r.Entries != 4 {
				t.Errorf("%d entries, want 4", r.Entries)
			}
		})
	}
}

func TestAStoreThatFailsNowAndThenLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	f := &faulty{Journal: journal.NewMemory()}
	c := commit(t, f, 1, store.CommitterOptions{Retry: time.Microsecond})
	dice := rand.New(rand.NewPCG(1, 2))
	f.set(false, func(*journal.Block) fault { return [...]fault{none, none, before, after}[dice.IntN(4)] })
	var mu sync.Mutex
	acknowledged := map[journal.RequestID]bool{}
	var wg sync.WaitGroup
	for a := range 16 {
		wg.Go(func() {
			for i := range 40 {
				n := a*40 + i
				if storetest.Add(t, c, journaltest.Intent(n)) != nil {
					continue
				}
				if err := storetest.Add(t, c, journaltest.Record(n)); err != nil {
					t.Errorf("record %d of an acknowledged intent: %v", n, err)
				}
				mu.Lock()
				acknowledged[journaltest.Request(n)] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	f.set(false, nil)
	storetest.Close(t, c)
	storetest.Good(t, f)
	if len(acknowledged) == 0 || c.Stats().Failed == 0 {
		t.Fatalf("%d acknowledged, %d failures: nothing was tried", len(acknowledged), c.Stats().Failed)
	}
	records := map[journal.RequestID]int{}
	for _, e := range entries(t, f) {
		if r, ok := e.Body.(*journal.Record); ok {
			records[r.Request]++
		}
	}
	for id := range acknowledged {
		if records[id] != 1 {
			t.Errorf("%s was acknowledged and stands %d times", id, records[id])
		}
	}
}

func TestASecondRecordIsRefusedAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	c := commit(t, j, 1, store.CommitterOptions{})
	if err := storetest.Add(t, c, journaltest.Intent(1), journaltest.Intent(2)); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Add(t, c, journaltest.Record(1)); err != nil {
		t.Fatal(err)
	}
	other := journaltest.Record(1)
	other.Body.(*journal.Record).Delivered++

	if err := storetest.Add(t, c, other); !errors.Is(err, journal.ErrConflict) {
		t.Errorf("another record of the same request got %v, want %v", err, journal.ErrConflict)
	}
	if err := storetest.Add(t, c, journaltest.Record(1)); err != nil {
		t.Errorf("the same record again got %v, want what it got before", err)
	}
	if err := storetest.Add(t, c, journaltest.Record(2)); err != nil {
		t.Errorf("a record beside: %v", err)
	}
	storetest.Close(t, c)
	storetest.Good(t, j)
}

func TestAFencedCommitterStopsForGood(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	fenced := make(chan struct{})
	c := commit(t, j, 1, store.CommitterOptions{OnFenced: func() { close(fenced) }})
	if err := j.SealChain(t.Context(), c.Chain()); err != nil {
		t.Fatal(err)
	}

	if err := storetest.Add(t, c, journaltest.Intent(1)); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("got %v, want %v", err, journal.ErrFenced)
	}
	<-fenced
	if _, err := c.Append(journaltest.Record(1)); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("got %v, want %v", err, journal.ErrFenced)
	}
	storetest.Close(t, c)
}

func TestCloseGivesUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{Journal: journal.NewMemory()}
		c := commit(t, f, 1, store.CommitterOptions{})
		f.set(true, func(*journal.Block) fault { return before })
		w, err := c.Append(journaltest.Intent(1))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.Close(ctx); !errors.Is(err, journal.ErrUnwell) {
			t.Errorf("close: %v, want %v", err, journal.ErrUnwell)
		}
		<-w.Done()
		if !errors.Is(w.Err(), journal.ErrUnwell) {
			t.Errorf("what waited got %v, want %v", w.Err(), journal.ErrUnwell)
		}
	})
}
