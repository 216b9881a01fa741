package agreement

import "time"

// A Set is several agreements loaded together, in a fixed order.
type Set struct {
	agreements []*Agreement
}

// Ref points at a clause.
type Ref struct {
	Agreement string
	Clause    string
}

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
	Group      int       // index into Delivery.Order
}

// InForce is a clause and the agreement it stands in.
type InForce struct {
	Agreement *Agreement
	Amendment *Amendment // which added or last replaced it
	Clause    Clause
}

// Interval is the span of a set's history during which the terms are the same.
type Interval struct {
	From, Until time.Time // Until is exclusive; zero = open
	Terms       *Terms
}

// Terms are the clauses and facts in force at an instant, compiled. They are immutable and safe for concurrent use.
type Terms struct {
	hash        Hash
	from, until time.Time
	clauses     []InForce
}

// NewSet loads agreements together.
func NewSet(agreements ...*Agreement) *Set { return &Set{agreements: agreements} }

// AsOf returns the terms in force at effective, as far as they were known at known.
func (s *Set) AsOf(effective, known time.Time) (*Terms, error) { panic("stub") }

// Timeline returns the intervals of the set's history, as known at known, in order and without gaps.
func (s *Set) Timeline(known time.Time) ([]Interval, error) { panic("stub") }

// Agreements returns the documents of the set.
func (s *Set) Agreements() []*Agreement { return s.agreements }

// Hash identifies the terms: canonical compiled clauses, parties and products of all agreements, and the facts in force.
func (t *Terms) Hash() Hash { return t.hash }

// Clauses returns the clauses in force in canonical order (agreement, then id).
func (t *Terms) Clauses() []InForce { return t.clauses }

// Product finds a product by its id or by an alias.
func (t *Terms) Product(model string) (*Product, bool) { panic("stub") }

// Products returns all products, by id.
func (t *Terms) Products() []*Product { panic("stub") }

// Operator returns the party that runs a cloud.
func (t *Terms) Operator(cloud string) (party string, ok bool) { panic("stub") }

// Party finds a party by id.
func (t *Terms) Party(id string) (*Party, bool) { panic("stub") }

// Verdict makes checks 1 to 5 (and the API check) for one deployment and one customer. It allocates; delivery compiles
// its answers into tables.
func (t *Terms) Verdict(c *Customer, d *Deployment, api API) Verdict { panic("stub") }

// Sale returns the one sale clause under which seller bills product on cloud.
func (t *Terms) Sale(seller, product, cloud string) (InForce, *Sale, bool) { panic("stub") }

// Shares returns the revenue shares in force, those that others rest on first.
func (t *Terms) Shares() []InForce { panic("stub") }

// Capacity returns the commitment under which buyer pays seller for running things on seller's clouds, or false.
func (t *Terms) Capacity(buyer, seller, cloud string) (InForce, *Commitment, bool) { panic("stub") }

// Provenance returns how well a field of a clause is known; field "" is the clause as a whole.
func (f InForce) Provenance(field string) Provenance { panic("stub") }
