package store_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
)

func TestAJournalThatIsReadAheadKeepsTheContract(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(*testing.T) journal.Journal { return store.Ahead(journal.NewMemory()) })
}
