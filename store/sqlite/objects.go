package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"concord/journal"
	"concord/store"
)

// Find returns the entries of a request, and after them what was recorded of it later.
func (j *Journal) Find(ctx context.Context, id journal.RequestID) ([]journal.Entry, error) {
	return store.Find(ctx, finder{j}, id)
}

// FindObject returns the entries of the requests that made an object.
func (j *Journal) FindObject(ctx context.Context, object string) ([]journal.Entry, error) {
	return store.FindObject(ctx, finder{j}, object)
}

// Pending calls yield for the records that are still pending.
func (j *Journal) Pending(ctx context.Context, since int64, yield func(*journal.Entry) bool) error {
	return store.Pending(ctx, finder{j}, since, yield)
}

// objectsFormat is the format of the file from which on objects are indexed; before it no record names any.
const objectsFormat = 2

// finder is the journal as store looks into it. A place is the block's row. No reading transaction stays open while what was
// read is used.
type finder struct{ *Journal }

// Places returns the rows of the blocks that hold entries of a request.
func (j finder) Places(ctx context.Context, id journal.RequestID) ([]int64, error) {
	return collect(ctx, j, func(rows *sql.Rows, row *int64) error {
		return j.fail("search", rows.Scan(row))
	}, "SELECT DISTINCT block FROM request WHERE id = ? ORDER BY block", id[:])
}

// Makers returns the requests whose records name an object.
func (j finder) Makers(ctx context.Context, key journal.ObjectKey) ([]journal.RequestID, error) {
	if j.format < objectsFormat {
		return nil, nil
	}
	return collect(ctx, j, func(rows *sql.Rows, id *journal.RequestID) (err error) {
		var raw sql.RawBytes
		if err := rows.Scan(&raw); err != nil {
			return j.fail("search", err)
		}
		*id, err = j.requestOf(raw)
		return err
	}, "SELECT request FROM object WHERE id = ? ORDER BY request", key[:])
}

// Waiting returns the records that are pending and of which no later part stands.
func (j finder) Waiting(ctx context.Context, after store.Waiting, most int) ([]store.Waiting, error) {
	if j.format < objectsFormat {
		return nil, nil
	}
	return collect(ctx, j, func(rows *sql.Rows, w *store.Waiting) (err error) {
		var raw sql.RawBytes
		if err := rows.Scan(&w.Time, &raw, &w.Part, &w.Place); err != nil {
			return j.fail("search", err)
		}
		w.Request, err = j.requestOf(raw)
		return err
	}, `SELECT time, request, part, block FROM pending p WHERE (time, request, part) > (?1, ?2, ?3)
		AND NOT EXISTS (SELECT 1 FROM request r WHERE r.id = p.request AND r.slot > p.part) ORDER BY time, request, part LIMIT ?4`,
		after.Time, after.Request[:], after.Part, most)
}

// Block reads the block of a row.
func (j finder) Block(ctx context.Context, row int64) (*journal.Block, error) {
	var b journal.Block
	var first int64
	var name string
	var prev, sum []byte
	err := j.read.QueryRowContext(ctx,
		"SELECT name, first, count, recorded, prev, hash, bytes FROM block JOIN chain ON ordinal = ?2 WHERE id = ?1", row, row>>chainShift).
		Scan(&name, &first, &b.Count, &b.Recorded, &prev, &sum, &b.Bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("journal %s: the index names block %d of chain %d, which is missing: %w", j.path, row&(1<<chainShift-1), row>>chainShift, ErrDamaged)
	}
	if err != nil {
		return nil, j.fail("read a block of", err)
	}
	b.Ordinal, b.Number, b.First = uint64(row)>>chainShift, uint64(row)&(1<<chainShift-1), uint64(first)
	if b.Chain, err = journal.ParseChainID(name); err == nil {
		err = errors.Join(hash(&b.Prev, prev), hash(&b.Hash, sum))
	}
	if err != nil {
		return nil, fmt.Errorf("journal %s: block %d of chain %d: %w", j.path, b.Number, b.Ordinal, err)
	}
	return &b, nil
}

// collect returns what scan makes of each row that a query of the index gives.
func collect[T any](ctx context.Context, j finder, scan func(*sql.Rows, *T) error, query string, args ...any) (all []T, err error) {
	rows, err := j.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, j.fail("search", err)
	}
	defer rows.Close()
	for rows.Next() {
		var one T
		if err := scan(rows, &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, j.fail("search", rows.Err())
}

func (j *Journal) requestOf(raw []byte) (id journal.RequestID, err error) {
	if len(raw) != len(id) {
		return id, fmt.Errorf("journal %s: the index names a request of %d bytes: %w", j.path, len(raw), ErrDamaged)
	}
	return journal.RequestID(raw), nil
}
