package app

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"concord/journal"
	"concord/journal/events"
)

// A JournalExport says what an export of the journal wrote.
type JournalExport struct {
	Entries int    `json:"entries"`
	Hash    string `json:"hash"` // SHA-256 of the bytes
}

// ExportJournal writes every entry as a CloudEvent, in posting order.
func (r *Reading) ExportJournal(ctx context.Context, w io.Writer) (*JournalExport, error) {
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	done := &JournalExport{}
	var line []byte
	var failed error
	err := EachEntry(ctx, r.Journal, journal.Cursor{}, func(b *journal.Block, e *journal.Entry) bool {
		if line, failed = events.Append(line[:0], e, b.Chain); failed == nil {
			_, failed = out.Write(line)
		}
		done.Entries++
		return failed == nil
	})
	if err := errors.Join(err, failed, out.Flush()); err != nil {
		return nil, fmt.Errorf("export the journal: %w", err)
	}
	done.Hash = hex.EncodeToString(sum.Sum(nil))
	return done, nil
}
