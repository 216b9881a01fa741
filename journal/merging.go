package journal

import (
	"cmp"
	"context"
	"slices"
)

// A Merging journal has several live chains at a time. Its blocks are posted in the order that merge entries give them:
// Cursor{Block: n} is the position behind the nth of them. A block that stands in no merge yet comes after all that do.
type Merging interface {
	Journal
	// Merged calls yield for the blocks that stand in merges after a position, in that order.
	Merged(ctx context.Context, after Cursor, yield func(*Block) bool) error
	// OfChain calls yield for the blocks of one chain after a number, in order.
	OfChain(ctx context.Context, id ChainID, after uint64, yield func(*Block) bool) error
	// Waiting returns what stands in no merge yet, a bounded number of blocks.
	Waiting(ctx context.Context) (*Waiting, error)
	// Behind returns how many blocks that say something to the books come after a position.
	Behind(ctx context.Context, at Cursor) (uint64, error)
	// Renew extends a chain's lease; ErrFenced if it was sealed.
	Renew(ctx context.Context, id ChainID) error
	// Claim seals a chain whose lease has run out by the storage's clock and gives it to one resolver for a while; false = it
	// is alive, settled, or another one's.
	Claim(ctx context.Context, id, resolver ChainID) (bool, error)
	// Post takes or keeps the turn to merge and to post, for some seconds; false = it is another one's.
	Post(ctx context.Context, holder ChainID) (bool, error)
	// EndPost gives the turn back.
	EndPost(ctx context.Context, holder ChainID) error
	// Clock returns the storage's clock, ns UTC.
	Clock(ctx context.Context) (int64, error)
}

// AsMerging returns the journal below j that merges, through wrappers that have Unwrap() Journal.
func AsMerging(j Journal) (Merging, bool) {
	for {
		if m, ok := j.(Merging); ok {
			return m, true
		}
		w, ok := j.(interface{ Unwrap() Journal })
		if !ok {
			return nil, false
		}
		j = w.Unwrap()
	}
}

// Posting calls yield for the blocks after a cursor as they are posted: of a merging journal only those that stand in merges.
func Posting(ctx context.Context, j Journal, after Cursor, yield func(*Block) bool) error {
	if m, ok := AsMerging(j); ok {
		return m.Merged(ctx, after, yield)
	}
	return j.Blocks(ctx, after, yield)
}

// Compare puts positions in posting order.
func (c Cursor) Compare(o Cursor) int {
	return cmp.Or(cmp.Compare(c.Chain, o.Chain), cmp.Compare(c.Block, o.Block))
}

// Waiting is what stands in no merge yet.
type Waiting struct {
	Number uint64 // of the last merge
	Blocks []WaitingBlock
}

// A WaitingBlock is a block that stands in no merge yet.
type WaitingBlock struct {
	Chain    ChainID
	Number   uint64
	Recorded int64
	Idle     bool // it holds only what begins, ends or merges chains
}

// Merge returns the next merge entry: all that waits, each chain's blocks in order, by the instant at which they were recorded
// and then by the chain's name. nil = nothing waits that the books post.
func (w *Waiting) Merge() *Merge {
	if !slices.ContainsFunc(w.Blocks, func(b WaitingBlock) bool { return !b.Idle }) {
		return nil
	}
	blocks := slices.Clone(w.Blocks)
	slices.SortFunc(blocks, func(a, b WaitingBlock) int {
		return cmp.Or(cmp.Compare(a.Recorded, b.Recorded), cmp.Compare(a.Chain.String(), b.Chain.String()), cmp.Compare(a.Number, b.Number))
	})
	m := &Merge{Number: w.Number + 1}
	for _, b := range blocks {
		if n := len(m.Spans); n > 0 && m.Spans[n-1].Chain == b.Chain {
			m.Spans[n-1].To = b.Number
			continue
		}
		m.Spans = append(m.Spans, Span{Chain: b.Chain, From: b.Number, To: b.Number})
	}
	return m
}
