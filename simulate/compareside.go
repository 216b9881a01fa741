package simulate

import (
	"errors"
	"fmt"
	"slices"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/usage"
)

// comparedSide is one version with the books that usage is posted to under it.
type comparedSide struct {
	at      Version
	state   *ledger.State
	plan    delivery.Plan
	denials map[denialKey]Ending
	learned map[*agreement.Terms]bool
}

type denialKey struct {
	router            *delivery.Router
	customer, product string
	api               agreement.API
	stream            bool
}

// routed is what becomes of a request under one version.
type routed struct {
	ending   Ending
	first    string // deployment that is tried first; "" = none
	charged  money.Amount
	currency money.Currency
	supposed bool // served by a deployment that was not tried: with the usage as recorded
	unknown  bool // served, but nobody knows with which usage
	uncosted bool
}

// take decides, prices and posts one request.
func (s *comparedSide) take(e *journal.Entry, q *request) (*routed, error) {
	router := s.at(q.at)
	if !s.learned[router.Terms()] {
		s.learned[router.Terms()] = true
		if err := ledger.Learn(s.state, router.Terms()); err != nil {
			return nil, fmt.Errorf("open the books: %w", err)
		}
	}
	out := &routed{}
	under := *q.record
	under.Attempts, under.Served, under.Lines, under.Unpriced = nil, -1, nil, nil
	step, recorded := s.walk(router, q, out, &under)
	if step >= 0 {
		if err := s.serve(router, q, out, &under, step, recorded); err != nil {
			return nil, err
		}
	}
	entry := *e
	entry.Body = &under
	if _, err := ledger.PostUnder(s.state, &entry, router.Terms()); err != nil {
		return nil, err
	}
	return out, nil
}

// walk goes through the attempts of a request. It returns the deployment that serves and, where the record has it, the
// attempt; -1 = none serves.
func (s *comparedSide) walk(router *delivery.Router, q *request, out *routed, under *journal.Record) (deployment, recorded int) {
	router.Plan(q.facts, q.seen(router, 0), &s.plan)
	if s.plan.Refused {
		out.ending = s.refusal(router, q.facts)
		return -1, -1
	}
	used := make([]bool, len(q.record.Attempts))
	move := s.plan.First()
	for n := 1; move.Kind != delivery.End; n++ {
		dep := s.plan.Steps[move.Step].Deployment
		id := router.Catalog().Deployments[dep].ID
		if n == 1 {
			out.first = id
		}
		i := q.attempt(id, used)
		switch {
		case i < 0 && move.LastResort:
			out.ending = Ending{Outcome: "failed"}
			return -1, -1
		case i < 0 && q.hopeless():
			out.ending = Ending{Outcome: "failed", Deployment: id}
			return -1, -1
		case i < 0 || i == q.record.Served:
			out.ending = Ending{Outcome: "served", Deployment: id}
			return dep, i
		}
		used[i] = true
		tried := q.record.Attempts[i]
		under.Attempts = append(under.Attempts, tried)
		at := move.Step
		move = s.plan.Next(at, tried.Outcome, 0, 0, q.seen(router, n))
		if move.Kind == delivery.End && q.attempt(id, used) >= 0 {
			move = delivery.Move{Kind: delivery.Try, Step: at} // the record waited for it and tried again
		}
		out.ending = Ending{Outcome: "failed", Deployment: id}
	}
	return -1, -1
}

// attempt finds the next recorded attempt at a deployment that was not gone through yet.
func (q *request) attempt(deployment string, used []bool) int {
	for i := range q.record.Attempts {
		if !used[i] && q.record.Attempts[i].Deployment == deployment {
			return i
		}
	}
	return -1
}

// hopeless reports that no deployment could have answered: the fault was the client's.
func (q *request) hopeless() bool {
	attempts := q.record.Attempts
	if q.record.Served >= 0 || len(attempts) == 0 {
		return false
	}
	last := attempts[len(attempts)-1].Outcome
	return last == delivery.ClientFault || last == delivery.ClientGone
}

// seen is the health that the journal kept before the nth move, or the last one that it kept.
func (q *request) seen(router *delivery.Router, n int) []delivery.State {
	states := make([]delivery.State, len(router.Catalog().Deployments))
	for _, one := range q.health[min(n, len(q.health)-1)] {
		if i, known := router.Deployment(one.Deployment); known {
			states[i] = one.State
		}
	}
	return states
}

