package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
)

func newVersion(env Env) *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use: "version", Short: "Print the program's version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if out.json() {
				return report.WriteJSON(env.Stdout, struct {
					Version string `json:"version"`
				}{app.Version()})
			}
			_, err := fmt.Fprintln(env.Stdout, "concord", app.Version())
			return err
		},
	}
	out.register(cmd)
	return cmd
}
