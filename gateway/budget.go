package gateway

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"concord/clouds"
	"concord/journal"
	"concord/money"
)

// A Period is how long a window of a budget lasts.
type Period uint8

// The periods.
const (
	Total Period = iota // one window for ever
	Month
	Day
)

// A Budget bounds what a customer, or one of its keys, may spend. Requests count against every budget that matches them.
type Budget struct {
	ID       string
	Customer string // whose requests count; "" = those of Key
	Key      string // id of the key whose requests count; "" = all of Customer's
	Limit    money.Amount
	Currency money.Currency
	Per      Period
	Zone     *time.Location // of days and months; nil = UTC
}

// Window names the window of an instant: "2026-11-23" of a day, "2026-11" of a month, "total".
func (b *Budget) Window(at int64) string {
	zone := b.Zone
	if zone == nil {
		zone = time.UTC
	}
	switch b.Per {
	case Day:
		return time.Unix(0, at).In(zone).Format("2006-01-02")
	case Month:
		return time.Unix(0, at).In(zone).Format("2006-01")
	default:
		return "total"
	}
}

func (b *Budget) covers(k *Key) bool {
	if b.Key != "" {
		return b.Key == k.ID
	}
	return b.Customer == k.Customer
}

// claim bounds what the request can cost and puts what it takes of its key's budgets into the intent. A request that nothing
// bounds is refused.
func (q *request) claim(in *journal.Intent) *fault {
	budgets := q.key.budgets.all
	q.budgeted = true
	if f := q.boundable(budgets[0]); f != nil {
		return f
	}
	if limit := q.key.MaxOutput; limit > 0 && q.call.Scan.MaxTokensName == "" && limitName(q.call.Op) != "" {
		if f := q.limitOutput(limit); f != nil {
			return f
		}
		in.InputBytes = int64(len(q.body))
	}
	for _, b := range budgets {
		bound, f := q.bound(b, b.Currency)
		if f != nil {
			return f
		}
		in.Hold, in.Currency, in.OutputBound = bound.most, b.Currency, bound.output
	}
	if in.Hold.IsZero() {
		return nil // nothing is charged, so nothing is held
	}
	for _, b := range budgets {
		in.Claims = append(in.Claims, journal.Claim{Budget: b.ID, Window: b.Window(q.admitted), Limit: b.Limit})
	}
	return nil
}

// limitOutput writes the key's limit into a body that names none, so that the cloud keeps to what is held.
func (q *request) limitOutput(limit int64) *fault {
	name := `"` + limitName(q.call.Op) + `":`
	open := bytes.IndexByte(q.body, '{') + 1
	if open == 0 {
		return nil // not JSON: no such request has a form
	}
	body := make([]byte, 0, len(q.body)+64)
	body = append(append(body, q.body[:open]...), name...)
	body = strconv.AppendInt(body, limit, 10)
	if rest := bytes.TrimLeft(q.body[open:], " \t\r\n"); len(rest) > 0 && rest[0] != '}' {
		body = append(body, ',')
	}
	body = append(body, q.body[open:]...)
	scan, err := clouds.ScanRequest(q.call.Op, "", body, q.view.models)
	if err != nil {
		return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", message: err.Error()}
	}
	q.body, q.call.Body, q.call.Scan = body, body, scan
	return nil
}

func otherCurrency(b *Budget, c money.Currency) *fault {
	return &fault{status: http.StatusForbidden, kind: "agreement_error", code: "budget_currency", final: true,
		message: fmt.Sprintf("This key is under the budget %s in %s, and this request would be charged in %s. Have a budget in %s set in the gateway's configuration.",
			b.ID, b.Currency, c, c)}
}

// holds waits until the intent and its hold are durable: nothing is sent before. It reports false if the request is over.
func (q *request) holds() bool {
	err := q.await(q.ctx, q.intent)
	if over, ok := errors.AsType[*journal.BudgetRefusal](err); ok {
		q.overBudget(over)
		return false
	}
	if !errors.Is(err, errGone) {
		q.g.noteJournal(err)
	}
	if err != nil {
		q.abandon(err)
		return false
	}
	q.durable = true
	return true
}

