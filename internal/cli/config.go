package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

func newConfig(env Env) *cobra.Command {
	return group("config", "Check a configuration", newConfigCheck(env))
}

func newConfigCheck(env Env) *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Read a configuration with all that it names, and say what is wrong", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			config, err := app.Load(args[0], app.Disk(), time.Now())
			if err != nil {
				return reportInvalid(env, out, err)
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, checkView{OK: true, Findings: findingViews(config.Findings)})
			}
			printFindings(env.Stderr, config.Findings)
			_, err = fmt.Fprintf(env.Stdout, "%s is good: %d agreements, %d deployments, %d customers, %d keys\n", args[0],
				len(config.Set.Agreements()), len(config.Catalog.Deployments), len(config.Catalog.Customers), len(config.Keys))
			return err
		},
	}
	out.register(cmd)
	return cmd
}

// checkView is the JSON of `config check` and `agreement check`.
type checkView struct {
	OK       bool              `json:"ok"`
	Findings []app.FindingView `json:"findings"`
}

func findingViews(findings []agreement.Finding) []app.FindingView { return app.ViewFindings(findings) }
