// Package export renders books as journals of plain-text accounting: hledger's and beancount's. Each book of the ledger
// becomes a part of the tree of accounts, each transaction belongs to one book, one agreement and one day, and the file ends
// with what every account must come to, so that the outside tool adds the books up again and compares.
//
// It owns the mapping of names and the two forms. It reads no files: it writes to an io.Writer.
package export

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// Form is the language of a file.
type Form string

// The forms.
const (
	Hledger   Form = "hledger"
	Beancount Form = "beancount"
)

// TokenUnits is the commodity of memo accounts that count tokens, not money (memo:suspense).
const TokenUnits money.Currency = "TOKENS"

// A Selection limits an export to a book, an agreement or both. What is selected balances by itself.
type Selection struct {
	Book      string
	Agreement string
}

func (s Selection) selects(book, agreement string) bool {
	return (s.Book == "" || s.Book == book) && (s.Agreement == "" || s.Agreement == agreement)
}

// A Transaction is what happened in one book on one day under one agreement, in one currency, money and memo apart: it sums
// to zero.
type Transaction struct {
	Day       int32 // since 1970-01-01, in the agreement's zone
	Book      string
	Agreement string
	Memo      bool
	Currency  money.Currency
	// Of one entry; a roll-up of a day has none of these.
	Entry    string
	Part     uint32
	Time     int64
	Customer string
	Postings []Posting
}

// A Posting is one line of a transaction.
type Posting struct {
	Account ledger.Account
	Amount  money.Amount
	Clause  string
	Cloud   string
	Product string
	Stream  string
	Count   int64 // of a roll-up: how many transactions it adds up
}

// Books is what a file declares at its head and asserts at its end, and the daily roll-ups between them.
type Books struct {
	At       journal.Cursor // the position in the journal that the books are at
	balances []ledger.Balance
	days     []Transaction
	first    int32
	last     int32
}

// Collect takes the selected cells of books that are at a position.
func Collect(at journal.Cursor, cells []ledger.Cell, s Selection) (*Books, error) {
	b := &Books{At: at}
	cells = slices.DeleteFunc(slices.Clone(cells), func(c ledger.Cell) bool { return !s.selects(c.Book, c.Agreement) })
	for i := range cells {
		c := &cells[i]
		c.Currency = unit(c.Account, c.Currency)
		if i == 0 || c.Day < b.first {
			b.first = c.Day
		}
		if i == 0 || c.Day > b.last {
			b.last = c.Day
		}
	}
	if err := b.total(cells); err != nil {
		return nil, err
	}
	slices.SortFunc(cells, func(x, y ledger.Cell) int {
		return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.Book, y.Book), cmp.Compare(x.Agreement, y.Agreement),
			cmp.Compare(side(x.Account), side(y.Account)), cmp.Compare(x.Currency, y.Currency), x.Key.Compare(y.Key))
	})
	for _, c := range cells {
		t := Transaction{Day: c.Day, Book: c.Book, Agreement: c.Agreement, Memo: side(c.Account) == 1, Currency: c.Currency}
		if n := len(b.days); n == 0 || !b.days[n-1].goesWith(&t) {
			b.days = append(b.days, t)
		}
		to := &b.days[len(b.days)-1]
		to.Postings = append(to.Postings, Posting{c.Account, c.Amount, c.Clause, c.Cloud, c.Product, c.Stream, c.Count})
	}
	return b, nil
}

// Load collects what books hold.
func Load(ctx context.Context, books ledger.Books, s Selection) (*Books, error) {
	saved, err := books.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load books: %w", err)
	}
	var cells []ledger.Cell
	if err := books.Cells(ctx, func(c ledger.Cell) bool { cells = append(cells, c); return true }); err != nil {
		return nil, fmt.Errorf("read cells: %w", err)
	}
	return Collect(saved.Cursor, cells, s)
}

// total adds the cells up by account.
func (b *Books) total(cells []ledger.Cell) error {
	sums := map[ledger.Balance]money.Amount{} // by balances without amount
	for i := range cells {
		c := &cells[i]
		k := ledger.Balance{Book: c.Book, Account: c.Account, Currency: c.Currency}
		sum, err := sums[k].Add(c.Amount)
		if err != nil {
			return fmt.Errorf("balance of %s in book %s: %w", c.Account, c.Book, err)
		}
		sums[k] = sum
	}
	for k, sum := range sums {
		k.Amount = sum
		b.balances = append(b.balances, k)
	}
	slices.SortFunc(b.balances, func(x, y ledger.Balance) int {
		return cmp.Or(cmp.Compare(x.Book, y.Book), cmp.Compare(x.Account, y.Account), cmp.Compare(x.Currency, y.Currency))
	})
	return nil
}

