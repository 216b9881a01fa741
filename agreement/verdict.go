package agreement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"concord/agreement/condition"
)

// Check is one of the six checks of who may serve (FORMAT: "Who may serve"), in their order.
type Check uint8

// The checks.
const (
	CheckNone    Check = iota // nothing failed
	CheckSeller               // 1 the customer buys from the deployment's seller
	CheckCloud                // 2 a delivery clause permits the cloud and none prohibits it
	CheckLicense              // 3 the seller owns the product or may serve it there
	CheckHost                 // 4 the account holder is the seller, or the operator may host
	CheckRegion               // 5 the customer's region rule admits the region
	CheckPrice                // 6 there is a price and, on another party's cloud, a cost
	CheckAPI                  // the deployment serves the surface that was asked for
)

// String returns the word for a check.
func (c Check) String() string {
	names := [...]string{"none", "seller", "cloud", "license", "host", "region", "price", "api"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("check(%d)", uint8(c))
}

// A Verdict says whether a deployment may serve a customer, and why.
type Verdict struct {
	Permitted bool
	Failed    Check
	Clause    Ref    // what allowed (the delivery clause) or denied; zero = "no clause"
	License   Ref    // what lets the seller serve; zero = the seller owns the product, or OpenWeights
	Reason    string // for people: "openai may run openai/gpt-5.4 on azure only (api-exclusivity)"
	// Ranking, where permitted.
	Delivery   *Delivery // the clause that orders; nil = unordered
	SellerRank int       // index into Customer.Sellers
	Group      int       // index into Delivery.Order; its length where that does not list the cloud
	// Policy is the clause of the customer's own policy that orders too; nil = there is none, or the agreement lets
	// customers choose nothing.
	Policy      *Delivery
	PolicyGroup int // index into Policy.Order
}

// question is what a verdict is asked for.
type question struct {
	customer   *Customer
	deployment *Deployment
	product    *Product
	api        API
	request    RequestFacts
}

// Verdict is VerdictFor a request that is not streamed.
func (t *Terms) Verdict(c *Customer, d *Deployment, api API) Verdict {
	return t.VerdictFor(RequestFacts{}, c, d, api)
}

// VerdictFor makes checks 1 to 5 (and the API check) for one deployment and one customer. It allocates; delivery compiles
// its answers into tables. An empty api asks for no surface in particular.
func (t *Terms) VerdictFor(request RequestFacts, c *Customer, d *Deployment, api API) Verdict {
	p, known := t.Product(d.Product)
	if !known {
		return denied(CheckCloud, Ref{}, fmt.Sprintf("no agreement in force knows the product %s", d.Product))
	}
	rank := slices.IndexFunc(c.Sellers, func(alike []string) bool { return slices.Contains(alike, d.Seller) })
	if rank < 0 {
		return denied(CheckSeller, Ref{}, fmt.Sprintf("%s does not buy from %s", c.ID, d.Seller))
	}
	q := question{c, d, p, api, request}
	v := t.cloud(q)
	if v.Failed != CheckNone {
		return v
	}
	v.SellerRank = rank
	if v.License, v.Reason = t.holds(d.Seller, Serve, q); v.Reason != "" {
		return denied(CheckLicense, v.License, v.Reason)
	}
	if d.Holder != d.Seller {
		if ref, reason := t.hosts(q); reason != "" {
			return denied(CheckHost, ref, reason)
		}
	}
	if reason := region(c, d); reason != "" {
		return denied(CheckRegion, Ref{}, reason)
	}
	if !serves(p, d, api) {
		return denied(CheckAPI, Ref{}, fmt.Sprintf("%s does not serve %s for %s", d.ID, api, p.ID))
	}
	v.Permitted = true
	v.Reason = fmt.Sprintf("%s may be delivered on %s (%s)", p.ID, d.Cloud, v.Clause)
	return v
}

func denied(check Check, clause Ref, reason string) Verdict {
	return Verdict{Failed: check, Clause: clause, Reason: reason}
}

// hosts reports by an empty reason that the operator of the deployment's cloud may host the product there.
func (t *Terms) hosts(q question) (Ref, string) {
	operator, ok := t.Operator(q.deployment.Cloud)
	if !ok {
		return Ref{}, fmt.Sprintf("no party operates %s, so nobody may host %s there", q.deployment.Cloud, q.product.ID)
	}
	return t.holds(operator, Host, q)
}

func region(c *Customer, d *Deployment) string {
	switch {
	case len(c.Zones) == 0 || slices.Contains(c.Zones, d.Zone):
		return ""
	case d.Zone == "":
		return fmt.Sprintf("%s is processed in %s only, and %s does not say where it runs", c.ID, words(c.Zones, "or"), d.ID)
	}
	return fmt.Sprintf("%s is processed in %s only, and %s runs in %s", c.ID, words(c.Zones, "or"), d.ID, d.Zone)
}

func serves(p *Product, d *Deployment, api API) bool {
	if api == "" {
		return true
	}
	return admits(p.APIs, api) && admits(d.APIs, api)
}

// A stance is what one delivery clause says of one deployment.
type stance struct {
	f      *inForceDelivery
	permit bool
	reason string // why not, where it prohibits
}

// cloud makes check 2 and finds the clause that orders.
func (t *Terms) cloud(q question) Verdict {
	var permits, narrowing []stance
	var ban *stance
	for start := 0; start < len(t.deliveries); {
		end := start + 1
		for end < len(t.deliveries) && t.deliveries[end].Agreement == t.deliveries[start].Agreement {
			end++
		}
		agreed := t.stances(q, t.deliveries[start:end])
		start = end
		if len(agreed) == 0 {
			continue
		}
		switch {
		case agreed[0].reason != "":
			if ban == nil {
				ban = &agreed[0]
			}
		case agreed[0].f.Agreement.Policy != "":
			narrowing = append(narrowing, agreed...)
		default:
			permits = append(permits, agreed...)
		}
	}
	if ban != nil {
		return denied(CheckCloud, ban.f.Ref(), ban.reason)
	}
	if reason := t.retired(q.product.ID, q.deployment.Cloud); reason != "" {
		return denied(CheckCloud, Ref{}, reason)
	}
	if len(permits) == 0 {
		return denied(CheckCloud, Ref{}, fmt.Sprintf("no clause permits %s on %s%s", q.product.ID, q.deployment.Cloud, t.unmet(q)))
	}
	v := Verdict{Clause: permits[0].f.Ref()}
	order := t.ordering(q)
	if order == nil && len(narrowing) > 0 {
		order = narrowing[0].f
	}
	if order == nil {
		return v
	}
	v.Delivery = order.Delivery
	v.Group = order.group(q.deployment.Cloud)
	if slices.ContainsFunc(permits, func(s stance) bool { return s.f.Delivery == order.Delivery }) {
		v.Clause = order.Ref()
	}
	t.rankByPolicy(q, &v)
	return v
}

// stances returns what decides among the clauses of one agreement: its permissions, or one prohibition. Of clauses that
// disagree the higher priority decides, then the agreement's rule for conflicts, where "invalid", which Lint reports as an
// error, prohibits.
func (t *Terms) stances(q question, clauses []inForceDelivery) []stance {
	var all []stance
	for i := range clauses {
		if s, ok := t.stance(q, &clauses[i]); ok {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	top := slices.MaxFunc(all, func(x, y stance) int { return cmp.Compare(x.f.Priority, y.f.Priority) }).f.Priority
	var permits, bans []stance
	for _, s := range all {
		switch {
		case s.f.Priority < top:
		case s.permit:
			permits = append(permits, s)
		default:
			bans = append(bans, s)
		}
	}
	if len(bans) > 0 && (len(permits) == 0 || clauses[0].Agreement.Conflicts != Permit) {
		return bans[:1]
	}
	return permits
}

// stance returns what a clause says of a deployment; false if it says nothing.
func (t *Terms) stance(q question, f *inForceDelivery) (stance, bool) {
	inside, possibly := f.scope(q)
	cloud := q.deployment.Cloud
	if f.abroad(q) {
		reason := fmt.Sprintf("%s has %s%s only (%s)", f.Agreement.Policy, q.product.ID, strings.TrimPrefix(f.Territory.words(), ","), f.ID)
		return stance{f: f, reason: reason}, true
	}
	listed := slices.ContainsFunc(f.Order, func(group []string) bool { return slices.Contains(group, cloud) })
	ban := func(format string, args ...any) (stance, bool) {
		reason := fmt.Sprintf(format, args...)
		if f.condition != nil && f.truth(q) == condition.Unknown {
			reason += ", whose condition is unknown here and binds"
		}
		return stance{f: f, reason: reason}, true
	}
	switch {
	case !possibly:
		return stance{}, false
	case f.Mode == Prohibited && listed:
		return ban("%s may not be delivered on %s (%s)", q.product.ID, cloud, f.ID)
	case f.Mode == Prohibited:
		return stance{}, false
	case !listed && (f.Mode == Exclusive || f.Agreement.Policy != ""):
		return ban("%s may run %s on %s only (%s)", f.who(q), q.product.ID, words(slices.Concat(f.Order...), "and"), f.ID)
	}
	if reason := t.unshipped(q, f); reason != "" {
		return ban("%s", reason)
	}
	if reason := t.unoffered(q, f); reason != "" {
		return ban("%s", reason)
	}
	if !listed || !inside {
		return stance{}, false
	}
	return stance{f: f, permit: true}, true
}

// abroad reports whether a policy's clause is about a question but for its territory: what a policy permits in some places
// it prohibits in all others, and where nobody says which.
func (f *inForceDelivery) abroad(q question) bool {
	if f.Agreement.Policy == "" || f.Mode == Prohibited {
		return false
	}
	if inside, _ := f.Territory.holds(q); inside {
		return false
	}
	anywhere := *f.Delivery
	anywhere.Territory = Territory{}
	inside, _ := (&inForceDelivery{f.InForce, &anywhere}).scope(q)
	return inside
}

// who is the party that an exclusive delivery binds: the product's owner, or the customer whose policy it is.
func (f *inForceDelivery) who(q question) string { return cmp.Or(f.Agreement.Policy, q.product.Owner) }

// scope reports whether a clause is about a question, and whether it may be: where a deployment does not say where it
// runs, no permission for a territory covers it, and every prohibition does.
func (f *inForceDelivery) scope(q question) (inside, possibly bool) {
	policy := f.Agreement.Policy
	if !f.Products.Matches(q.product.ID) || !admits(f.Customers, q.customer.ID) ||
		policy != "" && policy != q.customer.ID || !admits(f.States, q.product.State) ||
		q.api != "" && !admits(f.APIs, q.api) {
		return false, false
	}
	if inside, possibly = f.Territory.holds(q); !possibly {
		return false, false
	}
	holds, may := f.when(q)
	return inside && holds, may
}

// holds reports whether a territory holds both ends of a request, and whether it may.
func (t *Territory) holds(q question) (inside, possibly bool) {
	at := func(list []string, where string) (bool, bool) {
		in := admits(list, where)
		return in, in || where == ""
	}
	buyer, maybeBuyer := at(t.Customer, q.customer.Territory)
	run, maybeRun := at(t.Processing, q.deployment.Zone)
	return buyer && run, maybeBuyer && maybeRun
}

// ordering returns the clause that orders a product's deployments for a customer: of the agreements to which the
// product's owner is party, the clause of highest priority, then the first in canonical order.
func (t *Terms) ordering(q question) *inForceDelivery {
	var best *inForceDelivery
	for i := range t.deliveries {
		f := &t.deliveries[i]
		if f.Mode == Prohibited || f.Agreement.Policy != "" || !f.Agreement.has(q.product.Owner) {
			continue
		}
		if inside, _ := f.scope(q); inside && (best == nil || f.Priority > best.Priority) {
			best = f
		}
	}
	return best
}

// has reports whether a company is party to an agreement.
func (a *Agreement) has(party string) bool {
	return slices.ContainsFunc(a.Parties, func(p Party) bool { return p.ID == party })
}

func (d *Delivery) group(cloud string) int {
	for i, group := range d.Order {
		if slices.Contains(group, cloud) {
			return i
		}
	}
	return len(d.Order)
}

// words joins a list for people: "a, b and c".
func words(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " " + last + " " + list[len(list)-1]
}
