package ledger

import (
	"context"
	"errors"
	"fmt"

	"concord/journal"
)

// errEnough ends a replay early.
var errEnough = errors.New("enough")

// Replay posts the blocks of a journal after a position, up to another one and including it (zero = all), to a state. each,
// where it is not nil, sees every entry with its transaction, both valid until it returns; block, where it is not nil,
// is called after each whole block. It returns the position reached. What it holds does not grow with the journal.
func Replay(ctx context.Context, j journal.Journal, s *State, after, upTo journal.Cursor,
	each func(e *journal.Entry, tx *Transaction) error, block func(at journal.Cursor) error) (journal.Cursor, error) {
	decoder := journal.Decoder{Reuse: true, Books: each == nil}
	at := after
	var failed error
	take := func(b *journal.Block) bool {
		if upTo != (journal.Cursor{}) && compareCursors(b.At(), upTo) > 0 {
			return false
		}
		err := b.Entries(&decoder, func(_ int, e *journal.Entry) bool {
			if each == nil {
				failed = PostOnly(s, e)
				return failed == nil
			}
			var tx *Transaction
			if tx, failed = Post(s, e); failed == nil {
				failed = each(e, tx)
			}
			return failed == nil
		})
		if failed == nil {
			failed = err
		}
		if failed != nil {
			if !errors.Is(failed, errEnough) {
				failed = fmt.Errorf("%s: %w", b.Position(0), failed)
			}
			return false
		}
		at = b.At()
		if block != nil {
			failed = block(at)
		}
		return failed == nil
	}
	if err := journal.Posting(ctx, j, after, take); err != nil {
		return at, fmt.Errorf("read journal: %w", err)
	}
	return at, failed
}

// Derive posts a request's records again and returns their transactions: from the last checkpoint before the first of them,
// so that it costs at most CheckpointEvery entries and a block, and holds no more than a state. A request without a record
// has no transactions; one that the journal does not know is journal.ErrNotFound.
func Derive(ctx context.Context, j journal.Journal, b Books, id journal.RequestID) ([]*Transaction, error) {
	entries, err := j.Find(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("find request %s: %w", id, err)
	}
	var first journal.Cursor
	wanted := 0
	for _, e := range entries {
		if _, ok := e.Body.(*journal.Record); !ok {
			continue
		}
		if wanted == 0 || compareCursors(e.At, first) < 0 {
			first = e.At
		}
		wanted++
	}
	if wanted == 0 {
		return nil, nil
	}
	saved, err := b.Checkpoint(ctx, before(first))
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	s, err := DecodeState(saved)
	if err != nil {
		return nil, err
	}
	var found []*Transaction
	_, err = Replay(ctx, j, s, saved.Cursor, journal.Cursor{}, func(e *journal.Entry, tx *Transaction) error {
		if r, ok := e.Body.(*journal.Record); ok && r.Request == id {
			if found = append(found, tx.Clone()); len(found) == wanted {
				return errEnough
			}
		}
		return nil
	}, nil)
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("derive the postings of %s: %w", id, err)
	}
	return found, nil
}
