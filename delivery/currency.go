package delivery

import "concord/money"

// Currency returns the currency of the price book by which a deployment is billed; "" if there is none.
func (r *Router) Currency(dep int) money.Currency {
	if book := r.places[dep].book; book != nil {
		return book.Currency
	}
	return ""
}
