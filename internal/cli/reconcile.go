package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/money"
	"concord/report"
)

// listedDifferences bounds what the text shows; JSON and CSV have all.
const listedDifferences = 50

func newReconcile(env Env) *cobra.Command {
	var at place
	var q app.ReconcileQuery
	var form, accept string
	var accounts, invoices []string
	cmd := &cobra.Command{
		Use: "reconcile --cloud NAME --focus FILE --period 2026-05", Short: "Hold a cloud's cost export against the journal, and name what differs", Args: cobra.NoArgs,
		Long: "Read a cloud's FOCUS export (1.0 to 1.4, CSV or gzip) and compare it with what the journal says of the calls at that cloud: by account,\n" +
			"region, model, meter and hour, or day where the export is by days. Quantities must be the same to the token, then the price of one, then\n" +
			"the cost to half of the last decimal that the export prints. What differs has a class: ours only, theirs only, quantity, price, period\n" +
			"shift, correction, rounding; all differences together are the difference of the totals, exactly.\n\n" +
			"--keep keeps the export by its hash and the result in the journal; a restated export is another version beside it. --accept also posts\n" +
			"corrections, so that interrupted calls get their true cost. docs/focus.md explains each class and what to do about it.\n" +
			"Exit code: 0 all matched or rounding, 1 differences, 2 the export or the journal could not be read.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if form != "text" && form != "json" && form != "csv" {
				return fmt.Errorf("--format %q: use text, json or csv", form)
			}
			if accept != "" {
				if q.Accept, err = app.ParseAccept(accept); err != nil {
					return fmt.Errorf("--accept: %w", err)
				}
			}
			if err := readAccounts(&q, accounts); err != nil {
				return err
			}
			if err := readInvoices(&q, invoices); err != nil {
				return err
			}
			dir, err := at.dir()
			if err != nil {
				return err
			}
			done, err := app.Reconcile(cmd.Context(), dir, q)
			if err != nil {
				return err
			}
			view := app.ViewReconciliation(done)
			if form != "text" {
				for _, note := range view.Notes {
					fmt.Fprintln(env.Stderr, note)
				}
			}
			switch form {
			case "json":
				err = report.WriteJSON(env.Stdout, view)
			case "csv":
				err = writeDifferences(env.Stdout, view)
			default:
				err = printReconciliation(env.Stdout, view)
			}
			if err == nil && !view.Good {
				return errNo
			}
			return err
		},
	}
	cmd.Flags().StringVar(&q.Cloud, "cloud", "", "cloud whose export it is")
	cmd.Flags().StringVar(&q.File, "focus", "", "the export: FOCUS 1.0 to 1.4 as CSV, plain or gzip")
	cmd.Flags().StringVar(&q.Period, "period", "", "billing period, a month of UTC: 2026-05")
	cmd.Flags().StringSliceVar(&accounts, "account", nil, "account whose bill it is, as the configuration names it; NUMBER=NAME where the export has several (default: all)")
	cmd.Flags().StringVar(&q.Map, "map", "", "CSV with sku,model,meter: what SKUs are that are not recognized by their words")
	cmd.Flags().StringSliceVar(&invoices, "invoice", nil, "ID=TOTAL of an invoice that its rows must come to")
	cmd.Flags().StringVar(&form, "format", "text", "text, json or csv (the differences)")
	cmd.Flags().BoolVar(&q.Keep, "keep", false, "keep the export and the result")
	cmd.Flags().StringVar(&accept, "accept", "", "keep, and post corrections for these classes: quantity,price,ours-only,theirs-only")
	for _, name := range []string{"cloud", "focus", "period"} {
		_ = cmd.MarkFlagRequired(name) // it exists: it was made above
	}
	at.register(cmd)
	return cmd
}

func readAccounts(q *app.ReconcileQuery, accounts []string) error {
	q.Numbers = map[string]string{}
	for _, a := range accounts {
		number, name, mapped := strings.Cut(a, "=")
		switch {
		case mapped && number != "" && name != "":
			q.Numbers[number] = name
		case !mapped && q.Account == "":
			q.Account = a
		default:
			return fmt.Errorf("--account %q: write one NAME of an account, or NUMBER=NAME for each number in the export", a)
		}
	}
	return nil
}

func readInvoices(q *app.ReconcileQuery, invoices []string) error {
	q.Invoices = map[string]money.Amount{}
	for _, text := range invoices {
		id, total, ok := strings.Cut(text, "=")
		amount, err := money.Parse(total)
		if !ok || id == "" || err != nil {
			return fmt.Errorf("--invoice %q: write the number of the invoice and its total, as in INV-7=1234.56", text)
		}
		q.Invoices[id] = amount
	}
	return nil
}

