package figures_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/store"
	"concord/store/sqlite"
)

var month = flag.Int("month", 2000, "how many records the month has that is closed; ten million need 12 GB of disk")

// period is the month that is made, in the zone of the sample's agreements. It is over.
const period = "2026-10"

// A maker writes a month as a gateway does: an intent and a record a request, in blocks of full groups.
type maker struct {
	sample *sample
	n      int
	from   time.Time
	every  time.Duration
	last   *journal.Block
	chain  journal.ChainID
	store  *sqlite.Journal
}

func newMaker(t testing.TB, s *sample, j *sqlite.Journal, n int) *maker {
	t.Helper()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, zone)
	m := &maker{sample: s, n: n, from: from, every: time.Date(2026, 11, 1, 0, 0, 0, 0, zone).Sub(from) / time.Duration(n), store: j}
	m.chain = journal.ChainID{Gateway: "month", Started: from.UnixNano(), Random: 1}
	return m
}

// request returns the ith request: one of the sample's, of one of 20 customers; one in 50 was first sent to another cloud.
func (m *maker) request(i int) (intent, record journal.Entry) {
	at := m.from.Add(time.Duration(i) * m.every)
	id := journal.NewRequestID(at.UnixMilli(), 0xcd00, uint64(i)*0x9e3779b97f4a7c15)
	intent, record = m.sample.live(i, 1)
	was := record.Body.(*journal.Record)
	was.Request, was.Customer = id, fmt.Sprintf("customer-%02d", i/7%20)
	if i%50 == 0 {
		failed := was.Attempts[0]
		failed.Cost, failed.Deployment, failed.Cloud, failed.Outcome = nil, "elsewhere", "gcp", 2
		was.Attempts = []journal.Tried{failed, was.Attempts[was.Served]}
		was.Served = 1
	}
	intent.Body.(*journal.Intent).Request, intent.Body.(*journal.Intent).Customer = id, was.Customer
	intent.Time, record.Time = at.UnixNano(), at.UnixNano()
	intent.ID, record.ID = string(id[:]), string(id[:])
	return intent, record
}

// sold returns how many requests two parties sold.
func (m *maker) sold(a, b string) (n int64) {
	for i := range m.n {
		r := m.sample.records[i%len(m.sample.records)].Body.(*journal.Record)
		if seller := r.Attempts[r.Served].Seller; seller == a || seller == b {
			n++
		}
	}
	return n
}

func (m *maker) block(t testing.TB, at time.Time, entries ...journal.Entry) {
	t.Helper()
	b := &journal.Block{Chain: m.chain, Ordinal: 1, Count: len(entries), Bytes: journal.BeginBlock(nil)}
	for i := range entries {
		var err error
		if b.Bytes, err = journal.AppendToBlock(b.Bytes, &entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	b.Finish(m.last, at.UnixNano())
	if err := m.store.AppendBlock(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	m.last = b
}

// write makes the whole month, and ends the chain as a gateway that stops does.
func (m *maker) write(t testing.TB) {
	t.Helper()
	if err := m.store.OpenChain(t.Context(), m.chain); err != nil {
		t.Fatal(err)
	}
	began := journal.Entry{Time: m.chain.Started, ID: "open", Body: &journal.Open{Chain: m.chain, Gateway: "month"}}
	m.block(t, m.from, append([]journal.Entry{began}, m.sample.documents...)...)
	var entries []journal.Entry
	for i := range m.n {
		intent, record := m.request(i)
		entries = append(entries, intent, record)
		if len(entries) >= store.GroupEntries || i == m.n-1 {
			m.block(t, m.from.Add(time.Duration(i+1)*m.every), entries...)
			entries = entries[:0]
		}
	}
	m.block(t, m.from.AddDate(0, 1, 1), journal.Entry{Time: m.from.AddDate(0, 1, 1).UnixNano(), ID: "seal", Body: &journal.Seal{Chain: m.chain, Reason: "stop"}})
	if err := m.store.SealChain(t.Context(), m.chain); err != nil {
		t.Fatal(err)
	}
}

// program is the command, built.
type program struct{ path, data string }

func build(t testing.TB, data string) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "concord")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "concord/cmd/concord").CombinedOutput()
	if err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return program{path, data}
}

