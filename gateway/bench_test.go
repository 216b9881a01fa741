package gateway_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"concord/gateway"
	"concord/journal"
	"concord/store"
)

// The benchmarks compare, in one run: the upstream alone, Go's ReverseProxy before it, and the gateway before it with a
// journal in memory. Client, proxy and upstream share the process, so that the difference to "direct" is what each adds.

const benchBody = `{"model":"gpt-5.4","messages":[{"role":"user","content":"` // filled up to about 1 KB

func benchRequest(stream bool) []byte {
	b := benchBody + strings.Repeat("word ", 170) + `"}]`
	if stream {
		b += `,"stream":true`
	}
	return []byte(b + "}")
}

// benchUpstream answers 1 KB, or a stream of 50 chunks of about 150 bytes, one write each.
func benchUpstream() http.Handler {
	whole := []byte(wholeJSON(strings.Repeat("word ", 120)))
	chunk := []byte(textEvent("five more words for you "))
	end := []byte(finishEvent() + usageEvent() + doneEvent)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Header.Get("Accept") != "text/event-stream" && r.Header.Get("X-Stream") == "" {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
			_, _ = w.Write(whole)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for range 50 {
			_, _ = w.Write(chunk)
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = w.Write(end)
	})
}

func BenchmarkServe(b *testing.B) {
	upstream := httptest.NewServer(benchUpstream())
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		b.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.Transport = gateway.NewTransport(gateway.TransportSettings{})
	for _, kind := range []string{"whole", "stream"} {
		for _, front := range []struct {
			name    string
			handler http.Handler
		}{{"direct", nil}, {"reverseproxy", proxy}, {"gateway", benchGateway(b, target)}} {
			b.Run(kind+"/"+front.name, func(b *testing.B) {
				base := upstream.URL
				if front.handler != nil {
					server := httptest.NewServer(front.handler)
					defer server.Close()
					base = server.URL
				}
				benchClient(b, base, kind == "stream")
			})
		}
	}
}

func benchGateway(b *testing.B, target *url.URL) http.Handler {
	config := testConfig(b)
	config.Now = today()
	committer, err := store.NewCommitter(b.Context(), journal.NewMemory(), config.Chain, store.CommitterOptions{Now: func() int64 { return config.Now().UnixNano() }, QueueEntries: 1 << 16})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = committer.Close(b.Context()) })
	config.Journal = committer
	for _, t := range config.Targets {
		t.Base = target
	}
	g, err := gateway.New(config)
	if err != nil {
		b.Fatal(err)
	}
	return g.Handler()
}

func benchClient(b *testing.B, base string, stream bool) {
	body := benchRequest(stream)
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	defer transport.CloseIdleConnections()
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		rest := make([]byte, 32<<10)
		for pb.Next() {
			r, err := http.NewRequest(http.MethodPost, base+"/v1/chat/completions", bytes.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+goodKey)
			if stream {
				r.Header.Set("X-Stream", "1")
			}
			resp, err := transport.RoundTrip(r)
			if err != nil {
				b.Error(err)
				return
			}
			n := 0
			for {
				m, err := resp.Body.Read(rest)
				n += m
				if err != nil {
					break
				}
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK || stream && n < 5000 {
				b.Errorf("status %d, %d bytes", resp.StatusCode, n)
				return
			}
		}
	})
}

// memoryTransport answers without a network.
type memoryTransport struct {
	header http.Header
	body   []byte
}

func (m *memoryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: m.header, Body: io.NopCloser(bytes.NewReader(m.body)), ContentLength: int64(len(m.body))}, nil
}

// discard is a response that nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) FlushError() error           { return nil }

// BenchmarkGatewayAlone has no network and no journal behind it: what is left is the gateway's own code.
func BenchmarkGatewayAlone(b *testing.B) {
	for _, kind := range []string{"whole", "stream"} {
		b.Run(kind, func(b *testing.B) {
			m := &memoryTransport{header: http.Header{"Content-Type": {"application/json"}}, body: []byte(wholeJSON(strings.Repeat("word ", 120)))}
			if kind == "stream" {
				m.header = http.Header{"Content-Type": {"text/event-stream"}}
				m.body = []byte(strings.Repeat(textEvent("five more words for you "), 50) + finishEvent() + usageEvent() + doneEvent)
			}
			config := testConfig(b)
			config.Journal, config.Transport, config.Now = newSilentJournal(), m, today()
			counting(&config) // as the program does; what clouds report is not counted, but its text is kept until they do
			g, err := gateway.New(config)
			if err != nil {
				b.Fatal(err)
			}
			h, body, w := g.Handler(), benchRequest(kind == "stream"), &discard{http.Header{}}
			reader := bytes.NewReader(body)
			r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", reader)
			r.Header.Set("Authorization", "Bearer "+goodKey)
			r.Body = io.NopCloser(reader)
			b.ReportAllocs()
			for b.Loop() {
				reader.Reset(body)
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}
