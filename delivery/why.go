package delivery

import (
	"fmt"
	"strings"

	"concord/agreement"
)

// A Reason says what puts a step of a plan where it stands: what sets it apart from the step before it.
type Reason struct {
	By   Ranking
	Text string // for people: "group 2 of azure-first, after group 1"
}

// Ranking is what orders two deployments, in order of precedence.
type Ranking string

// The rankings.
const (
	BySeller     Ranking = "seller"     // the customer's order of sellers
	ByPolicy     Ranking = "policy"     // the customer's own policy
	ByChoice     Ranking = "choice"     // the customer's home cloud
	ByClause     Ranking = "clause"     // another clause orders it
	ByGroup      Ranking = "group"      // the group of the clause that orders
	ByWithin     Ranking = "within"     // the clause's rule inside a group
	ByCapacity   Ranking = "capacity"   // capacity that is paid for already, before pay-as-you-go
	ByDeployment Ranking = "deployment" // nothing else tells them apart: by deployment id
)

// Why explains the order of a plan that this router made, step by step.
func (r *Router) Why(p *Plan) []Reason {
	c, known := r.customers[p.Facts.Customer]
	if !known {
		return nil
	}
	sorted := make(map[int]*sorting)
	all := r.permitted(c, r.judge(c, p.Facts.Product, p.Facts.API, p.Facts.Stream))
	for i := range all {
		sorted[all[i].deployment] = &all[i]
	}
	out := make([]Reason, 0, len(p.Steps))
	var before *sorting
	for _, step := range p.Steps {
		s := sorted[step.Deployment]
		if s == nil {
			continue // not a plan of this router
		}
		out = append(out, r.reason(c, before, s))
		before = s
	}
	return out
}

func (r *Router) reason(c *agreement.Customer, before, s *sorting) Reason {
	seller := r.catalog.Deployments[s.deployment].Seller
	switch {
	case before == nil:
		return r.first(c, s, seller)
	case before.sellerRank != s.sellerRank:
		return Reason{BySeller, fmt.Sprintf("%s comes after %s among the sellers of %s", seller, strings.Join(c.Sellers[before.sellerRank], ", "), c.ID)}
	case s.own != nil && before.policy.over() != s.policy.over():
		return s.policyReason()
	case before.first != s.first:
		return Reason{ByChoice, fmt.Sprintf("after %s, the home cloud of %s; %s", before.cloud, c.ID, s.place())}
	case before.rank != s.rank:
		return Reason{ByClause, fmt.Sprintf("%s, which comes after %s", s.place(), before.ordering())}
	case before.group != s.group:
		return Reason{ByGroup, fmt.Sprintf("%s, after group %d", s.place(), before.group+1)}
	case s.own != nil && before.policy.group != s.policy.group:
		return s.policyReason()
	case before.choice != s.choice:
		return Reason{ByChoice, fmt.Sprintf("after %s, the home cloud of %s, in the same group", before.cloud, c.ID)}
	}
	return r.inside(before, s)
}

func (r *Router) first(c *agreement.Customer, s *sorting, seller string) Reason {
	by := ByGroup
	text := s.place()
	if s.policy.moved {
		by, text = ByPolicy, fmt.Sprintf("%s, as %s lets customers choose", s.policyReason().Text, s.ordering())
	}
	if s.choice {
		by, text = ByChoice, fmt.Sprintf("the home cloud of %s, as %s lets customers choose", c.ID, s.ordering())
	}
	if len(c.Sellers) > 1 {
		text += fmt.Sprintf("; %s is the first choice of %s among sellers", seller, c.ID)
		if s.sellerRank > 0 {
			by = BySeller
			text = fmt.Sprintf("%s; no deployment of a seller that %s prefers to %s is permitted", s.place(), c.ID, seller)
		}
	}
	return Reason{by, text}
}

// inside explains the order inside one group.
func (r *Router) inside(before, s *sorting) Reason {
	byID := Reason{ByDeployment, "nothing else sets it apart from the one before it: by deployment id"}
	if before.paid && !s.paid {
		byID = Reason{ByCapacity, "pay-as-you-go, after the capacity that is paid for already"}
	}
	if s.clause == nil {
		return byID
	}
	switch rule := s.clause.Within.Rule; {
	case rule == "cheapest" && before.price == s.price && before.paid != s.paid:
		return byID
	case rule == "cheapest" && (before.price != s.price || before.cost != s.cost):
		if before.price == s.price {
			return Reason{ByWithin, fmt.Sprintf("the cheapest first: the price is the same, the cost %s after %s (for 1,000 tokens in, 200 out)", s.cost, before.cost)}
		}
		return Reason{ByWithin, fmt.Sprintf("the cheapest first: %s after %s (for 1,000 tokens in, 200 out)", s.price, before.price)}
	case rule == "weighted" && before.cloud != s.cloud && drawn(s):
		return Reason{ByWithin, fmt.Sprintf("drawn by weight inside group %d (%s); another request may draw another order", s.group+1, weights(s.clause, s.group))}
	case rule != "cheapest" && before.within != s.within:
		return Reason{ByWithin, fmt.Sprintf("%s stands after %s in group %d of %s", s.cloud, before.cloud, s.group+1, s.clause.ID)}
	}
	return byID
}

func weights(d *agreement.Delivery, group int) string {
	var parts []string
	for _, cloud := range groupOf(d, group) {
		parts = append(parts, fmt.Sprintf("%s %d", cloud, weightOf(d, cloud)))
	}
	return strings.Join(parts, ", ")
}

// place names the group of the clause that orders.
func (s *sorting) place() string {
	switch {
	case s.clause == nil:
		return "no clause orders it"
	case s.group >= len(s.clause.Order):
		return fmt.Sprintf("%s orders, and does not list %s", s.clause.ID, s.cloud)
	}
	return fmt.Sprintf("group %d of %s", s.group+1, s.clause.ID)
}

func (s *sorting) ordering() string {
	if s.clause == nil {
		return "no clause"
	}
	return s.clause.ID
}
