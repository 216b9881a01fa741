package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/storetest"
)

// BenchmarkCommitter appends intents and records by 64 appenders who each wait for durability, which is what 64 requests in
// flight do. The figure of a commit is how long the database took for one.
func BenchmarkCommitter(b *testing.B) {
	for name, url := range map[string]string{"direct": database(b), "pooled": pooled(b)} {
		b.Run(name, func(b *testing.B) { appendBy64(b, url) })
	}
}

// timed notes how long appends take; one goroutine appends.
type timed struct {
	journal.Journal
	took []time.Duration
}

func (t *timed) AppendBlock(ctx context.Context, b *journal.Block) error {
	began := time.Now()
	err := t.Journal.AppendBlock(ctx, b)
	t.took = append(t.took, time.Since(began))
	return err
}

var benchRun atomic.Int64 // each run has a chain and requests of its own

func appendBy64(b *testing.B, url string) {
	j := &timed{Journal: openJournal(b, url)}
	defer j.Close()
	run := int(benchRun.Add(1))
	c, err := store.NewCommitter(b.Context(), j, journaltest.Chain(run), store.CommitterOptions{Now: wallClock})
	if err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	next.Store(int64(run) * 10_000_000)
	work := make(chan struct{})
	var appending sync.WaitGroup
	for range 64 {
		appending.Go(func() {
			for range work {
				n := int(next.Add(1))
				for _, e := range []journal.Entry{journaltest.Intent(n), journaltest.Record(n)} {
					if err := storetest.Add(b, c, e); err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	appending.Wait()
	storetest.Close(b, c)
	s := c.Stats()
	slices.Sort(j.took)
	b.ReportMetric(float64(s.Entries)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(s.Entries)/float64(s.Groups), "entries/group")
	b.ReportMetric(float64(j.took[len(j.took)/2].Microseconds()), "p50-us/commit")
	b.ReportMetric(float64(j.took[len(j.took)*99/100].Microseconds()), "p99-us/commit")
}

// BenchmarkBlocks appends blocks of 64 and 512 entries straight to the storage, beside the same number of raw rows of nine
// columns, with the bytes of an entry in one of them, copied in one transaction: the floor.
func BenchmarkBlocks(b *testing.B) {
	for _, size := range []int{64, 512} {
		b.Run(fmt.Sprintf("blocks/%d", size), func(b *testing.B) { appendBlocks(b, size) })
		b.Run(fmt.Sprintf("rawrows/%d", size), func(b *testing.B) { copyRows(b, size) })
	}
}

func pair(n int) []journal.Entry {
	return []journal.Entry{journaltest.Intent(n), journaltest.Record(n)}
}

func appendBlocks(b *testing.B, size int) {
	j := openJournal(b, database(b))
	defer j.Close()
	w := journaltest.Begin(b, j, journaltest.Chain(1))
	n := 0
	for b.Loop() {
		var entries []journal.Entry
		for range size / 2 {
			n++
			entries = append(entries, pair(n)...)
		}
		w.Append(b, entries...)
		w.Blocks = w.Blocks[len(w.Blocks)-1:]
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}

func copyRows(b *testing.B, size int) {
	conn, err := pgx.Connect(b.Context(), database(b))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(background())
	if _, err := conn.Exec(b.Context(), "CREATE TABLE raw (id bigint PRIMARY KEY, a text, b text, c text, d bigint, e bigint, f bigint, g bigint, bytes bytea)"); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		rows := make([][]any, 0, size)
		for range size / 2 {
			for _, e := range pair(n) {
				n++
				raw, err := journal.AppendEntry(nil, &e)
				if err != nil {
					b.Fatal(err)
				}
				rows = append(rows, []any{int64(n), "acme", "key-1", "openai/gpt-5.4", int64(1), int64(2), int64(3), int64(4), raw})
			}
		}
		_, err := conn.CopyFrom(b.Context(), pgx.Identifier{"raw"}, []string{"id", "a", "b", "c", "d", "e", "f", "g", "bytes"}, pgx.CopyFromRows(rows))
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}
