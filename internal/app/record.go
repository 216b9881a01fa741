package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"concord/journal"
	"concord/journal/events"
	"concord/ledger"
	"concord/store"
)

// A Note is what somebody wants recorded that is not usage: CloudEvents, one a line, of one kind. Of the attributes, specversion,
// type, source, time and id may be missing: source is Source then, time is now, and id follows from what is said.
type Note struct {
	Kind    string `json:"kind"`   // "refund", "payment", ...
	Source  string `json:"source"` // who records it
	Name    string `json:"name"`   // of the file, in errors; "" = they are no file
	Lines   []byte `json:"lines"`
	Reprice bool   `json:"reprice"` // of corrections: price the usage with the books that are in force now
}

// A Noted says what became of a Note.
type Noted struct {
	Entries []NotedEntry `json:"entries"`
	Error   string       `json:"error,omitempty"` // nothing was recorded
}

// A NotedEntry is an entry that stands in the journal now.
type NotedEntry struct {
	Kind   string          `json:"kind"`
	Source string          `json:"source"`
	ID     string          `json:"id"`
	Known  bool            `json:"known"` // it stood there before, and says the same
	Event  json.RawMessage `json:"event"`
}

// RecordKinds are the kinds that Record takes.
func RecordKinds() []string {
	return []string{"refund", "credit", "fee", "payment", "invoice", "rate", "fact", "acceptance", "dispute", "correction"}
}

// Record completes what is to be recorded from the journal, checks it, and makes it durable, all of it or nothing: by the server
// that runs on the data directory, or in a chain of its own.
func Record(ctx context.Context, dir string, n Note) (_ *Noted, err error) {
	r, err := OpenReading(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.Live {
		return askRecord(ctx, dir, n)
	}
	done, err := r.record(ctx, n)
	for tries := 0; errors.Is(err, errMoved) && tries < followTries; tries++ {
		if err = r.CatchUp(ctx); err == nil {
			done, err = r.record(ctx, n)
		}
	}
	if err != nil {
		return nil, err
	}
	return done, r.CatchUp(ctx)
}

// record writes into a chain of its own. errMoved says that a gateway put something into force meanwhile.
func (r *Reading) record(ctx context.Context, n Note) (*Noted, error) {
	rec := &recorder{journal: r.Journal, books: r.Books, note: n, now: nowNanos()}
	if err := rec.prepare(ctx); err != nil {
		return nil, err
	}
	if len(rec.fresh) > 0 {
		id, err := newChain("record-" + n.Source)
		if err != nil {
			return nil, fmt.Errorf("source %q cannot name a chain: %w", n.Source, err)
		}
		if err := appendChain(ctx, r.Journal, id, rec.fresh); err != nil {
			return nil, fmt.Errorf("record %s: %w", n.Kind, movedBy(r.Journal, err))
		}
	}
	return &rec.done, nil
}

// appendChain writes entries, together, into a chain that is opened for them and ends with them.
func appendChain(ctx context.Context, j journal.Journal, id journal.ChainID, entries []journal.Entry) (err error) {
	committer, err := store.NewCommitter(ctx, j, id, store.CommitterOptions{Now: nowNanos, Version: Version()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, committer.Close(context.WithoutCancel(ctx))) }()
	commit, err := committer.Append(entries...)
	if err != nil {
		return err
	}
	return waitFor(ctx, commit)
}

// askRecord has the server that holds the data do it.
func askRecord(ctx context.Context, dir string, n Note) (*Noted, error) {
	done := &Noted{}
	if err := askWith(ctx, dir, http.MethodPost, "/record", n, done); err != nil {
		return nil, err
	}
	if done.Error != "" {
		return nil, errors.New(done.Error)
	}
	return done, nil
}

// note answers the admin socket.
func (s *Server) note(w http.ResponseWriter, r *http.Request) {
	var n Note
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 2*events.MaxLine)).Decode(&n); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	done, err := s.record(r.Context(), n)
	if err != nil {
		answerJSON(w, http.StatusUnprocessableEntity, Noted{Entries: []NotedEntry{}, Error: err.Error()})
		return
	}
	answerJSON(w, http.StatusOK, done)
}

