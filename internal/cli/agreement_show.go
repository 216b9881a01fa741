package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

// shownTerms is the JSON of the terms in force.
type shownTerms struct {
	AsOf  string `json:"as_of"`
	Known string `json:"known"`
	agreement.View
	Next       []eventView `json:"next"`       // what changes them when their span is over
	Conditions []eventView `json:"conditions"` // what has no date and may change them before
	// When the journal took the facts that stand there and not in the files, by AGREEMENT/ID.
	Recorded map[string]string `json:"recorded,omitempty"`
}

func newAgreementShow(env Env) *cobra.Command {
	var out format
	var at place
	var asOf, known string
	cmd := &cobra.Command{
		Use: "show --as-of T FILE...", Short: "Show the clauses in force at an instant, as far as they were known at another", Args: cobra.MinimumNArgs(1),
		Long: "Shows the clauses in force, in words, by delivery, license, money and milestones: since when and until when, how well each is known\n" +
			"and from where; the facts in force; and what changes next. --known shows what somebody knew then: amendments and facts that\n" +
			"were recorded later do not count. With --data or --config the facts that were recorded in the journal there (concord record fact)\n" +
			"count too, and are marked.",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, findings, recorded, err := at.agreements(cmd.Context(), args)
			if err != nil {
				return reportInvalid(env, out, err)
			}
			if app.HasErrors(findings) {
				return reportInvalid(env, out, &app.Invalid{What: "agreement", Findings: findings})
			}
			zone := zoneOf(set)
			when, err := parseInstant("as-of", asOf, zone)
			if err != nil {
				return err
			}
			knownAt := time.Now()
			if known != "" {
				if knownAt, err = parseInstant("known", known, zone); err != nil {
					return err
				}
			}
			terms, err := set.AsOf(when, knownAt)
			if err != nil {
				return fmt.Errorf("find the terms in force at %s: %w", when.Format(time.RFC3339), err)
			}
			next, conditions, err := set.Next(terms, knownAt)
			if err != nil {
				return fmt.Errorf("find what changes the terms of %s: %w", when.Format(time.RFC3339), err)
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, shownTerms{when.Format(time.RFC3339), knownAt.UTC().Format(time.RFC3339), terms.View(), viewEvents(next), viewEvents(conditions), recorded})
			}
			printShown(env.Stdout, set, terms, when.In(zone), known)
			printFacts(env.Stdout, terms, recorded)
			printNext(env.Stdout, terms, next, conditions, zone)
			return nil
		},
	}
	cmd.Flags().StringVar(&asOf, "as-of", "", "the instant: a date, or RFC 3339")
	cmd.Flags().StringVar(&known, "known", "", "what was recorded later does not count (default: now)")
	_ = cmd.MarkFlagRequired("as-of") // the flag exists: it was made two lines above
	at.register(cmd)
	out.register(cmd)
	return cmd
}

// agreements reads agreement files, with the facts of the journal where a flag says where that is.
func (p *place) agreements(ctx context.Context, paths []string) (*agreement.Set, []agreement.Finding, map[string]string, error) {
	if p.config == "" && p.data == "" {
		set, findings, err := app.LoadAgreements(paths, app.Disk())
		return set, findings, nil, err
	}
	dir, err := p.dir()
	if err != nil {
		return nil, nil, nil, err
	}
	return app.LoadRecorded(ctx, dir, paths, app.Disk())
}

// printShown prints the clauses in force, section by section.
func printShown(w io.Writer, set *agreement.Set, terms *agreement.Terms, at time.Time, known string) {
	fmt.Fprintf(w, "Terms in force at %s (%.12s)\n", at.Format(time.RFC3339), terms.Hash())
	if known != "" {
		fmt.Fprintf(w, "As known on %s.\n", known)
	}
	for _, a := range set.Agreements() {
		fmt.Fprintf(w, "%s: %s\n", a.Name, cmp.Or(a.Title, "without a title"))
	}
	if len(terms.Clauses()) == 0 {
		fmt.Fprintln(w, "\nNo clause is in force: nobody may deliver anything.")
	}
	for _, section := range agreement.Sections() {
		clauses := section.Of(terms.Clauses())
		if len(clauses) > 0 {
			fmt.Fprintf(w, "\n%s\n", heading(section.Title()))
		}
		for _, in := range clauses {
			printClause(w, in)
		}
	}
}

func heading(title string) string {
	return title + "\n" + strings.Repeat("-", report.Columns(title))
}

// printClause prints one clause: its own words as the agreement has them, then what the program reads in it.
func printClause(w io.Writer, in agreement.InForce) {
	h := in.Clause.Head()
	fmt.Fprintf(w, "\n%s  (%s, %s, %s)\n", h.ID, agreement.KindOf(in.Clause), in.Agreement.Name, h.Pos)
	if h.Prose != "" {
		wrapped(w, "  ", "\""+strings.TrimSpace(h.Prose)+"\"")
	}
	for line := range strings.Lines(agreement.Describe(in)) {
		wrapped(w, "  ", strings.TrimSpace(line))
	}
}

func wrapped(w io.Writer, indent, text string) {
	for _, line := range report.Wrap(text, report.Width-len(indent)) {
		fmt.Fprintf(w, "%s%s\n", indent, line)
	}
}

// printFacts prints the facts in force; of those that only the journal has, when it took them.
func printFacts(w io.Writer, terms *agreement.Terms, recorded map[string]string) {
	facts := terms.View().Facts
	slices.SortStableFunc(facts, func(a, b agreement.FactView) int { return strings.Compare(a.On, b.On) })
	if len(facts) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n\n", heading("Facts in force"))
	table := report.NewTable("on", "fact", "says", "what", "evidence", "how known")
	table.Indent = 2
	for _, f := range facts {
		on, _, _ := strings.Cut(f.On, "T")
		what := strings.TrimSpace(fmt.Sprintf("%s %s", f.Kind, cmp.Or(f.Product, f.Milestone, f.Offer)))
		if f.Cloud != "" {
			what += " on " + f.Cloud
		}
		how := string(f.Provenance)
		if at, ok := recorded[f.Agreement+"/"+f.ID]; ok {
			second, _, _ := strings.Cut(at, ".")
			how = strings.TrimPrefix(how+", recorded in the journal "+strings.TrimSuffix(second, "Z")+"Z", ", ")
		}
		table.Row(on, f.ID, f.By, what, f.Evidence, how)
	}
	_ = table.Write(w) // a broken pipe shows at the next line
}

func printNext(w io.Writer, terms *agreement.Terms, next, conditions []agreement.Event, zone *time.Location) {
	fmt.Fprintf(w, "\n%s\n\n", heading("What changes next"))
	if _, until := terms.Span(); until.IsZero() {
		fmt.Fprintln(w, "  Nothing with a date.")
	} else {
		day := until.In(zone).Format(time.RFC3339)
		if until.In(zone).Hour() == 0 && until.In(zone).Minute() == 0 {
			day = until.In(zone).Format(time.DateOnly)
		}
		fmt.Fprintf(w, "  On %s:\n", day)
	}
	for i := range next {
		text := next[i].Title
		if next[i].Kind == agreement.AmendmentBegins && next[i].Text != "" {
			text += " (" + next[i].Text + ")"
		}
		wrapped(w, "    ", text)
	}
	if len(conditions) > 0 {
		fmt.Fprintln(w, "  Without a date:")
	}
	for i := range conditions {
		wrapped(w, "    ", conditions[i].Title)
	}
}
