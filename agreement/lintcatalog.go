package agreement

import (
	"time"

	"concord/agreement/condition"
)

// offers looks at the catalog by itself: its ids, and that agreements know what it names.
func (l *linter) offers() {
	parties := map[string]bool{}
	for _, p := range l.set.registry.parties {
		parties[p.ID] = true
	}
	party := func(id string, at Pos, what string) {
		if !parties[id] {
			l.report(problem{rule: "unknown-party", at: at, remedy: "name a party of a loaded agreement"}, "%s is %s, which is no party of any agreement", what, id)
		}
	}
	deployments := map[string]bool{}
	for i := range l.catalog.Deployments {
		d := &l.catalog.Deployments[i]
		if deployments[d.ID] {
			l.report(problem{rule: "deployment-twice", at: d.Pos, remedy: "give it an id of its own"}, "the deployment %s is there twice", d.ID)
		}
		deployments[d.ID] = true
		if p, ok := l.set.registry.names[d.Product]; !ok || p.ID != d.Product {
			l.report(problem{rule: "unknown-product", at: d.Pos, remedy: "name a product of a loaded agreement"}, "the deployment %s is of the product %s, which no agreement declares", d.ID, d.Product)
		}
		if _, ok := l.set.registry.operators[d.Cloud]; !ok {
			remedy := "name a cloud that a party operates"
			if near := l.nearCloud(d.Cloud); near != "" {
				remedy = "write " + near
			}
			l.report(problem{rule: "unknown-cloud", at: d.Pos, remedy: remedy}, "the deployment %s is on the cloud %s, which no party operates", d.ID, d.Cloud)
		}
		party(d.Seller, d.Pos, "the seller of deployment "+d.ID)
		party(d.Holder, d.Pos, "the account holder of deployment "+d.ID)
	}
	customers := map[string]bool{}
	for i := range l.catalog.Customers {
		c := &l.catalog.Customers[i]
		if customers[c.ID] {
			l.report(problem{rule: "customer-twice", at: c.Pos, remedy: "give it an id of its own"}, "the customer %s is there twice", c.ID)
		}
		customers[c.ID] = true
		for _, alike := range c.Sellers {
			for _, seller := range alike {
				party(seller, c.Pos, "a seller of customer "+c.ID)
			}
		}
	}
	for _, a := range l.set.agreements {
		if a.Policy != "" && !customers[a.Policy] {
			l.report(problem{rule: "unknown-customer", at: a.Pos, remedy: "declare the customer in the configuration, or correct the name"}, "%s is the policy of %s, a customer that the configuration does not have", a.Name, a.Policy)
		}
	}
}

// served notes which products somebody may deliver under t, and reports deployments that may serve without a sale clause.
func (l *linter) served(t *Terms, delivered map[string]bool) {
	offered := map[string]bool{}
	if l.catalog != nil {
		for i := range l.catalog.Deployments {
			d := &l.catalog.Deployments[i]
			offered[d.Product] = true
			l.deployed(t, d, delivered)
		}
	}
	for _, p := range l.set.registry.products {
		for i := range t.deliveries {
			d := &t.deliveries[i]
			if !offered[p.ID] && d.Mode != Prohibited && d.Agreement.Policy == "" && d.Products.Matches(p.ID) && admits(d.States, p.State) {
				delivered[p.ID] = true
			}
		}
	}
}

func (l *linter) deployed(t *Terms, d *Deployment, delivered map[string]bool) {
	for i := range l.catalog.Customers {
		v := t.Verdict(&l.catalog.Customers[i], d, "")
		if !v.Permitted && t.conditionalOn(condition.Stream) {
			v = t.VerdictFor(RequestFacts{Stream: true}, &l.catalog.Customers[i], d, "")
		}
		if !v.Permitted {
			continue
		}
		delivered[d.Product] = true
		if _, _, ok := t.Sale(d.Seller, d.Product, d.Cloud); !ok {
			l.report(problem{rule: "no-sale", at: d.Pos, remedy: "add a sale clause of " + d.Seller + " for it, or take the deployment out", related: []Ref{v.Clause}},
				"%s may serve %s under %s, and no sale clause says on which terms %s sells it on %s", d.ID, d.Product, v.Clause, d.Seller, d.Cloud)
		}
	}
}

func zone(a *Agreement) *time.Location {
	if a.Zone != nil {
		return a.Zone
	}
	return time.UTC
}
