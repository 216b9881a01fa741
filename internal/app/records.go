package app

import (
	"context"
	"fmt"
	"iter"

	"concord/journal"
)

// EachEntry calls yield for every entry after a cursor, in posting order, until it returns false. The entry is valid until
// yield returns.
func EachEntry(ctx context.Context, j journal.Journal, after journal.Cursor, yield func(b *journal.Block, e *journal.Entry) bool) error {
	var failed error
	err := j.Blocks(ctx, after, func(b *journal.Block) bool {
		more := true
		failed = b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			more = yield(b, e)
			return more
		})
		return more && failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}

// Entries returns every entry, in posting order. An entry is valid until the next one is asked for.
func Entries(ctx context.Context, j journal.Journal) iter.Seq2[*journal.Entry, error] {
	return func(yield func(*journal.Entry, error) bool) {
		more := true
		err := EachEntry(ctx, j, journal.Cursor{}, func(_ *journal.Block, e *journal.Entry) bool {
			more = yield(e, nil)
			return more
		})
		if err != nil && more {
			yield(nil, err)
		}
	}
}

// EachRecord calls yield for every record, in posting order.
func EachRecord(ctx context.Context, j journal.Journal, yield func(e *journal.Entry, r *journal.Record) bool) error {
	return EachEntry(ctx, j, journal.Cursor{}, func(_ *journal.Block, e *journal.Entry) bool {
		if r, ok := e.Body.(*journal.Record); ok {
			return yield(e, r)
		}
		return true
	})
}

// HasUsage reports whether a record is one of usage: content was delivered, whole or in part.
func HasUsage(r *journal.Record) bool {
	return r.Outcome == journal.Answered || r.Outcome == journal.Cut || r.Outcome == journal.Cancelled
}
