package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

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

// finder is the journal as store looks into it. A place is a block's chain and number. No connection is held while what was
// read is used.
type finder struct{ *Journal }

// Places returns the places of the blocks that hold entries of a request.
func (j finder) Places(ctx context.Context, id journal.RequestID) ([]int64, error) {
	return collect(ctx, j, pgx.RowTo[int64], "SELECT DISTINCT block FROM concord.request WHERE id = $1 ORDER BY block", id[:])
}

// Makers returns the requests whose records name an object.
func (j finder) Makers(ctx context.Context, key journal.ObjectKey) ([]journal.RequestID, error) {
	return collect(ctx, j, func(row pgx.CollectableRow) (journal.RequestID, error) {
		raw, err := pgx.RowTo[[]byte](row)
		if err != nil {
			return journal.RequestID{}, err
		}
		return j.requestOf(raw)
	}, "SELECT request FROM concord.object WHERE id = $1 ORDER BY request", key[:])
}

// Waiting returns the records that are pending and of which no later part stands.
func (j finder) Waiting(ctx context.Context, after store.Waiting, most int) ([]store.Waiting, error) {
	return collect(ctx, j, func(row pgx.CollectableRow) (w store.Waiting, err error) {
		var raw []byte
		if err = row.Scan(&w.Time, &raw, &w.Part, &w.Place); err == nil {
			w.Request, err = j.requestOf(raw)
		}
		return w, err
	}, `SELECT time, request, part, block FROM concord.pending p WHERE (time, request, part) > ($1, $2, $3)
		AND NOT EXISTS (SELECT 1 FROM concord.request r WHERE r.id = p.request AND r.slot > p.part)
		ORDER BY time, request, part LIMIT $4`, after.Time, after.Request[:], after.Part, int64(most))
}

// Block reads the block at a place.
func (j finder) Block(ctx context.Context, place int64) (*journal.Block, error) {
	ordinal, number := place>>chainShift, place&(1<<chainShift-1)
	page, err := j.page(ctx, `SELECT coalesce((SELECT CASE WHEN s.low + s.last - s.first >= b.number THEN s.first + b.number - s.low END
			FROM concord.span s WHERE s.chain = b.chain AND s.low <= b.number ORDER BY s.low DESC LIMIT 1), 0)::bigint, `+blockColumns+`
		FROM concord.block b WHERE b.chain = $1 AND b.number = $2`, ordinal, number)
	if err != nil {
		return nil, err
	}
	if len(page) == 0 {
		return nil, fmt.Errorf("journal %s: the index names block %d of chain %d, which is missing: %w", j.where, number, ordinal, ErrDamaged)
	}
	return &page[0], nil
}

// collect returns what each row is that a query of the index gives.
func collect[T any](ctx context.Context, j finder, scan pgx.RowToFunc[T], query string, args ...any) ([]T, error) {
	rows, err := j.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, j.fail("search", err)
	}
	all, err := pgx.CollectRows(rows, scan)
	return all, j.fail("search", err)
}

func (j *Journal) requestOf(raw []byte) (id journal.RequestID, err error) {
	if len(raw) != len(id) {
		return id, fmt.Errorf("journal %s: the index names a request of %d bytes: %w", j.where, len(raw), ErrDamaged)
	}
	return journal.RequestID(raw), nil
}
