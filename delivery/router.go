package delivery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"concord/agreement"
	"concord/agreement/condition"
	"concord/money"
)

// Router is terms and catalog compiled for deciding; immutable, safe for concurrent use.
type Router struct {
	terms     *agreement.Terms
	catalog   *agreement.Catalog
	books     Books
	at        int64 // the instant whose prices checked it
	places    []place
	byID      map[string]int
	customers map[string]*agreement.Customer
	profiles  map[string]int // customer -> whose routes are alike
	routes    map[routeKey]routes
	ranks     map[*agreement.Delivery]int // which ordering clause comes first
	unpriced  bool                        // there are no books, and check 6 asks for a sale clause only
}

type routeKey struct {
	profile int
	product string
	api     agreement.API
}

// routes are the two of an answer in one piece and of a stream; they are one where no condition asks for streams.
type routes struct{ whole, streamed *route }

func (r *routes) of(stream bool) *route {
	if stream {
		return r.streamed
	}
	return r.whole
}

// A route is what health and the draw still have to order: candidates in the order of the terms.
type route struct {
	candidates []candidate
	segments   []segment
}

type candidate struct {
	deployment int
	sellerRank int
	group      int
	level      int     // dense rank of (seller rank, ordering clause, group): a higher level is tried only for a reason
	first      bool    // ahead of the whole order by the customer's choice
	choice     bool    // ahead of others by the customer's choice
	leave      reasons // for which its group may be left
	needs      reasons // why earlier groups are out of the question, whatever their health
	policy     ranking // by the customer's own policy
}

// A segment is a run of candidates; with slots their order is drawn anew for every request.
type segment struct {
	from, to int
	slots    []slot
	total    int64
	salt     uint64
}

// A slot is a cloud in a draw. It takes part even if no candidate runs on it, so that who is permitted does not change
// the order of the others.
type slot struct {
	weight   int64
	from, to int
}

// Compile prepares decisions under terms, with the prices in force at at. It reports what is wrong with customers and
// deployments as findings; a deployment that no customer may be served by is a warning only.
func Compile(t *agreement.Terms, c *agreement.Catalog, b Books, at int64) (*Router, []agreement.Finding) {
	return compile(t, c, b, at, false)
}

// CompileUnpriced prepares decisions where nobody gave price books: check 6 asks for a sale clause only, nothing is cheaper
// than anything else, and nothing can be charged. It is for questions about agreements alone; nothing is served by it.
func CompileUnpriced(t *agreement.Terms, c *agreement.Catalog, at int64) (*Router, []agreement.Finding) {
	return compile(t, c, nil, at, true)
}

func compile(t *agreement.Terms, c *agreement.Catalog, b Books, at int64, unpriced bool) (*Router, []agreement.Finding) {
	r := &Router{
		unpriced: unpriced,
		terms:    t, catalog: c, books: b, at: at,
		byID:      make(map[string]int, len(c.Deployments)),
		customers: make(map[string]*agreement.Customer, len(c.Customers)),
		profiles:  make(map[string]int, len(c.Customers)),
		routes:    make(map[routeKey]routes),
		ranks:     rankClauses(t),
	}
	for i := range c.Deployments {
		if _, twice := r.byID[c.Deployments[i].ID]; !twice {
			r.byID[c.Deployments[i].ID] = i
		}
		r.places = append(r.places, r.place(&c.Deployments[i]))
	}
	return r, r.compileRoutes()
}

// compileRoutes settles every (customer, product, api); customers who cannot differ share their routes.
func (r *Router) compileRoutes() []agreement.Finding {
	f := findings{router: r, served: make([]bool, len(r.places)), denied: make([]agreement.Verdict, len(r.places))}
	f.words()
	conditional := r.terms.Conditional()
	named := r.namedCustomers()
	profiles := make(map[string]int)
	for i := range r.catalog.Customers {
		c := &r.catalog.Customers[i]
		if _, twice := r.customers[c.ID]; twice {
			continue
		}
		r.customers[c.ID] = c
		key := profileKey(c, named[c.ID], conditional)
		n, known := profiles[key]
		if !known {
			n = len(profiles)
			profiles[key] = n
		}
		r.profiles[c.ID] = n
		if known {
			continue
		}
		for _, p := range r.terms.Products() {
			for _, api := range surfaces(p) {
				verdicts := r.judge(c, p.ID, api, false)
				f.take(verdicts)
				both := routes{whole: r.build(c, verdicts)}
				both.streamed = both.whole
				if slices.Contains(conditional, condition.Stream) {
					verdicts = r.judge(c, p.ID, api, true)
					f.take(verdicts)
					both.streamed = r.build(c, verdicts)
				}
				r.routes[routeKey{n, p.ID, api}] = both
			}
		}
	}
	f.places()
	return f.list
}

