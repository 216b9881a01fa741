package cli

import (
	"fmt"
	"io"

	"concord/report"
	"concord/settlement"
)

// printStatement lays a statement out for people.
func printStatement(w io.Writer, s *settlement.Statement) error {
	fmt.Fprintf(w, "Statement of %s between %s and %s for %s (%s to %s, %s): %s\n", s.Agreement, s.Between[0], s.Between[1],
		s.Period.Name, s.Period.From.Format("2006-01-02"), s.Period.Until.Format("2006-01-02"), s.Period.Zone, s.State)
	table := report.NewTable("clause", "from", "to", ">base", ">accrued", ">amount", "notes")
	for _, c := range s.Clauses {
		notes := ""
		for _, n := range c.Notes {
			notes += fmt.Sprintf("[%d]", n)
		}
		table.Row(c.ID, c.Payer, c.Payee, report.Money(c.Bridge.Period.Base, 6), report.Money(c.Accrued, 6), report.Money(c.Amount, s.Rounding.Scale), notes)
		for _, l := range c.Lines {
			table.Row("  "+lineName(l), "", "", report.Money(l.Base, 6), report.Money(l.Accrued, 6), report.Money(l.Amount, s.Rounding.Scale), "")
		}
	}
	table.Rule()
	for _, g := range s.Gross {
		table.Row("gross", g.Payer, g.Payee, "", report.Money(g.Accrued, 6), report.Money(g.Amount, s.Rounding.Scale), "")
	}
	table.Row("net", s.Net.Payer, s.Net.Payee, "", report.Money(s.Net.Accrued, 6), report.Money(s.Net.Amount, s.Rounding.Scale), "")
	if err := table.Write(w); err != nil {
		return err
	}
	for _, c := range s.Clauses {
		for _, limit := range c.Caps {
			fmt.Fprintf(w, "Cap of %s (%s): %s of %s %s left\n", c.ID, limit.Per, report.Money(limit.Left, 6), report.Money(limit.Amount, 0), s.Currency)
		}
		if d := c.Commitment; d != nil {
			fmt.Fprintf(w, "Commitment %s: %s of %s %s drawn\n", c.ID, report.Money(d.Closing, 6), report.Money(d.Amount, 0), s.Currency)
		}
	}
	for _, l := range s.Licensed {
		fmt.Fprintf(w, "Licensed usage under %s: %s charged its customers %s %s\n", l.Clause, l.Licensee, report.Money(l.Total, 6), s.Currency)
	}
	for _, n := range s.Footnotes {
		fmt.Fprintf(w, "[%d] %s: %s\n", n.Number, n.Provenance, n.Text)
	}
	for _, c := range s.Controls {
		if !c.Agrees {
			fmt.Fprintf(w, "CONTROL %s: the statement has %s, the books have %s\n", c.Name, c.Stated, c.Books)
		}
	}
	_, err := fmt.Fprintf(w, "Cut at chain %d, block %d of the journal (%.12s). A draft binds nobody.\n", s.Journal.Chain, s.Journal.Block, s.Journal.Hash)
	return err
}

func lineName(l settlement.Line) string {
	name := ""
	for _, part := range []string{l.Cloud, l.Product, l.Stream} {
		if part != "" {
			if name != "" {
				name += ", "
			}
			name += part
		}
	}
	return name
}
