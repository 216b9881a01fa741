package gateway

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
	"concord/usage"
)

func isStream(h http.Header) bool {
	v := h["Content-Type"]
	return len(v) > 0 && strings.HasPrefix(v[0], "text/event-stream")
}

// whole deals with an answer that is not a stream: it is read to its end, classified, recorded, and only then sent.
func (q *request) whole(t, deployment int, resp *http.Response) (clouds.Answer, bool) {
	q.tried(t).FirstByte = q.since(q.g.now())
	var err error
	q.answer, err = readAll(q.answer[:0], resp.Body, max(resp.ContentLength, firstBody), q.g.config.MaxAnswer)
	q.watch.set(idle, 0)
	if err != nil {
		return q.lost(t, deployment, q.unanswered(true))
	}
	return q.convey(t, deployment, resp.StatusCode, resp.Header)
}

// classify reads what a deployment answered.
func (q *request) classify(deployment, status int, h http.Header, body []byte) clouds.Answer {
	return q.view.places[deployment].adapter.Classify(&q.call, status, h, body)
}

// convey classifies the whole answer that was read, records it, and only then sends it.
func (q *request) convey(t, deployment, status int, h http.Header) (clouds.Answer, bool) {
	a := q.classify(deployment, status, h, q.answer)
	if a.Outcome != delivery.Answered {
		return q.lost(t, deployment, a)
	}
	q.close(t, delivery.Answered)
	q.g.observeHealth(q.view, deployment, delivery.Answered, 0)
	if q.g.config.Hedge.Slow {
		q.view.offer.health.slots[deployment].latencies.observe(q.tried(t).Ended - q.tried(t).Started)
	}
	// The record follows the intent at once: both are durable once the record is, often by one commit. Where the journal
	// has failed the intent already, the answer is not recorded as given.
	if q.intentEnded() {
		if err := q.intentDurable(); err != nil {
			q.abandon(err)
			return a, true
		}
	}
	q.papers.record.Delivered = int64(len(q.answer))
	if a.Reply != nil {
		q.keeps(string(a.Reply.Object), a.Reply.Pending)
	}
	if q.call.Op.Stored() || q.papers.record.Pending { // it is paid for already, or what it uses follows
		q.settle(journal.Answered, t, nil)
	} else {
		used := q.usageOf(q.view.places[deployment].adapter, &a)
		q.settle(journal.Answered, t, &used)
	}
	q.remember()
	f := q.recordDurable()
	if f == nil && !q.learnt(a.Reply) {
		f = faultUnrecorded
	}
	if f != nil {
		q.fail(f)
		return a, true
	}
	q.head(deployment)
	q.answered(status)
	writeBody(q.w, status, contentType(h, jsonType), q.answer)
	return a, true
}

// usageOf is what a whole answer consumed, as the cloud reports it or, if it does not, by its text.
func (q *request) usageOf(adapter clouds.Adapter, a *clouds.Answer) usage.Usage {
	if a.Reply != nil && a.Reply.Usage {
		return a.Reply.Tokens
	}
	if used, ok := adapter.Usage(&q.call, q.answer); ok {
		return used
	}
	used := q.estimate(int64(clouds.ReadReply(&q.call, q.answer).Text))
	q.countWhole(&used)
	return used
}

func contentType(h http.Header, otherwise []string) []string {
	if v := h["Content-Type"]; len(v) > 0 && v[0] != "" {
		return v[:1:1]
	}
	return otherwise
}

// head sets the headers that say where the answer comes from.
func (q *request) head(deployment int) {
	q.w.Header()["X-Concord-Cloud"] = q.view.places[deployment].cloud
}

// answered notes that the client is sent an answer from now on.
func (q *request) answered(status int) {
	q.sent, q.firstByte, q.done.Status = true, q.g.now(), status
}

// A flow is a stream whose first content is there: it goes to the client now, and no other attempt follows.
type flow struct {
	t, deployment int
	body          io.Closer // of the cloud's answer, of which nothing else is kept; nil = there is no stream
	cancel        context.CancelFunc
}

// stream reads an answer that is a stream up to its first content; if that comes, the stream flows.
func (q *request) stream(t, deployment int, resp *http.Response, cancel context.CancelFunc) (clouds.Answer, bool) {
	c, now, r := &q.g.config, q.g.now(), &q.relay
	adapter := q.view.places[deployment].adapter
	r.adapter, r.call, r.src, r.count = adapter, &q.call, resp.Body, c.Count
	r.await, _ = resp.Body.(interface{ Await() })
	r.hideUsage = !q.call.Scan.IncludeUsage
	r.choices = max(q.call.Scan.Choices, 1)
	r.holdBytes, r.holdUntil = c.HoldPrelude, now+int64(c.Timeouts.Hold)
	r.firstByte, r.deadline = now+int64(c.Timeouts.FirstByte), q.deadline
	r.idle, r.tail = int64(c.Timeouts.Idle), int64(c.Timeouts.Tail)
	r.start()

	end := r.prelude()
	q.watch.set(idle, 0)
	if r.firstAt > 0 {
		q.tried(t).FirstByte = q.since(r.firstAt)
	}
	switch end {
	case rejected:
		a := adapter.Classify(&q.call, http.StatusOK, resp.Header, r.failure)
		if a.Outcome == delivery.Answered { // an error event that the cloud's rules take for an answer
			a = clouds.Answer{Outcome: delivery.ServerError}
		}
		return q.lost(t, deployment, a)
	case broken:
		return q.lost(t, deployment, q.unanswered(true))
	default:
	}
	if err := q.intentDurable(); err != nil {
		cancel()
		q.close(t, delivery.ClientGone)
		q.g.observeHealth(q.view, deployment, delivery.ClientGone, 0)
		q.abandon(err)
		return clouds.Answer{}, true
	}
	q.head(deployment)
	h := q.w.Header()
	h["Content-Type"], h["Cache-Control"] = contentType(resp.Header, streamType), noCache
	q.flow = flow{t, deployment, resp.Body, cancel}
	q.letScratchGo()
	return clouds.Answer{}, true
}

