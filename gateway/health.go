package gateway

import (
	"sync"
	"sync/atomic"

	"concord/delivery"
)

// health keeps one breaker for each deployment. While all are in their first state, a snapshot is one atomic load.
type health struct {
	settings delivery.Settings
	marked   atomic.Int64     // breakers that are not in their first state
	well     []delivery.State // all closed; shared by all who ask, never written
	slots    []slot
}

type slot struct {
	marked  atomic.Bool // breaker is not in its first state
	mu      sync.Mutex
	breaker delivery.Breaker
}

func newHealth(deployments int, s delivery.Settings) *health {
	return &health{settings: s, well: make([]delivery.State, deployments), slots: make([]slot, deployments)}
}

// snapshot returns the state of every deployment at now, in room if it must; the result must not be written.
func (h *health) snapshot(now int64, room []delivery.State) []delivery.State {
	if h.marked.Load() == 0 {
		return h.well
	}
	for i := range h.slots {
		state := delivery.Closed
		if s := &h.slots[i]; s.marked.Load() {
			s.mu.Lock()
			state = s.breaker.State(now)
			s.mu.Unlock()
		}
		room = append(room, state)
	}
	return room
}

// acquire claims the probe of a deployment that is open; true if the caller may send.
func (h *health) acquire(deployment int, now int64) bool {
	s := &h.slots[deployment]
	if !s.marked.Load() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.breaker.Acquire(now)
}

// observe takes in what came of an attempt; it reports whether the breaker opened or closed.
func (h *health) observe(deployment int, now int64, o delivery.Outcome, retryAfter int64) bool {
	s := &h.slots[deployment]
	if o == delivery.Answered && !s.marked.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.breaker.Observe(&h.settings, now, o, retryAfter)
	if marked := s.breaker != (delivery.Breaker{}); marked != s.marked.Load() {
		s.marked.Store(marked)
		if marked {
			h.marked.Add(1)
		} else {
			h.marked.Add(-1)
		}
	}
	return changed
}
