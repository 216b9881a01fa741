package agreement

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"concord/money"
)

// history looks at every interval of the set's history for clauses that do not go together.
func (l *linter) history() {
	ls, bounds, err := l.set.history(everKnown())
	if err != nil {
		if strings.Contains(err.Error(), ErrTooManyIntervals.Error()) && len(l.set.agreements) > 0 {
			l.report(problem{rule: "history-too-long", at: l.set.agreements[0].Pos, remedy: "split the agreements, or leave out what is over"}, "%v", err)
		}
		return // chain has reported an order that goes in a circle
	}
	delivered := map[string]bool{}
	before := &Terms{registry: l.set.registry}
	promises := map[promise]*kept{}
	for i := -1; i < len(bounds) && l.spend(l.intervalWork(ls)); i++ {
		t := l.set.assemble(ls, interval(bounds, i))
		l.pairs(t, before)
		l.shares(t)
		l.licenseEnds(before, t)
		l.served(t, delivered)
		l.overlaps(t)
		l.gaps(promises, t)
		before = t
	}
	if !l.spend(0) {
		return // the rest of the history was not looked at
	}
	for _, p := range l.set.registry.products {
		if !delivered[p.ID] {
			l.report(problem{rule: "undeliverable", at: p.Pos, remedy: "add a delivery clause for it, or take it out"}, "no terms ever let anybody deliver %s", p.ID)
		}
	}
}

// pairs compares every clause that is new in t with every other of its kind.
func (l *linter) pairs(t, before *Terms) {
	old := map[Clause]bool{}
	for _, f := range before.clauses {
		old[f.Clause] = true
	}
	for i, x := range t.clauses {
		if old[x.Clause] || l.full() {
			continue
		}
		l.condition(x)
		for j, y := range t.clauses {
			if j < i && !old[y.Clause] || j == i {
				continue // two new clauses meet once
			}
			if !l.spend(pairWork(x, y)) {
				return
			}
			l.pair(x, y)
		}
	}
}

// pair compares two clauses; what is wrong is reported at the one that stands second in its file.
func (l *linter) pair(x, y InForce) {
	p, q := x.Clause.Head().Pos, y.Clause.Head().Pos
	if cmp.Or(strings.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column)) > 0 {
		x, y = y, x
	}
	switch c := x.Clause.(type) {
	case *Delivery:
		if d, ok := y.Clause.(*Delivery); ok {
			l.deliveries(inForceDelivery{x, c}, inForceDelivery{y, d})
		}
	case *License:
		if d, ok := y.Clause.(*License); ok {
			l.licenses(inForceLicense{x, c}, inForceLicense{y, d})
			l.doubled(inForceLicense{x, c}, inForceLicense{y, d})
		}
	case *Sale:
		if d, ok := y.Clause.(*Sale); ok {
			l.sales(x, y, c, d)
		}
	case *RevenueShare:
		if d, ok := y.Clause.(*RevenueShare); ok {
			l.flows(x, y, c, d)
		}
	case *Commitment:
		if d, ok := y.Clause.(*Commitment); ok {
			l.commitments(x, y, c, d)
		}
	case *Milestone:
	}
}

// both reports a finding about two clauses, at the second one. Clauses that their conditions keep apart never meet.
func (l *linter) both(rule string, x, y InForce, remedy, format string, args ...any) {
	if l.apart(x, y) {
		return
	}
	l.report(problem{rule: rule, at: y.Clause.Head().Pos, remedy: remedy, related: []Ref{x.Ref(), y.Ref()}}, format, args...)
}

func where(x InForce) string {
	return fmt.Sprintf("%s (%s, %s)", x.Ref().Clause, x.Agreement.Name, x.Clause.Head().Pos)
}

func meet[T comparable](a, b []T) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}

func (t *Territory) meets(o *Territory) bool {
	return meet(t.Customer, o.Customer) && meet(t.Processing, o.Processing)
}

// common returns a product that both match, preferring one of a state that admit accepts.
func (l *linter) common(a, b Match, admit func(*Product) bool) *Product {
	if !l.spend(l.matchWork(a, b)) {
		return nil
	}
	for _, p := range l.set.registry.products {
		if a.Matches(p.ID) && b.Matches(p.ID) && admit(p) {
			return p
		}
	}
	return nil
}

func anyProduct(*Product) bool { return true }

