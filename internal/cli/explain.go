package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
)

func newExplain(env Env) *cobra.Command {
	var out format
	var at place
	cmd := &cobra.Command{
		Use: "explain REQUEST-ID", Short: "Tell one request's way, from its intent to the last posting", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := requestID(args[0])
			if err != nil {
				return err
			}
			var explanation *app.Explanation
			err = at.reading(cmd.Context(), func(r *app.Reading) error {
				explanation, err = r.Explain(cmd.Context(), id)
				return err
			})
			if err != nil {
				return err
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, explanation)
			}
			return app.PrintExplanation(env.Stdout, explanation)
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

func printUsage(w io.Writer, v *app.UsageView) error {
	fmt.Fprintf(w, "%s  %s\n", v.Request, v.Time)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "customer\t%s (key %s)\n", v.Customer, v.Key)
	fmt.Fprintf(t, "product\t%s, %s\n", v.Product, v.API)
	fmt.Fprintf(t, "outcome\t%s after %.1f ms\n", v.Outcome, v.TookMillis)
	for _, a := range v.Attempts {
		fmt.Fprintf(t, "attempt %d\t%s on %s, sold by %s: %s\n", a.Number, a.Deployment, a.Cloud, a.Seller, a.Outcome)
	}
	var tokens []string
	for _, class := range slices.Sorted(maps.Keys(v.Usage)) {
		tokens = append(tokens, fmt.Sprintf("%d %s", v.Usage[class], class))
	}
	fmt.Fprintf(t, "usage\t%s (%s)\n", strings.Join(tokens, ", "), v.Evidence)
	for _, l := range v.Lines {
		fmt.Fprintf(t, "  %s\t%d x %s = %s\n", l.Class, l.Quantity, l.Unit, l.Amount)
	}
	fmt.Fprintf(t, "charged\t%s %s\n", v.Amount, v.Currency)
	if v.Refusal != "" {
		fmt.Fprintf(t, "refused\t%s\n", v.Refusal)
	}
	return t.Flush()
}
