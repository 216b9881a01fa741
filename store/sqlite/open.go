// Package sqlite keeps the journal and the books in two SQLite files of one data directory. journal.db has one writer,
// which holds an operating system lock on the directory, and is durable at every commit; books.db is derived from it, and
// may be deleted. Readers open either beside the writer.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Options configure how files are opened.
type Options struct {
	ReadOnly bool // beside a live writer, or of a directory that nobody may write to
}

// Names of the files in a data directory.
const (
	JournalFile = "journal.db"
	BooksFile   = "books.db"
	lockFile    = "lock"
)

// ErrFuture says that a file was written by a later version of this program.
var ErrFuture = errors.New("written by a later version of Concord: use that version, nothing was changed")

//go:embed schema
var schemas embed.FS

// file is one of the two databases.
type file struct {
	name        string // in errors
	path        string
	application int64  // PRAGMA application_id
	schema      string // folder of its migrations
	readOnly    bool
	grows       bool     // migrations only add to it: an older format is read as it is
	format      int64    // of the file, once it is prepared
	page        int      // bytes, of a new file
	logLimit    int      // what is left of a write-ahead log that was started again
	pragmas     []string // of every connection, writing or reading
}

// The sizes of pages, of new files only. A commit of one entry changes three pages of the journal and writes them whole; the state
// of the books is some 100 KB.
const (
	journalPage = 4096
	booksPage   = 8192
)

func journalDB(dir string, o Options) file {
	return file{
		name: "journal", path: filepath.Join(dir, JournalFile), application: 0x434a4e4c, schema: "schema/journal", readOnly: o.ReadOnly,
		grows: true, page: journalPage, logLimit: walMax,
		// Checkpoints are made by a connection of their own. fullfsync reaches the platter on macOS and does nothing elsewhere.
		pragmas: []string{"synchronous(FULL)", "wal_autocheckpoint(0)", "fullfsync(1)", "checkpoint_fullfsync(1)"},
	}
}

func booksDB(dir string, o Options) file {
	return file{
		name: "books", path: filepath.Join(dir, BooksFile), application: 0x43424f4b, schema: "schema/books", readOnly: o.ReadOnly, page: booksPage, logLimit: 64 << 20,
		pragmas: []string{"synchronous(NORMAL)"}, // a lost tail is posted again from the journal
	}
}

// open opens a connection pool of at most conns.
func (f *file) open(conns int, readOnly bool) (*sql.DB, error) {
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)"}}
	switch {
	case readOnly && f.frozen():
		query.Set("mode", "ro")
		query.Set("immutable", "1")
	case readOnly:
		query.Set("mode", "ro")
		query.Add("_pragma", "query_only(1)")
	default:
		query.Set("mode", "rwc")
		query.Add("_pragma", fmt.Sprintf("journal_size_limit(%d)", f.logLimit))
	}
	for _, p := range f.pragmas {
		query.Add("_pragma", p)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(f.path), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, f.fail("open", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// frozen reports whether a database that was closed cleanly lies where nobody may write, not even SQLite's shared memory.
func (f *file) frozen() bool {
	if _, err := os.Stat(f.path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	probe, err := os.CreateTemp(filepath.Dir(f.path), ".probe-*")
	if err != nil {
		return true
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name())) != nil
}

// prepare checks what the file is and brings it up to this program's version.
func (f *file) prepare(ctx context.Context, db *sql.DB) error {
	steps, err := fs.Glob(schemas, f.schema+"/*.sql")
	if err != nil {
		return err
	}
	var application, version int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application); err != nil {
		return f.fail("read", err)
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return f.fail("read", err)
	}
	switch {
	case application != f.application && (application != 0 || version != 0):
		return fmt.Errorf("%s %s: is not a Concord %s: name another data directory, nothing was changed", f.name, f.path, f.name)
	case version > int64(len(steps)):
		return fmt.Errorf("%s %s: format %d, this program knows up to %d: %w", f.name, f.path, version, len(steps), ErrFuture)
	case version == int64(len(steps)), f.readOnly && f.grows && version > 0:
		f.format = version
		return nil
	case f.readOnly:
		return fmt.Errorf("%s %s: format %d is older than %d: start the server once, which brings it up to date", f.name, f.path, version, len(steps))
	}
	if version == 0 { // of a new file only, and the size of its pages before its first page
		for _, pragma := range []string{fmt.Sprintf("page_size = %d", f.page), "journal_mode = WAL"} {
			if _, err := db.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
				return f.fail("make", err)
			}
		}
	}
	for i := version; i < int64(len(steps)); i++ {
		if err := f.migrate(ctx, db, steps[i], i+1); err != nil {
			return err
		}
	}
	f.format = int64(len(steps))
	return nil
}

func (f *file) migrate(ctx context.Context, db *sql.DB, step string, version int64) error {
	statements, err := schemas.ReadFile(step)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return f.fail("begin a migration of", err)
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("%s;\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;", statements, f.application, version))
	if err != nil {
		return errors.Join(f.fail("migrate", err), tx.Rollback())
	}
	return f.fail("migrate", tx.Commit())
}

// ready checks the directory before SQLite sees it, whose own errors do not say what is wrong with it.
func (f *file) ready() error {
	dir := filepath.Dir(f.path)
	if f.readOnly {
		if _, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: there is no %s in %s: name a data directory that a server has used: %w", f.name, filepath.Base(f.path), dir, fs.ErrNotExist)
		}
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("data directory %s: cannot be made: %w", dir, err)
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("data directory %s: is not writable: grant this user the right or name another directory: %w", dir, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// setting reads a pragma back.
func (f *file) setting(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, pragma, want string) error {
	var got string
	if err := db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
		return f.fail("read the settings of", err)
	}
	if !strings.EqualFold(got, want) {
		return fmt.Errorf("%s %s: %s is %s and must be %s, or commits are not durable: keep the data directory on a local disk", f.name, f.path, pragma, got, want)
	}
	return nil
}
