package cli

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/internal/telemetry"
)

// lookEvery is how often the server looks whether its files changed; twice that is how long a change takes.
const lookEvery = time.Second

func newServe(env Env) *cobra.Command {
	var path string
	var logJSON, verbose bool
	cmd := &cobra.Command{
		Use: "serve --config FILE", Short: "Run the gateway", Args: cobra.NoArgs,
		Long: "Runs the gateway until Ctrl-C. It reads its configuration again, with the agreements and price books, when one of the files\n" +
			"changes, on SIGHUP, and on `concord reload`. What is good comes into force without a request lost; what is wrong is refused\n" +
			"with its place, and what was in force stays in force (`concord status` says so). See docs/operations.md.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			app.SetMemory(app.Disk())
			config, err := app.Load(path, app.Disk(), time.Now())
			if err != nil {
				return err
			}
			printFindings(env.Stderr, config.Findings)
			listener, err := app.Listen(ctx, config.Listen)
			if err != nil {
				return err
			}
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			hangups := make(chan os.Signal, 1)
			signal.Notify(hangups, syscall.SIGHUP)
			defer signal.Stop(hangups)
			looks := time.NewTicker(lookEvery)
			defer looks.Stop()
			server, err := app.Start(ctx, config, listener, app.Options{
				Log: telemetry.NewLogger(env.Stderr, level, logJSON), Signals: hangups, Looks: looks.C,
			})
			if err != nil {
				return err
			}
			app.Settled()
			if n := server.Recovered(); n > 0 {
				fmt.Fprintf(env.Stderr, "Resolved %d requests that an earlier run had left open.\n", n)
			}
			data := config.Data
			if config.Store.Given() {
				data = config.Store.Name()
			}
			fmt.Fprintf(env.Stderr, "Serving on http://%s/v1 until Ctrl-C; data in %s\n", server.Address(), data)
			return server.Run(ctx)
		},
	}
	cmd.Flags().StringVar(&path, "config", "concord.yaml", "the configuration")
	cmd.Flags().BoolVar(&logJSON, "log-json", false, "write the log as JSON lines")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log each request")
	return cmd
}
