package app

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"concord/journal"
	"concord/ledger"
	"concord/settlement"
)

// snapshot reads what the books hold at the end of the journal. Books that a poster moves meanwhile are read again.
func snapshot(ctx context.Context, j journal.Journal, b ledger.Books) (*settlement.Snapshot, error) {
	for {
		saved, err := b.Load(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the books: %w", err)
		}
		var cells []ledger.Cell
		if err := b.Cells(ctx, func(c ledger.Cell) bool { cells = append(cells, c); return true }); err != nil {
			return nil, fmt.Errorf("read the books: %w", err)
		}
		var counted []ledger.ActivityRow
		if err := b.Activity(ctx, ledger.EverSince, ledger.EverUntil, func(r ledger.ActivityRow) bool { counted = append(counted, r); return true }); err != nil {
			return nil, fmt.Errorf("read the books: %w", err)
		}
		again, err := b.Load(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the books: %w", err)
		}
		if again.Cursor == saved.Cursor {
			return snapshotOf(ctx, j, saved, cells, counted)
		}
	}
}

// snapshotOf brings a copy of what the books hold up to the journal.
func snapshotOf(ctx context.Context, j journal.Journal, saved *ledger.Saved, cells []ledger.Cell, counted []ledger.ActivityRow) (*settlement.Snapshot, error) {
	state, err := ledger.DecodeState(saved)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	documents, err := saved.Read()
	if err != nil {
		return nil, err
	}
	over := map[ledger.Key]ledger.Cell{}
	at, err := ledger.Replay(ctx, j, state, saved.Cursor, journal.Cursor{}, func(e *journal.Entry, tx *ledger.Transaction) error {
		if d, ok := e.Body.(*journal.Document); ok {
			documents = append(documents, kept(d))
		}
		return settlement.Overlay(over, tx)
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("bring a copy of the books up to the journal: %w", err)
	}
	if cells, err = settlement.Grown(cells, over); err != nil {
		return nil, err
	}
	s, err := assemble(ctx, j, state, cells, documents, at)
	if err == nil {
		s.Counted, err = ledger.AddRows(counted, state.Observed())
	}
	return s, err
}

// assemble completes a snapshot with the terms and prices that its documents brought, and the hash of its position.
func assemble(ctx context.Context, j journal.Journal, state *ledger.State, cells []ledger.Cell, documents []journal.Document, at journal.Cursor) (*settlement.Snapshot, error) {
	s := &settlement.Snapshot{State: state, Cells: cells, At: at}
	set, err := historyOf(documents).Latest()
	if err != nil {
		return nil, err
	}
	if s.History, err = set.Set.Timeline(set.Known); err != nil {
		return nil, fmt.Errorf("find the terms of the period: %w", err)
	}
	s.Prices, s.Catalog = set.Books, set.Catalog
	s.Hash, err = hashAt(ctx, j, at)
	return s, err
}

// historyOf collects documents that were read already.
func historyOf(documents []journal.Document) *History {
	h := &History{documents: map[journal.Hash]journal.Document{}, sets: map[journal.Hash]*PastSet{}}
	for _, d := range documents {
		h.documents[d.Hash] = d
		if d.Doc == journal.DocSet {
			h.last = d.Hash
		}
	}
	return h
}

// hashAt returns the hash of the block at a position; zero for the beginning.
func hashAt(ctx context.Context, j journal.Journal, at journal.Cursor) (hash journal.Hash, err error) {
	if at.Block == 0 {
		return hash, nil
	}
	err = journal.Posting(ctx, j, journal.Cursor{Chain: at.Chain, Block: at.Block - 1}, func(b *journal.Block) bool { hash = b.Hash; return false })
	if err != nil {
		return hash, fmt.Errorf("read the block at chain %d, block %d: %w", at.Chain, at.Block, err)
	}
	return hash, nil
}

// closeOf returns the close of a statement by its number.
func closeOf(ctx context.Context, j journal.Journal, number string) (*journal.Entry, *journal.Close, error) {
	entries, err := j.Find(ctx, journal.StatementKey(number))
	if err != nil {
		return nil, nil, fmt.Errorf("there is no closed statement %q in this journal: %w\n  list them: concord statement list", number, err)
	}
	for i := range entries {
		if c, ok := entries[i].Body.(*journal.Close); ok && c.Number == number {
			return &entries[i], c, nil
		}
	}
	return nil, nil, fmt.Errorf("there is no closed statement %q in this journal: %w\n  list them: concord statement list", number, journal.ErrNotFound)
}

// closedStatements gives the closed statements of a journal by number.
func closedStatements(ctx context.Context, j journal.Journal) func(string) (*settlement.Statement, error) {
	return func(number string) (*settlement.Statement, error) {
		_, c, err := closeOf(ctx, j, number)
		if err != nil {
			return nil, err
		}
		return settlement.ReadStatement(c.Statement)
	}
}

// kept copies a document out of memory that a replay uses again.
func kept(d *journal.Document) journal.Document {
	return journal.Document{Doc: d.Doc, Name: strings.Clone(d.Name), Hash: d.Hash, Bytes: bytes.Clone(d.Bytes)}
}
