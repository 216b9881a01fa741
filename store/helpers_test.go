package store_test

import (
	"context"
	"sync/atomic"
	"testing"

	"concord/journal"
	"concord/store"
	"concord/store/storetest"
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
	return storetest.Commit(t, j, n, o)
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
