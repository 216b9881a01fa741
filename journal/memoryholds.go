package journal

import (
	"context"
	"slices"
)

// memoryHolds are the counters of a Memory, guarded by its mutex.
type memoryHolds struct {
	states map[BudgetWindow]BudgetState
	open   map[RequestID][]Hold
}

var _ Budgets = (*Memory)(nil)

// plan works out what a block changes; nothing is changed yet.
func (h *memoryHolds) plan(b *Block) (HoldChanges, error) {
	if len(b.Holds) == 0 && len(b.Posts) == 0 {
		return HoldChanges{}, nil
	}
	return PlanHolds(b,
		func(w BudgetWindow) (BudgetState, error) { return h.states[w], nil },
		func(id RequestID) ([]Hold, error) { return h.open[id], nil })
}

func (h *memoryHolds) apply(c HoldChanges) {
	if len(c.States) > 0 && h.states == nil {
		h.states, h.open = map[BudgetWindow]BudgetState{}, map[RequestID][]Hold{}
	}
	for _, s := range c.States {
		h.states[s.BudgetWindow] = s
	}
	for _, hold := range c.Removed {
		delete(h.open, hold.Request)
	}
	for _, hold := range c.Taken {
		h.open[hold.Request] = append(h.open[hold.Request], hold)
	}
}

// BudgetStates lists the counters.
func (m *Memory) BudgetStates(ctx context.Context) ([]BudgetState, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var states []BudgetState
	for _, s := range m.holds.states {
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b BudgetState) int { return a.Compare(b.BudgetWindow) })
	return states, nil
}

// OpenHolds calls yield for every hold that is not posted.
func (m *Memory) OpenHolds(ctx context.Context, yield func(*Hold) bool) error {
	m.mu.RLock()
	var open []Hold
	for _, holds := range m.holds.open {
		open = append(open, holds...)
	}
	m.mu.RUnlock()
	for i := range open {
		if !yield(&open[i]) {
			break
		}
	}
	return nil
}
