package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"concord/clouds/emulator"
	"concord/internal/app"
	"concord/report"
	"concord/settlement"
)

func newEmulateBill(env Env) *cobra.Command {
	var journal, prices, period, out string
	var o emulator.Billing
	var compress bool
	cmd := &cobra.Command{
		Use: "bill --cloud NAME --journal FILE --prices FILE --period 2026-05", Short: "Write the cost export that an emulated cloud would deliver, as FOCUS", Args: cobra.NoArgs,
		Long: "Write what an emulated cloud bills for a month as a FOCUS export in that cloud's own habit: AWS by hours, with prices and SKUs left\n" +
			"out and costs as binary fractions; Azure and Alibaba by days; Google with six decimals and opaque SKUs. It is made from the cloud's\n" +
			"own journal (concord emulate --journal) and its own price list, with none of the gateway's figures: hold the two against each other\n" +
			"with concord reconcile. docs/focus.md has the habits.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := settlement.ParsePeriod(period, nil)
			if err != nil {
				return fmt.Errorf("--period: %w", err)
			}
			o.From, o.Until = p.From, p.Until
			var done emulator.Billed
			err = writeTo(env, out, func(w io.Writer) (err error) {
				done, err = app.BillEmulator(w, journal, prices, o, compress)
				return err
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stderr, "Billed %s requests in %s rows: %s USD\n", report.Count(int64(done.Requests)), report.Count(int64(done.Rows)), done.Total)
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Cloud, "cloud", "", strings.Join(emulator.Clouds(), ", "))
	cmd.Flags().StringVar(&journal, "journal", "", "what the cloud served: the file of concord emulate --journal")
	cmd.Flags().StringVar(&prices, "prices", "", "CSV of the cloud's own list: model,region,tier,class,above,per,price")
	cmd.Flags().StringVar(&period, "period", "", "month, in UTC: 2026-05")
	cmd.Flags().StringVar(&o.Account, "account", "", "only this account's (default: all)")
	cmd.Flags().StringVar(&out, "out", "", "file to write (default: stdout)")
	cmd.Flags().BoolVar(&compress, "gzip", false, "compress it")
	for _, name := range []string{"cloud", "journal", "prices", "period"} {
		_ = cmd.MarkFlagRequired(name) // it exists: it was made above
	}
	return cmd
}