// run runs a command on the data, and returns what it prints and how long it took.
func (p program) run(t testing.TB, args ...string) ([]byte, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.path, append(args, "--data", p.data)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("concord %v: %v\n%s%s", args, err, said.String(), out.String())
	}
	return out.Bytes(), time.Since(began)
}

// A month of many records is posted, stated and closed by the program; every request is in the statement.
func TestFiguresOfAMonth(t *testing.T) {
	dir := t.TempDir()
	s := readSample(t)
	j := openedMonth(t, dir)
	m := newMaker(t, s, j, *month)
	began := time.Now()
	m.write(t)
	tell("%s records and as many intents are written in %s", count(float64(m.n)), round(time.Since(began)))
	began = time.Now()
	cells := post(t, j, dir)
	tell("posted in %s: %s cells, %s", round(time.Since(began)), count(float64(cells)), sizes(t, dir))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	p := build(t, dir)
	command := func(what string, args ...string) []byte {
		out, took := p.run(t, args...)
		tell("%s: %s", what, round(took))
		return out
	}
	of := []string{"--agreement", "openai-microsoft", "--period", period}
	command("statement, draft, without requests", append([]string{"statement", "--format", "json", "--between", "openai,microsoft"}, of...)...)
	draft := requests(t, command("statement, draft, with requests", append([]string{"statement", "--format", "json", "--between", "openai,microsoft", "--activity"}, of...)...))
	command("close", append([]string{"close"}, of...)...)
	closed := requests(t, command("statement, closed", append([]string{"statement", "--format", "json", "--between", "openai,microsoft"}, of...)...))
	if want := m.sold("openai", "microsoft"); draft != want || closed != want {
		t.Errorf("the draft counts %d requests, the statement %d, want %d", draft, closed, want)
	}
	_, first := m.request(0)
	command("explain, the first request", "explain", first.Body.(*journal.Record).Request.String())
	command("journal verify", "journal", "verify")
	command("ledger verify", "ledger", "verify")
}

// openedMonth opens a journal that the test closes by itself.
func openedMonth(t testing.TB, dir string) *sqlite.Journal {
	t.Helper()
	j, err := sqlite.OpenJournal(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// post brings the books up and counts their cells.
func post(t testing.TB, j journal.Journal, dir string) (cells int) {
	t.Helper()
	b, err := sqlite.OpenBooks(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.NewPoster(j, b, store.PosterOptions{}).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Cells(t.Context(), func(ledger.Cell) bool { cells++; return true }); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return cells
}

// requests returns how many requests the one statement that was printed counts; 0 = it does not say.
func requests(t testing.TB, out []byte) int64 {
	t.Helper()
	var all struct {
		Statements []struct {
			Statement struct {
				Activity *struct {
					Requests int64 `json:"requests"`
				} `json:"activity"`
			} `json:"statement"`
			Activity *struct {
				Requests int64 `json:"requests"`
			} `json:"activity"`
		} `json:"statements"`
		Activity *struct {
			Requests int64 `json:"requests"`
		} `json:"activity"`
	}
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	switch {
	case all.Activity != nil:
		return all.Activity.Requests
	case len(all.Statements) == 1 && all.Statements[0].Activity != nil:
		return all.Statements[0].Activity.Requests
	case len(all.Statements) == 1 && all.Statements[0].Statement.Activity != nil:
		return all.Statements[0].Statement.Activity.Requests
	}
	return 0
}

func tell(format string, args ...any) {
	if *measure {
		fmt.Printf(format+"\n", args...)
	}
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

func sizes(t testing.TB, dir string) string {
	t.Helper()
	text := ""
	for _, name := range []string{sqlite.JournalFile, sqlite.BooksFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf(" %s %s MB", name, mega(info.Size()))
	}
	return text[1:]
}
