package agreement

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement/condition"
)

// A Set is several agreements loaded together, in a fixed order. It is immutable and safe for concurrent use.
type Set struct {
	agreements []*Agreement
	registry   *registry
}

// Ref points at a clause.
type Ref struct {
	Agreement string
	Clause    string
}

// String returns the clause's id; the agreement is named where it stands.
func (r Ref) String() string { return r.Clause }

// InForce is a clause and the agreement it stands in.
type InForce struct {
	Agreement *Agreement
	Amendment *Amendment // which added or last replaced it
	Clause    Clause
	Since     time.Time            // start of the clause id's first version; running totals begin there
	start     time.Time            // of this version; zero = with its amendment
	encoded   []byte               // its canonical bytes, which all intervals share
	condition *condition.Condition // its when; nil = it holds for every request
}

// Ref points at the clause.
func (f InForce) Ref() Ref { return Ref{f.Agreement.Name, f.Clause.Head().ID} }

// Interval is the span of a set's history during which the terms are the same.
type Interval struct {
	From, Until time.Time // Until is exclusive; zero = open
	Terms       *Terms
}

// Terms are the clauses and facts in force at an instant, compiled. They are immutable and safe for concurrent use.
type Terms struct {
	hash        Hash
	from, until time.Time
	agreements  []*Agreement // by name
	registry    *registry
	clauses     []InForce
	deliveries  []inForceDelivery
	licenses    []inForceLicense
	shares      []InForce
	facts       []inForceFact
	elapsed     []elapsed
}

type inForceDelivery struct {
	InForce
	*Delivery
}

type inForceLicense struct {
	InForce
	*License
}

// inForceFact is a fact that has happened.
type inForceFact struct {
	agreement *Agreement
	*Fact
}

// elapsed is a time that ran from a fact for a clause and is over: a lead or a window.
type elapsed struct {
	agreement, clause, fact string
}

// maxIntervals bounds the history of a set, and with it the memory of its timeline.
const maxIntervals = 1000

// maxInstants bounds the instants from which intervals are made, however many of them are the same.
const maxInstants = 300 * maxIntervals

// ErrTooManyIntervals says that the terms change more often than Timeline holds.
var ErrTooManyIntervals = errors.New("agreement: terms change too often")

// NewSet loads agreements together.
func NewSet(agreements ...*Agreement) *Set {
	return &Set{agreements: agreements, registry: newRegistry(agreements)}
}

// Agreements returns the documents of the set.
func (s *Set) Agreements() []*Agreement { return s.agreements }

// AsOf returns the terms in force at effective, as far as they were known at known. Terms are the same during a whole
// interval between boundaries: the instants at which an amendment takes effect, a clause starts or ends, a fact happens,
// or a time that runs from a fact is over.
func (s *Set) AsOf(effective, known time.Time) (*Terms, error) {
	ls, bounds, err := s.history(known)
	if err != nil {
		return nil, fmt.Errorf("terms as of %s: %w", effective.Format(time.RFC3339), err)
	}
	i, found := slices.BinarySearchFunc(bounds, effective, time.Time.Compare)
	if !found {
		i--
	}
	return s.compile(ls, interval(bounds, i))
}

// Timeline returns the intervals of the set's history, as known at known, in order and without gaps: the first one has
// no beginning, the last one no end.
func (s *Set) Timeline(known time.Time) ([]Interval, error) {
	ls, bounds, err := s.history(known)
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	intervals := make([]Interval, 0, len(bounds)+1)
	for i := -1; i < len(bounds); i++ {
		v := interval(bounds, i)
		if v.Terms, err = s.compile(ls, v); err != nil {
			return nil, fmt.Errorf("timeline: %w", err)
		}
		intervals = append(intervals, v)
	}
	return intervals, nil
}

// interval returns the span that begins at bounds[i]; -1 is the one before all of them.
func interval(bounds []time.Time, i int) (v Interval) {
	if i >= 0 {
		v.From = bounds[i]
	}
	if i+1 < len(bounds) {
		v.Until = bounds[i+1]
	}
	return v
}

// history layers the agreements by name and collects the boundaries of their terms.
func (s *Set) history(known time.Time) ([]*layers, []time.Time, error) {
	var ls []*layers
	var bounds []time.Time
	for _, a := range s.agreements {
		l, err := layer(a, known)
		if err != nil {
			return nil, nil, err
		}
		ls = append(ls, l)
		bounds = l.boundaries(bounds)
	}
	if len(bounds) > maxInstants {
		return nil, nil, fmt.Errorf("%w: more than %d clauses, facts and times that run from facts", ErrTooManyIntervals, maxInstants)
	}
	slices.SortStableFunc(ls, func(x, y *layers) int { return strings.Compare(x.agreement.Name, y.agreement.Name) })
	for i := range bounds {
		bounds[i] = bounds[i].UTC()
	}
	slices.SortFunc(bounds, time.Time.Compare)
	bounds = slices.CompactFunc(bounds, time.Time.Equal)
	if len(bounds) >= maxIntervals {
		return nil, nil, fmt.Errorf("%w: %d times, %d are admitted", ErrTooManyIntervals, len(bounds), maxIntervals)
	}
	return ls, bounds, nil
}

