package postgres_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
)

func TestJournalKeepsBudgets(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"direct": database, "pooled": pooled} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			journaltest.RunHolds(t, func(t *testing.T) journal.Journal { return openJournal(t, url(t)) })
		})
	}
}
