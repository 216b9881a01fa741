package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// Post posts one entry: it changes the state and returns the transaction, which is empty for entries that move no money.
// An entry that cannot be posted is an error and leaves the state as it was. The transaction is valid until the next Post
// on this state; Clone keeps it.
func Post(s *State, e *journal.Entry) (*Transaction, error) { return s.post(e, nil) }

// PostOnly posts one entry as Post does, for whoever has no use for the transaction: a poster of millions.
func PostOnly(s *State, e *journal.Entry) error {
	s.work.only = true
	_, err := s.post(e, nil)
	s.work.only = false
	return err
}

// PostUnder posts a record as if t had been its terms; it posts every other entry as Post does. What it makes of shares
// that no document of the journal has cannot be decoded again: it is for questions, not for books that are kept.
func PostUnder(s *State, e *journal.Entry, t *agreement.Terms) (*Transaction, error) {
	return s.post(e, t)
}

func (s *State) post(e *journal.Entry, under *agreement.Terms) (*Transaction, error) {
	s.begin(e)
	var err error
	switch body := e.Body.(type) {
	case *journal.Document:
		err = s.document(e.Time, body)
	case *journal.Record:
		err = s.record(e.Time, body, under)
	case *journal.Intent:
		err = s.intent(e.Time, body)
	case *journal.Open, *journal.Seal, *journal.Attempt, *journal.Progress:
		// They move no money: a record repeats all that the books need.
	case nil:
		err = errors.New("the entry has no body")
	default:
		if e.Source != "" { // an identity is of its source
			s.work.tx.Entry = e.Source + "/" + e.ID
		}
		err = s.money(e.Time, body)
	}
	if err == nil && s.work.late && under == nil {
		err = s.rerate(e.Time)
	}
	if err == nil && len(s.advanced) > 0 && accrues(e.Body) {
		err = s.recoup()
	}
	if err == nil {
		err = s.check()
	}
	if err == nil {
		err = s.observe(e)
	}
	if err == nil {
		err = s.apply()
	}
	if err != nil {
		s.work.restore()
		return nil, fmt.Errorf("post %s: %w", name(e), err)
	}
	s.counted()
	return &s.work.tx, nil
}

// money posts an entry that is not usage.
func (s *State) money(at int64, body journal.Body) error {
	switch body := body.(type) {
	case *journal.Refund:
		return s.refund(at, body)
	case *journal.Credit:
		return s.credit(at, body)
	case *journal.Fee:
		return s.fee(at, body)
	case *journal.Payment:
		return s.payment(at, body)
	case *journal.Invoice:
		return s.invoice(at, body)
	case *journal.Close:
		return s.closing(at, body)
	case *journal.Acceptance:
		return s.acceptance(body)
	case *journal.Dispute:
		return s.dispute(body)
	case *journal.Correction:
		return s.correction(at, body)
	case *journal.Rate:
		return s.exchange(at, body)
	case *journal.Fact, *journal.Merge:
		// They move no money: a fact changes terms, which documents bring, and a merge is the order of what is posted.
		return nil
	}
	return fmt.Errorf("entries of kind %d cannot be posted by this version", body.Kind())
}

// name names an entry in an error.
func name(e *journal.Entry) string {
	switch b := e.Body.(type) {
	case *journal.Record:
		return "record of " + b.Request.String()
	case *journal.Document:
		return fmt.Sprintf("document %q", b.Name)
	}
	if e.Body != nil {
		return fmt.Sprintf("%s %q", e.Body.Kind(), e.ID)
	}
	return fmt.Sprintf("entry %q", e.ID)
}

func (s *State) begin(e *journal.Entry) {
	w := &s.work
	w.of = journal.Ref{Kind: journal.KindInvoice, Source: e.Source, ID: e.ID, Part: e.Part}
	w.tx = Transaction{Entry: e.ID, Part: e.Part, Time: e.Time, Postings: w.tx.Postings[:0]}
	w.posted, w.undone, w.late, w.terms, w.aside = w.posted[:0], w.undone[:0], false, false, false
	if len(w.changes) > 0 || w.statements != nil {
		clear(w.changes) // let go of what they hold
		w.changes, w.statements = w.changes[:0], nil
	}
}

// A spot is a line with the calendar that dates what is posted to it.
type spot struct {
	line *line
	days *calendar
}

// spot returns the place of an account of a book among an agreement's; nil is no agreement: days are UTC's.
func (s *State) spot(a *agreement.Agreement, p Posting, c money.Currency) (spot, error) {
	cal := s.calendar(nil)
	if a != nil {
		p.Agreement, cal = a.Name, s.calendar(a.Zone)
	}
	ln, err := s.lines.get(p, c)
	return spot{ln, cal}, err
}

// put adds a posting to the transaction; nothing is posted for zero.
func (s *State) put(at int64, to spot, amount money.Amount) {
	if !amount.IsZero() {
		s.work.posted = append(s.work.posted, posted{to.line, to.line.on(to.days.dayOf(at)), amount})
	}
}

type groupSum struct {
	group int32
	party int32 // counterparty of what is owed; -1 = none so far
	kinds kinds
	sum   money.Amount
}

type pairSum struct {
	pair int32
	sum  money.Amount
}

