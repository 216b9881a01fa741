package figures_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"concord/journal"
	"concord/store"
	"concord/store/sqlite"
)

// chain returns the nth chain's id.
func chain(n int) journal.ChainID {
	return journal.ChainID{Gateway: "figures", Started: 1_795_458_058_000_000_000 + int64(n), Random: uint64(n)}
}

// opened is a journal in a directory of its own.
func opened(t testing.TB, dir string) *sqlite.Journal {
	t.Helper()
	j, err := sqlite.OpenJournal(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func committer(t testing.TB, j journal.Journal, n int) *store.Committer {
	t.Helper()
	c, err := store.NewCommitter(t.Context(), j, chain(n), store.CommitterOptions{Now: func() int64 { return time.Now().UnixNano() }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// timed notes how long each commit takes.
type timed struct {
	journal.Journal
	mu    sync.Mutex
	times []time.Duration
}

// AppendBlock appends and notes.
func (j *timed) AppendBlock(ctx context.Context, b *journal.Block) error {
	began := time.Now()
	err := j.Journal.AppendBlock(ctx, b)
	j.mu.Lock()
	j.times = append(j.times, time.Since(began))
	j.mu.Unlock()
	return err
}

// Unwrap returns the journal itself.
func (j *timed) Unwrap() journal.Journal { return j.Journal }

// ask appends n requests from 64 goroutines, each of which waits for its intent and then for its record, which is what 64
// requests in flight do.
func ask(t testing.TB, c *store.Committer, s *sample, n, perDay int) {
	t.Helper()
	work := make(chan int)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := range work {
				intent, record := s.live(i, perDay)
				for _, e := range []journal.Entry{intent, record} {
					w, err := c.Append(e)
					if err == nil {
						<-w.Done()
						err = w.Err()
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
}

// pour appends entries as fast as the committer takes them: its groups are full.
func pour(t testing.TB, c *store.Committer, entries []journal.Entry) {
	t.Helper()
	var waiting []*journal.Commit
	for len(entries) > 0 {
		w, err := c.Append(entries[:2]...)
		if errors.Is(err, journal.ErrQueue) { // wait for half of what is on its way
			for _, w := range waiting[:len(waiting)/2+1] {
				<-w.Done()
			}
			waiting = waiting[len(waiting)/2+1:]
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		waiting, entries = append(waiting, w), entries[2:]
	}
	for _, w := range waiting {
		<-w.Done()
		if w.Err() != nil {
			t.Fatal(w.Err())
		}
	}
}

// raw inserts entries into a plain table of nine columns, so many in a transaction, with the settings of the journal: the floor.
func raw(t testing.TB, m *meter, entries []journal.Entry, batch int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "raw.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE row (id INTEGER PRIMARY KEY, a, b, c, d, e, f, g, bytes)"); err != nil {
		t.Fatal(err)
	}
	insert, err := db.PrepareContext(t.Context(), "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	defer insert.Close()
	bytes := make([][]byte, len(entries))
	for i := range entries {
		if bytes[i], err = journal.AppendEntry(nil, &entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	m.start()
	defer m.stop()
	for i := 0; i < len(bytes); {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		stmt := tx.StmtContext(t.Context(), insert)
		for end := min(i+batch, len(bytes)); i < end; i++ {
			if _, err := stmt.ExecContext(t.Context(), i, "acme", "acme-demo", "openai/gpt-5.4", 1, 2, 3, 4, bytes[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// requests makes n requests in the order in which a gateway writes them.
func (s *sample) requests(n, perDay int) []journal.Entry {
	entries := make([]journal.Entry, 0, 2*n)
	for i := range n {
		intent, record := s.live(i, perDay)
		entries = append(entries, intent, record)
	}
	return entries
}

func closed(t testing.TB, c *store.Committer) store.CommitterStats {
	t.Helper()
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
	return c.Stats()
}

// durable measures how many entries a second become durable, beside raw rows in transactions of the same size.
func durable(t *testing.T, found *table, s *sample, n int) {
	t.Helper()
	entries := s.requests(n, 1_000_000)
	for _, kind := range []string{"64 requests in flight", "full groups"} {
		var ours, floor meter
		c := committer(t, opened(t, t.TempDir()), 1)
		ours.start()
		if kind == "full groups" {
			pour(t, c, entries)
		} else {
			ask(t, c, s, n, 1_000_000)
		}
		ours.stop()
		stats := closed(t, c)
		batch := max(int(float64(stats.Entries)/float64(stats.Groups)), 1)
		raw(t, &floor, entries, batch)
		r := row{what: "durable entries, " + kind, unit: "entries", note: fmt.Sprintf("%d entries a commit", batch)}
		r.rate, r.cpu = ours.per(len(entries))
		r.floor, r.floorCPU = floor.per(len(entries))
		found.rows = append(found.rows, r)
	}
}

// commits measures the 99th percentile of a group commit with the poster running beside it and without.
func commits(t *testing.T, found *table, s *sample, n int) {
	t.Helper()
	var p99 [2]time.Duration
	var meters [2]meter
	var slowest time.Duration
	for i := range 2 {
		dir := t.TempDir()
		j := &timed{Journal: opened(t, dir)}
		c := committer(t, j, 1)
		s.bring(t, c)
		stop := func() {}
		if i == 1 {
			poster, end := posting(t, dir, j, c)
			stop = func() { end(); slowest = poster.Stats().SlowestSave }
		}
		j.times = nil
		meters[i].start()
		ask(t, c, s, n, 1_000_000)
		meters[i].stop()
		stop()
		closed(t, c)
		p99[i] = quantile(j.times, 0.99)
	}
	for i, what := range []string{"a group commit without the poster, p99", "a group commit with the poster, p99"} {
		rate, cpu := meters[i].per(2 * n)
		r := row{what: what, rate: rate, unit: "entries", cpu: cpu, note: p99[i].String()}
		if i == 1 {
			r.note += fmt.Sprintf(", %.1f times that without; slowest save %s", p99[1].Seconds()/p99[0].Seconds(), slowest)
		}
		found.rows = append(found.rows, r)
	}
}

func TestFiguresOfTheJournal(t *testing.T) {
	n := 300
	if *measure {
		n = 60_000
	}
	var found table
	s := readSample(t)
	durable(t, &found, s, n)
	commits(t, &found, s, n)
	verified(t, &found, s, n)
	found.print(t)
}

// verified measures how many entries a second are verified, as concord journal verify does it and on one processor.
func verified(t *testing.T, found *table, s *sample, n int) {
	t.Helper()
	j := opened(t, t.TempDir())
	c := committer(t, j, 1)
	s.bring(t, c)
	pour(t, c, s.requests(n, 1_000_000))
	closed(t, c)
	for _, kind := range []string{"as the command does", "one goroutine"} {
		var from journal.Journal = j
		var o journal.VerifyOptions
		if kind == "as the command does" {
			from, o.Go = store.Ahead(j), func(hash func()) { go hash() }
		}
		var m meter
		m.start()
		report, err := journal.Verify(t.Context(), from, o)
		m.stop()
		if err != nil || !report.Good() {
			t.Fatal(err, report)
		}
		found.figure("journal verify, "+kind, "entries", int(report.Entries), &m, "")
	}
}
