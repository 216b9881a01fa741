package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of the disk below.
var (
	ErrFull     = errors.New("no space is left: free some, nothing that was acknowledged is lost")
	ErrReadOnly = errors.New("is read-only: grant this user the right to write")
	ErrDamaged  = errors.New("is damaged: nothing was changed; keep a copy and see docs/operations.md")
	ErrBusy     = errors.New("is locked by another process")
	ErrDisk     = errors.New("the disk reports an error")
)

// code returns the primary result code of an error of SQLite; 0 = it is none.
func code(err error) int {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// fail says what was done to which file, and what the result code means. nil stays nil.
func (f *file) fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	var meaning error
	where := f.path
	switch code(err) {
	case sqlite3.SQLITE_FULL:
		meaning, where = ErrFull, filepath.Dir(f.path)
	case sqlite3.SQLITE_READONLY:
		meaning = ErrReadOnly
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		meaning = ErrDamaged
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		meaning = ErrBusy
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		meaning = ErrDisk
	default:
		return fmt.Errorf("%s the %s %s: %w", doing, f.name, f.path, err)
	}
	return fmt.Errorf("%s the %s: %s %w (%w)", doing, f.name, where, meaning, err)
}
