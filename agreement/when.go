package agreement

import (
	"fmt"

	"concord/agreement/condition"
)

// RequestFacts are the facts of a request that neither its customer nor a deployment nor its surface says.
type RequestFacts struct {
	Stream bool // whether the answer is streamed
}

// compileWhen compiles the conditions of clauses that did not come from a file, which compiles its own. The language is made
// when the first of them needs it.
func (l *layers) compileWhen(h *Head) (*condition.Condition, error) {
	if h.When == "" {
		return nil, nil
	}
	if h.Condition != nil && h.Condition.Text() == h.When {
		return h.Condition, nil
	}
	if l.language == nil {
		var err error
		if l.language, err = condition.NewLanguage(); err != nil {
			return nil, fmt.Errorf("agreement %s: %w", l.agreement.Name, err)
		}
	}
	c, problems := l.language.Compile(h.When)
	if c == nil {
		p := problems[0]
		return nil, fmt.Errorf("agreement %s: the condition of %s, at character %d: %s: %s", l.agreement.Name, h.ID, p.Offset+1, p.Message, p.Remedy)
	}
	return c, nil
}

// Condition returns the compiled when of the clause; nil = it holds for every request.
func (f InForce) Condition() *condition.Condition { return f.condition }

// facts are what conditions see of a question.
func (q *question) facts() condition.Facts {
	return condition.Facts{
		Product: q.product.ID, Owner: q.product.Owner, State: q.product.State,
		Cloud: q.deployment.Cloud, Region: q.deployment.Region, Zone: q.deployment.Zone, Account: q.deployment.Account,
		Seller: q.deployment.Seller, Customer: q.customer.ID, Territory: q.customer.Territory,
		API: string(q.api), Stream: condition.Of(q.request.Stream), Attributes: q.customer.Attributes,
	}
}

// when reports whether a clause's condition holds for a question, and whether it may: a fact that is not stated leaves
// both open. A question that asks for no surface in particular asks for any of the product's.
func (f *InForce) when(q question) (holds, possibly bool) {
	if f.condition == nil {
		return true, true
	}
	facts := q.facts()
	if q.api != "" || !f.condition.Names(condition.API) {
		v := f.condition.Eval(&facts)
		return v == condition.True, v != condition.False
	}
	for _, api := range q.product.surfaces() {
		facts.API = string(api)
		v := f.condition.Eval(&facts)
		holds, possibly = holds || v == condition.True, possibly || v != condition.False
	}
	return holds, possibly
}

// truth returns what a clause's condition comes to for a question.
func (f *InForce) truth(q question) condition.Truth {
	switch holds, possibly := f.when(q); {
	case holds:
		return condition.True
	case possibly:
		return condition.Unknown
	default:
		return condition.False
	}
}

// unmet names the conditions for which clauses that list the deployment's cloud do not permit it; "" if there are none.
func (t *Terms) unmet(q question) string {
	var all []string
	for i := range t.deliveries {
		f := &t.deliveries[i]
		if f.condition == nil || f.Mode == Prohibited || f.Agreement.Policy != "" || f.group(q.deployment.Cloud) == len(f.Order) {
			continue
		}
		bare := *f
		bare.condition = nil
		if inside, _ := bare.scope(q); inside && f.truth(q) != condition.True {
			all = append(all, fmt.Sprintf("that of %s is %v", f.ID, f.truth(q)))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "; of the conditions " + words(all, "and")
}

// surfaces are the APIs of a product; one that names none is offered on every surface.
func (p *Product) surfaces() []API {
	if len(p.APIs) > 0 {
		return p.APIs
	}
	return APIs()
}

// APIs returns the surfaces in the order in which pages list them.
func APIs() []API {
	return []API{Chat, Responses, Embeddings, Completions, Images, Audio, Moderations}
}

// conditionalOn reports whether a clause in force has a condition on a fact.
func (t *Terms) conditionalOn(n condition.Name) bool {
	for i := range t.clauses {
		if c := t.clauses[i].condition; c != nil && c.Names(n) {
			return true
		}
	}
	return false
}

// Conditional lists the facts that conditions of clauses in force name. What is compiled from terms for many requests has to
// tell apart those that differ in one of them.
func (t *Terms) Conditional() []condition.Name {
	var all []condition.Name
	for _, n := range condition.Names() {
		if t.conditionalOn(n) {
			all = append(all, n)
		}
	}
	return all
}

// ConditionFacts returns the facts that the condition of a clause of a kind may name: those which are known wherever the
// clause is applied. Delivery and license are applied to requests; a share is applied to what the books keep of a sale; the
// other kinds are applied without asking for one request. The remedy says what to write instead of other facts.
func ConditionFacts(kind string) (known []condition.Name, remedy string) {
	switch kind {
	case "delivery", "license":
		return condition.Names(), ""
	case "revenue-share":
		return []condition.Name{condition.Product, condition.Owner, condition.State, condition.Cloud},
			"the base on a statement is what the books tell apart: product and cloud"
	case "sale":
		return nil, "narrow it by seller, products and clouds: a deployment has one sale clause, whoever asks"
	case "commitment":
		return nil, "narrow what counts: counts: {clouds: [...], products: [...], streams: [...]}"
	case "milestone":
		return nil, "leave when out: a milestone is declared by its facts"
	}
	panic("agreement: condition of a clause of no known kind: " + kind)
}

// Counts reports whether the condition of a share lets its base count what was earned with a product on a cloud.
func (t *Terms) Counts(share InForce, product, cloud string) bool {
	if share.condition == nil {
		return true
	}
	facts := condition.Facts{Product: product, Cloud: cloud}
	if p, ok := t.Product(product); ok {
		facts.Owner, facts.State = p.Owner, p.State
	}
	return share.condition.Eval(&facts) == condition.True
}

// WhenField names the place of a character inside a clause's condition among the places of its fields.
func WhenField(offset int) string { return fmt.Sprintf("when[%d]", offset) }

// whenAt returns where a character of the condition stands.
func (h *Head) whenAt(offset int) Pos {
	field := WhenField(offset)
	for _, p := range h.Places {
		if p.Field == field {
			return p.Pos
		}
	}
	return h.At("when")
}
