package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
)

func newStatementVerify(env Env) *cobra.Command {
	var out format
	var at place
	cmd := &cobra.Command{
		Use: "verify FILE", Short: "Compute a statement again from your own journal, and compare it byte for byte", Args: cobra.ExactArgs(1),
		Long: "Compute a statement again from your own journal, at the position that it names, and compare the two byte for byte. A text, CSV,\n" +
			"HTML or PDF file is compared with the forms that were kept when the statement was closed. Exit code 1 and the first difference\n" +
			"where they are not the same, 2 where it could not be found out.",
		RunE: func(cmd *cobra.Command, args []string) error {
			content, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read the statement: %w", err)
			}
			var found *app.Recut
			err = at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				found, err = r.VerifyStatement(cmd.Context(), content)
				return err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if out.json() {
				err = report.WriteJSON(env.Stdout, found)
			} else {
				err = writeRecut(env, args[0], found)
			}
			if err == nil && !found.Same {
				err = errNo
			}
			return err
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

func writeRecut(env Env, file string, found *app.Recut) (err error) {
	switch {
	case !found.Same:
		_, err = fmt.Fprintf(env.Stdout, "%s is NOT what this journal gives: %s\n", file, found.Reason)
	case found.Form != "json":
		_, err = fmt.Fprintf(env.Stdout, "%s is the %s form of statement %s, as it was closed\n", file, found.Form, found.Number)
	case !found.Closed:
		_, err = fmt.Fprintf(env.Stdout, "Statement %s is the same, computed from this journal: SHA-256 %s. This journal does not have its closing yet\n", found.Number, found.Hash)
	default:
		_, err = fmt.Fprintf(env.Stdout, "Statement %s is the same, computed from this journal: SHA-256 %s\n", found.Number, found.Hash)
	}
	return err
}
