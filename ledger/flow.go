package ledger

import (
	"fmt"

	"concord/journal"
	"concord/money"
)

// flowKind is what brings money to a base, or takes it away.
type flowKind uint8

const (
	flowSale       flowKind = iota // a record, an invoice
	flowRefund                     // given back to the customer
	flowCredit                     // a credit note to the customer
	flowFee                        // what a party is paid, or pays, that is no share of revenue
	flowCorrection                 // what is now known of a record
)

// A flow is money that shares are taken of. Amounts are signed: what is given back is negative.
type flow struct {
	sale    *salePlan
	streams []money.Amount // one for each stream of the sale
	at      int64          // the instant whose terms and windows count
	posted  int64          // the instant that dates the postings
	kind    flowKind
	of      journal.Ref // the sale that it belongs to, where it is not the entry's own
}

// accrueFlow posts what a flow makes parties owe each other: for each share in force the difference between what its base so
// far comes to and what was posted so far.
func (s *State) accrueFlow(f flow) error {
	w := &s.work
	sale := f.sale
	if cap(w.owed) < sale.payees {
		w.owed = make([]money.Amount, sale.payees)
	}
	w.owed, w.split = w.owed[:sale.payees], w.split[:0]
	clear(w.owed)
	w.aside = f.isAside()
	for i := range sale.shares {
		p := &sale.shares[i]
		b, err := s.bring(p, &f)
		if err == nil && !b.isZero() {
			err = s.accrueShare(&f, p, &b)
		}
		if err != nil {
			return fmt.Errorf("share %s: %w", p.share.key.clause, err)
		}
		if p.retro && !w.late {
			w.late = s.superseded(p.terms, f.at)
		}
	}
	return nil
}

// An undo says what an amount of the state was before the entry that is posted now.
type undo struct {
	amount *money.Amount
	was    money.Amount
}

// set changes an amount of the state, so that restore can take it back.
func (w *work) set(a *money.Amount, to money.Amount) {
	w.undone = append(w.undone, undo{a, *a})
	*a = to
}

// restore takes back what an entry changed that cannot be posted.
func (w *work) restore() {
	for i := len(w.undone) - 1; i >= 0; i-- {
		*w.undone[i].amount = w.undone[i].was
	}
	w.undone = w.undone[:0]
}
