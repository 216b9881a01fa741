package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
	"concord/usage"
)

// How often the gateway asks for what is still being made in the background: more and more rarely.
const (
	pollFirst   = 2 * time.Second
	pollLongest = time.Minute
	pollWait    = 30 * time.Second // for one answer
	pollAge     = 24 * time.Hour   // clouds keep it longer, but none works longer at it: what it used stays unknown
	pollMissing = 3                // answers in a row that it does not exist, before that is believed
)

// lookAround is how often the journal is asked for what nobody watches any more, because its gateway died.
const lookAround = 5 * time.Minute

// A later part of a request is priced as the first one was.
const laterPart = 1

// watchPending watches objects that were pending when the process began, and those that other processes left behind.
func (g *Gateway) watchPending() {
	defer g.background.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for orphans := false; ; orphans = true {
		select {
		case <-g.stopping:
			return
		case <-timer.C:
		}
		if err := g.adopt(orphans); err != nil && !errors.Is(err, context.Canceled) {
			g.log.Warn("pending responses not listed", "error", err)
		}
		timer.Reset(lookAround)
	}
}

// adopt watches the pending objects of the journal. Orphans are those that their own gateway would have settled long ago.
func (g *Gateway) adopt(orphans bool) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(g.ending, cancel)()
	now := g.config.Now().UnixNano()
	since := now - int64(2*pollAge)
	if !orphans {
		since = 0 // however long no gateway ran: what is held for them is released
	}
	return g.config.Objects.Pending(ctx, since, func(e *journal.Entry) bool {
		r, ok := e.Body.(*journal.Record)
		if !ok || orphans && e.Time > now-int64(2*lookAround) {
			return true
		}
		if k := keptOf(e.Time, r); k != nil {
			g.follows(g.registry.remember(k))
		}
		return ctx.Err() == nil
	})
}

// follows watches a pending object until it is settled or the gateway stops. One goroutine is enough for each.
func (g *Gateway) follows(k *kept) {
	k.mu.Lock()
	watch := k.pending && !k.watched
	k.watched = k.watched || watch
	k.mu.Unlock()
	if !watch || !g.begin() {
		return
	}
	go func() {
		defer g.background.Done()
		timer := time.NewTimer(pollFirst)
		defer timer.Stop()
		missing := 0
		for wait := pollFirst; ; wait = min(wait+wait/2, pollLongest) {
			select {
			case <-g.stopping:
				return
			case <-timer.C:
			}
			if g.poll(k, &missing) {
				return
			}
			timer.Reset(wait)
		}
	}()
}

// begin counts a goroutine of the gateway's own; false once it is stopping.
func (g *Gateway) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining.Load() {
		return false
	}
	g.background.Add(1)
	return true
}

// poll asks an object's home what became of it; true if there is nothing more to ask.
func (g *Gateway) poll(k *kept, missing *int) bool {
	if k.settled() {
		return true
	}
	if age := g.config.Now().UnixNano() - k.admitted; age > int64(pollAge) {
		g.settleUnknown(k, fmt.Sprintf("no end after %s", time.Duration(age).Round(time.Hour)))
		return true
	}
	status, body, err := g.look(k)
	switch {
	case err != nil:
		g.log.Debug("pending response not read", "response", k.id, "deployment", k.deployment, "error", err)
	case status == http.StatusNotFound:
		if *missing++; *missing >= pollMissing {
			g.settleUnknown(k, "its cloud does not know it any more")
			return true
		}
		return false
	case status == http.StatusOK:
		reply := clouds.ReadReply(&clouds.Call{Op: clouds.GetResponse}, body)
		g.learn(k, &reply, body)
	}
	*missing = 0
	return k.settled()
}

// look reads an object at its home. It is the gateway's own question: it is free and no client's request.
func (g *Gateway) look(k *kept) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pollWait)
	defer cancel()
	defer context.AfterFunc(g.ending, cancel)()
	v := g.offered.Load().viewAt(g.admit())
	deployment, ok := v.home(k)
	if !ok {
		return 0, nil, fmt.Errorf("deployment %s is not offered any more", k.deployment)
	}
	call := clouds.Call{Op: clouds.GetResponse, Path: clouds.GetResponse.Path(k.id), Header: http.Header{}, ID: k.request.String()}
	return g.ask(ctx, &v.places[deployment], &call)
}

