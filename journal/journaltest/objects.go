package journaltest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
)

// part returns part n of the request's record.
func part(e journal.Entry, n uint32) journal.Entry {
	e.Part = n
	return e
}

// found are entries as a reader gives them, without their place.
func found(t *testing.T, got []journal.Entry, err error) []journal.Entry {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].At, got[i].Recorded = journal.Cursor{}, 0
	}
	return got
}

func objects(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(1), ObjectRecord(1, "resp_1", true), Intent(2), ObjectRecord(2, "resp_2", false))
	c.Append(t, part(ObjectRecord(1, "resp_1", false), 1))

	got, err := j.FindObject(t.Context(), "resp_1")

	want := []journal.Entry{Intent(1), ObjectRecord(1, "resp_1", true), part(ObjectRecord(1, "resp_1", false), 1)}
	if diff := cmp.Diff(want, found(t, got, err), Amounts); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if _, err := j.FindObject(t.Context(), "resp_3"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an object that nobody made: %v, want %v", err, journal.ErrNotFound)
	}
}

func alike(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(2), Intent(1), ObjectRecord(2, "batch_1", false), ObjectRecord(1, "batch_1", false))

	got, err := j.FindObject(t.Context(), "batch_1")

	want := []journal.Entry{Intent(1), ObjectRecord(1, "batch_1", false), Intent(2), ObjectRecord(2, "batch_1", false)}
	if diff := cmp.Diff(want, found(t, got, err), Amounts); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func pending(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	waits := func(n int) journal.Entry { return ObjectRecord(n, "resp", true) }
	c.Append(t, Intent(3), waits(3), Intent(1), waits(1), Intent(2), Record(2), Intent(4), waits(4), Intent(5), waits(5))
	c.Append(t, part(ObjectRecord(3, "resp", false), 1), part(waits(4), 1))

	list := func(since int64, limit int) (got []journal.Entry) {
		err := j.Pending(t.Context(), since, func(e *journal.Entry) bool {
			got = append(got, *e)
			return len(got) < limit
		})
		return found(t, got, err)
	}

	if diff := cmp.Diff([]journal.Entry{waits(1), part(waits(4), 1), waits(5)}, list(0, 99), Amounts); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]journal.Entry{part(waits(4), 1), waits(5)}, list(Record(4).Time, 99), Amounts); diff != "" {
		t.Errorf("from an instant on (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]journal.Entry{waits(1)}, list(0, 1), Amounts); diff != "" {
		t.Errorf("one (-want +got):\n%s", diff)
	}

	var many []journal.Entry
	for n := range 600 { // more than a storage may read at once
		many = append(many, Intent(1000+n), waits(1000+n))
	}
	c.Append(t, many...)
	if got := list(Record(1000).Time, 9999); len(got) != 600 || got[599].Time != Record(1599).Time {
		t.Errorf("%d are pending, want 600 up to the last", len(got))
	}
}

func later(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(3), Record(3), Intent(4), Record(4), Refund(4))
	c.Append(t, Refund(3), Correction(3))

	got, err := j.Find(t.Context(), Request(3))

	if diff := cmp.Diff([]journal.Entry{Intent(3), Record(3), Refund(3), Correction(3)}, found(t, got, err), Amounts); diff != "" {
		t.Errorf("entries of the request (-want +got):\n%s", diff)
	}
	dues := slices.DeleteFunc(Dues(), func(e journal.Entry) bool { return e.Body.Kind() == journal.KindMerge }) // a Merging storage takes the next one only
	c.Append(t, dues...)
	got, err = j.Find(t.Context(), journal.StatementKey("OM-2026-05"))
	var kinds []string
	for _, e := range found(t, got, err) {
		kinds = append(kinds, e.Body.Kind().String())
	}
	if diff := cmp.Diff([]string{"credit", "payment", "close", "acceptance", "dispute"}, kinds); diff != "" {
		t.Errorf("of the statement (-want +got):\n%s", diff)
	}
}

func ownIdentity(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Refund(1), Fact(1))

	again := Refund(2)
	again.ID = Refund(1).ID
	for name, entries := range map[string][]journal.Entry{"in a later block": {again}, "in the same block": {Fact(2), Refund(2), Fact(2)}} {
		if err := j.AppendBlock(t.Context(), c.Next(t, entries...)); !errors.Is(err, journal.ErrConflict) {
			t.Errorf("a second entry under one identity %s: %v, want %v", name, err, journal.ErrConflict)
		}
	}

	got, err := j.Find(t.Context(), journal.Ref{Kind: journal.KindRefund, Source: "cli", ID: Refund(1).ID}.Key())
	if diff := cmp.Diff([]journal.Entry{Refund(1)}, found(t, got, err), Amounts); diff != "" {
		t.Errorf("by its identity (-want +got):\n%s", diff)
	}
	elsewhere := Refund(2)
	elsewhere.ID, elsewhere.Source = Refund(1).ID, "billing"
	c.Append(t, elsewhere, part(Refund(1), 1))
}
