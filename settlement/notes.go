package settlement

import (
	"fmt"
	"slices"

	"concord/agreement"
)

// notes numbers footnotes in the order of first use.
type notes struct{ all []Footnote }

// add returns the number of a footnote; 0 for what is public.
func (n *notes) add(p agreement.Provenance, clause, text string) int {
	if p == agreement.Public {
		return 0
	}
	if p == "" {
		p = agreement.Assumed
	}
	for _, f := range n.all {
		if f.Provenance == p && f.Clause == clause && f.Text == text {
			return f.Number
		}
	}
	n.all = append(n.all, Footnote{Number: len(n.all) + 1, Provenance: p, Clause: clause, Text: text})
	return len(n.all)
}

func (n *notes) list() []Footnote { return append([]Footnote{}, n.all...) }

// clauseNotes returns the footnotes of what a clause's figures rest on: the clause as a whole, and each field that is known
// less well than it; and for a share the parts and prices of the sales that it is taken of.
func (c *cutter) clauseNotes(f agreement.InForce) []int {
	out := []int{}
	take := func(n int) {
		if n > 0 && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	head := f.Clause.Head()
	whole := f.Provenance("")
	source := f.Source().URL
	if source == "" {
		source = "no source"
	}
	take(c.notes.add(whole, head.ID, fmt.Sprintf("%s as a whole (%s)", head.ID, source)))
	for _, p := range head.FieldProv {
		if p.Provenance != whole {
			take(c.notes.add(p.Provenance, head.ID, fmt.Sprintf("%s of %s (%s)", p.Field, head.ID, source)))
		}
	}
	switch clause := f.Clause.(type) {
	case *agreement.RevenueShare:
		for _, n := range c.saleNotes(clause.Base.RevenueOf, clause.Base.Clouds, clause.Base.Products) {
			take(n)
		}
	case *agreement.License:
		for _, n := range c.saleNotes(clause.Licensee, clause.Clouds, clause.Products) {
			take(n)
		}
	case *agreement.Commitment:
		for _, n := range c.costNotes(clause) {
			take(n)
		}
	case *agreement.Delivery, *agreement.Sale, *agreement.Milestone:
	}
	return out
}

// saleNotes returns the footnotes of the sales of a seller in the period.
func (c *cutter) saleNotes(seller string, clouds []string, products agreement.Match) []int {
	var out []int
	for i := range c.in.Cells {
		cell := &c.in.Cells[i]
		if cell.Book != seller || cell.Stream == "" || cell.Day < c.first || cell.Day >= c.last ||
			!admits(clouds, cell.Cloud) || !products.Matches(cell.Product) {
			continue
		}
		in, sale, ok := c.at(cell.Day).Sale(seller, cell.Product, cell.Cloud)
		if !ok {
			continue
		}
		out = append(out, c.notes.add(in.Provenance("streams"), sale.ID, fmt.Sprintf("parts of the price under %s", sale.ID)))
		for _, book := range c.in.Books {
			if book.Kind == "prices" && book.Name == sale.Book {
				out = append(out, c.priceNote(book, seller, "", cell.Product, cell.Cloud, cell.Day))
			}
		}
	}
	return out
}

// costNotes returns the footnotes of what clouds charged under a commitment in the period.
func (c *cutter) costNotes(clause *agreement.Commitment) []int {
	var out []int
	for i := range c.in.Cells {
		cell := &c.in.Cells[i]
		if cell.Book != clause.Buyer || cell.Clause != clause.ID || cell.Day < c.first || cell.Day >= c.last {
			continue
		}
		for _, book := range c.in.Books {
			if book.Kind == "costs" {
				out = append(out, c.priceNote(book, clause.Seller, clause.Buyer, cell.Product, cell.Cloud, cell.Day))
			}
		}
	}
	return out
}
