package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/store"
	"concord/store/sqlite"
)

// A Reading is journal and books, opened to be read. Beside a running server it reads what that has committed and posted.
type Reading struct {
	Dir     string
	Journal journal.Journal
	Books   ledger.Books
	Live    bool  // a server is running on them
	Stopped *Halt // the books stand before an entry that cannot be posted, or cannot be read; nil = they follow, or a server knows

	catchUp func(context.Context) error
	posted  ledger.Books                       // that a rebuild writes; nil = Books
	others  func(context.Context) (int, error) // how many gateways are alive; nil = Live says all
	closers []func() error
	history *History
}

// OpenReading opens a data directory to read it, or the store of a configuration that keeps journal and books elsewhere (Where).
// Where no server holds it, the books are first brought up to the journal; nothing else is changed.
func OpenReading(ctx context.Context, dir string) (_ *Reading, err error) {
	settings, err := storeAt(dir)
	if err != nil {
		return nil, err
	}
	if settings.Given() {
		return openShared(ctx, settings)
	}
	if _, err := os.Stat(filepath.Join(dir, "journal.db")); err != nil {
		return nil, fmt.Errorf("there is no journal in %s\n  say where it is: --data DIR or --config FILE", dir)
	}
	r := &Reading{Dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	var options sqlite.Options
	j, err := sqlite.OpenJournal(dir, options)
	if errors.Is(err, journal.ErrLocked) {
		options.ReadOnly, r.Live = true, true
		j, err = sqlite.OpenJournal(dir, options)
	}
	if err != nil {
		return nil, fmt.Errorf("open the journal in %s: %w", dir, err)
	}
	r.Journal, r.closers = j, append(r.closers, j.Close)
	b, err := sqlite.OpenBooks(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open the books in %s: %w", dir, err)
	}
	r.Books, r.closers = b, append(r.closers, b.Close)
	r.catchUp = func(context.Context) error { return nil }
	if !r.Live {
		if _, err := ledger.Freshen(ctx, b); err != nil {
			return nil, err
		}
		r.catchUp = store.NewPoster(j, b, store.PosterOptions{}).CatchUp
	}
	return r, r.opened(ctx)
}

// opened brings the books up to the journal as far as they can follow: what stops them must not keep anybody from reading.
func (r *Reading) opened(ctx context.Context) error {
	err := r.CatchUp(ctx)
	if errors.Is(err, store.ErrUnpostable) || errors.Is(err, ledger.ErrUnreadable) {
		r.Stopped = &Halt{At: time.Now().UTC(), Why: err.Error(), unreadable: errors.Is(err, ledger.ErrUnreadable)}
		return nil
	}
	return err
}

// CatchUp brings the books up to the journal, where no other process does.
func (r *Reading) CatchUp(ctx context.Context) error {
	if err := r.catchUp(ctx); err != nil {
		return fmt.Errorf("bring the books up to the journal: %w", err)
	}
	return nil
}

// History returns the documents of the journal, read once.
func (r *Reading) History(ctx context.Context) (*History, error) {
	if r.history == nil {
		h, err := ReadHistory(ctx, r.Journal)
		if err != nil {
			return nil, err
		}
		r.history = h
	}
	return r.history, nil
}

// Usage returns the record of a request.
func (r *Reading) Usage(ctx context.Context, id journal.RequestID) (*UsageView, error) {
	entries, err := r.Journal.Find(ctx, id)
	if err != nil {
		return nil, notFound(id, err)
	}
	for i := range entries {
		if record, ok := entries[i].Body.(*journal.Record); ok {
			v, err := ViewUsage(&entries[i], record)
			return &v, err
		}
	}
	return nil, fmt.Errorf("request %s has no record yet: it is being served, or its server died; the next start resolves it", id)
}

func notFound(id journal.RequestID, err error) error {
	if errors.Is(err, journal.ErrNotFound) {
		return fmt.Errorf("there is no request %s in this journal\n  list what there is: concord usage list", id)
	}
	return fmt.Errorf("find request %s: %w", id, err)
}

// Close closes what was opened, last first.
func (r *Reading) Close() error {
	var errs []error
	for i := len(r.closers) - 1; i >= 0; i-- {
		errs = append(errs, r.closers[i]())
	}
	r.closers = nil
	return errors.Join(errs...)
}