// pour relays a stream event by event. It is called from where little of the stack is used, with a small frame: a stack that
// outgrew 8 KB for the first bytes would have 16 as long as the stream is open.
func (q *request) pour() {
	f := &q.flow
	defer f.body.Close()
	defer f.cancel()
	q.answered(http.StatusOK)
	q.w.WriteHeader(http.StatusOK)
	q.streaming = true
	end := q.relay.content()
	q.watch.set(idle, 0)
	if end != whole {
		f.cancel()
	}
	q.finishStream(f.t, f.deployment, end)
	q.streaming = false
}

// exhaustFor is how long a cloud may take to close a stream after [DONE], while the record is on its way.
const exhaustFor = 50 * time.Millisecond

// finishStream writes the record of a stream and then its last bytes.
func (q *request) finishStream(t, deployment int, end ending) {
	r := &q.relay
	outcome, attempt, last := journal.Answered, delivery.Answered, (*fault)(nil)
	if end != whole {
		outcome, attempt, last = q.broken(end)
	}
	q.close(t, attempt)
	if last != faultDraining { // the gateway's own stop says nothing about the cloud
		q.g.observeHealth(q.view, deployment, attempt, 0)
	}
	q.papers.record.Delivered = r.text
	q.keeps(r.object, r.making)
	switch {
	case q.call.Op.Stored():
		q.settle(outcome, t, nil)
		q.resumed(end)
	case q.papers.record.Pending && q.call.Scan.Background: // the cloud goes on with it; what it uses follows
		q.settle(outcome, t, nil)
	default:
		q.papers.record.Pending = false
		used := r.usage
		if !r.reported {
			used = q.estimate(r.text)
			q.countStream(&used)
			clouds.AddTools(&used.Tokens, &r.tools)
		}
		q.settle(outcome, t, &used)
	}
	q.remember()
	if end == whole {
		r.exhaust(int64(exhaustFor))
	}
	f := q.recordDurable()
	switch {
	case f != nil:
		last = f
	case last == nil && end == whole:
		if r.finish() != nil {
			q.g.log.Debug("client left before the end of its answer", "request", q.id.String())
		}
		return
	case last == nil:
		return
	}
	q.done.Code = last.code
	if r.last(last.event(q.call.Op, r.events)) != nil {
		q.g.log.Debug("client left before the end of its answer", "request", q.id.String())
	}
}

// broken says what a stream that did not end well came to, and what the client is told.
func (q *request) broken(end ending) (journal.Outcome, delivery.Outcome, *fault) {
	late, stopped := q.watch.verdict()
	switch {
	case stopped != nil:
		return journal.Cut, delivery.CutShort, faultDraining
	case end == gone || q.ctx.Err() != nil:
		return journal.Cancelled, delivery.ClientGone, nil
	case late && q.g.now() >= q.deadline:
		return journal.Cut, delivery.CutShort, faultDeadline
	case late:
		return journal.Cut, delivery.CutShort, faultStalled
	}
	return journal.Cut, delivery.CutShort, faultCut
}

// bytesPerToken is what an estimate takes a token for; used only where no cloud reported any usage.
const bytesPerToken = 4

// bytesPerSecond is what an estimate takes a second of sound for: 128 kbit.
const bytesPerSecond = 16_000

// estimate derives usage from sizes: the request's body, and the text that was delivered, up to the request's own limit. It is
// the one place that says what was used where no cloud does.
func (q *request) estimate(text int64) usage.Usage {
	u := usage.Usage{Evidence: usage.Estimated}
	switch q.call.Op {
	case clouds.GenerateImage, clouds.EditImage:
		u.Tokens[usage.Images] = max(q.call.Scan.Choices, 1)
		return u
	case clouds.CreateSpeech:
		u.Tokens[usage.Characters] = q.call.Scan.Characters
		return u
	case clouds.CreateTranscription, clouds.CreateTranslation:
		u.Tokens[usage.Seconds] = (q.call.Scan.FileBytes + bytesPerSecond - 1) / bytesPerSecond
		return u
	case clouds.CreateModeration:
		return u
	default:
	}
	u.Tokens[usage.Input] = (int64(len(q.body)) + bytesPerToken - 1) / bytesPerToken
	u.Tokens[usage.Output] = (text + bytesPerToken - 1) / bytesPerToken
	if bound := q.outputBound(); bound > 0 {
		u.Tokens[usage.Output] = min(u.Tokens[usage.Output], bound)
	}
	return u
}

// outputBound is the most that the client asked for; 0 = it named no limit.
func (q *request) outputBound() int64 {
	s := &q.call.Scan
	if s.MaxTokens == 0 {
		return 0
	}
	bound := times(s.MaxTokens, max(s.Choices, s.BestOf, 1))
	if q.call.Op == clouds.CreateCompletion {
		return times(bound, q.demand().prompts)
	}
	return bound
}
