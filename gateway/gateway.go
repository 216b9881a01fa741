package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
)

// A Gateway serves requests. It is safe for concurrent use.
type Gateway struct {
	config  Config
	log     *slog.Logger
	base    time.Time // what monotonic instants count from
	chain   uint16
	offered atomic.Pointer[offer]

	swap     sync.Mutex // held while the offer is exchanged; taken before all others
	breakers breakers
	retries  map[string]*retryBudget // by customer; guarded by swap
	credit   credit

	last     atomic.Int64 // admitted instant
	requests sync.Pool    // of *request
	unwell   atomic.Int64 // monotonic instant at which the journal last failed; 0 = it works
	fenced   atomic.Bool
	draining atomic.Bool
	stopped  atomic.Bool    // open requests were cut off: nothing may be begun any more
	late     sync.WaitGroup // records that are still on their way to the journal
	quit     chan struct{}  // closed when late records are given up

	registry   *registry
	background sync.WaitGroup  // goroutines of the gateway's own
	stopping   chan struct{}   // closed when nothing is admitted any more
	ending     context.Context // ends with stopping
	end        context.CancelFunc

	mu     sync.Mutex
	open   *request // list of those being served
	count  int
	empty  chan struct{} // closed when count reaches 0 while draining
	failed bool          // quit is closed
}

// New makes a gateway, or says everything that is wrong with its configuration.
func New(c Config) (*Gateway, error) {
	c.setDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("gateway configuration: %w", err)
	}
	c.scale()
	g := &Gateway{
		config: c, log: c.Log, chain: c.Chain.Tag(), breakers: breakers{settings: c.Breaker},
		base:  time.Now().Add(-time.Second), // so that no instant is 0, which stands for none
		empty: make(chan struct{}), quit: make(chan struct{}), registry: newRegistry(c.MaxObjects), stopping: make(chan struct{}),
	}
	g.ending, g.end = context.WithCancel(context.Background())
	if err := g.Swap(c.offer()); err != nil {
		return nil, fmt.Errorf("gateway configuration: %w", err)
	}
	g.config.Timeline, g.config.Keys, g.config.Targets = nil, nil, nil // the offer has them, as long as it is offered
	g.credit.Credit = c.Credit
	g.requests.New = func() any { return newRequest(g) }
	if c.Objects != nil && g.begin() {
		go g.watchPending()
	}
	if c.Probe > 0 && g.begin() {
		go g.probeAll()
	}
	return g, nil
}

// now returns the monotonic instant, ns.
func (g *Gateway) now() int64 { return int64(time.Since(g.base)) }

// admit returns the instant of a request. It never goes back within the process, whatever the clock does.
func (g *Gateway) admit() int64 {
	now := g.config.Now().UnixNano()
	for {
		last := g.last.Load()
		if now <= last {
			return last
		}
		if g.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

// Handler returns the routes of the gateway: /v1/*, /openai/*, /healthz and /readyz. Whatever is not served is a 404 in
// OpenAI's form, so that no route is left unmetered.
func (g *Gateway) Handler() http.Handler { return http.HandlerFunc(g.serve) }

// serve finds the route. The paths are few and fixed.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch path {
	case "/v1/chat/completions", "/openai/v1/chat/completions":
		if g.allowed(w, r, http.MethodPost) {
			g.request(w, r, clouds.CreateChat, "", "")
		}
	case "/healthz":
		_, _ = w.Write([]byte("ok\n"))
	case "/readyz":
		g.ready(w)
	default:
		g.route(w, r)
	}
}

// between returns what stands between a prefix and a suffix; false if that is nothing.
func between(path, prefix, suffix string) (string, bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return "", false
	}
	rest, ok = strings.CutSuffix(rest, suffix)
	return rest, ok && rest != ""
}

// allowed answers requests with another method.
func (g *Gateway) allowed(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method == method {
		return true
	}
	g.notAllowed(w, r, method)
	return false
}

func (g *Gateway) notAllowed(w http.ResponseWriter, r *http.Request, methods string) {
	w.Header().Set("Allow", methods)
	g.refuse(w, "other", &fault{status: http.StatusMethodNotAllowed, kind: "invalid_request_error", code: "method_not_allowed",
		message: fmt.Sprintf("Not allowed to %s on %s. Use %s.", r.Method, clip(r.URL.Path), methods)})
}

