package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"concord/journal"
	"concord/store"
	"concord/store/sqlite"
)

// VerifyJournal verifies the journal of a place on as many processors as it can use: blocks are read ahead, and hashed beside their
// reading. It opens the journal alone, and to be read only: one that is damaged is neither posted nor changed.
func VerifyJournal(ctx context.Context, dir string) (_ *journal.Report, err error) {
	j, err := openToVerify(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	return journal.Verify(ctx, store.Ahead(j), journal.VerifyOptions{Go: func(hash func()) { go hash() }})
}

func openToVerify(ctx context.Context, dir string) (journal.Journal, error) {
	settings, err := storeAt(dir)
	if err != nil {
		return nil, err
	}
	if settings.Given() {
		r, err := openShared(ctx, settings)
		if err != nil {
			return nil, err
		}
		return shared{r.Journal, r}, nil
	}
	if _, err := os.Stat(filepath.Join(dir, sqlite.JournalFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no journal in %s\n  say where it is: --data DIR or --config FILE", dir)
	}
	j, err := sqlite.OpenJournal(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("open the journal in %s: %w", dir, err)
	}
	return j, nil
}

// shared closes what was opened with a journal.
type shared struct {
	journal.Journal
	reading *Reading
}

// Unwrap returns the journal itself.
func (s shared) Unwrap() journal.Journal { return s.Journal }

// Close closes all of it.
func (s shared) Close() error { return s.reading.Close() }
