// Package emulator answers like the clouds do: one http.Handler per cloud, strict in that cloud's own dialect, with its paths,
// credentials, error bodies, headers and streaming quirks, and with faults on command. It counts what it served with its own
// small code and shares none with the gateway, so that it can be a witness against it.
package emulator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"concord/clouds/behaviour"
)

// Config says which cloud to be and what it serves.
type Config struct {
	Cloud          string            // azure, aws, gcp, alibaba or openai
	Models         []Model           // deployments or models that exist
	Keys           []string          // credentials that are accepted: keys and tokens, on aws also "ACCESS-KEY-ID:SECRET"
	Accounts       map[string]string // whose a key is; keys that it leaves out share the account ""
	Identities     []Identity        // who gets tokens of the cloud's own token endpoint
	APIVersions    []string          // azure: dated versions that are accepted; nil = 2024-10-21 and 2024-12-01-preview
	AsyncFilter    bool              // azure: its content filter runs beside the stream
	Plane          string            // aws: "runtime" (default) or "mantle"
	Project        string            // gcp: the project; "" = any
	Region         string            // the cloud's own name of it
	Profile        behaviour.Profile
	Seed           uint64
	Speed          float64 // divides latencies, pauses, Retry-After and limit windows; 0 = no waiting at all
	TokensPerChunk int     // of a stream; 0 = 1
	Limits         Limits
	Faults         behaviour.Faults
	Observe        func(Served)     // told of every request that got past the connection, from many goroutines; may be nil
	Now            func() time.Time // nil = time.Now
}

// A Model is one deployment or model that the cloud has.
type Model struct {
	Name    string // what requests name: azure's deployment, Bedrock's model id, ...
	Serve   string // the model behind it, as answers name it; "" = Name without prefixes
	Context int64  // how many tokens a prompt may have; 0 = any number
}

// An Identity gets tokens in place of a key: an application or machine of Entra ID, or a service account of Google.
type Identity struct {
	Account   string
	Tenant    string        // azure
	ClientID  string        // azure: of the application or the managed identity; gcp: the service account's address
	Secret    string        // azure: of the application
	Assertion string        // azure: the federated token of a workload identity
	PublicKey []byte        // gcp: of the service account, PEM
	Machine   bool          // the machine's own: what IMDS and the metadata server give tokens for
	Denied    bool          // known, but without the role
	Life      time.Duration // of its tokens; 0 = an hour
}

// Served is what the cloud keeps of one request: its own book, to compare with the gateway's.
type Served struct {
	Cloud     string
	Account   string // whose credential it came with
	Region    string
	Operation string // chat, responses, embeddings, ...
	RequestID string // of the client-request-id header
	Object    string // the id of the response that was made, read or ended
	Model     string // as the request named it
	Tier      string // service_tier that was served
	Status    int    // 0 = the connection was closed without an answer
	Fault     string // the fault that was in force; "" = none
	Stream    bool
	Complete  bool // the whole answer was sent
	Started   time.Time
	FirstByte time.Time // zero = nothing was sent
	Ended     time.Time
	Usage     Usage
	Bytes     int64 // of the answer's body that were sent
}

// Usage is what the cloud would bill, up to where it stopped.
type Usage struct {
	Prompt       int64 // cached and written ones, audio and images included
	Cached       int64
	CacheWrite   int64
	AudioIn      int64
	ImageIn      int64
	Completion   int64 // reasoning, audio and images included
	Reasoning    int64
	AudioOut     int64
	ImageOut     int64
	Images       int64 // made, where they are billed one by one
	Characters   int64 // spoken, where they are billed
	Milliseconds int64 // heard, where time is billed
	WebSearches  int64 // calls of the cloud's own tools
	FileSearches int64
	Containers   int64 // in which code ran
}

// Emulator is one emulated cloud. It is safe for concurrent use.
type Emulator struct {
	config   Config
	dialect  dialect
	started  time.Time
	requests atomic.Int64
	serial   atomic.Uint64
	ids      uint64 // where they begin

	mu     sync.Mutex
	faults behaviour.Faults
	limits map[windowKey]*window
	stored responses

	signing [32]byte // of tokens
}

