package settlement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"concord/ledger"
	"concord/money"
)

// Earned is revenue of one seller from one cloud or one license.
type Earned struct {
	Seller   string         `json:"seller"`
	Name     string         `json:"name"` // cloud, or product of the license
	Currency money.Currency `json:"currency"`
	Amount   money.Amount   `json:"amount"`
}

// Total is an amount under a name.
type Total struct {
	Name     string         `json:"name"`
	Currency money.Currency `json:"currency"`
	Amount   money.Amount   `json:"amount"`
}

// Revenues are what customers were charged, by what they were charged for: running a product on a cloud, or the right to
// use it. Both are revenue of the seller; what others get of it is a share.
type Revenues struct {
	Cloud     []Earned `json:"cloud"`
	License   []Earned `json:"license"`
	ByCloud   []Total  `json:"by_cloud"`
	ByLicense []Total  `json:"by_license"`
	BySeller  []Total  `json:"by_seller"`
	ByClause  []Total  `json:"by_clause"` // of sales
	All       []Total  `json:"all"`       // by currency; the name is empty
}

// Revenue adds up the revenue of all sellers.
func Revenue(cells []ledger.Cell) (*Revenues, error) {
	cloud, license := sums[Earned]{}, sums[Earned]{}
	byCloud, byLicense, bySeller, byClause, all := sums[Total]{}, sums[Total]{}, sums[Total]{}, sums[Total]{}, sums[Total]{}
	for i := range cells {
		c := &cells[i]
		parts, err := c.Account.Parse()
		if err != nil {
			return nil, fmt.Errorf("revenue of %s: %w", c.Book, err)
		}
		if parts.Root != "revenue" || parts.Branch != "cloud" && parts.Branch != "license" {
			continue
		}
		earned, amount := Earned{Seller: c.Book, Name: parts.Subject, Currency: c.Currency}, c.Amount.Neg()
		named := Total{Name: parts.Subject, Currency: c.Currency}
		if parts.Branch == "cloud" {
			err = cmp.Or(cloud.add(earned, amount), byCloud.add(named, amount))
		} else {
			err = cmp.Or(license.add(earned, amount), byLicense.add(named, amount))
		}
		err = cmp.Or(err, bySeller.add(Total{Name: c.Book, Currency: c.Currency}, amount),
			byClause.add(Total{Name: c.Clause, Currency: c.Currency}, amount), all.add(Total{Currency: c.Currency}, amount))
		if err != nil {
			return nil, fmt.Errorf("revenue of %s: %w", c.Book, err)
		}
	}
	return &Revenues{
		Cloud: toEarned(cloud), License: toEarned(license),
		ByCloud: toTotals(byCloud), ByLicense: toTotals(byLicense), BySeller: toTotals(bySeller), ByClause: toTotals(byClause),
		All: toTotals(all),
	}, nil
}

// sums adds up amounts under keys.
type sums[K comparable] map[K]money.Amount

func (s sums[K]) add(k K, amount money.Amount) error {
	sum, err := s[k].Add(amount)
	s[k] = sum
	return err
}

// sorted returns the keys in order.
func sorted[K comparable](s sums[K], compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(s), compare)
}

// tally turns sums over keys that carry an amount into a sorted list of them.
func tally[K comparable](s sums[K], compare func(a, b K) int, set func(*K, money.Amount)) []K {
	out := []K{}
	for _, k := range sorted(s, compare) {
		amount := s[k]
		set(&k, amount)
		out = append(out, k)
	}
	return out
}

func toEarned(s sums[Earned]) []Earned {
	return tally(s, func(a, b Earned) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.Currency, b.Currency))
	}, func(e *Earned, a money.Amount) { e.Amount = a })
}

func toTotals(s sums[Total]) []Total {
	return tally(s, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Currency, b.Currency))
	}, func(t *Total, a money.Amount) { t.Amount = a })
}