// Terms returns the terms that the router was compiled from.
func (r *Router) Terms() *agreement.Terms { return r.terms }

// Catalog returns the catalog that the router was compiled from.
func (r *Router) Catalog() *agreement.Catalog { return r.catalog }

// Deployment returns the index of a deployment in the catalog.
func (r *Router) Deployment(id string) (int, bool) {
	i, ok := r.byID[id]
	return i, ok
}

// surfaces are the APIs of a product; one that names none is offered on every surface.
func surfaces(p *agreement.Product) []agreement.API {
	if len(p.APIs) > 0 {
		return p.APIs
	}
	return []agreement.API{agreement.Chat, agreement.Responses, agreement.Embeddings, agreement.Completions,
		agreement.Images, agreement.Audio, agreement.Moderations}
}

// namedCustomers are those that a clause or a policy speaks of by name.
func (r *Router) namedCustomers() map[string]bool {
	named := make(map[string]bool)
	for _, in := range r.terms.Clauses() {
		if in.Agreement != nil && in.Agreement.Policy != "" {
			named[in.Agreement.Policy] = true
		}
		if d, ok := in.Clause.(*agreement.Delivery); ok {
			for _, c := range d.Customers {
				named[c] = true
			}
		}
	}
	return named
}

// profileKey tells customers apart whose routes may differ: by what they are, and by what clauses and conditions ask of them.
func profileKey(c *agreement.Customer, named bool, conditional []condition.Name) string {
	var b strings.Builder
	if slices.Contains(conditional, condition.Attributes) {
		fmt.Fprintf(&b, "%q ", c.Attributes)
	}
	if named || slices.Contains(conditional, condition.Customer) {
		fmt.Fprintf(&b, "%q ", c.ID)
	}
	fmt.Fprintf(&b, "%q %q %q %q", c.Sellers, c.Home, c.Zones, c.Territory)
	return b.String()
}

