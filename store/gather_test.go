package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/storetest"
)

// ended reports whether a commit has ended, without waiting for it.
func ended(c *journal.Commit) bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

func TestEntriesThatNobodyWaitsForGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := journal.NewMemory()
		c := commit(t, j, 1, store.CommitterOptions{Gather: 5 * time.Millisecond})
		began := time.Now()
		var last *journal.Commit
		for n := range 4 {
			var err error
			if last, err = c.Append(journaltest.Refused(n)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if s := c.Stats(); s.Groups != 1 || s.Waiting != 4 {
			t.Errorf("%d commits and %d entries that wait, want 1 and 4", s.Groups, s.Waiting)
		}

		<-last.Done()

		if took := time.Since(began); took != 5*time.Millisecond {
			t.Errorf("they were committed after %s, want 5ms", took)
		}
		if s := c.Stats(); s.Groups != 2 || s.Entries != 5 {
			t.Errorf("%d commits of %d entries, want 2 of 5", s.Groups, s.Entries)
		}
		if _, err := c.Append(journaltest.Refused(9)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Millisecond - 1)
		synctest.Wait()
		if s := c.Stats(); s.Groups != 2 {
			t.Errorf("%d commits, want 2: the next entry gathers from its own beginning", s.Groups)
		}
		storetest.Close(t, c)
		storetest.Good(t, j)
	})
}

func TestWhoWaitsForACommitIsNotLeftToGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := journal.NewMemory()
		c := commit(t, j, 1, store.CommitterOptions{Gather: time.Hour})
		began := time.Now()
		if _, err := c.Append(journaltest.Intent(1)); err != nil {
			t.Fatal(err)
		}
		later, err := c.Append(journaltest.Refused(2))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if ended(later) {
			t.Error("it was committed though nobody waits")
		}
		<-later.Await()
		if later.Err() != nil || c.Stats().Groups != 2 {
			t.Errorf("%v after %d commits, want both entries in the second", later.Err(), c.Stats().Groups)
		}

		if _, err := c.Append(journaltest.Record(1)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := c.Stats().Waiting; n != 1 {
			t.Errorf("%d entries wait, want 1: whoever waited before says nothing of what comes after", n)
		}
		storetest.Close(t, c) // waits too
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %s", took)
		}
		storetest.Good(t, j)
	})
}

func TestAFullGroupIsNotLeftToGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := journal.NewMemory()
		c := commit(t, j, 1, store.CommitterOptions{Gather: time.Hour})
		for n := range store.GroupEntries {
			if _, err := c.Append(journaltest.Refused(n)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if s := c.Stats(); s.Waiting != 0 {
			t.Errorf("%d entries wait", s.Waiting)
		}
		storetest.Close(t, c)
	})
}

func TestAFullQueueIsNotLeftToGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := commit(t, journal.NewMemory(), 1, store.CommitterOptions{Gather: time.Hour, QueueEntries: 3})
		for n := range 30 {
			if _, err := c.Admit(t.Context(), journaltest.Refused(n)); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Close(t, c)
	})
}

func TestGatheringLosesNothingAndKeepsToItsTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]time.Duration{-1, 0, 0, 0, time.Millisecond, 3 * time.Millisecond, 20 * time.Millisecond}), 1, 60).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			const gather = 5 * time.Millisecond
			j := journal.NewMemory()
			c, err := store.NewCommitter(context.Background(), j, journaltest.Chain(1), store.CommitterOptions{Now: now(), Gather: gather})
			if err != nil {
				t.Fatal(err)
			}
			began, total, waits := time.Now(), 0, 0
			for _, step := range steps {
				entry, err := c.Append(journaltest.Refused(total))
				if err != nil {
					t.Fatal(err)
				}
				total++
				at := time.Now()
				if step < 0 {
					waits++
					<-entry.Await()
					if took := time.Since(at); took != 0 {
						t.Fatalf("who waited had to for %s", took)
					}
					continue
				}
				time.Sleep(step)
				synctest.Wait()
				if time.Since(at) >= gather && !ended(entry) {
					t.Fatalf("entry %d is not durable after %s", total, time.Since(at))
				}
			}
			most := 2 + waits + int(time.Since(began)/gather)
			if groups := c.Stats().Groups; groups > uint64(most) {
				t.Fatalf("%d commits in %s and %d who waited, want %d at most", groups, time.Since(began), waits, most)
			}
			if err := c.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			all := entries(t, j)
			if len(all) != total+2 {
				t.Fatalf("%d entries, want %d", len(all), total+2)
			}
			for n, e := range all[1 : total+1] {
				if id := journaltest.Request(n); e.ID != string(id[:]) {
					t.Fatalf("entry %d is another", n)
				}
			}
		})
	})
}

