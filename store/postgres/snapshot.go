package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"concord/journal"
	"concord/ledger"
)

// A Snapshot is the books as they were at one instant, whatever is posted meanwhile: one transaction, open until Close. It cannot
// be written, and is not safe for concurrent use.
type Snapshot struct {
	books *Books
	tx    pgx.Tx
}

var _ ledger.Books = (*Snapshot)(nil)

// Snapshot takes one.
func (b *Books) Snapshot(ctx context.Context) (*Snapshot, error) {
	tx, err := b.pool.BeginTx(context.WithoutCancel(ctx), reading)
	if err != nil {
		return nil, b.fail("read", err)
	}
	return &Snapshot{b, tx}, nil
}

// Load returns what was saved last.
func (s *Snapshot) Load(ctx context.Context) (*ledger.Saved, error) {
	saved, err := load(ctx, s.tx)
	return saved, s.books.fail("read", err)
}

// Checkpoint returns the last checkpoint at or before a cursor.
func (s *Snapshot) Checkpoint(ctx context.Context, at journal.Cursor) (*ledger.Saved, error) {
	saved, err := checkpoint(ctx, s.tx, at)
	return saved, s.books.fail("read", err)
}

// Cells calls yield for every cell in canonical order; it may ask for more of the snapshot.
func (s *Snapshot) Cells(ctx context.Context, yield func(ledger.Cell) bool) error {
	var all []ledger.Cell
	if err := s.books.cells(ctx, s.tx, func(c ledger.Cell) bool { all = append(all, c); return true }); err != nil {
		return err
	}
	for _, c := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !yield(c) {
			return nil
		}
	}
	return nil
}

// Activity calls yield for the rows of activity of a range; it may ask for nothing else of the snapshot meanwhile.
func (s *Snapshot) Activity(ctx context.Context, since, until int64, yield func(ledger.ActivityRow) bool) error {
	return s.books.activity(ctx, s.tx, since, until, yield)
}

// Save refuses.
func (s *Snapshot) Save(context.Context, *ledger.Batch) error { return s.refuse() }

// Drop refuses.
func (s *Snapshot) Drop(context.Context) error { return s.refuse() }

func (s *Snapshot) refuse() error { return fmt.Errorf("books %s: %w", s.books.where, errReadOnly) }

// Close ends the transaction.
func (s *Snapshot) Close() error {
	if err := s.tx.Rollback(context.Background()); !errors.Is(err, pgx.ErrTxClosed) { // it bounds nothing: a word to the server
		return s.books.fail("close", err)
	}
	return nil
}
