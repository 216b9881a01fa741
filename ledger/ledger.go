// Package ledger posts journal entries to double-entry books, one book per party. Post is pure: the same entries in the
// same order give the same books, byte for byte. It owns the accounts and the pairs of accounts that may meet, accruals,
// the registry of documents that the journal brought, and the contract of the books' storage.
package ledger

import (
	"context"
	"errors"

	"concord/journal"
	"concord/money"
)

// An Account is one account of one book: a path of BOOKS' table, such as "receivable:accrued:acme:openai-sales".
type Account string

// A Posting changes one account of one book. Debits are positive.
type Posting struct {
	Book    string // party
	Account Account
	Amount  money.Amount
	// Dimensions of the cell that it adds to.
	Agreement string
	Clause    string
	Cloud     string
	Product   string
	Stream    string
}

// A Transaction is what one entry posts. It sums to zero in each book, per currency.
type Transaction struct {
	Entry    string // request id or entry id
	Part     uint32
	Time     int64 // of the entry
	Currency money.Currency
	Customer string
	Postings []Posting
}

// Key identifies a balance cell.
type Key struct {
	Agreement string
	Book      string
	Account   Account
	Clause    string
	Cloud     string
	Product   string
	Stream    string
	Currency  money.Currency
	Day       int32 // days since 1970-01-01 in the agreement's zone (UTC where no agreement is meant)
}

// A Cell is a balance.
type Cell struct {
	Key
	Amount money.Amount
	Count  int64 // transactions that touched it
}

// Accrual is the running state of one share clause in one window of it.
type Accrual struct {
	Agreement string
	Clause    string
	Window    string // "total", "2026-05", ...
	Base      money.Amount
	Uncapped  money.Amount
	Capped    money.Amount
}

// State is everything that posting the next entry depends on. It is not safe for concurrent use.
type State struct {
	state
}

type state struct{}

// NewState returns the state before the first entry.
func NewState() *State { panic("stub") }

// Post posts one entry: it changes the state and returns the transaction, which is empty for entries that move no money.
// An entry that cannot be posted is an error and leaves the state as it was.
func Post(s *State, e *journal.Entry) (*Transaction, error) { panic("stub") }

// Accruals returns the running state of all shares, in canonical order.
func (s *State) Accruals() []Accrual { panic("stub") }

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
	// Checkpoints taken within the batch: at the first block boundary after every 65,536 entries.
	Checkpoints []Checkpoint
}

// Checkpoint is the state at a block boundary; it makes one transaction cheap to derive again.
type Checkpoint struct {
	At        journal.Cursor
	State     []byte // encoded, without documents
	Documents int    // how many documents had been posted
}
