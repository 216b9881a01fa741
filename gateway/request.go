package gateway

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
	"concord/money"
	"concord/pricing"
)

// A request is the state of one request while it is served. It is used again for later ones, so nothing outside may keep a
// part of it; what the journal keeps is in papers.
type request struct {
	g          *Gateway
	next, prev *request // list of open requests, guarded by Gateway.mu

	w     http.ResponseWriter
	ctx   context.Context // of the client
	out   responseSink
	watch watch
	relay relay

	object   string // that the path names
	pinned   *kept  // the object that decides where the request goes; nil = none
	offer    *offer
	key      *Key
	view     *view // of the offer, at the admitted instant
	call     clouds.Call
	body     []byte       // of the client, whole
	scratch  []byte       // of an edited body
	answer   []byte       // of the cloud, where it is not streamed
	sending  atomic.Int32 // upstream bodies that are not closed: body and scratch are in use
	id       journal.RequestID
	admitted int64 // wall clock, ns
	began    int64 // monotonic, when the handler began
	base     int64 // monotonic, at the admitted instant
	deadline int64 // monotonic

	plan      delivery.Plan
	seen      []delivery.State // room for snapshots
	decidedOn []delivery.State // the snapshot that plan was made from
	flow      flow             // the stream that was begun
	papers    papers
	intent    *journal.Commit // nil = not appended
	record    *journal.Commit // nil = not appended, or late

	budgeted  bool // the request is under a budget
	credited  bool // served on credit: the journal does not have all of it
	unsent    bool // the journal was not given its intent
	onLoan    money.Amount
	durable   bool // the intent is
	recorded  bool // the record is appended, or on its late way
	receiving bool // in the middle of the client's body; guarded by watch.mu
	kept      bool // a late record needs papers
	sent      bool // the client was sent a status
	streaming bool // in the middle of a stream to the client
	aborted   bool // the response must not end as if it were whole
	firstByte int64
	done      Finished
}

// papers are what the journal is given of a request. An Appender keeps nothing of entries once Append has returned.
type papers struct {
	intent    journal.Intent
	record    journal.Record
	entries   [2]journal.Entry // intent, record
	committed *journal.Commit  // of the intent
	tried     [1]journal.Tried
	bill      *bill // nil until the record is made: most of the time a request has none
}

// A bill is room for what a request costs.
type bill struct {
	lines [4]pricing.Line
	costs [4]pricing.Line
}

var bills = sync.Pool{New: func() any { return new(bill) }}

const (
	keepBody   = 256 << 10 // larger buffers are not kept for the next request
	firstBody  = 4 << 10
	slackBytes = 128 // what an edit adds to a body
)

func newRequest(g *Gateway) *request {
	q := &request{g: g}
	q.watch = watch{now: g.now, wake: make(chan struct{}, 1), unblock: q.unblock}
	q.relay.watch, q.relay.now, q.relay.progress, q.relay.out = &q.watch, g.now, q.progress, &q.out
	return q
}

// unblock makes a blocked write to the client return, or a read of its body. Servers that cannot do that leave it to the
// connection's end.
func (q *request) unblock(after time.Duration) {
	c, at := http.NewResponseController(q.w), time.Now().Add(after)
	if q.receiving {
		_ = c.SetReadDeadline(at)
		return
	}
	_ = c.SetWriteDeadline(at)
}

// reset gives the request back, unless an upstream connection may still read from its buffers or its record is still on its
// way.
func (q *request) reset() {
	q.watch.end()
	if q.kept || q.sending.Load() != 0 {
		return
	}
	q.object, q.pinned = "", nil
	q.w, q.ctx, q.offer, q.key, q.view, q.decidedOn, q.intent, q.record = nil, nil, nil, nil, nil, nil, nil, nil
	if q.papers.bill != nil {
		bills.Put(q.papers.bill)
	}
	q.papers = papers{} // one by one: together they would be copied
	q.flow = flow{}
	q.out = responseSink{}
	q.call = clouds.Call{}
	q.done = Finished{}
	q.credited, q.unsent, q.onLoan = false, false, money.Amount{}
	q.budgeted, q.durable, q.recorded, q.sent, q.streaming, q.aborted, q.firstByte = false, false, false, false, false, false, 0
	q.relay.end()
	for _, b := range []*[]byte{&q.body, &q.scratch, &q.answer, &q.relay.held, &q.relay.said} {
		if cap(*b) > keepBody {
			*b = nil
		}
	}
	q.g.requests.Put(q)
}

// readBody reads the client's body whole, up to the limit.
func (q *request) readBody(r *http.Request) error {
	limit := q.g.config.MaxBody
	if r.ContentLength > limit {
		return errBodyTooLong
	}
	size := r.ContentLength
	if size < 0 {
		size = firstBody
	}
	q.receive(true)
	var err error
	q.body, err = readAll(q.body[:0], r.Body, size, limit)
	q.receive(false)
	return err
}

// receive bounds the time that the client's body may take.
func (q *request) receive(on bool) {
	q.watch.mu.Lock()
	q.receiving = on
	q.watch.mu.Unlock()
	if on {
		q.watch.set(receiving, q.began+int64(q.g.config.Timeouts.Request))
	} else {
		q.watch.set(idle, 0)
	}
}

// readAll appends what r gives to dst. It reports errBodyTooLong beyond limit.
func readAll(dst []byte, r io.Reader, size, limit int64) ([]byte, error) {
	if need := min(size, 1<<20) + 1; int64(cap(dst)) < need { // one more, so that the end is seen without growing
		dst = make([]byte, 0, need)
	}
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case int64(len(dst)) > limit:
			return dst, errBodyTooLong
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}

// An upstreamBody is a request's body on its way to a cloud. Once closed it reads no more, even if the transport still
// tries, so that the buffer can be used again.
type upstreamBody struct {
	mu    sync.Mutex
	rest  []byte
	users *atomic.Int32 // nil = closed
}

func (q *request) upstreamBody(b []byte) io.ReadCloser {
	q.sending.Add(1)
	return &upstreamBody{rest: b, users: &q.sending}
}

// Read copies out of the buffer.
func (b *upstreamBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rest) == 0 || b.users == nil {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close lets go of the buffer.
func (b *upstreamBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.users != nil {
		b.users.Add(-1)
		b.rest, b.users = nil, nil
	}
	return nil
}

// responseSink is the sink of an HTTP response.
type responseSink struct {
	w     http.ResponseWriter
	flush interface{ FlushError() error }
}

// Write passes bytes on.
func (s *responseSink) Write(p []byte) (int, error) { return s.w.Write(p) }

// Flush sends what was written.
func (s *responseSink) Flush() error {
	if s.flush != nil {
		return s.flush.FlushError()
	}
	return http.NewResponseController(s.w).Flush()
}
