package ledger

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"concord/money"
)

// What stands aside. A base can be read off the cells of revenue, by the terms of each cell's day, as long as all that they
// hold was earned on that day. What is given back, corrected or rated again is dated by one day and counts by the terms of
// another; a credit note may not count at all; and days of two agreements may begin at different hours. The books mark what
// such postings made of each cell, and what such flows brought to each base: cells less the one, and the other, are the base
// again, which a statement's control compares with the running state.

// asideKey names where and when a share was brought something that its cells of revenue do not show.
type asideKey struct {
	cloud, product string
	clause         string // the share, or which of those that continue each other
	day            int32
}

func (k asideKey) compare(o asideKey) int {
	return cmp.Or(cmp.Compare(k.day, o.day), cmp.Compare(k.cloud, o.cloud), cmp.Compare(k.product, o.product), cmp.Compare(k.clause, o.clause))
}

// A BasePart is a part of a share's base that its cells of revenue do not show as their day's, dated as it was posted.
type BasePart struct {
	Cloud, Product, Clause string
	Day                    int32
	Amount                 money.Amount
}

// Aside returns what cells of revenue hold that was not earned on their day under its terms, and what credits between parties
// took off the cost of a share, in canonical order.
func (s *State) Aside() []Cell {
	var all []Cell
	for c, amount := range s.aside {
		if !amount.IsZero() {
			cell := c.export()
			cell.Amount, cell.Count = *amount, 0
			all = append(all, cell)
		}
	}
	slices.SortFunc(all, func(a, b Cell) int { return a.Key.Compare(b.Key) })
	return all
}

// isAside reports whether what a flow posts to revenue is other than what was earned on its day under the day's terms.
func (f *flow) isAside() bool {
	return f.kind != flowSale || f.at != f.posted || f.sale.straddles(f.at)
}

// straddles reports whether an instant is in different days of the sale's agreement and of one whose shares it moves.
func (p *salePlan) straddles(at int64) bool {
	for _, days := range p.zones {
		if days.dayOf(at) != p.received.days.dayOf(at) {
			return true
		}
	}
	return false
}

// zonesOf returns the calendars of shares that are not the sale's.
func (p *salePlan) zonesOf() (all []*calendar) {
	for i := range p.shares {
		if days := p.shares[i].days; days != p.received.days && !slices.Contains(all, days) {
			all = append(all, days)
		}
	}
	return all
}

// earn adds a posting of revenue.
func (s *State) earn(at int64, to spot, amount money.Amount) error {
	s.put(at, to, amount)
	return s.noteAside(at, to, amount)
}

// noteAside marks what is posted to a cell, where it stands aside.
func (s *State) noteAside(at int64, to spot, amount money.Amount) error {
	if !s.work.aside || amount.IsZero() {
		return nil
	}
	c := to.line.on(to.days.dayOf(at))
	sum, ok := s.aside[c]
	if !ok {
		sum = &money.Amount{}
		s.aside[c] = sum
	}
	return s.work.increase(sum, amount)
}

// setAside notes by how much a base grows other than its cells show.
func (s *State) setAside(f *flow, p *sharePlan, base money.Amount, b *brought) error {
	if s.work.aside {
		b.shown = money.Amount{}
	} else if len(p.groups) == 0 && p.fx == nil {
		return nil
	}
	more, err := base.Sub(b.shown)
	if err != nil || more.IsZero() {
		return err
	}
	k := asideKey{p.cloud, p.product, p.clause.clause, p.days.dayOf(f.posted)}
	sum, ok := p.share.aside[k]
	if !ok {
		if p.share.aside == nil {
			p.share.aside = map[asideKey]*money.Amount{}
		}
		sum = &money.Amount{}
		p.share.aside[k] = sum
	}
	return s.work.increase(sum, more)
}

// baseParts lists what a share was brought aside.
func (sh *share) baseParts() []BasePart {
	var all []BasePart
	for _, k := range slices.SortedFunc(maps.Keys(sh.aside), asideKey.compare) {
		if amount := sh.aside[k]; !amount.IsZero() {
			all = append(all, BasePart{k.cloud, k.product, k.clause, k.day, *amount})
		}
	}
	return all
}

func (sh *share) encodeAside(b []byte) []byte {
	parts := sh.baseParts()
	b = binary.AppendUvarint(b, uint64(len(parts)))
	for _, p := range parts {
		b = binary.AppendVarint(appendString(appendString(appendString(b, p.Cloud), p.Product), p.Clause), int64(p.Day))
		b = appendAmount(b, p.Amount)
	}
	return b
}

func (d *decoder) shareAside(sh *share) {
	for range d.count() {
		k := asideKey{cloud: d.text(), product: d.text(), clause: d.text(), day: int32(d.varint())}
		amount := d.amount()
		if sh.aside == nil {
			sh.aside = map[asideKey]*money.Amount{}
		}
		sh.aside[k] = &amount
	}
}

func (s *State) encodeAside(b []byte) []byte {
	cells := s.Aside()
	b = binary.AppendUvarint(b, uint64(len(cells)))
	for i := range cells {
		c := &cells[i]
		for _, text := range []string{c.Agreement, c.Book, string(c.Account), c.Clause, c.Cloud, c.Product, c.Stream, string(c.Currency)} {
			b = appendString(b, text)
		}
		b = appendAmount(binary.AppendVarint(b, int64(c.Day)), c.Amount)
	}
	return b
}

func (d *decoder) cellsAside(s *State) {
	for range d.count() {
		p := Posting{Agreement: d.text(), Book: d.text(), Account: Account(d.text()), Clause: d.text(), Cloud: d.text(), Product: d.text(), Stream: d.text()}
		currency, day, amount := money.Currency(d.text()), int32(d.varint()), d.amount()
		if d.err != nil {
			return
		}
		ln, err := s.lines.get(p, currency)
		if err != nil {
			d.fail(err)
			return
		}
		s.aside[ln.on(day)] = &amount
	}
}
