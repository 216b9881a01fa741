package sqlite_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
)

func TestJournalKeepsBudgets(t *testing.T) {
	t.Parallel()
	journaltest.RunHolds(t, func(t *testing.T) journal.Journal { return open(t, t.TempDir()) })
}