// ask makes a call of the gateway's own and reads its answer.
func (g *Gateway) ask(ctx context.Context, p *place, call *clouds.Call) (int, []byte, error) {
	ex, err := p.adapter.Prepare(p.target, call)
	if err != nil {
		return 0, nil, fmt.Errorf("prepare: %w", err)
	}
	r := (&http.Request{
		Method: ex.Method, URL: ex.URL, Host: ex.URL.Host, Header: ex.Header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if err := p.adapter.Sign(ctx, p.target, r, nil); err != nil {
		return 0, nil, fmt.Errorf("sign: %w", err)
	}
	resp, err := g.config.Transport.RoundTrip(r)
	if err != nil {
		return 0, nil, fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	body, err := readAll(nil, resp.Body, max(resp.ContentLength, firstBody), g.config.MaxAnswer)
	if err != nil {
		return 0, nil, fmt.Errorf("read: %w", err)
	}
	return resp.StatusCode, body, nil
}

// settled reports whether what an object used is recorded.
func (k *kept) settled() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.pending
}

// learn takes in what a cloud says of an object; once it has ended, what it used is recorded, once. It reports false if that
// is still to be done.
func (g *Gateway) learn(k *kept, r *clouds.Reply, body []byte) bool {
	if r.Error || r.Pending || k.settled() {
		return true
	}
	var o journal.Outcome
	switch statusOf(body) {
	case "completed", "incomplete":
		o = journal.Answered
	case "cancelled":
		o = journal.Cancelled
	case "failed":
		o = journal.Failed
	default:
		return true
	}
	used := r.Tokens
	if !r.Usage {
		used = usage.Usage{Evidence: usage.Estimated}
		if o == journal.Answered {
			g.log.Warn("a background response ended without usage", "response", k.id, "deployment", k.deployment)
		}
	}
	g.settleLater(k, o, &used)
	return k.settled()
}

// statusOf returns the status of a response object; "" if it has none.
func statusOf(body []byte) string {
	var object struct{ Status string }
	if json.Unmarshal(body, &object) != nil {
		return ""
	}
	return object.Status
}

// settleUnknown records that nobody knows what an object used: nothing is charged, and the cloud's cost is unsure.
func (g *Gateway) settleUnknown(k *kept, why string) {
	g.log.Warn("what a background response used stays unknown", "response", k.id, "deployment", k.deployment, "why", why)
	g.settleLater(k, journal.Failed, nil)
}

// settleLater records what an object used as a later part of the request that made it, at the terms and prices of that
// request. Several may try: the journal takes one, whoever writes it.
func (g *Gateway) settleLater(k *kept, o journal.Outcome, used *usage.Usage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.pending {
		return
	}
	router, err := g.routerOf(k)
	if err != nil {
		g.log.Error("the terms of a background response are not known; it stays pending", "response", k.id, "error", err)
		return
	}
	r := &journal.Record{
		Request: k.request, Outcome: o, Customer: k.customer, Key: k.key, Product: k.product, API: k.api, Stream: k.stream,
		Terms: k.terms, Set: k.set, Currency: g.config.Currency, Ended: g.config.Now().UnixNano() - k.admitted, Object: k.id,
		Attempts: []journal.Tried{{
			Deployment: k.deployment, Cloud: k.cloud, Seller: k.seller, Holder: k.holder, Outcome: delivery.Answered, Status: http.StatusOK,
			Ended: g.config.Now().UnixNano() - k.admitted,
		}},
	}
	if used == nil {
		r.Attempts[0].CostUnsure = true
	} else {
		p := pricer{router: router, admitted: k.admitted, record: r, log: g.log}
		p.price(o, 0, used, nil, nil)
	}
	held, err := g.holdOf(k)
	if err != nil {
		g.log.Warn("what a background response used is not recorded yet", "response", k.id, "error", err)
		return
	}
	if held != (hold{}) {
		g.endHold(r, held)
	}
	e := journal.Entry{Time: k.admitted, ID: string(k.request[:]), Part: laterPart, Body: r}
	if err := g.appendLater(e); err != nil {
		g.log.Warn("what a background response used is not recorded yet", "response", k.id, "error", err)
		return
	}
	k.pending = false
}

// appendLater appends an entry and waits until it is durable. That another process was first is as good.
func (g *Gateway) appendLater(e journal.Entry) error {
	c, err := g.config.Journal.Append(e)
	if err == nil {
		timer := time.NewTimer(g.config.Timeouts.CommitWait)
		defer timer.Stop()
		select {
		case <-c.Await():
			err = c.Err()
		case <-timer.C:
			return errLate
		}
	}
	if errors.Is(err, journal.ErrConflict) {
		return nil
	}
	g.noteJournal(err)
	return err
}

// routerOf returns the terms under which an object was made.
func (g *Gateway) routerOf(k *kept) (*delivery.Router, error) {
	router := g.offered.Load().timeline.At(k.admitted)
	if router.Terms().Hash() == k.terms || g.config.Past == nil {
		return router, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), pollWait)
	defer cancel()
	return g.config.Past(ctx, k.set, k.admitted)
}
