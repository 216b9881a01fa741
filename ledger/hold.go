package ledger

import (
	"concord/journal"
	"concord/money"
)

// holdOf mirrors a hold beside the money, in the customer's book: an intent takes it, the record that ends it gives it back.
// Budgets themselves are held where requests are admitted; this shows what is held.
func (s *State) holdOf(at int64, customer, key string, currency money.Currency, amount money.Amount) error {
	for _, p := range [...]struct {
		side   string
		amount money.Amount
	}{{"", amount}, {"contra", amount.Neg()}} {
		to, err := s.spot(nil, Posting{Book: customer, Account: MemoAccount("hold", key, p.side)}, currency)
		if err != nil {
			return err
		}
		s.put(at, to, p.amount)
	}
	return nil
}

// intent posts the hold of a request. One that is taken of no budget is ended by no record, so it is not mirrored.
func (s *State) intent(at int64, in *journal.Intent) error {
	if in.Hold.IsZero() || len(in.Claims) == 0 {
		return nil
	}
	tx := &s.work.tx
	tx.Entry, tx.Currency, tx.Customer = in.Request.String(), in.Currency, in.Customer
	return s.holdOf(at, in.Customer, in.Key, in.Currency, in.Hold)
}
