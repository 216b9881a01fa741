package journal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Memory is a journal without a disk, for tests and simulations. It is safe for concurrent use.
type Memory struct {
	mu       sync.RWMutex
	chains   []*memoryChain
	requests map[RequestID][]place
	records  map[recordKey]struct{}
	objects  map[ObjectKey][]RequestID
	pending  []pendingPlace
	holds    memoryHolds
	closed   bool
}

type memoryChain struct {
	state  ChainState
	blocks []*Block
}

// place is where an entry stands.
type place struct {
	chain, block int // indexes
	offset       int
}

// pendingPlace is where a record stands that was pending when it was written.
type pendingPlace struct {
	recordKey
	time int64
	at   place
}

type recordKey struct {
	request RequestID
	part    uint32
}

var _ Journal = (*Memory)(nil)

var errClosed = errors.New("journal: is closed")

// NewMemory returns an empty journal.
func NewMemory() *Memory {
	return &Memory{requests: map[RequestID][]place{}, records: map[recordKey]struct{}{}, objects: map[ObjectKey][]RequestID{}}
}

// OpenChain begins a chain.
func (m *Memory) OpenChain(ctx context.Context, id ChainID) error {
	if err := id.Check(); err != nil {
		return fmt.Errorf("open chain: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	if m.chain(id) != nil {
		return fmt.Errorf("open chain %s: there is one of this name: %w", id, ErrConflict)
	}
	m.chains = append(m.chains, &memoryChain{state: ChainState{ID: id, Ordinal: uint64(len(m.chains) + 1)}})
	return nil
}

func (m *Memory) chain(id ChainID) *memoryChain {
	for i := len(m.chains) - 1; i >= 0; i-- {
		if m.chains[i].state.ID == id {
			return m.chains[i]
		}
	}
	return nil
}

// AppendBlock appends a copy of b.
func (m *Memory) AppendBlock(ctx context.Context, b *Block) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	c := m.chain(b.Chain)
	if c == nil {
		return fmt.Errorf("append block %d to chain %s: %w", b.Number, b.Chain, ErrNotFound)
	}
	if c.state.Sealed || b.Number != c.state.Blocks+1 || b.Prev != c.state.Head || b.First != c.state.Entries+1 {
		return fmt.Errorf("append block %d to chain %s: %w", b.Number, b.Chain, ErrFenced)
	}
	changes, err := m.holds.plan(b)
	if err != nil {
		return fmt.Errorf("append block %d to chain %s: %w", b.Number, b.Chain, err)
	}
	kept := *b
	kept.Holds, kept.Posts = nil, nil
	kept.Ordinal = c.state.Ordinal
	kept.Bytes = bytes.Clone(b.Bytes)
	if err := m.index(&kept); err != nil {
		return err
	}
	m.holds.apply(changes)
	c.blocks = append(c.blocks, &kept)
	c.state.Blocks, c.state.Head, c.state.Entries = b.Number, b.Hash, c.state.Entries+uint64(b.Count)
	return nil
}

// index checks a whole block before it changes anything.
func (m *Memory) index(b *Block) error {
	var heads []Heading
	if err := b.Headings(func(h *Heading) { heads = append(heads, *h) }); err != nil {
		return fmt.Errorf("append block: %w", err)
	}
	seen := map[recordKey]bool{}
	for _, h := range heads {
		key := recordKey{h.Request, h.Part}
		if _, ok := m.records[key]; h.Sole && (ok || seen[key]) {
			return fmt.Errorf("append block %d to chain %s: a second %s for %s: %w", b.Number, b.Chain, h.Kind, h.Request, ErrConflict)
		}
		seen[key] = seen[key] || h.Sole
	}
	for i := range heads {
		m.add(&heads[i], place{int(b.Ordinal - 1), int(b.Number - 1), heads[i].Offset})
	}
	return nil
}

