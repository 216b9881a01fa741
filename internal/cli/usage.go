package cli

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/journal"
	"concord/report"
)

func newUsage(env Env) *cobra.Command {
	return group("usage", "Show, export and import what requests consumed", newUsageList(env), newUsageShow(env), newUsageExport(env), newUsageImport(env))
}

func newUsageList(env Env) *cobra.Command {
	var out format
	var at place
	var customer, cloud, outcome string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List records, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list := struct {
				Records []app.UsageView `json:"records"`
				More    bool            `json:"more"`
			}{Records: []app.UsageView{}}
			err := at.readingJournal(cmd.Context(), func(r *app.Reading) error {
				var failed error
				err := app.EachRecord(cmd.Context(), r.Journal, func(e *journal.Entry, record *journal.Record) bool {
					v, err := app.ViewUsage(e, record)
					if err != nil {
						failed = err
						return false
					}
					if customer != "" && v.Customer != customer || cloud != "" && v.Cloud != cloud || outcome != "" && v.Outcome != outcome {
						return true
					}
					if limit > 0 && len(list.Records) == limit {
						list.More = true
						return false
					}
					list.Records = append(list.Records, v)
					return true
				})
				return errors.Join(err, failed)
			})
			if err != nil {
				return err
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, list)
			}
			w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "request\ttime\tcustomer\tproduct\toutcome\tcloud\tseller\tattempts\tamount")
			for _, v := range list.Records {
				fmt.Fprintf(w, "%s\t%.23s\t%s\t%s\t%s\t%s\t%s\t%d\t%s %s\n", v.Request, v.Time, v.Customer, v.Product, v.Outcome, v.Cloud, v.Seller, len(v.Attempts), v.Amount, v.Currency)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if list.More {
				fmt.Fprintf(env.Stderr, "There are more than %d; say --limit 0 for all.\n", limit)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&customer, "customer", "", "only this customer's")
	cmd.Flags().StringVar(&cloud, "cloud", "", "only what this cloud served")
	cmd.Flags().StringVar(&outcome, "outcome", "", "only this outcome: answered, cut, cancelled, failed, refused, interrupted, void")
	cmd.Flags().IntVar(&limit, "limit", 0, "at most so many (0 = all)")
	at.register(cmd)
	out.register(cmd)
	return cmd
}

func newUsageShow(env Env) *cobra.Command {
	var out format
	var at place
	cmd := &cobra.Command{
		Use: "show REQUEST-ID", Short: "Show the record of one request", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := requestID(args[0])
			if err != nil {
				return err
			}
			var view *app.UsageView
			err = at.readingJournal(cmd.Context(), func(r *app.Reading) error {
				view, err = r.Usage(cmd.Context(), id)
				return err
			})
			if err != nil {
				return err
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, view)
			}
			return printUsage(env.Stdout, view)
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

func requestID(s string) (journal.RequestID, error) {
	id, err := journal.ParseRequestID(s)
	if err != nil {
		return id, fmt.Errorf("%w\n  copy it from the X-Concord-Request-Id header of an answer, or from: concord usage list", err)
	}
	return id, nil
}
