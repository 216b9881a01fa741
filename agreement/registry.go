package agreement

import (
	"slices"
	"strings"
)

// registry is what the agreements of a set declare without dates: parties, products and who operates which cloud. Where
// two agreements declare the same, lists are joined and the first stands for the rest; Lint reports what disagrees.
type registry struct {
	parties   []*Party   // by id
	products  []*Product // by id
	names     map[string]*Product
	operators map[string]string // cloud -> party
}

func newRegistry(agreements []*Agreement) *registry {
	r := &registry{names: map[string]*Product{}, operators: map[string]string{}}
	parties := map[string]*Party{}
	for _, a := range agreements {
		for i := range a.Parties {
			r.addParty(parties, &a.Parties[i])
		}
		for i := range a.Products {
			r.addProduct(&a.Products[i])
		}
	}
	for _, p := range r.products {
		for _, alias := range p.Aliases {
			if _, taken := r.names[alias]; !taken {
				r.names[alias] = p
			}
		}
	}
	slices.SortFunc(r.parties, func(x, y *Party) int { return strings.Compare(x.ID, y.ID) })
	slices.SortFunc(r.products, func(x, y *Product) int { return strings.Compare(x.ID, y.ID) })
	return r
}

func (r *registry) addParty(known map[string]*Party, p *Party) {
	q, ok := known[p.ID]
	if !ok {
		q = &Party{ID: p.ID, Name: p.Name, Pos: p.Pos}
		known[p.ID] = q
		r.parties = append(r.parties, q)
	}
	q.Operates = union(q.Operates, p.Operates)
	for _, cloud := range p.Operates {
		if _, taken := r.operators[cloud]; !taken {
			r.operators[cloud] = p.ID
		}
	}
}

func (r *registry) addProduct(p *Product) {
	q, ok := r.names[p.ID]
	if !ok {
		q = &Product{ID: p.ID, Owner: p.Owner, State: p.State, OpenWeights: p.OpenWeights, Pos: p.Pos}
		r.names[p.ID] = q
		r.products = append(r.products, q)
	}
	q.Aliases = union(q.Aliases, p.Aliases)
	q.APIs = union(q.APIs, p.APIs)
}

func union[T comparable](a, b []T) []T {
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(a, v)
		}
	}
	return a
}
