package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// Books is books.db. It is safe for concurrent use; of several posters one at a time gets on.
type Books struct {
	file
	read  *sql.DB
	write *sql.DB // nil when read-only
	cell  *sql.Stmt
}

var _ ledger.Books = (*Books)(nil)

// OpenBooks opens the books of a data directory, which it makes where there are none.
func OpenBooks(dir string, o Options) (*Books, error) {
	ctx := context.Background() // opening is bounded by the busy timeout
	b := &Books{file: booksDB(dir, o)}
	if err := b.ready(); err != nil {
		return nil, err
	}
	var err error
	if !o.ReadOnly {
		if err = b.openWriter(ctx); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	if b.read, err = b.open(4, true); err == nil {
		err = b.prepare(ctx, b.read)
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// DeleteBooks removes the books of a data directory, for books that are damaged: they are rebuilt from the journal. It
// must not run while they are open.
func DeleteBooks(dir string) error {
	path := booksDB(dir, Options{}).path
	var errs []error
	for _, suffix := range []string{"-shm", "-wal", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("delete the books: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (b *Books) openWriter(ctx context.Context) (err error) {
	if b.write, err = b.open(1, false); err != nil {
		return err
	}
	if err := b.prepare(ctx, b.write); err != nil {
		return err
	}
	b.cell, err = b.write.PrepareContext(ctx, `INSERT INTO cell
		(agreement, book, account, clause, cloud, product, stream, currency, day, amount, count)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET amount = excluded.amount, count = excluded.count`)
	return b.fail("prepare", err)
}

// begin starts a writing transaction.
func (b *Books) begin(ctx context.Context) (*sql.Tx, error) {
	if b.write == nil {
		return nil, fmt.Errorf("books %s: %w", b.path, errReadOnly)
	}
	tx, err := b.write.BeginTx(ctx, nil)
	return tx, b.fail("begin a save of", err)
}

// Load returns what was saved last.
func (b *Books) Load(ctx context.Context) (*ledger.Saved, error) {
	tx, err := b.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, b.fail("read", err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	var s ledger.Saved
	err = tx.QueryRowContext(ctx, "SELECT chain, block, state FROM state").Scan(&s.Cursor.Chain, &s.Cursor.Block, &s.State)
	if errors.Is(err, sql.ErrNoRows) {
		return &ledger.Saved{}, nil
	}
	if err != nil {
		return nil, b.fail("read the state of", err)
	}
	s.Documents, err = b.documents(ctx, tx, -1)
	return &s, err
}

// documents reads the first n documents, all of them if n is negative.
func (b *Books) documents(ctx context.Context, tx *sql.Tx, n int) ([][]byte, error) {
	rows, err := tx.QueryContext(ctx, "SELECT bytes FROM document ORDER BY n LIMIT ?", n)
	if err != nil {
		return nil, b.fail("read the documents of", err)
	}
	defer rows.Close()
	var documents [][]byte
	for rows.Next() {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return nil, b.fail("read the documents of", err)
		}
		documents = append(documents, doc)
	}
	return documents, b.fail("read the documents of", rows.Err())
}

// Save writes a batch in one transaction.
func (b *Books) Save(ctx context.Context, batch *ledger.Batch) error {
	tx, err := b.begin(ctx)
	if err != nil {
		return err
	}
	if err := b.save(ctx, tx, batch); err != nil {
		return errors.Join(err, rollback(tx))
	}
	return b.fail("commit to", tx.Commit())
}

// rollback is for transactions that failed; one that ended by itself is as good.
func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

func (b *Books) save(ctx context.Context, tx *sql.Tx, batch *ledger.Batch) error {
	if err := b.move(ctx, tx, batch); err != nil {
		return err
	}
	cell := tx.StmtContext(ctx, b.cell)
	for i := range batch.Cells {
		c := &batch.Cells[i]
		amount := c.Amount.Bytes()
		_, err := cell.ExecContext(ctx, c.Agreement, c.Book, string(c.Account), c.Clause, c.Cloud, c.Product, c.Stream,
			string(c.Currency), c.Day, amount[:], c.Count)
		if err != nil {
			return b.fail("save a cell of", err)
		}
	}
	for _, r := range batch.Activity {
		if _, err := tx.ExecContext(ctx, "INSERT INTO activity (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", r.Key, r.Value); err != nil {
			return b.fail("save activity of", err)
		}
	}
	for _, doc := range batch.Documents {
		if _, err := tx.ExecContext(ctx, "INSERT INTO document (bytes) VALUES (?)", doc); err != nil {
			return b.fail("save a document of", err)
		}
	}
	for _, p := range batch.Checkpoints {
		_, err := tx.ExecContext(ctx, "INSERT INTO checkpoint (chain, block, state, documents) VALUES (?, ?, ?, ?)",
			int64(p.At.Chain), int64(p.At.Block), blob(p.State), p.Documents)
		if err != nil {
			return b.fail("save a checkpoint of", err)
		}
	}
	return nil
}

// move moves the cursor from batch.Old to batch.New.
func (b *Books) move(ctx context.Context, tx *sql.Tx, batch *ledger.Batch) error {
	query := "UPDATE state SET chain = ?, block = ?, state = ? WHERE chain = ? AND block = ?"
	if batch.Old == (journal.Cursor{}) { // the only save that may find no row
		query = `INSERT INTO state (id, chain, block, state) VALUES (1, ?, ?, ?)
			ON CONFLICT DO UPDATE SET chain = excluded.chain, block = excluded.block, state = excluded.state WHERE chain = ? AND block = ?`
	}
	moved, err := tx.ExecContext(ctx, query, int64(batch.New.Chain), int64(batch.New.Block), blob(batch.State),
		int64(batch.Old.Chain), int64(batch.Old.Block))
	if err != nil {
		return b.fail("move the cursor of", err)
	}
	if n, err := moved.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("save the books %s from %d/%d: %w", b.path, batch.Old.Chain, batch.Old.Block, ledger.ErrLostTurn), err)
	}
	return nil
}

// blob keeps an empty value from becoming NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Checkpoint returns the last checkpoint at or before a cursor.
func (b *Books) Checkpoint(ctx context.Context, at journal.Cursor) (*ledger.Saved, error) {
	tx, err := b.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, b.fail("read", err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	var s ledger.Saved
	var documents int
	err = tx.QueryRowContext(ctx, `SELECT chain, block, state, documents FROM checkpoint
		WHERE (chain, block) <= (?, ?) ORDER BY chain DESC, block DESC LIMIT 1`, int64(at.Chain), int64(at.Block)).
		Scan(&s.Cursor.Chain, &s.Cursor.Block, &s.State, &documents)
	if errors.Is(err, sql.ErrNoRows) {
		return &ledger.Saved{}, nil
	}
	if err != nil {
		return nil, b.fail("read a checkpoint of", err)
	}
	s.Documents, err = b.documents(ctx, tx, documents)
	return &s, err
}

// Cells calls yield for every cell, all of one instant, in canonical order.
func (b *Books) Cells(ctx context.Context, yield func(ledger.Cell) bool) error {
	rows, err := b.read.QueryContext(ctx, `SELECT agreement, book, account, clause, cloud, product, stream, currency, day, amount, count
		FROM cell ORDER BY agreement, book, account, clause, cloud, product, stream, currency, day`)
	if err != nil {
		return b.fail("read the cells of", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c ledger.Cell
		var amount sql.RawBytes
		err := rows.Scan(&c.Agreement, &c.Book, (*string)(&c.Account), &c.Clause, &c.Cloud, &c.Product, &c.Stream,
			(*string)(&c.Currency), &c.Day, &amount, &c.Count)
		if err != nil {
			return b.fail("read the cells of", err)
		}
		if len(amount) != 16 {
			return fmt.Errorf("books %s: the amount of a cell of %s has %d bytes, want 16: %w", b.path, c.Book, len(amount), ErrDamaged)
		}
		c.Amount = money.FromBytes([16]byte(amount))
		if !yield(c) {
			return nil
		}
	}
	return b.fail("read the cells of", rows.Err())
}

// Activity calls yield for the rows of activity of a range.
func (b *Books) Activity(ctx context.Context, since, until int64, yield func(ledger.ActivityRow) bool) error {
	from, to := ledger.ActivityRange(since, until)
	rows, err := b.read.QueryContext(ctx, "SELECT key, value FROM activity WHERE key >= ? AND key < ? ORDER BY key", from, to)
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
	tx, err := b.begin(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM state; DELETE FROM document; DELETE FROM checkpoint; DELETE FROM cell; DELETE FROM activity;"); err != nil {
		return errors.Join(b.fail("empty", err), rollback(tx))
	}
	return b.fail("empty", tx.Commit())
}

// Close closes the file.
func (b *Books) Close() error {
	var errs []error
	if b.read != nil {
		errs = append(errs, b.read.Close())
	}
	if b.cell != nil {
		errs = append(errs, b.cell.Close())
	}
	if b.write != nil {
		errs = append(errs, b.fail("close", b.write.Close()))
	}
	return errors.Join(errs...)
}