func (m *Memory) add(h *Heading, at place) {
	if h.Kind == KindSeal {
		if c := m.chain(h.Seal); c != nil {
			c.state.Settled = true
		}
		return
	}
	if h.Sole {
		m.records[recordKey{h.Request, h.Part}] = struct{}{}
	}
	for _, id := range append([]RequestID{h.Request}, h.Also...) {
		if !id.IsZero() {
			m.requests[id] = append(m.requests[id], at)
		}
	}
	if known := m.objects[h.Object]; h.Object != (ObjectKey{}) && !slices.Contains(known, h.Request) {
		m.objects[h.Object] = append(known, h.Request)
	}
	if h.Pending {
		m.pending = append(m.pending, pendingPlace{recordKey{h.Request, h.Part}, h.Time, at})
	}
}

// SealChain ends a chain.
func (m *Memory) SealChain(ctx context.Context, id ChainID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.chain(id)
	if c == nil {
		return fmt.Errorf("seal chain %s: %w", id, ErrNotFound)
	}
	c.state.Sealed = true
	return nil
}

// Chains lists all chains.
func (m *Memory) Chains(ctx context.Context) ([]ChainState, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	states := make([]ChainState, 0, len(m.chains))
	for _, c := range m.chains {
		states = append(states, c.state)
	}
	return states, nil
}

// Blocks calls yield for the blocks after a cursor; it holds no lock meanwhile.
func (m *Memory) Blocks(ctx context.Context, after Cursor, yield func(*Block) bool) error {
	chain, block := int(after.Chain), int(after.Block)
	if chain == 0 {
		chain, block = 1, 0
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.mu.RLock()
		var next *Block
		for next == nil && chain <= len(m.chains) {
			if c := m.chains[chain-1]; block < len(c.blocks) {
				next = c.blocks[block]
				block++
			} else {
				chain, block = chain+1, 0
			}
		}
		m.mu.RUnlock()
		if next == nil {
			return nil
		}
		given := *next
		if !yield(&given) {
			return nil
		}
	}
}

// Find returns the entries of a request.
func (m *Memory) Find(ctx context.Context, id RequestID) ([]Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.find(id)
}

func (m *Memory) find(id RequestID) ([]Entry, error) {
	var own, also []Entry
	places := slices.Clone(m.requests[id])
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.chain, b.chain), cmp.Compare(a.block, b.block), cmp.Compare(a.offset, b.offset))
	})
	for _, p := range places {
		e, err := m.entryAt(p)
		if err != nil {
			return nil, err
		}
		if e.Key() == id {
			own = append(own, e)
		} else {
			also = append(also, e)
		}
	}
	if len(own)+len(also) == 0 {
		return nil, fmt.Errorf("request %s: %w", id, ErrNotFound)
	}
	return append(own, also...), nil
}

func (m *Memory) entryAt(p place) (Entry, error) {
	return m.chains[p.chain].blocks[p.block].EntryAt(p.offset)
}

// FindObject returns the entries of the requests that made an object.
func (m *Memory) FindObject(ctx context.Context, object string) ([]Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	ids := slices.Clone(m.objects[KeyOfObject(object)])
	slices.SortFunc(ids, RequestID.Compare)
	var found []Entry
	for _, id := range ids {
		entries, err := m.find(id)
		if err != nil {
			return nil, err
		}
		found = append(found, entries...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("object %q: %w", object, ErrNotFound)
	}
	return found, nil
}

// Pending calls yield for the records that are still pending; it holds no lock meanwhile.
func (m *Memory) Pending(ctx context.Context, since int64, yield func(*Entry) bool) error {
	m.mu.RLock()
	latest := map[RequestID]uint32{}
	for key := range m.records {
		latest[key.request] = max(latest[key.request], key.part)
	}
	var open []pendingPlace
	for _, p := range m.pending {
		if p.time >= since && p.part == latest[p.request] {
			open = append(open, p)
		}
	}
	m.mu.RUnlock()
	slices.SortFunc(open, func(a, b pendingPlace) int { return cmp.Or(cmp.Compare(a.time, b.time), a.request.Compare(b.request)) })
	for _, p := range open {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.mu.RLock()
		e, err := m.entryAt(p.at)
		m.mu.RUnlock()
		if err != nil {
			return err
		}
		if !yield(&e) {
			return nil
		}
	}
	return nil
}

// Close ends the journal.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
