// Package upstream carries requests to the clouds: a small HTTP/1.1 client for the one thing that a gateway does, which is
// to send a body that it holds whole and to read the answer where it waits for it. One goroutine writes, reads and owns a
// connection; nothing is handed between goroutines, which is most of what net/http's transport costs.
//
// What it does not do goes through a transport of net/http, in the same call: proxies, long bodies, bodies of unknown
// length, requests that upgrade.
package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Settings tune a client; zero fields take the defaults.
type Settings struct {
	Connect     time.Duration // for a connection, and again for its TLS (default 5 s)
	IdlePerHost int           // connections kept open to one host (default 512)
	IdleFor     time.Duration // how long (default 90 s)
	TLS         *tls.Config   // nil = the system's roots
	// Proxy names the proxy of a request, as http.Transport.Proxy does; nil = none is ever used.
	Proxy func(*http.Request) (*url.URL, error)
	// Fallback carries what the client does not; it must be given.
	Fallback http.RoundTripper
}

// The bounds of what a client carries itself.
const (
	maxBody   = 1 << 20   // a longer body may meet an answer that comes before it is read
	maxHeader = 256 << 10 // of an answer
	bufSize   = 4 << 10   // of a connection, to read
)

// A Client is an http.RoundTripper. It is safe for concurrent use.
type Client struct {
	settings Settings
	dialer   net.Dialer

	mu    sync.Mutex
	hosts map[hostKey]*host
}

type hostKey struct {
	secure bool
	name   string // with its port, as the URL has it
}

// host is the idle connections to one address, the last used last.
type host struct {
	proxied bool

	mu     sync.Mutex
	idle   []*conn
	sweeps bool // a sweep is due
}

// New returns a client.
func New(s Settings) *Client {
	if s.Connect == 0 {
		s.Connect = 5 * time.Second
	}
	if s.IdlePerHost == 0 {
		s.IdlePerHost = 512
	}
	if s.IdleFor == 0 {
		s.IdleFor = 90 * time.Second
	}
	return &Client{settings: s, dialer: net.Dialer{Timeout: s.Connect, KeepAlive: 30 * time.Second}, hosts: map[hostKey]*host{}}
}

var _ http.RoundTripper = (*Client)(nil)

// RoundTrip sends a request and returns its answer when the answer's header has come. The answer's body must be closed; a
// body that was read to its end gives its connection back.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	if !c.carries(r) {
		return c.settings.Fallback.RoundTrip(r)
	}
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		closeBody(r)
		return nil, err
	}
	h := c.host(r)
	if h.proxied {
		return c.settings.Fallback.RoundTrip(r)
	}
	for {
		cn, reused, err := c.connection(ctx, h, r.URL)
		if err != nil {
			closeBody(r)
			return nil, err
		}
		resp, unread, err := cn.exchange(ctx, r)
		switch {
		case err == nil:
			return resp, nil
		case ctx.Err() != nil:
			closeBody(r)
			return nil, ctx.Err()
		case reused && unread && rewind(r):
			continue
		}
		closeBody(r)
		return nil, err
	}
}

// CloseIdleConnections closes the connections that nobody uses, also the fallback's.
func (c *Client) CloseIdleConnections() {
	c.mu.Lock()
	for _, h := range c.hosts {
		h.mu.Lock()
		for _, cn := range h.idle {
			cn.close()
		}
		h.idle = h.idle[:0]
		h.mu.Unlock()
	}
	c.mu.Unlock()
	if f, ok := c.settings.Fallback.(interface{ CloseIdleConnections() }); ok {
		f.CloseIdleConnections()
	}
}

// carries reports whether the client sends a request itself.
func (c *Client) carries(r *http.Request) bool {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.Header.Get("Upgrade") != "" || r.Header.Get("Expect") != "" ||
		len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 || r.Close || r.Method == http.MethodConnect {
		return false
	}
	return r.Body == nil || r.Body == http.NoBody || r.ContentLength > 0 && r.ContentLength <= maxBody
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // was read as far as it was wanted
	}
}

// rewind makes a request that nobody has read ready to be sent again.
func rewind(r *http.Request) bool {
	closeBody(r)
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	if r.GetBody == nil {
		return false
	}
	body, err := r.GetBody()
	if err != nil {
		return false
	}
	r.Body = body
	return true
}

