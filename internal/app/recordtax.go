package app

import (
	"encoding/json"
	"fmt"

	"concord/journal"
	"concord/money"
)

// refunded is what refunds gave back of a sale; what a credit note gives back of tax is its own.
type refunded struct{ amount, tax money.Amount }

func (r *refunded) add(b *journal.Refund) (err error) {
	if r.amount, err = r.amount.Add(b.Amount); err == nil {
		r.tax, err = r.tax.Add(b.Tax)
	}
	return err
}

// saysTax reports whether an event says what its tax is, were it zero.
func saysTax(event []byte) bool {
	var ev struct {
		Data struct {
			Tax *json.RawMessage `json:"tax"`
		} `json:"data"`
	}
	return json.Unmarshal(event, &ev) == nil && ev.Data.Tax != nil
}

// refundTax fills the tax of a refund that does not say it: what belongs to all that refunds gave back of the sale by then, less
// what they gave back before, so that the parts come to the tax of the whole.
func (c *recorder) refundTax(s *sale, b *journal.Refund) error {
	after, err := s.refund.amount.Add(b.Amount)
	if err != nil {
		return err
	}
	whole, err := c.taxOf(s, after)
	if err != nil {
		return fmt.Errorf("tax of the refund: %w", err)
	}
	if b.Tax, err = whole.Sub(s.refund.tax); err == nil && b.Tax.Sign() < 0 {
		b.Tax = money.Amount{} // more than that was given back before
	}
	return err
}

// taxOf returns the tax that belongs to an amount of a sale.
func (c *recorder) taxOf(s *sale, amount money.Amount) (tax money.Amount, err error) {
	if v, ok := s.entry.Body.(*journal.Invoice); ok {
		return v.Tax.PartOf(amount, v.Amount)
	}
	set, err := c.history.Set(s.origin.Set)
	if err != nil {
		return tax, err
	}
	_, clause, ok := set.Timeline.At(s.origin.At).Terms().Sale(s.origin.Seller, s.origin.Product, s.origin.Cloud)
	if !ok {
		return tax, nil // posting says what is wrong with it
	}
	return amount.MulRate(clause.Tax, money.HalfEven)
}
