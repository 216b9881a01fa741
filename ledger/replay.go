package ledger

import (
	"context"
	"fmt"

	"concord/journal"
)

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
			failed = fmt.Errorf("%s: %w", b.Position(0), failed)
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
