package ledger

import (
	"context"
	"errors"

	"concord/journal"
)

// Books is the storage of the ledger. Implementations: memory, SQLite.
type Books interface {
	// Load returns the encoded state and the cursor of the last save; nil and the zero cursor if there is none.
	Load(ctx context.Context) (*Saved, error)
	// Save writes a batch in one transaction, if the cursor is still b.Old; otherwise ErrLostTurn.
	Save(ctx context.Context, b *Batch) error
	// Checkpoint returns the last checkpoint at or before a cursor, with the documents posted by then; the empty Saved if
	// there is none.
	Checkpoint(ctx context.Context, at journal.Cursor) (*Saved, error)
	// Cells calls yield for every cell in canonical order.
	Cells(ctx context.Context, yield func(Cell) bool) error
	// Activity calls yield for every row of activity whose stretch of time begins in a range of instants, in the order of keys.
	Activity(ctx context.Context, since, until int64, yield func(ActivityRow) bool) error
	// Drop deletes everything, so that the books can be rebuilt.
	Drop(ctx context.Context) error
	Close() error
}

// ErrLostTurn says that another poster moved the cursor.
var ErrLostTurn = errors.New("ledger: another poster has moved on")

// Saved is what Load returns.
type Saved struct {
	Cursor    journal.Cursor
	State     []byte
	Documents [][]byte // encoded documents in the order in which they were posted
}

// Batch is what the poster saves at once.
type Batch struct {
	Old, New  journal.Cursor
	State     []byte   // encoded, without documents
	Documents [][]byte // new since the last batch
	Cells     []Cell   // the new values of all cells that changed
	Activity  []ActivityRow
	// Checkpoints taken within the batch: at the first block boundary after every 65,536 entries.
	Checkpoints []Checkpoint
}

// Checkpoint is the state at a block boundary; it makes one transaction cheap to derive again.
type Checkpoint struct {
	At        journal.Cursor
	State     []byte // encoded, without documents
	Documents int    // how many documents had been posted
}
