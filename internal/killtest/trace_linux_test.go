package killtest_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"concord/internal/app"
	"concord/internal/proctest"
	"concord/journal"
)

// TestTrace shows by the system calls of a serving process that no client sees a byte before the intent is synced, and no
// answer ends before its record is. What the same look finds under relaxed durability is printed beside.
func TestTrace(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "strace", "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		why := fmt.Sprintf("NOT SHOWN that nothing is acknowledged before it is synced: strace does not run here: %v %s", err, out)
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	for _, settings := range []string{"{durability: strict, intent: beside}", "{durability: strict, intent: before}"} {
		for _, a := range traced(t, settings) {
			if !a.intentFirst {
				t.Errorf("%s: %s: a byte went to the client before the intent was synced", settings, a.request)
			}
			if !a.recordFirst {
				t.Errorf("%s: %s: the answer ended before the record was synced", settings, a.request)
			}
		}
	}
	early := 0
	answers := traced(t, "{durability: relaxed}")
	for _, a := range answers {
		if !a.recordFirst {
			early++
		}
	}
	t.Logf("relaxed: %d of %d answers ended before their record was synced", early, len(answers))
}

// TestTrace_tells_a_sync_that_came_too_late holds the look itself to orders that must not be.
func TestTrace_tells_a_sync_that_came_too_late(t *testing.T) {
	t.Parallel()
	entry, sent := []byte("entry"), []byte("request")
	write, reply := traceEvent{data: entry}, traceEvent{to: "client", data: sent}
	sync := func(began int) traceEvent { return traceEvent{sync: true, began: began} }
	for name, c := range map[string]struct {
		calls systemCalls
		good  bool
	}{
		"synced, then sent":              {systemCalls{write, sync(1), reply}, true},
		"sent, then synced":              {systemCalls{write, reply, sync(2)}, false},
		"sent, then written":             {systemCalls{reply, write, sync(2)}, false},
		"never synced":                   {systemCalls{write, reply}, false},
		"written while a sync was going": {systemCalls{write, sync(0), reply}, false},
	} {
		first, _ := c.calls.sent("request")
		if good := c.calls.synced(entry) < first; good != c.good {
			t.Errorf("%s: good is %v", name, good)
		}
	}
}

// answer is what the trace shows of one request.
type answer struct {
	request     string
	intentFirst bool // the intent was written and synced before the first byte went to the client
	recordFirst bool // the record was, before the last
}

// traced runs a gateway under strace for a handful of requests.
func traced(t *testing.T, settings string) []answer {
	t.Helper()
	w := newWorld(t, "8", settings, "", nil)
	path := filepath.Join(w.dir, "trace")
	gateway := proctest.Start(t, proctest.Serving, "strace", "-f", "-yy", "-xx", "-s", "100000", "-e", "trace=fsync,fdatasync,write,writev,sendto,sendmsg,pwrite64",
		"-e", "signal=none", "-o", path, program.Path(t), "serve", "--config", w.config)
	w.gateway = gateway.Address(t)
	status, err := app.AskStatus(t.Context(), w.data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(status.Process, syscall.SIGKILL) }) // it is gone, if the test came to its end
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var requests []string
	for n := range 6 {
		s := ask(t.Context(), client, w.gateway, "sk-example-acme", "gpt-5.4", 10, n%2 == 0)
		if !s.whole || s.request == "" {
			t.Fatalf("request %d: %+v", n, s)
		}
		requests = append(requests, s.request)
	}
	if err := syscall.Kill(status.Process, syscall.SIGINT); err != nil { // strace passes on what its child comes to
		t.Fatal(err)
	}
	_ = gateway.Ended(t) // strace's own end says nothing
	w.stopClouds()
	w.sound()
	intents, records := w.encoded()
	trace := w.readTrace(path)
	var all []answer
	for _, request := range requests {
		first, last := trace.sent(request)
		if first < 0 || intents[request] == nil || records[request] == nil {
			t.Fatalf("%s: not found in the trace (%d) or in the journal", request, first)
		}
		all = append(all, answer{request, trace.synced(intents[request]) < first, trace.synced(records[request]) < last})
	}
	return all
}

