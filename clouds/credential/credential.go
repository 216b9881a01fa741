// Package credential gets what opens a cloud where no fixed key does: tokens of Entra ID and Google, session keys of AWS.
// The vendors' own libraries speak to the vendors; this package keeps what they return and renews it ahead of its end, so
// that no request waits for a token while the last one still holds.
package credential

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Token is a credential with its end.
type Token struct {
	Value   string
	Expires time.Time // zero = never
}

// A Fetch gets a new token.
type Fetch func(ctx context.Context) (Token, error)

// The times of renewal.
const (
	ahead   = 5 * time.Minute  // before its end a token is renewed, or when a fifth of its life is left if that is less
	pause   = 10 * time.Second // after a renewal that failed while the old token still holds
	timeout = 30 * time.Second // of one renewal
)

// A Source keeps one credential. It is safe for concurrent use: one caller renews, the others go on with what there is, and
// wait only where there is nothing.
type Source struct {
	fetch Fetch
	now   func() time.Time

	mu      sync.Mutex
	token   Token
	renewAt time.Time
	flight  *flight
}

// flight is a renewal under way.
type flight struct {
	done  chan struct{}
	token Token
	err   error
}

// String hides what is kept.
func (*Source) String() string { return "[credential]" }

// GoString hides what is kept.
func (*Source) GoString() string { return "[credential]" }

// NewSource returns a source that has nothing yet; now is the clock by which tokens end.
func NewSource(fetch Fetch, now func() time.Time) *Source { return &Source{fetch: fetch, now: now} }

// ErrNone says that no credential could be had.
var ErrNone = errors.New("no credential")

// Credential returns the credential in force. Its error wraps ErrNone and never holds a secret.
func (s *Source) Credential(ctx context.Context) (string, error) {
	s.mu.Lock()
	now := s.now()
	held := s.token.Value != "" && (s.token.Expires.IsZero() || now.Before(s.token.Expires))
	if held && (s.renewAt.IsZero() || now.Before(s.renewAt)) {
		defer s.mu.Unlock()
		return s.token.Value, nil
	}
	f := s.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		s.flight = f
		go s.renew(context.WithoutCancel(ctx), f) // others wait for it too, so that it outlives this caller; bounded by timeout
	}
	value := s.token.Value
	s.mu.Unlock()
	if held {
		return value, nil
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrNone, ctx.Err())
	}
	if f.err != nil {
		return "", fmt.Errorf("%w: %w", ErrNone, f.err)
	}
	return f.token.Value, nil
}

func (s *Source) renew(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	f.token, f.err = s.fetch(ctx)
	if f.err == nil && f.token.Value == "" {
		f.err = errors.New("the token endpoint answered without a token")
	}
	s.mu.Lock()
	now := s.now()
	s.flight = nil
	if f.err != nil {
		s.renewAt = now.Add(pause)
	} else {
		s.token, s.renewAt = f.token, time.Time{}
		if !f.token.Expires.IsZero() {
			life := f.token.Expires.Sub(now)
			s.renewAt = f.token.Expires.Add(-min(ahead, life/5))
		}
	}
	s.mu.Unlock()
	close(f.done)
}