// record takes what is not usage into this process's chain. It is done by one at a time, and beside no reload: what is checked
// against books and terms must find them as they were checked.
func (s *Server) record(ctx context.Context, n Note) (*Noted, error) {
	s.reloading.Lock()
	rec, err := s.take(ctx, n)
	for tries := 0; s.moved(err, tries); tries++ {
		rec, err = s.take(ctx, n)
	}
	s.reloading.Unlock()
	if err != nil {
		return nil, err
	}
	if len(rec.facts) > 0 {
		if result := s.Reload(ctx, "fact"); result.Outcome == Refused || result.Outcome == Failed {
			return nil, fmt.Errorf("the fact is recorded, and the server goes on without it until its configuration is good again: %s", result.Summary())
		}
	}
	return &rec.done, nil
}

// take checks what is to be recorded and makes it durable.
func (s *Server) take(ctx context.Context, n Note) (*recorder, error) {
	rec := &recorder{journal: s.journal, books: s.books, historian: &s.historian, note: n, now: nowNanos(), set: s.current.Load().set}
	if s.shared != nil { // what is in force is what any gateway put into force last
		if _, err := s.settledHistory(ctx); err != nil {
			return nil, err
		}
		rec.set = journal.Hash{}
	}
	if err := rec.prepare(ctx); err != nil {
		return nil, err
	}
	if len(rec.fresh) == 0 {
		return rec, nil
	}
	commit, err := s.committer.Append(rec.fresh...)
	if err == nil {
		err = waitFor(ctx, commit)
	}
	if err != nil {
		return nil, err
	}
	s.facts = append(s.facts, rec.facts...)
	return rec, nil
}

// recorder checks and completes.
type recorder struct {
	journal   journal.Journal
	books     ledger.Books
	historian *historian // of a server; nil = the journal is read whole
	note      Note
	now       int64
	taxed     bool         // the line at hand says itself what its tax is
	set       journal.Hash // in force; zero = the one that came last

	history *History
	state   *ledger.State // as of the journal's end, and what is to be recorded posted on top
	fresh   []journal.Entry
	facts   []journal.Entry
	done    Noted
}

// prepare reads the lines, completes each entry, and posts what is new to a copy of the books.
func (c *recorder) prepare(ctx context.Context) (err error) {
	c.done.Entries = []NotedEntry{}
	if c.history, err = c.historian.history(ctx, c.journal); err != nil {
		return err
	}
	_, c.history.order.shared = journal.AsMerging(c.journal)
	if c.set != (journal.Hash{}) {
		c.history.last = c.set
	}
	if c.state, err = stateNow(ctx, c.journal, c.books); err != nil {
		return err
	}
	number := 0
	for line := range bytes.Lines(c.note.Lines) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := c.line(ctx, line); err != nil {
			if c.note.Name == "" { // flags
				if located, ok := errors.AsType[*events.Error](err); ok {
					return fmt.Errorf("%s: %s\n  %s", located.Field, located.What, located.Remedy)
				}
				return err
			}
			if located, ok := errors.AsType[*events.Error](err); ok {
				located.File, located.Line = c.note.Name, number
				return located
			}
			return fmt.Errorf("%s:%d: %w", c.note.Name, number, err)
		}
	}
	if len(c.done.Entries) == 0 {
		return errors.New("there is nothing to record: write one CloudEvent a line")
	}
	return nil
}

