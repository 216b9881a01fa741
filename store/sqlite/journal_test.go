package sqlite_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store/sqlite"
)

func open(t testing.TB, dir string) *sqlite.Journal {
	t.Helper()
	j, err := sqlite.OpenJournal(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestJournalKeepsTheContract(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(t *testing.T) journal.Journal { return open(t, t.TempDir()) })
}
