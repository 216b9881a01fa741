package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"concord/money"
)

// A line is an account of a book with its dimensions, interned: all that a posting says but its amount and its day.
type line struct {
	Posting  // without amount and day
	currency money.Currency
	foreign  [16]byte // the same with its currency, where that is not the transaction's
	id       [16]byte // start of the SHA-256 of its fields; stands for them in the running hash
	kinds    kinds
	group    int32 // what one clause posts to one book, memo apart; must balance by itself
	pair     int32 // what must stand in two books, equal and opposite; -1 = not this
	party    int32 // counterparty of what is owed; -1 = none
	cells    map[int32]*cell
	last     *cell
}

// A cell is a balance of a line on a day.
type cell struct {
	line    *line
	day     int32
	dirty   bool
	amount  money.Amount
	count   int64
	touched int64 // last transaction that touched it
}

// lineKey is the identity of a line.
type lineKey struct {
	posting  Posting // amount and day zero
	currency money.Currency
}

// groupKey is the identity of a group of lines that balances by itself.
type groupKey struct {
	book, agreement, clause string
	currency                money.Currency
	memo                    string // branch and subject: each memo account balances with its own contra
}

// pairKey is the identity of what payer owes payee under a clause, or has given it ahead: both books must say the same. Cash
// and withheld tax have no parties in their names; what one clause made of them sums to zero over the books of both.
type pairKey struct {
	payer, payee, subject, branch string
	agreement                     string
	currency                      money.Currency
}

// pairOf returns what an account of a book must mirror.
func pairOf(book string, p Parts) (key pairKey, ok bool) {
	switch p.Root {
	case "receivable":
		return pairKey{payer: p.Counterparty, payee: book, subject: p.Subject, branch: p.Branch}, true
	case "payable":
		return pairKey{payer: book, payee: p.Counterparty, subject: p.Subject, branch: p.Branch}, true
	case "prepaid":
		return pairKey{payer: book, payee: p.Counterparty, subject: p.Subject, branch: "prepaid"}, true
	case "deferred":
		return pairKey{payer: p.Counterparty, payee: book, subject: p.Subject, branch: "prepaid"}, true
	case "cash":
		return pairKey{branch: "cash"}, true
	case "tax":
		return pairKey{branch: "withheld"}, p.Branch != "collected"
	}
	return pairKey{}, false
}

// lines interns lines, groups and pairs. It grows with the number of parties, customers, products and clauses, not with
// the number of records.
type lines struct {
	byKey   map[lineKey]*line
	groups  map[groupKey]int32
	pairs   map[pairKey]int32
	parties map[string]int32
}

func newLines() lines {
	return lines{byKey: map[lineKey]*line{}, groups: map[groupKey]int32{}, pairs: map[pairKey]int32{}, parties: map[string]int32{}}
}

// get returns the line of a posting's account and dimensions, after checking them.
func (l *lines) get(p Posting, c money.Currency) (*line, error) {
	p.Amount, p.Day, p.Currency = money.Amount{}, 0, ""
	key := lineKey{p, c}
	if ln, ok := l.byKey[key]; ok {
		return ln, nil
	}
	parts, err := p.check()
	if err != nil {
		return nil, err
	}
	ln := &line{Posting: p, currency: c, id: p.lineID(), foreign: p.lineID(string(c)), kinds: parts.kinds(), pair: -1, party: -1, cells: map[int32]*cell{}}
	group := groupKey{book: p.Book, agreement: p.Agreement, clause: p.Clause, currency: c}
	if parts.Type == Memo {
		group.memo = parts.Branch + ":" + parts.Subject
	}
	ln.group = intern(l.groups, group)
	if pair, ok := pairOf(p.Book, parts); ok {
		pair.agreement, pair.currency = p.Agreement, c
		if pair.subject == "" {
			pair.subject = p.Clause
		}
		ln.pair = intern(l.pairs, pair)
	}
	if parts.Counterparty != "" {
		ln.party = intern(l.parties, parts.Counterparty)
	}
	l.byKey[key] = ln
	return ln, nil
}

func intern[K comparable](m map[K]int32, k K) int32 {
	n, ok := m[k]
	if !ok {
		n = int32(len(m))
		m[k] = n
	}
	return n
}

// check takes the account apart and compares its subject with the dimensions.
func (p Posting) check() (Parts, error) {
	parts, err := p.Account.Parse()
	if err != nil {
		return parts, err
	}
	dimension := ""
	switch {
	case parts.Counterparty != "", oneOf(parts.Branch, "share", "fee", "shortfall", "commitment", "above-cap"):
		dimension = p.Clause
	case oneOf(parts.Branch, "cloud", "infrastructure"):
		dimension = p.Cloud
	case oneOf(parts.Branch, "license", "usage"):
		dimension = p.Product
	default:
		return parts, nil
	}
	if parts.Subject != dimension {
		return parts, fmt.Errorf("account %q of %s stands with %q: its subject is another", p.Account, p.Book, dimension)
	}
	if parts.Counterparty == p.Book {
		return parts, fmt.Errorf("account %q: %s cannot owe itself", p.Account, p.Book)
	}
	return parts, nil
}

// lineID hashes the fields that make a line, each with its length.
func (p Posting) lineID(more ...string) [16]byte {
	var b []byte
	for _, f := range append([]string{p.Book, string(p.Account), p.Agreement, p.Clause, p.Cloud, p.Product, p.Stream}, more...) {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// on returns the line's cell of a day.
func (l *line) on(day int32) *cell {
	if l.last != nil && l.last.day == day {
		return l.last
	}
	c, ok := l.cells[day]
	if !ok {
		c = &cell{line: l, day: day}
		l.cells[day] = c
	}
	l.last = c
	return c
}

// export returns the cell as the books store it.
func (c *cell) export() Cell {
	p := &c.line.Posting
	return Cell{
		Key: Key{Agreement: p.Agreement, Book: p.Book, Account: p.Account, Clause: p.Clause, Cloud: p.Cloud,
			Product: p.Product, Stream: p.Stream, Currency: c.line.currency, Day: c.day},
		Amount: c.amount, Count: c.count,
	}
}

// Changes returns the new values of all cells that changed since the last Clean, in canonical order, and the documents
// that are new since then, encoded as Saved and Batch carry them. It is an error on a state whose cells were not loaded.
func (s *State) Changes() (cells []Cell, documents [][]byte, err error) {
	if s.partial {
		return nil, nil, fmt.Errorf("the state was decoded without its cells: a poster starts with Resume")
	}
	cells = make([]Cell, len(s.dirty))
	for i, c := range s.dirty {
		cells[i] = c.export()
	}
	slices.SortFunc(cells, func(a, b Cell) int { return a.Key.Compare(b.Key) })
	return cells, s.fresh, nil
}

// Clean forgets what Changes returned; a poster calls it once that was saved.
func (s *State) Clean() {
	for _, c := range s.dirty {
		c.dirty = false
	}
	s.dirty, s.fresh = s.dirty[:0], nil
	s.observed.clean()
}

// load puts a stored cell into the state.
func (s *State) load(c Cell) error {
	ln, err := s.lines.get(Posting{Book: c.Book, Account: c.Account, Agreement: c.Agreement, Clause: c.Clause,
		Cloud: c.Cloud, Product: c.Product, Stream: c.Stream}, c.Currency)
	if err != nil {
		return fmt.Errorf("load cell of %s, %s: %w", c.Book, c.Account, err)
	}
	to := ln.on(c.Day)
	to.amount, to.count = c.Amount, c.Count
	return nil
}
