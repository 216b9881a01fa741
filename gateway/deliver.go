package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
)

// deliver makes attempts until one answers the client, or the terms, the clouds or the deadline leave none.
func (q *request) deliver() {
	move := q.plan.First()
	var last clouds.Answer // of the last attempt that was sent
	why := delivery.Outcome(0)
	for {
		switch move.Kind {
		case delivery.End:
			q.spent(&last)
			return
		case delivery.Wait:
			if err := q.wait(move.Delay); err != nil {
				q.abandon(err)
				return
			}
		case delivery.Try:
		}
		answer, over := q.attempt(move, why)
		if over {
			return
		}
		why = answer.Outcome
		if why != delivery.Skipped {
			last = answer
		}
		if burdens(why) && !q.key.retries.take() {
			q.g.log.Warn("retry budget spent: no further attempt", "request", q.id.String(), "customer", q.key.Customer)
			q.done.Starved = true
			q.spent(&last)
			return
		}
		if q.g.now() >= q.deadline {
			q.conclude(journal.Failed, faultDeadline)
			return
		}
		move = q.plan.Next(move.Step, why, answer.RetryAfter, q.left(), q.snapshot())
	}
}

// attempt tries one deployment; over means that the request is done with. why is the outcome of the attempt before.
func (q *request) attempt(move delivery.Move, why delivery.Outcome) (a clouds.Answer, over bool) {
	step := q.plan.Steps[move.Step]
	p := &q.view.places[step.Deployment]
	if step.State == delivery.Probing && !move.LastResort && !q.view.offer.health.acquire(step.Deployment, q.g.now()) {
		q.close(q.open(step.Deployment), delivery.Skipped)
		return clouds.Answer{Outcome: delivery.Skipped}, false
	}
	if err := q.before(step.Deployment, why); err != nil {
		q.g.observeHealth(q.view, step.Deployment, delivery.ClientGone, 0) // gives a probe back
		q.abandon(err)
		return a, true
	}
	t := q.open(step.Deployment)
	ctx, cancel := context.WithCancel(q.ctx)
	defer func() {
		if q.flow.body == nil { // else the stream goes on
			cancel()
		}
	}()
	if !q.watch.attempt(cancel) {
		q.close(t, delivery.Skipped)
		q.abandon(errStopping)
		return a, true
	}
	q.watch.set(reading, min(q.g.now()+int64(q.g.config.Timeouts.FirstByte), q.deadline))
	if delay, ok := q.hedgeAfter(&step); ok {
		return q.race(ctx, move.Step, t, delay)
	}
	resp, a := q.send(ctx, p)
	if resp == nil {
		return q.lost(t, step.Deployment, a)
	}
	defer func() {
		if q.flow.body == nil {
			_ = resp.Body.Close() // what is wanted of it was read
		}
	}()
	q.tried(t).Status = resp.StatusCode
	if q.call.Scan.Stream && resp.StatusCode == http.StatusOK && isStream(resp.Header) {
		return q.stream(t, step.Deployment, resp, cancel)
	}
	if isSound(q.call.Op, resp) {
		return q.binary(t, step.Deployment, resp, cancel)
	}
	return q.whole(t, step.Deployment, resp)
}

// before makes sure of what must be in the journal before an attempt is sent.
func (q *request) before(deployment int, why delivery.Outcome) error {
	n := len(q.papers.record.Attempts)
	if n > 0 || q.g.config.Intent == Before {
		if err := q.intentDurable(); err != nil {
			return err
		}
	}
	if n == 0 {
		return nil
	}
	left := &q.papers.record.Attempts[n-1]
	return q.append(&journal.Attempt{
		Request: q.id, Number: n + 1, Deployment: q.view.router.Catalog().Deployments[deployment].ID,
		Left: left.Deployment, Why: why, Health: q.seenNow(q.snapshot()),
	})
}

// send prepares, signs and sends. Without a response, the answer says why.
func (q *request) send(ctx context.Context, p *place) (*http.Response, clouds.Answer) {
	r, a := q.prepare(ctx, p)
	if r == nil {
		return nil, a
	}
	resp, err := q.g.config.Transport.RoundTrip(r)
	if err != nil {
		a = q.unanswered(false)
		if a.Outcome == delivery.Unreachable {
			q.g.log.Debug("cloud not reached", "request", q.id.String(), "deployment", p.target.Deployment, "error", err)
		}
		return nil, a
	}
	clouds.Transcode(p.adapter, p.target, &q.call, resp)
	return resp, a
}

