// Package storetest holds what tests of journals on storages do again and again.
package storetest

import (
	"context"
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
)

// Commit opens a chain for appending.
func Commit(t testing.TB, j journal.Journal, n int, o store.CommitterOptions) *store.Committer {
	t.Helper()
	c, err := store.NewCommitter(t.Context(), j, journaltest.Chain(n), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Add appends and waits.
func Add(t testing.TB, c *store.Committer, entries ...journal.Entry) error {
	t.Helper()
	w, err := c.Append(entries...)
	if err != nil {
		return err
	}
	<-w.Done()
	return w.Err()
}

// Close ends a chain, after a test's own context too.
func Close(t testing.TB, c *store.Committer) {
	t.Helper()
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// Good verifies a journal.
func Good(t testing.TB, j journal.Journal) *journal.Report {
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
