package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/journal"
	"concord/report"
)

func newJournal(env Env) *cobra.Command {
	return group("journal", "Check and export the journal", newJournalVerify(env), newJournalExport(env))
}

func newJournalVerify(env Env) *cobra.Command {
	var out format
	var at place
	cmd := &cobra.Command{
		Use: "verify", Short: "Check every hash, link and number, and that each intent has exactly one record", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var found *journal.Report
			err := at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				found, err = app.VerifyJournal(cmd.Context(), r.Journal)
				return err
			})
			if err != nil {
				return err
			}
			if out.json() {
				err = report.WriteJSON(env.Stdout, struct {
					OK bool `json:"ok"`
					*journal.Report
				}{found.Good(), found})
			} else {
				err = printJournal(env, found)
			}
			if err == nil && !found.Good() {
				err = errNo
			}
			return err
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

func printJournal(env Env, found *journal.Report) error {
	table := report.NewTable("chain", ">blocks", ">entries", ">open", "state", "head")
	for _, c := range found.Chains {
		state := "live or waiting for recovery"
		if c.Settled {
			state = "settled"
		}
		table.Row(c.ID.String(), report.Count(int64(c.Blocks)), report.Count(int64(c.Entries)), report.Count(int64(c.Open)), state, fmt.Sprintf("%.12s", c.Head))
	}
	if err := table.Write(env.Stdout); err != nil {
		return err
	}
	for _, o := range found.Outcomes {
		fmt.Fprintf(env.Stdout, "%s records: %s\n", o.Outcome, report.Count(int64(o.Count)))
	}
	for _, f := range found.Findings {
		fmt.Fprintln(env.Stdout, f)
	}
	if found.More > 0 {
		fmt.Fprintf(env.Stdout, "and %d more\n", found.More)
	}
	verdict := "The journal is good"
	if !found.Good() {
		verdict = "The journal is NOT good"
	}
	_, err := fmt.Fprintf(env.Stdout, "%s: %s entries in %s blocks, %d requests open\n", verdict, report.Count(int64(found.Entries)), report.Count(int64(found.Blocks)), found.Open)
	return err
}