// deliveries reports two delivery clauses that disagree about a product: where it may run, or in which order.
func (l *linter) deliveries(x, y inForceDelivery) {
	if x.Agreement.Policy != "" || y.Agreement.Policy != "" {
		l.ignoredOrder(x, y)
		return // a policy narrows what agreements permit, and contradicts nobody
	}
	product := l.common(x.Products, y.Products, func(p *Product) bool { return admits(x.States, p.State) && admits(y.States, p.State) })
	if product == nil || !meet(x.Customers, y.Customers) || !meet(x.APIs, y.APIs) || !x.Territory.meets(&y.Territory) {
		return
	}
	if x.Agreement == y.Agreement && x.Priority != y.Priority || x.Mode == y.Mode && sameOrder(x.Delivery, y.Delivery) {
		return
	}
	xs, ys := slices.Concat(x.Order...), slices.Concat(y.Order...)
	settled := x.Agreement.Conflicts != Invalid && y.Agreement.Conflicts != Invalid
	if clouds := broken(x.Delivery, y.Delivery, xs, ys); len(clouds) > 0 {
		rule := "delivery-contradiction"
		if x.Mode == Exclusive || y.Mode == Exclusive {
			rule = "exclusivity-contradiction"
		}
		if !settled {
			l.both(rule, x.InForce, y.InForce, "end one of them, narrow its products, or give one priority",
				"%s (%s: %s) and %s (%s: %s) disagree on %s for %s", where(x.InForce), x.Mode, words(xs, "and"), y.ID, y.Mode, words(ys, "and"), words(clouds, "and"), product.ID)
		}
		return
	}
	orders := x.Mode != Prohibited && y.Mode != Prohibited && x.Agreement.has(product.Owner) && y.Agreement.has(product.Owner)
	if orders && x.Priority == y.Priority && !sameOrder(x.Delivery, y.Delivery) {
		l.both("delivery-order", x.InForce, y.InForce, "give one priority, narrow its products, or state the order once",
			"%s and %s order the deployments of %s differently", where(x.InForce), y.ID, product.ID)
	}
}

// broken lists the clouds that one clause permits and the other prohibits.
func broken(x, y *Delivery, xs, ys []string) (clouds []string) {
	for _, side := range [...]struct {
		permits, bans *Delivery
		lists, banned []string
	}{{x, y, xs, ys}, {y, x, ys, xs}} {
		if side.permits.Mode == Prohibited {
			continue
		}
		for _, cloud := range side.lists {
			listed := slices.Contains(side.banned, cloud)
			if side.bans.Mode == Exclusive && !listed || side.bans.Mode == Prohibited && listed {
				clouds = union(clouds, []string{cloud})
			}
		}
	}
	return clouds
}

func sameOrder(x, y *Delivery) bool {
	return x.Choice == y.Choice && slices.EqualFunc(x.Order, y.Order, slices.Equal[[]string]) && x.Within.Rule == y.Within.Rule &&
		slices.Equal(x.Within.Weights, y.Within.Weights) && (x.LeaveFor == nil) == (y.LeaveFor == nil) && slices.Equal(x.LeaveFor, y.LeaveFor)
}

// licenses reports an exclusive or sole license beside another one for the same product and right.
func (l *linter) licenses(x, y inForceLicense) {
	for _, side := range [...][2]inForceLicense{{x, y}, {y, x}} {
		only, other := side[0], side[1]
		if only.Exclusivity != Exclusive && only.Exclusivity != Sole || only.Licensee == other.Licensee || other.Licensor == only.Licensee {
			continue
		}
		closed := func(p *Product) bool { return p.OpenWeights == "" }
		product := l.common(only.Products, other.Products, closed)
		var both []Right
		for _, r := range only.Rights {
			if slices.Contains(other.Rights, r) {
				both = append(both, r)
			}
		}
		if product == nil || len(both) == 0 || !meet(only.Clouds, other.Clouds) || !only.Territory.meets(&other.Territory) {
			continue
		}
		if other.Licensee == only.Licensor && (only.Exclusivity == Sole || !slices.ContainsFunc(both, func(r Right) bool { return !slices.Contains(only.Reserved, r) })) {
			continue
		}
		l.both("exclusivity-contradiction", x.InForce, y.InForce, "make the license non-exclusive, end it, or take the right out of the other one",
			"%s gives %s the %s right to %s %s, and %s gives it to %s", where(only.InForce), only.Licensee, only.Exclusivity, words(plain(both), "and"), product.ID, where(other.InForce), other.Licensee)
		return
	}
}

func (l *linter) sales(x, y InForce, c, d *Sale) {
	product := l.common(c.Products, d.Products, anyProduct)
	if product == nil || c.Seller != d.Seller || !meet(c.Clouds, d.Clouds) || c.Priority != d.Priority {
		return
	}
	l.both("sale-overlap", x, y, "narrow the products or clouds of one, or give one priority",
		"%s and %s both say on which terms %s sells %s", where(x), y.Ref().Clause, c.Seller, product.ID)
}

