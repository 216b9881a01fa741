package settlement

import (
	"fmt"
	"slices"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
)

// gather reads the cells of one flow: what it made owed by day, above its caps too, and the base that it was taken of.
func (c *cutter) gather(f flow, root string, ids []string) (*gathered, error) {
	g := &gathered{base: map[place]money.Amount{}, counts: map[place]int64{}, owed: map[place]money.Amount{}, earlier: map[periodPlace]money.Amount{},
		days: map[int32]money.Amount{}, bases: map[int32]money.Amount{}, weights: map[dayPlace]money.Amount{}}
	if err := c.closes(f, g); err != nil {
		return nil, err
	}
	for i := range c.in.Cells {
		cell := &c.in.Cells[i]
		parts := c.parts[i]
		var err error
		if cell.Agreement == c.agreement.Name && slices.Contains(ids, cell.Clause) {
			err = c.take(g, f, cell, parts)
		}
		if err == nil && parts.Root == "revenue" {
			err = c.takeBase(g, f, ids, cell, parts)
		}
		if err != nil {
			return nil, fmt.Errorf("balance of %s in the book of %s: %w", cell.Account, cell.Book, err)
		}
	}
	if err := c.takeAside(g, f, root); err != nil {
		return nil, fmt.Errorf("base of %s that no sale of its day shows: %w", f.id, err)
	}
	return g, nil
}

// take adds a cell of the clause itself.
func (c *cutter) take(g *gathered, f flow, cell *ledger.Cell, parts ledger.Parts) (err error) {
	accrued := cell.Amount
	if parts.Root == "cost" && parts.Branch == "share" { // credits between the parties give no cap back
		if accrued, err = accrued.Sub(c.aside[cell.Key]); err != nil {
			return err
		}
	}
	if cell.Day >= c.last {
		switch {
		case parts.Root == "cost" && parts.Branch == "share":
			g.later, err = g.later.plus(Totals{Uncapped: accrued, Capped: accrued})
		case parts.Branch == "above-cap" && parts.Side == "":
			g.later, err = g.later.plus(Totals{Uncapped: cell.Amount})
		}
		return err
	}
	switch {
	case parts.Root == "payable" && parts.Branch == "accrued" && cell.Book == f.payer && parts.Counterparty == f.payee && cell.Clause == f.id:
		return g.owes(c, cell.Day, place{cell.Cloud, cell.Product, ""}, cell.Amount.Neg(), cell.Count)
	case parts.Root == "receivable" && parts.Branch == "accrued" && cell.Book == f.payee && parts.Counterparty == f.payer && cell.Clause == f.id:
		g.mirror, err = g.mirror.Add(cell.Amount)
	case parts.Root == "cost" && parts.Branch == "share":
		if err = g.total(c, cell.Day, Totals{Uncapped: accrued, Capped: accrued}); err == nil {
			g.days[cell.Day], err = g.days[cell.Day].Add(accrued)
		}
	case parts.Root == "cost" && parts.Branch == "fee" && cell.Book == f.payer && cell.Clause == f.id && cell.Day >= c.first:
		g.fees, err = g.fees.Add(cell.Amount)
	case parts.Branch == "above-cap" && parts.Side == "":
		err = g.total(c, cell.Day, Totals{Uncapped: cell.Amount})
	case parts.Branch == "commitment" && parts.Side == "used" && cell.Book == f.payer:
		which := 0
		if cell.Day >= c.first {
			which = 1
		}
		g.drawn[which], err = g.drawn[which].Add(cell.Amount)
	}
	return err
}

// takeBase adds a cell of revenue to the base, if the clause counted it on its day: what was earned on that day, in the
// statement's currency. What else it holds says where the rest of the base stands.
func (c *cutter) takeBase(g *gathered, f flow, ids []string, cell *ledger.Cell, parts ledger.Parts) error {
	earned, err := cell.Amount.Sub(c.aside[cell.Key])
	if err != nil {
		return err
	}
	if cell.Currency != c.out.Currency {
		earned = money.Amount{}
	}
	if err := c.weigh(g, ids, cell, parts, earned); err != nil {
		return err
	}
	by := slices.IndexFunc(ids, func(id string) bool {
		in, _ := c.version(id, cell.Day)
		share, ok := in.Clause.(*agreement.RevenueShare)
		return ok && cell.Book == share.Base.RevenueOf && c.counts(share, cell, parts) && c.at(cell.Day).Counts(in, cell.Product, cell.Cloud)
	})
	if by < 0 || cell.Currency != c.out.Currency {
		return nil
	}
	return c.addBase(g, ids[by] == f.id, cell.Day, placeOf(cell, parts), earned.Neg(), cell.Count)
}

// placeOf returns where the base that a cell of revenue shows stands.
func placeOf(cell *ledger.Cell, parts ledger.Parts) place {
	if parts.Branch == "share" {
		return place{cell.Cloud, cell.Product, "shares"}
	}
	return place{cell.Cloud, cell.Product, cell.Stream}
}

