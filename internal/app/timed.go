package app

import (
	"context"
	"time"

	"concord/journal"
)

// timed is a journal that says how long each commit took.
type timed struct {
	journal.Journal
	committed func(time.Duration)
}

// Unwrap returns the journal under it.
func (t timed) Unwrap() journal.Journal { return t.Journal }

// AppendBlock appends to the journal under it.
func (t timed) AppendBlock(ctx context.Context, b *journal.Block) error {
	began := time.Now()
	err := t.Journal.AppendBlock(ctx, b)
	t.committed(time.Since(began))
	return err
}
