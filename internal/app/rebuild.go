package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"concord/ledger"
	"concord/store"
	"concord/store/sqlite"
)

// Rebuilt says what became of books that were posted again from the journal.
type Rebuilt struct {
	Equal        bool  `json:"equal"` // the same bytes as before
	Entries      int64 `json:"entries"`
	Transactions int64 `json:"transactions"`

	Statements []Recut `json:"statements,omitempty"` // closed ones, computed again at their positions: none is ever overwritten
}

// Rebuild drops the books and posts the journal to them again.
func (r *Reading) Rebuild(ctx context.Context) (*Rebuilt, error) {
	if r.Live {
		return nil, fmt.Errorf("a server is running on %s and posts to its books\n  stop it first", r.Dir)
	}
	books := r.Books
	if r.posted != nil {
		books = r.posted
		if n, err := r.others(ctx); err != nil || n > 0 {
			return nil, errors.Join(fmt.Errorf("%s on %s: what is rebuilt would be posted to meanwhile\n  stop them first; one that was killed counts until its lease has run out, in 10 s", counted(uint64(n), "running gateway"), r.Dir), err)
		}
	}
	before, err := ledger.Digest(ctx, books)
	if err != nil {
		return nil, fmt.Errorf("read the books before rebuilding them: %w", err)
	}
	stats, err := store.Rebuild(ctx, r.Journal, books, store.PosterOptions{})
	if err != nil {
		return nil, err
	}
	after, err := ledger.Digest(ctx, books)
	if err != nil {
		return nil, fmt.Errorf("read the rebuilt books: %w", err)
	}
	if r.Stopped != nil { // they can be read now
		r.Stopped = nil
		if err := r.CatchUp(ctx); err != nil {
			return nil, err
		}
	}
	return &Rebuilt{Equal: before == after, Entries: stats.Entries, Transactions: stats.Transactions}, nil
}

// RebuildBeside posts the journal to fresh books in a temporary directory, up to where the books at hand stand, and compares
// the two byte for byte. The books at hand are not touched.
func (r *Reading) RebuildBeside(ctx context.Context) (_ *Rebuilt, err error) {
	dir, err := os.MkdirTemp("", "concord-rebuild-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the rebuilt books: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fresh, err := sqlite.OpenBooks(dir, sqlite.Options{})
	if err != nil {
		return nil, fmt.Errorf("open fresh books: %w", err)
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	saved, err := r.Books.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read how far the books are: %w", err)
	}
	stats, err := store.Rebuild(ctx, r.Journal, fresh, store.PosterOptions{Until: saved.Cursor})
	if err != nil {
		return nil, err
	}
	had, err := ledger.Digest(ctx, r.Books)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	got, err := ledger.Digest(ctx, fresh)
	if err != nil {
		return nil, fmt.Errorf("read the rebuilt books: %w", err)
	}
	return &Rebuilt{Equal: had == got, Entries: stats.Entries, Transactions: stats.Transactions}, nil
}