// stateNow returns the state of the books at the end of the journal.
func stateNow(ctx context.Context, j journal.Journal, b ledger.Books) (*ledger.State, error) {
	saved, err := b.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	state, err := ledger.DecodeState(saved)
	if err == nil {
		_, err = ledger.Replay(ctx, j, state, saved.Cursor, journal.Cursor{}, nil, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("bring a copy of the books up to the journal: %w", err)
	}
	return state, nil
}

// line takes one event.
func (c *recorder) line(ctx context.Context, line []byte) error {
	whole, dated, err := c.fill(line)
	if err != nil {
		return err
	}
	e, err := events.Parse(whole)
	if err != nil {
		return err
	}
	c.taxed = saysTax(whole)
	if e.Time > c.now {
		return fmt.Errorf("time %s is later than now: record it when it has happened", instantText(e.Time))
	}
	before, err := c.standing(ctx, e)
	if err != nil {
		return err
	}
	if before != nil && !dated {
		e.Time = before.Time
	}
	if before == nil && dated && e.Body.Kind() == journal.KindFact {
		return fmt.Errorf("time %s: a fact counts from when the journal takes it: leave the time out, and say with on: when it happened", instantText(e.Time))
	}
	if err := c.complete(ctx, e, before); err != nil {
		return err
	}
	if before != nil {
		return c.again(e, before)
	}
	if err := c.replaced(e); err != nil {
		return err
	}
	if e.Body.Kind() == journal.KindFact {
		if err := c.fact(e); err != nil {
			return err
		}
	} else if _, err := ledger.Post(c.state, e); err != nil {
		return fmt.Errorf("it cannot be recorded: %w", err)
	}
	if e.Body.Kind() != journal.KindFact {
		c.fresh = append(c.fresh, *e)
	}
	return c.tell(e, false)
}

// fill adds the attributes that are missing. dated says that the line has a time of its own.
func (c *recorder) fill(line []byte) (whole []byte, dated bool, err error) {
	var ev map[string]json.RawMessage
	if err := json.Unmarshal(line, &ev); err != nil {
		return nil, false, fmt.Errorf("this is not JSON: %w\n  write one CloudEvent a line, see docs/exports.md", err)
	}
	set := func(name, value string) {
		if _, ok := ev[name]; !ok {
			ev[name], err = json.Marshal(value)
		}
	}
	kind := "concord." + c.note.Kind + ".v1"
	if given, ok := ev["type"]; ok && string(given) != `"`+kind+`"` {
		return nil, false, fmt.Errorf("type %s is no %s: write %q, or leave it out", given, c.note.Kind, kind)
	}
	_, dated = ev["time"]
	said := sha256.New()
	_, _ = io.WriteString(said, kind) // a hash takes everything
	for _, name := range []string{"source", "time", "data"} {
		_, _ = said.Write(ev[name])
	}
	set("specversion", "1.0")
	set("type", kind)
	set("source", c.note.Source)
	set("time", instantText(c.now))
	set("id", c.note.Kind+"-"+hex.EncodeToString(said.Sum(nil)[:8]))
	if err != nil {
		return nil, false, err
	}
	whole, err = json.Marshal(ev)
	return whole, dated, err
}

// standing returns the entry of the same identity, if there is one.
func (c *recorder) standing(ctx context.Context, e *journal.Entry) (*journal.Entry, error) {
	for i := range c.fresh { // of the same file
		if c.fresh[i].Key() == e.Key() && c.fresh[i].Part == e.Part {
			return &c.fresh[i], nil
		}
	}
	entries, err := c.journal.Find(ctx, e.Key())
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return nil, fmt.Errorf("find %s %s: %w", e.Body.Kind(), e.ID, err)
	}
	for i := range entries {
		if entries[i].Key() == e.Key() && entries[i].Part == e.Part {
			return &entries[i], nil
		}
	}
	return nil, nil
}

// again answers what stands there already as before, and refuses what says something else.
func (c *recorder) again(e, before *journal.Entry) error {
	one, err := journal.AppendEntry(nil, e)
	if err != nil {
		return err
	}
	other, err := journal.AppendEntry(nil, before)
	if err != nil {
		return err
	}
	if !bytes.Equal(one, other) {
		return fmt.Errorf("the journal has a %s of source %q, id %q that says something else: %w\n  give the new one an id of its own, or leave it out", e.Body.Kind(), e.Source, e.ID, journal.ErrConflict)
	}
	return c.tell(before, true)
}

func (c *recorder) tell(e *journal.Entry, known bool) error {
	line, err := events.Append(nil, e, journal.ChainID{})
	if err != nil {
		return err
	}
	c.done.Entries = append(c.done.Entries, NotedEntry{e.Body.Kind().String(), e.Source, e.ID, known, json.RawMessage(bytes.TrimSpace(line))})
	return nil
}

func instantText(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
