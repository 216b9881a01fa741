package agreement

import (
	"fmt"
	"slices"

	"concord/agreement/condition"
)

// maxWorlds bounds how many combinations of facts a condition is tried on; beyond it nothing is proved.
const maxWorlds = 50_000

// condition looks at the condition of one clause: what it names, and whether it can be true, or anything else.
func (l *linter) condition(x InForce) {
	if x.condition == nil {
		return
	}
	h := x.Clause.Head()
	ref := []Ref{x.Ref()}
	for _, literal := range x.condition.Literals() {
		l.literal(x, literal)
	}
	held, failed, surprise := 0, 0, false
	whole := l.worlds([]InForce{x}, func(f *condition.Facts) bool {
		switch x.condition.Eval(f) {
		case condition.True:
			held++
		case condition.Unknown:
			failed++
			surprise = surprise || x.surprises(f)
		default:
			failed++
		}
		return true
	})
	if surprise {
		name := x.condition.AttributeNames()[0]
		l.report(problem{rule: "condition-unguarded", at: h.At("when"), related: ref,
			remedy: fmt.Sprintf("write has(attributes.%s) && ..., or !has(attributes.%s) || ..., and so on for each attribute", name, name)},
			"the condition of %s is unknown for a customer without an attribute that it names, and the clause then %s", h.ID, x.unsaid())
	}
	switch {
	case held+failed == 0:
	case whole && held == 0:
		l.report(problem{rule: "condition-never", at: h.At("when"), remedy: "correct the condition, or take the clause out", related: ref},
			"the condition of %s is never true for what the clause is about: %s", h.ID, x.condition.Text())
	case whole && failed == 0:
		l.report(problem{rule: "condition-always", at: h.At("when"), remedy: "leave when out, or correct the condition", related: ref},
			"the condition of %s is always true for what the clause is about: %s", h.ID, x.condition.Text())
	case l.offeredNever(x):
		l.report(problem{rule: "condition-never", at: h.At("when"), remedy: "correct the condition or the configuration, or take the clause out", related: ref},
			"the condition of %s is true for no customer and deployment of the configuration: %s", h.ID, x.condition.Text())
	}
}

// literal reports a text of a condition that stands for something which nobody declares.
func (l *linter) literal(x InForce, of condition.Literal) {
	if of.Prefix || of.Ordered {
		return
	}
	at := x.Clause.Head().whenAt(of.Offset)
	p := problem{at: at, related: []Ref{x.Ref()}}
	what := fmt.Sprintf("the condition of %s names the %s %q", x.Ref().Clause, of.Fact, of.Value)
	switch of.Fact {
	case condition.Product:
		if q, ok := l.set.registry.names[of.Value]; !ok || q.ID != of.Value {
			p.rule, p.remedy = "unknown-product", "declare it under products, or correct the name"
			if ok {
				p.remedy = "write " + q.ID + ": conditions see ids, not aliases"
			}
			l.report(p, "%s, which is not declared", what)
		}
	case condition.Cloud:
		if _, ok := l.set.registry.operators[of.Value]; ok {
			return
		}
		p.rule, p.remedy = "unoperated-cloud", "load the agreement that says who operates it, or correct the name"
		if near := l.nearCloud(of.Value); near != "" {
			p.rule, p.remedy = "unknown-cloud", "write "+near
		}
		l.report(p, "%s, which no party operates", what)
	case condition.Owner, condition.Seller:
		if !slices.ContainsFunc(l.set.registry.parties, func(q *Party) bool { return q.ID == of.Value }) {
			p.rule, p.remedy = "unknown-party", "declare it under parties, or correct the name"
			l.report(p, "%s, which is no party of any agreement", what)
		}
	case condition.Customer:
		if l.catalog != nil && !slices.ContainsFunc(l.catalog.Customers, func(c Customer) bool { return c.ID == of.Value }) {
			p.rule, p.remedy = "unknown-customer", "declare the customer in the configuration, or correct the name"
			l.report(p, "%s, which the configuration does not have", what)
		}
	default: // the loader knows the words of api and state; the others are free
	}
}

// apart reports whether conditions keep two clauses from ever speaking of one request. False where that is not proved.
func (l *linter) apart(x, y InForce) bool {
	if x.condition == nil && y.condition == nil {
		return false
	}
	met := false
	whole := l.worlds([]InForce{x, y}, func(f *condition.Facts) bool {
		met = met || x.speaks(f) && y.speaks(f)
		return !met
	})
	return whole && !met
}

