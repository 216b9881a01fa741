package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/clouds/emulator"
	"concord/examples"
	"concord/internal/app"
)

// emulation is what the flags of emulate say.
type emulation struct {
	env                                                           Env
	cloud, listen, faults, config, journal, prices, cert, certKey string
	options                                                       app.EmulatorOptions
}

func newEmulate(env Env) *cobra.Command {
	e := emulation{env: env}
	cmd := &cobra.Command{
		Use: "emulate --cloud NAME --listen ADDR", Short: "Be one of the clouds, in its own dialect, with faults on command", Args: cobra.NoArgs,
		Long: "Be one of the clouds: its paths, credentials, errors and streaming, with words for answers. A prompt's tokens are its words, and\n" +
			"\"[reply 40 tokens]\" in a prompt asks for an answer of exactly so many. It serves the deployments that the configuration has on\n" +
			"that cloud; without --config, those of examples/concord.yaml. Put other faults in force while it runs: PUT a faults file to\n" +
			"/emulator/faults; DELETE heals the cloud.",
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&e.cloud, "cloud", "", strings.Join(emulator.Clouds(), ", "))
	cmd.Flags().StringVar(&e.listen, "listen", "", "address, such as 127.0.0.1:9101")
	cmd.Flags().StringVar(&e.faults, "faults", "", "file that says what goes wrong and when")
	cmd.Flags().StringVar(&e.journal, "journal", "", "file to which a JSON line is added for each request: its id, account, model, status, times, what was consumed and bytes")
	cmd.Flags().StringVar(&e.prices, "prices", "", "CSV of the cloud's own list, by which each line of --journal says what it costs")
	cmd.Flags().StringVar(&e.cert, "tls-cert", "", "certificate, to serve HTTPS: the libraries of Entra ID speak nothing else")
	cmd.Flags().StringVar(&e.certKey, "tls-key", "", "its private key")
	cmd.Flags().StringVar(&e.options.Plane, "plane", "", "of aws: runtime or mantle (default: as its accounts say, else runtime)")
	cmd.Flags().BoolVar(&e.options.AsyncFilter, "async-filter", false, "of azure: the content filter runs beside the stream, in chunks of its own")
	cmd.Flags().Int64Var(&e.options.Limits.Requests, "requests-per-minute", 0, "limit of each account and model; 0 = none")
	cmd.Flags().Int64Var(&e.options.Limits.Tokens, "tokens-per-minute", 0, "limit of each account and model; 0 = none")
	cmd.Flags().StringVar(&e.config, "config", "", "configuration whose deployments are served (default: examples/concord.yaml)")
	cmd.Flags().Float64Var(&e.options.Speed, "speed", 1, "divides latencies and Retry-After; 0 = no waiting")
	cmd.Flags().IntVar(&e.options.TokensPerChunk, "tokens-per-chunk", 1, "of a stream")
	cmd.Flags().Uint64Var(&e.options.Seed, "seed", 1, "the same seed gives the same answers")
	_ = cmd.MarkFlagRequired("cloud")  // both flags exist: they were made above
	_ = cmd.MarkFlagRequired("listen") //
	cmd.AddCommand(newEmulateBill(env))
	return cmd
}

// run is the cloud until ctx ends.
func (e *emulation) run(ctx context.Context) (err error) {
	if e.faults != "" {
		if e.options.Faults, err = app.LoadFaults(e.faults, app.Disk()); err != nil {
			return err
		}
	}
	source, path := app.Embedded(examples.Files()), "concord.yaml"
	if e.config != "" {
		source, path = app.Disk(), e.config
	}
	world, err := app.Load(path, source, time.Now())
	if err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if e.journal != "" {
		file, err := os.OpenFile(e.journal, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
		if err != nil {
			return fmt.Errorf("open the journal of what is served: %w", err)
		}
		defer file.Close()
		list, err := app.LoadEmulatorPrices(e.prices)
		if err != nil {
			return err
		}
		e.options.Observe = emulator.NewKeeper(file, list, fail).Keep
	} else if e.prices != "" {
		return errors.New("--prices says what the lines of --journal cost\n  add --journal FILE")
	}
	if (e.cert == "") != (e.certKey == "") {
		return errors.New("a certificate needs its key\n  give both --tls-cert and --tls-key, or neither")
	}
	handler, err := app.NewEmulator(world, e.cloud, e.options)
	if err != nil {
		return err
	}
	listener, err := app.Listen(ctx, e.listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if e.cert != "" {
		if listener, err = app.ServeTLS(listener, e.cert, e.certKey); err != nil {
			return err
		}
		scheme = "https"
	}
	fmt.Fprintf(e.env.Stderr, "Emulating %s on %s://%s until Ctrl-C\n", e.cloud, scheme, listener.Addr())
	server := &http.Server{Handler: app.LiveFaults(handler), ReadHeaderTimeout: 10 * time.Second}
	return serveUntil(ctx, server, listener)
}

// serveUntil serves until ctx ends. An emulated cloud owes its clients no orderly end: what is open is cut off, and what it
// served up to there is kept.
func serveUntil(ctx context.Context, server *http.Server, l net.Listener) error {
	handler := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		if ctx.Err() != nil {
			panic(http.ErrAbortHandler) // so that nobody takes the end for a whole answer
		}
	})
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		ended <- server.Shutdown(closing)
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	err := <-ended
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}
