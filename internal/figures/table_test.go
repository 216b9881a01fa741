package figures_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	measure = flag.Bool("figures", false, "measure for seconds and print the table; otherwise little is done and nothing is printed")
	records = flag.Int("records", 5000, "how many records the round trip and the test of memory take")
)

// table gathers what the benchmarks of this run found.
type table struct{ rows []row }

// A row is one figure, beside the floor that was measured in the same run where there is one.
type row struct {
	what     string
	rate     float64 // a second of wall time
	unit     string
	cpu      time.Duration // of the whole process, for one
	floor    float64       // the same of the raw store
	floorCPU time.Duration
	note     string
}

// a meter measures one stretch of work in wall and processor time; what is between stop and start is not counted.
type meter struct {
	wall, cpu time.Duration
	startWall time.Time
	startCPU  time.Duration
}

func (m *meter) start() { m.startWall, m.startCPU = time.Now(), cpuTime() }

func (m *meter) stop() {
	m.wall += time.Since(m.startWall)
	m.cpu += cpuTime() - m.startCPU
}

// per returns the rate and the processor time of one of n.
func (m *meter) per(n int) (rate float64, cpu time.Duration) {
	return float64(n) / m.wall.Seconds(), m.cpu / time.Duration(max(n, 1))
}

// figure adds a row without a floor.
func (t *table) figure(what, unit string, n int, m *meter, note string) {
	rate, cpu := m.per(n)
	t.rows = append(t.rows, row{what: what, rate: rate, unit: unit, cpu: cpu, note: note})
}

func (t *table) print(tb testing.TB) {
	tb.Helper()
	if !*measure {
		return
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "what\tin a second\tCPU for one\traw store, the same bytes\tits CPU\tratio\tnote")
	for _, r := range t.rows {
		floor, floorCPU, ratio := "", "", ""
		if r.floor > 0 {
			floor, floorCPU, ratio = count(r.floor), r.floorCPU.String(), fmt.Sprintf("%.2f", r.rate/r.floor)
		}
		fmt.Fprintf(out, "%s\t%s %s\t%s\t%s\t%s\t%s\t%s\n", r.what, count(r.rate), r.unit, r.cpu, floor, floorCPU, ratio, r.note)
	}
	if err := out.Flush(); err != nil {
		tb.Error(err)
	}
}

// count writes a number with its thousands apart.
func count(f float64) string {
	digits := fmt.Sprintf("%.0f", f)
	var parts []string
	for len(digits) > 3 {
		parts = append(parts, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	parts = append(parts, digits)
	slices.Reverse(parts)
	return strings.Join(parts, ",")
}

// quantile returns the part of d below which a share of it lies.
func quantile(d []time.Duration, share float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