// speaks reports whether a clause has something to say of facts: it forbids where its condition may be true, and allows only
// where it is.
func (f *InForce) speaks(facts *condition.Facts) bool {
	if f.condition == nil {
		return true
	}
	v := f.condition.Eval(facts)
	forbids := false
	switch c := f.Clause.(type) {
	case *Delivery:
		forbids = c.Mode == Exclusive || c.Mode == Prohibited
	case *License:
		forbids = c.Exclusivity == Exclusive || c.Exclusivity == Sole
	case *Sale, *RevenueShare, *Commitment, *Milestone:
	}
	return v == condition.True || forbids && v == condition.Unknown
}

// surprises reports whether a clause says otherwise of a customer without an attribute than of one with any other value of it.
func (f *InForce) surprises(facts *condition.Facts) bool {
	with := *facts
	with.Attributes = slices.Clone(facts.Attributes)
	for _, name := range f.condition.AttributeNames() {
		if _, there := facts.Attribute(name); !there {
			with.Attributes = append(with.Attributes, condition.Attribute{Name: name, Value: "\x00other"})
		}
	}
	return f.speaks(facts) != f.speaks(&with)
}

// unsaid says what a clause does where its condition is unknown.
func (f *InForce) unsaid() string {
	unknown := condition.Facts{}
	if f.speaks(&unknown) {
		return "binds"
	}
	return "grants nothing"
}

// counts reports whether a share's condition lets its base count a product on a cloud.
func (l *linter) counts(share InForce, product, cloud string) bool {
	t := Terms{registry: l.set.registry}
	return t.Counts(share, product, cloud)
}

// An axis is a fact, or several that go together, with the values that they can have.
type axis []func(*condition.Facts)

// worlds tries all combinations of the facts that the conditions of clauses name, as far as all of the clauses are about
// them, until visit says that it has seen enough. It reports whether that was all of them. Facts of an open set take the
// values that the conditions themselves compare them with, and two others.
func (l *linter) worlds(clauses []InForce, visit func(*condition.Facts) bool) bool {
	axes, n := l.axes(clauses), 1
	for _, a := range axes {
		if n *= len(a); n > maxWorlds {
			return false
		}
	}
	if !l.spend(10 * n) {
		return false
	}
	var walk func(f condition.Facts, rest []axis) bool
	walk = func(f condition.Facts, rest []axis) bool {
		if len(rest) == 0 {
			return visit(&f)
		}
		for _, set := range rest[0] {
			with := f
			with.Attributes = slices.Clip(f.Attributes)
			set(&with)
			if !walk(with, rest[1:]) {
				return false
			}
		}
		return true
	}
	walk(condition.Facts{}, axes)
	return true
}

func (l *linter) axes(clauses []InForce) (axes []axis) {
	names := func(ns ...condition.Name) bool {
		return slices.ContainsFunc(clauses, func(f InForce) bool {
			return f.condition != nil && slices.ContainsFunc(ns, f.condition.Names)
		})
	}
	if names(condition.Product, condition.Owner, condition.State, condition.API) {
		axes = append(axes, l.productAxis(clauses, names(condition.API), names(condition.State)))
	}
	add := func(n condition.Name, values []string) {
		if !names(n) {
			return
		}
		var a axis
		for _, v := range values {
			a = append(a, func(f *condition.Facts) { f.SetText(n, v) })
		}
		axes = append(axes, a)
	}
	var clouds, parties []string
	for cloud := range l.set.registry.operators {
		if !slices.ContainsFunc(clauses, func(f InForce) bool { return !f.aboutCloud(cloud) }) {
			clouds = append(clouds, cloud)
		}
	}
	for _, p := range l.set.registry.parties {
		parties = append(parties, p.ID)
	}
	add(condition.Cloud, clouds)
	add(condition.Seller, parties)
	for _, n := range []condition.Name{condition.Region, condition.Zone, condition.Account, condition.Customer, condition.Territory} {
		add(n, open(clauses, n, ""))
	}
	if names(condition.Stream) {
		axes = append(axes, axis{
			func(f *condition.Facts) { f.Stream = condition.False },
			func(f *condition.Facts) { f.Stream = condition.True },
		})
	}
	return append(axes, attributeAxes(clauses)...)
}