// stuck is a committer whose queue of two is full while its storage does not answer; let ends that.
func stuck(t *testing.T, o store.CommitterOptions) (c *store.Committer, j journal.Journal, let func()) {
	t.Helper()
	g := gate{journal.NewMemory(), make(chan struct{}, 1)}
	g.let <- struct{}{} // the open entry
	o.QueueEntries = 2
	c = commit(t, g, 1, o)
	for n := range 2 {
		if _, err := c.Append(journaltest.Intent(n)); err != nil {
			t.Fatal(err)
		}
	}
	return c, g, func() { close(g.let) }
}

func TestAnAdmissionWaitsForRoomInAFullQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, j, let := stuck(t, store.CommitterOptions{})
		const waiting = 20
		var wg sync.WaitGroup
		for n := range waiting {
			wg.Go(func() {
				commit, err := c.Admit(t.Context(), journaltest.Intent(10+n))
				if err != nil {
					t.Error(err)
					return
				}
				if <-commit.Done(); commit.Err() != nil {
					t.Error(commit.Err())
				}
				if _, err := c.Append(journaltest.Record(10 + n)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := c.Stats().Waiting; n != 2 {
			t.Errorf("%d entries are queued, want the 2 that there is room for", n)
		}
		time.Sleep(900 * time.Millisecond)
		let()
		wg.Wait()
		for n := range 2 {
			if _, err := c.Append(journaltest.Record(n)); err != nil {
				t.Error(err)
			}
		}
		storetest.Close(t, c)
		if r := storetest.Good(t, j); r.Entries != 2+2*2+2*waiting {
			t.Errorf("%d entries, want %d", r.Entries, 2+2*2+2*waiting)
		}
	})
}

func TestAnAdmissionIsRefusedWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, let := stuck(t, store.CommitterOptions{})
		began := time.Now()

		if _, err := c.Admit(t.Context(), journaltest.Intent(9)); !errors.Is(err, journal.ErrQueue) {
			t.Errorf("got %v, want %v", err, journal.ErrQueue)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("it was refused after %s, want 1s", took)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began = time.Now()
		if _, err := c.Admit(ctx, journaltest.Intent(9)); !errors.Is(err, journal.ErrQueue) {
			t.Errorf("whoever left got %v, want %v", err, journal.ErrQueue)
		}
		if took := time.Since(began); took != 10*time.Millisecond {
			t.Errorf("it ended after %s, want 10ms", took)
		}
		if _, err := c.Append(journaltest.Intent(9)); !errors.Is(err, journal.ErrQueue) {
			t.Errorf("who does not wait got %v, want %v", err, journal.ErrQueue)
		}
		if _, err := c.Append(journaltest.Record(1)); err != nil {
			t.Errorf("a record of an admitted request: %v", err)
		}
		let()
		storetest.Close(t, c)
	})
}

func TestAnAdmissionThatWaitsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	for _, ends := range []struct {
		how  string
		end  func(c *store.Committer, let func(), fail func())
		want error
	}{
		{"the committer is closed", func(c *store.Committer, let, _ func()) {
			go func() { _ = c.Close(context.Background()) }() // the refused admission is what is looked at
			synctest.Wait()
			let()
		}, nil},
		{"the commit fails", func(_ *store.Committer, let, fail func()) { fail(); let() }, journal.ErrUnwell},
	} {
		t.Run(ends.how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{Journal: journal.NewMemory()}
				g := gate{f, make(chan struct{}, 1)}
				g.let <- struct{}{}
				c := commit(t, g, 1, store.CommitterOptions{QueueEntries: 1})
				if _, err := c.Append(journaltest.Refused(1)); err != nil {
					t.Fatal(err)
				}
				began, refused := time.Now(), make(chan error, 1)
				go func() {
					_, err := c.Admit(t.Context(), journaltest.Refused(2))
					refused <- err
				}()
				synctest.Wait()

				ends.end(c, func() { close(g.let) }, func() { f.set(false, func(*journal.Block) fault { return before }) })

				err := <-refused
				if err == nil || ends.want != nil && !errors.Is(err, ends.want) || errors.Is(err, journal.ErrQueue) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("it was told after %s", took)
				}
				f.set(false, nil)
				storetest.Close(t, c)
			})
		})
	}
}

func TestManyAdmissionsToASmallQueueAreAllServed(t *testing.T) {
	t.Parallel()
	for _, gather := range []time.Duration{0, time.Millisecond} {
		t.Run(fmt.Sprint("gather ", gather), func(t *testing.T) {
			t.Parallel()
			j := journal.NewMemory()
			c := commit(t, j, 1, store.CommitterOptions{QueueEntries: 4, Gather: gather, Patience: time.Hour})
			const clients, each = 32, 50
			var wg sync.WaitGroup
			for a := range clients {
				wg.Go(func() {
					for i := range each {
						n := a*each + i
						if _, err := c.Admit(t.Context(), journaltest.Intent(n)); err != nil {
							t.Error(err)
						}
						if _, err := c.Append(journaltest.Record(n)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			storetest.Close(t, c)
			if r := storetest.Good(t, j); r.Entries != 2+2*clients*each || r.Open != 0 {
				t.Errorf("%d entries and %d open, want %d and 0", r.Entries, r.Open, 2+2*clients*each)
			}
		})
	}
}
