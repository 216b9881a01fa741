package gateway

import (
	"fmt"
	"net/http"

	"concord/clouds"
	"concord/usage"
)

// tiered leaves of a plan what has a price of the tier that the request asks for: what would be served at no known price is not
// served. The default tier, and what the cloud chooses by itself, needs no more than the plan has.
func (q *request) tiered() *fault {
	s := &q.call.Scan
	if s.Fields&^s.Nulls&clouds.FieldServiceTier == 0 {
		return nil
	}
	var tier usage.Tier
	switch q.call.Text(clouds.FieldServiceTier) {
	case "flex":
		tier = usage.Flex
	case "priority", "fast":
		tier = usage.Priority
	default:
		return nil
	}
	if q.plan.Keep(func(d int) bool { return q.view.router.PricesTier(d, tier, q.admitted) }) {
		return nil
	}
	return &fault{status: http.StatusForbidden, kind: "agreement_error", code: "not_permitted", param: "service_tier",
		message: fmt.Sprintf("No price book says what %s costs %s in the tier %s. Leave service_tier out, or have the price added to the book.",
			q.done.Product, q.key.Customer, tier)}
}
