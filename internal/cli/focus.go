package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
	"concord/settlement"
	"concord/settlement/focus"
)

// focusForm is the form of usage export that is FOCUS.
const focusForm = "focus"

// focusFlags are the flags of usage export that are of FOCUS alone.
type focusFlags struct {
	view, from, until string
	compress          bool
}

func (f *focusFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.view, "view", "", "focus: sales, what sellers bill customers (default); costs, what clouds bill account holders; fees, what parties bill parties apart from usage; statements, what parties have stated to each other; commitments, the dataset of contract commitments")
	cmd.Flags().StringVar(&f.from, "from", "", "focus: only what is billed from this date or instant on")
	cmd.Flags().StringVar(&f.until, "until", "", "focus: only what is billed before this date or instant")
	cmd.Flags().BoolVar(&f.compress, "gzip", false, "focus: compress it")
}

func (f *focusFlags) given() bool { return *f != focusFlags{} }

func exportFocus(ctx context.Context, env Env, at place, out, period string, f *focusFlags) error {
	o := app.FocusExport{View: focus.View(f.view), Compress: f.compress}
	if o.View == "" {
		o.View = focus.Sales
	}
	if period != "" {
		if f.from != "" || f.until != "" {
			return fmt.Errorf("--period %s says from when until when: leave --from and --until out", period)
		}
		p, err := settlement.ParsePeriod(period, nil)
		if err != nil {
			return fmt.Errorf("--period: %w", err)
		}
		o.From, o.Until = p.From.UnixNano(), p.Until.UnixNano()
	}
	for _, bound := range []struct {
		flag, text string
		to         *int64
	}{{"from", f.from, &o.From}, {"until", f.until, &o.Until}} {
		if bound.text == "" {
			continue
		}
		when, err := parseInstant(bound.flag, bound.text, time.UTC)
		if err != nil {
			return err
		}
		*bound.to = when.UnixNano()
	}
	rows := 0
	err := at.reading(ctx, func(r *app.Reading) error {
		return writeTo(env, out, func(w io.Writer) (err error) {
			rows, err = r.WriteFocus(ctx, w, o)
			return err
		})
	})
	if err != nil {
		return err
	}
	target := "stdout"
	if out != "" {
		target = out
	}
	fmt.Fprintf(env.Stderr, "Wrote %s rows of FOCUS %s (%s) to %s\n", report.Count(int64(rows)), focus.Version, o.View, target)
	return nil
}

func newFocus(env Env) *cobra.Command {
	return group("focus", "Check files of FOCUS, the FinOps Open Cost and Usage Specification", newFocusCheck(env))
}

func newFocusCheck(env Env) *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Check a file of FOCUS 1.3, plain or gzip", Args: cobra.ExactArgs(1),
		Long: "Check mandatory columns, nulls, allowed values, names of custom columns (x_), that quantity x unit price is the cost exactly, that charges\n" +
			"lie in their billing period, that an account is billed in one currency, and what counts to which contract commitment. A file of contract\n" +
			"commitments is told by its columns. Exit code: 0 good, 1 findings, 2 the file cannot be read.",
		RunE: func(_ *cobra.Command, args []string) error {
			checked, err := app.CheckFocus(args[0])
			if err != nil {
				return err
			}
			if out.json() {
				if err := report.WriteJSON(env.Stdout, checked); err != nil {
					return err
				}
			} else {
				for _, f := range checked.Findings {
					value := ""
					if f.Value != "" {
						value = fmt.Sprintf(" %q", f.Value)
					}
					fmt.Fprintf(env.Stdout, "%s:%d: %s%s: %s [%s]\n", args[0], f.Line, f.Column, value, f.What, f.Rule)
				}
				if checked.More > 0 {
					fmt.Fprintf(env.Stdout, "and %s more\n", report.Count(checked.More))
				}
			}
			if len(checked.Findings) > 0 {
				return errNo
			}
			if !out.json() {
				fmt.Fprintf(env.Stdout, "%s is good: %s rows\n", args[0], report.Count(checked.Rows))
			}
			return nil
		},
	}
	out.register(cmd)
	return cmd
}
