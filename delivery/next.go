package delivery

import "concord/agreement"

// MoveKind says what to do next.
type MoveKind uint8

// The moves.
const (
	Try  MoveKind = iota + 1 // send to Step now
	Wait                     // wait for Delay, then send to Step
	End                      // no deployment is left that the terms allow for this reason
)

// A Move is what First and Next say.
type Move struct {
	Kind   MoveKind
	Step   int               // index into Plan.Steps
	Delay  int64             // ns
	Reason agreement.Leaving // for which an earlier step was left or passed over; "" = nothing was
	// LastResort: every deployment that may still be tried is open, and this is the least bad of them. Send without
	// asking its breaker: the terms permit the request, and refusing it would be the worse answer.
	LastResort bool
}

// First returns the first move of a plan: its first step that health lets through, or the least bad one.
func (p *Plan) First() Move {
	i, last, ok := p.pick()
	if !ok {
		return Move{Kind: End}
	}
	m := Move{Kind: Try, Step: i, LastResort: last}
	if i > 0 {
		m.Reason = p.why(0).leaving()
	} else {
		m.Reason = p.notes[i].needs.leaving()
	}
	return m
}

// Next says what to do after the attempt at step ended in outcome; retryAfter is what the cloud asked for (ns, 0 = nothing),
// left what remains of the request's deadline (ns), seen the health of all deployments now. Next is never asked after the
// first content. A caller that lost the probe of an open deployment to another asks with the outcome Skipped.
//
// A deployment is tried once, with one exception: if nothing else is left, the cloud said when it will be back, and that
// fits into the deadline, Next waits for it, once.
func (p *Plan) Next(step int, outcome Outcome, retryAfter, left int64, seen []State) Move {
	for i := range p.Steps {
		p.Steps[i].State = stateOf(seen, p.Steps[i].Deployment)
	}
	reason := reasonFor(outcome)
	n := &p.notes[step]
	if outcome == Skipped {
		n.skipped = true
		reason = p.why(step)
	} else {
		n.tried = true
		n.left |= reason
	}
	end := Move{Kind: End, Step: step, Reason: reason.leaving()}
	if reason == 0 {
		return end
	}
	i, last, ok := p.pick()
	if ok && !last {
		return Move{Kind: Try, Step: i, Reason: reason.leaving()}
	}
	if n.tried && !p.waited && passes(outcome) && 0 < retryAfter && retryAfter < left {
		p.waited = true
		return Move{Kind: Wait, Step: step, Delay: retryAfter, Reason: reason.leaving()}
	}
	if ok {
		return Move{Kind: Try, Step: i, Reason: reason.leaving(), LastResort: true}
	}
	return end
}

// pick returns the step to try next: the first that health lets through, else the first of the least bad ones.
func (p *Plan) pick() (step int, lastResort, ok bool) {
	least := -1
	for i := range p.Steps {
		if p.notes[i].tried || !p.reachable(i) {
			continue
		}
		state := p.Steps[i].State
		if state.lets() && !p.notes[i].skipped {
			return i, false, true
		}
		if least < 0 || state < p.Steps[least].State {
			least = i
		}
	}
	return max(least, 0), true, least >= 0
}

// reachable reports whether step i may be tried now: every step of an earlier group, and of an earlier seller, was left
// for a reason that its clause lists. A home cloud that goes first by choice passes the groups, never the sellers.
func (p *Plan) reachable(i int) bool {
	c := p.notes[i].candidate
	for j := range p.notes {
		d := p.notes[j].candidate
		why := p.why(j)
		if c.policy.after(c, d) && (why == 0 || why&^d.policy.leave != 0) {
			return false
		}
		if d.level >= c.level || (c.first || c.policy.before(c, d)) && d.sellerRank == c.sellerRank {
			continue
		}
		if why == 0 || why&^d.leave != 0 {
			return false
		}
	}
	return true
}

// why returns the reasons for which step i is not, or no longer, the one to try.
func (p *Plan) why(i int) reasons {
	n := &p.notes[i]
	switch {
	case n.tried:
		return n.left
	case p.Steps[i].State == OpenLimit:
		return reasonThrottled
	case p.Steps[i].State == OpenDown || n.skipped:
		return reasonDown
	}
	return 0
}

// reasonFor maps an outcome to the reason for leaving; none for outcomes that end a request.
func reasonFor(o Outcome) reasons {
	switch o {
	case Throttled, Quota:
		return reasonThrottled
	case Timeout, Unreachable, ServerError, Credential, ContentStalled:
		return reasonDown
	case Unsupported:
		return reasonUnsupported
	case Answered, Policy, ClientFault, CutShort, ClientGone, Skipped, Superseded:
	}
	return 0
}

// passes reports whether waiting can help: a spent quota, a bad credential or a missing feature is not gone in seconds.
func passes(o Outcome) bool {
	switch o {
	case Throttled, Timeout, Unreachable, ServerError, ContentStalled:
		return true
	default:
		return false
	}
}
