package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// Books is the books of a database. It is safe for concurrent use; of several posters one at a time gets on.
type Books struct {
	*database
}

var _ ledger.Books = (*Books)(nil)

// OpenBooks opens the books of a database, whose tables it makes where there are none.
func OpenBooks(ctx context.Context, url string, o Options) (*Books, error) {
	d, err := open(ctx, "books", url, o)
	if err != nil {
		return nil, err
	}
	return &Books{d}, nil
}

// read does something in a transaction that sees one instant.
func (b *Books) read(ctx context.Context, do func(pgx.Tx) error) error {
	return b.fail("read", pgx.BeginTxFunc(ctx, b.pool, glance, do))
}

// Load returns what was saved last.
func (b *Books) Load(ctx context.Context) (s *ledger.Saved, err error) {
	err = b.read(ctx, func(tx pgx.Tx) (err error) { s, err = load(ctx, tx); return err })
	return s, err
}

func load(ctx context.Context, tx pgx.Tx) (*ledger.Saved, error) {
	var s ledger.Saved
	var chain, block int64
	err := tx.QueryRow(ctx, "SELECT chain, block, state FROM concord.books", binary).Scan(&chain, &block, &s.State)
	if errors.Is(err, pgx.ErrNoRows) {
		return &s, nil
	}
	if err != nil {
		return nil, err
	}
	s.Cursor = journal.Cursor{Chain: uint64(chain), Block: uint64(block)}
	s.Documents, err = documents(ctx, tx, -1)
	return &s, err
}

// documents reads the first n documents, all of them if n is negative.
func documents(ctx context.Context, tx pgx.Tx, n int64) ([][]byte, error) {
	rows, err := tx.Query(ctx, "SELECT bytes FROM concord.document WHERE $1 < 0 OR n <= $1 ORDER BY n", binary, n)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[[]byte])
}

// Checkpoint returns the last checkpoint at or before a cursor.
func (b *Books) Checkpoint(ctx context.Context, at journal.Cursor) (s *ledger.Saved, err error) {
	err = b.read(ctx, func(tx pgx.Tx) (err error) { s, err = checkpoint(ctx, tx, at); return err })
	return s, err
}

func checkpoint(ctx context.Context, tx pgx.Tx, at journal.Cursor) (*ledger.Saved, error) {
	var s ledger.Saved
	var chain, block, n int64
	err := tx.QueryRow(ctx, `SELECT chain, block, state, documents FROM concord.checkpoint
		WHERE (chain, block) <= ($1, $2) ORDER BY chain DESC, block DESC LIMIT 1`, binary, int64(at.Chain), int64(at.Block)).
		Scan(&chain, &block, &s.State, &n)
	if errors.Is(err, pgx.ErrNoRows) {
		return &s, nil
	}
	if err != nil {
		return nil, err
	}
	s.Cursor = journal.Cursor{Chain: uint64(chain), Block: uint64(block)}
	s.Documents, err = documents(ctx, tx, n)
	return &s, err
}

