//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// memory is what a front takes of the machine, bytes, and how long it took to begin.
type memory struct {
	Ready   time.Duration `json:"ready_ns"`
	Idle    int64         `json:"idle"`
	Own     int64         `json:"idle_without_program_file"`
	Open    int64         `json:"with_streams_open"`
	After   int64         `json:"after_them"`
	Streams int           `json:"streams"`
	Failed  int           `json:"failed"`
}

// A figure is the median of the rounds, with its range.
type figure struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// A row is what one front came to under one load.
type row struct {
	Front  string `json:"front"`
	Load   string `json:"load"`
	CPU    figure `json:"cpu_us"` // for each request
	Rate   figure `json:"per_second"`
	P50    figure `json:"p50_us"`
	P99    figure `json:"p99_us"`
	First  figure `json:"first_byte_p50_us"`
	Done   int    `json:"done"`
	Failed int    `json:"failed"`
	Sample string `json:"failure,omitempty"`
}

// A report is all that a run measured.
type report struct {
	Machine string            `json:"machine"`
	Go      string            `json:"go"`
	When    time.Time         `json:"when"`
	Others  string            `json:"load_average_before"` // of other work on the machine
	Phase   time.Duration     `json:"phase_ns"`
	Fronts  []string          `json:"fronts"`
	Memory  map[string]memory `json:"memory"`
	Loaded  map[string]int64  `json:"memory_after_load"`
	Rows    []row             `json:"rows"`

	results map[[2]string][]result // by front and load
}

func newReport(s *settings, names []string) *report {
	average, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		average = []byte("unknown")
	}
	return &report{
		Machine: machine(), Go: runtime.Version(), When: time.Now().UTC(), Others: strings.TrimSpace(string(average)), Phase: s.phase,
		Fronts: names, Memory: map[string]memory{}, Loaded: map[string]int64{}, results: map[[2]string][]result{},
	}
}

func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d x %s", runtime.NumCPU(), model)
}

func (r *report) add(front, load string, got result) {
	k := [2]string{front, load}
	r.results[k] = append(r.results[k], got)
}

// summarize makes the rows.
func (r *report) summarize() {
	for _, l := range loads() {
		for _, name := range r.Fronts {
			all := r.results[[2]string{name, l.name}]
			if len(all) == 0 {
				continue
			}
			x := row{Front: name, Load: l.name}
			for i := range all {
				x.Done, x.Failed, x.Sample = x.Done+all[i].Done, x.Failed+all[i].Failed, cmp.Or(x.Sample, all[i].Failure)
			}
			x.CPU = over(all, func(g *result) float64 { return float64(g.CPU.Microseconds()) / float64(max(g.Done, 1)) })
			x.Rate = over(all, func(g *result) float64 { return float64(g.Done) / g.Took.Seconds() })
			x.P50 = over(all, func(g *result) float64 { return micros(percentile(g.latencies, .5)) })
			x.P99 = over(all, func(g *result) float64 { return micros(percentile(g.latencies, .99)) })
			x.First = over(all, func(g *result) float64 { return micros(percentile(g.firsts, .5)) })
			r.Rows = append(r.Rows, x)
		}
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// over takes one number of each round.
func over(all []result, of func(*result) float64) figure {
	var values []float64
	for i := range all {
		values = append(values, of(&all[i]))
	}
	slices.Sort(values)
	median := values[len(values)/2]
	if len(values)%2 == 0 {
		median = (median + values[len(values)/2-1]) / 2
	}
	return figure{median, values[0], values[len(values)-1]}
}

func (r *report) row(front, load string) *row {
	for i := range r.Rows {
		if r.Rows[i].Front == front && r.Rows[i].Load == load {
			return &r.Rows[i]
		}
	}
	return &row{}
}

func (r *report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// ratio writes how many times a figure is another; "-" where there is none.
func ratio(of, by float64) string {
	if of == 0 || by == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", of/by)
}

// write prints the tables.
func (r *report) write(out io.Writer) error {
	fmt.Fprintf(out, "%s, %s, %s; load average before the run %s\n", r.Machine, r.Go, r.When.Format(time.RFC3339), r.Others)
	fmt.Fprintf(out, "medians of the rounds, range in brackets; CPU is that of the front alone, until it is at rest again\n")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, l := range loads() {
		fmt.Fprintf(t, "\n%s\n", l.what)
		fmt.Fprintln(t, "front\tCPU us\t\tx revproxy\tx nginx\ta second\tp50 us\tp99 us\tadded p50\tadded p99\tfailed")
		for _, name := range r.Fronts {
			x, floor := r.row(name, l.name), r.row(direct, l.name)
			fmt.Fprintf(t, "%s\t%.1f\t[%.1f-%.1f]\t%s\t%s\t%.0f\t%.0f\t%.0f\t%s\t%s\t%d\n", name, x.CPU.Median, x.CPU.Low, x.CPU.High,
				ratio(x.CPU.Median, r.row(reverseProxy, l.name).CPU.Median), ratio(x.CPU.Median, r.row(nginx, l.name).CPU.Median),
				x.Rate.Median, x.P50.Median, x.P99.Median, added(x.P50, floor.P50), added(x.P99, floor.P99), x.Failed)
		}
	}
	fmt.Fprintf(t, "\nmemory, MB\nfront\tready after ms\tidle\tof it own\tstreams open\twith them\tKB a stream\tafter full load\tfailed\n")
	for _, name := range r.Fronts {
		m, ok := r.Memory[name]
		if !ok {
			continue
		}
		fmt.Fprintf(t, "%s\t%.0f\t%.1f\t%.1f\t%d\t%.1f\t%.1f\t%.1f\t%d\n", name, micros(m.Ready)/1000, mega(m.Idle), mega(m.Own), m.Streams, mega(m.Open),
			float64(m.Open-m.Idle)/1024/float64(max(m.Streams, 1)), mega(r.Loaded[name]), m.Failed)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i := range r.Rows {
		if x := &r.Rows[i]; x.Failed > 0 {
			fmt.Fprintf(out, "%s, %s: %d of %d failed, the first with: %s\n", x.Front, x.Load, x.Failed, x.Failed+x.Done, x.Sample)
		}
	}
	return nil
}

func mega(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func added(of, floor figure) string {
	if floor.Median == 0 || of == floor {
		return "-"
	}
	return fmt.Sprintf("%+.0f", of.Median-floor.Median)
}
