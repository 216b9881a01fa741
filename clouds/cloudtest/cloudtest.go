// Package cloudtest is the conformance suite of the seam between gateway and clouds: each adapter passes it against the
// emulator of its cloud, over real connections.
package cloudtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"concord/clouds"
	"concord/clouds/behaviour"
	"concord/clouds/emulator"
	"concord/usage"
)

// A Subject is an adapter with the cloud that it is tested against.
type Subject struct {
	Adapter  clouds.Adapter
	Emulator emulator.Config // Models[0] is the one that is called
	Target   clouds.Target   // Base is a path here, put after the server's address
	Host     string          // the cloud's own host, where an adapter goes by it; "" = the server's address
	Empty    string          // what the cloud says of a conversation without messages; "" = as OpenAI does
	Blind    bool            // the cloud does not tell reasoning from the rest of the answer
}

// A cloud is a running emulator and what it observed.
type cloud struct {
	Subject
	emulator *emulator.Emulator
	client   *http.Client

	mu     sync.Mutex
	served []emulator.Served
	heard  chan struct{} // one for every request that was observed

	arrived chan struct{} // one for every request that arrived; nil = nobody wants to know
}

func start(t *testing.T, s Subject) *cloud {
	t.Helper()
	c := &cloud{Subject: s, heard: make(chan struct{}, 1000)}
	config := s.Emulator
	config.Observe = func(served emulator.Served) {
		c.mu.Lock()
		c.served = append(c.served, served)
		c.mu.Unlock()
		c.heard <- struct{}{}
	}
	e, err := emulator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.arrived != nil {
			c.arrived <- struct{}{}
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if s.Target.Base != nil {
		base.Path = s.Target.Base.Path
	}
	c.Target.Base, c.emulator, c.client = base, e, server.Client()
	if s.Host != "" {
		address := base.Host
		base.Host = s.Host
		c.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}}}
		t.Cleanup(c.client.CloseIdleConnections)
	}
	return c
}

// with returns a caller of the same cloud whose target can be changed; it observes nothing.
func (c *cloud) with() *cloud {
	return &cloud{Subject: c.Subject, emulator: c.emulator, client: c.client}
}

// last waits for the next observation and returns the newest.
func (c *cloud) last() emulator.Served {
	<-c.heard
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.served[len(c.served)-1]
}

// A result is what came of one call, as the gateway would see it.
type result struct {
	answer  clouds.Answer // of what was no stream with content
	text    string        // raw data of all events that a client would get, or the body
	events  []clouds.Event
	content int
	usage   usage.Usage
	counted bool
	err     error // of the transport or of reading
}

func (r *result) has(f func(clouds.Event) bool) bool {
	for _, e := range r.events {
		if f(e) {
			return true
		}
	}
	return false
}

// call sends one chat request the way the gateway does.
func (c *cloud) call(ctx context.Context, t *testing.T, body string) result {
	t.Helper()
	return c.ask(ctx, t, clouds.CreateChat, "", body)
}

// ask sends one request of any operation the way the gateway does; id is that of the stored object, where it is about one.
func (c *cloud) ask(ctx context.Context, t *testing.T, op clouds.Operation, id, body string) result {
	t.Helper()
	header := http.Header{"Authorization": {"Bearer client-key"}, "Api-Key": {"client-key"}, "X-Stainless-Lang": {"go"},
		"Connection": {"x-hop"}, "X-Hop": {"1"}, "Openai-Organization": {"clients"}, "Content-Type": {"application/json"}}
	if strings.HasPrefix(body, "--") {
		header["Content-Type"] = []string{formType}
	}
	call := &clouds.Call{Op: op, Path: op.Path(id), Header: header, Body: []byte(body), ID: "req_test"}
	if !op.Stored() {
		var err error
		if call.Scan, err = clouds.ScanRequest(op, call.ContentType(), call.Body, nil); err != nil {
			t.Fatal(err)
		}
	}
	x, err := c.Adapter.Prepare(&c.Target, call)
	if err != nil {
		return result{err: err}
	}
	req, err := http.NewRequestWithContext(ctx, x.Method, x.URL.String(), bytes.NewReader(x.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = x.Header
	if err := c.Adapter.Sign(ctx, &c.Target, req, x.Body); err != nil {
		t.Fatal(err)
	}
	for name := range req.Header {
		if strings.HasPrefix(name, "X-Stainless") || name == "X-Hop" || name == "Connection" || name == "Openai-Organization" ||
			strings.Contains(req.Header.Get(name), "client-key") {
			t.Errorf("the client's header %s goes upstream", name)
		}
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return result{err: err}
	}
	defer resp.Body.Close()
	clouds.Transcode(c.Adapter, &c.Target, call, resp)
	if call.Op != clouds.CreateChat {
		return c.readAny(call, resp)
	}
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return c.readWhole(call, resp)
	}
	return c.readStream(call, resp)
}

func (c *cloud) readWhole(call *clouds.Call, resp *http.Response) result {
	raw, err := io.ReadAll(resp.Body)
	r := result{err: err, text: string(raw), answer: c.Adapter.Classify(call, resp.StatusCode, resp.Header, raw)}
	r.usage, r.counted = c.Adapter.Usage(call, raw)
	return r
}

func (c *cloud) readStream(call *clouds.Call, resp *http.Response) result {
	var r result
	s := clouds.NewSplitter(resp.Body, nil)
	for {
		f, err := s.Next()
		if err != nil {
			r.err = err
			return r
		}
		e := c.Adapter.Event(call, f.Data)
		r.events = append(r.events, e)
		if e.Usage {
			r.usage, r.counted = e.Tokens, true
		}
		if e.Error && r.content == 0 {
			r.answer = c.Adapter.Classify(call, resp.StatusCode, resp.Header, f.Data)
		}
		if e.Content {
			r.content++
		}
		if !e.Drop && !e.UsageOnly {
			r.text += string(f.Data) + "\n"
		}
	}
}

// prompt builds a chat request around a user's message and more members.
func prompt(text, more string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"model":"asked","messages":[{"role":"user","content":%q}]%s}`, text, more)
}

func tokens(pairs ...int64) usage.Usage {
	u := usage.Usage{Evidence: usage.Reported}
	for i := 0; i < len(pairs); i += 2 {
		u.Tokens[pairs[i]] = pairs[i+1]
	}
	return u
}

func fault(k behaviour.Kind) behaviour.Faults { return behaviour.Faults{{Kind: k}} }
