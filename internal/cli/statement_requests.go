package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
)

func newStatementRequests(env Env) *cobra.Command {
	var out format
	var at place
	var query app.DrillQuery
	var between string
	cmd := &cobra.Command{
		Use: "requests --agreement NAME --period 2026-05 --clause CLAUSE", Short: "List the requests that a figure of a statement consists of", Args: cobra.NoArgs,
		Long: "List the entries of the journal that made something owed under a clause in a period, and add them up exactly: what a line of the\n" +
			"statement says. Of a closed period only what its statement counted. Lines of an earlier period that a statement shows are found\n" +
			"with --dated; of a license it lists the usage under it, owed for or not. To a --party other parties' customers are pseudonyms.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if query.Clause == "" || query.Period == "" {
				return errors.New("say which figure: --period 2026-05 --clause share-openai-to-microsoft")
			}
			if query.Between, err = pairOf(between); err != nil {
				return err
			}
			query.Now = time.Now()
			var found *app.Drilled
			err = at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				found, err = r.Drill(cmd.Context(), query)
				return err
			})
			if err != nil {
				return err
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, found)
			}
			table := report.NewTable("entry", "kind", "time", "customer", "cloud", "product", ">charged", ">accrued")
			for _, e := range found.Entries {
				table.Row(e.ID, e.Kind, e.Time, e.Customer, e.Cloud, e.Product, report.Money(e.Charged, 6), report.Money(e.Accrued, 6))
			}
			if err := table.Write(env.Stdout); err != nil {
				return err
			}
			if found.Licensed {
				if _, err := fmt.Fprintf(env.Stdout, "%s charged by %s entries under %s, dated in %s: %s %s\n", report.Money(found.Charged, 6),
					report.Count(int64(found.Count)), found.Clause, found.Dated, found.Charged, found.Currency); err != nil || found.Accrued.IsZero() {
					return err
				}
			}
			_, err = fmt.Fprintf(env.Stdout, "%s accrued by %s entries under %s, dated in %s: %s %s\n", report.Money(found.Accrued, 6), report.Count(int64(found.Count)),
				found.Clause, found.Dated, found.Accrued, found.Currency)
			return err
		},
	}
	cmd.Flags().StringVar(&query.Agreement, "agreement", "", "the agreement (default: the only one)")
	cmd.Flags().StringVar(&query.Period, "period", "", "month, quarter or year of the statement")
	cmd.Flags().StringVar(&between, "between", "", "two parties, as in openai,microsoft (default: whose statement has the clause)")
	cmd.Flags().StringVar(&query.Clause, "clause", "", "clause that the figure stands under")
	cmd.Flags().StringVar(&query.Cloud, "cloud", "", "only this cloud's")
	cmd.Flags().StringVar(&query.Product, "product", "", "only this product's")
	cmd.Flags().StringVar(&query.Day, "day", "", "only this day's, in the agreement's zone, such as 2026-05-04")
	cmd.Flags().StringVar(&query.Dated, "dated", "", "an earlier period: what of it came late and stands in this statement")
	cmd.Flags().IntVar(&query.Version, "version", 0, "as this version of the statement counted them, such as 1 of one that was replaced (default: the one that stands)")
	cmd.Flags().StringVar(&query.Party, "party", "", "as this party may see it: customers of others are pseudonyms")
	cmd.Flags().IntVar(&query.Limit, "limit", 1000, "list no more than this; all are added up; 0 = all")
	at.register(cmd)
	out.register(cmd)
	return cmd
}