// Balances returns what every account comes to, by book, account and currency.
func (b *Books) Balances() []ledger.Balance { return b.balances }

// Days returns the roll-ups, by day and book.
func (b *Books) Days() []Transaction { return b.days }

// Split cuts what an entry posted into the transactions of an export and calls yield for each; they are valid until it
// returns.
func Split(tx *ledger.Transaction, s Selection, yield func(*Transaction) error) error {
	var parts []Transaction
	for i := range tx.Postings {
		p := &tx.Postings[i]
		if !s.selects(p.Book, p.Agreement) {
			continue
		}
		t := Transaction{Day: p.Day, Book: p.Book, Agreement: p.Agreement, Memo: side(p.Account) == 1, Currency: unit(p.Account, tx.CurrencyOf(p)),
			Entry: tx.Entry, Part: tx.Part, Time: tx.Time, Customer: tx.Customer}
		at := slices.IndexFunc(parts, func(o Transaction) bool { return o.goesWith(&t) })
		if at < 0 {
			at, parts = len(parts), append(parts, t)
		}
		parts[at].Postings = append(parts[at].Postings, Posting{Account: p.Account, Amount: p.Amount,
			Clause: p.Clause, Cloud: p.Cloud, Product: p.Product, Stream: p.Stream})
	}
	for i := range parts {
		if err := yield(&parts[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Transaction) goesWith(o *Transaction) bool {
	return t.Day == o.Day && t.Book == o.Book && t.Agreement == o.Agreement && t.Memo == o.Memo && t.Currency == o.Currency
}

// side is 0 for money and 1 for what stands beside it.
func side(a ledger.Account) int {
	if p, err := a.Parse(); err == nil && p.Type == ledger.Memo {
		return 1
	}
	return 0
}

// unit is the commodity of an account: suspended usage is counted in tokens.
func unit(a ledger.Account, c money.Currency) money.Currency {
	if p, err := a.Parse(); err == nil && p.Type == ledger.Memo && p.Branch == "suspense" {
		return TokenUnits
	}
	return c
}

// A Renderer writes one form: Head, then transactions by day, then Foot.
type Renderer interface {
	// Head declares commodities and accounts.
	Head(w io.Writer, b *Books) error
	// Transaction writes one transaction.
	Transaction(w io.Writer, t *Transaction) error
	// Foot asserts what every account comes to.
	Foot(w io.Writer, b *Books) error
}

// NewRenderer returns the renderer of a form.
func NewRenderer(f Form) (Renderer, error) {
	switch f {
	case Hledger:
		return hledger{}, nil
	case Beancount:
		return beancount{}, nil
	}
	return nil, fmt.Errorf("books are exported as hledger or beancount, not as %q", f)
}

// Write writes the daily roll-ups of books as one file.
func (b *Books) Write(w io.Writer, r Renderer) error {
	if err := r.Head(w, b); err != nil {
		return err
	}
	for i := range b.days {
		if err := r.Transaction(w, &b.days[i]); err != nil {
			return err
		}
	}
	return r.Foot(w, b)
}

// commodities returns the commodities of the balances, in order.
func (b *Books) commodities() ([]string, error) {
	var all []string
	for _, x := range b.balances {
		if c := string(x.Currency); !slices.Contains(all, c) {
			if !isCommodity(c) {
				return nil, fmt.Errorf("book %s is in %q: an exported currency is 3 to 24 capital letters, such as USD", x.Book, c)
			}
			all = append(all, c)
		}
	}
	slices.Sort(all)
	return all, nil
}

func isCommodity(c string) bool {
	for i := range len(c) {
		if c[i] < 'A' || c[i] > 'Z' {
			return false
		}
	}
	return len(c) >= 3 && len(c) <= 24
}

// date writes a day.
func date(day int32) string { return time.Unix(int64(day)*24*60*60, 0).UTC().Format(time.DateOnly) }

// instant writes an instant, exactly.
func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// title says what a transaction is, in the words that tell it from the others of its day.
func (t *Transaction) title() string {
	words := t.Agreement
	if words == "" {
		words = "no agreement"
	}
	if t.Memo {
		words += ", memo"
	}
	return words
}

func (t *Transaction) part() string {
	if t.Part == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(t.Part), 10)
}

func (t *Transaction) instant() string {
	if t.Entry == "" {
		return ""
	}
	return instant(t.Time)
}

func (p *Posting) count() string {
	if p.Count == 0 {
		return ""
	}
	return strconv.FormatInt(p.Count, 10)
}
