package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/agreement/condition"
	"concord/delivery"
)

// A Scene is where questions are asked: agreements, what is offered under them to whom, and at which prices. It is not safe
// for concurrent use.
type Scene struct {
	Set     *agreement.Set
	Catalog *agreement.Catalog
	Books   delivery.Books // none = prices are left out of every decision
	Known   time.Time      // what was recorded later does not count
	// Derived says that the catalog comes from the sale clauses, so that customers and places are supposed.
	Derived bool
}

// A Question is a request that was never made.
type Question struct {
	At        time.Time
	Customer  string // "" = Anyone
	Product   string // id or alias
	API       agreement.API
	Stream    bool
	Region    string // the residency zone that the customer asks for; "" = what the catalog says
	Territory string // where the customer is; "" = what the catalog says
	Home      string // the customer's home cloud; "" = what the catalog says
	Cloud     string // only deployments on this cloud are asked about; "" = all
	// Attributes are the customer's, for conditions; nil = what the catalog says.
	Attributes []condition.Attribute
}

// Anyone is the supposed customer of a question that names none: it buys from every seller and prefers none.
const Anyone = "anyone"

// A Decision is the answer to a question.
type Decision struct {
	Question Question // with what was left open filled in
	Product  *agreement.Product
	Customer *agreement.Customer
	Router   *delivery.Router
	Facts    delivery.Facts
	Plan     delivery.Plan
	Verdicts []agreement.Verdict // by deployment of the router's catalog
	Why      []delivery.Reason   // by step of the plan
}

// Decide answers a question by the code that decides live requests. An error says that the question itself names something
// that does not exist.
func (s *Scene) Decide(q Question) (*Decision, error) {
	terms, err := s.Set.AsOf(q.At, s.Known)
	if err != nil {
		return nil, err
	}
	d := &Decision{Question: q}
	var known bool
	if d.Product, known = terms.Product(q.Product); !known {
		return nil, fmt.Errorf("no agreement knows the product %q; known are: %s", q.Product, strings.Join(productNames(terms), ", "))
	}
	d.Question.Product = d.Product.ID
	catalog, customer, err := s.stage(q)
	if err != nil {
		return nil, err
	}
	d.Customer, d.Question.Customer = customer, customer.ID
	if q.API == "" {
		d.Question.API = surface(d.Product)
	} else if len(d.Product.APIs) > 0 && !slices.Contains(d.Product.APIs, q.API) {
		return nil, fmt.Errorf("%s is not offered by the surface %q; it has: %s", d.Product.ID, q.API, join(d.Product.APIs))
	}
	at := q.At.UnixNano()
	if len(s.Books) == 0 {
		d.Router, _ = delivery.CompileUnpriced(terms, catalog, at)
	} else {
		d.Router, _ = delivery.Compile(terms, catalog, s.Books, at)
	}
	d.Facts = delivery.Facts{At: at, Customer: customer.ID, Product: d.Product.ID, API: d.Question.API, Stream: q.Stream}
	d.Router.Plan(d.Facts, nil, &d.Plan)
	d.Verdicts = d.Router.Explain(d.Facts)
	d.Why = d.Router.Why(&d.Plan)
	return d, nil
}

// stage returns the catalog as the question wants it, and the customer who asks.
func (s *Scene) stage(q Question) (*agreement.Catalog, *agreement.Customer, error) {
	c := &agreement.Catalog{Customers: slices.Clone(s.Catalog.Customers)}
	for _, d := range s.Catalog.Deployments {
		if q.Cloud == "" || d.Cloud == q.Cloud {
			if s.Derived && q.Region != "" {
				d.Zone = q.Region
			}
			c.Deployments = append(c.Deployments, d)
		}
	}
	if q.Cloud != "" && !slices.ContainsFunc(s.Catalog.Deployments, func(d agreement.Deployment) bool { return d.Cloud == q.Cloud }) {
		return nil, nil, fmt.Errorf("no deployment is on the cloud %q; there are deployments on: %s", q.Cloud, strings.Join(cloudsOf(s.Catalog), ", "))
	}
	name := q.Customer
	if name == "" {
		name = Anyone
	}
	i := slices.IndexFunc(c.Customers, func(o agreement.Customer) bool { return o.ID == name })
	switch {
	case i >= 0:
	case s.Derived || name == Anyone:
		c.Customers = append(c.Customers, s.Catalog.AnyBuyer(name))
		i = len(c.Customers) - 1
	default:
		var ids []string
		for _, o := range c.Customers {
			ids = append(ids, o.ID)
		}
		return nil, nil, fmt.Errorf("the catalog has no customer %q; it has: %s", name, strings.Join(ids, ", "))
	}
	customer := &c.Customers[i]
	if q.Region != "" {
		customer.Zones = []string{q.Region}
	}
	if q.Home != "" {
		customer.Home = q.Home
	}
	if q.Territory != "" {
		customer.Territory = q.Territory
	}
	if q.Attributes != nil {
		customer.Attributes = q.Attributes
	}
	return c, customer, nil
}

// surface is what a client would use first.
func surface(p *agreement.Product) agreement.API {
	if len(p.APIs) == 0 || slices.Contains(p.APIs, agreement.Chat) {
		return agreement.Chat
	}
	return p.APIs[0]
}

func productNames(t *agreement.Terms) []string {
	var names []string
	for _, p := range t.Products() {
		names = append(names, p.ID)
	}
	return names
}

func cloudsOf(c *agreement.Catalog) []string {
	var clouds []string
	for i := range c.Deployments {
		clouds = append(clouds, c.Deployments[i].Cloud)
	}
	slices.Sort(clouds)
	return slices.Compact(clouds)
}

func join[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}