// New makes a cloud. It reports an unknown cloud, and one without models or keys.
func New(config Config) (*Emulator, error) {
	if len(config.Models) == 0 {
		return nil, fmt.Errorf("emulate %s: no models given", config.Cloud)
	}
	if len(config.Keys) == 0 && len(config.Identities) == 0 || slices.Contains(config.Keys, "") {
		return nil, fmt.Errorf("emulate %s: no key given, or an empty one", config.Cloud)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Profile == (behaviour.Profile{}) {
		config.Profile = behaviour.Default()
	}
	config.TokensPerChunk = max(1, config.TokensPerChunk)
	e := &Emulator{config: config, faults: config.Faults, started: config.Now(), limits: map[windowKey]*window{}}
	e.ids = e.origin()
	if _, err := rand.Read(e.signing[:]); err != nil {
		return nil, fmt.Errorf("emulate %s: make a key for tokens: %w", config.Cloud, err)
	}
	if err := checkIdentities(&config); err != nil {
		return nil, err
	}
	switch config.Cloud {
	case "openai":
		e.dialect = openaiDialect{e}
	case "azure":
		e.dialect = azureDialect{openaiDialect{e}}
	case "aws":
		if p := config.Plane; p != "" && p != "runtime" && p != "mantle" {
			return nil, fmt.Errorf("emulate aws: plane %q is neither runtime nor mantle", p)
		}
		e.dialect = bedrockDialect{e}
	case "gcp":
		e.dialect = vertexDialect{e}
	case "alibaba":
		e.dialect = alibabaDialect{e}
	default:
		return nil, fmt.Errorf("emulate: unknown cloud %q, expected one of %s", config.Cloud, strings.Join(Clouds(), ", "))
	}
	return e, nil
}

// Clouds returns the names of the clouds that can be emulated.
func Clouds() []string { return []string{"azure", "aws", "gcp", "alibaba", "openai"} }

// SetFaults puts other faults in force, for requests that arrive from now on; nil heals the cloud.
func (e *Emulator) SetFaults(f behaviour.Faults) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = f
}

// ListModels returns the names of the models that the cloud serves.
func (e *Emulator) ListModels() []string {
	names := make([]string, len(e.config.Models))
	for i, m := range e.config.Models {
		names[i] = m.Name
	}
	return names
}

func (e *Emulator) model(name string) (Model, bool) {
	for _, m := range e.config.Models {
		if m.Name == name {
			return m, true
		}
	}
	return Model{}, false
}

// effect says what goes wrong with the request that arrives now.
func (e *Emulator) effect() behaviour.Effect {
	elapsed := e.config.Now().Sub(e.started)
	if e.config.Speed > 0 {
		elapsed = time.Duration(float64(elapsed) * e.config.Speed)
	}
	request := e.requests.Add(1)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.faults.At(int64(elapsed), request)
}

// scaled turns a time of the real cloud into one of this run.
func (e *Emulator) scaled(ns int64) time.Duration {
	if e.config.Speed <= 0 {
		return 0
	}
	return time.Duration(float64(ns) / e.config.Speed)
}

// largestBody is what the clouds accept at most, roughly; beyond it a request is not read.
const largestBody = 32 << 20

// ServeHTTP answers as the cloud would.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &counted{ResponseWriter: w}
	x := &exchange{e: e, w: out, r: r, ctx: r.Context(), effect: e.effect()}
	x.served = Served{Cloud: e.config.Cloud, Region: e.config.Region, RequestID: clientRequestID(r.Header), Started: e.config.Now()}
	if x.effect.Kind != behaviour.None {
		x.served.Fault = x.effect.Kind.String()
	}
	defer func() {
		if e.config.Observe != nil {
			x.served.Ended, x.served.Bytes = e.config.Now(), out.bytes
			e.config.Observe(x.served)
		}
	}()
	switch x.effect.Kind {
	case behaviour.Reset:
		x.reset()
		return
	case behaviour.Down:
		x.refuse(e.dialect.broken(http.StatusServiceUnavailable, e.scaled(x.effect.RetryAfter)))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			x.refuse(e.dialect.invalid(http.StatusRequestEntityTooLarge, "Request body is too large.", "", ""))
		}
		return // else the client is gone
	}
	x.serve(body)
}

