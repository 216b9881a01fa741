package gateway

import (
	"sync"
	"sync/atomic"

	"concord/agreement"
	"concord/clouds"
	"concord/delivery"
)

// breakers are the health of every deployment that is offered, whatever offer it stands in: one breaker for each way to a
// deployment.
type breakers struct {
	settings delivery.Settings
	marked   atomic.Int64     // slots of the current offer that are not in their first state
	current  map[string]*slot // by deployment id; guarded by Gateway.swap
}

// health is the breakers of one offer, by deployment index. While all are in their first state, a snapshot is one atomic load.
type health struct {
	*breakers
	well  []delivery.State // all closed; shared by all who ask, never written
	slots []*slot
}

type slot struct {
	target    *clouds.Target
	latencies latencies
	marked    atomic.Bool // breaker is not in its first state
	mu        sync.Mutex
	breaker   delivery.Breaker
	limit     bool // it was a limit or a quota that opened the breaker
	gone      bool // no longer offered: it does not count among the marked
}

// health returns the breakers of an offer: those of deployments that are reached as before, and new ones. Breakers that are
// no longer offered live on in the requests that still use them. The caller holds Gateway.swap.
func (b *breakers) health(deployments []agreement.Deployment, targets map[string]*clouds.Target) *health {
	h := &health{breakers: b, well: make([]delivery.State, len(deployments))}
	next := make(map[string]*slot, len(deployments))
	for i := range deployments {
		id := deployments[i].ID
		s := b.current[id]
		if s == nil || !s.target.Equal(targets[id]) {
			s = &slot{target: targets[id]}
		}
		next[id] = s
		h.slots = append(h.slots, s)
	}
	for id, s := range b.current {
		if next[id] != s {
			s.drop(b)
		}
	}
	b.current = next
	return h
}

func (s *slot) drop(b *breakers) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	if s.marked.Load() {
		b.marked.Add(-1)
	}
}

// snapshot returns the state of every deployment at now, in room if it must; the result must not be written.
func (h *health) snapshot(now int64, room []delivery.State) []delivery.State {
	if h.marked.Load() == 0 {
		return h.well
	}
	for _, s := range h.slots {
		state := delivery.Closed
		if s.marked.Load() {
			s.mu.Lock()
			state = s.breaker.State(now)
			s.mu.Unlock()
		}
		room = append(room, state)
	}
	return room
}

// stateOf returns the state of one deployment.
func (h *health) stateOf(deployment int, now int64) delivery.State {
	s := h.slots[deployment]
	if !s.marked.Load() {
		return delivery.Closed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.breaker.State(now)
}

// limited reports whether a deployment is out for a limit, a quota or a credential, not for failures.
func (h *health) limited(deployment int) bool {
	s := h.slots[deployment]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

// acquire claims the probe of a deployment that is open; true if the caller may send.
func (h *health) acquire(deployment int, now int64) bool {
	s := h.slots[deployment]
	if !s.marked.Load() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.breaker.Acquire(now)
}

// observe takes in what came of an attempt; it reports whether the breaker opened or closed.
func (h *health) observe(deployment int, now int64, o delivery.Outcome, retryAfter int64) bool {
	s := h.slots[deployment]
	if o == delivery.Answered && !s.marked.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.breaker.Observe(&h.settings, now, o, retryAfter)
	if o == delivery.Throttled || o == delivery.Quota || o == delivery.Credential {
		s.limit = true
	} else if s.breaker == (delivery.Breaker{}) {
		s.limit = false
	}
	if marked := s.breaker != (delivery.Breaker{}); marked != s.marked.Load() {
		s.marked.Store(marked)
		switch {
		case s.gone:
		case marked:
			h.marked.Add(1)
		default:
			h.marked.Add(-1)
		}
	}
	return changed
}
