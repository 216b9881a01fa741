package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/ledger/export"
	"concord/report"
)

func newLedgerExport(env Env) *cobra.Command {
	var at place
	var form, detail, out string
	var selection export.Selection
	cmd := &cobra.Command{
		Use: "export --format hledger|beancount", Short: "Write the books for hledger or beancount, which check them without Concord",
		Long: "Write the books as a journal for hledger or beancount: one transaction for each book, agreement and day, or each one as the\n" +
			"journal gives it. The file ends with what every account comes to, so that the other tool adds the books up again. Check it:\n\n" +
			"  hledger -f books.journal check --strict ordereddates\n  bean-check books.beancount\n\n" +
			"Names, dates and amounts are explained in docs/exports.md.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := app.ExportOptions{Form: export.Form(form), Selection: selection, Transactions: detail == "transaction"}
			if _, err := export.NewRenderer(o.Form); err != nil {
				return fmt.Errorf("--format %q: %w", form, err)
			}
			if detail != "day" && detail != "transaction" {
				return fmt.Errorf("--detail %q: write day or transaction", detail)
			}
			return at.reading(cmd.Context(), func(r *app.Reading) error {
				var done *app.Exported
				err := writeTo(env, out, func(w io.Writer) (err error) {
					done, err = r.ExportBooks(cmd.Context(), w, o)
					return err
				})
				if err != nil {
					return err
				}
				target := "stdout"
				if out != "" {
					target = out
				}
				fmt.Fprintf(env.Stderr, "Wrote %s transactions in %d books to %s: %s accounts, up to chain %d, block %d of the journal\n",
					report.Count(int64(done.Transactions)), len(done.Books), target, report.Count(int64(done.Accounts)), done.At.Chain, done.At.Block)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&form, "format", "", "hledger or beancount (required)")
	cmd.Flags().StringVar(&detail, "detail", "day", "day: one transaction a day, book and agreement; transaction: every one, derived again from the journal")
	cmd.Flags().StringVar(&out, "out", "", "file to write (default: stdout)")
	cmd.Flags().StringVar(&selection.Book, "book", "", "only this party's book")
	cmd.Flags().StringVar(&selection.Agreement, "agreement", "", "only what was posted under this agreement")
	at.register(cmd)
	return cmd
}

// writeTo calls write with stdout, or with a file that takes its place only once it is whole.
func writeTo(env Env, file string, write func(io.Writer) error) (err error) {
	if file == "" {
		return write(env.Stdout)
	}
	part, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := errors.Join(write(part), part.Chmod(0o644), part.Close()); err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	if err := os.Rename(part.Name(), file); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", file, err), os.Remove(part.Name()))
	}
	return nil
}
