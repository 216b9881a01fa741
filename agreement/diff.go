package agreement

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Difference is what lies between two versions of terms: what people read of it, and all that makes one into the other.
// It is immutable.
type Difference struct {
	From, To Version
	// Items are what changed, as a reader of the agreement would tell it: where products may run, who holds which license,
	// which money flows. Every change of a clause stands in one of them at least.
	Items []Item
	// Clauses are the clauses that were added, ended, changed or reworded, in canonical order.
	Clauses []ClauseChange
	// Decisions are the requests that would go elsewhere.
	Decisions []DecisionChange
	// Derived says that Decisions speak of every cloud and seller that sale clauses name, for want of a catalog.
	Derived bool

	heads []headChange
	facts []inForceFact // of the later version
	waits []elapsed     // of the later version
}

// A Version identifies one side of a Difference. From and Until are the span during which the terms are the same.
type Version struct {
	Hash        Hash
	From, Until time.Time
}

// How says what became of a clause.
type How string

// The ways in which a clause differs.
const (
	Added    How = "added"
	Ended    How = "ended"
	Changed  How = "changed"
	Reworded How = "reworded" // other words, the same meaning
)

// A ClauseChange is one clause of two versions, whole.
type ClauseChange struct {
	Ref           Ref
	Kind          string // of clause
	How           How
	Before, After *InForce // nil where the clause is not in force
	Fields        []FieldChange
}

// A FieldChange is one field of a clause under two versions; "" = the clause does not say.
type FieldChange struct {
	Field         string
	Before, After string
}

// Diff compares two versions of terms by what they mean, not by their text. With a catalog it says which requests would go
// elsewhere; without one it speaks of clouds and sellers.
func Diff(from, to *Terms, catalog *Catalog) *Difference {
	d := &Difference{From: from.version(), To: to.version(), Derived: catalog == nil}
	d.heads = diffHeads(from, to)
	d.Clauses = diffClauses(from, to)
	d.facts, d.waits = slices.Clone(to.facts), slices.Clone(to.elapsed)
	if from.hash == to.hash && len(d.Clauses) == 0 {
		return d
	}
	if d.Derived {
		catalog = saleCatalog(from, to)
	}
	d.Decisions = diffDecisions(from, to, catalog)
	w := &telling{from: from, to: to, d: d}
	w.tell()
	d.Items = w.items
	return d
}

func (t *Terms) version() Version { return Version{Hash: t.hash, From: t.from, Until: t.until} }

// Empty reports that the versions say the same, in the same words.
func (d *Difference) Empty() bool {
	return d.From.Hash == d.To.Hash && len(d.Clauses) == 0
}

// Effective reports that some decision, right or sum of money may come out differently.
func (d *Difference) Effective() bool { return d.From.Hash != d.To.Hash }

func diffClauses(from, to *Terms) []ClauseChange {
	var all []ClauseChange
	for i := range from.clauses {
		f := &from.clauses[i]
		g, still := to.Clause(f.Ref())
		if still && KindOf(g.Clause) == KindOf(f.Clause) {
			if c, differs := diffClause(f, &g); differs {
				all = append(all, c)
			}
			continue
		}
		all = append(all, ClauseChange{Ref: f.Ref(), Kind: KindOf(f.Clause), How: Ended, Before: f, Fields: fieldChanges(f, nil)})
		if still { // another kind under the same id
			all = append(all, ClauseChange{Ref: f.Ref(), Kind: KindOf(g.Clause), How: Added, After: &g, Fields: fieldChanges(nil, &g)})
		}
	}
	for i := range to.clauses {
		g := &to.clauses[i]
		if _, before := from.Clause(g.Ref()); !before {
			all = append(all, ClauseChange{Ref: g.Ref(), Kind: KindOf(g.Clause), How: Added, After: g, Fields: fieldChanges(nil, g)})
		}
	}
	slices.SortStableFunc(all, func(x, y ClauseChange) int {
		return cmp.Or(strings.Compare(x.Ref.Agreement, y.Ref.Agreement), strings.Compare(x.Ref.Clause, y.Ref.Clause))
	})
	return all
}

func diffClause(f, g *InForce) (ClauseChange, bool) {
	c := ClauseChange{Ref: f.Ref(), Kind: KindOf(f.Clause), Before: f, After: g}
	if bytes.Equal(f.encoded, g.encoded) {
		c.How, c.Fields = Reworded, wordings(f, g)
		return c, len(c.Fields) > 0
	}
	c.How, c.Fields = Changed, fieldChanges(f, g)
	if len(c.Fields) == 0 {
		c.Fields = []FieldChange{{Field: "terms", Before: Describe(*f), After: Describe(*g)}}
	}
	return c, true
}

// wordings are the fields that say a thing and mean nothing by it.
func wordings(f, g *InForce) (changes []FieldChange) {
	for _, w := range []FieldChange{
		{"prose", f.Clause.Head().Prose, g.Clause.Head().Prose},
		{"source", f.Source().URL, g.Source().URL},
	} {
		if w.Before != w.After {
			changes = append(changes, w)
		}
	}
	return changes
}

// Apply makes the later version out of the earlier one: Apply(Diff(a, b), a) has the hash of b. It refuses any other terms.
func (d *Difference) Apply(t *Terms) (*Terms, error) {
	if t.hash != d.From.Hash {
		return nil, fmt.Errorf("apply the difference from terms %.12s to terms %.12s: these are others", d.From.Hash, t.hash)
	}
	next := &Terms{from: d.To.From, until: d.To.Until, facts: d.facts, elapsed: d.waits}
	next.agreements = applyHeads(t.agreements, d.heads)
	next.registry = newRegistry(next.agreements)
	gone := map[Ref]bool{}
	for i := range d.Clauses {
		gone[d.Clauses[i].Ref] = true
	}
	var clauses []InForce
	for _, f := range t.clauses {
		if !gone[f.Ref()] {
			clauses = append(clauses, f)
		}
	}
	for i := range d.Clauses {
		if after := d.Clauses[i].After; after != nil {
			clauses = append(clauses, *after)
		}
	}
	slices.SortStableFunc(clauses, func(x, y InForce) int {
		return cmp.Or(strings.Compare(x.Ref().Agreement, y.Ref().Agreement), strings.Compare(x.Ref().Clause, y.Ref().Clause))
	})
	for _, f := range clauses {
		f.Agreement = next.agreement(f.Agreement)
		next.add(f)
	}
	next.facts = slices.Clone(next.facts)
	for i := range next.facts {
		next.facts[i].agreement = next.agreement(next.facts[i].agreement)
	}
	next, err := next.finish()
	if err != nil {
		return nil, fmt.Errorf("apply the difference: %w", err)
	}
	return next, nil
}

// agreement returns the agreement of these terms that has the name of another version's: clauses of one agreement point at
// one.
func (t *Terms) agreement(a *Agreement) *Agreement {
	for _, own := range t.agreements {
		if own.Name == a.Name {
			return own
		}
	}
	return a
}
