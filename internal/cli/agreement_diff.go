package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
	"concord/simulate"
)

// pageFormat is the --format flag of commands that write a page.
type pageFormat string

// String returns the format.
func (f *pageFormat) String() string { return string(*f) }

// Type names the flag's type in help.
func (f *pageFormat) Type() string { return "text|markdown|json|html" }

// Set accepts the formats of a page.
func (f *pageFormat) Set(s string) error {
	switch s {
	case "text", "markdown", "json", "html":
		*f = pageFormat(s)
		return nil
	}
	return errors.New("use text, markdown, json or html")
}

func (f pageFormat) write(w io.Writer, p *report.Page) error {
	switch f {
	case "markdown":
		return p.WriteMarkdown(w)
	case "html":
		return p.WriteHTML(w)
	}
	return p.WriteText(w)
}

// plain is the format in which errors are told.
func (f pageFormat) plain() format {
	if f == "json" {
		return "json"
	}
	return "text"
}

// diffView is the JSON of `agreement diff`.
type diffView struct {
	agreement.DifferenceView
	Usage *simulate.Comparison `json:"usage,omitempty"`
}

// differ is what one run of `agreement diff` is about.
type differ struct {
	env    Env
	out    pageFormat
	files  app.SceneFiles
	drafts []string
	from   string
	to     string
	known  string
	usage  bool
	period string
	at     place
}

