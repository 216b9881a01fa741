package agreement

import "slices"

// facts looks at the facts of one agreement: what they name, and whether their author is entitled to say it.
func (l *linter) facts(a *Agreement) {
	seen := map[string]Pos{}
	for i := range a.Facts {
		f := &a.Facts[i]
		if at, ok := seen[f.ID]; ok {
			l.report(problem{rule: "fact-twice", at: f.Pos, remedy: "give it an id of its own"}, "the fact %s is there twice, first in line %d", f.ID, at.Line)
		}
		seen[f.ID] = f.Pos
		if f.Product != "" {
			if p, ok := l.set.registry.names[f.Product]; !ok || p.ID != f.Product {
				l.report(problem{rule: "unknown-product", at: f.Pos, remedy: "declare it under products, or correct the name"}, "the fact %s names the product %s, which is not declared", f.ID, f.Product)
				continue
			}
		}
		if _, ok := l.set.registry.operators[f.Cloud]; f.Cloud != "" && !ok {
			l.report(problem{rule: "unknown-cloud", at: f.Pos, remedy: "name a cloud that a party operates"}, "the fact %s names the cloud %s, which no party operates", f.ID, f.Cloud)
			continue
		}
		if f.Milestone != "" && a.milestone(f.Milestone) == nil {
			l.report(problem{rule: "unknown-milestone", at: f.Pos, remedy: "add a clause of kind milestone with name: " + f.Milestone}, "the fact %s names the milestone %s, which no clause defines", f.ID, f.Milestone)
			continue
		}
		if !l.scan(a) {
			return
		}
		entitled := l.entitled(a, f)
		if len(entitled) > 0 && !slices.Contains(entitled, f.By) {
			l.report(problem{rule: "fact-not-entitled", at: f.Pos, remedy: "let " + words(entitled, "or") + " state it"},
				"the fact %s (%s) is stated by %q; only %s may state it", f.ID, f.Kind, f.By, words(entitled, "or"))
		}
	}
}

// entitled lists who may state a fact: the owner or the cloud's operator that a product shipped or was retired, the
// operator that it cannot support it or declines, the holder of a right of first refusal that it accepts or declines an
// offer, any other party that it offers, and of a milestone whom its clause names.
func (l *linter) entitled(a *Agreement, f *Fact) (who []string) {
	operator := l.set.registry.operators[f.Cloud]
	switch f.Kind {
	case Ships, Retires:
		if p, ok := l.set.registry.names[f.Product]; ok {
			who = union(who, []string{p.Owner})
		}
		who = union(who, []string{operator})
	case CannotSupport:
		who = []string{operator}
	case Declines, Accepts:
		if f.Offer == "" {
			return l.firstShipOperators(a, f, operator)
		}
		who = a.holders()
	case Offers:
		holders := a.holders()
		for _, p := range a.Parties {
			if !slices.Contains(holders, p.ID) {
				who = append(who, p.ID)
			}
		}
	case Declares:
		who = []string{a.milestone(f.Milestone).Declares}
	case Verifies:
		who = []string{a.milestone(f.Milestone).Verifies}
	case Grants, Revokes:
	}
	return without(who, "")
}

// firstShipOperators are the operators of the clouds on which products ship first, for a fact that names no cloud.
func (l *linter) firstShipOperators(a *Agreement, f *Fact, operator string) (who []string) {
	if f.Cloud != "" {
		return without([]string{operator}, "")
	}
	for _, c := range a.allClauses() {
		if d, ok := c.(*Delivery); ok && d.FirstShip != nil && d.Products.Matches(f.Product) {
			who = union(who, []string{l.set.registry.operators[d.FirstShip.Cloud]})
		}
	}
	return without(who, "")
}

// holders lists the parties with a right of first refusal.
func (a *Agreement) holders() (who []string) {
	for _, c := range a.allClauses() {
		if d, ok := c.(*Delivery); ok && d.Refusal != nil {
			who = union(who, []string{d.Refusal.Holder})
		}
	}
	return who
}

func without(list []string, v string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == v })
}
