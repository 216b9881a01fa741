package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// mostKept bounds how many responses a cloud keeps here; the oldest goes first. Real ones keep them for 30 days.
const mostKept = 8192

// responses are those that a cloud keeps.
type responses struct {
	byID  map[string]*response
	order []string // a ring of mostKept ids
	next  int
}

// keep keeps a response, unless the request did not want that.
func (e *Emulator) keep(r *response) {
	if !r.q.store {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.stored
	if s.byID == nil {
		s.byID = map[string]*response{}
	}
	if _, again := s.byID[r.id]; again {
		return
	}
	if len(s.order) < mostKept {
		s.order = append(s.order, r.id)
	} else {
		delete(s.byID, s.order[s.next])
		s.order[s.next] = r.id
		s.next = (s.next + 1) % mostKept
	}
	s.byID[r.id] = r
}

// recall finds a response that the account made.
func (e *Emulator) recall(account, id string) *response {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.stored.byID[id]; r != nil && r.account == account {
		return r
	}
	return nil
}

// continues checks that the response that a request goes on from is the account's own, and adds its tokens to the prompt.
func (e *Emulator) continues(q *query) *failure {
	if q.previous == "" {
		return nil
	}
	r := e.recall(q.account, q.previous)
	if r == nil {
		return e.dialect.invalid(http.StatusBadRequest, fmt.Sprintf("Previous response with id '%s' not found.", q.previous),
			"previous_response_id", "previous_response_not_found")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	q.prompt += r.usage.Prompt + r.usage.Completion - r.usage.Reasoning
	q.request.PromptTokens = q.prompt
	return nil
}

// state is the status of a response now. The caller holds e.mu.
func (r *response) state(now time.Time) string {
	switch {
	case !r.q.background || r.status == "cancelled" || r.status == "failed":
		return r.status
	case now.Before(r.begins):
		return "queued"
	case now.Before(r.ends):
		return "in_progress"
	}
	return r.finished()
}

// inBackground answers at once, or as a stream, and lets the response become ready in its own time.
func (a *writing) inBackground() {
	f := a.form.(*responseForm)
	r := f.made(a)
	if a.q.toolCall == "" {
		r.text = string(a.text(0, a.reply.Tokens, 0))
	}
	r.begins, r.ends = a.first, a.first.Add(a.perToken*time.Duration(a.total()))
	a.advance(a.total())
	r.usage, r.said, r.status = a.served.Usage, a.said(), "queued"
	a.served.Usage = Usage{} // of this request, which only asks for it
	ended := a.served
	ended.Operation, ended.Usage, ended.Stream, ended.Complete = backgroundEnd.String(), r.usage, false, true
	ended.Status = http.StatusOK
	r.reply, r.perToken = a.reply, a.perToken
	a.keepGoing(r, ended)
	if a.q.stream {
		a.follow(r, -1, true)
		return
	}
	a.sendJSON(r.json("queued", a.shape.tier))
}

// observeEnd tells of work that ended without a request.
func (e *Emulator) observeEnd(s Served) {
	if e.config.Observe != nil {
		s.Ended = e.config.Now()
		e.config.Observe(s)
	}
}

// storedResponse answers about a response that was made before.
func (x *exchange) storedResponse(to target) {
	x.served.Object = to.id
	r := x.e.recall(to.account, to.id)
	if r == nil {
		x.refuse(x.e.dialect.unknownResponse(to.id))
		return
	}
	x.served.Model = r.q.model
	switch to.op {
	case getResponse:
		x.getResponse(r)
	case deleteResponse:
		x.e.mu.Lock()
		delete(x.e.stored.byID, r.id)
		x.e.mu.Unlock()
		x.sendJSON(fmt.Appendf(nil, `{"id":"%s","object":"response","deleted":true}`, r.id))
	case cancelResponse:
		x.cancelResponse(r)
	case inputItems:
		x.listInput(r)
	}
}

func (x *exchange) getResponse(r *response) {
	if x.r.URL.Query().Get("stream") == "true" {
		x.streamResponse(r)
		return
	}
	x.e.mu.Lock()
	b := r.json(r.state(x.e.config.Now()), x.e.dialect.shape(r.q).tier)
	x.e.mu.Unlock()
	x.sendJSON(b)
}

// cancelResponse ends one that is under way; one that ended stays as it is.
func (x *exchange) cancelResponse(r *response) {
	if !r.q.background {
		x.refuse(x.e.dialect.invalid(http.StatusBadRequest, "Cannot cancel a synchronous response.", "", ""))
		return
	}
	now := x.e.config.Now()
	x.e.mu.Lock()
	var ended *Served
	switch r.state(now) {
	case "queued", "in_progress":
		r.timer.Stop()
		share := int64(0)
		if total := r.ends.Sub(r.begins); total > 0 && now.After(r.begins) {
			share = int64(now.Sub(r.begins)) * 1000 / int64(total)
		}
		r.status = "cancelled"
		r.usage.Completion, r.usage.Reasoning = r.usage.Completion*share/1000, r.usage.Reasoning*share/1000
		if share == 0 {
			r.usage = Usage{}
		}
		ended = &Served{Cloud: x.served.Cloud, Account: r.account, Region: x.served.Region, Operation: backgroundEnd.String(), RequestID: x.served.RequestID,
			Object: r.id, Model: r.q.model, Tier: r.q.tier, Status: http.StatusOK, Started: r.created, Usage: r.usage}
	}
	b := r.json(r.state(now), x.e.dialect.shape(r.q).tier)
	x.e.mu.Unlock()
	if ended != nil {
		x.e.observeEnd(*ended)
	}
	x.sendJSON(b)
}

// listInput gives the input as items, newest first unless the request says otherwise.
func (x *exchange) listInput(r *response) {
	limit := 20
	if s := x.r.URL.Query().Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 100 {
			x.refuse(x.e.dialect.invalid(http.StatusBadRequest, "Invalid 'limit': expected an integer between 1 and 100.", "limit", "invalid_value"))
			return
		}
		limit = n
	}
	items := r.inputItems()
	if x.r.URL.Query().Get("order") != "asc" {
		for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
			items[i], items[j] = items[j], items[i]
		}
	}
	if after := x.r.URL.Query().Get("after"); after != "" {
		for i := range items {
			if items[i].id == after {
				items = items[i+1:]
				break
			}
		}
	}
	more := len(items) > limit
	items = items[:min(limit, len(items))]
	b := []byte(`{"object":"list","data":[`)
	first, last := "null", "null"
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item.body...)
		last = `"` + item.id + `"`
		if i == 0 {
			first = last
		}
	}
	x.sendJSON(fmt.Appendf(b, `],"first_id":%s,"last_id":%s,"has_more":%t}`, first, last, more))
}
