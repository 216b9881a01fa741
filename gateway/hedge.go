package gateway

import (
	"context"
	"net/http"
	"time"

	"concord/agreement"
	"concord/clouds"
	"concord/delivery"
)

// Hedge asks a second deployment when the first is slow to answer, and takes whichever answers first. Only answers that are
// not streamed are hedged, only where asking twice makes nothing twice, and only at a deployment that the terms rank like the
// first. The one that is beaten is cancelled; what its cloud may charge for it is in the record, marked unsure.
type Hedge struct {
	After time.Duration // how long the first has; 0 = no hedging, unless Slow
	Slow  bool          // how long the first has is what 95 of 100 of its last answers took, and After at least
}

// A leg is one of two attempts at a request that are under way together.
type leg struct {
	step, deployment, t int
	cancel              context.CancelFunc
	resp                *http.Response // its body is read already
	body                []byte
	came                int64 // when its status came; 0 = it did not
	err                 error
}

// hedgeAfter returns how long a step has before another one is asked; false where the request is not hedged.
func (q *request) hedgeAfter(step *delivery.Step) (time.Duration, bool) {
	h := &q.g.config.Hedge
	if h.After == 0 && !h.Slow || step.State != delivery.Closed || q.call.Scan.Stream || q.pinned != nil || !repeatable(q.call.API()) {
		return 0, false
	}
	if !h.Slow {
		return h.After, true
	}
	usual, known := q.view.offer.health.slots[step.Deployment].latencies.slow()
	return max(time.Duration(usual), h.After), known || h.After > 0
}

// repeatable reports whether asking twice makes nothing twice that a cloud keeps, and costs little.
func repeatable(api agreement.API) bool {
	switch api {
	case agreement.Chat, agreement.Completions, agreement.Embeddings, agreement.Moderations:
		return true
	default:
		return false
	}
}

// race makes an attempt and, if it has not ended after the delay, another beside it. t is the first one, which is open.
func (q *request) race(ctx context.Context, step, t int, delay time.Duration) (clouds.Answer, bool) {
	ends := make(chan *leg, 2)
	first := &leg{step: step, deployment: q.plan.Steps[step].Deployment, t: t}
	if a, ok := q.run(ctx, first, q.answer, ends); !ok {
		return q.lost(t, first.deployment, a)
	}
	q.sending.Add(1) // keeps the second leg out of the buffer that the first may be sent from again
	defer q.sending.Add(-1)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	under := []*leg{first}
	select {
	case l := <-ends:
		return q.ended(l, nil, ends)
	case <-timer.C:
		second, err := q.second(ctx, step, ends)
		if err != nil {
			first.cancel()
			<-ends
			q.close(t, delivery.ClientGone)
			q.abandon(err)
			return clouds.Answer{}, true
		}
		if second != nil {
			under = append(under, second)
		}
	}
	l := <-ends
	if len(under) == 1 {
		return q.ended(l, nil, ends)
	}
	other := under[0]
	if other == l {
		other = under[1]
	}
	if a, decided := q.outcomeOf(l); !decided {
		q.close(l.t, a.Outcome)
		q.g.observeHealth(q.view, l.deployment, a.Outcome, a.RetryAfter)
		q.plan.Asked(l.step, a.Outcome)
		return q.ended(<-ends, nil, ends)
	}
	return q.ended(l, other, ends)
}

// run sends a leg and reads its answer in a goroutine of its own; false if it could not be sent.
func (q *request) run(ctx context.Context, l *leg, room []byte, ends chan<- *leg) (clouds.Answer, bool) {
	ctx, l.cancel = context.WithCancel(ctx)
	r, a := q.prepare(ctx, &q.view.places[l.deployment])
	if r == nil {
		l.cancel()
		return a, false
	}
	c, now, p := &q.g.config, q.g.now, &q.view.places[l.deployment]
	call := &clouds.Call{Op: q.call.Op, ID: q.call.ID} // the other leg may be editing the request's own
	go func() {
		defer func() { ends <- l }()
		if l.resp, l.err = c.Transport.RoundTrip(r); l.err != nil {
			return
		}
		clouds.Transcode(p.adapter, p.target, call, l.resp)
		l.came = now()
		l.body, l.err = readAll(room[:0], l.resp.Body, max(l.resp.ContentLength, firstBody), c.MaxAnswer)
		_ = l.resp.Body.Close() // what could be read is read
	}()
	return a, true
}

// second begins the other attempt; nil if no deployment may be asked, an error if the request cannot go on.
func (q *request) second(ctx context.Context, step int, ends chan<- *leg) (*leg, error) {
	beside, ok := q.plan.Beside(step)
	if !ok || !q.key.retries.take() {
		return nil, nil
	}
	l := &leg{step: beside, deployment: q.plan.Steps[beside].Deployment}
	if err := q.before(l.deployment, delivery.Superseded); err != nil {
		return nil, err
	}
	q.watch.set(reading, min(q.g.now()+int64(q.g.config.Timeouts.FirstByte), q.deadline))
	l.t = q.open(l.deployment)
	if a, ok := q.run(ctx, l, nil, ends); !ok {
		q.close(l.t, a.Outcome)
		q.plan.Asked(beside, a.Outcome)
		return nil, nil
	}
	return l, nil
}

// outcomeOf classifies a leg; decided means that nothing is gained by waiting for the other one.
func (q *request) outcomeOf(l *leg) (a clouds.Answer, decided bool) {
	switch {
	case l.err != nil:
		a = q.unanswered(l.came > 0)
	default:
		a = q.classify(l.deployment, l.resp.StatusCode, l.resp.Header, l.body)
	}
	switch a.Outcome {
	case delivery.Answered, delivery.Policy, delivery.ClientFault, delivery.ClientGone, outcomeStopped:
		return a, true
	default:
		return a, false
	}
}

// ended deals with the leg that decides; other is still under way, nil = it is not.
func (q *request) ended(l, other *leg, ends <-chan *leg) (clouds.Answer, bool) {
	q.watch.set(idle, 0)
	defer l.cancel()
	if other != nil {
		other.cancel()
		<-ends
		q.close(other.t, delivery.Superseded)
		q.g.observeHealth(q.view, other.deployment, delivery.Superseded, 0)
		q.plan.Asked(other.step, delivery.Superseded)
	}
	served := q.tried(l.t)
	q.done.Deployment, q.done.Cloud = served.Deployment, served.Cloud
	if l.resp != nil {
		served.Status, served.FirstByte = l.resp.StatusCode, q.since(l.came)
	}
	if l.err != nil {
		return q.lost(l.t, l.deployment, q.unanswered(l.came > 0))
	}
	q.answer = l.body
	return q.convey(l.t, l.deployment, l.resp.StatusCode, l.resp.Header)
}
