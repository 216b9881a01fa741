package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

func newAgreement(env Env) *cobra.Command {
	return group("agreement", "Check agreements, and show the terms in force", newAgreementCheck(env), newAgreementShow(env), newAgreementExplain(env),
		newAgreementTest(env), newAgreementCalendar(env), newAgreementConvert(env), newAgreementDiff(env))
}

func newAgreementShow(env Env) *cobra.Command {
	var out format
	var asOf, known string
	cmd := &cobra.Command{
		Use: "show --as-of T FILE...", Short: "Show the clauses in force at an instant, as far as they were known at another", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			set, findings, err := app.LoadAgreements(args, app.Disk())
			if err != nil {
				return reportInvalid(env, out, err)
			}
			if app.HasErrors(findings) {
				return reportInvalid(env, out, &app.Invalid{What: "agreement", Findings: findings})
			}
			zone := set.Agreements()[0].Zone
			at, err := parseInstant("as-of", asOf, zone)
			if err != nil {
				return err
			}
			knownAt := time.Now()
			if known != "" {
				if knownAt, err = parseInstant("known", known, zone); err != nil {
					return err
				}
			}
			terms, err := set.AsOf(at, knownAt)
			if err != nil {
				return fmt.Errorf("find the terms in force at %s: %w", at.Format(time.RFC3339), err)
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, struct {
					AsOf string `json:"as_of"`
					agreement.View
				}{at.Format(time.RFC3339), terms.View()})
			}
			fmt.Fprintf(env.Stdout, "Terms in force at %s (%.12s)\n", at.Format(time.RFC3339), terms.Hash())
			for _, in := range terms.Clauses() {
				fmt.Fprintf(env.Stdout, "\n%s/%s (%s)\n", in.Agreement.Name, in.Clause.Head().ID, agreement.KindOf(in.Clause))
				for line := range strings.Lines(agreement.Describe(in)) {
					for _, part := range report.Wrap(strings.TrimSpace(line), report.Width-2) {
						fmt.Fprintf(env.Stdout, "  %s\n", part)
					}
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&asOf, "as-of", "", "the instant: a date, or RFC 3339")
	cmd.Flags().StringVar(&known, "known", "", "what was recorded later does not count (default: now)")
	_ = cmd.MarkFlagRequired("as-of") // the flag exists: it was made two lines above
	out.register(cmd)
	return cmd
}
