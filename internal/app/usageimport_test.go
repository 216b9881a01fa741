package app_test

import (
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
