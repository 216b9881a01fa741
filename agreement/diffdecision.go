package agreement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"concord/agreement/condition"
)

// A DecisionChange is requests that would go elsewhere: of customers who are alike, for one product.
type DecisionChange struct {
	Customers []string
	Product   string
	APIs      []API
	Only      string // "streamed", "not streamed"; "" = both
	// Before and After are the permitted deployments in their order; empty = refused, and why.
	Before, After               []Tier
	RefusedBefore, RefusedAfter string
	Gained, Lost                []Move
	Reordered                   bool // what is permitted under both comes in another order
}

// A Tier is deployments that nothing in the terms tells apart but Within.
type Tier struct {
	Deployments []string
	Within      string // how they are ordered; "" = there is one
}

// A Move is a deployment that became permitted, or is no longer, and through which checks.
type Move struct {
	Deployment string
	Causes     []Cause
}

// A Cause is a check whose answer differs, and the clauses that gave it.
type Cause struct {
	Check   Check
	Clauses []Ref
	Reason  string // of the denial
}

// First returns the deployments that come first; none if the request is refused.
func first(tiers []Tier) []string {
	if len(tiers) == 0 {
		return nil
	}
	return tiers[0].Deployments
}

// stand is what the terms say of a deployment, check by check; the first failed one is its verdict.
type stand [4]answer

type answer struct {
	check  Check
	ok     bool
	clause Ref
	reason string
}

// checks makes the checks that depend on terms, each for itself.
func (t *Terms) checks(q question) (s stand) {
	v := t.cloud(q)
	s[0] = answer{CheckCloud, v.Failed == CheckNone, v.Clause, v.Reason}
	ref, reason := t.holds(q.deployment.Seller, Serve, q)
	s[1] = answer{CheckLicense, reason == "", ref, reason}
	s[2] = answer{check: CheckHost, ok: true}
	if q.deployment.Holder != q.deployment.Seller {
		ref, reason = t.hosts(q)
		s[2] = answer{CheckHost, reason == "", ref, reason}
	}
	sale, _, ok := t.Sale(q.deployment.Seller, q.product.ID, q.deployment.Cloud)
	s[3] = answer{CheckPrice, ok, Ref{}, fmt.Sprintf("no sale clause says on which terms %s bills %s", q.deployment.Seller, q.product.ID)}
	if ok {
		s[3].clause = sale.Ref()
	}
	return s
}

// placed is a permitted deployment and what orders it.
type placed struct {
	deployment string
	cloud      string
	seller     int
	home       bool
	group      int
	near       bool
	order      *Delivery
	above      int // group of the customer's own policy, where it goes above the order
	inside     int // the same, inside a group of the order
	declared   int // place of the cloud inside the group, where the clause says declared
}