func (s *Set) compile(ls []*layers, v Interval) (*Terms, error) {
	t := s.assemble(ls, v)
	t.agreements = slices.Clone(s.agreements)
	slices.SortStableFunc(t.agreements, func(x, y *Agreement) int { return strings.Compare(x.Name, y.Name) })
	return t.finish()
}

// finish derives what follows from the clauses and facts that were assembled.
func (t *Terms) finish() (*Terms, error) {
	var err error
	if t.shares, err = orderShares(t.clauses); err != nil {
		return nil, err
	}
	t.hash = hashTerms(t.agreements, t)
	return t, nil
}

// assemble collects what is in force during an interval.
func (s *Set) assemble(ls []*layers, v Interval) *Terms {
	t := &Terms{from: v.From, until: v.Until, registry: s.registry}
	for _, l := range ls {
		for i := range l.clauses {
			line := &l.clauses[i]
			ver, ok := line.at(v.From)
			if !ok {
				continue
			}
			t.add(ver.inForce)
			if d, ok := ver.inForce.Clause.(*Delivery); ok {
				for _, w := range l.waits(d) {
					if !w.until.After(v.From) {
						t.elapsed = append(t.elapsed, elapsed{l.agreement.Name, w.clause, w.fact.ID})
					}
				}
			}
		}
		for _, f := range l.facts {
			if !f.On.After(v.From) {
				t.facts = append(t.facts, inForceFact{l.agreement, f})
			}
		}
	}
	return t
}

func (t *Terms) add(f InForce) {
	t.clauses = append(t.clauses, f)
	switch c := f.Clause.(type) {
	case *Delivery:
		t.deliveries = append(t.deliveries, inForceDelivery{f, c})
	case *License:
		t.licenses = append(t.licenses, inForceLicense{f, c})
	case *Sale, *RevenueShare, *Commitment, *Milestone:
	}
}

// Hash identifies the terms: canonical compiled clauses, parties and products of all agreements, and the facts in force.
func (t *Terms) Hash() Hash { return t.hash }

// Span returns the interval during which these terms are in force; zero = open.
func (t *Terms) Span() (from, until time.Time) { return t.from, t.until }

// Clauses returns the clauses in force in canonical order (agreement, then id).
func (t *Terms) Clauses() []InForce { return t.clauses }

// Clause finds a clause in force.
func (t *Terms) Clause(r Ref) (InForce, bool) {
	for _, f := range t.clauses {
		if f.Ref() == r {
			return f, true
		}
	}
	return InForce{}, false
}

// Facts returns the facts that have happened, by agreement and id.
func (t *Terms) Facts() []*Fact {
	fs := make([]*Fact, len(t.facts))
	for i, f := range t.facts {
		fs[i] = f.Fact
	}
	return fs
}

// Product finds a product by its id or by an alias.
func (t *Terms) Product(model string) (*Product, bool) {
	p, ok := t.registry.names[model]
	return p, ok
}

// Products returns all products, by id.
func (t *Terms) Products() []*Product { return t.registry.products }

// Operator returns the party that runs a cloud.
func (t *Terms) Operator(cloud string) (party string, ok bool) {
	party, ok = t.registry.operators[cloud]
	return party, ok
}

// Parties returns all parties, by id.
func (t *Terms) Parties() []*Party { return t.registry.parties }

// Party finds a party by id.
func (t *Terms) Party(id string) (*Party, bool) {
	for _, p := range t.registry.parties {
		if p.ID == id {
			return p, true
		}
	}
	return nil, false
}

// Sale returns the one sale clause under which seller bills product on cloud. Lint reports where there are several; the
// one of highest priority, then the first in canonical order, is taken.
func (t *Terms) Sale(seller, product, cloud string) (InForce, *Sale, bool) {
	var found InForce
	var sale *Sale
	for _, f := range t.clauses {
		c, ok := f.Clause.(*Sale)
		if ok && c.covers(seller, product, cloud) && (sale == nil || c.Priority > sale.Priority) {
			found, sale = f, c
		}
	}
	return found, sale, sale != nil
}

func (c *Sale) covers(seller, product, cloud string) bool {
	return c.Seller == seller && c.Products.Matches(product) && admits(c.Clouds, cloud)
}

// Shares returns the revenue shares in force, those that others rest on first.
func (t *Terms) Shares() []InForce { return t.shares }

// Capacity returns the commitment under which buyer pays seller for running things on seller's clouds, or false.
func (t *Terms) Capacity(buyer, seller, cloud string) (InForce, *Commitment, bool) {
	var found InForce
	var commitment *Commitment
	for _, f := range t.clauses {
		c, ok := f.Clause.(*Commitment)
		if ok && c.Buyer == buyer && c.Seller == seller && admits(c.Counts.Clouds, cloud) &&
			(commitment == nil || c.Priority > commitment.Priority) {
			found, commitment = f, c
		}
	}
	return found, commitment, commitment != nil
}

// admits reports whether a list that is empty for "all" holds v.
func admits[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }
