package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"concord/money"
)

// A Filter selects cells. The zero Filter selects all.
type Filter struct {
	Book      string
	Account   Account // itself and the accounts under it: "revenue:cloud" selects "revenue:cloud:azure"
	Agreement string
	Clause    string
	Cloud     string
	Product   string
	Stream    string
	Currency  money.Currency
	From      int32 // first day, in days since 1970-01-01; 0 = open
	Until     int32 // day after the last one; 0 = open
}

// Selects reports whether a cell is selected.
func (f *Filter) Selects(k *Key) bool {
	same := func(want, have string) bool { return want == "" || want == have }
	return same(f.Book, k.Book) && same(f.Agreement, k.Agreement) && same(f.Clause, k.Clause) && same(f.Cloud, k.Cloud) &&
		same(f.Product, k.Product) && same(f.Stream, k.Stream) && same(string(f.Currency), string(k.Currency)) &&
		(f.Account == "" || k.Account == f.Account || strings.HasPrefix(string(k.Account), string(f.Account)+":")) &&
		(f.From == 0 || k.Day >= f.From) && (f.Until == 0 || k.Day < f.Until)
}

// A Balance is what stands in an account of a book.
type Balance struct {
	Book     string
	Account  Account
	Currency money.Currency
	Amount   money.Amount
}

// Balances adds cells up by book, account and currency, in that order.
func Balances(ctx context.Context, b Books, f Filter) ([]Balance, error) {
	sums := map[Balance]money.Amount{} // by balances without amount
	var bad error
	err := b.Cells(ctx, func(c Cell) bool {
		if !f.Selects(&c.Key) {
			return true
		}
		k := Balance{Book: c.Book, Account: c.Account, Currency: c.Currency}
		if sums[k], bad = sums[k].Add(c.Amount); bad != nil {
			bad = fmt.Errorf("balance of %s in book %s: %w", c.Account, c.Book, bad)
		}
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, err
	}
	all := make([]Balance, 0, len(sums))
	for k, sum := range sums {
		k.Amount = sum
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Book, b.Book), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Currency, b.Currency))
	})
	return all, nil
}
