package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"concord/money"
	"concord/settlement"
)

// statementColumns are the columns of a statement as CSV: one row for every line of every clause, every license, and the
// gross and net amounts. Exact figures are exact; an amount of a clause is the sum of its lines.
var statementColumns = [...]string{
	"agreement", "period", "state", "row", "clause", "payer", "payee", "cloud", "product", "stream", "base", "accrued", "amount", "count", "currency",
	"dated", "corrects", "number", "version",
}

// WriteStatementsCSV writes statements as one table, for spreadsheets. Rows are of these kinds: clause (its total), line
// (a part of the clause above), earlier (dated in an earlier period), what a line is where it is no usage (fee, advance, other,
// rounding, loss, opening), licensed, gross, net, payable, change (by which a line differs from the version that this one replaces),
// open (of an earlier statement).
func WriteStatementsCSV(w io.Writer, all []*settlement.Statement) error {
	out := csv.NewWriter(w)
	rows := [][]string{statementColumns[:]}
	for _, s := range all {
		rows = append(rows, statementRows(s)...)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = plainCell(Clean(row[i]))
		}
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("write statement: %w", err)
	}
	return nil
}

func statementRows(s *settlement.Statement) [][]string {
	var rows [][]string
	version := ""
	if s.Version > 0 {
		version = strconv.Itoa(s.Version)
	}
	add := func(kind, clause, payer, payee, cloud, product, stream string, base, accrued, amount, count string) {
		rows = append(rows, []string{
			s.Agreement, s.Period.Name, s.State, kind, clause, payer, payee, cloud, product, stream, base, accrued, amount, count, string(s.Currency), "", "", s.Number, version,
		})
	}
	told := func(dated, corrects string) {
		row := rows[len(rows)-1]
		row[len(row)-4], row[len(row)-3] = dated, corrects
	}
	rounded := func(a money.Amount) string { return a.Fixed(s.Rounding.Scale) }
	for i := range s.Clauses {
		c := &s.Clauses[i]
		add("clause", c.ID, c.Payer, c.Payee, "", "", "", c.Bridge.Period.Base.String(), c.Accrued.String(), rounded(c.Amount), "")
		for _, l := range c.Lines {
			kind := "line"
			switch {
			case l.Kind != "":
				kind = l.Kind
			case l.Earlier:
				kind = "earlier"
			}
			add(kind, c.ID, c.Payer, c.Payee, l.Cloud, l.Product, l.Stream, l.Base.String(), l.Accrued.String(), rounded(l.Amount), strconv.FormatInt(l.Count, 10))
			told(l.Period, l.Corrects)
		}
	}
	for i := range s.Licensed {
		l := &s.Licensed[i]
		for _, line := range l.Lines {
			add("licensed", l.Clause, l.Licensee, l.Licensor, line.Cloud, line.Product, line.Stream, line.Charged.String(), "", "", strconv.FormatInt(line.Count, 10))
		}
	}
	for _, g := range s.Gross {
		add("gross", "", g.Payer, g.Payee, "", "", "", "", g.Accrued.String(), rounded(g.Amount), "")
	}
	add("net", "", s.Net.Payer, s.Net.Payee, "", "", "", "", s.Net.Accrued.String(), rounded(s.Net.Amount), "")
	for _, b := range s.Payable {
		add("payable", "", b.Payer, b.Payee, "", "", "", "", "", rounded(b.Amount), "")
	}
	if s.Replaces != nil {
		for _, c := range s.Replaces.Changes {
			base, amount := "", rounded(c.Difference)
			if c.Licensed { // as its row has it
				base, amount = c.Difference.String(), ""
			}
			add("change", c.Clause, c.Payer, c.Payee, c.Cloud, c.Product, c.Stream, base, "", amount, "")
			told(c.Period, s.Replaces.Number)
		}
	}
	for _, o := range s.Open {
		add("open", o.Clause, o.Payer, o.Payee, "", "", "", "", "", rounded(o.Open), "")
		told(o.Period, o.Statement)
	}
	return rows
}

// plainCell keeps a spreadsheet from reading a name as a formula. Figures begin with a digit, or with a minus before one.
func plainCell(s string) string {
	if s == "" {
		return s
	}
	switch s[0] {
	case '=', '+', '@', '\t':
		return "'" + s
	case '-':
		if len(s) == 1 || s[1] < '0' || s[1] > '9' {
			return "'" + s
		}
	}
	return s
}
