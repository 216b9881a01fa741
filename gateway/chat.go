package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"concord/agreement"
	"concord/clouds"
	"concord/delivery"
	"concord/journal"
)

var (
	errBodyTooLong = errors.New("body exceeds the limit")
	errLate        = errors.New("not durable in time")
	errGone        = errors.New("the client left")
)

// request serves one request on a surface; deployment is the model where the path names it, object what the path speaks of.
func (g *Gateway) request(w http.ResponseWriter, r *http.Request, op clouds.Operation, deployment, object string) {
	offer := g.offered.Load()
	key, ok := offer.authenticate(r.Header)
	if !ok {
		g.refuse(w, routeName(op), faultKey)
		return
	}
	q := g.requests.Get().(*request)
	q.begin(w, r, offer, key, op, object)
	if !g.enter(q) {
		q.reset()
		g.refuse(w, routeName(op), faultDraining)
		return
	}
	defer func() {
		if q.end(recover()) {
			panic(http.ErrAbortHandler) // closes the connection and says nothing more
		}
	}()
	if f := q.read(r, deployment); f != nil {
		q.fail(f)
		return
	}
	if !q.decide() {
		return
	}
	q.key.retries.admit()
	if f := q.appendIntent(); f != nil {
		q.fail(f)
		return
	}
	if q.budgeted && !q.holds() {
		return
	}
	q.deliver()
	if q.flow.body != nil {
		q.pour()
	}
}

// begin takes the request over.
func (q *request) begin(w http.ResponseWriter, r *http.Request, o *offer, key *Key, op clouds.Operation, object string) {
	q.w, q.ctx, q.offer, q.key, q.began = w, r.Context(), o, key, q.g.now()
	q.call.Op, q.object = op, object
	q.out.w = w
	q.out.flush, _ = w.(interface{ FlushError() error })
	q.done = Finished{Route: routeName(op), Customer: key.Customer, Key: key.ID}
	q.watch.begin()
}

// end closes the books of a request, whatever happened: a panic still gets its record. It reports whether the connection has
// to be closed because the response is not whole.
func (q *request) end(broken any) (abort bool) {
	if broken != nil {
		q.panicked(broken)
	}
	abort = q.aborted
	q.g.leave(q)
	q.done.Duration = q.g.now() - q.began
	if q.firstByte > 0 {
		q.done.FirstByte = q.firstByte - q.began
	}
	q.g.observe(q.done)
	q.reset()
	return abort
}

// panicked records and answers a request in which the gateway's own code broke.
func (q *request) panicked(p any) {
	q.done.Panicked = true
	q.g.log.Error("panic while serving a request", "request", q.id.String(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if q.intent != nil && !q.recorded {
		q.settle(journal.Failed, -1, nil)
	}
	if q.record != nil {
		_ = q.recordDurable() // the panic is the answer either way
	}
	switch {
	case !q.sent:
		q.fail(faultPanic)
	case !q.streaming:
		q.aborted = true
	default:
		_ = q.relay.last(faultPanic.event(q.call.Op, q.relay.events))
	}
}

// read takes in the body and what the decision needs of it.
func (q *request) read(r *http.Request, deployment string) *fault {
	if err := q.readBody(r); err != nil {
		if errors.Is(err, errBodyTooLong) {
			return &fault{status: http.StatusRequestEntityTooLarge, kind: "invalid_request_error", code: "request_too_large", close: true,
				message: fmt.Sprintf("The request body is longer than this gateway's limit of %d bytes.", q.g.config.MaxBody)}
		}
		if _, stopped := q.watch.verdict(); stopped != nil {
			return faultDraining
		}
		return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: "body_unreadable", close: true,
			message: "The request body ended before it was complete, or did not arrive in time."}
	}
	if !q.latest(r) {
		return faultKey
	}
	q.admitted = q.g.admit()
	q.base = q.g.now()
	q.deadline = q.base + int64(q.g.config.Timeouts.Request)
	q.id = journal.NewRequestID(q.admitted/1e6, q.g.chain, q.g.config.Random())
	text := q.id.String()
	ids := []string{text} // not kept with q: the response may be written after q serves another request
	h := q.w.Header()
	h["X-Concord-Request-Id"], h["X-Request-Id"] = ids, ids
	q.done.Request = q.id
	q.view = q.offer.viewAt(q.admitted)
	h["X-Concord-Terms"] = q.view.terms

	if q.call.Op.Stored() {
		return q.readStored(r)
	}
	return q.scan(r, deployment)
}

// scan reads what the decision needs of the body.
func (q *request) scan(r *http.Request, deployment string) *fault {
	scan, err := clouds.ScanRequest(q.call.Op, q.contentType(r), q.body, q.view.models)
	if err != nil {
		f := &fault{status: http.StatusBadRequest, kind: "invalid_request_error", message: err.Error()}
		if at, ok := errors.AsType[*clouds.BodyError](err); ok {
			f.param = at.Param
		}
		return f
	}
	model := scan.Model
	if deployment != "" {
		model = deployment
	}
	if model == "" && q.call.Op == clouds.CreateModeration {
		model = moderationModel
	}
	if model == "" {
		return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", param: "model", message: "You must provide a model parameter."}
	}
	product, known := q.view.router.Terms().Product(model)
	if !known {
		return unknownModel(model)
	}
	if q.key.MaxOutput > 0 && scan.MaxTokens > q.key.MaxOutput {
		return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: "max_tokens_above_limit", param: scan.MaxTokensName,
			message: fmt.Sprintf("%s is %d; this key may ask for %d tokens at most.", scan.MaxTokensName, scan.MaxTokens, q.key.MaxOutput)}
	}
	op := q.call.Op
	q.call = clouds.Call{Op: op, Path: op.Path(""), Header: r.Header, Body: q.body, Scan: scan, ID: q.w.Header()["X-Request-Id"][0]}
	q.done.Product, q.done.Stream = product.ID, scan.Stream
	if op != clouds.CreateResponse && op != clouds.CreateChat {
		return nil
	}
	if f := q.unmetered(); f != nil || op == clouds.CreateChat {
		return f
	}
	return q.continues()
}

