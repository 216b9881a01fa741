package ledger

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"

	"concord/journal"
)

// memory is books without a disk, for simulations and tests.
type memory struct {
	mu          sync.Mutex
	saved       Saved
	cells       map[Key]Cell
	activity    map[string][]byte
	checkpoints []Checkpoint // by position
}

var _ Books = (*memory)(nil)

// NewMemory returns books that live in memory. They are safe for concurrent use.
func NewMemory() Books { return &memory{cells: map[Key]Cell{}, activity: map[string][]byte{}} }

func (m *memory) Load(ctx context.Context) (*Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	saved := m.saved
	saved.Documents = slices.Clone(saved.Documents)
	return &saved, ctx.Err()
}

func (m *memory) Save(ctx context.Context, b *Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved.Cursor != b.Old {
		return ErrLostTurn
	}
	m.saved.Cursor, m.saved.State = b.New, bytes.Clone(b.State)
	for _, d := range b.Documents {
		m.saved.Documents = append(m.saved.Documents, bytes.Clone(d))
	}
	for _, c := range b.Cells {
		m.cells[c.Key] = c
	}
	for _, r := range b.Activity {
		m.activity[string(r.Key)] = bytes.Clone(r.Value)
	}
	for _, c := range b.Checkpoints {
		c.State = bytes.Clone(c.State)
		m.checkpoints = append(m.checkpoints, c)
	}
	return nil
}

func (m *memory) Checkpoint(ctx context.Context, at journal.Cursor) (*Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range slices.Backward(m.checkpoints) {
		if compareCursors(c.At, at) <= 0 {
			return &Saved{Cursor: c.At, State: c.State, Documents: slices.Clone(m.saved.Documents[:c.Documents])}, ctx.Err()
		}
	}
	return &Saved{}, ctx.Err()
}

func (m *memory) Cells(ctx context.Context, yield func(Cell) bool) error {
	m.mu.Lock()
	cells := slices.SortedFunc(maps.Values(m.cells), func(a, b Cell) int { return a.Key.Compare(b.Key) })
	m.mu.Unlock()
	for _, c := range cells {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !yield(c) {
			return nil
		}
	}
	return nil
}

func (m *memory) Activity(ctx context.Context, since, until int64, yield func(ActivityRow) bool) error {
	from, to := ActivityRange(since, until)
	m.mu.Lock()
	keys := slices.Sorted(maps.Keys(m.activity))
	var rows []ActivityRow
	for _, k := range keys {
		if k >= string(from) && k < string(to) {
			rows = append(rows, ActivityRow{[]byte(k), m.activity[k]})
		}
	}
	m.mu.Unlock()
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !yield(r) {
			return nil
		}
	}
	return nil
}

func (m *memory) Drop(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saved, m.cells, m.activity, m.checkpoints = Saved{}, map[Key]Cell{}, map[string][]byte{}, nil
	return nil
}

func (m *memory) Close() error { return nil }
