package clienttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"concord/examples"
	"concord/internal/demo"
	"concord/internal/proctest"
)

var whole = flag.Bool("whole", false, "replay the whole trace, divided over all faults of all clouds; otherwise every sixteenth request of it")

// everyFault is what can go wrong with one cloud. after says that it strikes after the first content of a stream: nobody else can
// go on with an answer that was begun, so that the client is told.
var everyFault = []struct {
	name, fault string
	after       bool
}{
	{"down", "{kind: down}", false},
	{"connections reset", "{kind: reset}", false},
	{"accepts and says nothing", "{kind: stall}", false},
	{"late by 300 ms", "{kind: latency, delay: 30s}", false}, // the clouds run at 100 times the speed
	{"slow streams", "{kind: slow, delay: 300ms}", false},
	{"429", "{kind: throttle}", false},
	{"429, Retry-After 2 s", "{kind: throttle, retry_after: 200s}", false},
	{"429, retry-after-ms", "{kind: throttle, retry_after: 200s, retry_form: milliseconds}", false},
	{"429, Retry-After a day", "{kind: throttle, retry_after: 2400h}", false},
	{"429, a third of all requests", "{kind: throttle, retry_after: 100s, every: 3}", false},
	{"quota used up", "{kind: quota}", false},
	{"401", "{kind: status, status: 401}", false},
	{"403", "{kind: status, status: 403}", false},
	{"408", "{kind: status, status: 408}", false},
	{"500", "{kind: status, status: 500}", false},
	{"500, a third of all requests", "{kind: status, status: 500, every: 3}", false},
	{"502", "{kind: status, status: 502}", false},
	{"503", "{kind: status, status: 503}", false},
	{"529", "{kind: status, status: 529}", false},
	{"200 with an error as its body", "{kind: error-body}", false},
	{"error in the stream before content", "{kind: early-error}", false},
	{"cut before content", "{kind: cut}", false},
	{"clean end before content", "{kind: truncate}", false},
	{"stall before content", "{kind: stall-mid}", false},
	{"no usage", "{kind: no-usage}", false},
	{"wrong usage", "{kind: wrong-usage, percent: 300}", false},
	{"error in the stream after content", "{kind: late-error, after: 5}", true},
	{"cut after content", "{kind: cut, after: 5}", true},
	{"clean end after content", "{kind: truncate, after: 5}", true},
	{"stall after content", "{kind: stall-mid, after: 5}", true},
}

// impatient makes a cloud that says nothing cost two seconds.
const impatient = quick + "timeouts: {first_byte: 2s, idle: 2s}\n"

// tally is what clients saw of a fault on all clouds.
type tally struct{ requests, moved, told, failed int }

func TestNoClientSeesWhatGoesWrongWithOneCloud(t *testing.T) {
	t.Parallel()
	trace, err := examples.Files().Open(examples.Trace)
	if err != nil {
		t.Fatal(err)
	}
	defer trace.Close()
	rows, err := demo.ReadTrace(examples.Trace, trace)
	if err != nil {
		t.Fatal(err)
	}
	step := 16
	if *whole {
		step = 1
	}
	pairs := step * len(cloudNames) * len(everyFault)
	tallies := make([]tally, len(everyFault))
	var mu sync.Mutex
	t.Run("clouds", func(t *testing.T) {
		for c, cloud := range cloudNames {
			t.Run(cloud, func(t *testing.T) {
				t.Parallel() // each has processes of its own, and mostly waits
				w := newWorld(t, impatient, first(cloud), "--speed", "100", "--tokens-per-chunk", "4")
				for f := range everyFault {
					w.heal()
					w.back(cloud)
					w.put(cloud, everyFault[f].fault)
					var mine []demo.Row // every pairs-th row of the trace is this pair's
					for i := c*len(everyFault) + f; i < len(rows); i += pairs {
						mine = append(mine, rows[i])
					}
					got := w.replay(cloud, f, mine)
					mu.Lock()
					tallies[f].add(got)
					mu.Unlock()
				}
				w.oneRecordEach(false)
			})
		}
	})
	var b strings.Builder
	all := tally{}
	for f := range everyFault {
		y := &tallies[f]
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", everyFault[f].name, y.requests, y.moved, y.failed, y.told)
		all.add(*y)
	}
	t.Logf("requests, of those served by another cloud, failures seen, streams that said so after content\n%s| all | %d | %d | %d | %d |",
		&b, all.requests, all.moved, all.failed, all.told)
}

func (y *tally) add(o tally) {
	y.requests, y.moved, y.failed, y.told = y.requests+o.requests, y.moved+o.moved, y.failed+o.failed, y.told+o.told
}

// first is the order of clouds that begins with one of them.
func first(cloud string) string {
	order := "[[" + cloud + "]"
	for _, other := range cloudNames {
		if other != cloud {
			order += ", [" + other + "]"
		}
	}
	return order + "]"
}

// back waits until a cloud that was healed serves again, on every surface and model.
func (w *world) back(cloud string) {
	w.Helper()
	for i := range 5 {
		if !soon(func() bool { return w.ask(cloud, i, demo.Row{Context: 4, Generated: 2}).cloud == cloud }) {
			w.Fatalf("%s does not come back", cloud)
		}
	}
}