func (s *comparedSide) refusal(router *delivery.Router, f delivery.Facts) Ending {
	k := denialKey{router, f.Customer, f.Product, f.API, f.Stream}
	if e, known := s.denials[k]; known {
		return e
	}
	v, _ := router.Denial(f)
	e := Ending{Outcome: "refused", Check: v.Failed.String(), Agreement: v.Clause.Agreement, Clause: v.Clause.Clause}
	s.denials[k] = e
	return e
}

// serve prices a request at the deployment that serves it.
func (s *comparedSide) serve(router *delivery.Router, q *request, out *routed, under *journal.Record, dep, recorded int) error {
	r, d := q.record, &router.Catalog().Deployments[dep]
	out.supposed = recorded < 0
	if r.Served < 0 {
		out.unknown = recorded < 0
		return nil
	}
	tried := r.Attempts[r.Served]
	if out.supposed {
		tried = journal.Tried{Deployment: d.ID, Cloud: d.Cloud, Seller: d.Seller, Holder: d.Holder, Outcome: tried.Outcome, Usage: tried.Usage}
		var err error
		if tried.Cost, err = router.Cost(dep, q.at, &tried.Usage, nil); errors.Is(err, delivery.ErrNoCost) {
			out.uncosted = true
		} else if err != nil {
			return err
		}
	}
	under.Attempts = append(slices.Clip(under.Attempts), tried)
	under.Served = len(under.Attempts) - 1
	if c := router.Currency(dep); c != "" {
		under.Currency = c
	}
	out.currency = under.Currency
	u := &tried.Usage
	if len(r.Lines) > 0 || len(r.Unpriced) > 0 {
		u = &r.Usage
	}
	if !charges(router.Sale(dep), r.Outcome, u.Evidence) {
		return nil
	}
	under.Usage = *u
	var err error
	if under.Lines, under.Unpriced, err = router.Charge(dep, q.at, u, nil); err != nil {
		return err
	}
	out.charged, err = total(under.Lines)
	return err
}

// charges applies a sale clause's rule for answers that did not end well; an answered request is always charged.
func charges(s *agreement.Sale, o journal.Outcome, e usage.Evidence) bool {
	rule := agreement.ChargeNone
	if s != nil {
		switch o {
		case journal.Cut:
			rule = s.Charge.Cut
		case journal.Cancelled:
			rule = s.Charge.Cancelled
		case journal.Interrupted:
			rule = s.Charge.Interrupted
		case journal.Answered, journal.Failed, journal.Refused, journal.Void:
		}
	}
	if rule == "" && o != journal.Interrupted {
		rule = agreement.ChargeDelivered
	}
	return o == journal.Answered || rule == agreement.ChargeDelivered || rule == agreement.ChargeReported && e == usage.Reported
}

// sides are sums over the books of one side.
type sides struct {
	owed, results, drawn map[flowKey]money.Amount
}

// sums adds up who owes whom, what is left to each party, and what draws commitments down. All that are no parties are
// customers.
func (s *comparedSide) sums(parties map[string]bool) (*sides, error) {
	cells, _, err := s.state.Changes()
	if err != nil {
		return nil, fmt.Errorf("balances of a version: %w", err)
	}
	out := &sides{map[flowKey]money.Amount{}, map[flowKey]money.Amount{}, map[flowKey]money.Amount{}}
	name := func(book string) string {
		if parties[book] {
			return book
		}
		return Customers
	}
	for i := range cells {
		c := &cells[i]
		parts, err := c.Account.Parse()
		if err != nil {
			return nil, err
		}
		switch {
		case parts.Root == "payable" && parts.Branch == "accrued":
			k := flowKey{name(c.Book), parts.Counterparty, c.Agreement, parts.Subject, c.Currency}
			out.owed[k], err = out.owed[k].Sub(c.Amount)
		case parts.Root == "revenue" || parts.Root == "cost":
			k := flowKey{payer: name(c.Book), currency: c.Currency}
			out.results[k], err = out.results[k].Sub(c.Amount)
		case parts.Root == "memo" && parts.Branch == "commitment" && parts.Side == "used":
			k := flowKey{agreement: c.Agreement, clause: parts.Subject, currency: c.Currency}
			out.drawn[k], err = out.drawn[k].Add(c.Amount)
		}
		if err != nil {
			return nil, fmt.Errorf("sums of %s in book %s: %w", c.Account, c.Book, err)
		}
	}
	return out, nil
}
