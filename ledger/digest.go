package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"

	"concord/journal"
)

// Digest is one hash over everything that books hold: cursor, state with its running hash, documents, cells and activity in canonical
// order and checkpoints. Books rebuilt from the journal have the same digest.
func Digest(ctx context.Context, b Books) (journal.Hash, error) {
	saved, err := b.Load(ctx)
	if err != nil {
		return journal.Hash{}, fmt.Errorf("load books: %w", err)
	}
	h := sha256.New()
	var buf []byte
	write := func(fields ...[]byte) {
		buf = buf[:0]
		for _, f := range fields {
			buf = binary.AppendUvarint(buf, uint64(len(f)))
			buf = append(buf, f...)
		}
		h.Write(buf)
	}
	write(cursorBytes(saved.Cursor), saved.State)
	for _, d := range saved.Documents {
		write(d)
	}
	err = b.Cells(ctx, func(c Cell) bool {
		amount := c.Amount.Bytes()
		write([]byte(c.Agreement), []byte(c.Book), []byte(c.Account), []byte(c.Clause), []byte(c.Cloud), []byte(c.Product),
			[]byte(c.Stream), []byte(c.Currency), binary.BigEndian.AppendUint32(nil, uint32(c.Day)), amount[:],
			binary.BigEndian.AppendUint64(nil, uint64(c.Count)))
		return true
	})
	if err != nil {
		return journal.Hash{}, fmt.Errorf("read cells: %w", err)
	}
	if err := b.Activity(ctx, EverSince, EverUntil, func(r ActivityRow) bool { write(r.Key, r.Value); return true }); err != nil {
		return journal.Hash{}, fmt.Errorf("read activity: %w", err)
	}
	for at := saved.Cursor; ; {
		c, err := b.Checkpoint(ctx, at)
		if err != nil {
			return journal.Hash{}, fmt.Errorf("read checkpoint: %w", err)
		}
		if len(c.State) == 0 {
			return journal.Hash(h.Sum(nil)), nil
		}
		write(cursorBytes(c.Cursor), c.State, binary.BigEndian.AppendUint64(nil, uint64(len(c.Documents))))
		at = before(c.Cursor)
	}
}

func cursorBytes(c journal.Cursor) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, c.Chain), c.Block)
}

// before returns the last position before c.
func before(c journal.Cursor) journal.Cursor {
	switch {
	case c.Block > 0:
		return journal.Cursor{Chain: c.Chain, Block: c.Block - 1}
	case c.Chain > 0:
		return journal.Cursor{Chain: c.Chain - 1, Block: math.MaxInt64} // stores hold block numbers as int64
	}
	return journal.Cursor{}
}

// compareCursors puts positions in posting order.
func compareCursors(a, b journal.Cursor) int {
	return cmp.Or(cmp.Compare(a.Chain, b.Chain), cmp.Compare(a.Block, b.Block))
}
