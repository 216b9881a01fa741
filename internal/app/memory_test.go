package app_test

import (
	"io/fs"
	"math"
	"runtime/debug"
	"testing"

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
