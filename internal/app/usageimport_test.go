package app_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/internal/app"
	"concord/journal"
	"concord/journal/events"
	"concord/ledger"
	"concord/ledger/export"
	"concord/store"
	"concord/store/sqlite"
)

func TestIdentitiesThatStandTwiceAreFoundInPortionsOfAnySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "lines")
		ids, contents := make([]journal.RequestID, n), make([]journal.Hash, n)
		first, want := map[journal.RequestID]int{}, [][2]int(nil)
		for i := range n {
			ids[i], contents[i] = journal.NewRequestID(1, 1, uint64(rapid.IntRange(0, 40).Draw(t, "id"))), journal.Hash{rapid.Byte().Draw(t, "content") % 2}
			before, seen := first[ids[i]]
			switch {
			case !seen:
				first[ids[i]] = i
			case contents[before] == contents[i]:
				want = append(want, [2]int{before + 1, i + 1})
			default:
				want = append(want, [2]int{before + 1, -i - 1})
			}
		}

		got, err := app.Repeated(rapid.IntRange(1, 80).Draw(t, "portion"), ids, contents)
		if err != nil {
			t.Fatal(err)
		}
		order := func(a, b [2]int) int { return max(a[1], -a[1]) - max(b[1], -b[1]) }
		slices.SortFunc(got, order)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestTheRecordOfARequestThatACrashLeftOpenIsNotImported(t *testing.T) {
	dir, id := t.TempDir(), journal.NewRequestID(1, 1, 1)
	j, err := sqlite.OpenJournal(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := store.NewCommitter(t.Context(), j, journal.ChainID{Gateway: "local", Started: 1, Random: 1}, store.CommitterOptions{Now: func() int64 { return 1 }})
	if err != nil {
		t.Fatal(err)
	}
	commit, err := c.Append(journal.Entry{Time: 1, ID: string(id[:]), Body: &journal.Intent{Request: id, Customer: "acme", Currency: "USD"}})
	if err != nil {
		t.Fatal(err)
	}
	<-commit.Done()
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	line, err := events.Append(nil, &journal.Entry{Time: 1, Source: "partner", ID: id.String(),
		Body: &journal.Record{Request: id, Outcome: journal.Failed, Customer: "acme", Served: -1}}, journal.ChainID{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "one.ndjson")
	if err := os.WriteFile(file, line, 0o600); err != nil {
		t.Fatal(err)
	}

	_, err = app.ImportUsage(t.Context(), dir, file, events.NDJSON, "partner")

	if err == nil || !strings.Contains(err.Error(), "one.ndjson:1: the journal has request "+id.String()+" without its record") {
		t.Error(err)
	}
}

// imported is the journal and the books of testdata/usage.ndjson, which an earlier version wrote.
func imported(t *testing.T) *app.Reading {
	t.Helper()
	dir := t.TempDir()
	if _, err := app.ImportUsage(t.Context(), dir, filepath.Join("testdata", "usage.ndjson"), events.NDJSON, "test"); err != nil {
		t.Fatal(err)
	}
	r, err := app.OpenReading(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestWhatAnEarlierVersionExportedStillComesBackTheSame(t *testing.T) {
	var got strings.Builder
	if _, err := imported(t).ExportUsage(t.Context(), &got, events.NDJSON, 0, 0); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "usage.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// moving is books that a poster moves while they are read: the first look finds them empty.
type moving struct {
	ledger.Books
	looked bool
}

func (m *moving) Load(ctx context.Context) (*ledger.Saved, error) {
	if !m.looked {
		m.looked = true
		return &ledger.Saved{}, nil
	}
	return m.Books.Load(ctx)
}

func TestBooksThatMoveWhileTheyAreReadAreExportedAtOnePosition(t *testing.T) {
	r := imported(t)
	for _, detail := range []bool{false, true} {
		o := app.ExportOptions{Form: export.Beancount, Transactions: detail}
		var want, got strings.Builder
		if _, err := r.ExportBooks(t.Context(), &want, o); err != nil {
			t.Fatal(err)
		}
		live := &app.Reading{Journal: r.Journal, Books: &moving{Books: r.Books}, Live: true}
		if _, err := live.ExportBooks(t.Context(), &got, o); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" || !strings.Contains(got.String(), "balance Assets:Openai") {
			t.Errorf("every transaction: %v (-want +got):\n%s", detail, diff)
		}
	}
}
