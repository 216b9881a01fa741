package upstream_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"concord/clouds/upstream"
)

// refuse is a fallback that nothing should reach.
type refuse struct{ t *testing.T }

func (f refuse) RoundTrip(r *http.Request) (*http.Response, error) {
	f.t.Errorf("%s %s went through the fallback", r.Method, r.URL)
	return nil, errors.New("refused")
}

func post(t *testing.T, ctx context.Context, address, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

func read(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// counting counts the connections that a server takes.
func counting(s *httptest.Server) *atomic.Int32 {
	var n atomic.Int32
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
	return &n
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Add("X-Path", r.URL.RequestURI())
	w.Header().Add("X-Many", "1")
	w.Header().Add("X-Many", "2")
	if r.URL.Query().Has("stream") {
		for part := range bytes.SplitSeq(body, []byte(" ")) {
			fmt.Fprintf(w, "%s.", part)
			_ = http.NewResponseController(w).Flush()
		}
		return
	}
	fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Content-Type"), body)
}

func TestRequestsShareAConnectionAndTheirAnswersComeWhole(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
			connections := counting(server)
			start(server)
			defer server.Close()
			settings := upstream.Settings{Fallback: refuse{t}}
			if name == "TLS" {
				settings.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig
			}
			c := upstream.New(settings)
			defer c.CloseIdleConnections()
			for i := range 3 {
				body := fmt.Sprint("number ", i)
				resp, err := c.RoundTrip(post(t, t.Context(), server.URL+"/a%2Fb?x=1", body))
				if got, want := read(t, resp, err), "POST application/json "+body; got != want || resp.StatusCode != 200 || resp.ContentLength != int64(len(want)) {
					t.Errorf("%q, %d, %d", got, resp.StatusCode, resp.ContentLength)
				}
				if got := resp.Header["X-Many"]; len(got) != 2 || resp.Header.Get("x-path") != "/a%2Fb?x=1" {
					t.Errorf("header %v", resp.Header)
				}
				resp, err = c.RoundTrip(post(t, t.Context(), server.URL+"/?stream", "a b c"))
				if got := read(t, resp, err); got != "a.b.c." || resp.ContentLength != -1 {
					t.Errorf("%q, %d", got, resp.ContentLength)
				}
			}
			if n := connections.Load(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
		})
	}
}

func TestGetAndDeleteHaveNoBody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %d %q", r.Method, r.ContentLength, r.Header["Content-Length"])
	}))
	defer server.Close()
	c := upstream.New(upstream.Settings{Fallback: refuse{t}})
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		r, err := http.NewRequest(method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.RoundTrip(r)
		if got := read(t, resp, err); got != method+" 0 []" {
			t.Error(got)
		}
	}
}

