package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

func newStatus(env Env) *cobra.Command {
	var at place
	var out format
	cmd := &cobra.Command{
		Use: "status", Short: "Say which terms the running server serves under, and how it is", Args: cobra.NoArgs,
		Long: "Asks the server that runs on the data directory which terms are in force and since when, what came of the last time it read its\n" +
			"configuration, how many requests are open, and how far the books are behind the journal. Exit code 1: the configuration as it\n" +
			"stands in the files was refused, and older terms are in force.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := at.dir()
			if err != nil {
				return err
			}
			s, err := app.AskStatus(cmd.Context(), dir)
			if err != nil {
				return err
			}
			if out.json() {
				err = report.WriteJSON(env.Stdout, s)
			} else {
				err = printStatus(env, s)
			}
			if r := s.LastReload; err == nil && r != nil && (r.Outcome == app.Refused || r.Outcome == app.Failed) {
				return errNo
			}
			return err
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

// printStatus writes the status, and after a refusal what is wrong with the files.
func printStatus(env Env, s *app.Status) error {
	for _, line := range s.Lines() {
		if _, err := fmt.Fprintln(env.Stdout, line); err != nil {
			return err
		}
	}
	if r := s.LastReload; r != nil && r.Outcome == app.Refused {
		for _, v := range r.Findings {
			if v.Severity != agreement.Error {
				continue
			}
			if _, err := fmt.Fprintln(env.Stdout, app.FindingText(v.Finding())); err != nil {
				return err
			}
		}
	}
	return nil
}
