package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/journal/events"
	"concord/report"
	"concord/settlement"
)

// exchange is the --format flag of usage that leaves or enters.
type exchange events.Form

func (f *exchange) register(cmd *cobra.Command) {
	*f = exchange(events.NDJSON)
	cmd.Flags().Var(f, "format", "ndjson: one CloudEvent a line, documents and records; csv: records only; focus (export): rows of cost and usage")
}

// String returns the form.
func (f *exchange) String() string { return string(*f) }

// Type names the flag's type in help.
func (f *exchange) Type() string { return "ndjson|csv|focus" }

// Set accepts the three.
func (f *exchange) Set(s string) error {
	if s != string(events.NDJSON) && s != string(events.CSV) && s != focusForm {
		return fmt.Errorf("use ndjson, csv or focus")
	}
	*f = exchange(s)
	return nil
}

func newUsageExport(env Env) *cobra.Command {
	var at place
	var out, period string
	var form exchange
	var focus focusFlags
	cmd := &cobra.Command{
		Use: "export", Short: "Write records, and the documents that they were made under, as CloudEvents or CSV",
		Long: "Write CloudEvents 1.0, one a line: first every agreement, price book, catalog and set of the journal, then its records. Imported\n" +
			"into an empty data directory they give the same books, and the same bytes when they are exported again. With --format csv records\n" +
			"only, one a line.\n" +
			"docs/exports.md has the form.\n\n" +
			"With --format focus rows of FOCUS 1.3: by hour, SKU, cloud and customer, the license part and the cloud part of a price apart.\n" +
			"--view says whose bill it is; commitments is the dataset of contract commitments. docs/focus.md has them.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if form == focusForm {
				return exportFocus(cmd.Context(), env, at, out, period, &focus)
			}
			if focus.given() {
				return fmt.Errorf("--view, --from, --until and --gzip are of --format focus")
			}
			var from, until int64
			if period != "" {
				p, err := settlement.ParsePeriod(period, nil)
				if err != nil {
					return fmt.Errorf("--period: %w", err)
				}
				from, until = p.From.UnixNano(), p.Until.UnixNano()
			}
			return at.readingJournal(cmd.Context(), func(r *app.Reading) error {
				var done *app.UsageExport
				err := writeTo(env, out, func(w io.Writer) (err error) {
					done, err = r.ExportUsage(cmd.Context(), w, events.Form(form), from, until)
					return err
				})
				if err != nil {
					return err
				}
				target := "stdout"
				if out != "" {
					target = out
				}
				fmt.Fprintf(env.Stderr, "Wrote %s records and %d documents to %s, SHA-256 %s\n", report.Count(int64(done.Records)), done.Documents, target, done.Hash)
				return nil
			})
		},
	}
	form.register(cmd)
	focus.register(cmd)
	cmd.Flags().StringVar(&out, "out", "", "file to write (default: stdout)")
	cmd.Flags().StringVar(&period, "period", "", "only records admitted in this month, quarter or year of UTC: 2026-05, 2026-Q2, 2026")
	at.register(cmd)
	return cmd
}

func newUsageImport(env Env) *cobra.Command {
	var at place
	var source string
	var form exchange
	cmd := &cobra.Command{
		Use: "import FILE --source NAME", Short: "Take records and documents from CloudEvents or CSV into the journal, whole or not at all",
		Long: "Take in what concord usage export wrote, or others wrote in its form (docs/exports.md). The whole file is checked first, as far as\n" +
			"posting it to a copy of the books: with one bad line nothing is written. What the journal has already is counted and left alone;\n" +
			"the same identity with other content is a conflict. Where a server holds the data it does this, and reads the file itself.\n" +
			"CSV holds no documents: the agreements and prices that its records name must be in the journal already.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if form == focusForm {
				return fmt.Errorf("rows of FOCUS are sums: they cannot be imported; hold a cloud's export against the journal with concord reconcile")
			}
			if source == "" {
				return fmt.Errorf("say who imports: --source NAME names the chain that the entries go into")
			}
			dir, err := at.dir()
			if err != nil {
				return err
			}
			done, err := app.ImportUsage(cmd.Context(), dir, args[0], events.Form(form), source)
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stdout, "Imported %s records and %d documents into %s; %s records and %d documents were there already\n",
				report.Count(int64(done.Records)), done.Documents, dir, report.Count(int64(done.KnownRecords)), done.KnownDocuments)
			if done.Others+done.KnownOthers > 0 {
				fmt.Fprintf(env.Stdout, "Imported %d facts, payments and other entries; %d were there already\n", done.Others, done.KnownOthers)
			}
			if done.LeftOut > 0 {
				fmt.Fprintf(env.Stdout, "Left out %s entries that belong to their chain alone, such as intents\n", report.Count(int64(done.LeftOut)))
			}
			fmt.Fprintf(env.Stdout, "SHA-256 %s\n", done.Hash)
			return nil
		},
	}
	form.register(cmd)
	cmd.Flags().StringVar(&source, "source", "", "who imports: names the chain that is opened (required)")
	at.register(cmd)
	return cmd
}
