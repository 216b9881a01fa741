package journal_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
)

func TestMemoryKeepsBudgets(t *testing.T) {
	t.Parallel()
	journaltest.RunHolds(t, func(*testing.T) journal.Journal { return journal.NewMemory() })
}
