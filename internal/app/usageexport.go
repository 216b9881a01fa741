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

// A UsageExport says what an export of usage wrote.
type UsageExport struct {
	Documents int    `json:"documents"`
	Records   int    `json:"records"`
	Hash      string `json:"hash"` // SHA-256 of the bytes
}

// ExportUsage writes the documents of the journal, each once, and then the records admitted from one instant until another
// (0 = open), in posting order; in CSV the records only. Beside a running server it stops where the journal stood when it began.
func (r *Reading) ExportUsage(ctx context.Context, w io.Writer, form events.Form, from, until int64) (*UsageExport, error) {
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	done := &UsageExport{}
	var line []byte
	add := events.Append
	if form == events.CSV {
		add = events.AppendCSV
		if _, err := out.Write(events.AppendNames(nil)); err != nil {
			return nil, fmt.Errorf("export the records: %w", err)
		}
	}
	write := func(b *journal.Block, e *journal.Entry) (err error) {
		if line, err = add(line[:0], e, b.Chain); err == nil {
			_, err = out.Write(line)
		}
		return err
	}
	end, err := r.exportDocuments(ctx, func(b *journal.Block, e *journal.Entry) error {
		if form == events.CSV {
			return nil
		}
		done.Documents++
		return write(b, e)
	})
	if err != nil {
		return nil, fmt.Errorf("export the documents: %w", err)
	}
	var failed error
	err = EachEntry(ctx, r.Journal, journal.Cursor{}, func(b *journal.Block, e *journal.Entry) bool {
		if b.At().Compare(end) > 0 {
			return false
		}
		if _, ok := e.Body.(*journal.Record); ok && e.Time >= from && (until == 0 || e.Time < until) {
			done.Records++
			failed = write(b, e)
		}
		return failed == nil
	})
	if err := errors.Join(err, failed, out.Flush()); err != nil {
		return nil, fmt.Errorf("export the records: %w", err)
	}
	done.Hash = hex.EncodeToString(sum.Sum(nil))
	return done, nil
}

// exportDocuments calls write for each document once, and returns the end of the journal. Bodies of other entries are not
// decoded.
func (r *Reading) exportDocuments(ctx context.Context, write func(*journal.Block, *journal.Entry) error) (end journal.Cursor, err error) {
	written := map[journal.Hash]bool{}
	var failed error
	err = journal.Posting(ctx, r.Journal, journal.Cursor{}, func(b *journal.Block) bool {
		end = b.At()
		wanted := false
		failed = b.Headings(func(head *journal.Heading) {
			wanted = wanted || head.Kind == journal.KindTerms || head.Kind == journal.KindPrices
		})
		if failed != nil || !wanted {
			return failed == nil
		}
		var refused error
		failed = b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			if d, ok := e.Body.(*journal.Document); ok && !written[d.Hash] {
				written[d.Hash] = true
				refused = write(b, e)
			}
			return refused == nil
		})
		failed = errors.Join(failed, refused)
		return failed == nil
	})
	return end, errors.Join(err, failed)
}
