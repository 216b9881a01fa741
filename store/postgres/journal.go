package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"concord/journal"
)

// Journal is the journal of a database. It is safe for concurrent use.
type Journal struct {
	*database

	mu    sync.Mutex
	names map[uint64]journal.ChainID // by ordinal
	own   map[journal.ChainID]*written
}

var _ journal.Merging = (*Journal)(nil)

// chainShift separates the ordinal of a chain from the number of a block in the indexes.
const chainShift = 40

// OpenJournal opens the journal of a database, whose tables it makes where there are none. Unless o is Relaxed it refuses to
// start where commits would not be durable.
func OpenJournal(ctx context.Context, url string, o Options) (*Journal, error) {
	d, err := open(ctx, "journal", url, o)
	if err != nil {
		return nil, err
	}
	j := &Journal{database: d, names: map[uint64]journal.ChainID{}, own: map[journal.ChainID]*written{}}
	if !o.ReadOnly && !o.Relaxed {
		if err := j.Durable(ctx); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	if !o.ReadOnly {
		if err := j.document(ctx); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	return j, nil
}

// OpenChain begins a chain with a lease.
func (j *Journal) OpenChain(ctx context.Context, id journal.ChainID) error {
	if err := errors.Join(id.Check(), j.writable()); err != nil {
		return fmt.Errorf("open chain: %w", err)
	}
	for range 100 { // another process may open one at the same time
		_, err := j.pool.Exec(ctx, `WITH opened AS (
				INSERT INTO concord.chain (ordinal, name, head, lease, since)
				SELECT coalesce(max(ordinal), 0) + 1, $1, $2, clock_timestamp() + $3::interval, clock_timestamp() FROM concord.chain RETURNING ordinal
			), merged AS (INSERT INTO concord.frontier (chain, merged) SELECT ordinal, 0 FROM opened)
			INSERT INTO concord.document_chain (chain) SELECT ordinal FROM opened`, id.String(), make([]byte, 32), lease)
		if err == nil {
			j.mu.Lock()
			j.own[id] = &written{flight: journal.NewInFlight()}
			j.mu.Unlock()
		}
		if code(err) != unique {
			return j.fail("open a chain in", err)
		}
		var taken bool
		if err := j.pool.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM concord.chain WHERE name = $1)", id.String()).Scan(&taken); err != nil {
			return j.fail("open a chain in", err)
		}
		if taken {
			return fmt.Errorf("open chain %s: there is one of this name: %w", id, journal.ErrConflict)
		}
	}
	return fmt.Errorf("open chain %s: others opened chains each time that it was tried", id)
}

// SealChain ends a chain.
func (j *Journal) SealChain(ctx context.Context, id journal.ChainID) error {
	if err := j.writable(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	done, err := j.pool.Exec(ctx, "UPDATE concord.chain SET sealed = true WHERE name = $1", id.String())
	if err != nil {
		return j.fail("seal a chain in", err)
	}
	if done.RowsAffected() == 0 {
		return fmt.Errorf("seal chain %s: %w", id, journal.ErrNotFound)
	}
	return nil
}

// AppendBlock makes a block durable in one transaction, which is one statement for all but a few blocks. It does not stop
// half-way when ctx ends.
func (j *Journal) AppendBlock(ctx context.Context, b *journal.Block) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := j.writable(); err != nil {
		return err
	}
	j.mu.Lock()
	own := j.own[b.Chain]
	j.mu.Unlock()
	var flight *journal.InFlight
	if own != nil {
		own.mu.Lock()
		defer own.mu.Unlock()
		flight = own.flight
	}
	index, err := indexOf(b, flight)
	if err != nil {
		return fmt.Errorf("append block %d: %w", b.Number, err)
	}
	if flight != nil && b.Number%resolvedEvery == 0 {
		index.resolved = flight.Resolved()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if !index.more() && len(b.Holds) == 0 && len(b.Posts) == 0 {
		_, err = j.insert(ctx, j.pool, b, index)
	} else {
		err = j.transact(ctx, b, index)
	}
	if flight != nil {
		ended(flight, b.Number, err)
	}
	switch {
	case errors.Is(err, journal.ErrFenced):
		return j.missing(ctx, b, err)
	case errors.Is(err, journal.ErrConflict), errors.Is(err, journal.ErrAboveHold), overBudget(err):
		return err
	case code(err) == unique:
		return fmt.Errorf("append block %d to chain %s: it holds a second entry under one identity: %w", b.Number, b.Chain, journal.ErrConflict)
	}
	return j.fail("append a block to", err)
}

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// insert moves the head of the chain and writes the block with its requests, in one statement.
func (j *Journal) insert(ctx context.Context, q querier, b *journal.Block, x *index) (ordinal int64, err error) {
	err = q.QueryRow(ctx, `WITH moved AS (
			UPDATE concord.chain SET blocks = $2, entries = $3, head = $4, `+extend("$5")+`
			WHERE name = $1 AND blocks = $2 - 1 AND entries = $6 AND head = $7 AND NOT sealed RETURNING ordinal
		), added AS (
			INSERT INTO concord.block (chain, number, first, count, recorded, idle, prev, hash, bytes)
			SELECT ordinal, $2, $6 + 1, $8, $9, $10, $7, $4, $11 FROM moved
		), placed AS (
			INSERT INTO concord.request (id, slot, block)
			SELECT r.id, CASE WHEN r.part < 0 THEN -(ordinal << 40 | $2) ELSE r.part END, ordinal << 40 | $2
			FROM moved, unnest($12::bytea[], $13::bigint[]) AS r (id, part)
		) SELECT ordinal FROM moved`,
		b.Chain.String(), int64(b.Number), int64(b.First-1)+int64(b.Count), b.Hash[:], lease, int64(b.First-1), b.Prev[:],
		int64(b.Count), b.Recorded, x.idle, b.Bytes, x.requests, x.parts).Scan(&ordinal)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("append block %d to chain %s: %w", b.Number, b.Chain, journal.ErrFenced)
	}
	return ordinal, err
}

// missing tells a chain that was never opened from one that is fenced.
func (j *Journal) missing(ctx context.Context, b *journal.Block, fenced error) error {
	var known bool
	err := j.pool.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM concord.chain WHERE name = $1)", b.Chain.String()).Scan(&known)
	if err == nil && !known {
		return fmt.Errorf("append block %d to chain %s: %w", b.Number, b.Chain, journal.ErrNotFound)
	}
	return fenced
}

// Chains lists all chains.
func (j *Journal) Chains(ctx context.Context) ([]journal.ChainState, error) {
	rows, err := j.pool.Query(ctx, "SELECT ordinal, name, blocks, entries, head, sealed, settled FROM concord.chain ORDER BY ordinal")
	if err != nil {
		return nil, j.fail("read the chains of", err)
	}
	var states []journal.ChainState
	var s journal.ChainState
	var name string
	var head []byte
	_, err = pgx.ForEachRow(rows, []any{&s.Ordinal, &name, &s.Blocks, &s.Entries, &head, &s.Sealed, &s.Settled}, func() (err error) {
		if s.ID, err = journal.ParseChainID(name); err == nil {
			err = hash(&s.Head, head)
		}
		states = append(states, s)
		return err
	})
	return states, j.fail("read the chains of", err)
}

func hash(to *journal.Hash, b []byte) error {
	if len(b) != len(to) {
		return fmt.Errorf("a hash has %d bytes, want %d: %w", len(b), len(to), ErrDamaged)
	}
	copy(to[:], b)
	return nil
}
