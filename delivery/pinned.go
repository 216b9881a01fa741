package delivery

// only is the candidate of a plan that no clause orders.
func only(deployment int) *candidate { return &candidate{deployment: deployment, leave: allReasons} }

// PlanFor makes the plan of a request that one deployment alone can answer, because it keeps what the request is about. It
// asks no clause: reading, cancelling or deleting what a cloud made delivers no product.
func (r *Router) PlanFor(f Facts, seen []State, deployment int, p *Plan) {
	*p = Plan{Facts: f, Steps: p.Steps[:0], notes: p.notes[:0], weights: p.weights[:0]}
	p.Steps = append(p.Steps, Step{Deployment: deployment, State: stateOf(seen, deployment)})
	p.notes = append(p.notes, note{candidate: only(deployment)})
}

// Keep leaves in a plan only the steps for whose deployment keep is true, in their order: what continues a conversation goes
// where it is kept, as far as the terms permit that. It reports false, and changes nothing, if none is left.
func (p *Plan) Keep(keep func(deployment int) bool) bool {
	n := 0
	for i := range p.Steps {
		if keep(p.Steps[i].Deployment) {
			n++
		}
	}
	if n == 0 {
		return false
	}
	kept := 0
	for i := range p.Steps {
		if d := p.Steps[i].Deployment; keep(d) {
			p.Steps[kept] = p.Steps[i]
			p.notes[kept] = note{candidate: only(d)}
			kept++
		}
	}
	p.Steps, p.notes = p.Steps[:kept], p.notes[:kept]
	return true
}

// Beside returns a step that the terms rank like step, that is healthy and was not tried: one that may be asked while step
// has not answered. ok is false if there is none.
func (p *Plan) Beside(step int) (beside int, ok bool) {
	c := p.notes[step].candidate
	for i := range p.Steps {
		d := p.notes[i].candidate
		if i == step || p.notes[i].tried || p.notes[i].skipped || p.Steps[i].State != Closed {
			continue
		}
		if d.level == c.level && d.sellerRank == c.sellerRank && d.policy.group == c.policy.group && p.reachable(i) {
			return i, true
		}
	}
	return 0, false
}

// Asked notes that a step was asked beside another one: Next does not choose it again.
func (p *Plan) Asked(step int, outcome Outcome) {
	n := &p.notes[step]
	n.tried = true
	n.left |= reasonFor(outcome)
}
