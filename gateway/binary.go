package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
)

// binaryChunk is how much of an answer that is sound is in memory, whatever the client does.
const binaryChunk = 32 << 10

// isSound reports whether an answer is bytes to be passed on as they come, not an object.
func isSound(op clouds.Operation, resp *http.Response) bool {
	return op == clouds.CreateSpeech && resp.StatusCode == http.StatusOK &&
		!strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json")
}

// binary passes sound on as it comes. There is no place in it for an error, and its end is the end of the response: that is
// said once the record is durable. What breaks off ends with the connection, so that no client takes it for the whole.
func (q *request) binary(t, deployment int, resp *http.Response, cancel context.CancelFunc) (clouds.Answer, bool) {
	chunk, err := q.chunk(resp)
	if len(chunk) == 0 {
		if errors.Is(err, io.EOF) {
			return q.lost(t, deployment, clouds.Answer{Outcome: delivery.ServerError})
		}
		return q.lost(t, deployment, q.unanswered(true))
	}
	q.tried(t).FirstByte = q.since(q.g.now())
	a := q.classify(deployment, resp.StatusCode, resp.Header, chunk)
	if a.Outcome != delivery.Answered {
		return q.lost(t, deployment, a)
	}
	if err := q.intentDurable(); err != nil {
		cancel()
		q.close(t, delivery.ClientGone)
		q.g.observeHealth(q.view, deployment, delivery.ClientGone, 0)
		q.abandon(err)
		return a, true
	}
	used := q.estimate(0)
	if a.Reply != nil && a.Reply.Usage {
		used = a.Reply.Tokens
	}
	q.head(deployment)
	q.w.Header()["Content-Type"] = contentType(resp.Header, soundType)
	q.answered(http.StatusOK)
	q.w.WriteHeader(http.StatusOK)
	sent := int64(0)
	for {
		q.watch.set(writing, q.g.now()+int64(q.g.config.Timeouts.Idle))
		if _, failed := q.out.Write(chunk); failed != nil || q.out.Flush() != nil {
			err = errClient
		}
		sent += int64(len(chunk))
		if err != nil {
			break
		}
		q.watch.set(reading, min(q.g.now()+int64(q.g.config.Timeouts.Idle), q.deadline))
		chunk, err = q.chunk(resp)
	}
	q.watch.set(idle, 0)
	end := whole
	switch {
	case errors.Is(err, errClient):
		end = gone
	case !errors.Is(err, io.EOF):
		end = broken
	}
	if end != whole {
		cancel()
	}
	outcome, attempt, last := journal.Answered, delivery.Answered, (*fault)(nil)
	if end != whole {
		outcome, attempt, last = q.broken(end)
	}
	q.close(t, attempt)
	if last != faultDraining {
		q.g.observeHealth(q.view, deployment, attempt, 0)
	}
	q.papers.record.Delivered = sent
	q.settle(outcome, t, &used)
	if f := q.recordDurable(); f != nil {
		last = f
	}
	if last != nil || end != whole {
		q.aborted = true
	}
	if last != nil {
		q.done.Code = last.code
	}
	return a, true
}

var soundType = []string{"application/octet-stream"}

// chunk reads what there is, up to the bound.
func (q *request) chunk(resp *http.Response) ([]byte, error) {
	if cap(q.answer) < binaryChunk {
		q.answer = make([]byte, binaryChunk)
	}
	for {
		n, err := resp.Body.Read(q.answer[:binaryChunk])
		if n > 0 || err != nil {
			return q.answer[:n], err
		}
	}
}
