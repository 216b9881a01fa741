package delivery

import "concord/agreement"

// A Step is one deployment of a plan, in the order in which it would be tried.
type Step struct {
	Deployment int // index into the catalog's deployments
	Group      int
	SellerRank int
	State      State
	Choice     bool // first by the customer's choice
}

// Cause says why a plan has no step.
type Cause uint8

// The causes. An unknown product is a 404, what nobody may deliver is a refusal.
const (
	Served          Cause = iota // it has steps
	NobodyMay                    // no clause permits any deployment; Router.Denial says which check failed
	UnknownProduct               // the terms do not know the product
	UnknownCustomer              // the catalog does not know the customer
)

// A Plan is the decision for one request. Reuse one to avoid allocation: Router.Plan overwrites it.
type Plan struct {
	Facts   Facts
	Steps   []Step
	Refused bool  // it has no step
	Cause   Cause // why it has none
	notes   []note
	weights []int64 // scratch of the draw
	waited  bool
}

// A note is what happened to the step of the same index.
type note struct {
	*candidate
	tried   bool
	skipped bool
	left    reasons
}

// Plan decides. seen holds the state of every deployment of the catalog, by index; what it lacks is healthy. Open
// deployments keep their place: First and Next pass them over.
func (r *Router) Plan(f Facts, seen []State, p *Plan) {
	*p = Plan{Facts: f, Steps: p.Steps[:0], notes: p.notes[:0], weights: p.weights[:0]}
	profile, known := r.profiles[f.Customer]
	if !known {
		p.Refused, p.Cause = true, UnknownCustomer
		return
	}
	both, known := r.routes[routeKey{profile, f.Product, f.API}]
	rt := both.of(f.Stream)
	if !known || len(rt.candidates) == 0 {
		p.Refused, p.Cause = true, NobodyMay
		if _, is := r.terms.Product(f.Product); !is {
			p.Cause = UnknownProduct
		}
		return
	}
	for i := range rt.segments {
		s := &rt.segments[i]
		if s.slots == nil {
			p.add(rt, s.from, s.to, seen)
		} else {
			p.draw(rt, s, seen)
		}
	}
}

func (p *Plan) add(rt *route, from, to int, seen []State) {
	for i := from; i < to; i++ {
		c := &rt.candidates[i]
		p.Steps = append(p.Steps, Step{
			Deployment: c.deployment, Group: c.group, SellerRank: c.sellerRank, Choice: c.choice || c.policy.moved,
			State: stateOf(seen, c.deployment),
		})
		p.notes = append(p.notes, note{candidate: c})
	}
}

func stateOf(seen []State, deployment int) State {
	if deployment < len(seen) {
		return seen[deployment]
	}
	return Closed
}

// reasons is a set of agreement.Leaving.
type reasons uint8

const (
	reasonDown reasons = 1 << iota
	reasonThrottled
	reasonUnsupported
	reasonRegion
	allReasons = reasonDown | reasonThrottled | reasonUnsupported | reasonRegion
)

func reasonsOf(list []agreement.Leaving) reasons {
	var r reasons
	for _, l := range list {
		switch l {
		case agreement.Down:
			r |= reasonDown
		case agreement.Throttled:
			r |= reasonThrottled
		case agreement.Unsupported:
			r |= reasonUnsupported
		case agreement.RegionRule:
			r |= reasonRegion
		}
	}
	return r
}

// leaving names the first reason of a set; "" for the empty one.
func (r reasons) leaving() agreement.Leaving {
	switch {
	case r&reasonDown != 0:
		return agreement.Down
	case r&reasonThrottled != 0:
		return agreement.Throttled
	case r&reasonUnsupported != 0:
		return agreement.Unsupported
	case r&reasonRegion != 0:
		return agreement.RegionRule
	}
	return ""
}
