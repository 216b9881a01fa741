package app_test

import (
	"io/fs"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"concord/internal/app"
)

// A machine is what a source says of one.
func machine(files, environment map[string]string) app.Source {
	return app.Source{
		Read: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
		Getenv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}
}

func TestTheCollectorIsTunedUnlessTheEnvironmentSaysOtherwise(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	const machineFile, container = "/proc/meminfo", "/sys/fs/cgroup/memory.max"
	for name, c := range map[string]struct {
		files, environment map[string]string
		percent            int
		limit              int64
	}{
		"a machine":               {files: map[string]string{machineFile: "MemTotal:        4096 kB\nMemFree: 1 kB\n"}, percent: 400, limit: 3 << 20},
		"a container":             {files: map[string]string{machineFile: "MemTotal: 4096 kB\n", container: "2097152\n"}, percent: 400, limit: 3 << 19},
		"a container without one": {files: map[string]string{machineFile: "MemTotal: 4096 kB\n", container: "max\n"}, percent: 400, limit: 3 << 20},
		"nothing known":           {percent: 400, limit: math.MaxInt64},
		"GOGC":                    {environment: map[string]string{"GOGC": "50"}, percent: 100, limit: math.MaxInt64},
		"GOMEMLIMIT": {files: map[string]string{machineFile: "MemTotal: 4096 kB\n"}, environment: map[string]string{"GOMEMLIMIT": "1GiB"},
			percent: 400, limit: math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			debug.SetGCPercent(100)
			debug.SetMemoryLimit(math.MaxInt64)
			app.SetMemory(machine(c.files, c.environment))
			if p, l := debug.SetGCPercent(100), debug.SetMemoryLimit(-1); p != c.percent || l != c.limit {
				t.Errorf("GOGC %d, limit %d; want %d, %d", p, l, c.percent, c.limit)
			}
		})
	}
}

func TestGarbageHasLessRoomTheMoreLives(t *testing.T) {
	for _, row := range []struct {
		live    int64
		percent int
	}{{0, 400}, {1 << 20, 400}, {6 << 20, 400}, {12 << 20, 200}, {24 << 20, 100}, {48 << 20, 50}, {1 << 40, 50}} {
		if got := app.CollectAt(row.live); got != row.percent {
			t.Errorf("%d MB live: GOGC %d, want %d", row.live>>20, got, row.percent)
		}
	}
}

func TestTheCollectorFollowsWhatLives(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	app.SetMemory(machine(nil, nil))
	held := make([]byte, 100<<20)
	follows := func(want uint64) {
		t.Helper()
		gogc := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
			runtime.GC()
			if metrics.Read(gogc); gogc[0].Value.Uint64() == want {
				return
			}
		}
		t.Errorf("GOGC is %d, want %d", gogc[0].Value.Uint64(), want)
	}
	follows(50)
	runtime.KeepAlive(held)
	held = nil
	follows(400)
}