// overBudget records and answers a request that did not fit a budget.
func (q *request) overBudget(r *journal.BudgetRefusal) {
	q.intent = nil                                                             // there is none in the journal
	q.record, _ = q.g.config.Journal.Append(q.refused("budget: " + r.Error())) // relaxed: a refusal moves no money
	q.recorded = true
	left, err := r.Limit.Sub(r.Spent)
	if err == nil {
		left, err = left.Sub(r.Held)
	}
	if err != nil || left.Sign() < 0 {
		left = money.Amount{}
	}
	h := q.w.Header()
	h["X-Concord-Budget"] = []string{r.Budget}
	q.fail(&fault{status: http.StatusTooManyRequests, kind: "insufficient_quota", code: "budget_exceeded", final: true,
		message: fmt.Sprintf("The budget %s (%s) has %s of %s %s left: %s is spent and %s held by open requests. This request can cost up to %s: "+
			"%s, at the dearest deployment that may serve it.",
			r.Budget, r.Window, left, r.Limit, r.Currency, r.Spent, r.Held, r.Amount, q.boundWords())})
}

// endHold makes the record end the hold of its intent: what was used above it is not charged. What is still being made keeps
// its hold: the later part that says what it used ends it.
func (q *request) endHold() {
	r, in := &q.papers.record, &q.papers.intent
	if r.Pending {
		r.Currency = cmp.Or(in.Currency, r.Currency)
		return
	}
	q.g.endHold(r, hold{in.Hold, in.Currency})
}

// A hold is what a request holds; the zero value is none.
type hold struct {
	amount   money.Amount
	currency money.Currency
}

func (g *Gateway) endHold(r *journal.Record, h hold) {
	if h.currency != "" {
		r.Currency = h.currency // what was held and what is charged are of one currency, also where nothing is charged
	}
	if err := r.EndHold(h.amount); err != nil {
		g.log.Error("charge not held to its hold, nothing is charged", "request", r.Request.String(), "error", err)
		r.Unpriced, r.Lines, r.Above = classes(&r.Usage), nil, money.Amount{}
	}
	if !r.Above.IsZero() {
		g.log.Warn("usage above the hold of its request is not charged", "request", r.Request.String(),
			"hold", r.Held.String(), "above", r.Above.String())
	}
}

// holdOf returns what the request holds that made a kept object: this process may not have admitted it.
func (g *Gateway) holdOf(k *kept) (hold, error) {
	if k.hold != nil {
		return *k.hold, nil
	}
	if g.config.Objects == nil {
		return hold{}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), findFor)
	defer cancel()
	defer context.AfterFunc(g.ending, cancel)()
	entries, err := g.config.Objects.Find(ctx, k.request)
	if err != nil {
		return hold{}, fmt.Errorf("find the intent of %s: %w", k.request, err)
	}
	k.hold = &hold{}
	for i := range entries {
		if in, ok := entries[i].Body.(*journal.Intent); ok && len(in.Claims) > 0 {
			*k.hold = hold{in.Hold, in.Currency}
		}
	}
	return *k.hold, nil
}

// checkBudgets reports everything that is wrong with budgets.
func checkBudgets(budgets []Budget, limits ...map[string]int64) []error {
	var errs []error
	seen := map[string]bool{}
	for i := range budgets {
		b := &budgets[i]
		switch {
		case b.ID == "" || seen[b.ID]:
			errs = append(errs, fmt.Errorf("budget %q has no id of its own: give it one", b.ID))
		case (b.Customer == "") == (b.Key == ""):
			errs = append(errs, fmt.Errorf("budget %s names a customer and a key, or neither: name one of them", b.ID))
		case b.Limit.Sign() < 0:
			errs = append(errs, fmt.Errorf("budget %s has a limit of %s: it must not be negative", b.ID, b.Limit))
		case b.Currency == "":
			errs = append(errs, fmt.Errorf("budget %s has no currency", b.ID))
		}
		seen[b.ID] = true
	}
	for i, of := range limits {
		for id, n := range of {
			if n < 0 {
				errs = append(errs, fmt.Errorf("deployment %s has %s of %d: use a positive number", id, [...]string{"a max output", "a context", "max seconds"}[i], n))
			}
		}
	}
	return errs
}

// budgets are those that a key's requests count against, one or more.
type budgets struct{ all []*Budget }

// budgetsOf lists the budgets of a key; nil = none.
func budgetsOf(k *Key, all []Budget) *budgets {
	var out budgets
	for i := range all {
		if all[i].covers(k) {
			out.all = append(out.all, &all[i])
		}
	}
	if len(out.all) == 0 {
		return nil
	}
	return &out
}

// String returns the period's name in configurations.
func (p Period) String() string {
	switch p {
	case Day:
		return "day"
	case Month:
		return "month"
	default:
		return "total"
	}
}
