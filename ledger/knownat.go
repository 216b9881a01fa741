package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"concord/journal"
	"concord/money"
)

// ErrMoving says that the books moved on while they were read.
var ErrMoving = errors.New("ledger: the books moved on while they were read")

// BalancesAt is Balances as the books were known at a position of the journal: what was posted after it is taken out again.
// What was known never changes, whatever is posted later. It costs what posting from the last checkpoint before the position
// costs. The books are at the position or after it.
func BalancesAt(ctx context.Context, b Books, j journal.Journal, at journal.Cursor, f Filter) ([]Balance, error) {
	saved, err := b.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load books: %w", err)
	}
	if compareCursors(at, saved.Cursor) > 0 {
		return nil, fmt.Errorf("the books are at chain %d, block %d, before chain %d, block %d", saved.Cursor.Chain, saved.Cursor.Block, at.Chain, at.Block)
	}
	later, err := since(ctx, b, j, at, saved.Cursor, f)
	if err != nil {
		return nil, err
	}
	now, err := Balances(ctx, b, f)
	if err != nil {
		return nil, err
	}
	again, err := b.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load books: %w", err)
	}
	if again.Cursor != saved.Cursor {
		return nil, ErrMoving
	}
	for i := range now {
		k := now[i]
		k.Amount = money.Amount{}
		if now[i].Amount, err = now[i].Amount.Sub(later[k].amount); err != nil {
			return nil, fmt.Errorf("balance of %s in book %s: %w", k.Account, k.Book, err)
		}
	}
	known, err := touched(ctx, b, f, later)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(now, func(x Balance) bool { x.Amount = money.Amount{}; return !known[x] }), nil
}

// growth is by how much a balance grew, and by how many transactions' cells.
type growth struct {
	amount money.Amount
	count  int64
}

// since adds up what was posted after a position, up to another one.
func since(ctx context.Context, b Books, j journal.Journal, after, upTo journal.Cursor, f Filter) (map[Balance]growth, error) {
	saved, err := b.Checkpoint(ctx, after)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	s, err := DecodeState(saved)
	if err != nil {
		return nil, err
	}
	sums := map[Balance]growth{} // by balances without amount
	if after == upTo {
		return sums, nil
	}
	at := saved.Cursor
	if after != at {
		if at, err = Replay(ctx, j, s, at, after, nil, nil); err != nil {
			return nil, fmt.Errorf("post the journal again: %w", err)
		}
	}
	_, err = Replay(ctx, j, s, at, upTo, func(_ *journal.Entry, tx *Transaction) error {
		return addUp(sums, tx, f)
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("post the journal again: %w", err)
	}
	return sums, nil
}

func addUp(sums map[Balance]growth, tx *Transaction, f Filter) error {
	seen := map[Key]bool{}
	for i := range tx.Postings {
		p := &tx.Postings[i]
		k := Key{Agreement: p.Agreement, Book: p.Book, Account: p.Account, Clause: p.Clause, Cloud: p.Cloud, Product: p.Product,
			Stream: p.Stream, Currency: tx.CurrencyOf(p), Day: p.Day}
		if !f.Selects(&k) {
			continue
		}
		of := Balance{Book: p.Book, Account: p.Account, Currency: k.Currency}
		g := sums[of]
		var err error
		if g.amount, err = g.amount.Add(p.Amount); err != nil {
			return fmt.Errorf("balance of %s in book %s: %w", p.Account, p.Book, err)
		}
		if !seen[k] {
			seen[k] = true
			g.count++
		}
		sums[of] = g
	}
	return nil
}

// touched returns the balances that something was posted to before what came later.
func touched(ctx context.Context, b Books, f Filter, later map[Balance]growth) (map[Balance]bool, error) {
	counts := map[Balance]int64{}
	err := b.Cells(ctx, func(c Cell) bool {
		if f.Selects(&c.Key) {
			counts[Balance{Book: c.Book, Account: c.Account, Currency: c.Currency}] += c.Count
		}
		return true
	})
	known := map[Balance]bool{}
	for k, n := range counts {
		known[k] = n > later[k].count
	}
	return known, err
}

// PositionAt returns the last position of the journal in posting order up to which everything was recorded at or before an
// instant: what was known then.
func PositionAt(ctx context.Context, j journal.Journal, instant int64) (journal.Cursor, error) {
	var at journal.Cursor
	err := j.Blocks(ctx, journal.Cursor{}, func(b *journal.Block) bool {
		if b.Recorded > instant {
			return false
		}
		at = b.At()
		return true
	})
	if err != nil {
		return at, fmt.Errorf("read journal: %w", err)
	}
	return at, nil
}
