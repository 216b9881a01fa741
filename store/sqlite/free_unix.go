//go:build unix

package sqlite

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Free returns how many bytes this process may still write to the file system of a data directory.
func Free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("data directory %s: ask for its free space: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
