package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"concord/journal"
	"concord/ledger"
	"concord/ledger/export"
)

// ExportOptions says what of the books is exported, and how.
type ExportOptions struct {
	Form         export.Form
	Selection    export.Selection
	Transactions bool // every transaction, derived again from the journal; else the roll-ups of days
}

// Exported says what an export wrote.
type Exported struct {
	At           journal.Cursor
	Books        []string
	Accounts     int
	Transactions int
}

// ExportBooks writes the books as a journal of another tool.
func (r *Reading) ExportBooks(ctx context.Context, w io.Writer, o ExportOptions) (*Exported, error) {
	renderer, err := export.NewRenderer(o.Form)
	if err != nil {
		return nil, err
	}
	books, err := r.collect(ctx, o.Selection)
	if err != nil {
		return nil, err
	}
	done := &Exported{At: books.At, Accounts: len(books.Balances()), Transactions: len(books.Days())}
	for _, b := range books.Balances() {
		if !slices.Contains(done.Books, b.Book) {
			done.Books = append(done.Books, b.Book)
		}
	}
	if done.Accounts == 0 && o.Selection != (export.Selection{}) {
		return nil, r.nothing(ctx, o.Selection)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	if o.Transactions {
		done.Transactions, err = r.exportTransactions(ctx, out, books, renderer, o.Selection)
	} else {
		err = books.Write(out, renderer)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return nil, fmt.Errorf("export the books as %s: %w", o.Form, err)
	}
	return done, nil
}

// nothing explains a selection that selects nothing.
func (r *Reading) nothing(ctx context.Context, s export.Selection) error {
	var books, agreements []string
	err := r.Books.Cells(ctx, func(c ledger.Cell) bool {
		if !slices.Contains(books, c.Book) {
			books = append(books, c.Book)
		}
		if c.Agreement != "" && !slices.Contains(agreements, c.Agreement) {
			agreements = append(agreements, c.Agreement)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("read cells: %w", err)
	}
	slices.Sort(books)
	return fmt.Errorf("nothing is posted in book %q under agreement %q (empty means all)\n  books: %v; agreements: %v", s.Book, s.Agreement, books, agreements)
}

// collect takes the cells at one position. Beside a running server they move; then the journal is posted again up to a
// position, in memory.
func (r *Reading) collect(ctx context.Context, s export.Selection) (*export.Books, error) {
	books, err := export.Load(ctx, r.Books, s)
	if err != nil || !r.Live {
		return books, err
	}
	now, err := r.Books.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load books: %w", err)
	}
	if now.Cursor == books.At {
		return books, nil
	}
	state := ledger.NewState()
	at, err := ledger.Replay(ctx, r.Journal, state, journal.Cursor{}, now.Cursor, nil, nil)
	if err != nil {
		return nil, err
	}
	cells, _, err := state.Changes()
	if err != nil {
		return nil, err
	}
	return export.Collect(at, cells, s)
}

// exportTransactions derives every transaction again from the journal, up to the position of the books, and writes them by
// day. Records come in the order in which they ended and each agreement counts days in its own zone, so the text waits in a
// temporary file; in memory stay 16 bytes a transaction.
func (r *Reading) exportTransactions(ctx context.Context, w io.Writer, books *export.Books, renderer export.Renderer, s export.Selection) (n int, err error) {
	lines, err := newSpool()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lines.close()) }()
	if books.At != (journal.Cursor{}) {
		_, err := ledger.Replay(ctx, r.Journal, ledger.NewState(), journal.Cursor{}, books.At, func(_ *journal.Entry, tx *ledger.Transaction) error {
			return export.Split(tx, s, func(t *export.Transaction) error { return renderer.Transaction(lines.begin(t.Day), t) })
		}, nil)
		if err != nil {
			return 0, err
		}
	}
	if err := renderer.Head(w, books); err != nil {
		return 0, err
	}
	if err := lines.copyTo(w); err != nil {
		return 0, err
	}
	return len(lines.parts), renderer.Foot(w, books)
}

// A spool holds texts in a temporary file until they are copied by day.
type spool struct {
	file  *os.File
	out   *bufio.Writer
	at    int64
	parts []spooled
}

type spooled struct {
	day    int32
	length int32
	offset int64
}

func newSpool() (*spool, error) {
	file, err := os.CreateTemp("", "concord-export-*")
	if err != nil {
		return nil, fmt.Errorf("create a temporary file: %w", err)
	}
	return &spool{file: file, out: bufio.NewWriterSize(file, 1<<16)}, nil
}

// begin starts a text of a day; what is written to the writer until the next begin belongs to it.
func (s *spool) begin(day int32) io.Writer {
	s.parts = append(s.parts, spooled{day: day, offset: s.at})
	return s
}

// Write adds to the text that was begun.
func (s *spool) Write(b []byte) (int, error) {
	n, err := s.out.Write(b)
	s.at += int64(n)
	s.parts[len(s.parts)-1].length += int32(n)
	return n, err
}

// copyTo copies the texts by day; those of a day keep their order.
func (s *spool) copyTo(w io.Writer) error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("write the temporary file %s: %w", s.file.Name(), err)
	}
	slices.SortStableFunc(s.parts, func(a, b spooled) int { return int(a.day) - int(b.day) })
	for i := 0; i < len(s.parts); {
		p := s.parts[i]
		from, length := p.offset, int64(0)
		for ; i < len(s.parts) && s.parts[i].offset == from+length; i++ { // what stands together is copied at once
			length += int64(s.parts[i].length)
		}
		if _, err := io.Copy(w, io.NewSectionReader(s.file, from, length)); err != nil {
			return fmt.Errorf("copy from the temporary file %s: %w", s.file.Name(), err)
		}
	}
	return nil
}

func (s *spool) close() error { return errors.Join(s.file.Close(), os.Remove(s.file.Name())) }
