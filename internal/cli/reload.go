package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

func newReload(env Env) *cobra.Command {
	var at place
	var out format
	cmd := &cobra.Command{
		Use: "reload", Short: "Have the running server read its configuration, agreements and prices again", Args: cobra.NoArgs,
		Long: "Has the server that runs on the data directory read its configuration again, with the agreements and price books that it names.\n" +
			"What is good comes into force at once: agreements, prices, deployments, accounts, customers and keys. Requests under way keep\n" +
			"the terms that they were admitted under. If anything is wrong all of it is refused with its findings (exit code 1), and what was\n" +
			"in force stays in force. A server also does this by itself when the files change, and on SIGHUP.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := at.dir()
			if err != nil {
				return err
			}
			r, err := app.AskReload(cmd.Context(), dir)
			if err != nil {
				return err
			}
			if out.json() {
				err = report.WriteJSON(env.Stdout, r)
			} else {
				err = printReload(env, r)
			}
			switch {
			case err != nil:
				return err
			case r.Outcome == app.Refused:
				return errNo
			case r.Outcome == app.Failed:
				return errors.New(r.Summary())
			}
			return nil
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

// printReload writes the findings, and what changed.
func printReload(env Env, r *app.Reload) error {
	findings := make([]agreement.Finding, len(r.Findings))
	for i := range r.Findings {
		findings[i] = r.Findings[i].Finding()
	}
	words := env.Stderr
	if r.Outcome == app.Refused {
		words = env.Stdout // the findings are the answer
	}
	printFindings(words, findings)
	if r.Outcome == app.Failed {
		return nil // the error says it
	}
	for _, change := range r.Changes {
		if _, err := fmt.Fprintln(env.Stdout, change); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(env.Stdout, "%s; terms %s\n", r.Summary(), r.Terms[:16])
	return err
}
