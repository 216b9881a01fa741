package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
)

// BenchmarkLoneCommit commits one entry after the other, each awaited: the intent and then the record of one request, as a
// gateway with one request in flight does. One operation is one commit. "raw" is one plain row of nine columns with the same
// bytes, in a transaction of its own, with the same settings: the floor. "paced" leaves time between the commits, as a
// gateway at 500 requests a second does, so that each of them pays for its own wake-ups.
func BenchmarkLoneCommit(b *testing.B) {
	for _, pace := range []struct {
		name  string
		every time.Duration
	}{{"at once", 0}, {"paced", time.Millisecond}} {
		b.Run("committer/"+pace.name, func(b *testing.B) { loneCommitter(b, pace.every) })
		b.Run("raw/"+pace.name, func(b *testing.B) { loneRows(b, pace.every) })
	}
}

// lone calls commit once an operation and reports its median and 99th percentile and the CPU of the process.
func lone(b *testing.B, every time.Duration, commit func(n int) error) {
	b.Helper()
	var pace <-chan time.Time
	if every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		pace = ticker.C
	}
	times := make([]time.Duration, 0, 1<<20)
	n := 0
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		if pace != nil {
			<-pace
		}
		began := time.Now()
		if err := commit(n); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
		n++
	}
	used := processorTime(b) - before
	slices.Sort(times)
	b.ReportMetric(float64(used.Microseconds())/float64(n), "cpu-us/op")
	b.ReportMetric(float64(times[n/2].Nanoseconds())/1000, "p50-us")
	b.ReportMetric(float64(times[n*99/100].Nanoseconds())/1000, "p99-us")
}

// processorTime is what the process has used so far, the kernel's work for it included.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// entryOf is the nth entry that a gateway writes.
func entryOf(n int) journal.Entry {
	if n%2 == 0 {
		return journaltest.Intent(n / 2)
	}
	return journaltest.Record(n / 2)
}

func loneCommitter(b *testing.B, every time.Duration) {
	j := open(b, b.TempDir())
	defer j.Close()
	c, err := store.NewCommitter(b.Context(), j, journaltest.Chain(1), store.CommitterOptions{Now: func() int64 { return time.Now().UnixNano() }})
	if err != nil {
		b.Fatal(err)
	}
	lone(b, every, func(n int) error {
		w, err := c.Append(entryOf(n))
		if err != nil {
			return err
		}
		<-w.Done()
		return w.Err()
	})
	if err := c.Close(context.Background()); err != nil {
		b.Error(err)
	}
}

func loneRows(b *testing.B, every time.Duration) {
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
	lone(b, every, func(n int) error {
		e := entryOf(n)
		raw, err := journal.AppendEntry(nil, &e)
		if err != nil {
			return err
		}
		_, err = insert.ExecContext(b.Context(), n, "acme", "key-1", "openai/gpt-5.4", 1, 2, 3, 4, raw)
		return err
	})
}
