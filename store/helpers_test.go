package store_test

import (
	"context"
	"sync/atomic"
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
)

// now is a clock that never stands still.
func now() func() int64 {
	var ns atomic.Int64
	return func() int64 { return ns.Add(1000) }
}

// commit opens a chain for appending.
func commit(t testing.TB, j journal.Journal, n int, o store.CommitterOptions) *store.Committer {
	t.Helper()
	if o.Now == nil {
		o.Now = now()
	}
	c, err := store.NewCommitter(t.Context(), j, journaltest.Chain(n), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// add appends and waits.
func add(t testing.TB, c *store.Committer, entries ...journal.Entry) error {
	t.Helper()
	w, err := c.Append(entries...)
	if err != nil {
		return err
	}
	<-w.Done()
	return w.Err()
}

func closed(t testing.TB, c *store.Committer) {
	t.Helper()
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// entries reads all entries of a journal.
func entries(t testing.TB, j journal.Journal) []journal.Entry {
	t.Helper()
	var all []journal.Entry
	var d journal.Decoder
	err := j.Blocks(context.Background(), journal.Cursor{}, func(b *journal.Block) bool {
		if err := b.Entries(&d, func(_ int, e *journal.Entry) bool { all = append(all, *e); return true }); err != nil {
			t.Error(err)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// good verifies a journal.
func good(t testing.TB, j journal.Journal) *journal.Report {
	t.Helper()
	r, err := journal.Verify(t.Context(), j, journal.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Good() {
		t.Errorf("the journal is not good: %v", r.Findings)
	}
	return r
}
