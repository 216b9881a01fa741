package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// The write-ahead log is copied into the file by a connection of its own, beside the commits, after every walStep bytes.
// What was committed meanwhile, little, is copied while no commit runs; then the next commit starts the log again. The log
// keeps its length: a commit that writes over what is there syncs data alone, one that lengthens the file syncs the file's
// description too, which costs half as much again. A reader in the log keeps it from being started again; past walMax the
// commits wait for it.
const (
	walStep = 8 << 20
	walMax  = 2 * walStep
)

// framesOfCommit is how many pages one entry changes: those of its chain, its block and its request; now and then a new one.
const framesOfCommit = 4

// checkpointer keeps the write-ahead log of a journal short.
type checkpointer struct {
	journal *Journal
	db      *sql.DB
	page    int // bytes
	due     chan struct{}
	quit    chan struct{}
	done    sync.WaitGroup
	once    sync.Once

	written int // into the log since the last signal, about; under the journal's mu
}

func startCheckpoints(j *Journal) (*checkpointer, error) {
	db, err := j.open(1, false)
	if err != nil {
		return nil, err
	}
	// While it waits for a reader no commit runs.
	if _, err := db.ExecContext(context.Background(), "PRAGMA busy_timeout(5)"); err != nil {
		return nil, errors.Join(j.fail("open", err), db.Close())
	}
	c := &checkpointer{journal: j, db: db, due: make(chan struct{}, 1), quit: make(chan struct{})}
	if err := db.QueryRowContext(context.Background(), "PRAGMA page_size").Scan(&c.page); err != nil {
		return nil, errors.Join(j.fail("open", err), db.Close())
	}
	c.done.Go(c.run)
	return c, nil
}

// wrote is told of every commit; the caller holds the journal's mu.
func (c *checkpointer) wrote(bytes int) {
	if c.written += bytes + framesOfCommit*c.page; c.written < walStep {
		return
	}
	c.written = 0
	select {
	case c.due <- struct{}{}:
	default:
	}
}

func (c *checkpointer) stop() {
	c.once.Do(func() { close(c.quit) })
	c.done.Wait()
}

func (c *checkpointer) run() {
	defer c.db.Close()
	for {
		select {
		case <-c.due:
			c.checkpoint()
		case <-c.quit:
			return
		}
	}
}

// checkpoint copies what it can. A failure is not reported here: the log only grows, and the commit that finds no space
// for it fails with the reason.
func (c *checkpointer) checkpoint() {
	if _, err := c.pragma("PASSIVE"); err != nil {
		return
	}
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	pages, err := c.pragma("PASSIVE")
	if err != nil || pages*c.page < walMax {
		return
	}
	// A reader that holds on to the log makes this give up; it is tried again after the next step.
	_, _ = c.pragma("RESTART")
}

// pragma runs a checkpoint and returns how long the log is.
func (c *checkpointer) pragma(mode string) (pages int, err error) {
	var busy, copied int
	err = c.db.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &copied)
	return pages, err
}
