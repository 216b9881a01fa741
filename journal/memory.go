package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
)

// Memory is a journal without a disk, for tests and simulations. It is safe for concurrent use.
type Memory struct {
	mu       sync.RWMutex
	chains   []*memoryChain
	requests map[RequestID][]place
	records  map[recordKey]struct{}
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

type recordKey struct {
	request RequestID
	part    uint32
}

var _ Journal = (*Memory)(nil)

var errClosed = errors.New("journal: is closed")

// NewMemory returns an empty journal.
func NewMemory() *Memory {
	return &Memory{requests: map[RequestID][]place{}, records: map[recordKey]struct{}{}}
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
	kept := *b
	kept.Ordinal = c.state.Ordinal
	kept.Bytes = bytes.Clone(b.Bytes)
	if err := m.index(&kept); err != nil {
		return err
	}
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
		if _, ok := m.records[key]; h.Kind == KindRecord && (ok || seen[key]) {
			return fmt.Errorf("append block %d to chain %s: a second record for %s: %w", b.Number, b.Chain, h.Request, ErrConflict)
		}
		seen[key] = seen[key] || h.Kind == KindRecord
	}
	for _, h := range heads {
		switch {
		case h.Kind == KindSeal:
			if c := m.chain(h.Seal); c != nil {
				c.state.Settled = true
			}
			continue
		case h.Request.IsZero():
			continue
		case h.Kind == KindRecord:
			m.records[recordKey{h.Request, h.Part}] = struct{}{}
		}
		m.requests[h.Request] = append(m.requests[h.Request], place{int(b.Ordinal - 1), int(b.Number - 1), h.Offset})
	}
	return nil
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
	var found []Entry
	for _, p := range m.requests[id] {
		e, err := m.chains[p.chain].blocks[p.block].EntryAt(p.offset)
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("request %s: %w", id, ErrNotFound)
	}
	return found, nil
}

// Close ends the journal.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
