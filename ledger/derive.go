package ledger

import (
	"context"
	"fmt"
	"slices"

	"concord/journal"
)

// Derived is an entry of a request with what it posted.
type Derived struct {
	Entry       journal.Entry
	Transaction *Transaction
}

// Derive posts what belongs to a request again: the intent that took a hold of budgets, its records, and what was recorded of
// it since, such as refunds and corrections, in posting order. Each is posted from the last checkpoint before it, so that it
// costs at most CheckpointEvery entries and a block, and holds no more than a state. A request of which nothing was posted has
// none; one that the journal does not know is journal.ErrNotFound.
func Derive(ctx context.Context, j journal.Journal, b Books, id journal.RequestID) ([]Derived, error) {
	entries, err := j.Find(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("find request %s: %w", id, err)
	}
	wanted := slices.DeleteFunc(entries, func(e journal.Entry) bool { return !posts(&e) })
	slices.SortStableFunc(wanted, func(a, b journal.Entry) int { return compareCursors(a.At, b.At) })
	var found []Derived
	var s *State
	var reached journal.Cursor
	for len(wanted) > 0 {
		block := wanted[0].At
		saved, err := b.Checkpoint(ctx, before(block))
		if err != nil {
			return nil, fmt.Errorf("read checkpoint: %w", err)
		}
		if s == nil || compareCursors(saved.Cursor, reached) > 0 {
			if s, err = DecodeState(saved); err != nil {
				return nil, err
			}
			reached = saved.Cursor
		}
		reached, err = Replay(ctx, j, s, reached, block, func(e *journal.Entry, tx *Transaction) error {
			if i := slices.IndexFunc(wanted, func(w journal.Entry) bool { return same(e, &w) }); i >= 0 {
				found = append(found, Derived{wanted[i], tx.Clone()})
				wanted = slices.Delete(wanted, i, i+1)
			}
			return nil
		}, nil)
		if err != nil {
			return nil, fmt.Errorf("derive the postings of %s: %w", id, err)
		}
		if len(wanted) > 0 && wanted[0].At == block {
			return nil, fmt.Errorf("derive the postings of %s: its %s is not where the journal's index says", id, wanted[0].Body.Kind())
		}
	}
	return found, nil
}

// posts reports whether an entry that belongs to a request is one that the books look at.
func posts(e *journal.Entry) bool {
	switch b := e.Body.(type) {
	case *journal.Intent:
		return len(b.Claims) > 0 && !b.Hold.IsZero()
	case *journal.Attempt, *journal.Progress:
		return false
	}
	return true
}

// same reports whether two entries are one.
func same(a, b *journal.Entry) bool {
	return a.At == b.At && a.Part == b.Part && a.Body.Kind() == b.Body.Kind() && a.Source == b.Source && a.ID == b.ID
}
