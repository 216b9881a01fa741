package settlement

import (
	"slices"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
)

// dayPlace is where something stands on a day.
type dayPlace struct {
	day int32
	place
}

// weigh notes what a cell of revenue holds beside what was earned on its day, and what it holds in another currency: it says
// by which streams that part of the base came.
func (c *cutter) weigh(g *gathered, ids []string, cell *ledger.Cell, parts ledger.Parts, earned money.Amount) error {
	rest, err := earned.Sub(cell.Amount)
	if err != nil || rest.IsZero() || !slices.ContainsFunc(ids, func(id string) bool {
		in, ok := c.latest(id)
		share, is := in.Clause.(*agreement.RevenueShare)
		return ok && is && cell.Book == share.Base.RevenueOf && c.counts(share, cell, parts)
	}) {
		return err
	}
	k := dayPlace{cell.Day, placeOf(cell, parts)}
	g.weights[k], err = g.weights[k].Add(rest)
	return err
}

// takeAside adds what a base was brought other than its cells show: by the streams of what moved, where revenue did.
func (c *cutter) takeAside(g *gathered, f flow, root string) error {
	for _, a := range c.in.Accruals {
		if a.Agreement != c.agreement.Name || a.Clause != root {
			continue
		}
		for _, p := range a.Aside {
			if err := c.addAside(g, p.Clause == f.id, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *cutter) addAside(g *gathered, own bool, p ledger.BasePart) error {
	var at []place
	var weights []money.Amount
	for _, stream := range []string{"license", "cloud", "shares"} {
		k := place{p.Cloud, p.Product, stream}
		if w := g.weights[dayPlace{p.Day, k}]; !w.IsZero() {
			at, weights = append(at, k), append(weights, w)
		}
	}
	if len(at) == 0 { // a fee, or what is deducted: no stream moved
		return c.addBase(g, own, p.Day, place{p.Cloud, p.Product, ""}, p.Amount, 0)
	}
	parts, err := apportion(p.Amount, weights)
	if err != nil {
		return err
	}
	for i := range at {
		if err := c.addBase(g, own, p.Day, at[i], parts[i], 0); err != nil {
			return err
		}
	}
	return nil
}
