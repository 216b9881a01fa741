package agreement

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrCircle says that revenue shares rest on each other.
var ErrCircle = errors.New("shares rest on each other")

// restsOn reports whether a share's base holds what other pays. Both may stand in different agreements.
func (c *RevenueShare) restsOn(other *RevenueShare) bool {
	receives := slices.ContainsFunc(other.Payees, func(p Payee) bool { return p.Party == c.Base.RevenueOf })
	return receives && slices.Contains(c.Base.From, "shares") && !slices.Contains(c.Base.ExceptFrom, other.Payer)
}

// orderShares returns the revenue shares among clauses, those that others rest on first, else in canonical order.
func orderShares(clauses []InForce) ([]InForce, error) {
	var shares []InForce
	for _, f := range clauses {
		if _, ok := f.Clause.(*RevenueShare); ok {
			shares = append(shares, f)
		}
	}
	if circle := shareCircle(shares); circle != nil {
		ids := make([]string, len(circle))
		for i, f := range circle {
			ids[i] = f.Ref().Clause
		}
		return nil, fmt.Errorf("%w: %s", ErrCircle, strings.Join(ids, " -> "))
	}
	placed := make([]bool, len(shares))
	order := make([]InForce, 0, len(shares))
	var place func(i int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		for j := range shares {
			if shares[i].Clause.(*RevenueShare).restsOn(shares[j].Clause.(*RevenueShare)) {
				place(j)
			}
		}
		order = append(order, shares[i])
	}
	for i := range shares {
		place(i)
	}
	return order, nil
}

// shareCircle returns shares that rest on each other in a circle, the first one again at the end; nil if there is none.
func shareCircle(shares []InForce) []InForce {
	const (
		entered = iota + 1
		left
	)
	state := make([]int, len(shares))
	var path []int
	var visit func(i int) []InForce
	visit = func(i int) []InForce {
		state[i] = entered
		path = append(path, i)
		for j := range shares {
			if !shares[i].Clause.(*RevenueShare).restsOn(shares[j].Clause.(*RevenueShare)) {
				continue
			}
			if state[j] == entered {
				var circle []InForce
				for _, k := range append(path[slices.Index(path, j):], j) {
					circle = append(circle, shares[k])
				}
				return circle
			}
			if state[j] == 0 {
				if circle := visit(j); circle != nil {
					return circle
				}
			}
		}
		state[i] = left
		path = path[:len(path)-1]
		return nil
	}
	for i := range shares {
		if state[i] == 0 {
			if circle := visit(i); circle != nil {
				return circle
			}
		}
	}
	return nil
}
