package cli

import (
	"time"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
	"concord/settlement"
)

func newForecast(env Env) *cobra.Command {
	var out format
	var at place
	var query app.ForecastQuery
	cmd := &cobra.Command{
		Use: "forecast --agreement NAME [--as-of 2026-05-15]", Short: "Estimate what the month comes to, and when caps and commitments run out", Args: cobra.NoArgs,
		Long: "Estimates, from the days that the books hold, what each clause and each pair of parties comes to by the end of the month, and on which\n" +
			"day caps and commitments are used up: what is expected, and a range that holds 8 of 10 draws. An estimate binds nobody; it is no part of\n" +
			"a statement. What it assumes stands below it, and where days are too few it says what it cannot say.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			query.Now = time.Now()
			var f *settlement.Forecast
			err := at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				f, err = r.Forecast(cmd.Context(), query)
				return err
			})
			if err != nil {
				return err
			}
			if out == "json" {
				return report.WriteJSON(env.Stdout, f)
			}
			return report.WriteForecast(env.Stdout, f)
		},
	}
	cmd.Flags().StringVar(&query.Agreement, "agreement", "", "the agreement (default: the only one)")
	cmd.Flags().StringVar(&query.AsOf, "as-of", "", "a day, at whose beginning the forecast is made, or an instant in RFC 3339 (default: now)")
	cmd.Flags().Uint64Var(&query.Seed, "seed", 1, "of the draws behind the ranges: the same seed gives the same ranges")
	cmd.Flags().IntVar(&query.Draws, "draws", 400, "how many draws")
	at.register(cmd)
	out.register(cmd)
	return cmd
}
