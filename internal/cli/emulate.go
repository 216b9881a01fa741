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

func newEmulate(env Env) *cobra.Command {
	var cloud, listen, faults, config, journal string
	var options app.EmulatorOptions
	cmd := &cobra.Command{
		Use: "emulate --cloud NAME --listen ADDR", Short: "Be one of the clouds, in its own dialect, with faults on command", Args: cobra.NoArgs,
		Long: "Be one of the clouds: its paths, credentials, errors and streaming, with words for answers. A prompt's tokens are its words, and\n" +
			"\"[reply 40 tokens]\" in a prompt asks for an answer of exactly so many. It serves the deployments that the configuration has on\n" +
			"that cloud; without --config, those of examples/concord.yaml.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var err error
			if faults != "" {
				if options.Faults, err = app.LoadFaults(faults, app.Disk()); err != nil {
					return err
				}
			}
			source, path := app.Embedded(examples.Files()), "concord.yaml"
			if config != "" {
				source, path = app.Disk(), config
			}
			world, err := app.Load(path, source, time.Now())
			if err != nil {
				return err
			}
			ctx, fail := context.WithCancelCause(ctx)
			defer fail(nil)
			if journal != "" {
				file, err := os.OpenFile(journal, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
				if err != nil {
					return fmt.Errorf("open the journal of what is served: %w", err)
				}
				defer file.Close()
				options.Observe = emulator.NewKeeper(file, nil, fail).Keep
			}
			handler, err := app.NewEmulator(world, cloud, options)
			if err != nil {
				return err
			}
			listener, err := app.Listen(ctx, listen)
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stderr, "Emulating %s on http://%s until Ctrl-C\n", cloud, listener.Addr())
			server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
			return serveUntil(ctx, server, listener)
		},
	}
	cmd.Flags().StringVar(&cloud, "cloud", "", strings.Join(emulator.Clouds(), ", "))
	cmd.Flags().StringVar(&listen, "listen", "", "address, such as 127.0.0.1:9101")
	cmd.Flags().StringVar(&faults, "faults", "", "file that says what goes wrong and when")
	cmd.Flags().StringVar(&journal, "journal", "", "file to which a JSON line is added for each request: its id, model, status, times, tokens and bytes")
	cmd.Flags().StringVar(&config, "config", "", "configuration whose deployments are served (default: examples/concord.yaml)")
	cmd.Flags().Float64Var(&options.Speed, "speed", 1, "divides latencies and Retry-After; 0 = no waiting")
	cmd.Flags().IntVar(&options.TokensPerChunk, "tokens-per-chunk", 1, "of a stream")
	cmd.Flags().Uint64Var(&options.Seed, "seed", 1, "the same seed gives the same answers")
	_ = cmd.MarkFlagRequired("cloud")  // both flags exist: they were made above
	_ = cmd.MarkFlagRequired("listen") //
	return cmd
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
