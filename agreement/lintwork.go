package agreement

import "fmt"

// maxWork bounds what Lint compares, in comparisons of names: about a second's. Clauses are compared by pairs, in every
// interval of a history and for every product, so that a small file can ask for much. The examples need less than a
// thousandth of it.
const maxWork = 100_000_000

// spend counts work before it is done, and reports whether there is enough left to do it. A set that needs more is refused:
// what was not checked is not in force.
func (l *linter) spend(n int) bool {
	if l.work > maxWork {
		return false
	}
	if l.work += n; l.work <= maxWork {
		return true
	}
	f := Finding{Rule: "too-intricate", Severity: Error, Remedy: "split the agreements, or take out what is over",
		Message: fmt.Sprintf("checking these agreements takes more than %d comparisons", maxWork)}
	if len(l.set.agreements) > 0 {
		f.Pos = l.set.agreements[0].Pos
	}
	l.findings = append(l.findings, f) // even if there are too many already
	return false
}

// scan spends what going through all clauses of an agreement takes.
func (l *linter) scan(a *Agreement) bool {
	if l.sizes == nil {
		l.sizes = map[*Agreement]int{}
	}
	if _, ok := l.sizes[a]; !ok {
		l.sizes[a] = len(a.Amendments) + len(a.allClauses())
	}
	return l.spend(l.sizes[a])
}

// pairWork is what comparing two clauses takes beside their products: lists against lists.
func pairWork(x, y InForce) int { return 1 + longest(x.Clause)*longest(y.Clause) }

// longest returns how many names the longest list of a clause has.
func longest(c Clause) int {
	switch c := c.(type) {
	case *Delivery:
		n := 0
		for _, group := range c.Order {
			n += len(group)
		}
		return max(n, len(c.Customers), len(c.Territory.Customer), len(c.Territory.Processing), len(c.Within.Weights))
	case *License:
		return max(len(c.Clouds), len(c.Territory.Customer), len(c.Territory.Processing))
	case *Sale:
		return len(c.Clouds)
	case *RevenueShare:
		return max(len(c.Payees), len(c.Base.Clouds), len(c.Base.ExceptFrom))
	case *Commitment:
		return len(c.Counts.Clouds)
	case *Milestone:
	}
	return 0
}

// matchWork is what looking for a product that two matches have in common takes.
func (l *linter) matchWork(a, b Match) int {
	return len(l.set.registry.products) * (1 + len(a.Match) + len(a.Except) + len(b.Match) + len(b.Except))
}

// intervalWork is what one interval takes: what is in force, and which times that run from facts are over.
func (l *linter) intervalWork(ls []*layers) int {
	n := 0
	for _, y := range ls {
		n += len(y.facts) + len(y.clauses)*(1+2*len(y.facts)+6*len(l.set.registry.products)) // about 10 ns each, as measured
	}
	return n
}
