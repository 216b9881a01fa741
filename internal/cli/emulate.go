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
	var cloud, listen, faults, config, journal, prices, cert, certKey string
	var options app.EmulatorOptions
	cmd := &cobra.Command{
		Use: "emulate --cloud NAME --listen ADDR", Short: "Be one of the clouds, in its own dialect, with faults on command", Args: cobra.NoArgs,
		Long: "Be one of the clouds: its paths, credentials, errors and streaming, with words for answers. A prompt's tokens are its words, and\n" +
			"\"[reply 40 tokens]\" in a prompt asks for an answer of exactly so many. It serves the deployments that the configuration has on\n" +
			"that cloud; without --config, those of examples/concord.yaml. Put other faults in force while it runs: PUT a faults file to\n" +
			"/emulator/faults; DELETE heals the cloud.",
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
				list, err := app.LoadEmulatorPrices(prices)
				if err != nil {
					return err
				}
				options.Observe = emulator.NewKeeper(file, list, fail).Keep
			} else if prices != "" {
				return errors.New("--prices says what the lines of --journal cost\n  add --journal FILE")
			}
			if (cert == "") != (certKey == "") {
				return errors.New("a certificate needs its key\n  give both --tls-cert and --tls-key, or neither")
			}
			handler, err := app.NewEmulator(world, cloud, options)
			if err != nil {
				return err
			}
			listener, err := app.Listen(ctx, listen)
			if err != nil {
				return err
			}
			scheme := "http"
			if cert != "" {
				if listener, err = app.ServeTLS(listener, cert, certKey); err != nil {
					return err
				}
				scheme = "https"
			}
			fmt.Fprintf(env.Stderr, "Emulating %s on %s://%s until Ctrl-C\n", cloud, scheme, listener.Addr())
			server := &http.Server{Handler: app.LiveFaults(handler), ReadHeaderTimeout: 10 * time.Second}
			return serveUntil(ctx, server, listener)
		},
	}
	cmd.Flags().StringVar(&cloud, "cloud", "", strings.Join(emulator.Clouds(), ", "))
	cmd.Flags().StringVar(&listen, "listen", "", "address, such as 127.0.0.1:9101")
	cmd.Flags().StringVar(&faults, "faults", "", "file that says what goes wrong and when")
	cmd.Flags().StringVar(&journal, "journal", "", "file to which a JSON line is added for each request: its id, account, model, status, times, what was consumed and bytes")
	cmd.Flags().StringVar(&prices, "prices", "", "CSV of the cloud's own list, by which each line of --journal says what it costs")
	cmd.Flags().StringVar(&cert, "tls-cert", "", "certificate, to serve HTTPS: the libraries of Entra ID speak nothing else")
	cmd.Flags().StringVar(&certKey, "tls-key", "", "its private key")
	cmd.Flags().StringVar(&options.Plane, "plane", "", "of aws: runtime or mantle (default: as its accounts say, else runtime)")
	cmd.Flags().BoolVar(&options.AsyncFilter, "async-filter", false, "of azure: the content filter runs beside the stream, in chunks of its own")
	cmd.Flags().Int64Var(&options.Limits.Requests, "requests-per-minute", 0, "limit of each account and model; 0 = none")
	cmd.Flags().Int64Var(&options.Limits.Tokens, "tokens-per-minute", 0, "limit of each account and model; 0 = none")
	cmd.Flags().StringVar(&config, "config", "", "configuration whose deployments are served (default: examples/concord.yaml)")
	cmd.Flags().Float64Var(&options.Speed, "speed", 1, "divides latencies and Retry-After; 0 = no waiting")
	cmd.Flags().IntVar(&options.TokensPerChunk, "tokens-per-chunk", 1, "of a stream")
	cmd.Flags().Uint64Var(&options.Seed, "seed", 1, "the same seed gives the same answers")
	_ = cmd.MarkFlagRequired("cloud")  // both flags exist: they were made above
	_ = cmd.MarkFlagRequired("listen") //
	cmd.AddCommand(newEmulateBill(env))
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
