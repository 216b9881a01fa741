package app

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
)

// The garbage collector of a server. Requests leave garbage and little else, so that a heap that is small may become five times
// as large before it is collected (Go's GOGC is 400 then): that costs some MB and saves a seventh of the processor time. The more
// lives, open streams above all, the less is gained and the more it costs: garbage has `garbage` bytes of room then, or half of
// what lives if that is more. Streams are long and leave little, so that collecting them early costs next to nothing.
const (
	collectSmall = 400
	collectLarge = 50
	garbage      = 24 << 20
)

// collectAt is the GOGC for a heap of which so many bytes live.
func collectAt(live int64) int {
	if live <= 0 {
		return collectSmall
	}
	return int(min(max(100*garbage/live, collectLarge), collectSmall))
}

// SetMemory tunes the garbage collector for a server, where the environment does not say otherwise by GOGC and GOMEMLIMIT: how
// much garbage there may be follows from what lives, and collecting is the more eager the nearer three quarters of the memory are
// that this machine or its container has.
func SetMemory(src Source) {
	if _, said := src.Getenv("GOGC"); !said {
		debug.SetGCPercent(collectSmall)
		(&collector{percent: collectSmall}).watch()
	}
	if _, said := src.Getenv("GOMEMLIMIT"); said {
		return
	}
	if total := memoryOf(src.Read); total > 0 {
		debug.SetMemoryLimit(total / 4 * 3)
	}
}

// A collector looks after each collection what lives, and sets the GOGC of the next.
type collector struct {
	percent int
	sample  [1]metrics.Sample
}

// watch makes the next collection call adjust: what nobody holds is cleaned up after it.
func (c *collector) watch() {
	runtime.AddCleanup(&sentinel{}, (*collector).adjust, c)
}

// A sentinel is what nobody holds. It holds a pointer, so that it is not allocated together with what is held.
type sentinel struct{ _ *byte }

// adjust sets the GOGC, which stops the program for a moment, only where it would change by a tenth.
func (c *collector) adjust() {
	c.sample[0].Name = "/gc/heap/live:bytes"
	metrics.Read(c.sample[:])
	if v := c.sample[0].Value; v.Kind() == metrics.KindUint64 {
		if percent := collectAt(int64(v.Uint64())); 10*percent >= 11*c.percent || 10*percent <= 9*c.percent {
			debug.SetGCPercent(percent)
			c.percent = percent
		}
	}
	c.watch()
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
