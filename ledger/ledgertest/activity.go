package ledgertest

import (
	"testing"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// counted is a row of requests of a seller from an instant on.
func counted(since int64, seller string, count int64) ledger.ActivityRow {
	a := ledger.Activity{ActivityKey: ledger.ActivityKey{Since: since, Kind: journal.KindRecord, Seller: seller}, First: since, Last: since + 1,
		Count: count, Amount: money.MustParse("-0.000000000001")}
	return a.Row()
}

func activityOf(t *testing.T, b ledger.Books, since, until int64) (rows []ledger.ActivityRow) {
	t.Helper()
	if err := b.Activity(t.Context(), since, until, func(r ledger.ActivityRow) bool { rows = append(rows, r); return true }); err != nil {
		t.Fatal(err)
	}
	return rows
}

func activity(t *testing.T, b ledger.Books) {
	first := batch(at(0, 0), at(1, 1))
	first.Activity = []ledger.ActivityRow{counted(1<<40, "openai", 1), counted(-5, "openai", 1), counted(3, "microsoft", 1), counted(3, "amazon", 1)}
	second := batch(at(1, 1), at(1, 2))
	second.Activity = []ledger.ActivityRow{counted(3, "microsoft", 9)}
	save(t, b, first, second)

	want := []ledger.ActivityRow{counted(-5, "openai", 1), counted(3, "amazon", 1), counted(3, "microsoft", 9), counted(1<<40, "openai", 1)}
	same(t, "all rows", want, activityOf(t, b, ledger.EverSince, ledger.EverUntil))
	same(t, "rows of a range", want[1:3], activityOf(t, b, -4, 1<<40))
	stopped := 0
	if err := b.Activity(t.Context(), ledger.EverSince, ledger.EverUntil, func(ledger.ActivityRow) bool { stopped++; return false }); err != nil || stopped != 1 {
		t.Errorf("a reader that stops saw %d rows, %v", stopped, err)
	}
	late := batch(at(0, 0), at(9, 9))
	late.Activity = []ledger.ActivityRow{counted(4, "late", 1)}
	if err := b.Save(t.Context(), late); err == nil {
		t.Error("a save from an old position succeeded")
	}
	same(t, "rows after a save that was refused", want, activityOf(t, b, ledger.EverSince, ledger.EverUntil))
}
