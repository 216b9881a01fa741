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
