package demo

import (
	"context"
	"fmt"

	"concord/agreement"
	"concord/delivery"
	"concord/internal/app"
	"concord/journal"
)

// A tally is what the journal says of all requests: read from its records, with every decision made again.
type tally struct {
	requests, answered, refused, failed, withUsage, attempts int

	clouds    map[string]map[reasonKey]int // by cloud that served: why there
	failovers map[failoverKey]int
	outcomes  map[string]int
	records   map[string]int // by request id
	example   journal.RequestID
	tells     int // how much the example tells; 0 = there is none
	changed   int // requests whose seller changed
}

type reasonKey struct{ clause, reason string }

type failoverKey struct{ from, to, reason, seller string }

// decided is what an intent and its attempts say until the record comes.
type decided struct {
	home   *agreement.Deployment // where the terms wanted it first
	reason agreement.Leaving     // why that was left; "" = it was not
	facts  delivery.Facts
	router *delivery.Router
	plan   delivery.Plan
}

// count reads the whole journal once.
func count(ctx context.Context, r *app.Reading) (*tally, error) {
	history, err := r.History(ctx)
	if err != nil {
		return nil, err
	}
	t := &tally{clouds: map[string]map[reasonKey]int{}, failovers: map[failoverKey]int{}, outcomes: map[string]int{}, records: map[string]int{}}
	open := map[journal.RequestID]*decided{}
	clauses := map[clauseOf]string{}
	var failed error
	own, err := ownChain(ctx, r.Journal)
	if err != nil {
		return nil, err
	}
	err = app.EachEntry(ctx, r.Journal, own, func(_ *journal.Block, e *journal.Entry) bool {
		switch b := e.Body.(type) {
		case *journal.Intent:
			open[b.Request], failed = decideAgain(history, e, b)
		case *journal.Record:
			d, known := open[b.Request]
			if known || b.Outcome == journal.Refused { // else it resolves a request of an earlier run
				t.record(b, d, clauses)
			}
			delete(open, b.Request)
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("add up the journal: %w", err)
	}
	return t, nil
}

// ownChain is the position before the first block of the chain that was opened last: this run's.
func ownChain(ctx context.Context, j journal.Journal) (journal.Cursor, error) {
	chains, err := j.Chains(ctx)
	if err != nil || len(chains) == 0 {
		return journal.Cursor{}, err
	}
	return journal.Cursor{Chain: chains[len(chains)-1].Ordinal}, nil
}

func decideAgain(history *app.History, e *journal.Entry, in *journal.Intent) (*decided, error) {
	set, err := history.Set(in.Set)
	if err != nil {
		return nil, err
	}
	d := &decided{
		router: set.Timeline.At(e.Time),
		facts:  delivery.Facts{Request: in.Request, At: e.Time, Customer: in.Customer, Product: in.Product, API: in.API, Stream: in.Stream},
	}
	err = d.router.Recompute(d.facts, func(yield func(string, delivery.State) bool) {
		for _, seen := range in.Health {
			if !yield(seen.Deployment, seen.State) {
				return
			}
		}
	}, &d.plan)
	if err != nil {
		return nil, err
	}
	if len(d.plan.Steps) > 0 {
		d.home = &set.Catalog.Deployments[d.plan.Steps[0].Deployment]
		d.reason = d.plan.First().Reason
	}
	return d, nil
}

func (t *tally) record(r *journal.Record, d *decided, clauses map[clauseOf]string) {
	t.requests++
	t.records[r.Request.String()]++
	t.outcomes[r.Outcome.String()]++
	switch r.Outcome {
	case journal.Answered:
		t.answered++
	case journal.Refused:
		t.refused++
	default:
		t.failed++
	}
	if app.HasUsage(r) {
		t.withUsage++
	}
	for i := range r.Attempts {
		if app.Sent(&r.Attempts[i]) {
			t.attempts++
		}
	}
	served := app.Served(r)
	if served == nil || d == nil || d.home == nil || r.Outcome != journal.Answered {
		return
	}
	reason := leaving(r, d)
	if t.clouds[served.Cloud] == nil {
		t.clouds[served.Cloud] = map[reasonKey]int{}
	}
	if served.Deployment == d.home.ID {
		reason = ""
	}
	t.clouds[served.Cloud][reasonKey{d.clause(served.Deployment, clauses), string(reason)}]++
	if served.Cloud == d.home.Cloud {
		return
	}
	key := failoverKey{from: d.home.Cloud, to: served.Cloud, reason: string(reason)}
	if served.Seller != d.home.Seller {
		key.seller = d.home.Seller + " to " + served.Seller
		t.changed++
	}
	t.failovers[key]++
	t.consider(r, key)
}

// consider keeps the request that tells most: one that failed over after an attempt, with the same seller, so that all that
// the agreement says of it is in its postings.
func (t *tally) consider(r *journal.Record, key failoverKey) {
	tells := 1
	if len(r.Attempts) > 1 {
		tells++
	}
	if key.seller == "" {
		tells += 2
	}
	if tells > t.tells {
		t.example, t.tells = r.Request, tells
	}
}

// leaving is why the first deployment of the plan did not serve: it was passed over, or its attempt came to nothing.
func leaving(r *journal.Record, d *decided) agreement.Leaving {
	if d.reason != "" || len(r.Attempts) == 0 || r.Attempts[0].Deployment != d.home.ID {
		return d.reason
	}
	return d.plan.Next(0, r.Attempts[0].Outcome, 0, 0, nil).Reason
}

type clauseOf struct {
	router                        *delivery.Router
	customer, product, deployment string
	api                           agreement.API
}

// clause names the delivery clause under which a deployment serves these facts.
func (d *decided) clause(deployment string, known map[clauseOf]string) string {
	key := clauseOf{d.router, d.facts.Customer, d.facts.Product, deployment, d.facts.API}
	if c, ok := known[key]; ok {
		return c
	}
	for i, v := range d.router.Explain(d.facts) {
		one := key
		one.deployment = d.router.Catalog().Deployments[i].ID
		known[one] = v.Clause.Clause
	}
	return known[key]
}
