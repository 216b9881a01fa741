package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"concord/journal"
)

// The blocks that one query reads: few enough to keep memory flat. No connection is held while they are used.
const pageBlocks = 64

// binary asks for results in binary: bytes come as they are.
var binary = pgx.QueryResultFormats{pgx.BinaryFormatCode}

const blockColumns = "b.chain, b.number, b.first, b.count, b.recorded, b.prev, b.hash, b.bytes"

// page reads the blocks that a query gives; the first column is the block's place in the order of merges, or 0.
func (j *Journal) page(ctx context.Context, query string, args ...any) ([]journal.Block, error) {
	rows, err := j.pool.Query(ctx, query, append([]any{binary}, args...)...)
	if err != nil {
		return nil, j.fail("read", err)
	}
	defer rows.Close()
	var page []journal.Block
	for rows.Next() {
		var b journal.Block
		var prev, sum []byte
		var merged, ordinal, number, first int64
		var count int32
		if err := rows.Scan(&merged, &ordinal, &number, &first, &count, &b.Recorded, &prev, &sum, &b.Bytes); err != nil {
			return nil, j.fail("read a block of", err)
		}
		b.Merged, b.Ordinal, b.Number, b.First, b.Count = uint64(merged), uint64(ordinal), uint64(number), uint64(first), int(count)
		if err := errors.Join(hash(&b.Prev, prev), hash(&b.Hash, sum)); err != nil {
			return nil, fmt.Errorf("journal %s: block %d of chain %d: %w", j.where, b.Number, b.Ordinal, err)
		}
		page = append(page, b)
	}
	if err := rows.Err(); err != nil {
		return nil, j.fail("read", err)
	}
	rows.Close()
	for i := range page {
		if page[i].Chain, err = j.chainName(ctx, page[i].Ordinal); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// chainName returns the name of a chain, which never changes.
func (j *Journal) chainName(ctx context.Context, ordinal uint64) (journal.ChainID, error) {
	j.mu.Lock()
	id, ok := j.names[ordinal]
	j.mu.Unlock()
	if ok {
		return id, nil
	}
	var name string
	err := j.pool.QueryRow(ctx, "SELECT name FROM concord.chain WHERE ordinal = $1", int64(ordinal)).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, fmt.Errorf("journal %s: a block belongs to chain %d, which is missing: %w", j.where, ordinal, ErrDamaged)
	}
	if err != nil {
		return id, j.fail("read the chains of", err)
	}
	if id, err = journal.ParseChainID(name); err != nil {
		return id, fmt.Errorf("journal %s: %w", j.where, err)
	}
	j.mu.Lock()
	j.names[ordinal] = id
	j.mu.Unlock()
	return id, nil
}

// Merged calls yield for the blocks that stand in merges.
func (j *Journal) Merged(ctx context.Context, after journal.Cursor, yield func(*journal.Block) bool) error {
	_, _, err := j.merged(ctx, after.Block, yield)
	return err
}

// merged also returns the position that it reached, and whether yield wants more.
func (j *Journal) merged(ctx context.Context, at uint64, yield func(*journal.Block) bool) (uint64, bool, error) {
	for {
		page, err := j.page(ctx, `WITH place AS (
				SELECT s.first + n - s.low AS merged, s.chain, n AS number
				FROM (SELECT * FROM concord.span WHERE last > $1 ORDER BY last LIMIT $2) s,
					generate_series(greatest(s.low, s.low + $1 + 1 - s.first), least(s.low + s.last - s.first, s.low + $1 + $2 - s.first)) n
				ORDER BY 1 LIMIT $2
			) SELECT p.merged, `+blockColumns+` FROM place p JOIN concord.block b ON b.chain = p.chain AND b.number = p.number ORDER BY p.merged`,
			int64(at), int64(pageBlocks))
		if err != nil || len(page) == 0 {
			return at, true, err
		}
		for i := range page {
			if at+1 != page[i].Merged {
				return at, false, fmt.Errorf("journal %s: the block at position %d is missing: %w", j.where, at+1, ErrDamaged)
			}
			at = page[i].Merged
			if !yield(&page[i]) {
				return at, false, nil
			}
		}
	}
}

// reach is how far a chain is, and how much of it stands in merges.
type reach struct{ ordinal, blocks, merged int64 }

// frontier returns how far all chains are at one instant, and the position of the merges.
func (j *Journal) frontier(ctx context.Context) (chains []reach, position uint64, err error) {
	rows, err := j.pool.Query(ctx, `SELECT m.position, c.ordinal, c.blocks, f.merged
		FROM concord.merging m, concord.chain c JOIN concord.frontier f ON f.chain = c.ordinal ORDER BY c.ordinal`)
	if err != nil {
		return nil, 0, j.fail("read", err)
	}
	var r reach
	var at int64
	_, err = pgx.ForEachRow(rows, []any{&at, &r.ordinal, &r.blocks, &r.merged}, func() error {
		chains = append(chains, r)
		return nil
	})
	return chains, uint64(at), j.fail("read", err)
}

// Blocks calls yield for the blocks in the order of merges, and then for those that stand in none, chain by chain.
func (j *Journal) Blocks(ctx context.Context, after journal.Cursor, yield func(*journal.Block) bool) error {
	var chains []reach
	for {
		at, more, err := after.Block, true, error(nil)
		if after.Chain == 0 {
			at, more, err = j.merged(ctx, after.Block, yield)
		}
		if err != nil || !more {
			return err
		}
		var position uint64
		if chains, position, err = j.frontier(ctx); err != nil {
			return err
		}
		if after.Chain > 0 || position <= at {
			break
		}
		after.Block = at // more was merged meanwhile
	}
	for _, c := range chains {
		from := c.merged
		switch {
		case c.ordinal < int64(after.Chain):
			continue
		case c.ordinal == int64(after.Chain):
			from = max(from, int64(after.Block))
		}
		if more, err := j.between(ctx, c.ordinal, from, c.blocks, yield); err != nil || !more {
			return err
		}
	}
	return nil
}

// between calls yield for the blocks of a chain after one number up to another.
func (j *Journal) between(ctx context.Context, ordinal, after, upTo int64, yield func(*journal.Block) bool) (more bool, err error) {
	for after < upTo {
		page, err := j.page(ctx, "SELECT 0::bigint, "+blockColumns+` FROM concord.block b
			WHERE chain = $1 AND number > $2 AND number <= $3 ORDER BY number LIMIT $4`, ordinal, after, upTo, int64(pageBlocks))
		if err != nil || len(page) == 0 {
			return true, err
		}
		for i := range page {
			after = int64(page[i].Number)
			if !yield(&page[i]) {
				return false, nil
			}
		}
	}
	return true, nil
}

// OfChain calls yield for the blocks of one chain.
func (j *Journal) OfChain(ctx context.Context, id journal.ChainID, after uint64, yield func(*journal.Block) bool) error {
	var ordinal, blocks int64
	err := j.pool.QueryRow(ctx, "SELECT ordinal, blocks FROM concord.chain WHERE name = $1", id.String()).Scan(&ordinal, &blocks)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read chain %s: %w", id, journal.ErrNotFound)
	}
	if err != nil {
		return j.fail("read the chains of", err)
	}
	_, err = j.between(ctx, ordinal, int64(after), blocks, yield)
	return err
}