func (p *placed) before(o *placed) int {
	ahead := func(x, y bool) int {
		switch {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(p.seller, o.seller), cmp.Compare(p.above, o.above), ahead(p.home, o.home), cmp.Compare(priority(o.order), priority(p.order)),
		cmp.Compare(p.group, o.group), cmp.Compare(p.inside, o.inside), ahead(p.near, o.near), cmp.Compare(p.declared, o.declared))
}

func priority(d *Delivery) int {
	if d == nil {
		return 0
	}
	return d.Priority
}

// side is the decision under one version.
type side struct {
	placed  []placed
	denials map[string]string // why a deployment of the product may not serve
	refused string            // why none may
}

func (t *Terms) side(c *Customer, product string, ask asking, catalog *Catalog) (s side) {
	s.denials = map[string]string{}
	furthest := CheckNone
	s.refused = fmt.Sprintf("no deployment of %s is offered", product)
	for i := range catalog.Deployments {
		d := &catalog.Deployments[i]
		if d.Product != product {
			continue
		}
		v := t.VerdictFor(ask.request, c, d, ask.api)
		if v.Permitted {
			if _, _, sold := t.Sale(d.Seller, d.Product, d.Cloud); !sold {
				v = denied(CheckPrice, Ref{}, fmt.Sprintf("no sale clause says on which terms %s bills %s on %s", d.Seller, d.Product, d.Cloud))
			}
		}
		if !v.Permitted {
			s.denials[d.ID] = v.Reason
			if v.Failed > furthest {
				furthest, s.refused = v.Failed, v.Reason
			}
			continue
		}
		p := placed{deployment: d.ID, cloud: d.Cloud, seller: v.SellerRank, group: v.Group, order: v.Delivery}
		if v.Delivery != nil && c.Home == d.Cloud {
			p.home = v.Delivery.Choice == "permitted"
			p.near = p.home || v.Delivery.Choice == "group" || v.Delivery.Choice == ""
		}
		if o := v.Delivery; o != nil && (o.Within.Rule == "" || o.Within.Rule == "declared") && v.Group < len(o.Order) {
			p.declared = slices.Index(o.Order[v.Group], d.Cloud)
		}
		if v.Policy != nil {
			p.inside = v.PolicyGroup
			if v.Delivery.Choice == "permitted" {
				p.above = v.PolicyGroup
			}
		}
		s.placed = append(s.placed, p)
	}
	slices.SortStableFunc(s.placed, func(x, y placed) int { return cmp.Or(x.before(&y), strings.Compare(x.deployment, y.deployment)) })
	return s
}

func (s *side) tiers() (tiers []Tier) {
	for i := 0; i < len(s.placed); {
		j := i
		var t Tier
		for ; j < len(s.placed) && s.placed[i].before(&s.placed[j]) == 0; j++ {
			t.Deployments = append(t.Deployments, s.placed[j].deployment)
		}
		if len(t.Deployments) > 1 && s.placed[i].order != nil {
			t.Within = s.placed[i].order.Within.words()
		}
		tiers = append(tiers, t)
		i = j
	}
	return tiers
}

func (s *side) find(deployment string) *placed {
	for i := range s.placed {
		if s.placed[i].deployment == deployment {
			return &s.placed[i]
		}
	}
	return nil
}

// reordered reports whether deployments that are permitted on both sides come in another order.
func reordered(x, y *side) bool {
	var common [][2]*placed
	for i := range x.placed {
		if q := y.find(x.placed[i].deployment); q != nil {
			common = append(common, [2]*placed{&x.placed[i], q})
		}
	}
	for i, p := range common {
		for _, o := range common[:i] {
			before, after := p[0].before(o[0]), p[1].before(o[1])
			if before != after || before == 0 && within(p[0]) != within(p[1]) {
				return true
			}
		}
	}
	return false
}

func within(p *placed) string {
	if p.order == nil {
		return ""
	}
	return p.order.Within.words()
}

// diffDecisions asks both versions about every customer, product and api of a catalog. Customers whom nothing tells apart
// are asked for once.
func diffDecisions(from, to *Terms, catalog *Catalog) []DecisionChange {
	var changes []DecisionChange
	var products []string
	for i := range catalog.Deployments {
		products = union(products, []string{catalog.Deployments[i].Product})
	}
	slices.Sort(products)
	for _, alike := range profiles(catalog.Customers, from, to) {
		for _, product := range products {
			var same []DecisionChange
			for _, api := range surfaces(from, to, product) {
				for _, c := range diffStreams(from, to, alike[0], product, api, catalog) {
					for _, one := range alike {
						c.Customers = append(c.Customers, one.ID)
					}
					if i := slices.IndexFunc(same, c.sameAs); i >= 0 {
						same[i].APIs = append(same[i].APIs, api)
					} else {
						same = append(same, c)
					}
				}
			}
			changes = append(changes, same...)
		}
	}
	return changes
}

// asking is what a decision is asked for beside customer and product.
type asking struct {
	api     API
	request RequestFacts
}

// diffStreams asks for streamed requests apart, where a condition of either version does.
func diffStreams(from, to *Terms, c *Customer, product string, api API, catalog *Catalog) (changes []DecisionChange) {
	plain, moved := diffDecision(from, to, c, product, asking{api: api}, catalog)
	if !from.conditionalOn(condition.Stream) && !to.conditionalOn(condition.Stream) {
		if moved {
			changes = append(changes, plain)
		}
		return changes
	}
	streamed, also := diffDecision(from, to, c, product, asking{api, RequestFacts{Stream: true}}, catalog)
	if moved && also && plain.sameAs(streamed) {
		return append(changes, plain)
	}
	if moved {
		plain.Only = "not streamed"
		changes = append(changes, plain)
	}
	if also {
		streamed.Only = "streamed"
		changes = append(changes, streamed)
	}
	return changes
}

// surfaces are the APIs of a product under either version; "" where it names none.
func surfaces(from, to *Terms, product string) (apis []API) {
	for _, t := range []*Terms{from, to} {
		if p, ok := t.Product(product); ok {
			apis = union(apis, p.APIs)
		}
	}
	if len(apis) == 0 {
		return []API{""}
	}
	return apis
}

// profiles groups customers by everything that terms and region rules see of them.
func profiles(customers []Customer, versions ...*Terms) (groups [][]*Customer) {
	named := map[string]bool{}
	asked := false // a condition may tell any two apart
	for _, t := range versions {
		asked = asked || t.conditionalOn(condition.Customer)
		for _, f := range t.deliveries {
			named[f.Agreement.Policy] = true
			for _, c := range f.Customers {
				named[c] = true
			}
		}
	}
	index := map[string]int{}
	for i := range customers {
		c := &customers[i]
		key := fmt.Sprintf("%q %q %q %q %q", c.Sellers, c.Home, c.Zones, c.Territory, c.Attributes)
		if named[c.ID] || asked {
			key = c.ID + " " + key
		}
		n, known := index[key]
		if !known {
			n = len(groups)
			index[key] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], c)
	}
	return groups
}

