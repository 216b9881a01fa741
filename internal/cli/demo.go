package cli

import (
	"github.com/spf13/cobra"

	"concord/internal/demo"
)

func newDemo(env Env) *cobra.Command {
	var out format
	options := demo.Options{Stdout: env.Stdout, Stderr: env.Stderr}
	cmd := &cobra.Command{
		Use: "demo", Short: "Show in a minute what Concord is for: one agreement, five emulated clouds, real traffic, a statement", Args: cobra.NoArgs,
		Long: "Starts five emulated clouds and a gateway in front of them, replays a public trace of real traffic through it, takes Azure down in\n" +
			"the middle, and says what was delivered where, under which clause, and who owes whom what. Then it stays up to be tried.\n" +
			"It writes only into a temporary directory, or into --data.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			options.JSON = out.json()
			return demo.Run(cmd.Context(), options)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&options.Once, "once", false, "end after the summary; exit 0 only if everything held")
	flags.StringVar(&options.Listen, "listen", "", "address of the gateway (default 127.0.0.1:8080, or any free port if that is in use)")
	flags.StringVar(&options.Key, "key", "", "acme's key (default: a new one)")
	flags.StringVar(&options.Data, "data", "", "keep journal and books in this directory (default: a temporary one)")
	flags.StringVar(&options.Trace, "trace", "", "CSV with TIMESTAMP, ContextTokens and GeneratedTokens, gzip or not (default: Azure 2023, conversation)")
	flags.IntVar(&options.Requests, "requests", -1, "how many requests of the trace; 0 replays nothing and stays up (default: all)")
	flags.Float64Var(&options.Speed, "speed", 60, "divides gaps, latencies and timers; 0 = as fast as it goes, 64 in flight")
	out.register(cmd)
	return cmd
}
