package agreement

import "slices"

// policyOrdering returns the clause of the customer's own policy that orders a product's deployments: the one of highest
// priority, then the first in canonical order; nil if the policy only narrows.
func (t *Terms) policyOrdering(q question) *inForceDelivery {
	var best *inForceDelivery
	for i := range t.deliveries {
		f := &t.deliveries[i]
		if f.Agreement.Policy == "" || f.Mode == Prohibited || len(f.Order) < 2 {
			continue
		}
		if inside, _ := f.scope(q); inside && (best == nil || f.Priority > best.Priority) {
			best = f
		}
	}
	return best
}

// rankByPolicy adds the order of the customer's policy to a verdict, where the clause that orders lets customers choose.
func (t *Terms) rankByPolicy(q question, v *Verdict) {
	if v.Delivery == nil || v.Delivery.Choice == "none" {
		return
	}
	if f := t.policyOrdering(q); f != nil && f.Delivery != v.Delivery {
		v.Policy, v.PolicyGroup = f.Delivery, f.group(q.deployment.Cloud)
	}
}

// ignoredOrder reports a policy whose order can have no effect beside the order of an agreement.
func (l *linter) ignoredOrder(x, y inForceDelivery) {
	if x.Agreement.Policy == "" {
		x, y = y, x
	}
	if x.Agreement.Policy == "" || y.Agreement.Policy != "" || x.Mode == Prohibited || y.Mode == Prohibited || len(x.Order) < 2 {
		return
	}
	if !admits(y.Customers, x.Agreement.Policy) || !meet(x.APIs, y.APIs) {
		return
	}
	product := l.common(x.Products, y.Products, func(p *Product) bool {
		return admits(x.States, p.State) && admits(y.States, p.State) && y.Agreement.has(p.Owner)
	})
	if product == nil || y.Choice == "permitted" || l.apart(x.InForce, y.InForce) {
		return
	}
	p := problem{rule: "policy-order-ignored", at: x.At("order"), related: []Ref{x.Ref(), y.Ref()}}
	switch {
	case y.Choice == "none":
		p.remedy = "write clouds: [...], which narrows; " + y.ID + " lets customers choose nothing"
		l.report(p, "the order of %s has no effect on %s: %s orders with choice: none", x.ID, product.ID, where(y.InForce))
	case !slices.ContainsFunc(y.Order, func(group []string) bool { return x.splits(group) }):
		p.remedy = "write clouds: [...], which narrows; with choice: group a policy orders inside the groups of " + y.ID + " only"
		l.report(p, "the order of %s has no effect on %s: no group of %s has clouds that it ranks apart", x.ID, product.ID, where(y.InForce))
	}
}

// splits reports whether a policy ranks two clouds of a group apart.
func (d *Delivery) splits(group []string) bool {
	first := -1
	for _, cloud := range group {
		g := d.group(cloud)
		if g == len(d.Order) {
			continue // the policy does not admit it
		}
		if first >= 0 && g != first {
			return true
		}
		first = g
	}
	return false
}