// rankClauses orders the clauses that may order deployments: by priority, then canonically.
func rankClauses(t *agreement.Terms) map[*agreement.Delivery]int {
	var all []*agreement.Delivery
	for _, in := range t.Clauses() {
		if d, ok := in.Clause.(*agreement.Delivery); ok {
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(a, b *agreement.Delivery) int { return cmp.Compare(b.Priority, a.Priority) })
	ranks := make(map[*agreement.Delivery]int, len(all))
	for i, d := range all {
		ranks[d] = i
	}
	return ranks
}

// sorting is a candidate with what it is ordered by.
type sorting struct {
	candidate
	own    *agreement.Delivery // the clause of the customer's own policy that orders; nil = there is none
	clause *agreement.Delivery
	rank   int // of the clause
	within int // place of the cloud in its group, or of its slot
	price  money.Amount
	cost   money.Amount
	cloud  string
	id     string
	paid   bool // provisioned capacity
}

// build orders what the verdicts permit: seller, choice, order, within, deployment id. Health comes later.
func (r *Router) build(c *agreement.Customer, verdicts []agreement.Verdict) *route {
	all := r.permitted(c, verdicts)
	slices.SortFunc(all, compare)

	rt := &route{}
	level := 0
	for i := range all {
		rt.candidates = append(rt.candidates, all[i].candidate)
	}
	byLevel := make([]int, len(all))
	for i := range all {
		byLevel[i] = i
	}
	slices.SortStableFunc(byLevel, func(a, b int) int { return compareLevel(&all[a], &all[b]) })
	for n, i := range byLevel {
		if n > 0 && compareLevel(&all[byLevel[n-1]], &all[i]) != 0 {
			level++
		}
		rt.candidates[i].level = level
	}
	rt.segments = segments(all)
	return rt
}

// permitted returns what the verdicts permit, with what it is ordered by, in the order of the catalog.
func (r *Router) permitted(c *agreement.Customer, verdicts []agreement.Verdict) []sorting {
	var all []sorting
	for i := range verdicts {
		if verdicts[i].Permitted {
			all = append(all, r.sorting(c, i, &verdicts[i]))
		}
	}
	for i := range all {
		all[i].markChoice(all)
		all[i].markPolicy(all)
		all[i].needs = r.staticReasons(c, &all[i], all, verdicts)
		all[i].policy.needs = r.policyReasons(c, &all[i], all, verdicts)
	}
	return all
}

func (r *Router) sorting(c *agreement.Customer, deployment int, v *agreement.Verdict) sorting {
	d := &r.catalog.Deployments[deployment]
	s := sorting{
		candidate: candidate{deployment: deployment, sellerRank: v.SellerRank, group: v.Group, leave: allReasons},
		clause:    v.Delivery, rank: len(r.ranks), cloud: d.Cloud, id: d.ID,
		price: r.places[deployment].price, cost: r.places[deployment].cost, paid: d.Provisioned,
	}
	if s.clause == nil {
		return s
	}
	s.rank = r.ranks[s.clause]
	s.byPolicy(v)
	if s.clause.LeaveFor != nil {
		s.leave = reasonsOf(s.clause.LeaveFor)
	}
	s.within = slices.Index(groupOf(s.clause, s.group), d.Cloud)
	if s.clause.Within.Rule == "weighted" {
		s.within = slices.Index(slotClouds(s.clause, s.group), d.Cloud)
	}
	if s.within < 0 {
		s.within = len(r.catalog.Deployments) + len(s.clause.Within.Weights)
	}
	if c.Home == d.Cloud {
		s.first = s.clause.Choice == "permitted"
		s.choice = s.first || s.clause.Choice == "group" || s.clause.Choice == ""
	}
	return s
}

// markChoice keeps the mark only where the choice moves something: a home cloud alone in its place chose nothing.
func (s *sorting) markChoice(all []sorting) {
	if !s.choice {
		return
	}
	for i := range all {
		o := &all[i]
		if o.cloud != s.cloud && o.sellerRank == s.sellerRank && o.policy.group == s.policy.group && (s.first || compareLevel(s, o) == 0) {
			return
		}
	}
	s.choice, s.first = false, false
}

// staticReasons are the reasons for which earlier groups are out of the question for this customer, whatever their
// health: the region rule denies them, or they do not serve the surface. They too must be reasons to leave.
func (r *Router) staticReasons(c *agreement.Customer, s *sorting, all []sorting, verdicts []agreement.Verdict) reasons {
	var why reasons
	for g := 0; s.clause != nil && g < s.group; g++ {
		if slices.ContainsFunc(all, func(o sorting) bool {
			return o.clause == s.clause && o.group == g && o.sellerRank == s.sellerRank
		}) {
			continue
		}
		for i := range verdicts {
			d := &r.catalog.Deployments[i]
			if !slices.Contains(groupOf(s.clause, g), d.Cloud) || sellerRank(c, d.Seller) != s.sellerRank || s.prefers(d.Cloud) {
				continue
			}
			switch verdicts[i].Failed {
			case agreement.CheckRegion:
				why |= reasonRegion
			case agreement.CheckAPI:
				why |= reasonUnsupported
			default:
			}
		}
	}
	return why
}

func sellerRank(c *agreement.Customer, seller string) int {
	return slices.IndexFunc(c.Sellers, func(alike []string) bool { return slices.Contains(alike, seller) })
}

func compareLevel(a, b *sorting) int {
	return cmp.Or(cmp.Compare(a.sellerRank, b.sellerRank), cmp.Compare(a.rank, b.rank), cmp.Compare(a.group, b.group))
}

func compare(a, b sorting) int {
	if n := cmp.Or(cmp.Compare(a.sellerRank, b.sellerRank), cmp.Compare(a.policy.over(), b.policy.over()),
		ahead(a.first, b.first), cmp.Compare(a.rank, b.rank), cmp.Compare(a.group, b.group),
		cmp.Compare(a.policy.group, b.policy.group), ahead(a.choice, b.choice)); n != 0 {
		return n
	}
	within := 0
	switch {
	case a.clause == nil:
	case a.clause.Within.Rule == "cheapest":
		within = cmp.Or(a.price.Cmp(b.price), ahead(a.paid, b.paid), a.cost.Cmp(b.cost))
	default:
		within = cmp.Compare(a.within, b.within)
	}
	return cmp.Or(within, ahead(a.paid, b.paid), cmp.Compare(a.id, b.id))
}

func ahead(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// groupOf returns the clouds of a group; none if the clause does not list it.
func groupOf(d *agreement.Delivery, group int) []string {
	if group < 0 || group >= len(d.Order) {
		return nil
	}
	return d.Order[group]
}
