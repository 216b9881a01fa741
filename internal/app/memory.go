package app

import (
	"bytes"
	"runtime/debug"
	"strconv"
)

// collectAt is Go's GOGC for a server. Requests leave garbage and little else: what lives is some 10 MB, so that collecting a
// fifth as often costs some tens of MB under load and saves a seventh of the processor time.
const collectAt = 400

// SetMemory tunes the garbage collector for a server, where the environment does not say otherwise by GOGC and GOMEMLIMIT:
// it collects when the heap is five times what lives, and the more eagerly the nearer three quarters of the memory are that
// this machine or its container has.
func SetMemory(src Source) {
	if _, said := src.Getenv("GOGC"); !said {
		debug.SetGCPercent(collectAt)
	}
	if _, said := src.Getenv("GOMEMLIMIT"); said {
		return
	}
	if total := memoryOf(src.Read); total > 0 {
		debug.SetMemoryLimit(total / 4 * 3)
	}
}

// Settled gives back what starting took and serving does not need.
func Settled() { debug.FreeOSMemory() }

// memoryOf is how much memory there is, bytes: the container's limit or the machine's memory, whichever is less. 0 = nothing
// tells.
func memoryOf(read func(string) ([]byte, error)) int64 {
	least := int64(0)
	take := func(n int64, err error) {
		if err == nil && n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	for _, limit := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if text, err := read(limit); err == nil { // "max" is no number, and no limit
			take(strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64))
		}
	}
	if text, err := read("/proc/meminfo"); err == nil {
		_, rest, found := bytes.Cut(text, []byte("MemTotal:"))
		if fields := bytes.Fields(rest); found && len(fields) > 0 {
			n, err := strconv.ParseInt(string(fields[0]), 10, 64)
			take(n<<10, err)
		}
	}
	return least
}
