package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"concord/journal"
)

// documentsFormat is the format of the file from which on blocks with documents are indexed.
const documentsFormat = 4

var (
	_ journal.Documented = (*Journal)(nil)
	_ journal.Resolving  = (*Journal)(nil)
)

// follow begins to follow a chain that was just opened: all its documents will be indexed.
func (j *Journal) follow(ctx context.Context, id journal.ChainID) error {
	ordinal, err := j.ordinal(ctx, id)
	if err != nil {
		return err
	}
	j.inFlight[ordinal] = journal.NewInFlight()
	_, err = j.conn.ExecContext(context.WithoutCancel(ctx), "INSERT INTO documented (chain) VALUES (?)", int64(ordinal))
	return err
}

// ended tells what follows a chain how an append ended.
func ended(f *journal.InFlight, number uint64, err error) {
	_, over := errors.AsType[*journal.BudgetError](err)
	switch {
	case f == nil:
	case err == nil:
		f.Take(number)
	case over, errors.Is(err, journal.ErrConflict), errors.Is(err, journal.ErrFenced):
		f.Forget() // nothing was stored
	default:
		f.Lose()
	}
}

// Resolved returns a block up to which every intent of a chain that this process writes has its record.
func (j *Journal) Resolved(_ context.Context, chain *journal.ChainState) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if f := j.inFlight[chain.Ordinal]; f != nil {
		return f.Resolved(), nil
	}
	return 0, nil
}

// Documents calls yield for the blocks after a position that hold documents or facts.
func (j *Journal) Documents(ctx context.Context, after journal.Cursor, yield func(*journal.Block) bool) error {
	if j.format < documentsFormat {
		return j.Blocks(ctx, after, yield)
	}
	from := int64(after.Chain<<chainShift | after.Block)
	rows, err := j.numbers(ctx, "SELECT block FROM document WHERE block > ?", from)
	if err != nil {
		return err
	}
	unknown, err := j.undocumented(ctx)
	if err != nil {
		return err
	}
	for _, chain := range unknown {
		found, err := j.lookThrough(ctx, chain)
		if err != nil {
			return err
		}
		rows = append(rows, slices.DeleteFunc(found, func(row int64) bool { return row <= from })...)
	}
	slices.Sort(rows)
	for _, row := range slices.Compact(rows) {
		b, err := finder{j}.Block(ctx, row)
		if err != nil {
			return fmt.Errorf("read the documents: %w", err)
		}
		if !yield(b) {
			return nil
		}
	}
	return nil
}

func (j *Journal) numbers(ctx context.Context, query string, args ...any) ([]int64, error) {
	return collect(ctx, finder{j}, func(rows *sql.Rows, n *int64) error { return j.fail("search", rows.Scan(n)) }, query, args...)
}

// undocumented returns the chains that a program wrote which did not index documents.
func (j *Journal) undocumented(ctx context.Context) ([]int64, error) {
	return j.numbers(ctx, "SELECT ordinal FROM chain WHERE ordinal NOT IN (SELECT chain FROM documented) ORDER BY ordinal")
}

// lookThrough returns the blocks of a chain that hold documents or facts.
func (j *Journal) lookThrough(ctx context.Context, ordinal int64) (found []int64, err error) {
	var bad error
	err = j.Blocks(ctx, journal.Cursor{Chain: uint64(ordinal)}, func(b *journal.Block) bool {
		if b.Ordinal != uint64(ordinal) {
			return false
		}
		tells := false
		bad = b.Headings(func(h *journal.Heading) { tells = tells || h.Kind.Documents() })
		if tells {
			found = append(found, int64(b.Ordinal<<chainShift|b.Number))
		}
		return bad == nil
	})
	return found, errors.Join(err, bad)
}

// document indexes the documents of the chains of before, once. What cannot be read is left to whoever reads it next, who says so.
func (j *Journal) document(ctx context.Context) error {
	unknown, err := j.undocumented(ctx)
	if err != nil {
		return err
	}
	for _, chain := range unknown {
		found, err := j.lookThrough(ctx, chain)
		if err != nil {
			return nil //nolint:nilerr // a damaged journal opens all the same, and is verified
		}
		tx, err := j.conn.BeginTx(ctx, nil)
		if err != nil {
			return j.fail("index", err)
		}
		for _, row := range found {
			if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO document (block) VALUES (?)", row); err != nil {
				return errors.Join(j.fail("index", err), rollback(tx))
			}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO documented (chain) VALUES (?)", chain); err != nil {
			return errors.Join(j.fail("index", err), rollback(tx))
		}
		if err := tx.Commit(); err != nil {
			return j.fail("index", err)
		}
	}
	return nil
}
