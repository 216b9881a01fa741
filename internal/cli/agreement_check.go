package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/internal/app"
	"concord/report"
)

const checkLong = `Say everything that is wrong or doubtful in agreements that are in force together: the form of each file, what its clauses
and amendments say together, and contradictions between files. With --config the agreements of a configuration are
checked with what it offers: deployments without a license, a sale clause, a price or a cost.

Each finding has its place, the line, what to write instead, and a rule; docs/rules.md has a section on every rule.
An error keeps terms from coming into force; a warning does not. The exit code is 1 if there are errors.`

func newAgreementCheck(env Env) *cobra.Command {
	var out format
	var config string
	cmd := &cobra.Command{
		Use: "check FILE... | check --config CONFIG", Short: "Say everything that is wrong or doubtful in agreements that are in force together", Long: checkLong,
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) == 0) == (config == "") {
				return errors.New("name agreement files, or --config FILE, which names them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			what, findings, err := check(args, config)
			if err != nil {
				return reportInvalid(env, out, err)
			}
			good := !app.HasErrors(findings)
			if out.json() {
				err = report.WriteJSON(env.Stdout, checkView{OK: good, Findings: findingViews(findings)})
			} else {
				err = printCheck(env.Stdout, what, findings)
			}
			if err == nil && !good {
				err = errNo
			}
			return err
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "check the agreements of this configuration with its deployments, customers, prices and costs")
	out.register(cmd)
	return cmd
}

// check returns the findings on agreement files or on a configuration, and the name of what was checked. What cannot be
// read is an error.
func check(files []string, config string) (what string, findings []agreement.Finding, err error) {
	if config == "" {
		_, findings, err = app.LoadAgreements(files, app.Disk())
		if unreadable := app.Unreadable(findings); err == nil && unreadable != nil {
			err = unreadable
		}
		return strings.Join(files, ", "), findings, err
	}
	loaded, err := app.Load(config, app.Disk(), time.Now())
	if err == nil {
		return config, loaded.Findings, nil
	}
	invalid, ok := errors.AsType[*app.Invalid](err)
	if !ok || slices.ContainsFunc(invalid.Findings, func(f agreement.Finding) bool { return f.Rule == "config-file" }) {
		return config, nil, err
	}
	return config, invalid.Findings, nil
}

// printCheck writes every finding with its severity, and what they come to.
func printCheck(w io.Writer, what string, findings []agreement.Finding) error {
	errs, warnings, form := 0, 0, false
	for _, f := range findings {
		text := app.FindingText(f)
		if f.Severity == agreement.Warning {
			warnings++
		} else {
			errs++
			form = form || slices.ContainsFunc(agreementfile.Rules(), func(r agreement.Rule) bool { return r.ID == f.Rule })
			place := app.PlaceText(f.Pos)
			text = strings.TrimPrefix(place+": error: "+strings.TrimPrefix(strings.TrimPrefix(text, place), ": "), ": ")
		}
		if _, err := fmt.Fprintf(w, "%s\n\n", text); err != nil {
			return err
		}
	}
	comes := "good, " + counted(warnings, "warning")
	if errs > 0 {
		comes = counted(errs, "error") + ", " + counted(warnings, "warning")
	}
	if form {
		comes += "; what clauses say together is checked once the form of the files is right"
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", what, comes)
	return err
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
