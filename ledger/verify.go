package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"concord/journal"
	"concord/money"
)

// A Fault is something that is wrong with books.
type Fault struct {
	Rule    string // "balance", "mirror", "pairs", "account", "state", "journal"
	Book    string // "" = all
	Message string // with the values
}

// A Report is what Verify found.
type Report struct {
	Cursor       journal.Cursor
	Hash         journal.Hash // running hash over all transactions
	Entries      int64
	Transactions int64
	Cells        int
	Books        []string // that hold anything
	Mirrors      int      // pairs of accounts in which two books say the same
	Replayed     bool     // the books were compared with the journal
	Faults       []Fault
}

// Balanced reports whether nothing is wrong.
func (r *Report) Balanced() bool { return len(r.Faults) == 0 }

func (r *Report) fault(rule, book, format string, args ...any) {
	r.Faults = append(r.Faults, Fault{Rule: rule, Book: book, Message: fmt.Sprintf(format, args...)})
}

// Verify checks books: every account is one of the table and stands with its own subject; each book sums to zero per
// currency, so does what each clause posted to it, and memo accounts among themselves; only allowed accounts meet; what X
// owes Y stands in both books, equal and opposite; and, with a journal, posting it again up to the books' position gives the
// same state and the same cells. j may be nil.
func Verify(ctx context.Context, b Books, j journal.Journal) (*Report, error) {
	saved, err := b.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load books: %w", err)
	}
	r := &Report{Cursor: saved.Cursor}
	if s, err := DecodeState(saved); err != nil {
		r.fault("state", "", "%v", err)
	} else {
		r.Hash, r.Entries, r.Transactions = s.Hash(), s.Entries(), s.Transactions()
	}
	a := audit{report: r, lines: newLines(), groups: map[int32]*audited{}, pairs: map[int32]*audited{}, books: map[bookKey]money.Amount{}}
	var bad error
	if err := b.Cells(ctx, func(c Cell) bool { bad = a.cell(&c); return bad == nil }); err != nil {
		return nil, fmt.Errorf("read cells: %w", err)
	}
	if bad != nil {
		return nil, bad
	}
	a.finish()
	if j != nil {
		if err := r.compare(ctx, saved, b, j); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// audit adds cells up by everything that must balance.
type audit struct {
	report *Report
	lines  lines
	groups map[int32]*audited
	pairs  map[int32]*audited
	books  map[bookKey]money.Amount
}

// bookKey is what a balance must be zero for.
type bookKey struct {
	book     string
	currency money.Currency
	memo     bool
}

// audited is a sum with the first of what it adds up.
type audited struct {
	line  *line
	kinds kinds
	sum   money.Amount
	sides int // payable and receivable lines
}

func (a *audit) cell(c *Cell) error {
	a.report.Cells++
	ln, err := a.lines.get(Posting{Book: c.Book, Account: c.Account, Agreement: c.Agreement, Clause: c.Clause,
		Cloud: c.Cloud, Product: c.Product, Stream: c.Stream}, c.Currency)
	if err != nil {
		a.report.fault("account", c.Book, "%v", err)
		return nil
	}
	k := bookKey{c.Book, c.Currency, ln.kinds == kindMemo}
	if a.books[k], err = a.books[k].Add(c.Amount); err != nil {
		return fmt.Errorf("add up book %s: %w", c.Book, err)
	}
	if err := add(a.groups, ln.group, ln, c.Amount); err != nil {
		return err
	}
	if ln.pair >= 0 {
		return add(a.pairs, ln.pair, ln, c.Amount)
	}
	return nil
}

func add(to map[int32]*audited, id int32, ln *line, amount money.Amount) (err error) {
	t, ok := to[id]
	if !ok {
		t = &audited{line: ln}
		to[id] = t
	}
	t.kinds |= ln.kinds
	if t.line.Book != ln.Book {
		t.sides = 2
	}
	if t.sum, err = t.sum.Add(amount); err != nil {
		return fmt.Errorf("add up clause %s in book %s: %w", ln.Clause, ln.Book, err)
	}
	return nil
}

func (a *audit) finish() {
	r := a.report
	for _, k := range slices.SortedFunc(maps.Keys(a.books), func(x, y bookKey) int {
		return cmp.Or(cmp.Compare(x.book, y.book), cmp.Compare(x.currency, y.currency))
	}) {
		if !slices.Contains(r.Books, k.book) {
			r.Books = append(r.Books, k.book)
		}
		if sum := a.books[k]; !sum.IsZero() {
			what := "its accounts sum"
			if k.memo {
				what = "its memo accounts sum"
			}
			r.fault("balance", k.book, "%s to %s %s, not to zero", what, sum, k.currency)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a.groups)) {
		g := a.groups[id]
		if wrong := g.kinds.mayStand(); wrong != "" {
			r.fault("pairs", g.line.Book, "clause %q: %s", g.line.Clause, wrong)
		} else if !g.sum.IsZero() {
			r.fault("balance", g.line.Book, "what clause %q of %q posted sums to %s, not to zero", g.line.Clause, g.line.Agreement, g.sum)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a.pairs)) {
		p := a.pairs[id]
		if p.sides == 2 {
			r.Mirrors++
		}
		if !p.sum.IsZero() {
			r.fault("mirror", p.line.Book, "%s: the other book differs by %s", p.line.Account, p.sum)
		}
	}
}
