package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
)

func newStatement(env Env) *cobra.Command {
	var out form
	var at place
	var query app.StatementQuery
	var between string
	cmd := &cobra.Command{
		Use: "statement --agreement NAME [--period 2026-05]", Short: "Print what a period comes to between the parties of an agreement", Args: cobra.NoArgs,
		Long: "Print the statements of a period: the bytes that were kept where it is closed, a draft that binds nobody where it is not. A draft\n" +
			"counts what the books hold now, and what falls due by the end of the period. docs/statements.md says what stands in a statement.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if query.Between, err = pairOf(between); err != nil {
				return err
			}
			query.Now = time.Now()
			var found []*app.Printed
			err = at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				found, err = r.Statements(cmd.Context(), query)
				return err
			})
			if err != nil {
				return err
			}
			for _, p := range found {
				if p.Next != "" {
					fmt.Fprintf(env.Stderr, "Statement %s, version %d, was replaced by %s\n", p.Standing.Number, p.Standing.Version, p.Next)
				}
			}
			return writeStatements(env.Stdout, out, query.Now, found)
		},
	}
	cmd.Flags().StringVar(&query.Agreement, "agreement", "", "the agreement (default: the only one)")
	cmd.Flags().StringVar(&query.Period, "period", "", "month, quarter or year: 2026-05, 2026-Q2, 2026 (default: the current one)")
	cmd.Flags().StringVar(&between, "between", "", "two parties, as in openai,microsoft (default: all)")
	cmd.Flags().StringVar(&query.Party, "party", "", "only statements of this party")
	cmd.Flags().StringVar(&query.Number, "number", "", "the closed statement of this number")
	cmd.Flags().IntVar(&query.Version, "version", 0, "this version of a closed statement, such as 1 of one that was replaced (default: the one that stands)")
	cmd.Flags().BoolVar(&query.Activity, "activity", false, "in drafts too, count refused and unpriced requests, evidence and the order of delivery")
	at.register(cmd)
	out.register(cmd)
	cmd.AddCommand(newStatementList(env), newStatementVerify(env), newStatementRequests(env))
	return cmd
}

func newStatementList(env Env) *cobra.Command {
	var out format
	var at place
	cmd := &cobra.Command{
		Use: "list", Short: "List the closed statements: how each stands, and what is open of it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []app.StandingView
			err := at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				all, err = r.Standings(cmd.Context(), time.Now())
				return err
			})
			if err != nil {
				return err
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, struct {
					Statements []app.StandingView `json:"statements"`
				}{all})
			}
			table := report.NewTable("clause", "from", "to", ">amount", ">paid", ">disputed", ">open", ">days late")
			for _, s := range all {
				table.Span(fmt.Sprintf("%s: %s, due %s", s.Number, s.State, s.Due))
				for _, l := range s.Lines {
					late := ""
					if l.Days > 0 && !l.Open.IsZero() {
						late = fmt.Sprint(l.Days)
					}
					table.Row("  "+l.Clause, l.Payer, l.Payee, report.Money(l.Amount, 2), report.Money(l.Paid, 2), report.Money(l.Disputed, 2), report.Money(l.Open, 2), late)
				}
			}
			return table.Write(env.Stdout)
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}
