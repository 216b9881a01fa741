// Package pricing turns usage into priced lines by dated price books. It reads no clock and no file: the instant is an
// argument, and a book is parsed from bytes.
package pricing

import (
	"concord/agreement"
	"concord/money"
	"concord/usage"
)

// A Line is one priced quantity: Amount = Quantity x Unit, exactly (less the sale clause's discount).
type Line struct {
	Class    usage.Class
	Quantity int64
	Unit     money.Amount // price of one token
	Amount   money.Amount
}

// A Book is a parsed price book: what sellers charge customers (kind "prices"), or what operators charge account holders
// (kind "costs"). It is immutable.
type Book struct {
	Name     string
	Kind     string // "prices" or "costs"
	Currency money.Currency
	Hash     agreement.Hash // of the document's bytes
	entries  []entry
}

type entry struct{}

// A Query asks for prices at an instant.
type Query struct {
	Seller   string // party that charges: the seller, or for costs the operator
	Buyer    string // account holder for costs; "" otherwise
	Product  string
	Cloud    string
	Region   string
	Deploy   string // deployment id
	At       int64  // ns UTC
	Tier     usage.Tier
	PromptLn int64 // prompt tokens, for long-context tiers
}

// A Rate is what a book charges for each class at an instant.
type Rate struct {
	Book       string
	Unit       [usage.NumClasses]money.Amount
	Priced     [usage.NumClasses]bool
	Provenance agreement.Provenance
	Source     string
	Footnote   string
}

// Parse reads a price book document; name is used in positions.
func Parse(name string, doc []byte) (*Book, []agreement.Finding) { panic("stub") }

// Find returns the rate in force, or false if the book has none.
func (b *Book) Find(q Query) (*Rate, bool) { panic("stub") }

// Price appends the lines of what was used to dst and returns them with their sum; discount is taken off each line and
// rounded towards zero at 10^-12. Classes with usage but without price are returned in unpriced, never dropped.
func (r *Rate) Price(dst []Line, t *usage.Tokens, discount money.Rate) (lines []Line, total money.Amount, unpriced []usage.Class, err error) {
	panic("stub")
}
