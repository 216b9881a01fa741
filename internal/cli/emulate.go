package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/clouds/emulator"
	"concord/examples"
	"concord/internal/app"
)

func newEmulate(env Env) *cobra.Command {
	var cloud, listen, faults, config string
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
			stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // an emulated cloud owes nobody an orderly end
			defer stop()
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&cloud, "cloud", "", strings.Join(emulator.Clouds(), ", "))
	cmd.Flags().StringVar(&listen, "listen", "", "address, such as 127.0.0.1:9101")
	cmd.Flags().StringVar(&faults, "faults", "", "file that says what goes wrong and when")
	cmd.Flags().StringVar(&config, "config", "", "configuration whose deployments are served (default: examples/concord.yaml)")
	cmd.Flags().Float64Var(&options.Speed, "speed", 1, "divides latencies and Retry-After; 0 = no waiting")
	cmd.Flags().IntVar(&options.TokensPerChunk, "tokens-per-chunk", 1, "of a stream")
	cmd.Flags().Uint64Var(&options.Seed, "seed", 1, "the same seed gives the same answers")
	_ = cmd.MarkFlagRequired("cloud")  // both flags exist: they were made above
	_ = cmd.MarkFlagRequired("listen") //
	return cmd
}