// replay sends rows, some at a time, and judges what came back.
func (w *world) replay(cloud string, fault int, rows []demo.Row) (y tally) {
	w.Helper()
	var mu sync.Mutex
	var open sync.WaitGroup
	next := make(chan int)
	for range 16 {
		open.Go(func() {
			for i := range next {
				s := w.ask(cloud, i, rows[i])
				mu.Lock()
				y.requests++
				switch {
				case s.problem == nil:
				case s.told && everyFault[fault].after:
					y.told++
				default:
					y.failed++
					w.Errorf("%s, %s: a client sees %v", cloud, everyFault[fault].name, s.problem)
				}
				if s.cloud != cloud {
					y.moved++
				}
				mu.Unlock()
			}
		})
	}
	for i := range rows {
		next <- i
	}
	close(next)
	open.Wait()
	return y
}

// sight is what a client saw of one request.
type sight struct {
	cloud   string
	told    bool  // a stream that began with content ended with an error event
	problem error // nil = the whole answer came
}

// ask sends a row of the trace as a request that the first cloud can serve, on one of its surfaces.
func (w *world) ask(cloud string, i int, row demo.Row) sight {
	stream, path, model := i%2 == 0, "chat/completions", "gpt-5.4"
	switch {
	case cloud == "gcp" || cloud == "alibaba" || cloud != "openai" && i%5 == 0:
		model = "gpt-oss-120b"
	case i%4 >= 2:
		path = "responses"
	}
	text := strings.Repeat("word ", max(1, row.Context-3)) + fmt.Sprintf("[reply %d tokens]", row.Generated)
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":%q}]}`, model, stream, text)
	if path == "responses" {
		body = fmt.Sprintf(`{"model":%q,"stream":%v,"input":%q}`, model, stream, text)
	}
	ctx, cancel := context.WithTimeout(w.Context(), 2*proctest.Slowest)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.gateway+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		return sight{problem: err}
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	resp, err := w.client.Do(r)
	if err != nil {
		return sight{problem: err}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	s := sight{cloud: resp.Header.Get("X-Concord-Cloud"), problem: err}
	switch {
	case err != nil:
	case resp.StatusCode != http.StatusOK:
		s.problem = fmt.Errorf("%s %s: %s", path, resp.Status, answer)
	case stream:
		s.stream(answer, row.Generated)
	default:
		var m message
		if s.problem = json.Unmarshal(answer, &m); s.problem == nil && m.words() != row.Generated {
			s.problem = fmt.Errorf("%s: %d words of %d: %.300s", path, m.words(), row.Generated, answer)
		}
	}
	return s
}

// message is what both surfaces' answers and events have in common, read with the test's own few lines.
type message struct {
	Type    string
	Delta   string
	Error   json.RawMessage
	Choices []struct {
		Delta, Message struct{ Content string }
	}
	Output []struct{ Content []struct{ Text string } }
}

func (m *message) text() string {
	text := m.Delta
	for _, c := range m.Choices {
		text += c.Delta.Content + c.Message.Content
	}
	for _, o := range m.Output {
		for _, p := range o.Content {
			text += p.Text
		}
	}
	return text
}

func (m *message) words() int { return len(strings.Fields(m.text())) }

// stream judges a stream that should have so many words.
func (s *sight) stream(body []byte, words int) {
	text, ended := "", false
	for line := range bytes.Lines(body) {
		data, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data: "))
		if !ok {
			continue
		}
		if string(data) == "[DONE]" {
			ended = true
			continue
		}
		var m message
		if err := json.Unmarshal(data, &m); err != nil {
			s.problem = err
			return
		}
		ended = ended || m.Type == "response.completed"
		if m.Type == "error" || len(m.Error) > 0 && string(m.Error) != "null" {
			s.told, s.problem = text != "", fmt.Errorf("an error inside the stream: %s", data)
		}
		if m.Type == "" || m.Type == "response.output_text.delta" {
			text += m.text()
		}
	}
	got := len(strings.Fields(text))
	switch {
	case ended && (s.problem != nil || got != words):
		s.told, s.problem = false, fmt.Errorf("an end that is none: %d words of %d, then %w", got, words, errors.Join(s.problem, errOther))
	case !ended && s.problem == nil:
		s.problem = fmt.Errorf("a stream of %d words of %d without an end", got, words)
	}
}

// oneRecordEach stops the gateway: its journal is whole, its books balance, and no request has two records. free: some requests
// only came back to what was paid for, or cost nothing.
func (w *world) oneRecordEach(free bool) {
	w.Helper()
	seen := map[string]int{}
	for _, r := range w.records() {
		if seen[r.Request]++; seen[r.Request] > 1 {
			w.Errorf("%s has %d records", r.Request, seen[r.Request])
		}
		if r.Outcome == "answered" && len(r.Usage) == 0 && !free {
			w.Errorf("%s was answered and has no usage", r.Request)
		}
	}
	for _, p := range w.clouds {
		p.Stop(w)
	}
}
