package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
)

// readStored takes in a request about an object that a cloud keeps. It goes to the object's home, whatever the terms say now:
// nothing is delivered that was not paid for.
func (q *request) readStored(r *http.Request) *fault {
	k, f := q.known(q.object, "")
	if f != nil {
		return f
	}
	q.pinned = k
	q.call.Path, q.call.Query, q.call.Header, q.call.ID = q.call.Op.Path(k.id), "", r.Header, q.id.String()
	if r.URL.RawQuery != "" {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", message: "The query of the URL cannot be read."}
		}
		query.Del("api-version") // of the client's own form; the home has another
		q.call.Query = query.Encode()
		q.call.Scan.Stream = q.call.Op == clouds.GetResponse && query.Get("stream") == "true"
	}
	q.done.Product, q.done.Stream = k.product, q.call.Scan.Stream
	return nil
}

// continues finds the response that a new one follows: it goes where that one is kept.
func (q *request) continues() *fault {
	s := &q.call.Scan
	if s.Fields&^s.Nulls&clouds.FieldConversation != 0 {
		return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: "unsupported_parameter", param: "conversation",
			message: "This gateway serves no conversations, so it cannot know which cloud keeps this one. Use previous_response_id."}
	}
	if s.Previous == "" {
		return nil
	}
	k, f := q.known(s.Previous, "previous_response_id")
	q.pinned = k
	return f
}

// known finds an object of the request's customer; param is the member of the body that names it, "" = the path does.
func (q *request) known(id, param string) (*kept, *fault) {
	k, err := q.g.object(q.ctx, q.key.Customer, id)
	switch {
	case errors.Is(err, errNoObject) && param != "":
		return nil, faultNoObject(param, "previous_response_not_found", "Previous response", id)
	case errors.Is(err, errNoObject):
		return nil, faultNoObject("", "", "Response", id)
	case err != nil:
		q.g.log.Warn("kept object not looked up", "request", q.id.String(), "error", err)
		return nil, &fault{status: http.StatusServiceUnavailable, kind: "service_unavailable_error", code: "registry_unavailable", retry: time.Second,
			message: "Where this response is kept cannot be looked up at the moment. Try again shortly."}
	}
	return k, nil
}

// planStored plans a request about a kept object: its home and nothing else.
func (q *request) planStored(f delivery.Facts) *fault {
	home, ok := q.view.home(q.pinned)
	if !ok {
		return faultHome(q.pinned, "is not offered any more")
	}
	q.view.router.PlanFor(f, q.decidedOn, home, &q.plan)
	return nil
}

// planContinued leaves of a plan what shares the account of the response that is continued. One that is being left alone is
// not asked: nobody could take over, and its cloud said when to come back.
func (q *request) planContinued() *fault {
	home, ok := q.view.home(q.pinned)
	if !ok {
		return faultHome(q.pinned, "is not offered any more")
	}
	deployments := q.view.router.Catalog().Deployments
	if !q.plan.Keep(func(d int) bool { return sharesAccount(&deployments[home], &deployments[d]) }) {
		return &fault{status: http.StatusForbidden, kind: "agreement_error", code: "not_permitted", param: "previous_response_id",
			message: fmt.Sprintf("%s is kept by deployment %s on %s, and the agreements do not permit serving %s to %s there.",
				clip(q.pinned.id), q.pinned.deployment, q.pinned.cloud, q.done.Product, q.key.Customer)}
	}
	for i := range q.plan.Steps {
		if s := q.plan.Steps[i].State; s != delivery.OpenDown && s != delivery.OpenLimit {
			return nil
		}
	}
	f := faultHome(q.pinned, "is being left alone after failures or at its own wish")
	f.retry = time.Second
	return f
}

// homeFault is what a pinned request comes to when its home did not answer; nil where the home's own words hold.
func (q *request) homeFault(last *clouds.Answer) *fault {
	if q.pinned == nil {
		return nil
	}
	switch last.Outcome {
	case delivery.Timeout, delivery.ContentStalled:
		return faultHome(q.pinned, "did not answer in time")
	case delivery.Unreachable:
		return faultHome(q.pinned, "could not be reached")
	case delivery.ServerError, delivery.Quota, delivery.Credential:
		return faultHome(q.pinned, "failed")
	case delivery.Unsupported:
		return nil
	case delivery.Throttled:
		return nil
	default:
		return faultHome(q.pinned, "is being left alone")
	}
}

// vanished gives the answer of a home that does not know the object any more: the client's 404, no fault of the home.
func (q *request) vanished(a clouds.Answer) clouds.Answer {
	var f *fault
	if q.call.Op.Stored() {
		f = faultNoObject("", "", "Response", q.pinned.id)
	} else {
		f = faultNoObject("previous_response_id", "previous_response_not_found", "Previous response", q.pinned.id)
	}
	return clouds.Answer{Outcome: delivery.ClientFault, Status: f.status, Body: f.body(), Detail: a.Detail}
}

// keeps notes in the record what the cloud made and keeps.
func (q *request) keeps(object string, pending bool) {
	if object == "" || q.call.Op != clouds.CreateResponse || !q.call.Scan.Store {
		return
	}
	q.papers.record.Object, q.papers.record.Pending = object, pending
}

// remember makes what was made known to this process, once the record has been appended; what is pending is watched.
func (q *request) remember() {
	r := &q.papers.record
	if r.Object == "" {
		return
	}
	if k := keptOf(q.admitted, r); k != nil {
		if k.hold = new(hold); q.budgeted && r.Pending {
			*k.hold = hold{q.papers.intent.Hold, q.papers.intent.Currency}
		}
		q.g.follows(q.g.registry.remember(k))
	}
}

// learnt takes in what a home says of a pending object before the client reads it: what the client sees is recorded. It
// reports false if that could not be done in time.
func (q *request) learnt(r *clouds.Reply) bool {
	if q.pinned == nil || q.call.Op != clouds.GetResponse && q.call.Op != clouds.CancelResponse || r == nil || q.pinned.settled() {
		return true
	}
	return q.g.learn(q.pinned, r, q.answer) || q.g.config.Durability == Relaxed
}

// resumed takes in the end of a response whose stream the client took up again.
func (q *request) resumed(end ending) {
	if end != whole || !q.relay.reported || q.pinned.settled() {
		return
	}
	q.g.settleLater(q.pinned, journal.Answered, &q.relay.usage)
}
