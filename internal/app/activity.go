package app

import (
	"context"
	"fmt"
	"sort"
	"time"

	"concord/journal"
	"concord/settlement"
)

// count adds up the activity of a closing's period from what the books have of it, which costs as much as there are rows.
func count(ctx context.Context, j journal.Journal, work *settlement.Closing) error {
	tally, err := work.Tally()
	if err != nil {
		return err
	}
	whole, err := tally.Add(work.Counted)
	if err != nil {
		return fmt.Errorf("count the requests of %s: %w", work.Period, err)
	}
	if !whole {
		return recount(ctx, j, work)
	}
	work.Activity = tally
	return nil
}

// recount adds the activity up from the records themselves, up to the closing's position: where terms, or an agreement in
// another time zone, became known only after they were posted. Blocks that were recorded before the period began hold none of
// it.
func recount(ctx context.Context, j journal.Journal, work *settlement.Closing) error {
	tally, err := work.Tally()
	if err != nil {
		return err
	}
	from, err := firstSince(ctx, j, work.From())
	if err != nil {
		return err
	}
	decoder := journal.Decoder{Reuse: true}
	var failed error
	err = journal.Posting(ctx, j, from, func(b *journal.Block) bool {
		if b.At().Compare(work.At) > 0 {
			return false
		}
		err := b.Entries(&decoder, func(_ int, e *journal.Entry) bool { failed = tally.Take(e); return failed == nil })
		if failed == nil {
			failed = err
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("count the requests of %s: %w", work.Period, err)
	}
	work.Activity = tally
	return nil
}

// firstSince returns a position before which every block was recorded before an instant. Of a merging journal, whose order is
// not that of time, it is the beginning.
func firstSince(ctx context.Context, j journal.Journal, since time.Time) (journal.Cursor, error) {
	if _, ok := journal.AsMerging(j); ok {
		return journal.Cursor{}, nil
	}
	chains, err := j.Chains(ctx)
	if err != nil {
		return journal.Cursor{}, fmt.Errorf("read the chains: %w", err)
	}
	var bad error
	recorded := func(ordinal, before uint64) (at int64) { // of the block after a number
		err := j.Blocks(ctx, journal.Cursor{Chain: ordinal, Block: before}, func(b *journal.Block) bool {
			if b.Ordinal == ordinal {
				at = b.Recorded
			}
			return false
		})
		if err != nil {
			bad = err
		}
		return at
	}
	for _, chain := range chains {
		if chain.Blocks == 0 || recorded(chain.Ordinal, chain.Blocks-1) < since.UnixNano() {
			continue
		}
		n := sort.Search(int(chain.Blocks), func(n int) bool { return recorded(chain.Ordinal, uint64(n)) >= since.UnixNano() })
		return journal.Cursor{Chain: chain.Ordinal, Block: uint64(n)}, bad
	}
	return journal.Cursor{}, bad
}
