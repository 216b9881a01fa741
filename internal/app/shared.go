package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"concord/gateway"
	"concord/journal"
	"concord/ledger"
	"concord/store"
	"concord/store/postgres"
	"concord/usage"
)

// Times of a gateway that shares its store.
const (
	recoverEvery = time.Second            // how often it looks for chains that nobody writes any more
	clockEvery   = 5 * time.Second        // how often it compares its clock with the store's
	clockBound   = 250 * time.Millisecond // how far they may be apart while it is ready
)

// openDatabase opens journal and books that other gateways use too.
func (s *Server) openDatabase(ctx context.Context) error {
	if err := os.MkdirAll(s.config.Data, 0o750); err != nil { // of the admin socket
		return fmt.Errorf("data directory %s: cannot be made: %w", s.config.Data, err)
	}
	if err := alone(ctx, s.config.Data); err != nil {
		return err
	}
	options := postgres.Options{Relaxed: s.config.Journal.Durability == gateway.Relaxed}
	url := s.config.Store.Postgres.Reveal()
	j, err := postgres.OpenJournal(ctx, url, options)
	if err != nil {
		return err
	}
	s.shared, s.journal = j, timed{j, s.metrics.Committed}
	b, err := postgres.OpenBooks(ctx, url, options)
	if err != nil {
		return err
	}
	s.books = b
	return s.compareClocks(ctx)
}

// place is where journal and books are, for messages.
func (s *Server) place() string {
	if s.shared != nil {
		return s.config.Store.Name()
	}
	return s.config.Data
}

// post runs the poster until ctx ends.
func (s *Server) post(ctx context.Context) error {
	if s.shared == nil {
		return s.poster.Run(ctx)
	}
	return s.poster.RunShared(ctx, s.committer)
}

// tend does beside serving what a shared store asks of each gateway, until ctx ends.
func (s *Server) tend(ctx context.Context) *sync.WaitGroup {
	var all sync.WaitGroup
	if s.shared == nil {
		return &all
	}
	all.Go(func() {
		store.KeepAlive(ctx, s.shared, s.chain, s.log, func(err error) {
			s.gateway.Lose(err)
			s.lose(err)
		})
	})
	all.Go(func() {
		store.KeepRecovering(ctx, s.journal, s.committer, recoverEvery, store.RecoverOptions{Price: s.pastPrice(ctx), Now: nowNanos, Log: s.log})
	})
	all.Go(func() { s.watchClock(ctx) })
	all.Go(func() { s.watchOthers(ctx) })
	return &all
}

// pastPrice prices what others left open. Their documents are read when they are first needed, and again when one is missing.
func (s *Server) pastPrice(ctx context.Context) journal.PriceFunc {
	var history *History
	return func(in *journal.Intent, admitted int64, deployment string, u *usage.Usage) (journal.Quote, error) {
		if history == nil || !history.knows(in.Set) {
			read, err := ReadHistory(ctx, s.journal)
			if err != nil {
				return journal.Quote{}, err
			}
			history = read
		}
		return history.Price(in, admitted, deployment, u)
	}
}

// knows reports whether the documents of a set were read.
func (h *History) knows(set journal.Hash) bool {
	_, ok := h.documents[set]
	return ok
}

// finishShared merges and posts what is left, if it is nobody else's turn; else others will.
func (s *Server) finishShared(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	turn, err := s.shared.Post(ctx, s.chain)
	if err == nil && turn {
		if err = store.MergeAll(ctx, s.shared, s.committer); err == nil {
			err = s.poster.CatchUp(ctx)
		}
		err = errors.Join(err, s.shared.EndPost(context.WithoutCancel(ctx), s.chain))
	}
	if errors.Is(err, journal.ErrConflict) || errors.Is(err, ledger.ErrLostTurn) || errors.Is(err, journal.ErrFenced) {
		return nil // another one's turn after all
	}
	if err != nil {
		s.log.Warn("what is left is posted by others, or by the next command", slog.Any("error", err))
	}
	return nil
}

func (s *Server) watchClock(ctx context.Context) {
	look := time.NewTicker(clockEvery)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		if err := s.compareClocks(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("the store's clock could not be asked", slog.Any("error", err))
		}
	}
}

// compareClocks asks the store what time it is. What the question took is in this machine's favour.
func (s *Server) compareClocks(ctx context.Context) error {
	asked := time.Now()
	there, err := s.shared.Clock(ctx)
	if err != nil {
		return err
	}
	took := time.Since(asked)
	ahead := Apart(asked.UnixNano(), int64(took), there)
	if was := s.ahead.Swap(ahead); abs(ahead) > int64(clockBound) && abs(was) <= int64(clockBound) {
		s.log.Error("this machine's clock is too far from the store's, not ready", slog.Duration("ahead", time.Duration(ahead)))
	}
	return nil
}

// Apart returns how far a clock is ahead of another one that was asked: at the least, for it answered at some instant between
// the question and the answer, took later. Negative: it is behind.
func Apart(asked, took, there int64) int64 {
	switch {
	case asked > there:
		return asked - there
	case asked+took < there:
		return asked + took - there
	}
	return 0
}

func abs(n int64) int64 { return max(n, -n) }

// A ClockError says that this machine's clock cannot be trusted.
type ClockError struct{ Ahead time.Duration }

// Error says how far the clock is off, and what to do.
func (e *ClockError) Error() string {
	if e.Ahead < 0 {
		return fmt.Sprintf("this machine's clock is %s behind the store's, %s is allowed: synchronise it", -e.Ahead, clockBound)
	}
	return fmt.Sprintf("this machine's clock is %s ahead of the store's, %s is allowed: synchronise it", e.Ahead, clockBound)
}

// ready answers /readyz: next, unless this machine's clock is too far from the store's.
func (s *Server) ready(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ahead := s.ahead.Load(); abs(ahead) > int64(clockBound) {
			err := &ClockError{time.Duration(ahead).Round(time.Millisecond)}
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
		if h := s.stopped(r.Context()); h != nil {
			_, _ = fmt.Fprintln(w, h.Error())
		}
	})
}

// alone says that another server runs on the same data directory, whose socket would be taken from it.
func alone(ctx context.Context, data string) error {
	if _, err := AskStatus(ctx, data); err == nil {
		return fmt.Errorf("another server runs on the data directory %s: give each gateway a `data:` of its own, for its admin socket", data)
	}
	return nil // whatever stands there is of a process that died
}

// finishPosting posts what is left.
func (s *Server) finishPosting(ctx context.Context) error {
	if s.shared == nil {
		return s.poster.CatchUp(ctx)
	}
	return s.finishShared(ctx)
}

// end commits what is queued and seals the chain.
func (s *Server) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return s.committer.Close(ctx)
}
