// Package ledger posts journal entries to double-entry books, one book per party. Post is pure: the same entries in the
// same order give the same books, byte for byte. It owns the accounts and the pairs of accounts that may meet, accruals,
// the registry of documents that the journal brought, and the contract of the books' storage.
package ledger

import (
	"context"
	"errors"

	"concord/agreement"
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

// Resume loads the state, the cells and the cursor that the books hold: where a poster goes on.
func Resume(ctx context.Context, b Books) (*State, journal.Cursor, error) { panic("stub") }

// DecodeState rebuilds a state from what was saved: documents first, then the encoded state. Its cells are not loaded, so
// it can post and derive again, but Changes refuses; a poster uses Resume.
func DecodeState(saved *Saved) (*State, error) { panic("stub") }

// Encode returns the state in canonical bytes, without documents and cells.
func (s *State) Encode() []byte { panic("stub") }

// Changes returns the new values of all cells that changed since the last Clean, in canonical order, and the documents
// that are new since then, encoded as Saved and Batch carry them.
func (s *State) Changes() (cells []Cell, documents [][]byte, err error) { panic("stub") }

// Clean forgets what Changes returned; a poster calls it once that was saved.
func (s *State) Clean() { panic("stub") }

// Checkpoint returns a checkpoint if one is due, and false otherwise. A poster asks after every whole block.
func (s *State) Checkpoint(at journal.Cursor) (Checkpoint, bool) { panic("stub") }

// Entries returns how many entries were posted, and Transactions how many of them moved something.
func (s *State) Entries() int64 { panic("stub") }

// Transactions returns how many entries moved something.
func (s *State) Transactions() int64 { panic("stub") }

// Hash returns the running hash over all transactions.
func (s *State) Hash() journal.Hash { panic("stub") }

// Post posts one entry: it changes the state and returns the transaction, which is empty for entries that move no money.
// An entry that cannot be posted is an error and leaves the state as it was. The transaction is valid until the next Post
// on this state; Clone keeps it.
func Post(s *State, e *journal.Entry) (*Transaction, error) { panic("stub") }

// PostUnder posts a record as if t had been its terms; it posts every other entry as Post does.
func PostUnder(s *State, e *journal.Entry, t *agreement.Terms) (*Transaction, error) { panic("stub") }

// Clone returns a copy that later posts do not change.
func (t *Transaction) Clone() *Transaction { panic("stub") }

// Digest is one hash over everything that books hold: cells in canonical order, cursor, state with its running hash,
// documents and checkpoints. Books rebuilt from the journal have the same digest.
func Digest(ctx context.Context, b Books) (journal.Hash, error) { panic("stub") }

// NewMemory returns books that live in memory.
func NewMemory() Books { panic("stub") }

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
