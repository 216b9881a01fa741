package year_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/internal/year"
	"concord/money"
	"concord/settlement"
)

// flow is a clause under which somebody owes, on a statement.
type flow struct{ statement, clause, payer string }

// rowsOf exports a view whole, has the checker find nothing, and returns its rows by name of column.
func rowsOf(t *testing.T, r *year.Run, view string) (rows []map[string]string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), view+".csv")
	command(t, "usage", "export", "--format", "focus", "--view", view, "--out", file, "--data", r.Data())
	command(t, "focus", "check", file)
	all, err := csv.NewReader(bytes.NewReader(command(t, "usage", "export", "--format", "focus", "--view", view, "--data", r.Data()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, fields := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = fields[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// add adds to a sum under a key; sums that come to nothing are left out.
func add[K comparable](t *testing.T, sums map[K]money.Amount, k K, amount money.Amount) {
	t.Helper()
	sum, err := sums[k].Add(amount)
	if err != nil {
		t.Fatal(err)
	}
	if sums[k] = sum; sum.IsZero() {
		delete(sums, k)
	}
}

// identical says that what is exported as FOCUS is, to the last digit, what was stated: the rows of statements come to the gross
// amounts of each clause as the journal's closings have them, those of fees beside them to what became due at once since the
// statement before, the clouds' bills to what accrued for them, and what counts to commitments to what was drawn.
func identical(t *testing.T, r *year.Run) {
	var list struct{ Statements []year.Standing }
	if err := json.Unmarshal(command(t, "statement", "list", "--format", "json", "--data", r.Data()), &list); err != nil {
		t.Fatal(err)
	}
	stated, due, accrued, drawn := map[flow]money.Amount{}, map[flow]money.Amount{}, map[flow]money.Amount{}, map[string]money.Amount{}
	before := map[string]*settlement.Statement{}
	for _, s := range list.Statements {
		for _, l := range s.Lines {
			add(t, stated, flow{s.Number, l.Clause, l.Payer}, l.Amount)
		}
		st, err := settlement.ReadStatement(command(t, "statement", "--number", s.Number, "--format", "json", "--data", r.Data()))
		if err != nil {
			t.Fatal(err)
		}
		pair := st.Agreement + st.Between[0] + st.Between[1]
		for i := range st.Clauses {
			c := &st.Clauses[i]
			k := flow{st.Number, c.ID, c.Payer}
			add(t, due, k, c.Bridge.AtOnce)
			if old := before[pair]; old != nil {
				for j := range old.Clauses {
					if o := &old.Clauses[j]; o.ID == c.ID && o.Payer == c.Payer {
						add(t, due, k, o.Bridge.AtOnce.Neg())
					}
				}
			}
			if c.Commitment == nil {
				continue
			}
			drawn[st.Agreement+"/"+c.ID] = c.Commitment.Closing
			for _, l := range c.Lines {
				if l.Kind == "" {
					add(t, accrued, k, l.Accrued)
				}
			}
		}
		before[pair] = st
	}
	gross, beside, billed, applied := map[flow]money.Amount{}, map[flow]money.Amount{}, map[flow]money.Amount{}, map[string]money.Amount{}
	late := 0
	for _, row := range rowsOf(t, r, "statements") {
		sums := gross
		if row["x_Entry"] != "" {
			sums = beside
		}
		add(t, sums, flow{row["InvoiceId"], row["x_ClauseId"], row["BillingAccountId"]}, money.MustParse(row["BilledCost"]))
		if row["ChargeClass"] == "Correction" && row["x_Entry"] == "" {
			late++
		}
	}
	for _, row := range rowsOf(t, r, "costs") {
		if row["InvoiceId"] == "" {
			continue // of a month that is not closed
		}
		add(t, billed, flow{row["InvoiceId"], row["x_ClauseId"], "openai"}, money.MustParse(row["BilledCost"]))
		var counts struct {
			Elements []struct {
				ContractCommitmentID          string
				ContractCommitmentAppliedCost json.Number
			}
		}
		if text := row["ContractApplied"]; text != "" {
			if err := json.Unmarshal([]byte(text), &counts); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range counts.Elements {
			add(t, applied, e.ContractCommitmentID, money.MustParse(e.ContractCommitmentAppliedCost.String()))
		}
		if row["ChargeClass"] == "Correction" {
			late++
		}
	}
	same := cmp.Comparer(func(a, b money.Amount) bool { return a == b })
	for name, d := range map[string]string{
		"gross lines":           cmp.Diff(stated, gross, same),
		"what was due at once":  cmp.Diff(due, beside, same),
		"the clouds' bills":     cmp.Diff(accrued, billed, same),
		"draws of commitments":  cmp.Diff(drawn, applied, same),
		"commitments that have": cmp.Diff(len(drawn), len(rowsOf(t, r, "commitments"))),
	} {
		if d != "" {
			t.Errorf("%s differ (statements -, export +):\n%s", name, d)
		}
	}
	if len(stated) == 0 || len(due) == 0 || len(drawn) == 0 || late < 2 {
		t.Errorf("%d gross lines, %d due at once, %d commitments and %d late rows are compared: too few", len(stated), len(due), len(drawn), late)
	}
}
