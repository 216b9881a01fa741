package year

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"concord/clouds/emulator"
	"concord/journal"
	"concord/journal/events"
	"concord/usage"
)

// Late is the month in which late records reach the journal.
const Late = "2026-05"

// Month names the month of an instant of the year.
func (y *Year) Month(at time.Time) string { return at.In(y.Options.From.Location()).Format("2006-01") }

// UsageFile is the file of a month's documents and records; LateFile has those that came late.
func UsageFile(dir, month string) string { return filepath.Join(dir, "usage-"+month+".ndjson") }

// LateFile is the file of the records that came months later.
func LateFile(dir string) string { return filepath.Join(dir, "usage-late.ndjson") }

// ServedFile is a cloud's own journal of what it served.
func ServedFile(dir, cloud string) string { return filepath.Join(dir, "served-"+cloud+".ndjson") }

// Write writes the year's files into a folder.
func (y *Year) Write(dir string) (err error) {
	if err := writeLists(dir); err != nil {
		return err
	}
	w := &writer{dir: dir, files: map[string]*file{}}
	defer func() { err = errors.Join(err, w.close()) }()
	for i := range y.Events {
		e := &y.Events[i]
		name := UsageFile(dir, y.Month(time.Unix(0, e.Time)))
		if e.Late {
			name = LateFile(dir)
		}
		line, err := events.Append(nil, &e.Entry, journal.ChainID{})
		if err != nil {
			return err
		}
		out, err := w.open(name)
		if err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		for n := range e.Served {
			if err := w.served(e, &e.Served[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// file is an open file with a buffer.
type file struct {
	*bufio.Writer
	at *os.File
}

type writer struct {
	dir   string
	files map[string]*file
	kept  error
}

func (w *writer) open(name string) (*file, error) {
	if f, ok := w.files[name]; ok {
		return f, nil
	}
	at, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("write the year: %w", err)
	}
	f := &file{bufio.NewWriter(at), at}
	w.files[name] = f
	return f, nil
}

func (w *writer) close() error {
	err := w.kept
	for _, f := range w.files {
		err = errors.Join(err, f.Flush(), f.at.Close())
	}
	return err
}

// uses reports whether an account has anything to pay at a cloud in a month of UTC.
func (y *Year) uses(cloud, account, month string) bool {
	return slices.ContainsFunc(y.Events, func(e Event) bool {
		return slices.ContainsFunc(e.Served, func(s Served) bool {
			return s.Status == 200 && s.Target.Cloud == cloud && s.Target.Account == account && s.At.UTC().Format("2006-01") == month
		})
	})
}

// served writes what a cloud did into its own journal, as the emulator keeps it.
func (w *writer) served(e *Event, s *Served) error {
	out, err := w.open(ServedFile(w.dir, s.Target.Cloud))
	if err != nil {
		return err
	}
	t := &s.Usage.Tokens
	keeper := emulator.NewKeeper(out, nil, func(err error) { w.kept = errors.Join(w.kept, err) })
	keeper.Keep(emulator.Served{Cloud: s.Target.Cloud, Account: s.Target.Account, Region: s.Target.Region, Operation: "chat", RequestID: e.ID, Model: s.Target.Model,
		Status: s.Status, Complete: s.Status == 200, Started: s.At, Ended: s.At.Add(time.Second),
		Usage: emulator.Usage{Prompt: t[usage.Input] + t[usage.CacheRead], Cached: t[usage.CacheRead], Completion: t[usage.Output]}})
	return nil
}

// Begin returns when the year of the examples begins: midnight of 1 November 2025 in the zone of the agreements. The multi-cloud
// amendment of 27 April 2026 stands in its middle.
func Begin() (time.Time, error) {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return time.Time{}, fmt.Errorf("begin the year: %w", err)
	}
	return time.Date(2025, time.November, 1, 0, 0, 0, 0, zone), nil
}

// PricesFile is a cloud's own list, by which it bills OpenAI.
func PricesFile(dir, cloud string) string { return filepath.Join(dir, "prices-"+cloud+".csv") }

// lists are the clouds' own lists. Not public; assumed to be 35 % of OpenAI's list price, as in examples/costs.yaml, and written
// apart from it, since a cloud bills by what it has itself.
func lists() map[string]string {
	const columns = "model,region,tier,class,above,per,price\n"
	return map[string]string{
		"azure": columns + "gpt-54,,,input,,1000000,0.875\ngpt-54,,,cached,,1000000,0.0875\ngpt-54,,,output,,1000000,5.25\n",
		"aws":   columns + "openai.gpt-5.4,,,input,,1000,0.000875\nopenai.gpt-5.4,,,cached,,1000,0.0000875\nopenai.gpt-5.4,,,output,,1000,0.00525\n",
	}
}

func writeLists(dir string) error {
	for cloud, list := range lists() {
		if err := os.WriteFile(PricesFile(dir, cloud), []byte(list), 0o644); err != nil {
			return fmt.Errorf("write the clouds' lists: %w", err)
		}
	}
	return nil
}
