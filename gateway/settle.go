package gateway

import (
	"errors"
	"net/http"
	"time"

	"concord/agreement"
	"concord/clouds"
	"concord/delivery"
	"concord/journal"
	"concord/usage"
)

// entry makes an entry of this request. Its identity is the request's id and the kind.
func (q *request) entry(at int64, b journal.Body) journal.Entry {
	return journal.Entry{Time: at, ID: string(q.id[:]), Body: b}
}

// append gives the journal an entry of now that nobody waits for.
func (q *request) append(b journal.Body) error {
	if q.unsent {
		return nil // its record says all of it
	}
	e := q.entry(q.admitted+q.since(q.g.now()), b)
	if b.Kind() == journal.KindAttempt { // the request cannot go on without it
		_, err := q.admit(e)
		return err
	}
	_, err := q.g.config.Journal.Append(e)
	q.g.noteJournal(err)
	return err
}

// appendIntent gives the journal the intent; its commit runs beside the upstream call.
func (q *request) appendIntent() *fault {
	p, r := &q.papers, q.view.router
	first := q.plan.First()
	p.intent = journal.Intent{
		Request: q.id, Key: q.key.ID, Customer: q.key.Customer, Product: q.done.Product, API: q.call.API(),
		Stream: q.call.Scan.Stream, Terms: r.Terms().Hash(), Set: q.view.offer.set, Health: q.seenNow(q.decidedOn),
		InputBytes: int64(len(q.body)), OutputBound: q.outputBound(),
	}
	if first.Kind != delivery.End {
		p.intent.First = r.Catalog().Deployments[q.plan.Steps[first.Step].Deployment].ID
	}
	if q.key.budgets != nil && !q.call.Op.Stored() {
		if f := q.claim(&p.intent); f != nil {
			return f
		}
	}
	p.entries[0] = q.entry(q.admitted, &p.intent)
	var err error
	q.intent, err = q.admit(p.entries[:1]...)
	if err != nil {
		q.intent = nil
		if !q.onCredit(err) {
			return faultUnwell
		}
		q.borrow()
		return nil
	}
	p.committed = q.intent
	return nil
}

// seenNow lists the deployments that are not closed.
func (q *request) seenNow(seen []delivery.State) []journal.Seen {
	if len(seen) == 0 || &seen[0] == &q.view.offer.health.well[0] {
		return nil
	}
	var out []journal.Seen
	for i, s := range seen {
		if s != delivery.Closed {
			out = append(out, journal.Seen{Deployment: q.view.router.Catalog().Deployments[i].ID, State: s})
		}
	}
	return out
}

// intentDurable waits for the intent, in strict mode, once.
func (q *request) intentDurable() error {
	if q.durable || q.g.config.Durability == Relaxed {
		return nil
	}
	err := q.await(q.ctx, q.intent)
	if !errors.Is(err, errGone) {
		q.g.noteJournal(err)
	}
	if err != nil {
		return err
	}
	q.durable = true
	return nil
}

// intentEnded reports that the journal has said what became of the intent.
func (q *request) intentEnded() bool {
	if q.intent == nil {
		return true
	}
	select {
	case <-q.intent.Done():
		return true
	default:
		return false
	}
}

// progress tells the journal how far a stream has come.
func (q *request) progress(units, text int64) {
	if err := q.append(&journal.Progress{Request: q.id, Number: len(q.papers.record.Attempts), Units: units, Bytes: text}); err != nil {
		q.g.log.Debug("progress not recorded", "request", q.id.String(), "error", err)
	}
}

// open begins an attempt in the record and returns its index.
func (q *request) open(deployment int) int {
	r := &q.papers.record
	if r.Attempts == nil {
		r.Attempts = q.papers.tried[:0]
	}
	d := &q.view.router.Catalog().Deployments[deployment]
	r.Attempts = append(r.Attempts, journal.Tried{
		Deployment: d.ID, Cloud: d.Cloud, Seller: d.Seller, Holder: d.Holder, Started: q.since(q.g.now()),
	})
	q.done.Deployment, q.done.Cloud, q.done.Attempts = d.ID, d.Cloud, len(r.Attempts)
	q.done.Left = q.done.Last
	return len(r.Attempts) - 1
}

func (q *request) tried(t int) *journal.Tried { return &q.papers.record.Attempts[t] }