func printReconciliation(w io.Writer, v *app.ReconciliationView) error {
	var b strings.Builder
	of := v.Cloud
	if v.Account != "" {
		of += ", account " + v.Account
	}
	fmt.Fprintf(&b, "Reconciliation of %s for %s, by %s\n%s (SHA-256 %s)\n\n", of, v.Period, v.Granularity, report.Clean(v.File), v.Hash)
	fmt.Fprintf(&b, "%s calls in the journal  %s %s\n", report.Count(v.Calls), v.Ours, v.Currency)
	fmt.Fprintf(&b, "%s rows of the export    %s %s\n", report.Count(v.Rows), v.Theirs, v.Currency)
	fmt.Fprintf(&b, "difference              %s %s\n\n", v.Difference, v.Currency)
	for _, note := range v.Notes {
		b.WriteString(note + "\n")
	}
	if len(v.Notes) > 0 {
		b.WriteString("\n")
	}
	classes := report.NewTable("class", ">places", ">theirs less ours")
	for _, c := range v.Classes {
		if c.Buckets > 0 {
			classes.Row(c.Class, report.Count(c.Buckets), c.Amount.String())
		}
	}
	if err := classes.Write(&b); err != nil {
		return err
	}
	if len(v.Differences) > 0 {
		b.WriteString("\n")
		list := report.NewTable("class", "from", "account", "model", "meter", ">our quantity", ">theirs", ">amount", ">line")
		list.Width = 160
		for _, d := range v.Differences[:min(len(v.Differences), listedDifferences)] {
			list.Row(d.Class, d.From, d.Account, d.Model, d.Meter, d.OurQuantity.String(), d.TheirQuantity.String(), d.Amount.String(), lineText(d.Line))
		}
		if err := list.Write(&b); err != nil {
			return err
		}
		if more := len(v.Differences) - listedDifferences; more > 0 {
			fmt.Fprintf(&b, "and %s more: --format csv lists all\n", report.Count(int64(more)))
		}
	}
	b.WriteString("\n")
	for _, i := range v.Invoices {
		name := "Invoice " + report.Clean(i.Invoice)
		if i.Invoice == "" {
			name = "Not invoiced yet"
		}
		fmt.Fprintf(&b, "%s: %s rows, %s %s", name, report.Count(i.Rows), i.Cost, v.Currency)
		if i.Stated != nil && *i.Stated != i.Cost {
			fmt.Fprintf(&b, "; its total is said to be %s", *i.Stated)
		}
		b.WriteString("\n")
	}
	writeOutcome(&b, v)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeOutcome says what is left to do.
func writeOutcome(b *strings.Builder, v *app.ReconciliationView) {
	if v.LeftOut > 0 {
		fmt.Fprintf(b, "%s rows are of other accounts, or of accounts of which nobody is charged, and were left out\n", report.Count(v.LeftOut))
	}
	if v.Unsure > 0 {
		fmt.Fprintf(b, "Of %s calls nobody had said what they cost\n", report.Count(v.Unsure))
	}
	if k := v.Kept; k != nil {
		verb := "Kept"
		if k.Known {
			verb = "Was kept before"
		}
		fmt.Fprintf(b, "%s as version %d, %s; the export as %s\n", verb, k.Version, k.Hash, k.Export)
		if k.Before != "" {
			fmt.Fprintf(b, "It stands beside the version before, %s, which stays as it was\n", k.Before)
		}
	}
	if v.Posted > 0 {
		fmt.Fprintf(b, "Posted %s corrections: reconcile again to see what is left\n", report.Count(int64(v.Posted)))
	}
	if v.NotPosted > 0 {
		fmt.Fprintf(b, "%s differences of the accepted classes cannot be corrected: no call of unknown cost stands there, or their price does not make their cost\n", report.Count(int64(v.NotPosted)))
	}
	if v.Good {
		b.WriteString("Everything is matched, or explained by the export's decimals\n")
	}
}

func lineText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func writeDifferences(w io.Writer, v *app.ReconciliationView) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"class", "account", "region", "model", "meter", "from", "until", "our_quantity", "their_quantity", "our_unit_price", "their_unit_price",
		"our_cost", "their_cost", "amount", "currency", "unsure_calls", "line"}}
	for _, d := range v.Differences {
		rows = append(rows, []string{d.Class, d.Account, d.Region, d.Model, d.Meter, d.From, d.Until, d.OurQuantity.String(), d.TheirQuantity.String(),
			d.OurUnitPrice.String(), d.TheirUnitPrice.String(), d.OurCost.String(), d.TheirCost.String(), d.Amount.String(), v.Currency,
			strconv.FormatInt(d.Unsure, 10), lineText(d.Line)})
	}
	return out.WriteAll(rows)
}
