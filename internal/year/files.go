package year

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"concord/clouds/emulator"
	"concord/journal"
	"concord/journal/events"
	"concord/usage"
)

// Late is the month in which late records reach the journal.
const Late = "2026-06"

// Month names the month of an instant, in UTC.
func Month(at time.Time) string { return at.UTC().Format("2006-01") }

// UsageFile is the file of a month's documents and records; LateFile has those that came late.
func UsageFile(dir, month string) string { return filepath.Join(dir, "usage-"+month+".ndjson") }

// LateFile is the file of the records that came months later.
func LateFile(dir string) string { return filepath.Join(dir, "usage-late.ndjson") }

// ServedFile is a cloud's own journal of what it served.
func ServedFile(dir, cloud string) string { return filepath.Join(dir, "served-"+cloud+".ndjson") }

// Write writes the year's files into a folder.
func (y *Year) Write(dir string) (err error) {
	w := &writer{dir: dir, files: map[string]*file{}}
	defer func() { err = errors.Join(err, w.close()) }()
	for i := range y.Events {
		e := &y.Events[i]
		name := UsageFile(dir, Month(time.Unix(0, e.Time)))
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

// Begin is when the year of the examples begins.
func Begin() time.Time { return time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC) }