// close ends an attempt. What a cloud may charge without having said so is marked.
func (q *request) close(t int, o delivery.Outcome) {
	a := q.tried(t)
	a.Outcome, a.Ended, q.done.Last = o, q.since(q.g.now()), o
	switch o {
	case delivery.Timeout, delivery.ContentStalled, delivery.CutShort, delivery.ClientGone, delivery.Superseded:
		operator, known := q.view.router.Terms().Operator(a.Cloud)
		a.CostUnsure = !known || agreement.CostPayer(operator, a.Holder, a.Seller) != ""
	default:
	}
}

// refused makes the record of a request that the terms refuse. It has no intent.
func (q *request) refused(why string) journal.Entry {
	r := &q.papers.record
	q.fill(journal.Refused, -1)
	r.Refusal = why
	return q.entry(q.admitted, r)
}

// fill sets what every record says.
func (q *request) fill(o journal.Outcome, served int) {
	r := &q.papers.record
	r.Request, r.Outcome, r.Customer, r.Key, r.Product = q.id, o, q.key.Customer, q.key.ID, q.done.Product
	r.API, r.Stream, r.Terms, r.Set = q.call.API(), q.call.Scan.Stream, q.view.router.Terms().Hash(), q.view.offer.set
	r.Currency, r.Served, r.Ended = q.g.config.Currency, served, q.since(q.g.now())
	if q.pinned != nil {
		r.About = q.pinned.id
	}
	q.done.Outcome = o
}

// settle prices what was used and appends the record: exactly one for the request's intent. served is the attempt whose
// content was delivered, -1 if none was; used is what it consumed.
func (q *request) settle(o journal.Outcome, served int, used *usage.Usage) {
	if q.recorded {
		return
	}
	q.fill(o, served)
	r := &q.papers.record
	for i := range r.Attempts {
		if r.Attempts[i].Outcome == 0 { // only a panic leaves an attempt open
			q.close(i, delivery.ClientGone)
		}
	}
	if served >= 0 && used != nil {
		p := pricer{router: q.view.router, admitted: q.admitted, record: r, log: q.g.log}
		room, _ := bills.Get().(*bill)
		q.papers.bill = room
		p.price(o, served, used, room.costs[:0], room.lines[:0])
	}
	if q.budgeted {
		q.endHold()
	}
	q.recorded = true
	q.done.Tokens, q.done.Evidence = r.Usage.Tokens, r.Usage.Evidence
	p := &q.papers
	if p.intentFailed() {
		q.g.log.Warn("request has no intent in the journal and gets no record", "request", q.id.String(), "deployment", q.done.Deployment)
		return
	}
	p.entries[1] = q.entry(q.admitted, r)
	if q.unsent {
		q.repay()
		return
	}
	var err error
	q.record, err = q.g.config.Journal.Append(p.entries[1:2]...)
	q.g.noteJournal(err)
	if err != nil {
		commit, done := journal.NewCommit()
		q.record, q.kept = commit, true
		q.g.late.Go(func() { done(q.g.offer(p)) })
	}
}

// intentFailed reports that the intent's commit has ended with an error: it is not in the journal and never will be.
func (p *papers) intentFailed() bool {
	select {
	case <-p.committed.Done():
		return p.committed.Err() != nil
	default:
		return false
	}
}

// recordDurable waits for the record, in strict mode; a fault says that it did not become durable in time. The record stays
// on its way either way. A client that left does not shorten the wait of others: nothing waits for it.
func (q *request) recordDurable() *fault {
	if q.g.config.Durability == Relaxed || q.unsent {
		return nil
	}
	if q.record == nil {
		return faultUnwell
	}
	err := q.await(q.ctx, q.record)
	if errors.Is(err, errGone) {
		q.follow()
		return nil
	}
	q.g.noteJournal(err)
	if err != nil && !q.papers.intentFailed() && q.onCredit(err) {
		q.followOnCredit()
		return nil
	}
	if err != nil {
		q.follow()
		return faultUnrecorded
	}
	return nil
}

// conclude records a request that failed and answers it with the fault.
func (q *request) conclude(o journal.Outcome, f *fault) { q.concludeWith(o, f, f.body()) }

func (q *request) concludeWith(o journal.Outcome, f *fault, body []byte) {
	q.settle(o, -1, nil)
	if bad := q.recordDurable(); bad != nil {
		q.fail(bad)
		return
	}
	q.failWith(f, body)
}