// check holds the transaction to the rules of the books: what one clause posts to one book sums to zero, so each book
// does; only allowed accounts meet; and what one party owes another stands in both books, equal and opposite.
func (s *State) check() error {
	w := &s.work
	w.groups, w.pairs = w.groups[:0], w.pairs[:0]
	var err error
	for i := range w.posted {
		p := &w.posted[i]
		g := w.group(p.line.group)
		g.kinds |= p.line.kinds
		if p.line.party >= 0 && p.line.party != g.party {
			g.meets(p.line.party)
		}
		if g.sum, err = g.sum.Add(p.amount); err != nil {
			return err
		}
		if p.line.pair >= 0 {
			q := w.pair(p.line.pair)
			if q.sum, err = q.sum.Add(p.amount); err != nil {
				return err
			}
		}
	}
	for i := range w.groups {
		if g := &w.groups[i]; !g.sum.IsZero() || g.kinds.mayMeet() != "" {
			return w.imbalance(g)
		}
	}
	for i := range w.pairs {
		if q := &w.pairs[i]; !q.sum.IsZero() {
			return w.unmirrored(q)
		}
	}
	return nil
}

func (w *work) group(id int32) *groupSum {
	for i := range w.groups {
		if w.groups[i].group == id {
			return &w.groups[i]
		}
	}
	w.groups = append(w.groups, groupSum{group: id, party: -1})
	return &w.groups[len(w.groups)-1]
}

// meets notes a counterparty of the group that it did not have before.
func (g *groupSum) meets(party int32) {
	if g.party >= 0 {
		g.kinds |= kindParties
	}
	g.party = party
}

func (w *work) pair(id int32) *pairSum {
	for i := range w.pairs {
		if w.pairs[i].pair == id {
			return &w.pairs[i]
		}
	}
	w.pairs = append(w.pairs, pairSum{pair: id})
	return &w.pairs[len(w.pairs)-1]
}

func (w *work) imbalance(g *groupSum) error {
	for i := range w.posted {
		if ln := w.posted[i].line; ln.group == g.group {
			if wrong := g.kinds.mayMeet(); wrong != "" {
				return fmt.Errorf("book %s, clause %s: %s", ln.Book, ln.Clause, wrong)
			}
			return fmt.Errorf("book %s, clause %s: postings sum to %s, not to zero", ln.Book, ln.Clause, g.sum)
		}
	}
	return nil
}

func (w *work) unmirrored(q *pairSum) error {
	for i := range w.posted {
		if ln := w.posted[i].line; ln.pair == q.pair {
			return fmt.Errorf("book %s, account %s: the other book differs by %s", ln.Book, ln.Account, q.sum)
		}
	}
	return nil
}

// apply commits the transaction. Only an overflow of a balance can stop it, and it undoes what it did then.
func (s *State) apply() error {
	w := &s.work
	for i := range w.posted {
		p := &w.posted[i]
		sum, err := p.cell.amount.Add(p.amount)
		if err != nil {
			s.undo(i)
			return fmt.Errorf("balance of %s in book %s: %w", p.line.Account, p.line.Book, err)
		}
		p.cell.amount = sum
	}
	s.entries++
	for _, change := range w.changes {
		change()
	}
	if len(w.posted) == 0 {
		return nil
	}
	s.transactions++
	for i := range w.posted {
		p := &w.posted[i]
		c := p.cell
		if c.touched != s.transactions {
			c.touched = s.transactions
			c.count++
		}
		if !c.dirty {
			c.dirty = true
			s.dirty = append(s.dirty, c)
		}
		if w.only {
			continue
		}
		posting := p.line.Posting
		posting.Amount, posting.Day = p.amount, c.day
		if p.line.currency != w.tx.Currency {
			posting.Currency = p.line.currency
		}
		w.tx.Postings = append(w.tx.Postings, posting)
	}
	s.chain()
	return nil
}

// undo takes the first n postings out of their cells again.
func (s *State) undo(n int) {
	for _, p := range s.work.posted[:n] {
		p.cell.amount, _ = p.cell.amount.Sub(p.amount) // was there a moment ago, so it fits
	}
}

// chain takes the transaction into the running hash: SHA-256 over the hash before and the transaction in canonical form
// (docs/money.md). A posting is its line's 16 bytes and its amount's.
func (s *State) chain() {
	w := &s.work
	b := append(w.canon[:0], s.hash[:]...)
	b = append(b, 1) // version of this form
	b = appendString(b, w.tx.Entry)
	b = binary.AppendUvarint(b, uint64(w.tx.Part))
	b = binary.BigEndian.AppendUint64(b, uint64(w.tx.Time))
	b = appendString(b, string(w.tx.Currency))
	b = appendString(b, w.tx.Customer)
	b = binary.AppendUvarint(b, uint64(len(w.posted)))
	for i := range w.posted {
		p := &w.posted[i]
		amount := p.amount.Bytes()
		if p.line.currency == w.tx.Currency {
			b = append(b, p.line.id[:]...)
		} else {
			b = append(b, p.line.foreign[:]...)
		}
		b = append(b, amount[:]...)
	}
	w.canon = b
	s.hash = sha256.Sum256(b)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
