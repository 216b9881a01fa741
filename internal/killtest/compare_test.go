package killtest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"concord/internal/app"
	"concord/journal"
	"concord/usage"
)

// call is what a cloud kept of one request: a line of its own journal.
type call struct {
	Cloud      string
	Request    string `json:"request_id"`
	Status     int
	Complete   bool
	Started    time.Time
	Ended      time.Time
	Completion int64 `json:"completion_tokens"`
	Prompt     int64 `json:"prompt_tokens"`
}

// calls reads the clouds' journals.
func (w *world) calls() map[string][]call {
	w.Helper()
	all := map[string][]call{}
	for cloud, path := range w.journals {
		file, err := os.Open(path)
		if err != nil {
			w.Fatal(err)
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			var c call
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				w.Fatalf("%s: %v: %s", cloud, err, lines.Bytes())
			}
			all[c.Request] = append(all[c.Request], c)
		}
	}
	return all
}

// kept is what the gateway's journal has of one request.
type kept struct {
	intents  int
	progress int
	records  []journal.Record
}

// kept reads the gateway's journal.
func (w *world) kept() map[string]*kept {
	w.Helper()
	reading, err := app.OpenReading(w.Context(), w.data)
	if err != nil {
		w.Fatal(err)
	}
	defer reading.Close()
	all := map[string]*kept{}
	of := func(id journal.RequestID) *kept {
		if all[id.String()] == nil {
			all[id.String()] = &kept{}
		}
		return all[id.String()]
	}
	err = reading.Journal.Blocks(w.Context(), journal.Cursor{}, func(b *journal.Block) bool {
		var d journal.Decoder // its own for each block: what is kept must outlive it
		err := b.Entries(&d, func(_ int, e *journal.Entry) bool {
			switch body := e.Body.(type) {
			case *journal.Intent:
				of(body.Request).intents++
			case *journal.Progress:
				of(body.Request).progress++
			case *journal.Record:
				record := *body
				record.Attempts = slices.Clone(record.Attempts)
				of(body.Request).records = append(of(body.Request).records, record)
			}
			return true
		})
		if err != nil {
			w.Error(err)
		}
		return true
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// evidence is everything that is held against each other.
type evidence struct {
	testing.TB
	before  bool // intent: before
	relaxed bool // durability: relaxed
	clients int
	kills   []time.Time
	seen    []sight
	kept    map[string]*kept
	calls   map[string][]call
	figures figures
}

// figures are what the test prints.
type figures struct {
	requests, whole, partly, nothing int
	bytes                            int64
	intents, progress                int
	outcomes                         map[string]int
	calls, without, worst            int
	youngest, oldest                 time.Duration // of calls without an intent, before their kill
	lost, lostWhole                  int           // under relaxed durability: requests that the journal does not have, and answers that came whole of them
	longest                          time.Duration // before its kill that the end of an answer was that is lost
	cutWhileRecorded                 int
}

func (f *figures) String() string {
	var outcomes []string
	for name, n := range f.outcomes {
		outcomes = append(outcomes, fmt.Sprintf("%d %s", n, name))
	}
	slices.Sort(outcomes)
	text := fmt.Sprintf(`clients: %d requests; %d answers came whole, %d in part, %d not at all; %d bytes of content
journal: %d intents, %d progress entries; records: %s; %d answers were recorded and did not reach their client whole
clouds:  %d calls, of which %d have no intent; at most %d at one kill; they had begun between %s and %s before it`,
		f.requests, f.whole, f.partly, f.nothing, f.bytes, f.intents, f.progress, strings.Join(outcomes, ", "), f.cutWhileRecorded,
		f.calls, f.without, f.worst, f.youngest.Round(10*time.Microsecond), f.oldest.Round(10*time.Microsecond))
	if f.lost+f.lostWhole > 0 {
		text += fmt.Sprintf("\nlost:    %d requests of which a client saw something have no intent; %d answers that came whole lost their record, the oldest %s before its kill", f.lost, f.lostWhole, f.longest.Round(10*time.Microsecond))
	}
	return text
}

// compare holds the three against each other.
func (e *evidence) compare() {
	e.figures.outcomes = map[string]int{}
	e.resolved()
	for i := range e.seen {
		e.client(&e.seen[i])
	}
	e.unannounced()
	for id, k := range e.kept {
		for i := range k.records {
			e.cloud(id, &k.records[i])
		}
	}
}

// resolved: every intent has exactly one record, and every record but a refusal an intent.
func (e *evidence) resolved() {
	for id, k := range e.kept {
		e.figures.intents += k.intents
		e.figures.progress += k.progress
		for i := range k.records {
			e.figures.outcomes[k.records[i].Outcome.String()]++
		}
		refused := len(k.records) == 1 && k.records[0].Outcome == journal.Refused
		if len(k.records) != 1 || k.intents != 1 && !refused {
			e.Errorf("%s has %d intents and %d records, wanted one of each", id, k.intents, len(k.records))
		}
	}
}

// client: every byte that a client saw belongs to exactly one record, and the record says how much it was.
func (e *evidence) client(s *sight) {
	f := &e.figures
	f.requests++
	f.bytes += s.bytes
	switch {
	case s.whole && s.bytes > 0:
		f.whole++
	case s.bytes > 0:
		f.partly++
	default:
		f.nothing++
		return
	}
	k := e.kept[s.request]
	if k == nil && e.relaxed && s.request != "" {
		f.lost++
		e.lose(s)
		return
	}
	if s.request == "" || k == nil || len(k.records) != 1 {
		e.Errorf("a client saw %d bytes of %q, which the journal does not have once: %+v", s.bytes, s.request, k)
		return
	}
	r := &k.records[0]
	output := r.Usage.Tokens[usage.Output]
	switch {
	case s.whole && r.Outcome != journal.Answered && !e.relaxed:
		e.Errorf("%s: the client saw all of it, and its record says %s", s.request, r.Outcome)
	case r.Outcome == journal.Answered && s.whole && s.bytes != r.Delivered:
		e.Errorf("%s: the client saw %d bytes, its record says %d", s.request, s.bytes, r.Delivered)
	case r.Outcome == journal.Answered && s.whole && s.stream && s.events != output:
		e.Errorf("%s: the client saw %d tokens and is charged %d", s.request, s.events, output)
	case r.Outcome == journal.Answered, r.Outcome == journal.Cut:
		if s.bytes > r.Delivered {
			e.Errorf("%s: the client saw %d bytes, its record says %d", s.request, s.bytes, r.Delivered)
		}
		if !s.whole && r.Outcome == journal.Answered {
			f.cutWhileRecorded++
		}
	case e.relaxed && r.Outcome == journal.Interrupted && s.whole:
		e.lose(s)
	case r.Outcome != journal.Interrupted:
		e.Errorf("%s: the client saw %d bytes, its record says %s", s.request, s.bytes, r.Outcome)
	}
}

// lose: what relaxed durability loses was waiting for its commit when a kill came.
func (e *evidence) lose(s *sight) {
	if !s.whole {
		return
	}
	e.figures.lostWhole++
	next, _ := slices.BinarySearchFunc(e.kills, s.ended, time.Time.Compare)
	if next == len(e.kills) || e.kills[next].Sub(s.ended) > 5*time.Second {
		e.Errorf("%s is lost, and had ended at %s: no kill was near", s.request, s.ended)
		return
	}
	e.figures.longest = max(e.figures.longest, e.kills[next].Sub(s.ended))
}

// unannounced: calls that a cloud saw and the journal has no intent of are those of one group commit that a kill ended, no
// client saw anything of them, and there are none where the intent comes before.
func (e *evidence) unannounced() {
	saw := map[string]int64{}
	for i := range e.seen {
		saw[e.seen[i].request] += e.seen[i].bytes
	}
	atKill := map[time.Time]int{}
	for id, calls := range e.calls {
		e.figures.calls += len(calls)
		if k := e.kept[id]; id != "" && k != nil && k.intents == 1 {
			continue
		}
		if id == "" || !e.relaxed && (saw[id] > 0 || len(calls) != 1) {
			e.Errorf("%d calls of %q have no intent, and a client saw %d bytes", len(calls), id, saw[id])
		}
		e.figures.without++
		if e.before {
			e.Errorf("%s called a cloud before its intent was durable", id)
		}
		next, _ := slices.BinarySearchFunc(e.kills, calls[0].Started, time.Time.Compare)
		if next == len(e.kills) {
			e.Errorf("%s: no kill explains why its call has no intent", id)
			continue
		}
		age := e.kills[next].Sub(calls[0].Started)
		atKill[e.kills[next]]++
		if e.figures.oldest == 0 || age < e.figures.youngest {
			e.figures.youngest = age
		}
		e.figures.oldest = max(e.figures.oldest, age)
	}
	for kill, n := range atKill {
		e.figures.worst = max(e.figures.worst, n)
		if n > e.clients {
			e.Errorf("%d calls had no intent when the kill of %s came, and %d clients were asking", n, kill, e.clients)
		}
	}
	if e.figures.oldest > 5*time.Second {
		e.Errorf("a call had been without an intent for %s when its kill came: that is no group commit", e.figures.oldest)
	}
}

// cloud: what a record says that a cloud reported is what that cloud says itself, and nothing is recorded as delivered that
// no cloud served.
func (e *evidence) cloud(id string, r *journal.Record) {
	if r.Served < 0 {
		return
	}
	served := &r.Attempts[r.Served]
	var of []call
	for _, c := range e.calls[id] {
		if c.Cloud == served.Cloud && c.Status == 200 {
			of = append(of, c)
		}
	}
	if len(of) == 0 {
		e.Errorf("%s is recorded as served by %s, which knows nothing of it: %+v", id, served.Cloud, e.calls[id])
		return
	}
	output := served.Usage.Tokens[usage.Output]
	last := of[len(of)-1]
	switch {
	case r.Outcome == journal.Answered && (output != last.Completion || served.Usage.Tokens.Prompt() != last.Prompt):
		e.Errorf("%s: the record has %d and %d tokens, %s served %d and %d", id, served.Usage.Tokens.Prompt(), output, last.Cloud, last.Prompt, last.Completion)
	case served.Usage.Evidence == usage.Counted && r.Outcome == journal.Interrupted && output > last.Completion:
		e.Errorf("%s: the record has %d tokens of output, %s served %d", id, output, last.Cloud, last.Completion)
	}
}
