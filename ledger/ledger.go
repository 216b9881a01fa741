// Package ledger posts journal entries to double-entry books, one book per party. Post is pure: the same entries in the
// same order give the same books, byte for byte. It owns the accounts and the pairs of accounts that may meet, accruals,
// the registry of documents that the journal brought, and the contract of the books' storage.
package ledger

import (
	"cmp"
	"slices"

	"concord/money"
)

// A Posting changes one account of one book. Debits are positive.
type Posting struct {
	Book    string // party
	Account Account
	Amount  money.Amount
	Day     int32 // of the cell that it adds to: in the zone of its agreement
	// Currency is set where it is not the transaction's: a share of a sale in another one.
	Currency money.Currency
	// Dimensions of that cell.
	Agreement string
	Clause    string
	Cloud     string
	Product   string
	Stream    string
}

// A Transaction is what one entry posts. It sums to zero in each book, per currency.
type Transaction struct {
	Entry    string // request id or entry id
	Part     uint32
	Time     int64 // of the entry
	Currency money.Currency
	Customer string
	Postings []Posting
}

// CurrencyOf returns the currency of one of its postings.
func (t *Transaction) CurrencyOf(p *Posting) money.Currency { return cmp.Or(p.Currency, t.Currency) }

// Key identifies a balance cell.
type Key struct {
	Agreement string
	Book      string
	Account   Account
	Clause    string
	Cloud     string
	Product   string
	Stream    string
	Currency  money.Currency
	Day       int32 // days since 1970-01-01 in the agreement's zone (UTC where no agreement is meant)
}

// A Cell is a balance.
type Cell struct {
	Key
	Amount money.Amount
	Count  int64 // transactions that touched it
}

// Clone returns a copy that later posts do not change.
func (t *Transaction) Clone() *Transaction {
	c := *t
	c.Postings = slices.Clone(t.Postings)
	return &c
}

// Compare puts keys in canonical order: field by field as they are declared, text by its bytes.
func (k Key) Compare(o Key) int {
	return cmp.Or(
		cmp.Compare(k.Agreement, o.Agreement), cmp.Compare(k.Book, o.Book), cmp.Compare(k.Account, o.Account),
		cmp.Compare(k.Clause, o.Clause), cmp.Compare(k.Cloud, o.Cloud), cmp.Compare(k.Product, o.Product),
		cmp.Compare(k.Stream, o.Stream), cmp.Compare(k.Currency, o.Currency), cmp.Compare(k.Day, o.Day))
}
