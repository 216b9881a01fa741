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
			dir, err := at.dir()
			if err != nil {
				return err
			}
			found, err := app.VerifyJournal(cmd.Context(), dir)
			if err != nil {
				return err
			}
			var budgets []journal.BudgetDifference
			if found.Good() {
				if budgets, err = app.VerifyBudgets(cmd.Context(), dir); err != nil {
					return err
				}
			}
			if out.json() {
				err = report.WriteJSON(env.Stdout, struct {
					OK bool `json:"ok"`
					*journal.Report
					Budgets []journal.BudgetDifference `json:"budget_differences,omitempty"`
				}{found.Good() && len(budgets) == 0, found, budgets})
			} else {
				err = printJournal(env, found, budgets)
			}
			if err == nil && (!found.Good() || len(budgets) > 0) {
				err = errNo
			}
			return err
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

func printJournal(env Env, found *journal.Report, budgets []journal.BudgetDifference) error {
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
	for _, d := range budgets {
		fmt.Fprintln(env.Stdout, d)
	}
	verdict := "The journal is good"
	switch {
	case !found.Good():
		verdict = "The journal is NOT good"
	case len(budgets) > 0:
		verdict = "The journal is good, the counters of budgets are NOT what it says"
	}
	_, err := fmt.Fprintf(env.Stdout, "%s: %s entries in %s blocks, %d requests open\n", verdict, report.Count(int64(found.Entries)), report.Count(int64(found.Blocks)), found.Open)
	return err
}
