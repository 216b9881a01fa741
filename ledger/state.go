package ledger

import (
	"context"
	"errors"
	"fmt"

	"concord/journal"
	"concord/money"
)

// CheckpointEvery is after how many entries a checkpoint is due.
const CheckpointEvery = 65536

// State is everything that posting the next entry depends on: the registry of documents, accruals, counts and the running
// hash. Beside it stand the balances that a poster saves; no posting reads them, so a state decoded without them posts the
// same transactions. It is not safe for concurrent use.
type State struct {
	registry
	lines      lines
	calendars  map[string]*calendar
	shares     map[clauseKey]*share
	dues       map[dueKey]*due
	advanced   map[int32]*due // by their accrued pair: those that an advance was given for
	given      map[journal.Ref]given
	rates      map[rateKey][]fixing
	statements map[string]*Standing // by number
	drawn      map[clauseKey]*counter
	demanded   map[demandKey]*money.Amount
	aside      map[*cell]*money.Amount // of cells of revenue

	observed observed

	entries      int64
	transactions int64
	documents    int
	checkpointed int64 // entries at the last checkpoint
	hash         journal.Hash

	partial bool // cells were not loaded
	dirty   []*cell
	fresh   [][]byte // documents since Clean, encoded

	work work
}

// work is what one Post needs until it is committed; kept to avoid allocation.
type work struct {
	tx      Transaction
	of      journal.Ref // of the entry, where it is an invoice
	only    bool        // nobody looks at tx.Postings: they stay empty
	posted  []posted
	late    bool   // a share accrued under a version that an amendment has changed backwards
	terms   bool   // it brings terms
	aside   bool   // what is posted to revenue was not earned on its day under the day's terms
	undone  []undo // what the entry changed of shares
	streams []money.Amount
	split   []money.Amount
	owed    []money.Amount // by payee, in the order of the sale's shares
	groups  []groupSum
	pairs   []pairSum
	canon   []byte

	changes    []func()             // of what is not an amount
	statements map[string]*Standing // as the entry changes them
}

// posted is one posting before it is committed.
type posted struct {
	line   *line
	cell   *cell
	amount money.Amount
}

// NewState returns the state before the first entry.
func NewState() *State {
	return &State{registry: newRegistry(), lines: newLines(), calendars: map[string]*calendar{}, shares: map[clauseKey]*share{},
		dues: map[dueKey]*due{}, advanced: map[int32]*due{}, given: map[journal.Ref]given{}, rates: map[rateKey][]fixing{},
		statements: map[string]*Standing{}, drawn: map[clauseKey]*counter{}, demanded: map[demandKey]*money.Amount{},
		observed: newObserved(), aside: map[*cell]*money.Amount{}}
}

// ErrUnreadable says that books are damaged, or of an older program. They are derived: a rebuild makes them again.
var ErrUnreadable = errors.New("rebuild the books")

// Freshen drops books whose state an older program wrote, so that they are posted again.
func Freshen(ctx context.Context, b Books) (dropped bool, err error) {
	saved, err := b.Load(ctx)
	if err != nil {
		return false, fmt.Errorf("load books: %w", err)
	}
	if len(saved.State) == 0 || saved.State[0] >= stateVersion {
		return false, nil
	}
	if err := b.Drop(ctx); err != nil {
		return false, fmt.Errorf("drop the books of an older program: %w", err)
	}
	return true, nil
}

// Resume loads the state, the cells and the cursor that the books hold: where a poster goes on.
func Resume(ctx context.Context, b Books) (*State, journal.Cursor, error) {
	saved, err := b.Load(ctx)
	if err != nil {
		return nil, journal.Cursor{}, fmt.Errorf("load books: %w", err)
	}
	s, err := DecodeState(saved)
	if err != nil {
		return nil, journal.Cursor{}, err
	}
	var bad error
	if err := b.Cells(ctx, func(c Cell) bool { bad = s.load(c); return bad == nil }); err != nil {
		return nil, journal.Cursor{}, fmt.Errorf("load cells: %w", err)
	}
	if bad != nil {
		return nil, journal.Cursor{}, bad
	}
	if err := b.Activity(ctx, EverSince, EverUntil, func(r ActivityRow) bool { bad = s.observed.resume(r); return bad == nil }); err != nil {
		return nil, journal.Cursor{}, fmt.Errorf("load activity: %w", err)
	}
	if bad != nil {
		return nil, journal.Cursor{}, bad
	}
	s.partial = false
	return s, saved.Cursor, nil
}

// Entries returns how many entries were posted.
func (s *State) Entries() int64 { return s.entries }

// Transactions returns how many entries moved something.
func (s *State) Transactions() int64 { return s.transactions }

// Hash returns the running hash over all transactions.
func (s *State) Hash() journal.Hash { return s.hash }

// Checkpoint returns a checkpoint if one is due, and false otherwise. A poster asks after every whole block, so that
// checkpoints do not depend on how blocks are grouped into saves.
func (s *State) Checkpoint(at journal.Cursor) (Checkpoint, bool) {
	if s.entries/CheckpointEvery == s.checkpointed/CheckpointEvery {
		return Checkpoint{}, false
	}
	s.checkpointed = s.entries
	return Checkpoint{At: at, State: s.Encode(), Documents: s.documents}, true
}
