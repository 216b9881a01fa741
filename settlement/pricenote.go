package settlement

import (
	"fmt"

	"concord/pricing"
)

// priceNote returns the footnote of a price that lines rest on; 0 for a public one, or one that the book does not have for
// all regions alike.
func (c *cutter) priceNote(book *pricing.Book, seller, buyer, product, cloud string, day int32) int {
	rate, ok := book.Find(pricing.Query{
		Seller: seller, Buyer: buyer, Product: product, Cloud: cloud, At: noon(day, c.zone).UnixNano(),
	})
	if !ok {
		return 0
	}
	text := rate.Footnote
	if text == "" {
		text = rate.Source
	}
	return c.notes.add(rate.Provenance, "", fmt.Sprintf("%s on %s in %s: %s", product, cloud, book.Name, text))
}
