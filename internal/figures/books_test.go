package figures_test

import (
	"context"
	"testing"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/store"
	"concord/store/sqlite"
)

// bring appends the documents and waits.
func (s *sample) bring(t testing.TB, c *store.Committer) {
	t.Helper()
	w, err := c.Append(s.documents...)
	if err != nil {
		t.Fatal(err)
	}
	if <-w.Done(); w.Err() != nil {
		t.Fatal(w.Err())
	}
}

// booksIn opens the books of a directory.
func booksIn(t testing.TB, dir string) *sqlite.Books {
	t.Helper()
	b, err := sqlite.OpenBooks(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// posting runs a poster beside a committer, as the server does; end stops it.
func posting(t testing.TB, dir string, j journal.Journal, c *store.Committer) (p *store.Poster, end func()) {
	t.Helper()
	p = store.NewPoster(j, booksIn(t, dir), store.PosterOptions{Wake: c.Committed(), Gather: 100 * time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	return p, func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestFiguresOfTheBooks(t *testing.T) {
	n := 500
	if *measure {
		n = 200_000
	}
	var found table
	s := readSample(t)
	dir := t.TempDir()
	j := opened(t, dir)
	c := committer(t, j, 1)
	s.bring(t, c)
	for from := 0; from < n; { // a part of them at a time is in memory
		var part []journal.Entry
		for ; from < n && len(part) < 1<<15; from++ {
			intent, record := s.live(from, 100_000)
			part = append(part, intent, record)
		}
		pour(t, c, part)
	}
	closed(t, c)
	entries := posted(t, &found, s, n)
	rebuilt(t, &found, "ledger rebuild, journal and books on SQLite", store.Ahead(j), booksIn(t, dir), n)
	rebuilt(t, &found, "the same by one goroutine", j, booksIn(t, t.TempDir()), n)
	rebuilt(t, &found, "journal on SQLite, books in memory", j, ledger.NewMemory(), n)
	found.print(t)
	if entries != n {
		t.Errorf("%d records were posted, want %d", entries, n)
	}
}

// posted measures posting alone, of records in memory.
func posted(t *testing.T, found *table, s *sample, n int) int {
	t.Helper()
	state := ledger.NewState()
	for i := range s.documents {
		if err := ledger.PostOnly(state, &s.documents[i]); err != nil {
			t.Fatal(err)
		}
	}
	var m meter
	for from := 0; from < n; {
		var part []journal.Entry
		for ; from < n && len(part) < 1<<15; from++ {
			_, record := s.live(from, 100_000)
			part = append(part, record)
		}
		m.start()
		for i := range part {
			if err := ledger.PostOnly(state, &part[i]); err != nil {
				t.Fatal(err)
			}
		}
		m.stop()
	}
	found.figure("posting alone, in memory", "records", n, &m, "")
	return int(state.Entries()) - len(s.documents)
}

// rebuilt measures a rebuild: reading, decoding, posting, saving.
func rebuilt(t *testing.T, found *table, what string, j journal.Journal, b ledger.Books, n int) {
	t.Helper()
	var m meter
	m.start()
	stats, err := store.Rebuild(t.Context(), j, b, store.PosterOptions{})
	m.stop()
	if err != nil {
		t.Fatal(err)
	}
	found.figure(what, "records", n, &m, "an intent and a record each; slowest save "+stats.SlowestSave.String())
}