// moderationModel is what OpenAI takes where a client asks for moderation and names no model.
const moderationModel = "omni-moderation-latest"

// contentType is what a form needs to be read.
func (q *request) contentType(r *http.Request) string {
	if !q.call.Op.Multipart() {
		return ""
	}
	return r.Header.Get("Content-Type")
}

// latest takes what is offered now: the body may have been long on its way. It reports false if the key is none any more.
func (q *request) latest(r *http.Request) bool {
	o := q.g.offered.Load()
	if o == q.offer {
		return true
	}
	key, ok := o.authenticate(r.Header)
	if ok {
		q.offer, q.key, q.done.Customer, q.done.Key = o, key, key.Customer, key.ID
	}
	return ok
}

// decide plans the request; false if the terms refuse it, which is then answered.
func (q *request) decide() bool {
	facts := delivery.Facts{
		Request: q.id, At: q.admitted, Customer: q.key.Customer, Product: q.done.Product, API: q.call.API(), Stream: q.call.Scan.Stream,
	}
	q.decidedOn = q.snapshot()
	if q.call.Op.Stored() {
		return q.planned(q.planStored(facts))
	}
	q.view.router.Plan(facts, q.decidedOn, &q.plan)
	if !q.plan.Refused {
		return q.planned(q.tiered()) && (q.pinned == nil || q.planned(q.planContinued()))
	}
	why := q.refusal(facts)
	q.record, _ = q.g.config.Journal.Append(q.refused(why)) // relaxed: a refusal moves no money
	q.done.Outcome = journal.Refused
	q.fail(&fault{status: http.StatusForbidden, kind: "agreement_error", code: "not_permitted", param: "model",
		message: fmt.Sprintf("The agreements do not permit serving %s to %s: %s.", q.done.Product, q.key.Customer, why)})
	return false
}

// planned answers what could not be planned; it has no record, as it has no intent.
func (q *request) planned(f *fault) bool {
	if f != nil {
		q.fail(f)
	}
	return f == nil
}

// refusal says which check failed, with its clause or its absence.
func (q *request) refusal(f delivery.Facts) string {
	v, _ := q.view.router.Denial(f)
	why := v.Reason
	if why == "" {
		why = "no deployment is permitted"
	}
	if v.Clause == (agreement.Ref{}) || strings.Contains(why, v.Clause.Clause) {
		return why // the verdict itself says that there is no clause, or names it
	}
	return fmt.Sprintf("%s (clause %s of %s)", why, v.Clause.Clause, v.Clause.Agreement)
}

// snapshot is the health that a decision sees. With all well it is shared and costs nothing.
func (q *request) snapshot() []delivery.State {
	seen := q.view.offer.health.snapshot(q.g.now(), q.seen[:0])
	if len(seen) > 0 && &seen[0] != &q.view.offer.health.well[0] {
		q.seen = seen
	}
	return seen
}

// fail answers with a fault of the gateway.
func (q *request) fail(f *fault) { q.failWith(f, f.body()) }

func (q *request) failWith(f *fault, body []byte) {
	q.sent = true
	q.done.Status, q.done.Code = f.status, f.code
	f.send(q.w, body)
}

// wait sleeps until the next move; it reports an error if the client left or the gateway stops.
func (q *request) wait(delay int64) error {
	q.watch.set(sleeping, q.g.now()+delay)
	select {
	case <-q.watch.wake:
		q.watch.set(idle, 0)
		_, stopped := q.watch.verdict()
		return stopped
	case <-q.ctx.Done():
		q.watch.set(idle, 0)
		return errGone
	}
}

// await waits for a commit, at most for the commit wait.
func (q *request) await(ctx context.Context, c *journal.Commit) error {
	select {
	case <-c.Done():
		return c.Err()
	default:
	}
	q.watch.set(storing, q.g.now()+int64(q.g.config.Timeouts.CommitWait))
	defer q.watch.set(idle, 0)
	select {
	case <-c.Await():
		return c.Err()
	case <-q.watch.wake:
		return errLate
	case <-ctx.Done():
		return errGone
	}
}

// left is what remains of the request's deadline.
func (q *request) left() int64 { return max(q.deadline-q.g.now(), 0) }

// since gives a duration of the record: ns after the admitted instant.
func (q *request) since(monotonic int64) int64 { return monotonic - q.base }
