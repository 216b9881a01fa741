package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
)

func newJournalExport(env Env) *cobra.Command {
	var at place
	var out, form string
	cmd := &cobra.Command{
		Use: "export", Short: "Write every entry of the journal as a CloudEvent", Args: cobra.NoArgs,
		Long: "Write CloudEvents 1.0, one a line, in posting order: every entry, of whatever kind. concord usage import takes them in again, but\n" +
			"for what belongs to its chain alone (openings and seals, intents, attempts, progress, merges), which it counts and leaves out.\n" +
			"docs/exports.md has the form.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if form != "ndjson" {
				return fmt.Errorf("--format %q: use ndjson", form)
			}
			return at.readingJournal(cmd.Context(), func(r *app.Reading) error {
				var done *app.JournalExport
				err := writeTo(env, out, func(w io.Writer) (err error) {
					done, err = r.ExportJournal(cmd.Context(), w)
					return err
				})
				if err != nil {
					return err
				}
				target := "stdout"
				if out != "" {
					target = out
				}
				fmt.Fprintf(env.Stderr, "Wrote %s entries to %s, SHA-256 %s\n", report.Count(int64(done.Entries)), target, done.Hash)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write (default: stdout)")
	cmd.Flags().StringVar(&form, "format", "ndjson", "ndjson: one CloudEvent a line")
	at.register(cmd)
	return cmd
}