// host returns the connections to a request's host. Whether it is behind a proxy is asked once.
func (c *Client) host(r *http.Request) *host {
	key := hostKey{r.URL.Scheme == "https", r.URL.Host}
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.hosts[key]
	if !ok {
		h = &host{}
		if c.settings.Proxy != nil {
			proxy, err := c.settings.Proxy(r)
			h.proxied = proxy != nil || err != nil // the fallback says what is wrong
		}
		c.hosts[key] = h
	}
	return h
}

// connection returns an idle connection that still stands, or a new one.
func (c *Client) connection(ctx context.Context, h *host, u *url.URL) (cn *conn, reused bool, err error) {
	now := time.Now()
	for {
		cn := h.take()
		if cn == nil {
			break
		}
		if now.Sub(cn.idleSince) < c.settings.IdleFor && alive(cn.raw, cn.secure) {
			return cn, true, nil
		}
		cn.close()
	}
	cn, err = c.dialAside(ctx, h, u)
	return cn, false, err
}

// dialAside dials in a goroutine of its own: it needs a deep stack, that of TLS above all, which the request would keep for as
// long as its stream is open.
func (c *Client) dialAside(ctx context.Context, h *host, u *url.URL) (cn *conn, err error) {
	done := make(chan struct{})
	go func() { // ends with the dial, which ends with ctx
		defer close(done)
		cn, err = c.dial(ctx, h, u)
	}()
	<-done
	return cn, err
}

func (h *host) take() *conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.idle)
	if n == 0 {
		return nil
	}
	cn := h.idle[n-1]
	h.idle[n-1] = nil
	h.idle = h.idle[:n-1]
	return cn
}

// put keeps a connection for the next request.
func (c *Client) put(cn *conn) {
	h := cn.host
	cn.idleSince = time.Now()
	cn.in.release()
	h.mu.Lock()
	full := len(h.idle) >= c.settings.IdlePerHost
	if !full {
		h.idle = append(h.idle, cn)
		if !h.sweeps {
			h.sweeps = true
			time.AfterFunc(c.settings.IdleFor, func() { c.sweep(h) })
		}
	}
	h.mu.Unlock()
	if full {
		cn.close()
	}
}

// sweep closes what has been idle for too long, and comes back as long as something is idle.
func (c *Client) sweep(h *host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	old := 0
	for old < len(h.idle) && now.Sub(h.idle[old].idleSince) >= c.settings.IdleFor {
		h.idle[old].close()
		old++
	}
	h.idle = append(h.idle[:0], h.idle[old:]...)
	h.sweeps = len(h.idle) > 0
	if h.sweeps {
		time.AfterFunc(c.settings.IdleFor, func() { c.sweep(h) })
	}
}

func (c *Client) dial(ctx context.Context, h *host, u *url.URL) (*conn, error) {
	address := u.Host
	if u.Port() == "" {
		port := "80"
		if u.Scheme == "https" {
			port = "443"
		}
		address = net.JoinHostPort(u.Hostname(), port)
	}
	raw, err := c.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err // names the address
	}
	cn := &conn{client: c, host: h, raw: raw, rw: raw}
	if u.Scheme == "https" {
		if cn.rw, err = c.secure(ctx, raw, u.Hostname()); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		cn.secure = true
	}
	if cn.secure {
		cn.in = newWire(cn.rw, nil)
	} else {
		cn.in = newWire(cn.rw, waiting(raw))
	}
	return cn, nil
}

func (c *Client) secure(ctx context.Context, raw net.Conn, name string) (net.Conn, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.settings.TLS != nil {
		config = c.settings.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = name
	}
	config.NextProtos = []string{"http/1.1"}
	ctx, cancel := context.WithTimeout(ctx, c.settings.Connect)
	defer cancel()
	secure := tls.Client(raw, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS with %s: %w", name, err)
	}
	return secure, nil
}

// writers are buffers that a request is put together in.
var writers = sync.Pool{New: func() any { b := make([]byte, 0, bufSize); return &b }}

// errMalformed says that an answer is no HTTP.
var errMalformed = errors.New("malformed HTTP answer")

var _ io.ReadCloser = (*body)(nil)
