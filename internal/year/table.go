package year

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"concord/money"
	"concord/report"
)

// A Row is what one month came to between two parties.
type Row struct {
	Month, Payer, Payee string // of the net
	Net                 money.Amount
	Stated              money.Amount // gross, both ways
	Paid                money.Amount
	Open                money.Amount
	CapUsed             *money.Amount // of the share to Microsoft, at the end of the month
	State               string
}

// statement is what a row reads of a printed statement.
type statement struct {
	Number  string
	Net     struct{ Payer, Payee string }
	Clauses []struct {
		Clause string
		Caps   []struct{ Used money.Amount }
	}
}

// Rows returns the months of the year as the statements tell them at the end.
func (r *Run) Rows() ([]Row, error) {
	all, err := r.Standings("")
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, s := range all {
		row, err := r.row(&s)
		if err != nil {
			return nil, fmt.Errorf("statement %s: %w", s.Number, err)
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(min(a.Payer, a.Payee), min(b.Payer, b.Payee)), cmp.Compare(max(a.Payer, a.Payee), max(b.Payer, b.Payee)))
	})
	return rows, nil
}

func (r *Run) row(s *Standing) (Row, error) {
	out, err := r.call("statement", "--number", s.Number, "--format", "json")
	if err != nil {
		return Row{}, err
	}
	one, err := readStatement(out)
	if err != nil {
		return Row{}, err
	}
	row := Row{Month: s.Period, Payer: one.Net.Payer, Payee: one.Net.Payee, State: s.State}
	for _, l := range s.Lines {
		net := l.Amount
		if l.Payer != row.Payer {
			net = net.Neg()
		}
		if row.Net, err = row.Net.Add(net); err == nil {
			if row.Stated, err = row.Stated.Add(l.Amount); err == nil {
				row.Paid, err = row.Paid.Add(l.Paid)
			}
		}
		if err != nil {
			return row, err
		}
	}
	for _, c := range one.Clauses {
		if c.Clause == "share-openai-to-microsoft" && len(c.Caps) > 0 {
			row.CapUsed = &c.Caps[0].Used
		}
	}
	row.Open, err = row.Stated.Sub(row.Paid)
	return row, err
}

// readStatement reads what `concord statement --format json` prints: the statement, or a list of one.
func readStatement(out []byte) (*statement, error) {
	var list struct{ Statements []statement }
	if err := json.Unmarshal(out, &list); err == nil && len(list.Statements) == 1 {
		return &list.Statements[0], nil
	}
	var one statement
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&one); err != nil {
		return nil, fmt.Errorf("read the statement: %w", err)
	}
	return &one, nil
}

// Markdown writes rows as the table of docs/year.md.
func (r *Run) Markdown(rows []Row) string {
	var b strings.Builder
	b.WriteString("| month | net | owed | stated, both ways | paid | open | cap used | state | bill of the cloud |\n|---|---|---|---|---|---|---|---|---|\n")
	two := func(a money.Amount) string { return report.Money(a, 2) }
	bills := r.Bills()
	for _, row := range rows {
		used := ""
		if row.CapUsed != nil {
			used = report.Money(*row.CapUsed, 6)
		}
		bill := ""
		for _, c := range billed {
			k, ok := bills[c[0]+" "+row.Month]
			if ok && (c[0] == "aws") == (row.Payer == "amazon" || row.Payee == "amazon") {
				bill = map[int]string{0: "matched"}[k.Code]
				if k.Code != 0 {
					bill = "differs"
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %s to %s | %s | %s | %s | %s | %s | %s | %s |\n", row.Month, row.Payer, row.Payee, two(row.Net), two(row.Stated), two(row.Paid), two(row.Open), used, row.State, bill)
	}
	return b.String()
}
