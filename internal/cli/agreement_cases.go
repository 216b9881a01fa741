package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
	"concord/simulate/cases"
)

// casesView is the JSON of a run of user-written cases.
type casesView struct {
	OK     bool           `json:"ok"`
	Passed int            `json:"passed"`
	Failed int            `json:"failed"`
	Cases  []cases.Result `json:"cases"`
}

func newAgreementTest(env Env) *cobra.Command {
	var out format
	var verbose bool
	cmd := &cobra.Command{
		Use: "test FILE...", Short: "Run cases written by you: requests decided, entries posted, periods closed, terms looked up, each with what is expected", Args: cobra.MinimumNArgs(1),
		Long: "Runs files of cases (docs/agreement-tests.md). Each says which agreements, prices and deployments it is about, what is asked\n" +
			"or posted, and what is expected; paths are relative to the file. Entries are of every kind that a journal has (usage, invoices,\n" +
			"refunds, fees, payments, rates, amendments, holds, closes, ...); a case has a journal and books of its own, and touches no other.\n\n" +
			"Exit code 1: an expectation was not met; 2: a file cannot be read or names what is not there.",
		Example: "  concord agreement test examples/tests/*.test.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			view := casesView{Cases: []cases.Result{}}
			for _, path := range args {
				results, err := app.RunCases(path, app.Disk())
				if err != nil {
					return reportInvalid(env, out, err)
				}
				view.Cases = append(view.Cases, results...)
			}
			for i := range view.Cases {
				if view.Cases[i].OK {
					view.Passed++
				} else {
					view.Failed++
				}
			}
			view.OK = view.Failed == 0
			if out.json() {
				if err := report.WriteJSON(env.Stdout, view); err != nil {
					return err
				}
			} else {
				printCases(env.Stdout, &view, verbose)
			}
			if !view.OK {
				return errNo
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "name the cases that pass, too")
	out.register(cmd)
	return cmd
}

func printCases(w io.Writer, v *casesView, verbose bool) {
	for i := range v.Cases {
		c := &v.Cases[i]
		switch {
		case !c.OK:
			fmt.Fprintf(w, "FAIL  %s: %s\n", c.Place, c.Case)
		case verbose:
			fmt.Fprintf(w, "ok    %s: %s\n", c.Place, c.Case)
		}
		for _, f := range c.Failures {
			fmt.Fprintf(w, "      %s: %s\n        expected  %s\n        got       %s\n", f.Place, f.What, f.Expected, f.Got)
			if f.Because != "" {
				for _, line := range report.Wrap(f.Because, report.Width-10) {
					fmt.Fprintf(w, "          %s\n", line)
				}
			}
		}
	}
	summary := []string{fmt.Sprintf("%d passed", v.Passed)}
	if v.Failed > 0 {
		summary = append(summary, fmt.Sprintf("%d failed", v.Failed))
	}
	fmt.Fprintln(w, strings.Join(summary, ", "))
}