// productAxis has the products that all of the clauses are about, with owner, state and surfaces.
func (l *linter) productAxis(clauses []InForce, apis, states bool) (a axis) {
	for _, p := range l.set.registry.products {
		if slices.ContainsFunc(clauses, func(f InForce) bool { return !f.aboutProduct(p) }) {
			continue
		}
		surfaces := []API{""}
		if apis {
			surfaces = p.surfaces()
		}
		possible := []string{p.State}
		if states && p.State == "" {
			possible = []string{"stateless", "stateful"}
		}
		for _, api := range surfaces {
			if api != "" && slices.ContainsFunc(clauses, func(f InForce) bool { return !f.aboutAPI(api) }) {
				continue
			}
			for _, state := range possible {
				a = append(a, func(f *condition.Facts) { f.Product, f.Owner, f.State, f.API = p.ID, p.Owner, state, string(api) })
			}
		}
	}
	return a
}

// attributeAxes has for each attribute that it is not there, and the values that conditions compare it with.
func attributeAxes(clauses []InForce) (axes []axis) {
	var names []string
	for _, f := range clauses {
		if f.condition != nil {
			names = union(names, f.condition.AttributeNames())
		}
	}
	for _, name := range names {
		a := axis{func(*condition.Facts) {}}
		for _, v := range open(clauses, condition.Attributes, name) {
			a = append(a, func(f *condition.Facts) {
				f.Attributes = append(f.Attributes, condition.Attribute{Name: name, Value: v})
			})
		}
		axes = append(axes, a)
	}
	return axes
}

// open returns values of a fact that can be anything: those that conditions compare it with, those just beside them where
// order or beginning matter, and two that nobody writes.
func open(clauses []InForce, n condition.Name, attribute string) []string {
	values := []string{"\x00one", "\x00two"}
	for _, f := range clauses {
		if f.condition == nil {
			continue
		}
		for _, l := range f.condition.Literals() {
			if l.Fact != n || l.Attribute != attribute || l.Value == "" && n != condition.Attributes {
				continue
			}
			values = union(values, []string{l.Value})
			if l.Prefix || l.Ordered {
				values = union(values, []string{l.Value + "\x00"})
			}
		}
	}
	return values
}

// aboutProduct, aboutAPI and aboutCloud report whether a clause says anything of them, apart from its condition.
func (f *InForce) aboutProduct(p *Product) bool {
	switch c := f.Clause.(type) {
	case *Delivery:
		return c.Products.Matches(p.ID) && admits(c.States, p.State)
	case *License:
		return c.Products.Matches(p.ID)
	case *RevenueShare:
		return c.Base.Products.Matches(p.ID)
	case *Sale, *Commitment, *Milestone:
	}
	return true
}

func (f *InForce) aboutAPI(api API) bool {
	d, ok := f.Clause.(*Delivery)
	return !ok || admits(d.APIs, api)
}

func (f *InForce) aboutCloud(cloud string) bool {
	switch c := f.Clause.(type) {
	case *Delivery: // an exclusive one, and a policy, speak of the clouds that they do not list
		return c.Mode == Exclusive || f.Agreement.Policy != "" || slices.Contains(slices.Concat(c.Order...), cloud)
	case *License:
		return admits(c.Clouds, cloud)
	case *RevenueShare:
		return admits(c.Base.Clouds, cloud)
	case *Sale, *Commitment, *Milestone:
	}
	return true
}

// offeredNever reports whether a condition is true for no request that the catalog makes possible. It asks only where the
// condition depends on what the catalog says, and the catalog has a deployment that the clause is about.
func (l *linter) offeredNever(x InForce) bool {
	if l.catalog == nil || len(l.catalog.Customers)*len(l.catalog.Deployments) > maxWorlds/2 ||
		!slices.ContainsFunc(x.condition.Uses(), func(u condition.Use) bool {
			return slices.Contains([]condition.Name{condition.Region, condition.Zone, condition.Account, condition.Customer,
				condition.Territory, condition.Attributes}, u.Fact)
		}) {
		return false
	}
	asked := false
	for i := range l.catalog.Deployments {
		d := &l.catalog.Deployments[i]
		p, known := l.set.registry.names[d.Product]
		if !known || !x.aboutProduct(p) || !x.aboutCloud(d.Cloud) {
			continue
		}
		for k := range l.catalog.Customers {
			for _, stream := range []bool{false, true} {
				asked = true
				if holds, _ := x.when(question{customer: &l.catalog.Customers[k], deployment: d, product: p, request: RequestFacts{stream}}); holds {
					return false
				}
			}
		}
	}
	return asked
}
