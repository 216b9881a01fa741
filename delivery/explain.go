package delivery

import (
	"fmt"
	"iter"

	"concord/agreement"
)

// Explain gives the verdict on every deployment of the catalog for these facts, with the check that failed and its clause.
// A deployment of another product is not permitted and failed no check: it was never meant.
func (r *Router) Explain(f Facts) []agreement.Verdict {
	c, known := r.customers[f.Customer]
	if known {
		return r.judge(c, f.Product, f.API, f.Stream)
	}
	out := make([]agreement.Verdict, len(r.catalog.Deployments))
	for i := range out {
		out[i] = agreement.Verdict{
			Failed: agreement.CheckSeller,
			Reason: fmt.Sprintf("the catalog knows no customer %q", f.Customer),
		}
	}
	return out
}

// Denial returns the verdict that says best why nobody may serve these facts: of the deployment of the product that came
// furthest through the checks, the first declared on a tie; ok is false if some deployment may.
func (r *Router) Denial(f Facts) (v agreement.Verdict, ok bool) {
	v.Reason = fmt.Sprintf("no deployment of %s is configured", f.Product)
	v.Failed = agreement.CheckNone
	for i, one := range r.Explain(f) {
		switch {
		case one.Permitted:
			return one, false
		case r.catalog.Deployments[i].Product == f.Product && one.Failed > v.Failed:
			v = one
		}
	}
	return v, true
}

// Recompute decides again from what the journal kept: the facts of an intent and the health that it lists, by deployment
// id. It gives the very plan that was made then.
func (r *Router) Recompute(f Facts, health iter.Seq2[string, State], p *Plan) error {
	seen := make([]State, len(r.catalog.Deployments))
	for id, state := range health {
		i, known := r.byID[id]
		if !known {
			return fmt.Errorf("recompute the decision of %x: the catalog has no deployment %q", f.Request, id)
		}
		seen[i] = state
	}
	r.Plan(f, seen, p)
	return nil
}

// judge makes all checks for every deployment: those of the terms, the price, and whether the clause that orders lets the
// deployment's group be tried at all.
func (r *Router) judge(c *agreement.Customer, product string, api agreement.API, stream bool) []agreement.Verdict {
	out := make([]agreement.Verdict, len(r.catalog.Deployments))
	for i := range out {
		d := &r.catalog.Deployments[i]
		if d.Product != product {
			out[i] = agreement.Verdict{Reason: fmt.Sprintf("%s serves %s", d.ID, d.Product)}
			continue
		}
		out[i] = r.terms.VerdictFor(agreement.RequestFacts{Stream: stream}, c, d, api)
		if problem := r.places[i].problem; out[i].Permitted && problem != "" {
			out[i] = agreement.Verdict{Failed: agreement.CheckPrice, Clause: r.places[i].clause, Reason: problem}
		}
	}
	r.hold(c, out)
	return out
}

// hold denies deployments of later groups where the earlier ones are out of the question for a reason that the clause
// does not list in leave_for.
func (r *Router) hold(c *agreement.Customer, verdicts []agreement.Verdict) {
	all := r.permitted(c, verdicts)
	for i := range all {
		s := &all[i]
		barred, clause, group := s.needs&^s.leave, s.clause, s.group
		if s.first {
			barred = 0
		}
		if own := s.policy.needs &^ s.policy.leave; barred == 0 && own != 0 {
			barred, clause, group = own, s.own, s.policy.group
		}
		if barred == 0 {
			continue
		}
		failed := agreement.CheckRegion
		if barred&reasonRegion == 0 {
			failed = agreement.CheckAPI
		}
		v := &verdicts[s.deployment]
		*v = agreement.Verdict{
			Failed: failed, Clause: v.Clause,
			Reason: fmt.Sprintf("%s lets requests go to group %d on %s only for the reasons of leave_for, and %q is not one of them",
				clause.ID, group+1, s.cloud, barred.leaving()),
		}
	}
}
