package delivery

import (
	"fmt"
	"slices"

	"concord/agreement"
)

// findings collects what is wrong with a catalog under terms.
type findings struct {
	router *Router
	list   []agreement.Finding
	served []bool              // by deployment: some customer may be served by it, or could but for check 6
	denied []agreement.Verdict // by deployment: the denial that came furthest
}

func (f *findings) add(rule string, severity agreement.Severity, pos agreement.Pos, message, remedy string, related ...agreement.Ref) {
	f.list = append(f.list, agreement.Finding{
		Rule: rule, Severity: severity, Pos: pos, Message: message, Remedy: remedy, Related: related,
	})
}

// words reports ids that the terms do not know, ids in use twice, and rules of order that cannot be kept.
func (f *findings) words() {
	r := f.router
	seen := make(map[string]bool)
	for i := range r.catalog.Deployments {
		d := &r.catalog.Deployments[i]
		if seen[d.ID] {
			f.add("duplicate-deployment", agreement.Error, d.Pos, fmt.Sprintf("deployment %q is declared twice", d.ID), "give it another id")
		}
		seen[d.ID] = true
		f.deployment(d)
	}
	clear(seen)
	for i := range r.catalog.Customers {
		c := &r.catalog.Customers[i]
		if seen[c.ID] {
			f.add("duplicate-customer", agreement.Error, c.Pos, fmt.Sprintf("customer %q is declared twice", c.ID), "give it another id")
		}
		seen[c.ID] = true
		f.customer(c)
	}
	for _, in := range r.terms.Clauses() {
		if d, ok := in.Clause.(*agreement.Delivery); ok && d.Within.Rule == "fastest" {
			f.add("within-fastest", agreement.Error, d.At("within"), fmt.Sprintf("%s orders by fastest, which needs measured latencies", d.ID),
				"write within: declared, cheapest or weighted", in.Ref())
		}
	}
}

func (f *findings) deployment(d *agreement.Deployment) {
	t := f.router.terms
	if _, ok := t.Product(d.Product); !ok {
		f.add("unknown-product", agreement.Error, d.Pos, fmt.Sprintf("deployment %s serves %q, which no agreement names", d.ID, d.Product),
			"name a product of the agreements, owner/model")
	}
	if _, ok := t.Operator(d.Cloud); !ok {
		f.add("unknown-cloud", agreement.Error, d.Pos, fmt.Sprintf("deployment %s runs on %q, which no party operates", d.ID, d.Cloud),
			"name a cloud that a party of the agreements operates")
	}
	for _, role := range []struct{ what, party string }{{"seller", d.Seller}, {"holder", d.Holder}} {
		if _, ok := t.Party(role.party); !ok {
			f.add("unknown-party", agreement.Error, d.Pos, fmt.Sprintf("%s %q of deployment %s is party to no agreement", role.what, role.party, d.ID),
				"name a party of the agreements")
		}
	}
}

func (f *findings) customer(c *agreement.Customer) {
	if len(c.Sellers) == 0 {
		f.add("no-seller", agreement.Error, c.Pos, fmt.Sprintf("customer %s buys from nobody", c.ID), "list its sellers in order of preference")
	}
	for _, seller := range slices.Concat(c.Sellers...) {
		if _, ok := f.router.terms.Party(seller); !ok {
			f.add("unknown-party", agreement.Error, c.Pos, fmt.Sprintf("seller %q of customer %s is party to no agreement", seller, c.ID),
				"name a party of the agreements")
		}
	}
	if _, ok := f.router.terms.Operator(c.Home); !ok && c.Home != "" {
		f.add("unknown-cloud", agreement.Error, c.Pos, fmt.Sprintf("home cloud %q of customer %s is run by no party", c.Home, c.ID),
			"name a cloud that a party of the agreements operates")
	}
}

// take notes which deployments the verdicts let serve.
func (f *findings) take(verdicts []agreement.Verdict) {
	for i := range verdicts {
		v := &verdicts[i]
		if v.Permitted || v.Failed == agreement.CheckPrice {
			f.served[i] = true
		}
		if v.Failed > f.denied[i].Failed {
			f.denied[i] = *v
		}
	}
}

// places reports deployments that fail check 6 though a customer could be served there, and those that serve nobody.
func (f *findings) places() {
	for i := range f.router.places {
		d, p := &f.router.catalog.Deployments[i], &f.router.places[i]
		switch {
		case f.served[i] && p.problem != "":
			var related []agreement.Ref
			if p.sale != nil {
				related = append(related, p.clause)
			}
			f.add("no-price", agreement.Error, d.Pos, fmt.Sprintf("deployment %s: %s", d.ID, p.problem), p.remedy, related...)
		case !f.served[i] && f.denied[i].Failed != agreement.CheckNone:
			f.add("unused-deployment", agreement.Warning, d.Pos,
				fmt.Sprintf("deployment %s may serve no customer: %s", d.ID, f.denied[i].Reason),
				"change the agreement, or remove the deployment", f.denied[i].Clause)
		}
	}
}
