package store_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/sqlite"
)

// BenchmarkPoster rebuilds books in SQLite from a journal in SQLite of 100,000 requests: reading, decoding, posting, saving.
func BenchmarkPoster(b *testing.B) {
	dir := b.TempDir()
	j, err := sqlite.OpenJournal(dir, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	books, err := sqlite.OpenBooks(dir, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer books.Close()
	w := example(b)
	chain := journaltest.Begin(b, j, journaltest.Chain(1))
	chain.Append(b, w.documents...)
	const requests = 100_000
	for n := 0; n < requests; {
		var entries []journal.Entry
		for ; n < requests && len(entries) < 512; n++ {
			intent, record := w.request(n)
			entries = append(entries, intent, record)
		}
		chain.Append(b, entries...)
	}
	b.ReportAllocs()
	records := int64(0)
	var slowest float64
	for b.Loop() {
		stats, err := store.Rebuild(b.Context(), j, books, store.PosterOptions{})
		if err != nil {
			b.Fatal(err)
		}
		records += stats.Transactions
		slowest = max(slowest, float64(stats.SlowestSave.Microseconds()))
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(slowest, "us/slowest-save")
}
