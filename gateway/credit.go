package gateway

import (
	"errors"
	"sync"

	"concord/journal"
	"concord/money"
)

// Credit bounds what is served while the journal takes no entries: the most that all such requests together can cost. The zero
// value serves nothing then.
type Credit struct {
	Limit    money.Amount
	Currency money.Currency
}

// credit is how much of it is in use. It is safe for concurrent use.
type credit struct {
	Credit
	mu   sync.Mutex
	used money.Amount
}

// claim takes an amount if it fits.
func (c *credit) claim(a money.Amount) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum, err := c.used.Add(a)
	if err != nil || sum.Cmp(c.Limit) > 0 {
		return false
	}
	c.used = sum
	return true
}

func (c *credit) release(a money.Amount) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used, _ = c.used.Sub(a) // was added before
}

// left reports whether anything is left.
func (c *credit) left() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used.Cmp(c.Limit) < 0
}

// Exposure is the most that requests can cost which were served on credit and are not in the journal yet: what a crash would
// lose now. The currency is "" where no credit is configured.
func (g *Gateway) Exposure() (money.Currency, money.Amount) {
	g.credit.mu.Lock()
	defer g.credit.mu.Unlock()
	return g.credit.Currency, g.credit.used
}

// onCredit reports whether a request is served though the journal does not take what it should have now. It never is where the
// chain is another's, the key is under a budget, or nothing bounds what the request can cost.
func (q *request) onCredit(err error) bool {
	c := &q.g.credit
	if c.Limit.IsZero() || q.budgeted || q.credited || q.call.Op.Stored() || errors.Is(err, journal.ErrFenced) || errors.Is(err, journal.ErrConflict) {
		return false
	}
	b, f := q.bound(nil, c.Currency)
	if f != nil || !c.claim(b.most) {
		return false
	}
	q.credited, q.onLoan = true, b.most
	q.g.log.Warn("served on credit, the journal takes no entries", "request", q.id.String(), "bound", b.most.String())
	return true
}

// borrow serves a request without an intent in the journal: that is written together with its record.
func (q *request) borrow() {
	q.durable, q.unsent = true, true
	q.papers.committed, _ = journal.NewCommit() // never ends: the intent is not lost, it is not there yet
	q.intent = q.papers.committed
}

// repay gives the journal intent and record of a request that was served on credit. It keeps both, however long it is unwell.
func (q *request) repay() {
	p, loan, id := &q.papers, q.onLoan, q.id.String()
	commit, err := q.g.config.Journal.Append(p.entries[:]...)
	if err != nil {
		q.g.log.Error("request served on credit is not in the journal", "request", id, "error", err)
		return // the exposure stays: it is lost
	}
	q.record = commit
	q.g.late.Go(func() {
		if err := q.g.outcome(commit); err != nil {
			q.g.log.Error("request served on credit is not in the journal", "request", id, "error", err)
			return
		}
		q.g.credit.release(loan)
	})
}

// followOnCredit sees to a record whose answer ends before it is durable.
func (q *request) followOnCredit() {
	c, p, loan := q.record, &q.papers, q.onLoan
	q.kept = true
	q.g.late.Go(func() {
		if q.g.outcome(c) == nil || q.g.offer(p) == nil {
			q.g.credit.release(loan)
		}
	})
}
