package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"concord/journal"
)

// index is what is written beside a block.
type index struct {
	requests [][]byte
	parts    []int64 // of what stands once; -1 = of what does not
	idle     bool

	seals   []string
	objects [][2][]byte // object and request
	pending []journal.Heading
	merges  []*journal.Merge

	tells    bool   // it holds documents or facts
	resolved uint64 // what is written down of open requests; 0 = nothing this time
}

// indexOf collects what is indexed of a block.
func indexOf(b *journal.Block, flight *journal.InFlight) (*index, error) {
	x := &index{requests: [][]byte{}, parts: []int64{}, idle: true}
	placed := map[journal.RequestID]struct{}{}
	place := func(id journal.RequestID) {
		if _, ok := placed[id]; !ok && !id.IsZero() {
			placed[id] = struct{}{}
			x.requests, x.parts = append(x.requests, id[:]), append(x.parts, -1)
		}
	}
	var failed error
	if flight != nil {
		flight.Forget()
	}
	err := b.Headings(func(h *journal.Heading) {
		x.tells = x.tells || h.Kind.Documents()
		if flight != nil {
			flight.Note(h)
		}
		switch h.Kind {
		case journal.KindOpen:
		case journal.KindSeal:
			x.seals = append(x.seals, h.Seal.String())
		case journal.KindMerge:
			e, err := b.EntryAt(h.Offset)
			if m, ok := e.Body.(*journal.Merge); ok && err == nil {
				x.merges = append(x.merges, m)
			} else {
				failed = err
			}
		default:
			x.idle = false
		}
		if h.Object != (journal.ObjectKey{}) {
			object, request := h.Object, h.Request
			x.objects = append(x.objects, [2][]byte{object[:], request[:]})
		}
		if h.Pending {
			x.pending = append(x.pending, *h)
		}
		for _, id := range h.Also {
			place(id)
		}
		if h.Sole {
			id := h.Request
			x.requests, x.parts = append(x.requests, id[:]), append(x.parts, int64(h.Part))
		} else {
			place(h.Request)
		}
	})
	if err == nil {
		err = failed
	}
	return x, err
}

// more reports whether one statement is not enough.
func (x *index) more() bool {
	return len(x.seals)+len(x.objects)+len(x.pending)+len(x.merges) > 0 || x.tells || x.resolved > 0
}

// write writes what the block's own statement does not, in the same transaction.
func (x *index) write(ctx context.Context, tx pgx.Tx, ordinal int64, b *journal.Block) error {
	for _, m := range x.merges { // first: whoever merges at the same time waits here, and holds nothing that this one needs
		if err := merge(ctx, tx, m); err != nil {
			return err
		}
	}
	batch := &pgx.Batch{}
	for _, name := range x.seals {
		batch.Queue("UPDATE concord.chain SET settled = true WHERE name = $1", name)
	}
	for _, o := range x.objects {
		batch.Queue("INSERT INTO concord.object (id, request) VALUES ($1, $2) ON CONFLICT DO NOTHING", o[0], o[1])
	}
	if x.tells {
		batch.Queue("INSERT INTO concord.document_block (chain, number) VALUES ($1, $2) ON CONFLICT DO NOTHING", ordinal, int64(b.Number))
	}
	if x.resolved > 0 {
		batch.Queue(`INSERT INTO concord.resolved (chain, block) VALUES ($1, $2)
			ON CONFLICT (chain) DO UPDATE SET block = excluded.block`, ordinal, int64(x.resolved))
	}
	row := ordinal<<chainShift | int64(b.Number)
	for _, h := range x.pending {
		batch.Queue("INSERT INTO concord.pending (time, request, part, block) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
			h.Time, h.Request[:], int64(h.Part), row)
	}
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, batch).Close()
}

// merge moves the order of posting on by one merge entry: its number is the next, and each of its spans begins where the
// merges before it ended and ends at a block that is there.
func merge(ctx context.Context, tx pgx.Tx, m *journal.Merge) error {
	blocks := int64(0)
	for _, s := range m.Spans {
		if s.From == 0 || s.To < s.From {
			return fmt.Errorf("merge %d: a span from block %d to %d: %w", m.Number, s.From, s.To, journal.ErrConflict)
		}
		blocks += int64(s.To - s.From + 1)
	}
	var position int64
	err := tx.QueryRow(ctx, `UPDATE concord.merging SET number = $1, position = position + $2
		WHERE id = 1 AND number = $1 - 1 RETURNING position`, int64(m.Number), blocks).Scan(&position)
	if err == pgx.ErrNoRows { //nolint:errorlint // pgx returns it bare
		return fmt.Errorf("merge %d is not the next one: %w", m.Number, journal.ErrConflict)
	}
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	last := position - blocks
	for _, s := range m.Spans {
		first := last + 1
		last += int64(s.To - s.From + 1)
		batch.Queue(`WITH moved AS (
				UPDATE concord.frontier f SET merged = $1 FROM concord.chain c
				WHERE c.name = $2 AND f.chain = c.ordinal AND f.merged = $3 - 1 AND c.blocks >= $1 RETURNING f.chain
			) INSERT INTO concord.span (last, first, chain, low, number) SELECT $4, $5, chain, $3, $6 FROM moved`,
			int64(s.To), s.Chain.String(), int64(s.From), last, first, int64(m.Number))
	}
	results := tx.SendBatch(ctx, batch)
	for _, s := range m.Spans {
		done, err := results.Exec()
		if err == nil && done.RowsAffected() != 1 {
			err = fmt.Errorf("merge %d: blocks %d to %d of chain %s are not the next ones: %w", m.Number, s.From, s.To, s.Chain, journal.ErrConflict)
		}
		if err != nil {
			_ = results.Close() // the transaction is given up
			return err
		}
	}
	return results.Close()
}
