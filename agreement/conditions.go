package agreement

import (
	"fmt"
	"slices"
)

// unshipped returns why a first-ship rule holds a product back from a cloud; "" if it does not.
func (t *Terms) unshipped(q question, f *inForceDelivery) string {
	rule := f.FirstShip
	if rule == nil || rule.Cloud == q.deployment.Cloud {
		return ""
	}
	shipped, older, leading := false, false, false
	for _, fact := range t.facts {
		if fact.agreement != f.Agreement || fact.Kind != Ships || fact.Product != q.product.ID {
			continue
		}
		if fact.On.Before(f.Since) {
			older = true
		}
		if fact.Cloud == rule.Cloud {
			ready := rule.LeadDays == 0 || slices.Contains(t.elapsed, elapsed{f.Agreement.Name, f.ID, fact.ID})
			shipped = shipped || ready
			leading = leading || !ready
		}
	}
	switch {
	case shipped, older && rule.AppliesTo != "all", t.excepted(q, f):
		return ""
	case leading:
		return fmt.Sprintf("%s shipped on %s less than %d days ago (%s)", q.product.ID, rule.Cloud, rule.LeadDays, f.ID)
	}
	return fmt.Sprintf("%s is not shipped on %s (%s)", q.product.ID, rule.Cloud, f.ID)
}

// excepted reports whether the facts that lift a first-ship rule have happened: all of them or any, as the clause says.
func (t *Terms) excepted(q question, f *inForceDelivery) bool {
	rule := f.FirstShip
	if len(rule.Exception) == 0 {
		return false
	}
	happened := func(kind FactKind) bool {
		return slices.ContainsFunc(t.facts, func(fact inForceFact) bool {
			return fact.agreement == f.Agreement && fact.Kind == kind && fact.Product == q.product.ID &&
				(fact.Cloud == "" || fact.Cloud == rule.Cloud)
		})
	}
	if rule.Logic == "any" {
		return slices.ContainsFunc(rule.Exception, happened)
	}
	return !slices.ContainsFunc(rule.Exception, func(kind FactKind) bool { return !happened(kind) })
}

// unoffered returns why a right of first refusal keeps capacity from being used; "" if it does not.
func (t *Terms) unoffered(q question, f *inForceDelivery) string {
	rule, offer := f.Refusal, q.deployment.Capacity
	if rule == nil || offer == "" {
		return ""
	}
	if operator, _ := t.Operator(q.deployment.Cloud); operator == rule.Holder {
		return ""
	}
	offered, silent := false, false
	for _, fact := range t.facts {
		if fact.agreement != f.Agreement || fact.Offer != offer {
			continue
		}
		switch fact.Kind {
		case Accepts:
			return fmt.Sprintf("%s took up the capacity %s (%s)", rule.Holder, offer, f.ID)
		case Declines:
			return ""
		case Offers:
			offered = true
			silent = silent || rule.Window == 0 || slices.Contains(t.elapsed, elapsed{f.Agreement.Name, f.ID, fact.ID})
		}
	}
	switch {
	case silent && rule.Silence == "refusal":
		return ""
	case silent:
		return fmt.Sprintf("%s took up the capacity %s by its silence (%s)", rule.Holder, offer, f.ID)
	case offered:
		return fmt.Sprintf("%s may still answer the offer of capacity %s (%s)", rule.Holder, offer, f.ID)
	}
	return fmt.Sprintf("capacity %s was not offered to %s first (%s)", offer, rule.Holder, f.ID)
}
