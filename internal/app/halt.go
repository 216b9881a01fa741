package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"concord/store"
)

// A Halt says at which entry posting to the books stopped. Requests are served and recorded on: the books stand whole before
// that entry, and go on once it can be posted.
type Halt struct {
	At  time.Time `json:"at"`
	Why string    `json:"why"` // where the entry stands, which it is, and why the books cannot follow

	unreadable bool // it is the books themselves
}

// Error says what to do about it.
func (h *Halt) Error() string {
	if h.unreadable {
		return h.Why + "\n  they are derived from the journal, which is not touched: concord ledger rebuild makes them again"
	}
	return fmt.Sprintf("posting to the books stopped: %s\n  the books stand before that entry and nothing of it is half posted; requests are served and recorded on. What to do: docs/operations.md, `an entry cannot be posted`", h.Why)
}

// halt keeps why the poster ended, if it met an entry that cannot be posted. Whatever else ends it ends the server.
func (s *Server) halt(err error) bool {
	if !errors.Is(err, store.ErrUnpostable) {
		return false
	}
	h := &Halt{At: time.Now().UTC(), Why: err.Error()}
	s.halted.Store(h)
	s.log.Error("posting to the books stopped, requests are served and recorded on", slog.String("why", h.Why))
	select {
	case s.posted <- struct{}{}: // whoever waits for the books learns of it
	default:
	}
	return true
}

// stopped returns where posting stopped; nil = the books follow, or another process posts them.
func (s *Server) stopped(ctx context.Context) *Halt {
	h := s.halted.Load()
	if h == nil {
		return nil
	}
	if behind, err := s.poster.Lag(ctx); err == nil && behind == 0 {
		return nil
	}
	return h
}

// postingStopped is for the metric.
func (s *Server) postingStopped() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // a scrape has no context of its own
	defer cancel()
	return s.stopped(ctx) != nil
}
