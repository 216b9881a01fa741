package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"concord/journal"
	"concord/ledger"
)

// ErrUnpostable marks an entry that the books cannot follow: trying again does not help.
var ErrUnpostable = errors.New("an entry cannot be posted")

// Times of what the processes on one journal do in turn.
const (
	turnEvery = time.Second            // how often a poster says that it is alive, and another asks whether it still is
	wakeEvery = 100 * time.Millisecond // how often it looks for what others appended
	beatEvery = 2500 * time.Millisecond
)

// RunShared posts a journal with several live chains, in turn with other processes: whoever has the turn merges the blocks of
// all chains into one order, appends the merge entries to the chain of c, and posts what stands in them. It goes on until ctx
// ends, which is no error; a database that fails is asked again. An entry that cannot be posted ends it.
func (p *Poster) RunShared(ctx context.Context, c *Committer) error {
	m, ok := journal.AsMerging(p.journal)
	if !ok {
		return errors.New("post in turn: this journal has one live chain at a time")
	}
	defer p.leave(ctx, m, c.Chain())
	look := time.NewTicker(wakeEvery)
	defer look.Stop()
	var asked time.Time
	turn := false
	for {
		if now := time.Now(); now.Sub(asked) >= turnEvery {
			had := turn
			var err error
			if turn, err = m.Post(ctx, c.Chain()); err != nil && ctx.Err() == nil {
				p.options.Log.Warn("the turn to post could not be asked for", slog.Any("error", err))
			}
			if asked = now; turn && !had {
				p.options.Log.Info("posting to the books", slog.String("chain", c.Chain().String()))
			}
		}
		if turn {
			if err := p.shared(ctx, m, c); errors.Is(err, ErrUnpostable) {
				return err
			} else if err != nil && ctx.Err() == nil {
				turn = errors.Is(err, journal.ErrConflict) // else it is asked for again
				p.options.Log.Warn("posting stopped for now", slog.Any("error", err))
			}
		}
		select {
		case <-look.C:
		case <-p.options.Wake:
			if !turn || !p.gather(ctx, gatherEntries) {
				continue
			}
		case <-ctx.Done():
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// leave gives the turn back, so that another takes it at once.
func (p *Poster) leave(ctx context.Context, m journal.Merging, chain journal.ChainID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := m.EndPost(ctx, chain); err != nil {
		p.options.Log.Warn("the turn to post runs out by itself", slog.Any("error", err))
	}
}

// shared merges what waits and posts what is merged.
func (p *Poster) shared(ctx context.Context, m journal.Merging, c *Committer) error {
	if err := MergeAll(ctx, m, c); err != nil {
		return err
	}
	if p.state != nil { // another process may have posted since this one's last turn
		at, err := cursorOf(ctx, p.books)
		if err != nil {
			return err
		}
		if at != p.Stats().Cursor {
			p.state = nil
		}
	}
	return p.CatchUp(ctx)
}

// MergeAll appends merge entries to the chain of c until nothing waits that the books post. ErrConflict says that another
// process merges.
func MergeAll(ctx context.Context, m journal.Merging, c *Committer) error {
	for {
		waiting, err := m.Waiting(ctx)
		if err != nil {
			return fmt.Errorf("look for what is to be merged: %w", err)
		}
		next := waiting.Merge()
		if next == nil {
			return nil
		}
		commit, err := c.Append(journal.Entry{Time: c.options.Now(), ID: fmt.Sprintf("merge-%d", next.Number), Body: next})
		if err != nil {
			return fmt.Errorf("append merge %d: %w", next.Number, err)
		}
		select {
		case <-commit.Await():
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := commit.Err(); err != nil {
			return fmt.Errorf("append merge %d: %w", next.Number, err)
		}
	}
}

// cursorOf returns how far books are, without their state where they can.
func cursorOf(ctx context.Context, b ledger.Books) (journal.Cursor, error) {
	if c, ok := b.(interface {
		Cursor(context.Context) (journal.Cursor, error)
	}); ok {
		return c.Cursor(ctx)
	}
	saved, err := b.Load(ctx)
	if err != nil {
		return journal.Cursor{}, err
	}
	return saved.Cursor, nil
}

func (p *Poster) lagShared(ctx context.Context, m journal.Merging) (uint64, error) {
	at, err := cursorOf(ctx, p.books)
	if err != nil {
		return 0, fmt.Errorf("lag of the books: %w", err)
	}
	blocks, err := m.Behind(ctx, at)
	if err != nil {
		return 0, fmt.Errorf("lag of the books: %w", err)
	}
	return blocks, nil
}

// KeepAlive extends the lease of a chain until ctx ends. It calls lost, and ends, when another process has sealed the chain.
func KeepAlive(ctx context.Context, m journal.Merging, chain journal.ChainID, log *slog.Logger, lost func(error)) {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
		case <-ctx.Done():
			return
		}
		switch err := m.Renew(ctx, chain); {
		case ctx.Err() != nil:
			return
		case errors.Is(err, journal.ErrFenced):
			lost(err)
			return
		case err != nil:
			log.Warn("the lease of the chain could not be extended", slog.String("chain", chain.String()), slog.Any("error", err))
		}
	}
}

// KeepRecovering resolves what other processes leave behind, until ctx ends.
func KeepRecovering(ctx context.Context, j journal.Journal, c *Committer, every time.Duration, o RecoverOptions) {
	look := time.NewTicker(every)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		if _, err := Recover(ctx, j, c, o); err != nil && ctx.Err() == nil && o.Log != nil {
			o.Log.Warn("recovery is tried again", slog.Any("error", err))
		}
	}
}
