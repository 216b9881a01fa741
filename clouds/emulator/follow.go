package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"concord/clouds/behaviour"
)

// follow streams a response that is made in the background, at its own pace and with its own numbers: from its begin, or from
// after an event that the client has. The response goes on whether anybody follows it or not, and is billed when it ends.
func (x *exchange) follow(r *response, after int64, maker bool) {
	f := &responseForm{r: r, after: after}
	a := &writing{exchange: x, q: r.q, form: f, shape: x.e.dialect.shape(r.q), reply: r.reply, id: r.id, first: r.begins, perToken: r.perToken}
	a.stopped = func() bool { return x.e.ended(r) }
	defer func() { x.served.Usage = Usage{} }() // of this request, which only listens
	if a.shape.newline == "" {
		a.shape.newline = "\n"
	}
	a.header(f.streamed())
	queued := `"response":` + string(r.json("queued", a.shape.tier))
	f.event(a, "response.created", queued)
	f.event(a, "response.queued", queued)
	if !a.flush() || !a.waitUntil(r.begins) {
		return
	}
	f.event(a, "response.in_progress", `"response":`+string(r.json("in_progress", a.shape.tier)))
	if a.effect.Kind == behaviour.EarlyError {
		f.broken(a, maker)
		return
	}
	if f.open(a); !a.flush() {
		return
	}
	f.failing = func() { f.broken(a, maker) }
	if !a.tokens() || !a.waitUntil(r.ends) || a.stopped() {
		return
	}
	f.close(a, r.finished())
	x.served.Complete = a.flush()
}

// ended reports whether a response was cancelled, or failed.
func (e *Emulator) ended(r *response) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return r.status == "cancelled" || r.status == "failed"
}

// broken ends a stream with a failure: of the response where its maker listens, else of the stream alone.
func (f *responseForm) broken(a *writing, maker bool) {
	if !maker || !f.r.timer.Stop() { // else it is done already
		f.event(a, "error", `"code":"server_error","message":"The server had an error while processing your request. Sorry about that!","param":null`)
		a.flush()
		return
	}
	r := f.r
	a.e.mu.Lock()
	r.status = "failed"
	if r.usage.Completion, r.usage.Reasoning = a.served.Usage.Completion, a.served.Usage.Reasoning; a.done == 0 {
		r.usage = Usage{} // nothing came of it
	}
	ended := Served{Cloud: a.served.Cloud, Account: r.account, Region: a.served.Region, Operation: backgroundEnd.String(), RequestID: a.served.RequestID,
		Object: r.id, Model: r.q.model, Tier: r.q.tier, Status: http.StatusOK, Fault: a.served.Fault, Started: r.created, Usage: r.usage}
	a.e.mu.Unlock()
	a.e.observeEnd(ended)
	f.event(a, "response.failed", `"response":`+string(r.json("failed", a.shape.tier)))
	a.flush()
}

// streamResponse takes up the stream of a response again.
func (x *exchange) streamResponse(r *response) {
	d := x.e.dialect
	if !r.q.background || !r.q.stream {
		x.refuse(d.invalid(http.StatusBadRequest, "You can only start a new stream from a background response if you created it with 'stream=true'.", "stream", "invalid_value"))
		return
	}
	after := int64(-1)
	if s := x.r.URL.Query().Get("starting_after"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			x.refuse(d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid 'starting_after': %q is not the number of an event.", s), "starting_after", "invalid_value"))
			return
		}
		after = n
	}
	x.served.Stream = true
	x.follow(r, after, false)
}

// keepGoing lets a response become ready in its own time. What it costs is kept when it ends.
func (a *writing) keepGoing(r *response, ended Served) {
	r.timer = time.AfterFunc(r.ends.Sub(a.e.config.Now()), func() {
		if !a.e.ended(r) {
			a.e.observeEnd(ended)
		}
	})
	a.e.keep(r) // from here on it can be cancelled
}
