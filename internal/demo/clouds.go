package demo

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"concord/clouds/emulator"
	"concord/internal/app"
)

// A cloudServer is one emulated cloud on a port of its own.
type cloudServer struct {
	emulator *emulator.Emulator
	base     *url.URL
	server   *http.Server
	ended    chan error
}

func startCloud(ctx context.Context, config *app.Config, name string, o app.EmulatorOptions) (*cloudServer, error) {
	e, err := app.NewEmulator(config, name, o)
	if err != nil {
		return nil, err
	}
	listener, err := app.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cloudServer{
		emulator: e, base: &url.URL{Scheme: "http", Host: listener.Addr().String()},
		server: &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}, ended: make(chan error, 1),
	}
	go func() { c.ended <- c.server.Serve(listener) }()
	return c, nil
}

func (c *cloudServer) close() error {
	err := c.server.Close()
	if served := <-c.ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
