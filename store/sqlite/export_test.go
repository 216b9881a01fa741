package sqlite

import (
	"context"
	"fmt"
)

// LimitPages bounds the size of a journal.
func LimitPages(j *Journal, pages int) error {
	_, err := j.conn.ExecContext(context.Background(), fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

// Unsynced turns a setting of the committing connection and returns what the check at the start says of it.
func Unsynced(j *Journal, pragma string) error {
	if _, err := j.conn.ExecContext(context.Background(), "PRAGMA "+pragma); err != nil {
		return err
	}
	return j.syncs(context.Background())
}

// Checkpoint copies the write-ahead log into the file, so that the next commit starts the log again.
func Checkpoint(j *Journal) { j.checkpoints.checkpoint() }
