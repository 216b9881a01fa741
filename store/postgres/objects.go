package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"concord/journal"
)

// FindObject returns the entries of the requests that made an object.
func (j *Journal) FindObject(ctx context.Context, object string) ([]journal.Entry, error) {
	key := journal.KeyOfObject(object)
	rows, err := j.pool.Query(ctx, "SELECT request FROM concord.object WHERE id = $1 ORDER BY request", key[:])
	if err != nil {
		return nil, j.fail("search", err)
	}
	requests, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, j.fail("search", err)
	}
	var found []journal.Entry
	for _, raw := range requests {
		id, err := j.requestOf(raw)
		if err != nil {
			return nil, err
		}
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

func (j *Journal) requestOf(raw []byte) (id journal.RequestID, err error) {
	if len(raw) != len(id) {
		return id, fmt.Errorf("journal %s: the index names a request of %d bytes: %w", j.where, len(raw), ErrDamaged)
	}
	return journal.RequestID(raw), nil
}

// waiting is a row of the index of what is pending.
type waiting struct {
	time    int64
	request journal.RequestID
	part    int64
	block   int64
}

// pendingPage is how many rows are read at once: no connection is held while they are used.
const pendingPage = 256

// Pending calls yield for the records that are still pending.
func (j *Journal) Pending(ctx context.Context, since int64, yield func(*journal.Entry) bool) error {
	last, before := waiting{time: since, part: -1}, []byte{}
	for {
		page, err := j.waiting(ctx, last, before)
		if err != nil {
			return err
		}
		for _, w := range page {
			last, before = w, w.request[:]
			found, err := j.entriesAt(ctx, w.block, func(h *journal.Heading) bool {
				return h.Kind == journal.KindRecord && h.Request == w.request && int64(h.Part) == w.part
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

// waiting reads the rows after the last one; before is its request.
func (j *Journal) waiting(ctx context.Context, last waiting, before []byte) (page []waiting, err error) {
	rows, err := j.pool.Query(ctx, `SELECT time, request, part, block FROM concord.pending p WHERE (time, request, part) > ($1, $2, $3)
		AND NOT EXISTS (SELECT 1 FROM concord.request r WHERE r.id = p.request AND r.slot > p.part)
		ORDER BY time, request, part LIMIT $4`, last.time, before, last.part, int64(pendingPage))
	if err != nil {
		return nil, j.fail("search", err)
	}
	var w waiting
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&w.time, &raw, &w.part, &w.block}, func() (err error) {
		if w.request, err = j.requestOf(raw); err == nil {
			page = append(page, w)
		}
		return err
	})
	return page, j.fail("search", err)
}
