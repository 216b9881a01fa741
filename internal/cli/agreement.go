package cli

import (
	"encoding/hex"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

func newAgreement(env Env) *cobra.Command {
	return group("agreement", "Check agreements, and show the terms in force", newAgreementCheck(env), newAgreementShow(env))
}

func newAgreementCheck(env Env) *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use: "check FILE...", Short: "Say everything that is wrong or doubtful in agreements that are in force together", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, findings, err := app.LoadAgreements(args, app.Disk())
			if err != nil {
				return reportInvalid(env, out, err)
			}
			if unreadable := app.Unreadable(findings); unreadable != nil {
				return reportInvalid(env, out, unreadable)
			}
			good := !app.HasErrors(findings)
			if out.json() {
				if err := report.WriteJSON(env.Stdout, checkView{OK: good, Findings: findingViews(findings)}); err != nil {
					return err
				}
			} else {
				for _, f := range findings {
					fmt.Fprintln(env.Stdout, app.FindingText(f))
				}
			}
			if !good {
				return errNo
			}
			if !out.json() {
				fmt.Fprintf(env.Stdout, "%s: good, %d warnings\n", join(args), len(findings))
			}
			return nil
		},
	}
	out.register(cmd)
	return cmd
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
			view := viewTerms(terms, at)
			if out.json() {
				return report.WriteJSON(env.Stdout, view)
			}
			return view.print(env)
		},
	}
	cmd.Flags().StringVar(&asOf, "as-of", "", "the instant: a date, or RFC 3339")
	cmd.Flags().StringVar(&known, "known", "", "what was recorded later does not count (default: now)")
	_ = cmd.MarkFlagRequired("as-of") // the flag exists: it was made two lines above
	out.register(cmd)
	return cmd
}

type termsView struct {
	AsOf    string       `json:"as_of"`
	Hash    string       `json:"terms"`
	From    string       `json:"from,omitempty"`
	Until   string       `json:"until,omitempty"`
	Clauses []clauseView `json:"clauses"`
}

type clauseView struct {
	Agreement  string               `json:"agreement"`
	ID         string               `json:"id"`
	Kind       string               `json:"kind"`
	Amendment  string               `json:"amendment"`
	Says       string               `json:"says"`
	Prose      string               `json:"prose,omitempty"`
	Until      string               `json:"until"`
	Provenance agreement.Provenance `json:"provenance"`
	Source     string               `json:"source,omitempty"`
	Fields     map[string]string    `json:"fields,omitempty"` // fields known less well than the clause
}

func viewTerms(terms *agreement.Terms, at time.Time) termsView {
	hash := terms.Hash()
	v := termsView{AsOf: at.Format(time.RFC3339), Hash: hex.EncodeToString(hash[:]), Clauses: []clauseView{}}
	from, until := terms.Span()
	if !from.IsZero() {
		v.From = from.Format(time.RFC3339)
	}
	if !until.IsZero() {
		v.Until = until.Format(time.RFC3339)
	}
	for _, in := range terms.Clauses() {
		head := in.Clause.Head()
		c := clauseView{
			Agreement: in.Agreement.Name, ID: head.ID, Kind: agreement.KindOf(in.Clause), Amendment: in.Amendment.ID,
			Says: clauseWords(in.Clause), Prose: head.Prose, Until: endWords(head.End), Provenance: in.Provenance(""), Source: in.Source().URL,
		}
		for _, f := range head.FieldProv {
			if c.Fields == nil {
				c.Fields = map[string]string{}
			}
			c.Fields[f.Field] = string(f.Provenance)
		}
		v.Clauses = append(v.Clauses, c)
	}
	return v
}

func (v termsView) print(env Env) error {
	fmt.Fprintf(env.Stdout, "Terms in force at %s (%s)\n", v.AsOf, v.Hash[:12])
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "agreement\tclause\tkind\tsince amendment\tuntil\tprovenance\tsays")
	for _, c := range v.Clauses {
		prov := string(c.Provenance)
		for _, field := range sortedFields(c.Fields) {
			prov += fmt.Sprintf(", %s %s", field, c.Fields[field])
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Agreement, c.ID, c.Kind, c.Amendment, c.Until, prov, c.Says)
	}
	return w.Flush()
}
