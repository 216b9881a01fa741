package journal_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(*testing.T) journal.Journal { return journal.NewMemory() })
}
