package sqlite

import (
	"context"
	"fmt"

	"concord/journal"
)

// objectsFormat is the format of the file from which on objects are indexed; before it no record names any.
const objectsFormat = 2

// FindObject returns the entries of the requests that made an object.
func (j *Journal) FindObject(ctx context.Context, object string) ([]journal.Entry, error) {
	requests, err := j.makers(ctx, journal.KeyOfObject(object))
	if err != nil {
		return nil, err
	}
	var found []journal.Entry
	for _, id := range requests {
		entries, err := j.Find(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("find object %q: %w", object, err)
		}
		found = append(found, entries...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("object %q: %w", object, journal.ErrNotFound)
	}
	return found, nil
}

// makers returns the requests whose records name an object, oldest first: their ids begin with the instant.
func (j *Journal) makers(ctx context.Context, key journal.ObjectKey) ([]journal.RequestID, error) {
	if j.format < objectsFormat {
		return nil, nil
	}
	rows, err := j.read.QueryContext(ctx, "SELECT request FROM object WHERE id = ? ORDER BY request", key[:])
	if err != nil {
		return nil, j.fail("search", err)
	}
	defer rows.Close()
	var ids []journal.RequestID
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return nil, j.fail("search", err)
		}
		id, err := j.requestOf(raw)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, j.fail("search", rows.Err())
}

func (j *Journal) requestOf(raw []byte) (id journal.RequestID, err error) {
	if len(raw) != len(id) {
		return id, fmt.Errorf("journal %s: the index names a request of %d bytes: %w", j.path, len(raw), ErrDamaged)
	}
	return journal.RequestID(raw), nil
}

// waiting is a row of the index of what is pending.
type waiting struct {
	time    int64
	request journal.RequestID
	part    uint32
	block   int64
}

// pendingPage is how many rows are read at once: no reading transaction stays open while they are used.
const pendingPage = 256

// Pending calls yield for the records that are still pending.
func (j *Journal) Pending(ctx context.Context, since int64, yield func(*journal.Entry) bool) error {
	last := waiting{time: since}
	for first := true; ; first = false {
		page, err := j.waiting(ctx, last, first)
		if err != nil {
			return err
		}
		for _, w := range page {
			last = w
			found, err := j.entriesAt(ctx, w.block, func(h *journal.Heading) bool {
				return h.Kind == journal.KindRecord && h.Request == w.request && h.Part == w.part
			})
			if err != nil {
				return fmt.Errorf("find pending request %s: %w", w.request, err)
			}
			for i := range found {
				if !yield(&found[i]) {
					return nil
				}
			}
		}
		if len(page) < pendingPage {
			return nil
		}
	}
}

// waiting reads the rows after the last one, or from its instant on.
func (j *Journal) waiting(ctx context.Context, last waiting, first bool) (page []waiting, err error) {
	if j.format < objectsFormat {
		return nil, nil
	}
	query := `SELECT time, request, part, block FROM pending p WHERE (time, request, part) > (?1, ?2, ?3)
		AND NOT EXISTS (SELECT 1 FROM request r WHERE r.id = p.request AND r.slot > p.part) ORDER BY time, request, part LIMIT ?4`
	before := last.request[:]
	part := int64(last.part)
	if first {
		before, part = nil, -1
	}
	rows, err := j.read.QueryContext(ctx, query, last.time, append([]byte{}, before...), part, pendingPage)
	if err != nil {
		return nil, j.fail("search", err)
	}
	defer rows.Close()
	for rows.Next() {
		var w waiting
		var raw []byte
		if err := rows.Scan(&w.time, &raw, &w.part, &w.block); err != nil {
			return nil, j.fail("search", err)
		}
		if w.request, err = j.requestOf(raw); err != nil {
			return nil, err
		}
		page = append(page, w)
	}
	return page, j.fail("search", rows.Err())
}
