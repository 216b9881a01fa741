package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"concord/journal"
)

// How long what a process holds stays its own without a word of it, by the database's clock.
const (
	lease     = "10 seconds" // a chain; each commit and each heartbeat extends it
	resolving = "30 seconds" // the work of resolving another chain's intents
	posting   = "4 seconds"  // the turn to merge and to post
)

// extend gives a chain a new lease, and notes whether the last one had run out.
func extend(interval string) string {
	return "lease = clock_timestamp() + " + interval + "::interval, since = CASE WHEN lease < clock_timestamp() THEN clock_timestamp() ELSE since END"
}

// Renew extends a chain's lease.
func (j *Journal) Renew(ctx context.Context, id journal.ChainID) error {
	done, err := j.pool.Exec(ctx, "UPDATE concord.chain SET "+extend("$2")+" WHERE name = $1 AND NOT sealed", id.String(), lease)
	if err != nil {
		return j.fail("renew the lease of a chain in", err)
	}
	if done.RowsAffected() == 0 {
		return fmt.Errorf("renew the lease of chain %s: %w", id, journal.ErrFenced)
	}
	return nil
}

// Claim seals a chain whose lease has run out and gives it to one resolver, whose own lease has not run out for as long as a
// lease: when the database comes back after it was away, every lease has run out, and nobody is dead for that.
func (j *Journal) Claim(ctx context.Context, id, resolver journal.ChainID) (bool, error) {
	if err := j.writable(); err != nil {
		return false, err
	}
	done, err := j.pool.Exec(ctx, `UPDATE concord.chain SET sealed = true, resolver = $2, resolving = clock_timestamp() + $3::interval
		WHERE name = $1 AND NOT settled AND (sealed OR lease < clock_timestamp())
			AND (resolver IS NULL OR resolver = $2 OR resolving < clock_timestamp())
			AND EXISTS (SELECT 1 FROM concord.chain r WHERE r.name = $2 AND NOT r.sealed AND r.lease >= clock_timestamp()
				AND r.since < clock_timestamp() - $4::interval)`, id.String(), resolver.String(), resolving, lease)
	if err != nil {
		return false, j.fail("seal a chain in", err)
	}
	return done.RowsAffected() == 1, nil
}

// Post takes or keeps the turn to merge and to post.
func (j *Journal) Post(ctx context.Context, holder journal.ChainID) (bool, error) {
	if err := j.writable(); err != nil {
		return false, err
	}
	done, err := j.pool.Exec(ctx, `UPDATE concord.poster SET holder = $1, lease = clock_timestamp() + $2::interval
		WHERE id = 1 AND (holder = $1 OR lease < clock_timestamp())`, holder.String(), posting)
	if err != nil {
		return false, j.fail("take the turn to post", err)
	}
	return done.RowsAffected() == 1, nil
}

// EndPost gives the turn back, if it is the holder's.
func (j *Journal) EndPost(ctx context.Context, holder journal.ChainID) error {
	_, err := j.pool.Exec(ctx, "UPDATE concord.poster SET lease = '-infinity' WHERE id = 1 AND holder = $1", holder.String())
	return j.fail("give back the turn to post", err)
}

// Clock returns the database's clock.
func (j *Journal) Clock(ctx context.Context) (int64, error) {
	var now time.Time
	err := j.pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now)
	return now.UnixNano(), j.fail("ask the clock of", err)
}

// Alive returns how many chains have a lease that runs, apart from one.
func (j *Journal) Alive(ctx context.Context, but journal.ChainID) (n int, err error) {
	err = j.pool.QueryRow(ctx, "SELECT count(*) FROM concord.chain WHERE NOT sealed AND lease > clock_timestamp() AND name <> $1", but.String()).Scan(&n)
	return n, j.fail("read the chains of", err)
}

// waitingBlocks bounds what one merge takes.
const waitingBlocks = 4096

// Waiting returns what stands in no merge yet.
func (j *Journal) Waiting(ctx context.Context) (*journal.Waiting, error) {
	var w journal.Waiting
	err := pgx.BeginTxFunc(ctx, j.pool, glance, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT number FROM concord.merging WHERE id = 1").Scan(&w.Number); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT c.name, b.number, b.recorded, b.idle FROM concord.chain c
			JOIN concord.frontier f ON f.chain = c.ordinal JOIN concord.block b ON b.chain = c.ordinal AND b.number > f.merged
			WHERE c.blocks > f.merged ORDER BY b.recorded, c.name, b.number LIMIT $1`, int64(waitingBlocks))
		if err != nil {
			return err
		}
		var b journal.WaitingBlock
		var name string
		_, err = pgx.ForEachRow(rows, []any{&name, &b.Number, &b.Recorded, &b.Idle}, func() (err error) {
			b.Chain, err = journal.ParseChainID(name)
			w.Blocks = append(w.Blocks, b)
			return err
		})
		return err
	})
	if err != nil {
		return nil, j.fail("read", err)
	}
	return &w, nil
}

// reading is a transaction that sees one instant and changes nothing, however long it takes.
var reading = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Transactions of several statements. The database ends one whose client says nothing in the midst: a gateway that is paused must
// not hold the locks that others need to seal its chain.
var (
	writing = pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '3s'"}
	glance  = pgx.TxOptions{BeginQuery: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = '3s'"}
)

// Behind returns how many blocks that say something to the books come after a position.
func (j *Journal) Behind(ctx context.Context, at journal.Cursor) (blocks uint64, err error) {
	err = j.pool.QueryRow(ctx, `SELECT m.position - least(m.position, $1) + (
			SELECT count(*) FROM concord.chain c JOIN concord.frontier f ON f.chain = c.ordinal
			JOIN concord.block b ON b.chain = c.ordinal AND b.number > f.merged WHERE c.blocks > f.merged AND NOT b.idle
		) FROM concord.merging m WHERE m.id = 1`, int64(at.Block)).Scan(&blocks)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("journal %s: the order of posting is missing: %w", j.where, ErrDamaged)
	}
	return blocks, j.fail("read", err)
}
