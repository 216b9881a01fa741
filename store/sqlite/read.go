package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"concord/journal"
)

// Chains lists all chains.
func (j *Journal) Chains(ctx context.Context) ([]journal.ChainState, error) {
	rows, err := j.read.QueryContext(ctx, "SELECT ordinal, name, blocks, entries, head, sealed, settled FROM chain ORDER BY ordinal")
	if err != nil {
		return nil, j.fail("read the chains of", err)
	}
	defer rows.Close()
	var states []journal.ChainState
	for rows.Next() {
		var s journal.ChainState
		var name string
		var head sql.RawBytes
		if err := rows.Scan(&s.Ordinal, &name, &s.Blocks, &s.Entries, &head, &s.Sealed, &s.Settled); err != nil {
			return nil, j.fail("read the chains of", err)
		}
		if s.ID, err = journal.ParseChainID(name); err != nil {
			return nil, fmt.Errorf("journal %s: %w", j.path, err)
		}
		if err := hash(&s.Head, head); err != nil {
			return nil, fmt.Errorf("journal %s, chain %s: head: %w", j.path, name, err)
		}
		states = append(states, s)
	}
	return states, j.fail("read the chains of", rows.Err())
}

func hash(to *journal.Hash, b []byte) error {
	if len(b) != len(to) {
		return fmt.Errorf("has %d bytes, want %d", len(b), len(to))
	}
	copy(to[:], b)
	return nil
}

// The blocks that one query reads: few enough to keep memory flat, and no reading transaction stays open while they are
// used, which would keep the write-ahead log from being started again.
const (
	pageBlocks = 64
	pageBytes  = 4 << 20
)

// page is what one query read; its memory is used again for the next, and by later readers.
type page struct {
	blocks []journal.Block
	spans  [][2]int
	bytes  []byte
	next   int64 // id of the last row
	more   bool
}

// Blocks calls yield for the blocks after a cursor.
func (j *Journal) Blocks(ctx context.Context, after journal.Cursor, yield func(*journal.Block) bool) error {
	names := map[uint64]journal.ChainID{}
	p, ok := j.pages.Get().(*page)
	if !ok {
		p = &page{}
	}
	defer j.pages.Put(p)
	p.next, p.more = int64(after.Chain<<chainShift|after.Block), true
	for p.more {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := j.page(ctx, p); err != nil {
			return err
		}
		for i := range p.blocks {
			b := &p.blocks[i]
			id, ok := names[b.Ordinal]
			if !ok {
				states, err := j.Chains(ctx)
				if err != nil {
					return err
				}
				for _, s := range states {
					names[s.Ordinal] = s.ID
				}
				if id, ok = names[b.Ordinal]; !ok {
					return fmt.Errorf("journal %s: block %d belongs to chain %d, which is missing: %w", j.path, b.Number, b.Ordinal, ErrDamaged)
				}
			}
			b.Chain = id
			if !yield(b) {
				return nil
			}
		}
	}
	return nil
}

func (j *Journal) page(ctx context.Context, p *page) error {
	rows, err := j.read.QueryContext(ctx, "SELECT id, first, count, recorded, prev, hash, bytes FROM block WHERE id > ? ORDER BY id LIMIT ?", p.next, pageBlocks)
	if err != nil {
		return j.fail("read", err)
	}
	defer rows.Close()
	p.blocks, p.spans, p.bytes, p.more = p.blocks[:0], p.spans[:0], p.bytes[:0], false
	for len(p.bytes) < pageBytes && rows.Next() {
		b, raw, err := j.block(rows)
		if err != nil {
			return err
		}
		start := len(p.bytes)
		if need := start + len(raw); need > cap(p.bytes) { // the page that comes after is as long
			p.bytes = append(make([]byte, 0, max(2*need, 1<<16)), p.bytes...)
		}
		p.bytes = append(p.bytes, raw...)
		p.blocks = append(p.blocks, b)
		p.spans = append(p.spans, [2]int{start, len(p.bytes)})
		p.next = int64(b.Ordinal<<chainShift | b.Number)
	}
	for i := range p.blocks { // only now, for p.bytes may have moved while it grew
		s := p.spans[i]
		p.blocks[i].Bytes = p.bytes[s[0]:s[1]:s[1]]
	}
	p.more = len(p.blocks) == pageBlocks || len(p.bytes) >= pageBytes
	return j.fail("read", rows.Err())
}

// block reads a row; raw is valid until the next one.
func (j *Journal) block(rows *sql.Rows) (b journal.Block, raw sql.RawBytes, err error) {
	var id, first int64
	var prev, sum sql.RawBytes
	if err := rows.Scan(&id, &first, &b.Count, &b.Recorded, &prev, &sum, &raw); err != nil {
		return b, nil, j.fail("read a block of", err)
	}
	b.Ordinal, b.Number, b.First = uint64(id)>>chainShift, uint64(id)&(1<<chainShift-1), uint64(first)
	if err := errors.Join(hash(&b.Prev, prev), hash(&b.Hash, sum)); err != nil {
		return b, nil, fmt.Errorf("journal %s: block %d of chain %d: hash: %w: %w", j.path, b.Number, b.Ordinal, err, ErrDamaged)
	}
	return b, raw, nil
}
