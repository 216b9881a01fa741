package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// The write-ahead log is copied into the file by a connection of its own, beside the commits, after every so many bytes.
// Past walMax the log is started again: the rest of it, little after the copy before, is copied while no commit runs.
const (
	walStep = 8 << 20
	walMax  = 64 << 20
)

// checkpointer keeps the write-ahead log of a journal short.
type checkpointer struct {
	journal *Journal
	db      *sql.DB
	due     chan struct{}
	quit    chan struct{}
	done    sync.WaitGroup
	once    sync.Once

	written int // since the last signal; under the journal's mu
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
	c.done.Go(c.run)
	return c, nil
}

// wrote is told of every commit; the caller holds the journal's mu.
func (c *checkpointer) wrote(bytes int) {
	if c.written += bytes; c.written < walStep {
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
	pages, err := c.pragma("PASSIVE")
	if err != nil || pages*pageSize < walMax {
		return
	}
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	// A reader that holds on to the log makes this give up; it is tried again after the next step.
	_, _ = c.pragma("RESTART")
}

// pragma runs a checkpoint and returns how long the log is.
func (c *checkpointer) pragma(mode string) (pages int64, err error) {
	var busy, copied int64
	err = c.db.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &copied)
	return pages, err
}
