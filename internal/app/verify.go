package app

import (
	"context"

	"concord/journal"
	"concord/store"
)

// VerifyJournal verifies a journal on as many processors as it can use: blocks are read ahead, and hashed beside their reading.
func VerifyJournal(ctx context.Context, j journal.Journal) (*journal.Report, error) {
	return journal.Verify(ctx, store.Ahead(j), journal.VerifyOptions{Go: func(hash func()) { go hash() }})
}