// flows reports two shares that one party owes another for the same revenue.
func (l *linter) flows(x, y InForce, c, d *RevenueShare) {
	payees := func(s *RevenueShare) (ps []string) {
		for _, p := range s.Payees {
			ps = append(ps, p.Party)
		}
		return ps
	}
	b, e := &c.Base, &d.Base
	if c.Payer != d.Payer || !meet(payees(c), payees(d)) || b.RevenueOf != e.RevenueOf || !meet(b.From, e.From) ||
		!meet(b.Streams, e.Streams) || !meet(b.Clouds, e.Clouds) || c.Stack || d.Stack || c.Priority != d.Priority {
		return
	}
	if product := l.common(b.Products, e.Products, anyProduct); product != nil {
		l.both("share-overlap", x, y, "narrow one base, end one of them, or write stack: true if both are owed",
			"%s and %s both make %s owe a share of the same revenue of %s", where(x), y.Ref().Clause, c.Payer, b.RevenueOf)
	}
}

// shares reports shares that rest on each other, and shares that together take more than there is.
func (l *linter) shares(t *Terms) {
	var all []InForce
	for _, f := range t.clauses {
		if _, ok := f.Clause.(*RevenueShare); ok {
			all = append(all, f)
		}
	}
	if circle := shareCircle(all); circle != nil {
		var ids []string
		var related []Ref
		for _, f := range circle {
			ids = append(ids, f.Ref().Clause)
			related = append(related, f.Ref())
		}
		l.report(problem{rule: "share-circle", at: circle[0].Clause.Head().At("base"), remedy: "name the payer under except_from of one base", related: related},
			"the bases of these shares rest on each other: %s", strings.Join(ids, " -> "))
	}
	for cloud := range l.set.registry.operators {
		for _, p := range l.set.registry.products {
			for _, stream := range []string{"license", "cloud"} {
				if !l.spend(1 + len(all)) {
					return
				}
				l.above(all, p.ID, cloud, stream)
			}
		}
	}
}

// above sums the shares of one party's sales of a product on a cloud.
func (l *linter) above(all []InForce, product, cloud, stream string) {
	rates, takers := map[string][]money.Rate{}, map[string][]InForce{}
	for _, f := range all {
		c := f.Clause.(*RevenueShare)
		b := &c.Base
		if slices.Contains(b.From, "sales") && admits(b.Streams, stream) && admits(b.Clouds, cloud) && b.Products.Matches(product) &&
			l.counts(f, product, cloud) {
			rate := c.Rate
			if c.Tiers != nil {
				rate = c.Tiers.highest()
			}
			rates[b.RevenueOf] = append(rates[b.RevenueOf], rate)
			takers[b.RevenueOf] = append(takers[b.RevenueOf], f)
		}
	}
	for of, rs := range rates {
		sum := sumRates(rs)
		if sum.Cmp(big.NewRat(1, 1)) <= 0 {
			continue
		}
		var ids []string
		var related []Ref
		for _, f := range takers[of] {
			ids = append(ids, f.Ref().Clause)
			related = append(related, f.Ref())
		}
		l.report(problem{rule: "shares-above-whole", at: takers[of][0].Clause.Head().At("rate"), remedy: "lower a rate, or narrow a base", related: related},
			"%s of the revenue of %s is shared (%s)", percent(sum), of, strings.Join(ids, ", "))
	}
}

// licenseEnds reports a license that ends by itself while a delivery clause still sends requests to its licensee's cloud.
func (l *linter) licenseEnds(before, t *Terms) {
	for i := range before.licenses {
		lic := &before.licenses[i]
		if lic.End.Until.IsZero() || !lic.End.Until.Equal(t.from) {
			continue
		}
		for _, d := range t.deliveries {
			if !l.spend(l.matchWork(lic.Products, d.Products)) {
				return
			}
			if d.Mode != Prohibited && l.needs(t, lic, d) {
				break
			}
		}
	}
}

func (l *linter) needs(t *Terms, lic *inForceLicense, d inForceDelivery) bool {
	for _, p := range l.set.registry.products {
		if p.OpenWeights != "" || !lic.Products.Matches(p.ID) || !d.Products.Matches(p.ID) {
			continue
		}
		for _, cloud := range slices.Concat(d.Order...) {
			if t.registry.operators[cloud] != lic.Licensee || !admits(lic.Clouds, cloud) {
				continue
			}
			q := question{customer: &Customer{}, deployment: &Deployment{Cloud: cloud}, product: p}
			if _, reason := t.licensed(lic.Licensee, Serve, q, maxSubLicenses); reason == "" {
				continue
			}
			l.report(problem{rule: "license-ends-early", at: lic.End.Pos, remedy: "end the delivery with the license, or renew the license", related: []Ref{lic.Ref(), d.Ref()}},
				"%s runs %s, and %s still delivers %s on %s after it; %s may not serve it then", lic.ID, lic.End.words(lic.Agreement), d.ID, p.ID, cloud, lic.Licensee)
			return true
		}
	}
	return false
}
