package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
)

func newClose(env Env) *cobra.Command {
	var out format
	var at place
	var query app.CloseRequest
	var between, issued string
	cmd := &cobra.Command{
		Use: "close --agreement NAME --period 2026-05 [--again --because SOURCE/ID]", Short: "Close a period: write what falls due, and freeze its statements", Args: cobra.NoArgs,
		Long: "Close a period of an agreement. What falls due at its end is posted (license fees, guarantees, shortfalls, late interest), and a\n" +
			"statement for every two parties that settle by this kind of period is issued: cut at a position of the journal, kept there with\n" +
			"its printed forms, and never changed again. What comes later stands in the next statement. Nothing is written where a chain of the\n" +
			"journal has not passed the end of the period and its grace, or a control total disagrees.\n\n" +
			"With --again the statement that has closed the period is replaced by a further version, which cites it, the disputes or entries\n" +
			"that are the reason, and every line that changed. The version before keeps its bytes and stands as replaced; what was paid of it\n" +
			"counts to the new one. One that is accepted or settled is not replaced, nor one that a later period follows: what is known of it\n" +
			"by now stands in the next statement. docs/statements.md says more.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if query.Period == "" {
				return errors.New("say which period: --period 2026-05, 2026-Q2 or 2026")
			}
			if query.Between, err = pairOf(between); err != nil {
				return err
			}
			if len(query.Because) > 0 && !query.Again {
				return errors.New("--because gives the reasons for a further version: say --again too")
			}
			if issued != "" {
				if query.Issued, err = parseInstant("issued", issued, time.UTC); err != nil {
					return err
				}
			}
			dir, err := at.dir()
			if err != nil {
				return err
			}
			done, err := app.Close(cmd.Context(), dir, query)
			if errors.Is(err, app.ErrBehind) {
				fmt.Fprintf(env.Stderr, "concord: %v\n", err)
				err = errNo
			}
			if done == nil || err != nil && !errors.Is(err, errNo) {
				return err
			}
			if out.json() {
				return errors.Join(report.WriteJSON(env.Stdout, done), err)
			}
			return errors.Join(writeClosings(env, done), err)
		},
	}
	cmd.Flags().StringVar(&query.Agreement, "agreement", "", "the agreement (default: the only one)")
	cmd.Flags().StringVar(&query.Period, "period", "", "month, quarter or year: 2026-05, 2026-Q2, 2026")
	cmd.Flags().StringVar(&between, "between", "", "two parties, as in openai,microsoft (default: all that settle by this kind of period)")
	cmd.Flags().BoolVar(&query.Again, "again", false, "issue a further version of the statement that has closed the period")
	cmd.Flags().StringSliceVar(&query.Because, "because", nil, "with --again: what makes it wrong, a dispute, correction, refund, credit, fee or invoice as SOURCE/ID, or a request (default: its disputes)")
	cmd.Flags().StringVar(&issued, "issued", "", "when the statements are issued, a date or an instant after the period and its grace (default: now)")
	cmd.Flags().DurationVar(&query.Wait, "wait", 10*time.Second, "how long to wait for chains that have not passed the end of the period")
	at.register(cmd)
	out.register(cmd)
	return cmd
}

func writeClosings(env Env, done *app.Closings) error {
	for _, f := range done.Fell {
		if _, err := fmt.Fprintf(env.Stdout, "Fell due: %s of %s, %s owes %s %s %s\n", f.Name, f.Clause, f.Payer, f.Payee, f.Amount, f.Currency); err != nil {
			return err
		}
	}
	for _, s := range done.Statements {
		line := fmt.Sprintf("Closed statement %s (%.12s): %s owes %s %s %s", s.Number, s.Hash, s.Net.Payer, s.Net.Payee, report.Money(s.Net.Amount, 2), s.Owed)
		if s.Due != "" {
			line += ", due " + s.Due
		}
		if s.Replaces != "" {
			line += fmt.Sprintf("; it replaces %s, lines that changed: %d", s.Replaces, s.Changes)
		}
		if _, err := fmt.Fprintln(env.Stdout, line); err != nil {
			return err
		}
	}
	if len(done.Without) == 0 {
		return nil
	}
	var pairs []string
	for _, pair := range done.Without {
		pairs = append(pairs, pair[0]+" and "+pair[1])
	}
	_, err := fmt.Fprintf(env.Stdout, "No statement between %s: nothing stands between them (--between A,B issues one of zero)\n", strings.Join(pairs, ", "))
	return err
}

// pairOf reads --between; "" is none.
func pairOf(between string) ([2]string, error) {
	if between == "" {
		return [2]string{}, nil
	}
	a, b, ok := strings.Cut(between, ",")
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if !ok || a == "" || b == "" || a == b {
		return [2]string{}, fmt.Errorf("--between %q names no two parties; write --between openai,microsoft", between)
	}
	return [2]string{a, b}, nil
}