func TestAConnectionThatTheServerClosedWhileItWasIdleIsNotUsed(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	connections := counting(server)
	server.Start()
	defer server.Close()
	c := upstream.New(upstream.Settings{Fallback: refuse{t}})
	for range 3 {
		resp, err := c.RoundTrip(post(t, t.Context(), server.URL, "x"))
		read(t, resp, err)
		server.CloseClientConnections()
	}
	if n := connections.Load(); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

// scripted is a server that reads one request a connection and answers with given bytes, then closes.
func scripted(t *testing.T, answer string) (address string, requests *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	requests = &atomic.Int32{}
	go func() { // ends with the listener
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				_, _ = io.Copy(io.Discard, r.Body) // what the client sends is no matter here
				requests.Add(1)
				_, _ = io.WriteString(conn, answer)
			}
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String(), requests
}

func TestARequestThatWasReadIsNeverSentAgain(t *testing.T) {
	address, requests := scripted(t, "")
	c := upstream.New(upstream.Settings{Fallback: refuse{t}})
	_, err := c.RoundTrip(post(t, t.Context(), address, "x"))
	if err == nil || requests.Load() != 1 {
		t.Errorf("%v after %d requests, want an error after 1", err, requests.Load())
	}
}

func TestAnswersInEveryFraming(t *testing.T) {
	for name, c := range map[string]struct{ answer, body, err string }{
		"content length":          {answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello"},
		"until the end":           {answer: "HTTP/1.1 200 OK\r\n\r\nhello", body: "hello"},
		"HTTP/1.0":                {answer: "HTTP/1.0 200 OK\r\n\r\nhello", body: "hello"},
		"bare line feeds":         {answer: "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", body: "hello"},
		"chunks":                  {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", body: "hello"},
		"chunks with a trailer":   {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", body: "hello"},
		"interim answers":         {answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello"},
		"no content":              {answer: "HTTP/1.1 204 No Content\r\n\r\n", body: ""},
		"cut content":             {answer: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", body: "hello", err: "unexpected EOF"},
		"cut chunk":               {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", body: "hello", err: "unexpected EOF"},
		"no last chunk":           {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", body: "hello", err: "unexpected EOF"},
		"chunk without its end":   {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n", body: "hell", err: "a chunk is longer than it says"},
		"chunk of a strange size": {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", err: `chunk size "-1"`},
		"no HTTP":                 {answer: "SSH-2.0-OpenSSH\r\n\r\n", err: `it begins with "SSH-2.0-OpenSSH"`},
		"two lengths":             {answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", err: "content length"},
		"negative length":         {answer: "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", err: "content length"},
		"strange encoding":        {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", err: "transfer encoding"},
		"folded header":           {answer: "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", err: "header line"},
		"cut header":              {answer: "HTTP/1.1 200 OK\r\nX: a\r\n", err: "unexpected EOF"},
		"endless header":          {answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 300), err: "longer than"},
		"an upgrade":              {answer: "HTTP/1.1 101 Switching Protocols\r\n\r\n", err: "upgrades"},
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := scripted(t, c.answer)
			client := upstream.New(upstream.Settings{Fallback: refuse{t}})
			resp, err := client.RoundTrip(post(t, t.Context(), address, "x"))
			var got []byte
			if err == nil {
				got, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			if string(got) != c.body || (c.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v; want %q, %q", got, err, c.body, c.err)
			}
		})
	}
}

func TestACallerThatStopsWaitsForNothing(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "first")
			_ = http.NewResponseController(w).Flush()
		}
		began <- struct{}{}
		<-end
	}))
	defer server.Close()
	defer close(end)
	c := upstream.New(upstream.Settings{Fallback: refuse{t}})
	for _, path := range []string{"/header", "/body"} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-began; cancel() }() // ends with the request
		resp, err := c.RoundTrip(post(t, ctx, server.URL+path, "x"))
		if path == "/body" && err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestABodyThatIsNotReadCostsItsConnectionOnly(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	connections := counting(server)
	server.Start()
	defer server.Close()
	c := upstream.New(upstream.Settings{Fallback: refuse{t}})
	for range 2 {
		resp, err := c.RoundTrip(post(t, t.Context(), server.URL, strings.Repeat("x", 100_000)))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
			t.Error("a closed body is read")
		}
	}
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestAHeaderThatWouldSmuggleIsNotSent(t *testing.T) {
	address, requests := scripted(t, "HTTP/1.1 204 No Content\r\n\r\n")
	c := upstream.New(upstream.Settings{Fallback: refuse{t}})
	r := post(t, t.Context(), address, "x")
	r.Header["X-Bad"] = []string{"a\r\nX-Other: b"}
	if _, err := c.RoundTrip(r); err == nil || !strings.Contains(err.Error(), "X-Bad") || requests.Load() != 0 {
		t.Error(err)
	}
}

func TestProxiesAndLongBodiesGoThroughTheFallback(t *testing.T) {
	var fell atomic.Int32
	fallback := roundTripper(func(*http.Request) (*http.Response, error) {
		fell.Add(1)
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	proxied := upstream.New(upstream.Settings{Fallback: fallback, Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy") }})
	if _, err := proxied.RoundTrip(post(t, t.Context(), "http://127.0.0.1:1/", "x")); err != nil {
		t.Error(err)
	}
	c := upstream.New(upstream.Settings{Fallback: fallback})
	if _, err := c.RoundTrip(post(t, t.Context(), "http://127.0.0.1:1/", strings.Repeat("x", 1<<20+1))); err != nil {
		t.Error(err)
	}
	unknown := post(t, t.Context(), "http://127.0.0.1:1/", "x")
	unknown.ContentLength = -1
	if _, err := c.RoundTrip(unknown); err != nil {
		t.Error(err)
	}
	if n := fell.Load(); n != 3 {
		t.Errorf("%d went through the fallback, want 3", n)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestACertificateThatIsNotTrustedIsRefused(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(echo))
	defer server.Close()
	c := upstream.New(upstream.Settings{Fallback: refuse{t}})
	_, err := c.RoundTrip(post(t, t.Context(), server.URL, "x"))
	if _, unknown := errors.AsType[*tls.CertificateVerificationError](err); !unknown {
		t.Error(err)
	}
}
