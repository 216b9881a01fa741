package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"math"
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

// imageTokens bounds what one picture of a prompt counts, however it is referred to: the largest published count is 48,169
// tokens, of a 768 x 2,000 picture in high detail by gpt-4o-mini (OpenAI's guide to vision, read 2026-11-23).
const imageTokens = 50_000

// claim bounds what the request can cost and puts what it takes of its key's budgets into the intent. A request that nothing
// bounds is refused.
func (q *request) claim(in *journal.Intent) *fault {
	budgets := q.key.budgets.all
	q.budgeted = true
	if f := q.boundable(budgets[0]); f != nil {
		return f
	}
	if limit := q.key.MaxOutput; limit > 0 && q.call.Scan.MaxTokensName == "" && (q.call.Op == clouds.CreateChat || q.call.Op == clouds.CreateResponse) {
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

// A bound is the most that a request can come to.
type bound struct {
	most   money.Amount
	output int64 // tokens
}

// bound works out the most that the request can cost at any deployment of its plan, in a currency. A fault says that nothing
// bounds it; b is the budget that asks, for its words.
func (q *request) bound(b *Budget, c money.Currency) (most bound, f *fault) {
	if b == nil {
		b = &Budget{Currency: c}
		if f := q.boundable(b); f != nil {
			return most, f
		}
	}
	input := inputBound(q.body)
	for i := range q.plan.Steps {
		dep := q.plan.Steps[i].Deployment
		output, bounded := q.outputAt(dep)
		if !bounded {
			return most, unbounded(b, q.call.Op)
		}
		if charged := q.view.router.Currency(dep); charged != "" && charged != c {
			return most, otherCurrency(b, charged)
		}
		cost, err := q.view.router.Bound(dep, q.admitted, input, output)
		if err != nil {
			q.g.log.Error("request not bounded", "request", q.id.String(), "error", err)
			return most, unbounded(b, q.call.Op)
		}
		if cost.Cmp(most.most) > 0 {
			most.most = cost
		}
		most.output = max(most.output, output)
	}
	return most, nil
}

// boundable refuses what has no upper bound that could be held.
func (q *request) boundable(b *Budget) *fault {
	s := &q.call.Scan
	why, param := "", ""
	switch q.call.Op {
	case clouds.CreateChat, clouds.CreateEmbedding, clouds.CreateModeration:
	case clouds.CreateResponse:
		switch {
		case s.Background:
			why, param = "a response made in the background", "background"
		case s.Previous != "":
			why, param = "a response that continues another, whose size is not in the request,", "previous_response_id"
		}
	default:
		why = "this endpoint, which is not billed by tokens that the request bounds,"
	}
	if why == "" {
		return nil
	}
	return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: "budget_unbounded", param: param, final: true,
		message: fmt.Sprintf("This key is under the budget %s, and %s has no upper bound that the budget could hold. Use chat completions, "+
			"responses or embeddings with all of their input in the request, or a key without a budget.", b.ID, why)}
}

// inputBound is the most tokens that a body can count: no token is shorter than a byte, and pictures are bounded by number.
func inputBound(body []byte) int64 {
	pictures := max((bytes.Count(body, []byte("image_url"))+1)/2, bytes.Count(body, []byte("input_image")))
	return int64(len(body)) + int64(pictures)*imageTokens
}

// outputAt is the most tokens that an answer of a deployment can have; false = nothing bounds it.
func (q *request) outputAt(dep int) (int64, bool) {
	s := &q.call.Scan
	if q.call.Op == clouds.CreateEmbedding || q.call.Op == clouds.CreateModeration {
		return 0, true
	}
	limit := int64(math.MaxInt64)
	for _, l := range [...]int64{s.MaxTokens, q.key.MaxOutput, q.offer.maxOutput[q.view.router.Catalog().Deployments[dep].ID]} {
		if l > 0 {
			limit = min(limit, l)
		}
	}
	if limit == math.MaxInt64 {
		return 0, false
	}
	choices := max(s.Choices, s.BestOf, 1)
	if limit > math.MaxInt64/choices {
		return 0, false
	}
	output := limit * choices
	if s.Fields&clouds.FieldPrediction != 0 { // what is rejected of it is billed as output
		output += int64(len(q.body))
	}
	return output, true
}

// limitOutput writes the key's limit into a body that names none, so that the cloud keeps to what is held.
func (q *request) limitOutput(limit int64) *fault {
	name := `"max_completion_tokens":`
	if q.call.Op == clouds.CreateResponse {
		name = `"max_output_tokens":`
	}
	open := bytes.IndexByte(q.body, '{') + 1
	if open == 0 {
		return nil // not JSON: boundable has refused it
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

func unbounded(b *Budget, op clouds.Operation) *fault {
	param := "max_completion_tokens"
	if op == clouds.CreateResponse {
		param = "max_output_tokens"
	}
	return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: "budget_needs_output_limit", param: param, final: true,
		message: fmt.Sprintf("This key is under the budget %s, and nothing bounds how long the answer may get. Set %s in the request; or have "+
			"max_output set for the key, or for the deployments of the model, in the gateway's configuration.", b.ID, param)}
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
			"%d bytes of input, each a token at most, and %d tokens of output, at the dearest deployment that may serve it.",
			r.Budget, r.Window, left, r.Limit, r.Currency, r.Spent, r.Held, r.Amount, q.papers.intent.InputBytes, q.papers.intent.OutputBound)})
}

// endHold makes the record end the hold of its intent: what was used above it is not charged.
func (q *request) endHold() {
	r := &q.papers.record
	if c := q.papers.intent.Currency; c != "" {
		r.Currency = c // what was held and what is charged are of one currency, also where nothing is charged
	}
	if err := r.EndHold(q.papers.intent.Hold); err != nil {
		q.g.log.Error("charge not held to its hold, nothing is charged", "request", q.id.String(), "error", err)
		r.Unpriced, r.Lines, r.Above = classes(&r.Usage), nil, money.Amount{}
	}
	if !r.Above.IsZero() {
		q.g.log.Warn("usage above the hold of its request is not charged", "request", q.id.String(), "deployment", q.done.Deployment,
			"hold", r.Held.String(), "above", r.Above.String())
	}
}

// checkBudgets reports everything that is wrong with budgets.
func checkBudgets(budgets []Budget, maxOutput map[string]int64) []error {
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
	for id, n := range maxOutput {
		if n < 0 {
			errs = append(errs, fmt.Errorf("deployment %s has a max output of %d tokens: use a positive number", id, n))
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