func newAgreementDiff(env Env) *cobra.Command {
	d := &differ{env: env, out: "text"}
	cmd := &cobra.Command{
		Use: "diff --from A --to B FILE...", Short: "Say what changes between two versions of the terms, and what that means in effect",
		Long: "Compares the terms in force at two instants by what they mean: where products may run, who holds which license, who pays whom,\n" +
			"which requests would go elsewhere, and whether a change is about delivery, license or money, or couples them and through what.\n\n" +
			"A and B are dates (their first instant in the zone of the first file), RFC 3339 instants, or ids of amendments (the terms that came\n" +
			"into force with it). --to-file compares with a draft: its agreements stand in for those of the same name; A is now and B the draft's\n" +
			"last amendment unless given. With --config the customers and deployments are those of a configuration, and agreement files, if any\n" +
			"are named, stand in for its own; without it every seller is supposed on every cloud that a sale clause names.\n\n" +
			"--usage routes and prices the usage that the journal recorded under both versions, in books of their own that begin empty, and\n" +
			"reports which requests would have gone elsewhere and whose money would have been other. It reads the journal of --data or\n" +
			"--config and changes nothing; agreements, deployments, customers and prices are those of the journal where none are named.\n\n" +
			"Exit code 0: done, whether anything differs or not.",
		Example: "  concord agreement diff --from 2026-02-27 --to 2026-04-27 examples/openai-microsoft.yaml examples/openai-clouds.yaml\n" +
			"  concord agreement diff --config examples/concord.yaml --to-file draft.yaml --to 2027-01-01 --format html > change.html\n" +
			"  concord agreement diff --from 2026-02-27 --to 2026-04-27 --usage --period 2026-11 --data ./concord-data",
		RunE: func(cmd *cobra.Command, args []string) error {
			d.files.Agreements = args
			if err := d.run(cmd); err != nil {
				return reportInvalid(env, d.out.plain(), err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&d.from, "from", "", "the earlier version: a date, an instant, or the id of an amendment")
	flags.StringVar(&d.to, "to", "", "the later version, likewise")
	flags.StringSliceVar(&d.drafts, "to-file", nil, "agreement files that stand in for those of the same name in the later version")
	flags.StringVar(&d.known, "known", "", "what was recorded later does not count (default: now, or when the named amendment was recorded)")
	flags.BoolVar(&d.usage, "usage", false, "route and price recorded usage under both versions")
	flags.StringVar(&d.period, "period", "", "with --usage: month, quarter or year, 2026-11 (default: all that is recorded)")
	flags.Var(&d.out, "format", "text, markdown, json or html")
	d.at.register(cmd)
	flags.Lookup("config").Usage = "configuration with customers, deployments and prices; with --usage also where the data is"
	flags.Lookup("data").Usage = "with --usage: data directory (default: that of ./concord.yaml, else ./concord-data)"
	return cmd
}

func (d *differ) run(cmd *cobra.Command) error {
	if len(d.drafts) == 0 && (d.from == "" || d.to == "") {
		return errors.New("name both versions: --from 2026-02-27 --to 2026-04-27; or compare with a draft: --to-file draft.yaml")
	}
	if d.period != "" && !d.usage {
		return errors.New("--period chooses recorded usage; say --usage too")
	}
	d.files.Config = d.at.config
	if d.usage {
		return d.at.reading(cmd.Context(), func(r *app.Reading) error { return d.shadow(cmd, r) })
	}
	if len(d.files.Agreements) == 0 && d.files.Config == "" {
		return errors.New("name the agreement files, or a configuration that names them: --config concord.yaml")
	}
	scene, err := d.scene()
	if err != nil {
		return err
	}
	from, to, err := d.versions(scene.Set)
	if err != nil {
		return err
	}
	catalog := scene.Catalog
	if scene.Derived {
		catalog = nil
	}
	return d.print(agreement.Diff(from, to, catalog), zoneOf(scene.Set), nil)
}

func (d *differ) scene() (*simulate.Scene, error) {
	var err error
	if d.files.Known, err = knownAt(d.known); err != nil {
		return nil, err
	}
	return app.LoadScene(d.files, app.Disk())
}

// versions finds both sides.
func (d *differ) versions(set *agreement.Set) (from, to *agreement.Terms, err error) {
	q := app.VersionQuery{Now: time.Now().UTC()}
	if d.known != "" {
		if q.Known, err = knownAt(d.known); err != nil {
			return nil, nil, err
		}
	}
	later := set
	if len(d.drafts) > 0 {
		if later, err = app.Redraft(set, d.drafts, app.Disk()); err != nil {
			return nil, nil, err
		}
		if m := app.LastNew(set, later); m != nil && d.to == "" && m.Effective.After(q.Now) {
			d.to = m.ID
		}
	}
	q.Text = d.from
	if from, err = app.TermsOf(set, q); err != nil {
		return nil, nil, err
	}
	q.Text = d.to
	to, err = app.TermsOf(later, q)
	return from, to, err
}

// labels are what the reader called both sides.
func (d *differ) labels() (from, to string) {
	from, to = d.from, d.to
	if from == "" {
		from = "now"
	}
	if to == "" {
		to = "now"
	}
	if len(d.drafts) > 0 {
		to += " under " + strings.Join(d.drafts, ", ")
	}
	return from, to
}

func (d *differ) print(diff *agreement.Difference, zone *time.Location, usage *simulate.Comparison) error {
	if d.out == "json" {
		return report.WriteJSON(d.env.Stdout, diffView{diff.View(), usage})
	}
	from, to := d.labels()
	page := report.DiffPage(diff, from, to, zone)
	if usage != nil {
		page.Sections = append(page.Sections, app.ComparisonSections(usage)...)
	}
	if err := d.out.write(d.env.Stdout, page); err != nil {
		return fmt.Errorf("write the difference: %w", err)
	}
	return nil
}

// shadow compares both versions over recorded usage.
func (d *differ) shadow(cmd *cobra.Command, r *app.Reading) error {
	scene, err := r.Scene(cmd.Context())
	if err != nil {
		return err
	}
	if len(d.files.Agreements) > 0 || d.files.Config != "" {
		named, err := d.scene()
		if err != nil {
			return err
		}
		scene.Set = named.Set
		if !named.Derived {
			scene.Catalog, scene.Books = named.Catalog, named.Books
		}
	}
	from, to, err := d.versions(scene.Set)
	if err != nil {
		return err
	}
	zone := zoneOf(scene.Set)
	usage, err := r.Compare(cmd.Context(), app.ShadowQuery{From: from, To: to, Scene: scene, Period: d.period, Zone: zone})
	if err != nil {
		return err
	}
	return d.print(agreement.Diff(from, to, scene.Catalog), zone, usage)
}