// prepare makes the signed request for a deployment. Without one, the answer says why.
func (q *request) prepare(ctx context.Context, p *place) (*http.Request, clouds.Answer) {
	if q.sending.Load() == 0 {
		if q.scratch == nil {
			q.scratch = *scratches.Get().(*[]byte)
		}
		q.call.Scratch = q.scratch[:0]
	} else {
		q.call.Scratch = nil
	}
	ex, err := p.adapter.Prepare(p.target, &q.call)
	if err != nil {
		a := clouds.Answer{Outcome: delivery.Unsupported, Status: http.StatusBadRequest, Detail: "not prepared"}
		if u, ok := errors.AsType[*clouds.UnsupportedError](err); ok {
			a.Body = u.Body()
		} else {
			q.g.log.Warn("request not prepared", "deployment", p.target.Deployment, "error", err)
		}
		return nil, a
	}
	if cap(ex.Body) > cap(q.scratch) && len(ex.Body) > 0 && &ex.Body[0] != &q.body[0] && q.sending.Load() == 0 {
		q.scratch = ex.Body[:0]
	}
	r := (&http.Request{
		Method: ex.Method, URL: ex.URL, Host: ex.URL.Host, Header: ex.Header, ContentLength: int64(len(ex.Body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if len(ex.Body) > 0 {
		r.Body = q.upstreamBody(ex.Body)
		r.GetBody = func() (io.ReadCloser, error) { return q.upstreamBody(ex.Body), nil }
	}
	if err := p.adapter.Sign(ctx, p.target, r, ex.Body); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		if ctx.Err() != nil {
			return nil, q.unanswered(false)
		}
		q.g.log.Warn("request not signed", "deployment", p.target.Deployment, "error", err)
		return nil, clouds.Answer{Outcome: delivery.Credential, Detail: "not signed"}
	}
	return r, clouds.Answer{}
}

// scratches are buffers for edited bodies.
var scratches = sync.Pool{New: func() any { b := make([]byte, 0, firstBody); return &b }}

// letScratchGo gives up the body that was sent: while a stream flows, nothing is sent again.
func (q *request) letScratchGo() {
	if q.scratch == nil || q.sending.Load() != 0 {
		return
	}
	if room := q.scratch[:0]; cap(room) <= keepBody {
		scratches.Put(&room)
	}
	q.scratch, q.call.Scratch = nil, nil
}

// unanswered says why an attempt ended without an answer. headers: its status line had come.
func (q *request) unanswered(headers bool) clouds.Answer {
	late, stopped := q.watch.verdict()
	switch {
	case stopped != nil:
		return clouds.Answer{Outcome: outcomeStopped}
	case q.ctx.Err() != nil:
		return clouds.Answer{Outcome: delivery.ClientGone}
	case late && headers:
		return clouds.Answer{Outcome: delivery.ContentStalled}
	case late:
		return clouds.Answer{Outcome: delivery.Timeout}
	}
	return clouds.Answer{Outcome: delivery.Unreachable}
}

// outcomeStopped is no outcome of a cloud: the gateway itself ended the attempt.
const outcomeStopped = delivery.Outcome(0)

// lost deals with an attempt that brought nothing for the client.
func (q *request) lost(t int, deployment int, a clouds.Answer) (clouds.Answer, bool) {
	q.watch.set(idle, 0)
	if q.pinned != nil && q.tried(t).Status == http.StatusNotFound {
		a = q.vanished(a)
	}
	outcome := a.Outcome
	switch outcome {
	case outcomeStopped:
		q.close(t, delivery.ClientGone)
		q.g.observeHealth(q.view, deployment, delivery.ClientGone, 0)
		q.abandon(errStopping)
		return a, true
	case delivery.ClientGone:
		q.close(t, outcome)
		q.g.observeHealth(q.view, deployment, outcome, 0)
		q.abandon(errGone)
		return a, true
	}
	q.close(t, outcome)
	q.g.observeHealth(q.view, deployment, outcome, a.RetryAfter)
	if outcome == delivery.Policy || outcome == delivery.ClientFault {
		q.passOn(&a)
		return a, true
	}
	q.g.log.Debug("attempt failed", "request", q.id.String(), "deployment", q.papers.record.Attempts[t].Deployment,
		"outcome", outcome.String(), "detail", a.Detail)
	return a, false
}