func (c DecisionChange) sameAs(o DecisionChange) bool {
	return fmt.Sprint(c.Only, c.Before, c.After, c.RefusedBefore, c.RefusedAfter) == fmt.Sprint(o.Only, o.Before, o.After, o.RefusedBefore, o.RefusedAfter)
}

func diffDecision(from, to *Terms, c *Customer, product string, ask asking, catalog *Catalog) (DecisionChange, bool) {
	x, y := from.side(c, product, ask, catalog), to.side(c, product, ask, catalog)
	change := DecisionChange{Product: product, Before: x.tiers(), After: y.tiers(), Reordered: reordered(&x, &y)}
	if ask.api != "" {
		change.APIs = []API{ask.api}
	}
	if len(x.placed) == 0 {
		change.RefusedBefore = x.refused
	}
	if len(y.placed) == 0 {
		change.RefusedAfter = y.refused
	}
	for i := range catalog.Deployments {
		d := &catalog.Deployments[i]
		if d.Product != product {
			continue
		}
		was, is := x.find(d.ID) != nil, y.find(d.ID) != nil
		switch {
		case is && !was:
			change.Gained = append(change.Gained, Move{d.ID, causes(from, to, c, d, ask)})
		case was && !is:
			change.Lost = append(change.Lost, Move{d.ID, causes(to, from, c, d, ask)})
		}
	}
	return change, len(change.Gained)+len(change.Lost) > 0 || change.Reordered
}

// causes are the checks that deny a deployment under one version and not under the other.
func causes(denying, permitting *Terms, c *Customer, d *Deployment, ask asking) (cs []Cause) {
	p, known := permitting.Product(d.Product)
	q, before := denying.Product(d.Product)
	if !known || !before {
		return []Cause{{Check: CheckCloud, Reason: fmt.Sprintf("no agreement in force knows the product %s", d.Product)}}
	}
	yes := permitting.checks(question{customer: c, deployment: d, product: p, api: ask.api, request: ask.request})
	for i, no := range denying.checks(question{customer: c, deployment: d, product: q, api: ask.api, request: ask.request}) {
		if no.ok || !yes[i].ok {
			continue
		}
		cause := Cause{Check: no.check, Reason: no.reason}
		for _, ref := range []Ref{no.clause, yes[i].clause} {
			if ref != (Ref{}) {
				cause.Clauses = union(cause.Clauses, []Ref{ref})
			}
		}
		cs = append(cs, cause)
	}
	return cs
}

// saleCatalog offers every product on every cloud by every seller that a sale clause of either version names. Each seller
// has customers of its own, and so has whoever a clause names.
func saleCatalog(versions ...*Terms) *Catalog {
	c := &Catalog{}
	seen, buyers := map[string]bool{}, map[string]bool{}
	for _, t := range versions {
		var clouds []string
		for cloud := range t.registry.operators {
			clouds = append(clouds, cloud)
		}
		slices.Sort(clouds)
		for _, f := range t.clauses {
			sale, ok := f.Clause.(*Sale)
			if !ok {
				continue
			}
			c.offer(t.registry.products, clouds, sale, "", seen)
			if id := "customers of " + sale.Seller; !buyers[id] {
				buyers[id] = true
				c.Customers = append(c.Customers, Customer{ID: id, Sellers: [][]string{{sale.Seller}}})
			}
		}
	}
	slices.SortFunc(c.Deployments, func(x, y Deployment) int {
		return cmp.Or(strings.Compare(x.Product, y.Product), strings.Compare(x.Seller, y.Seller), strings.Compare(x.ID, y.ID))
	})
	slices.SortFunc(c.Customers, func(x, y Customer) int { return strings.Compare(x.ID, y.ID) })
	for _, t := range versions {
		for _, f := range t.deliveries {
			for _, id := range append(slices.Clone(f.Customers), f.Agreement.Policy) {
				if id != "" && !buyers[id] {
					buyers[id] = true
					c.Customers = append(c.Customers, c.AnyBuyer(id))
				}
			}
		}
	}
	return c
}
