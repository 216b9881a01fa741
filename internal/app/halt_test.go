package app_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concord/internal/app"
	"concord/journal"
	"concord/journal/events"
	"concord/journal/journaltest"
	"concord/ledger/ledgertest"
	"concord/store"
	"concord/store/sqlite"
)

// unpostable puts a record into the journal of a server that is down whose terms no document says.
func (l *live) unpostable() {
	l.Helper()
	j, err := sqlite.OpenJournal(filepath.Join(l.dir, "data"), sqlite.Options{})
	if err != nil {
		l.Fatal(err)
	}
	defer j.Close()
	c, err := store.NewCommitter(l.Context(), j, journaltest.Chain(9), store.CommitterOptions{Now: func() int64 { return 1 }})
	if err != nil {
		l.Fatal(err)
	}
	r := ledgertest.Sale("acme", "openai", "openai/gpt-5.4", "aws", "openai", "0.02", "")
	r.Request = journal.NewRequestID(1, 9, 1)
	e := journal.Entry{Time: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC).UnixNano(), ID: string(r.Request[:]), Body: r}
	if _, err := c.Append(e); err != nil {
		l.Fatal(err)
	}
	if err := c.Close(l.Context()); err != nil {
		l.Fatal(err)
	}
}

func (l *live) get(path string) (int, string) {
	l.Helper()
	answer, err := http.Get("http://" + l.server.Address() + path)
	if err != nil {
		l.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		l.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// An entry that the books cannot follow is told everywhere, and ends nothing but the posting.
func TestAnEntryThatCannotBePostedStopsThePosterAndNotTheServer(t *testing.T) {
	l := start(t)
	if l.status().Stopped != nil {
		t.Error("posting stands still in a good journal")
	}
	if _, metrics := l.get("/metrics"); !strings.Contains(metrics, "concord_poster_stopped 0") {
		t.Error("the metric does not say that posting goes on")
	}
	l.stop()
	l.unpostable()
	l.run()
	name := journal.NewRequestID(1, 9, 1).String()
	if text := l.hears("posting to the books stopped"); !strings.Contains(text, name) {
		t.Errorf("the log says %q, want one that names %s", text, name)
	}

	code, ready := l.get("/readyz")
	if code != http.StatusOK || !strings.Contains(ready, name) || !strings.Contains(ready, "docs/operations.md") {
		t.Errorf("ready: %d %q", code, ready)
	}
	if _, metrics := l.get("/metrics"); !strings.Contains(metrics, "concord_poster_stopped 1") {
		t.Error("the metric does not say that posting stopped")
	}
	s := l.status()
	if s.Stopped == nil || !strings.Contains(s.Stopped.Why, name) || s.Lag == 0 || !strings.Contains(strings.Join(s.Lines(), "\n"), name) {
		t.Errorf("status %+v", s)
	}
	if err := l.server.Reading().CatchUp(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("who waits for the books gets %v", err)
	}
	before := l.blocks()
	payment := `{"data":{"from":"openai","to":"microsoft","amount":"1","currency":"USD","lines":[{"agreement":"openai-microsoft","clause":"share-openai-to-microsoft","amount":"1"}]}}`
	if _, err := app.Record(t.Context(), filepath.Join(l.dir, "data"), app.Note{Kind: "payment", Source: "books", Lines: []byte(payment)}); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("what cannot be tried on the books is recorded: %v", err)
	}
	if l.blocks() != before {
		t.Error("a refused payment stands in the journal")
	}
	if err := l.end(); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("the server ended with %v", err)
	}
	l.stop = func() {}
	l.rescued(name)
}

// rescued does what docs/operations.md says of such an entry: all but its line goes into a new data directory.
func (l *live) rescued(name string) {
	l.Helper()
	r, err := app.OpenReading(l.Context(), filepath.Join(l.dir, "data"))
	if err != nil {
		l.Fatal(err)
	}
	defer r.Close()
	var all, rest strings.Builder
	if _, err := r.ExportJournal(l.Context(), &all); err != nil {
		l.Fatal(err)
	}
	for line := range strings.Lines(all.String()) {
		if !strings.Contains(line, name) {
			rest.WriteString(line)
		}
	}
	file := filepath.Join(l.dir, "rest.ndjson")
	if err := os.WriteFile(file, []byte(rest.String()), 0o600); err != nil {
		l.Fatal(err)
	}
	done, err := app.ImportUsage(l.Context(), filepath.Join(l.dir, "again"), file, events.NDJSON, "rescue")
	if err != nil || done.Documents == 0 || len(rest.String()) == len(all.String()) {
		l.Errorf("%+v, %v", done, err)
	}
}

// What is imported is tried on the books as they are at the journal's end, however far behind the books themselves are: the poster
// gathers for a while before it posts what was recorded just now.
func TestAnImportIsTriedOnBooksThatLagBehind(t *testing.T) {
	l := start(t)
	data := filepath.Join(l.dir, "data")
	record := func(kind, line string) string {
		t.Helper()
		done, err := app.Record(t.Context(), data, app.Note{Kind: kind, Source: "books", Lines: []byte(line)})
		if err != nil {
			t.Fatal(err)
		}
		return string(done.Entries[0].Event)
	}
	another := func(refund, id, amount string) error {
		t.Helper()
		file := filepath.Join(l.dir, id+".ndjson")
		line := strings.NewReplacer(`"id":"r1"`, `"id":"`+id+`"`, `"amount":"400"`, `"amount":"`+amount+`"`).Replace(refund)
		if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		done, err := app.ImportUsage(t.Context(), data, file, events.NDJSON, "copy")
		if err == nil && done.Others != 1 {
			t.Errorf("imported %+v", done)
		}
		return err
	}
	record("invoice", `{"id":"i1","time":"2026-05-04T12:00:00Z","data":{"origin":{"customer":"acme","seller":"openai","product":"openai/gpt-5.4","cloud":"azure","currency":"USD"},"amount":"1000"}}`)
	refund := record("refund", `{"id":"r1","time":"2026-05-05T12:00:00Z","data":{"origin":{"of":{"kind":"invoice","source":"books","id":"i1"}},"amount":"400"}}`)
	if err := another(refund, "r2", "700"); err == nil || !strings.Contains(err.Error(), "400 was given back already") {
		t.Errorf("700 of 1000, of which 400 were given back: %v", err)
	}
	if err := another(refund, "r3", "600"); err != nil {
		t.Errorf("600 of 1000, of which 400 were given back: %v", err)
	}
}