// Save writes a batch in one transaction.
func (b *Books) Save(ctx context.Context, batch *ledger.Batch) error {
	if err := errors.Join(ctx.Err(), b.writable()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err := pgx.BeginTxFunc(ctx, b.pool, writing, func(tx pgx.Tx) error {
		if err := move(ctx, tx, batch); err != nil {
			return err
		}
		if err := saveCells(ctx, tx, batch.Cells); err != nil {
			return err
		}
		if err := saveActivity(ctx, tx, batch.Activity); err != nil {
			return err
		}
		rest := &pgx.Batch{}
		for _, doc := range batch.Documents { // the row of the cursor is locked: nobody else numbers documents now
			rest.Queue("INSERT INTO concord.document (n, bytes) SELECT coalesce(max(n), 0) + 1, $1 FROM concord.document", doc)
		}
		for _, p := range batch.Checkpoints {
			rest.Queue("INSERT INTO concord.checkpoint (chain, block, state, documents) VALUES ($1, $2, $3, $4)",
				int64(p.At.Chain), int64(p.At.Block), some(p.State), int64(p.Documents))
		}
		if rest.Len() == 0 {
			return nil
		}
		return tx.SendBatch(ctx, rest).Close()
	})
	if errors.Is(err, ledger.ErrLostTurn) {
		return fmt.Errorf("save the books in %s from %d/%d: %w", b.where, batch.Old.Chain, batch.Old.Block, ledger.ErrLostTurn)
	}
	return b.fail("save", err)
}

// move moves the cursor from batch.Old to batch.New.
func move(ctx context.Context, tx pgx.Tx, batch *ledger.Batch) error {
	query := "UPDATE concord.books SET chain = $1, block = $2, state = $3 WHERE chain = $4 AND block = $5"
	if batch.Old == (journal.Cursor{}) { // the only save that may find no row
		query = `INSERT INTO concord.books AS b (id, form, chain, block, state) VALUES (1, 2, $1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET chain = excluded.chain, block = excluded.block, state = excluded.state WHERE b.chain = $4 AND b.block = $5`
	}
	moved, err := tx.Exec(ctx, query, int64(batch.New.Chain), int64(batch.New.Block), some(batch.State),
		int64(batch.Old.Chain), int64(batch.Old.Block))
	if err == nil && moved.RowsAffected() != 1 {
		return ledger.ErrLostTurn
	}
	return err
}

// some keeps an empty value from becoming NULL.
func some(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// saveCells writes the new values of cells in one statement.
func saveCells(ctx context.Context, tx pgx.Tx, cells []ledger.Cell) error {
	if len(cells) == 0 {
		return nil
	}
	var texts [8][]string
	for i := range texts {
		texts[i] = make([]string, 0, len(cells))
	}
	days, amounts, counts := make([]int32, 0, len(cells)), make([][]byte, 0, len(cells)), make([]int64, 0, len(cells))
	for i := range cells {
		c := &cells[i]
		for k, text := range [...]string{c.Agreement, c.Book, string(c.Account), c.Clause, c.Cloud, c.Product, c.Stream, string(c.Currency)} {
			texts[k] = append(texts[k], text)
		}
		amount := c.Amount.Bytes()
		days, amounts, counts = append(days, c.Day), append(amounts, amount[:]), append(counts, c.Count)
	}
	_, err := tx.Exec(ctx, `INSERT INTO concord.cell (agreement, book, account, clause, cloud, product, stream, currency, day, amount, count)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[], $10::bytea[], $11::bigint[])
		ON CONFLICT (agreement, book, account, clause, cloud, product, stream, currency, day) DO UPDATE SET amount = excluded.amount, count = excluded.count`,
		texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], days, amounts, counts)
	return err
}

// Cells calls yield for every cell, all of one instant, in canonical order.
func (b *Books) Cells(ctx context.Context, yield func(ledger.Cell) bool) error {
	return b.cells(ctx, b.pool, yield)
}

func (b *Books) cells(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, yield func(ledger.Cell) bool) error {
	rows, err := q.Query(ctx, `SELECT agreement, book, account, clause, cloud, product, stream, currency, day, amount, count
		FROM concord.cell ORDER BY agreement, book, account, clause, cloud, product, stream, currency, day`, binary)
	if err != nil {
		return b.fail("read the cells of", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c ledger.Cell
		var amount []byte
		err := rows.Scan(&c.Agreement, &c.Book, (*string)(&c.Account), &c.Clause, &c.Cloud, &c.Product, &c.Stream,
			(*string)(&c.Currency), &c.Day, &amount, &c.Count)
		if err != nil {
			return b.fail("read the cells of", err)
		}
		if len(amount) != 16 {
			return fmt.Errorf("books %s: the amount of a cell of %s has %d bytes, want 16: %w", b.where, c.Book, len(amount), ErrDamaged)
		}
		c.Amount = money.FromBytes([16]byte(amount))
		if !yield(c) {
			return nil
		}
	}
	return b.fail("read the cells of", rows.Err())
}

// saveActivity writes the new values of rows of activity in one statement.
func saveActivity(ctx context.Context, tx pgx.Tx, rows []ledger.ActivityRow) error {
	if len(rows) == 0 {
		return nil
	}
	keys, values := make([][]byte, len(rows)), make([][]byte, len(rows))
	for i, r := range rows {
		keys[i], values[i] = r.Key, r.Value
	}
	_, err := tx.Exec(ctx, `INSERT INTO concord.activity (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[])
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, keys, values)
	return err
}

// Activity calls yield for the rows of activity of a range.
func (b *Books) Activity(ctx context.Context, since, until int64, yield func(ledger.ActivityRow) bool) error {
	return b.activity(ctx, b.pool, since, until, yield)
}

func (b *Books) activity(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, since, until int64, yield func(ledger.ActivityRow) bool) error {
	from, to := ledger.ActivityRange(since, until)
	rows, err := q.Query(ctx, "SELECT key, value FROM concord.activity WHERE key >= $1 AND key < $2 ORDER BY key", binary, from, to)
	if err != nil {
		return b.fail("read the activity of", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r ledger.ActivityRow
		if err := rows.Scan(&r.Key, &r.Value); err != nil {
			return b.fail("read the activity of", err)
		}
		if !yield(r) {
			return nil
		}
	}
	return b.fail("read the activity of", rows.Err())
}

// Drop deletes everything.
func (b *Books) Drop(ctx context.Context) error {
	if err := errors.Join(ctx.Err(), b.writable()); err != nil {
		return err
	}
	return b.fail("drop", pgx.BeginTxFunc(ctx, b.pool, writing, func(tx pgx.Tx) error {
		for _, table := range []string{"books", "document", "checkpoint", "cell", "activity"} {
			if _, err := tx.Exec(ctx, "DELETE FROM concord."+table); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Cursor returns how far the books are, without reading their state.
func (b *Books) Cursor(ctx context.Context) (journal.Cursor, error) {
	var chain, block int64
	err := b.pool.QueryRow(ctx, "SELECT chain, block FROM concord.books").Scan(&chain, &block)
	if errors.Is(err, pgx.ErrNoRows) {
		return journal.Cursor{}, nil
	}
	return journal.Cursor{Chain: uint64(chain), Block: uint64(block)}, b.fail("read", err)
}