// addBase adds to the base of a day; it stands on a line of the clause that counted it, its own.
func (c *cutter) addBase(g *gathered, own bool, day int32, at place, amount money.Amount, count int64) (err error) {
	if day >= c.last {
		g.later.Base, err = g.later.Base.Add(amount)
		return err
	}
	if g.bases[day], err = g.bases[day].Add(amount); err != nil {
		return err
	}
	if err := g.total(c, day, Totals{Base: amount}); err != nil || day < c.first || !own {
		return err
	}
	g.counts[at] += count
	sum, err := g.base[at].Add(amount)
	g.base[at] = sum
	if _, owed := g.owed[place{at.cloud, at.product, ""}]; !owed {
		g.owed[place{at.cloud, at.product, ""}] = money.Amount{}
	}
	return err
}

// counts reports whether a share's base counts a cell of revenue.
func (c *cutter) counts(s *agreement.RevenueShare, cell *ledger.Cell, parts ledger.Parts) bool {
	b := &s.Base
	if !admits(b.Clouds, cell.Cloud) || !b.Products.Matches(cell.Product) {
		return false
	}
	switch parts.Branch {
	case "cloud", "license":
		return slices.Contains(b.From, "sales") && admits(b.Streams, cell.Stream)
	case "share":
		if !slices.Contains(b.From, "shares") || cell.Agreement == c.agreement.Name && cell.Clause == s.ID {
			return false
		}
		payer, known := c.payerOf(cell)
		return known && !slices.Contains(b.ExceptFrom, payer)
	}
	return false
}

// payerOf returns who pays the share that a cell is revenue from.
func (c *cutter) payerOf(cell *ledger.Cell) (string, bool) {
	f, ok := c.at(cell.Day).Clause(agreement.Ref{Agreement: cell.Agreement, Clause: cell.Clause})
	if !ok {
		return "", false
	}
	share, ok := f.Clause.(*agreement.RevenueShare)
	if !ok {
		return "", false
	}
	return share.Payer, true
}

// total adds to the closing totals, and to the opening ones what is dated before the period.
func (g *gathered) total(c *cutter, day int32, d Totals) (err error) {
	if g.closing, err = g.closing.plus(d); err == nil && day < c.first {
		g.opening, err = g.opening.plus(d)
	}
	return err
}

// licensed reports usage under licenses between the two, owed for or not.
func (c *cutter) licensed() error {
	found := map[string]*Licensed{}
	lines := map[string]map[place]money.Amount{}
	counts := map[string]map[place]int64{}
	for day := c.first; day < c.last; day++ {
		for _, f := range c.at(day).Clauses() {
			l, ok := f.Clause.(*agreement.License)
			if !ok || f.Agreement.Name != c.agreement.Name || !c.between(l.Licensor, l.Licensee) || found[l.ID] != nil {
				continue
			}
			found[l.ID] = &Licensed{Clause: l.ID, Licensor: l.Licensor, Licensee: l.Licensee, Lines: []LicensedLine{}, Notes: c.clauseNotes(f)}
			lines[l.ID], counts[l.ID] = map[place]money.Amount{}, map[place]int64{}
		}
	}
	for i := range c.in.Cells {
		cell := &c.in.Cells[i]
		if cell.Day < c.first || cell.Day >= c.last || cell.Stream == "" {
			continue
		}
		for id := range found {
			in, ok := c.version(id, cell.Day)
			if !ok {
				continue
			}
			l := in.Clause.(*agreement.License)
			if cell.Book != l.Licensee || !l.Products.Matches(cell.Product) || !admits(l.Clouds, cell.Cloud) {
				continue
			}
			at := place{cell.Cloud, cell.Product, cell.Stream}
			var err error
			if lines[id][at], err = lines[id][at].Add(cell.Amount.Neg()); err != nil {
				return fmt.Errorf("usage under %s: %w", id, err)
			}
			counts[id][at] += cell.Count
		}
	}
	return c.licensedLines(found, lines, counts)
}

func (c *cutter) licensedLines(found map[string]*Licensed, lines map[string]map[place]money.Amount, counts map[string]map[place]int64) error {
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		l := found[id]
		for _, at := range sortedPlaces(lines[id]) {
			charged := lines[id][at]
			l.Lines = append(l.Lines, LicensedLine{Cloud: at.cloud, Product: at.product, Stream: at.stream, Charged: charged, Count: counts[id][at]})
			var err error
			if l.Total, err = l.Total.Add(charged); err != nil {
				return fmt.Errorf("usage under %s: %w", id, err)
			}
		}
		var err error
		if l.Fee, err = c.fee(id); err != nil {
			return err
		}
		c.out.Licensed = append(c.out.Licensed, *l)
		c.out.Rows += len(l.Lines)
	}
	return nil
}

func admits(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }
