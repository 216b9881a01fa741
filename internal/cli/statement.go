package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/settlement"
)

func newStatement(env Env) *cobra.Command {
	var out form
	var at place
	var query app.StatementQuery
	var between string
	cmd := &cobra.Command{
		Use: "statement --agreement NAME [--period 2026-05]", Short: "Draft what a period comes to between the parties of an agreement", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if between != "" {
				a, b, ok := strings.Cut(between, ",")
				if !ok || a == "" || b == "" {
					return fmt.Errorf("--between %q names no two parties; write --between openai,microsoft", between)
				}
				query.Between = [2]string{strings.TrimSpace(a), strings.TrimSpace(b)}
			}
			query.Now = time.Now()
			var drafts []*settlement.Statement
			err := at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				drafts, err = r.Statements(cmd.Context(), query)
				return err
			})
			if err != nil {
				return err
			}
			return writeStatements(env.Stdout, out, query.Now, drafts)
		},
	}
	cmd.Flags().StringVar(&query.Agreement, "agreement", "", "the agreement (default: the only one)")
	cmd.Flags().StringVar(&query.Period, "period", "", "month, quarter or year: 2026-05, 2026-Q2, 2026 (default: the current one)")
	cmd.Flags().StringVar(&between, "between", "", "two parties, as in openai,microsoft (default: all)")
	cmd.Flags().StringVar(&query.Party, "party", "", "only statements of this party")
	at.register(cmd)
	out.register(cmd)
	return cmd
}
