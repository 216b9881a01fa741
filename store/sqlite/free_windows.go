package sqlite

import (
	"fmt"
	"math"

	"golang.org/x/sys/windows"
)

// Free returns how many bytes this process may still write to the file system of a data directory.
func Free(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, fmt.Errorf("data directory %s: %w", dir, err)
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("data directory %s: ask for its free space: %w", dir, err)
	}
	return int64(min(free, math.MaxInt64)), nil
}
