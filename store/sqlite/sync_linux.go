package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
	driver "modernc.org/sqlite"
)

// syncData has SQLite sync with fdatasync, as its builds for Linux distributions do: all that reading the data back needs becomes
// durable, the times in the file's description do not hold the commit up. Where the system forbids that call (a seccomp list
// that knows fsync only), it stays with fsync.
func (f *file) syncData() error {
	probe, err := os.CreateTemp(filepath.Dir(f.path), ".probe-*")
	if err != nil {
		return fmt.Errorf("data directory %s: try a sync: %w", filepath.Dir(f.path), err)
	}
	if unix.Fdatasync(int(probe.Fd())) == nil {
		_, err = driver.Fdatasync(true)
	}
	return errors.Join(err, probe.Close(), os.Remove(probe.Name()))
}
