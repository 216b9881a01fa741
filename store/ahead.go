package store

import (
	"context"
	"sync"

	"concord/journal"
)

// aheadBlocks is how many blocks are read ahead, some 100 KB each.
const aheadBlocks = 32

// Ahead returns a journal whose blocks are read by a goroutine of their own, ahead of the one that looks at them: for whoever
// walks the whole journal and does more with a block than take it.
func Ahead(j journal.Journal) journal.Journal { return &ahead{Journal: j} }

type ahead struct {
	journal.Journal
	free sync.Pool // of *journal.Block, whose bytes are used again
}

// Blocks calls yield for the blocks after a cursor.
func (a *ahead) Blocks(ctx context.Context, after journal.Cursor, yield func(*journal.Block) bool) error {
	ctx, stop := context.WithCancel(ctx)
	read := make(chan *journal.Block, aheadBlocks)
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(read)
		failed = a.Journal.Blocks(ctx, after, func(b *journal.Block) bool {
			kept, ok := a.free.Get().(*journal.Block)
			if !ok {
				kept = &journal.Block{}
			}
			bytes := append(kept.Bytes[:0], b.Bytes...)
			*kept = *b
			kept.Bytes = bytes
			select {
			case read <- kept:
				return true
			case <-ctx.Done():
				return false
			}
		})
	})
	stopped := false
	for b := range read {
		if !stopped && !yield(b) {
			stopped = true
			stop() // the reader ends, and what it has read is let go
		}
		a.free.Put(b)
	}
	wg.Wait()
	enough := stopped && ctx.Err() != nil
	stop()
	if enough {
		return nil
	}
	return failed
}

// Unwrap returns the journal that is read: what it is beside its blocks shows through.
func (a *ahead) Unwrap() journal.Journal { return a.Journal }
