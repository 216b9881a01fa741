package store_test

import (
	"context"
	"errors"
	"sync"

	"concord/journal"
)

// faulty is a journal whose storage fails as told. Only failures are made up: what it stores, a real journal stores.
type faulty struct {
	journal.Journal

	mu    sync.Mutex
	fail  func(b *journal.Block) fault
	blind bool // Chains fails too, so that nobody can tell what was stored
}

// fault is what happens to one append.
type fault int

const (
	none   fault = iota
	before       // it fails and nothing was stored
	after        // it was stored, and yet an error comes back
)

var errDisk = errors.New("input/output error")

// set changes how appends fail.
func (f *faulty) set(blind bool, fail func(b *journal.Block) fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blind, f.fail = blind, fail
}

func (f *faulty) AppendBlock(ctx context.Context, b *journal.Block) error {
	f.mu.Lock()
	kind := none
	if f.fail != nil {
		kind = f.fail(b)
	}
	f.mu.Unlock()
	if kind == before {
		return errDisk
	}
	if err := f.Journal.AppendBlock(ctx, b); err != nil {
		return err
	}
	if kind == after {
		return errDisk
	}
	return nil
}

func (f *faulty) Chains(ctx context.Context) ([]journal.ChainState, error) {
	f.mu.Lock()
	blind := f.blind
	f.mu.Unlock()
	if blind {
		return nil, errDisk
	}
	return f.Journal.Chains(ctx)
}