// encoded returns the first bytes of intents and records as they stand in the journal, by request. They begin with the
// entry's kind, time and identity, so that no other bytes are the same.
func (w *world) encoded() (intents, records map[string][]byte) {
	w.Helper()
	reading, err := app.OpenReading(w.Context(), w.data)
	if err != nil {
		w.Fatal(err)
	}
	defer reading.Close()
	intents, records = map[string][]byte{}, map[string][]byte{}
	err = reading.Journal.Blocks(w.Context(), journal.Cursor{}, func(b *journal.Block) bool {
		err := b.Entries(new(journal.Decoder), func(at int, e *journal.Entry) bool {
			start := bytes.Clone(b.Bytes[at:min(at+100, len(b.Bytes))])
			switch body := e.Body.(type) {
			case *journal.Intent:
				intents[body.Request.String()] = start
			case *journal.Record:
				records[body.Request.String()] = start
			}
			return true
		})
		if err != nil {
			w.Error(err)
		}
		return err == nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return intents, records
}

// traceEvent is one system call that matters; its place in the trace is its time.
type traceEvent struct {
	sync  bool   // of the journal's log, ended well; else a write, begun
	began int    // how many events there were when the sync began
	to    string // "" = the journal's log; else the client's connection
	data  []byte
}

type systemCalls []traceEvent

// readTrace keeps what went to the journal's write-ahead log and to clients. A write counts from where it begins, a sync from
// where it has ended: so what is shown holds whatever the order within.
func (w *world) readTrace(path string) systemCalls {
	w.Helper()
	file, err := os.Open(path)
	if err != nil {
		w.Fatal(err)
	}
	defer file.Close()
	log := hexed(filepath.Join(w.data, "journal.db-wal"))
	client := "<TCP:[" + w.gateway + "->"
	begun := regexp.MustCompile(`^(\d+) +(fsync|fdatasync|write|writev|sendto|sendmsg|pwrite64)\(\d+<([^>]*(?:->[^>]*)?)>`)
	resumed := regexp.MustCompile(`^(\d+) +<\.\.\. (?:fsync|fdatasync) resumed>\) += 0`)
	quoted := regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"`)
	syncing := map[string]int{} // threads in a sync of the log, and when it began
	var all systemCalls
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		line := lines.Text()
		if m := resumed.FindStringSubmatch(line); m != nil {
			if began, ok := syncing[m[1]]; ok {
				delete(syncing, m[1])
				all = append(all, traceEvent{sync: true, began: began})
			}
			continue
		}
		m := begun.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		toLog, toClient := strings.Contains(m[3], log), strings.Contains(line, client)
		switch {
		case toLog && strings.HasSuffix(m[2], "sync") && strings.HasSuffix(line, "= 0"):
			all = append(all, traceEvent{sync: true, began: len(all)})
		case toLog && strings.HasSuffix(m[2], "sync"):
			syncing[m[1]] = len(all)
		case toLog, toClient:
			event := traceEvent{}
			if toClient {
				event.to = m[3]
			}
			for _, q := range quoted.FindAllStringSubmatch(line, -1) {
				data, err := hex.DecodeString(strings.ReplaceAll(q[1], `\x`, ""))
				if err != nil {
					w.Fatal(err)
				}
				event.data = append(event.data, data...)
			}
			all = append(all, event)
		}
	}
	if err := lines.Err(); err != nil {
		w.Fatal(err)
	}
	return all
}

// hexed writes text as strace -xx does.
func hexed(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	return b.String()
}

// sent returns the first and the last write to the client of a request; -1 = there is none.
func (c systemCalls) sent(request string) (first, last int) {
	first = -1
	for i := range c {
		switch {
		case c[i].to == "":
		case first < 0 && bytes.Contains(c[i].data, []byte(request)):
			first, last = i, i
		case first >= 0 && c[i].to == c[first].to:
			last = i
		}
	}
	return first, last
}

// synced returns the end of the first sync of the log that begins after these bytes were written to it.
func (c systemCalls) synced(entry []byte) int {
	written := -1
	for i := range c {
		if written < 0 && c[i].to == "" && bytes.Contains(c[i].data, entry) {
			written = i
		}
		if written >= 0 && c[i].sync && c[i].began > written {
			return i
		}
	}
	return len(c)
}
