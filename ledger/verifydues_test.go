package ledger_test

import (
	"strings"
	"testing"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// settled is a journal in which a share was accrued, closed, paid with tax withheld and paid ahead, and its books.
func settled(t *testing.T) (*journal.Memory, ledger.Books) {
	t.Helper()
	w := example(t)
	ahead := paid("openai", "microsoft", "1000", "0")
	ahead.Lines[0].Advance = true
	entries := []*journal.Entry{
		w.written(date("2026-05-04"), invoice("6172.835")), w.written(date("2026-06-04"), closing("OM-2026-05", 1, "2026-05", "1234.57")),
		w.written(date("2026-07-01"), paid("openai", "microsoft", "1200", "10")), w.written(date("2026-07-02"), ahead),
	}
	j, b := fill(t, entries, 2, documents(t, "openai-microsoft.yaml", "openai-clouds.yaml")), ledger.NewMemory()
	saveAll(t, j, b, func() bool { return true })
	return j, b
}

// Whatever one book says of another is missed in the other one, also where it balances.
func TestVerifyHoldsStatedPrepaidCashAndTaxToTheirMirrors(t *testing.T) {
	j, b := settled(t)
	r, err := ledger.Verify(t.Context(), b, j)
	if err != nil || !r.Balanced() {
		t.Fatalf("%v, %+v", err, r)
	}
	for name, c := range map[string]struct {
		book     string
		from, to ledger.Account // an amount is moved between them, so that the book still balances
		want     string
	}{
		"stated":   {"openai", ledger.StatedPayable("microsoft", toMicrosoft), ledger.AccruedPayable("microsoft", toMicrosoft), "the other book differs by"},
		"prepaid":  {"openai", ledger.Prepaid("microsoft", toMicrosoft), ledger.StatedPayable("microsoft", toMicrosoft), "deferred:openai:" + toMicrosoft + ": the other book differs"},
		"deferred": {"microsoft", ledger.Deferred("openai", toMicrosoft), ledger.Cash, "the other book differs by"},
		"cash":     {"microsoft", ledger.Cash, ledger.StatedReceivable("openai", toMicrosoft), "cash: the other book differs"},
		"tax":      {"microsoft", ledger.TaxRecoverable, ledger.StatedReceivable("openai", toMicrosoft), "the other book differs by"},
	} {
		t.Run(name, func(t *testing.T) {
			j, b := settled(t)
			saved, err := b.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			moved := map[ledger.Account]money.Amount{c.from: money.FromUnits(1), c.to: money.FromUnits(-1)}
			var wrong []ledger.Cell
			err = b.Cells(t.Context(), func(cell ledger.Cell) bool {
				if by, ok := moved[cell.Account]; ok && cell.Book == c.book {
					delete(moved, cell.Account)
					cell.Amount, _ = cell.Amount.Add(by)
					wrong = append(wrong, cell)
				}
				return true
			})
			if err != nil || len(wrong) != 2 {
				t.Fatalf("%v, %d cells", err, len(wrong))
			}
			if err := b.Save(t.Context(), &ledger.Batch{Old: saved.Cursor, New: saved.Cursor, State: saved.State, Cells: wrong}); err != nil {
				t.Fatal(err)
			}
			r, err := ledger.Verify(t.Context(), b, j)
			if err != nil {
				t.Fatal(err)
			}
			var messages []string
			mirror := false
			for _, f := range r.Faults {
				if f.Rule == "balance" {
					t.Errorf("the book does not balance: %s", f.Message)
				}
				mirror = mirror || f.Rule == "mirror"
				messages = append(messages, f.Message)
			}
			if !mirror || !strings.Contains(strings.Join(messages, "\n"), c.want) {
				t.Errorf("want a mirror that differs, %q:\n%s", c.want, strings.Join(messages, "\n"))
			}
		})
	}
}
