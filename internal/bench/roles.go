//go:build linux

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/http/pprof"
	"net/url"
	"os"
	"sync"
	"time"

	"concord/internal/app"
	"concord/internal/cli"
	"concord/journal"
)

// The roles of this program beside measuring.
const (
	roleUpstream     = "role-upstream"     // ADDRESS
	roleReverseProxy = "role-reverseproxy" // ADDRESS UPSTREAM
	roleConcord      = "role-concord"      // CONFIG [off]
)

// profileVariable holds the address at which a role offers net/http/pprof; nothing = nowhere.
const profileVariable = "CONCORD_BENCH_PPROF"

// offerProfiles serves pprof where it is asked for.
func offerProfiles(ctx context.Context) error {
	address := os.Getenv(profileVariable)
	if address == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }() // ends with ctx; without profiles the role serves all the same
	return nil
}

// bufferPool is what ReverseProxy copies with.
type bufferPool struct{ pool sync.Pool }

// Get returns a buffer.
func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 32<<10)
}

// Put keeps one.
func (p *bufferPool) Put(b []byte) { p.pool.Put(&b) }

// serveReverseProxy is Go's own proxy as one would set it up for this load: connections kept, buffers used again.
func serveReverseProxy(ctx context.Context, address, upstream string) error {
	if err := offerProfiles(ctx); err != nil {
		return err
	}
	target, err := url.Parse(upstream)
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:  &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true, IdleConnTimeout: time.Minute},
		BufferPool: &bufferPool{},
		// What is served here may be cut short by the proxy itself (golang/go#40747); the clients count it.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// serveConcord is `concord serve`, or the same server with a journal that forgets.
func serveConcord(ctx context.Context, config string, more []string) error {
	if err := offerProfiles(ctx); err != nil {
		return err
	}
	if len(more) == 0 {
		if code := cli.Run(ctx, cli.Env{Args: []string{"serve", "--config", config}, Stdout: os.Stdout, Stderr: os.Stderr}); code != 0 {
			os.Exit(code)
		}
		return nil
	}
	app.SetMemory(app.Disk())
	c, err := app.Load(config, app.Disk(), time.Now())
	if err != nil {
		return err
	}
	l, err := app.Listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	server, err := app.Start(ctx, c, l, app.Options{Appender: newForgetful()})
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

// forgetful says at once that what it is given is durable, and keeps nothing. It tells what metering costs.
type forgetful struct{ durable *journal.Commit }

func newForgetful() *forgetful {
	commit, done := journal.NewCommit()
	done(nil)
	return &forgetful{commit}
}

// Append forgets.
func (f *forgetful) Append(...journal.Entry) (*journal.Commit, error) { return f.durable, nil }
