package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/sqlite"
)

// BenchmarkCommitter appends intents and records by 64 appenders who each wait for durability, which is what 64 requests
// in flight do.
func BenchmarkCommitter(b *testing.B) {
	j := open(b, b.TempDir())
	defer j.Close()
	c, err := store.NewCommitter(b.Context(), j, journaltest.Chain(1), store.CommitterOptions{Now: func() int64 { return time.Now().UnixNano() }})
	if err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	work := make(chan struct{})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range work {
				n := int(next.Add(1))
				for _, e := range []journal.Entry{journaltest.Intent(n), journaltest.Record(n)} {
					w, err := c.Append(e)
					if err != nil {
						b.Error(err)
						return
					}
					if <-w.Done(); w.Err() != nil {
						b.Error(w.Err())
						return
					}
				}
			}
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
	if err := c.Close(context.Background()); err != nil {
		b.Error(err)
	}
	s := c.Stats()
	b.ReportMetric(float64(s.Entries)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(s.Entries)/float64(s.Groups), "entries/group")
}

// BenchmarkBlocks appends blocks of 64 and 512 entries straight to the storage, beside the same number of raw rows of
// nine columns, with the bytes of an entry in one of them, inserted in one transaction: the floor of BENCH.
func BenchmarkBlocks(b *testing.B) {
	for _, size := range []int{64, 512} {
		b.Run("blocks/"+string('0'+rune(size/100))+"xx", func(b *testing.B) { appendBlocks(b, size) })
		b.Run("rawrows/"+string('0'+rune(size/100))+"xx", func(b *testing.B) { insertRows(b, size) })
	}
}

func appendBlocks(b *testing.B, size int) {
	j := open(b, b.TempDir())
	defer j.Close()
	w := journaltest.Begin(b, j, journaltest.Chain(1))
	n := 0
	for b.Loop() {
		entries := make([]journal.Entry, 0, size)
		for range size / 2 {
			n++
			entries = append(entries, journaltest.Intent(n), journaltest.Record(n))
		}
		w.Append(b, entries...)
		w.Blocks = w.Blocks[len(w.Blocks)-1:]
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}

func insertRows(b *testing.B, size int) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "raw.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(b.Context(), "CREATE TABLE row (id INTEGER PRIMARY KEY, a, b, c, d, e, f, g, bytes)"); err != nil {
		b.Fatal(err)
	}
	insert, err := db.PrepareContext(b.Context(), "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		b.Fatal(err)
	}
	defer insert.Close()
	n := 0
	for b.Loop() {
		tx, err := db.BeginTx(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		stmt := tx.StmtContext(b.Context(), insert)
		for i := range size {
			n++
			e := journaltest.Intent(n)
			if i%2 == 1 {
				e = journaltest.Record(n)
			}
			raw, err := journal.AppendEntry(nil, &e)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := stmt.ExecContext(b.Context(), n, "acme", "key-1", "openai/gpt-5.4", 1, 2, 3, 4, raw); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkVerify verifies a journal of 100,000 entries.
func BenchmarkVerify(b *testing.B) {
	j := open(b, b.TempDir())
	defer j.Close()
	fill(b, j, 50_000)
	entries := uint64(0)
	for b.Loop() {
		r, err := journal.Verify(b.Context(), store.Ahead(j), journal.VerifyOptions{Go: func(f func()) { go f() }})
		if err != nil || !r.Good() {
			b.Fatal(err, r)
		}
		entries += r.Entries
	}
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkFind finds requests in a journal of 100,000 entries.
func BenchmarkFind(b *testing.B) {
	j := open(b, b.TempDir())
	defer j.Close()
	fill(b, j, 50_000)
	n := 0
	for b.Loop() {
		n = (n + 7919) % 50_000
		if got, err := j.Find(b.Context(), journaltest.Request(n)); err != nil || len(got) != 2 {
			b.Fatal(len(got), err)
		}
	}
}

// fill writes n intents and records in blocks of 512.
func fill(b *testing.B, j *sqlite.Journal, n int) {
	w := journaltest.Begin(b, j, journaltest.Chain(1))
	for i := 0; i < n; {
		var entries []journal.Entry
		for ; i < n && len(entries) < 512; i++ {
			entries = append(entries, journaltest.Intent(i), journaltest.Record(i))
		}
		w.Append(b, entries...)
		w.Blocks = w.Blocks[len(w.Blocks)-1:]
	}
}