// abandon ends a request that cannot go on: the client left, the gateway stops, or the journal did not take an entry.
func (q *request) abandon(err error) {
	switch {
	case errors.Is(err, errGone):
		q.settle(journal.Cancelled, -1, nil)
		q.follow()
		q.sent = true // nobody is there to be answered
	case errors.Is(err, errStopping), errors.Is(err, errFenced):
		q.conclude(journal.Failed, faultDraining)
	default:
		q.settle(journal.Failed, -1, nil)
		q.follow()
		q.fail(faultUnwell)
	}
}

// passOn gives the client the cloud's own answer to its request: its fault, or the cloud's content policy.
func (q *request) passOn(a *clouds.Answer) {
	q.w.Header()["X-Concord-Cloud"] = []string{q.done.Cloud}
	q.concludeWith(journal.Failed, &fault{status: a.Status, code: a.Outcome.String()}, a.Body)
}

// longestRetry bounds the Retry-After that clients are told: what is longer is not waited for by anybody.
const longestRetry = 10 * time.Minute

// patience is the longest wait that official clients keep to: told a longer one they come back earlier, and are told not to.
const patience = 8 * time.Second

// spent answers a request for which nothing is left to try, with what the last attempt came to.
func (q *request) spent(last *clouds.Answer) {
	if q.done.Cloud != "" {
		q.w.Header()["X-Concord-Cloud"] = []string{q.done.Cloud}
	}
	f := q.homeFault(last)
	switch {
	case f != nil:
	case last.Body != nil && last.Status >= http.StatusBadRequest:
		f = &fault{status: last.Status, code: last.Outcome.String(), final: true}
		if wait := time.Duration(last.RetryAfter); wait > 0 && wait <= longestRetry {
			f.retry, f.final = wait, wait > patience
		}
		q.concludeWith(journal.Failed, f, last.Body)
		return
	case last.Outcome == delivery.Timeout, last.Outcome == delivery.ContentStalled:
		f = faultTimeout
	case last.Outcome == delivery.Unreachable, last.Outcome == delivery.ServerError, last.Outcome == delivery.Credential:
		f = faultUnreachable
	default:
		f = faultUnavailable
	}
	q.conclude(journal.Failed, f)
}

// noteJournal keeps in mind whether the journal takes entries, and stops when the chain is another's.
func (g *Gateway) noteJournal(err error) {
	switch {
	case err == nil:
		if g.unwell.Load() != 0 {
			g.unwell.Store(0)
		}
	case errors.Is(err, journal.ErrFenced):
		g.lose(err)
	default:
		g.unwell.Store(g.now())
	}
}

// follow sees to a record that nobody waits for any more: if its commit fails, it is offered again.
func (q *request) follow() {
	c, p := q.record, &q.papers
	if c == nil || q.unsent {
		return
	}
	select {
	case <-c.Done():
		if c.Err() == nil {
			return
		}
	default:
	}
	q.kept = true
	q.g.late.Go(func() {
		if q.g.outcome(c) != nil {
			_ = q.g.offer(p) // it has told the log
		}
	})
}

// offer keeps offering a record to the journal until it takes it and it is durable, its intent turns out to be lost, or the
// gateway gives up at the end of Drain.
func (g *Gateway) offer(p *papers) error {
	const shortest, longest = 5 * time.Millisecond, time.Second
	timer := time.NewTimer(shortest)
	defer timer.Stop()
	for wait := shortest; ; wait = min(2*wait, longest) {
		timer.Reset(wait)
		select {
		case <-g.quit:
			g.log.Error("record not written; recovery resolves its intent at the next start", "request", p.record.Request.String())
			return journal.ErrUnwell
		case <-timer.C:
		}
		if p.intentFailed() {
			return journal.ErrUnwell
		}
		c, err := g.config.Journal.Append(p.entries[1:2]...)
		if err == nil {
			err = g.outcome(c)
		}
		g.noteJournal(err)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, journal.ErrFenced), errors.Is(err, journal.ErrConflict):
			g.log.Error("record refused by the journal", "request", p.record.Request.String(), "error", err)
			return err
		}
	}
}

// outcome waits for a commit for as long as the gateway has not given up.
func (g *Gateway) outcome(c *journal.Commit) error {
	select {
	case <-c.Done():
		return c.Err()
	case <-g.quit:
		return journal.ErrUnwell
	}
}