// refuse answers a request that has no record.
func (g *Gateway) refuse(w http.ResponseWriter, route string, f *fault) {
	f.write(w)
	g.observe(Finished{Route: route, Status: f.status, Code: f.code})
}

func (g *Gateway) observe(f Finished) {
	if g.config.Observe != nil {
		g.config.Observe(f)
	}
}

// ready answers 200 while the gateway admits requests and the journal takes entries.
func (g *Gateway) ready(w http.ResponseWriter) {
	switch {
	case g.draining.Load():
		http.Error(w, "stopping", http.StatusServiceUnavailable)
	case (g.unwellNow() || g.config.Well != nil && g.config.Well() != nil) && g.credit.left():
		_, _ = w.Write([]byte("ready, on credit: the journal takes no entries\n"))
	case g.unwellNow(), g.config.Well != nil && g.config.Well() != nil:
		http.Error(w, "the journal takes no entries", http.StatusServiceUnavailable)
	default:
		_, _ = w.Write([]byte("ready\n"))
	}
}

// unwellFor is how long a failure of the journal keeps the gateway unready: without requests nothing else would tell that it
// works again.
const unwellFor = 5 * time.Second

func (g *Gateway) unwellNow() bool {
	at := g.unwell.Load()
	return at != 0 && g.now()-at < int64(unwellFor)
}

// enter admits a request to the list of open ones; false while draining.
func (g *Gateway) enter(q *request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining.Load() {
		return false
	}
	g.count++
	q.next, q.prev = g.open, nil
	if g.open != nil {
		g.open.prev = q
	}
	g.open = q
	return true
}

func (g *Gateway) leave(q *request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.prev != nil {
		q.prev.next = q.next
	} else {
		g.open = q.next
	}
	if q.next != nil {
		q.next.prev = q.prev
	}
	q.next, q.prev = nil, nil
	g.count--
	if g.count == 0 && g.draining.Load() {
		close(g.empty)
	}
}

// Errors that end open requests.
var (
	errStopping = errors.New("the gateway is stopping")
	errFenced   = errors.New("another process has taken over this gateway's chain")
)

// Drain stops admitting, waits for open requests until ctx ends, then cancels what is left: their streams end with an error
// inside them and their records are written. It returns when no request is open and every record was taken by the journal,
// or with an error if the journal did not take them within the commit wait.
func (g *Gateway) Drain(ctx context.Context) error {
	g.stopAdmitting()
	select {
	case <-g.empty:
	case <-ctx.Done():
		g.cut(errStopping)
		<-g.empty // every wait of a request is bounded
	}
	g.background.Wait()
	done := make(chan struct{})
	go func() { g.late.Wait(); close(done) }()
	timer := time.NewTimer(g.config.Timeouts.CommitWait)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
	}
	g.giveUp()
	<-done
	return fmt.Errorf("drain: the journal did not take every record; recovery resolves the rest at the next start: %w", journal.ErrUnwell)
}

func (g *Gateway) stopAdmitting() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining.Swap(true) {
		return
	}
	close(g.stopping)
	g.end()
	if g.count == 0 {
		close(g.empty)
	}
}

// OpenRequests is how many requests are being served.
func (g *Gateway) OpenRequests() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count
}

// cut ends all open requests.
func (g *Gateway) cut(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped.Store(true)
	for q := g.open; q != nil; q = q.next {
		q.watch.stop(why)
	}
}

// giveUp ends the attempts to bring late records into the journal.
func (g *Gateway) giveUp() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.failed {
		g.failed = true
		close(g.quit)
	}
}

// lose ends everything because the chain belongs to another process: what this one would append is refused.
func (g *Gateway) lose(err error) {
	if g.fenced.Swap(true) {
		return
	}
	g.log.Error("chain taken over by another process, stopping", "error", err)
	g.stopAdmitting()
	g.cut(errFenced)
	g.giveUp()
	if g.config.Fenced != nil {
		g.config.Fenced(err)
	}
}

// observeHealth takes an outcome into the deployment's breaker.
func (g *Gateway) observeHealth(v *view, deployment int, o delivery.Outcome, retryAfter int64) {
	if v.offer.health.observe(deployment, g.now(), o, retryAfter) {
		g.log.Info("deployment's breaker changed", "deployment", v.router.Catalog().Deployments[deployment].ID, "outcome", o.String())
	}
}
