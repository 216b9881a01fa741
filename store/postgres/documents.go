package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"concord/journal"
)

var (
	_ journal.Documented = (*Journal)(nil)
	_ journal.Resolving  = (*Journal)(nil)
)

// resolvedEvery is after how many blocks a chain's writer tells how far its requests have ended. Whoever looks for open ones
// reads so many blocks more at most.
const resolvedEvery = 256

// written is a chain that was opened here. Its blocks are appended one after the other, whoever appends them: of two blocks
// for one place only the first is stored.
type written struct {
	mu     sync.Mutex
	flight *journal.InFlight
}

// ended tells what follows a chain how an append ended.
func ended(f *journal.InFlight, number uint64, err error) {
	switch {
	case err == nil:
		f.Take(number)
	case overBudget(err), errors.Is(err, journal.ErrConflict), errors.Is(err, journal.ErrFenced), code(err) == unique:
		f.Forget() // nothing was stored
	default:
		f.Lose()
	}
}

// Resolved returns a block up to which every intent of a chain has its record, as its writer told it.
func (j *Journal) Resolved(ctx context.Context, chain *journal.ChainState) (uint64, error) {
	var block int64
	err := j.pool.QueryRow(ctx, "SELECT block FROM concord.resolved WHERE chain = $1", int64(chain.Ordinal)).Scan(&block)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return uint64(block), j.fail("read", err)
}

// A placed is a block with its place in the order of merges; merged 0 = it stands in none.
type placed struct{ chain, number, merged int64 }

// Documents calls yield for the blocks after a position that hold documents or facts: those in merges in their order, then the
// others chain by chain.
func (j *Journal) Documents(ctx context.Context, after journal.Cursor, yield func(*journal.Block) bool) error {
	version, err := j.version(ctx)
	if err != nil {
		return err
	}
	if version < 3 { // opened for reading only
		return j.Blocks(ctx, after, yield)
	}
	var chains, numbers []int64
	unknown, err := j.undocumented(ctx, false)
	if err != nil {
		return err
	}
	for _, c := range unknown {
		found, err := j.lookThrough(ctx, c)
		if err != nil {
			return err
		}
		for _, n := range found {
			chains, numbers = append(chains, c.ordinal), append(numbers, n)
		}
	}
	all, err := collect(ctx, finder{j}, func(row pgx.CollectableRow) (p placed, err error) {
		err = row.Scan(&p.chain, &p.number, &p.merged)
		return p, err
	}, `SELECT * FROM (SELECT d.chain, d.number, coalesce((SELECT CASE WHEN s.low + s.last - s.first >= d.number THEN s.first + d.number - s.low END
			FROM concord.span s WHERE s.chain = d.chain AND s.low <= d.number ORDER BY s.low DESC LIMIT 1), 0)::bigint AS merged
		FROM (SELECT chain, number FROM concord.document_block UNION SELECT * FROM unnest($1::bigint[], $2::bigint[])) d (chain, number)) p
		ORDER BY merged = 0, merged, chain, number`, chains, numbers)
	if err != nil {
		return err
	}
	for _, p := range all {
		at := journal.Cursor{Block: uint64(p.merged)}
		if p.merged == 0 {
			at = journal.Cursor{Chain: uint64(p.chain), Block: uint64(p.number)}
		}
		if at.Compare(after) <= 0 {
			continue
		}
		b, err := finder{j}.Block(ctx, p.chain<<chainShift|p.number)
		if err != nil {
			return fmt.Errorf("read the documents: %w", err)
		}
		if !yield(b) {
			return nil
		}
	}
	return nil
}

// DocumentBlocks returns how many blocks with documents or facts are known: it grows when a gateway writes one.
func (j *Journal) DocumentBlocks(ctx context.Context) (blocks int64, err error) {
	err = j.pool.QueryRow(ctx, "SELECT count(*) FROM concord.document_block").Scan(&blocks)
	return blocks, j.fail("read", err)
}

// undocumented returns the chains that a program writes, or wrote, which did not index documents; those that ended, or all.
func (j *Journal) undocumented(ctx context.Context, ended bool) ([]reach, error) {
	return collect(ctx, finder{j}, func(row pgx.CollectableRow) (r reach, err error) {
		err = row.Scan(&r.ordinal, &r.blocks)
		return r, err
	}, `SELECT ordinal, blocks FROM concord.chain c WHERE (sealed OR NOT $1)
		AND NOT EXISTS (SELECT 1 FROM concord.document_chain d WHERE d.chain = c.ordinal) ORDER BY ordinal`, ended)
}

// lookThrough returns the numbers of the blocks of a chain that hold documents or facts.
func (j *Journal) lookThrough(ctx context.Context, c reach) (found []int64, err error) {
	var bad error
	_, err = j.between(ctx, c.ordinal, 0, c.blocks, func(b *journal.Block) bool {
		tells := false
		bad = b.Headings(func(h *journal.Heading) { tells = tells || h.Kind.Documents() })
		if tells {
			found = append(found, int64(b.Number))
		}
		return bad == nil
	})
	return found, errors.Join(err, bad)
}

// document indexes the documents of chains of before that have ended, once. What cannot be read is left to whoever reads it
// next, who says so.
func (j *Journal) document(ctx context.Context) error {
	unknown, err := j.undocumented(ctx, true)
	if err != nil {
		return err
	}
	for _, c := range unknown {
		found, err := j.lookThrough(ctx, c)
		if err != nil {
			return nil //nolint:nilerr // a damaged journal opens all the same, and is verified
		}
		err = pgx.BeginTxFunc(ctx, j.pool, writing, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO concord.document_block (chain, number) SELECT $1, n FROM unnest($2::bigint[]) n ON CONFLICT DO NOTHING`, c.ordinal, found)
			if err == nil {
				_, err = tx.Exec(ctx, "INSERT INTO concord.document_chain (chain) VALUES ($1) ON CONFLICT DO NOTHING", c.ordinal)
			}
			return err
		})
		if err != nil {
			return j.fail("index", err)
		}
	}
	return nil
}
