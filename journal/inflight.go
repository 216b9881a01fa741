package journal

import "context"

// InFlight follows the chain that a process writes, and knows up to which block every intent has its record: whoever looks for
// open requests begins there, however long the chain is. It grows with the requests in flight. It is not safe for concurrent use.
type InFlight struct {
	open     map[RequestID]uint64 // block of the intent
	head     uint64
	resolved uint64
	lost     bool // a block may have become durable that was not seen
	noted    []noted
}

type noted struct {
	request RequestID
	opens   bool
}

// NewInFlight follows a chain from its beginning.
func NewInFlight() *InFlight { return &InFlight{open: map[RequestID]uint64{}} }

// Note takes down an entry of the block that is to come next.
func (f *InFlight) Note(h *Heading) {
	if !f.lost && (h.Kind == KindIntent || h.Kind == KindRecord) {
		f.noted = append(f.noted, noted{h.Request, h.Kind == KindIntent})
	}
}

// Forget lets go of what was noted of a block that is not stored.
func (f *InFlight) Forget() { f.noted = f.noted[:0] }

// Take takes in the block that was noted, once it is durable.
func (f *InFlight) Take(number uint64) {
	if f.lost || number != f.head+1 {
		f.Lose()
		return
	}
	f.head = number
	for _, n := range f.noted {
		if n.opens {
			f.open[n.request] = number
		} else {
			delete(f.open, n.request)
		}
	}
	f.Forget()
}

// Lose says that a block may have become durable that was not seen: what is known stays, and nothing is learnt any more.
func (f *InFlight) Lose() {
	if !f.lost {
		f.resolved = f.Resolved()
		f.lost, f.open, f.noted = true, nil, nil
	}
}

// Resolved returns a block up to which every intent of the chain has its record.
func (f *InFlight) Resolved() uint64 {
	if f.lost {
		return f.resolved
	}
	least := f.head
	for _, block := range f.open {
		least = min(least, block-1)
	}
	return least
}

// A Resolving journal knows of its chains up to which block every intent has its record.
type Resolving interface {
	// Resolved returns such a block of a chain, which need not be the last one; 0 = nothing is known.
	Resolved(ctx context.Context, chain *ChainState) (uint64, error)
}

// ResolvedUpTo asks the journal below wrappers that have Unwrap() Journal.
func ResolvedUpTo(ctx context.Context, j Journal, chain *ChainState) (uint64, error) {
	if r, ok := below[Resolving](j); ok {
		return r.Resolved(ctx, chain)
	}
	return 0, nil
}

// A Documented journal has an index of the blocks that hold documents or facts.
type Documented interface {
	// Documents calls yield for those blocks after a position, in the order of Blocks, until it returns false.
	Documents(ctx context.Context, after Cursor, yield func(*Block) bool) error
}

// Documents calls yield for the blocks that may hold documents or facts, in the order of Blocks: where the journal has no index of
// them, for all blocks.
func Documents(ctx context.Context, j Journal, after Cursor, yield func(*Block) bool) error {
	if d, ok := below[Documented](j); ok {
		return d.Documents(ctx, after, yield)
	}
	return j.Blocks(ctx, after, yield)
}

// Documents reports whether an entry of a kind stands in the index of documents.
func (k Kind) Documents() bool { return k == KindTerms || k == KindPrices || k == KindFact }

func below[T any](j Journal) (T, bool) {
	for {
		if found, ok := j.(T); ok {
			return found, true
		}
		w, ok := j.(interface{ Unwrap() Journal })
		if !ok {
			var none T
			return none, false
		}
		j = w.Unwrap()
	}
}