// serve goes the way of a request that was read whole.
func (x *exchange) serve(body []byte) {
	d := x.e.dialect
	if x.e.tokenEndpoint(x, body) {
		return
	}
	to, failed := d.route(x.r)
	if failed == nil {
		to.account, failed = d.authorize(x.r, body)
	}
	if failed != nil {
		x.refuse(failed)
		return
	}
	x.served.Account, x.served.Operation = to.account, to.op.String()
	switch {
	case to.op == listModels || to.op == getModel || to.op.stored():
		if failed := x.planned(); failed != nil {
			x.refuse(failed)
			return
		}
		if x.effect.Kind == behaviour.Stall {
			<-x.ctx.Done()
			return
		}
		if to.op.stored() {
			x.storedResponse(to)
		} else {
			x.models(to)
		}
		return
	}
	q, failed := x.e.read(x.r, body, to)
	if q != nil {
		x.served.Model, x.served.Stream, x.served.Tier = q.model, q.stream, q.tier
	}
	if failed == nil {
		failed = x.admit(q)
	}
	if failed == nil {
		failed = x.planned()
	}
	if failed != nil {
		x.refuse(failed)
		return
	}
	x.answer(q)
}

// admit checks the model, what the model takes, and the limits.
func (x *exchange) admit(q *query) *failure {
	d := x.e.dialect
	m, ok := x.e.model(q.model)
	if !ok {
		return d.unknownModel(q.model)
	}
	q.serve = m.Serve
	if q.serve == "" {
		q.serve = bareName(m.Name)
	}
	if failed := d.check(q); failed != nil {
		return failed
	}
	if m.Context > 0 && q.prompt > m.Context {
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("This model's maximum context length is %d tokens. However, your messages resulted "+
			"in %d tokens. Please reduce the length of the messages.", m.Context, q.prompt), "messages", "context_length_exceeded")
	}
	if failed := x.e.continues(q); failed != nil {
		return failed
	}
	if failed := d.filtered(); failed != nil && q.request.Wish.Filtered {
		return failed
	}
	if wait, ok := x.e.take(q, d.admission(q)); !ok {
		return d.throttled(wait)
	}
	return nil
}

// planned is the failure that a fault puts in the place of an answer.
func (x *exchange) planned() *failure {
	d, after := x.e.dialect, x.e.scaled(x.effect.RetryAfter)
	var f *failure
	switch x.effect.Kind {
	case behaviour.Throttle:
		f = d.throttled(after)
	case behaviour.Quota:
		f = d.quota(after)
	case behaviour.Status:
		f = d.broken(max(x.effect.Status, http.StatusBadRequest), after)
	case behaviour.ErrorBody:
		return &failure{status: http.StatusOK, body: d.broken(http.StatusInternalServerError, 0).body}
	default:
		return nil
	}
	if x.effect.Milliseconds && after > 0 {
		if f.header == nil {
			f.header = http.Header{}
		}
		f.header.Del("Retry-After")
		f.header.Set("Retry-After-Ms", strconv.FormatInt(max(1, after.Milliseconds()), 10))
	}
	return f
}

func bareName(name string) string {
	if i := strings.LastIndex(name, "openai."); i >= 0 {
		name = name[i+len("openai."):]
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	return name
}

func clientRequestID(h http.Header) string {
	for _, name := range [...]string{"X-Client-Request-Id", "X-Ms-Client-Request-Id"} {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// An exchange is one request on its way.
type exchange struct {
	e      *Emulator
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context
	effect behaviour.Effect
	served Served
	timer  *time.Timer
}

// reset closes the connection so that the client sees it reset.
func (x *exchange) reset() {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // no connection to take over (HTTP/2): the stream is reset
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // what is unsent is discarded, and the peer gets a reset in place of an end
	}
	_ = conn.Close()
}

func (x *exchange) refuse(f *failure) {
	h := x.w.Header()
	x.e.dialect.head(x, h)
	for name, v := range f.header {
		h[name] = v
	}
	h.Set("Content-Type", "application/json")
	x.served.Status, x.served.FirstByte = f.status, x.e.config.Now()
	x.w.WriteHeader(f.status)
	_, _ = x.w.Write(f.body)
	x.served.Complete = f.status != http.StatusOK
}

// waitUntil sleeps until at, or reports that the client is gone.
func (x *exchange) waitUntil(at time.Time) bool {
	if x.ctx.Err() != nil {
		return false
	}
	d := at.Sub(x.e.config.Now())
	if d <= 0 {
		return true
	}
	if x.timer == nil {
		x.timer = time.NewTimer(d)
	} else {
		x.timer.Reset(d)
	}
	select {
	case <-x.timer.C:
		return true
	case <-x.ctx.Done():
		x.timer.Stop()
		return false
	}
}
