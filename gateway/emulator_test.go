package gateway_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

// emulated puts a strict emulator in the place of a scripted cloud; it returns what the emulator served.
func (w *world) emulated(name string, faults ...behaviour.Fault) *[]emulator.Served {
	w.Helper()
	var mu sync.Mutex
	served := &[]emulator.Served{}
	e, err := emulator.New(emulator.Config{
		Cloud: name, Models: []emulator.Model{{Name: "upstream-" + name}}, Keys: []string{"secret-of-" + name}, Region: "us-east-1",
		Speed: 1, TokensPerChunk: 4, Faults: faults, Seed: 1,
		Observe: func(s emulator.Served) { mu.Lock(); defer mu.Unlock(); *served = append(*served, s) },
	})
	if err != nil {
		w.Fatal(err)
	}
	w.clouds[name].handler = e
	return served
}

func TestEveryFaultOfOneCloudIsNotTheClientsProblem(t *testing.T) {
	for kind := behaviour.Down; ; kind++ {
		if kind.String() == "none" {
			break
		}
		for form, extra := range map[string]string{"whole": "", "stream": `,"stream":true`} {
			t.Run(kind.String()+"/"+form, func(t *testing.T) {
				inWorld(t, func(c *gateway.Config) { c.Timeouts.FirstByte, c.Timeouts.Idle = 20*time.Second, 20*time.Second }, func(w *world) {
					w.emulated("azure", behaviour.Fault{Kind: kind, Status: 500, RetryAfter: int64(2 * time.Second), After: 7, Delay: int64(10 * time.Millisecond)})
					w.emulated("aws")

					got := w.prompt("[reply 40 tokens] please", extra)

					afterContent := form == "stream" && (kind == behaviour.LateError || kind == behaviour.Cut || kind == behaviour.Truncate || kind == behaviour.StallMid)
					r := w.record()
					switch {
					case got.Status != 200:
						t.Errorf("%d %s\n%s", got.Status, got.Body, tried(r))
					case afterContent:
						if r.Outcome != journal.Cut || strings.Contains(got.Body, "DONE") || !strings.Contains(got.Body, `"error"`) {
							t.Errorf("%v %s", r.Outcome, got.Body)
						}
					case r.Outcome != journal.Answered || strings.Contains(got.Body, `"error"`) || form == "stream" && !strings.HasSuffix(got.Body, doneEvent):
						t.Errorf("%v %s\n%s", r.Outcome, tried(r), got.Body)
					}
				})
			})
		}
	}
}

func TestTheRecordSaysWhatTheCloudCounted(t *testing.T) {
	for _, name := range []string{"azure", "aws", "openai"} {
		for form, extra := range map[string]string{"whole": "", "stream": `,"stream":true`} {
			t.Run(name+"/"+form, func(t *testing.T) {
				inWorld(t, nil, func(w *world) {
					for _, c := range w.clouds {
						c.serve = resets
					}
					served := w.emulated(name)

					got := w.prompt("one two three [reply 40 tokens]", extra)

					if got.Status != 200 {
						t.Fatalf("%d %s", got.Status, got.Body)
					}
					r := w.record()
					tokens := r.Usage.Tokens
					if len(*served) != 1 {
						t.Fatalf("the cloud served %d requests", len(*served))
					}
					s := (*served)[0]
					if tokens[usage.Output]+tokens[usage.Reasoning] != s.Usage.Completion || s.Usage.Completion != 40 ||
						tokens[usage.Input]+tokens[usage.CacheRead] != s.Usage.Prompt || r.Usage.Evidence != usage.Reported {
						t.Errorf("recorded %v, the cloud says %+v", tokens, s.Usage)
					}
					if s.RequestID != r.Request.String() {
						t.Errorf("the cloud knows the request as %q, the record as %s", s.RequestID, r.Request)
					}
				})
			})
		}
	}
}

// prompt sends a request with a content of its own.
func (w *world) prompt(content, extra string) answer {
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]%s}`, testModel, content, extra)
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, "http://gateway.test/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	return w.do(r)
}

// FuzzRelay gives the gateway whatever a cloud might send as a stream, cut at any place. A client that asked for usage gets a
// prefix of it, and an error inside the stream if it does not end well; or nothing of it, and an error.
func FuzzRelay(f *testing.F) {
	f.Add([]byte(strings.Join(streamOf("text"), "")))
	f.Add([]byte(roleEvent() + textEvent("a") + ": comment\r\n\r\n" + event(`{"error":{"message":"x"}}`)))
	f.Add([]byte("data: {\"choices\":[]}\n\ndata: [DONE]"))
	f.Add([]byte(textEvent("a") + "data: {broken\n\n" + doneEvent))
	m := &memoryTransport{header: http.Header{"Content-Type": {"text/event-stream"}}}
	config := testConfig(f)
	counting := &countingJournal{silentJournal: newSilentJournal()}
	config.Journal, config.Transport, config.Now = counting, m, today()
	g, err := gateway.New(config)
	if err != nil {
		f.Fatal(err)
	}
	request := `{"model":"gpt-5.4","stream":true,"stream_options":{"include_usage":true}}`
	f.Fuzz(func(t *testing.T, stream []byte) {
		m.body = stream
		counting.records = 0
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(request))
		r.Header.Set("Authorization", "Bearer "+goodKey)

		g.Handler().ServeHTTP(w, r)

		if counting.records != 1 {
			t.Fatalf("%d records", counting.records)
		}
		got := w.Body.Bytes()
		if w.Code != http.StatusOK {
			return
		}
		content, failed := got, false
		if at := bytes.LastIndex(got, []byte(`data: {"error":{"message":"The cloud`)); at >= 0 {
			content, failed = got[:at], true
		}
		if at := bytes.LastIndex(content, []byte("[DONE]")); at >= 0 {
			content = content[:at] // a last [DONE] may have been given its blank line
			if failed && bytes.HasSuffix(content, []byte("\ndata: ")) {
				t.Errorf("[DONE] before an error: %q", got)
			}
		}
		if !withoutDropped(stream, content) {
			t.Errorf("sent %q of %q", got, stream)
		}
	})
}

// withoutDropped reports whether sent is stream up to some point, less events that azure's adapter drops.
func withoutDropped(stream, sent []byte) bool {
	for i := range sent {
		at := bytes.IndexByte(stream, sent[i])
		if at < 0 {
			return false
		}
		stream = stream[at+1:]
	}
	return true
}

type countingJournal struct {
	*silentJournal
	records int
}

func (c *countingJournal) Append(entries ...journal.Entry) (*journal.Commit, error) {
	for i := range entries {
		if entries[i].Body.Kind() == journal.KindRecord {
			c.records++
		}
	}
	return c.silentJournal.Append(entries...)
}
