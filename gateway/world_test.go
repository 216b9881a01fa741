package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/clouds"
	"concord/clouds/azure"
	"concord/clouds/bedrock"
	"concord/clouds/openai"
	"concord/delivery"
	"concord/gateway"
	"concord/journal"
	"concord/pricing"
	"concord/store"
)

// The world of these tests: OpenAI sells gpt-5.4 on azure, then aws, then its own cloud; each cloud is a script.

const partners = `concord: 1
agreement: partners
currency: USD
zone: UTC
parties:
  openai: {name: OpenAI, operates: [openai]}
  microsoft: {name: Microsoft, operates: [azure]}
  amazon: {name: Amazon, operates: [aws]}
products:
  openai/gpt-5.4: {owner: openai, aliases: [gpt-5.4], apis: [chat], state: stateless}
  openai/gpt-secret: {owner: openai, aliases: [gpt-secret], apis: [chat]}
amendments:
  - id: start
    effective: 2020-01-01
    source: {url: test, provenance: assumed}
    adds:
      - {id: azure-first, kind: delivery, products: [openai/gpt-5.4], order: [[azure], [aws], [openai]], term: perpetual}
      - {id: openai-sales, kind: sale, seller: openai, products: [openai/*], clouds: all, price: {book: list},
         streams: {license: "60%", cloud: "40%"}, charge: {cut: delivered, cancelled: delivered}, term: perpetual}
`

const listPrices = `concord: 1
prices: list
currency: USD
per: 1M tokens
entries:
  - {product: openai/*, seller: openai, from: 2020-01-01, input: "2.50", cache_read: "0.25", output: "15", input_audio: "10", output_audio: "20", input_image: "5", output_image: "20", images: "0.04", seconds: "0.0001", characters: "15", provenance: public, source: test}
`

const cloudCosts = `concord: 1
costs: cloud-costs
currency: USD
per: 1M tokens
entries:
  - {product: openai/*, operator: microsoft, buyer: openai, from: 2020-01-01, input: "0.875", cache_read: "0.0875", output: "5.25", input_audio: "5", output_audio: "10", input_image: "2", output_image: "10", images: "0.02", seconds: "0.0001", characters: "5", provenance: assumed, source: test}
  - {product: openai/*, operator: amazon, buyer: openai, from: 2020-01-01, input: "0.875", cache_read: "0.0875", output: "5.25", input_audio: "5", output_audio: "10", input_image: "2", output_image: "10", images: "0.02", seconds: "0.0001", characters: "5", provenance: assumed, source: test}
`

const (
	goodKey   = "sk-test-acme"
	poorKey   = "sk-test-globex" // of a customer who buys from nobody that sells here
	testModel = "gpt-5.4"
)

func testCatalog() *agreement.Catalog {
	deployment := func(id, cloud string) agreement.Deployment {
		return agreement.Deployment{
			ID: id, Product: "openai/gpt-5.4", Cloud: cloud, Region: "somewhere", Zone: "us", Account: "account-" + cloud,
			Holder: "openai", Seller: "openai", Model: "upstream-" + cloud,
		}
	}
	return &agreement.Catalog{
		Deployments: []agreement.Deployment{deployment("a", "azure"), deployment("b", "aws"), deployment("o", "openai"),
			{ID: "s", Product: "openai/gpt-secret", Cloud: "openai", Zone: "us", Holder: "openai", Seller: "openai", Model: "secret"}},
		Customers: []agreement.Customer{
			{ID: "acme", Sellers: [][]string{{"openai"}}},
			{ID: "globex", Sellers: [][]string{{"amazon"}}},
		},
	}
}

func testTimeline(t testing.TB) *delivery.Timeline {
	t.Helper()
	return timelineOf(t, partners, testCatalog())
}

// timelineOf is the timeline of an agreement.
func timelineOf(t testing.TB, doc string, catalog *agreement.Catalog) *delivery.Timeline {
	t.Helper()
	a, found := agreementfile.Parse("partners.yaml", []byte(doc))
	if a == nil {
		t.Fatalf("agreement: %v", found)
	}
	var books delivery.Books
	for _, doc := range []string{listPrices, cloudCosts} {
		b, found := pricing.Parse("book.yaml", []byte(doc))
		if b == nil {
			t.Fatalf("price book: %v", found)
		}
		books = append(books, b)
	}
	timeline, found := delivery.NewTimeline(agreement.NewSet(a), catalog, books, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, f := range found {
		if f.Severity == agreement.Error {
			t.Fatalf("timeline: %s", f.Message)
		}
	}
	return timeline
}

// testConfig is a configuration whose clouds live at http://azure.test, http://aws.test and http://openai.test.
func testConfig(t testing.TB) gateway.Config {
	targets := map[string]*clouds.Target{}
	for _, d := range testCatalog().Deployments {
		targets[d.ID] = &clouds.Target{
			Deployment: d.ID, Cloud: d.Cloud, Base: &url.URL{Scheme: "http", Host: d.Cloud + ".test"}, Region: "us-east-1",
			Account: d.Account, Model: d.Model, Secret: clouds.NewSecret("secret-of-" + d.Cloud),
		}
	}
	return gateway.Config{
		Timeline: testTimeline(t),
		Set:      journal.Hash{1},
		Keys: map[gateway.KeyHash]gateway.Key{
			gateway.HashKey(goodKey): {ID: "acme-1", Customer: "acme"},
			gateway.HashKey(poorKey): {ID: "globex-1", Customer: "globex"},
		},
		Adapters: map[string]clouds.Adapter{"azure": azure.New(), "aws": bedrock.New(), "openai": openai.New()},
		Targets:  targets,
		Chain:    journal.ChainID{Gateway: "test", Started: 1, Random: 7},
	}
}

// A network connects names within a test, so that time can be virtual.
type network struct {
	mu    sync.Mutex
	hosts map[string]*host
}

type host struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (h *host) Accept() (net.Conn, error) {
	select {
	case c := <-h.accept:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *host) Close() error { h.once.Do(func() { close(h.closed) }); return nil }

func (*host) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }

func (n *network) listen(name string) *host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &host{accept: make(chan net.Conn), closed: make(chan struct{})}
	n.hosts[name+":80"] = h
	return h
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	h := n.hosts[address]
	n.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("dial %s: connection refused", address)
	}
	here, there := net.Pipe()
	select {
	case h.accept <- there:
		return here, nil
	case <-h.closed:
		return nil, fmt.Errorf("dial %s: connection refused", address)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A cloud answers by a script and counts.
type cloud struct {
	mu      sync.Mutex
	hits    int
	times   []time.Time
	last    []byte // body
	head    http.Header
	gone    int // requests whose connection the gateway closed while they were served
	serve   func(w http.ResponseWriter, r *http.Request, hit int)
	handler http.Handler // in place of the script
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.handler != nil {
		c.handler.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	c.hits++
	c.times = append(c.times, time.Now())
	c.last, c.head = body, r.Header.Clone()
	hit, serve := c.hits, c.serve
	c.mu.Unlock()
	serve(w, r, hit)
	if r.Context().Err() != nil {
		c.mu.Lock()
		c.gone++
		c.mu.Unlock()
	}
}

// becomes changes the script while requests may be under way.
func (c *cloud) becomes(serve func(http.ResponseWriter, *http.Request, int)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serve = serve
}

func (c *cloud) count() int { c.mu.Lock(); defer c.mu.Unlock(); return c.hits }

func (c *cloud) body() []byte { c.mu.Lock(); defer c.mu.Unlock(); return c.last }

// world is a gateway with its clouds, its journal and a client.
type world struct {
	testing.TB
	gateway   *gateway.Gateway
	network   *network
	clouds    map[string]*cloud
	memory    *journal.Memory
	storage   *gatedJournal
	client    *http.Client
	log       *bytes.Buffer
	finished  chan gateway.Finished
	committer *store.Committer
}

// gatedJournal is a journal whose commits can be held up or made to fail.
type gatedJournal struct {
	*journal.Memory
	mu   sync.Mutex
	gate func(kinds []journal.Kind) error // called before a block is stored
}

func (g *gatedJournal) AppendBlock(ctx context.Context, b *journal.Block) error {
	g.mu.Lock()
	gate := g.gate
	g.mu.Unlock()
	if gate != nil {
		var kinds []journal.Kind
		_ = b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			kinds = append(kinds, e.Body.Kind())
			return true
		})
		if err := gate(kinds); err != nil {
			return err
		}
	}
	return g.Memory.AppendBlock(ctx, b)
}

func (g *gatedJournal) set(gate func([]journal.Kind) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gate = gate
}

// inWorld runs a test in virtual time over an in-memory network.
func inWorld(t *testing.T, change func(*gateway.Config), test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, change)
		test(w)
	})
}

func newWorld(t *testing.T, change func(*gateway.Config)) *world {
	n := &network{hosts: map[string]*host{}}
	w := &world{TB: t, network: n, clouds: map[string]*cloud{}, memory: journal.NewMemory(), log: &bytes.Buffer{}, finished: make(chan gateway.Finished, 10_000)}
	w.storage = &gatedJournal{Memory: w.memory}
	for _, name := range []string{"azure", "aws", "openai"} {
		c := &cloud{serve: answers("from " + name)}
		w.clouds[name] = c
		serve(t, n.listen(name+".test"), c)
	}
	config := testConfig(t)
	config.Now = today()
	var err error
	w.committer, err = store.NewCommitter(t.Context(), w.storage, config.Chain, store.CommitterOptions{Now: func() int64 { return config.Now().UnixNano() }})
	if err != nil {
		t.Fatal(err)
	}
	config.Journal = w.committer
	config.Observe = func(f gateway.Finished) { w.finished <- f }
	config.Log = slog.New(slog.NewTextHandler(&lockedWriter{w: w.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	upstream := &http.Transport{DialContext: n.dial, DisableCompression: true, MaxIdleConnsPerHost: 100}
	config.Transport = upstream
	if change != nil {
		change(&config)
	}
	if w.gateway, err = gateway.New(config); err != nil {
		t.Fatal(err)
	}
	serve(t, n.listen("gateway.test"), w.gateway.Handler())
	down := &http.Transport{DialContext: n.dial, DisableCompression: true, MaxIdleConnsPerHost: 100}
	w.client = &http.Client{Transport: down}
	t.Cleanup(func() {
		w.storage.set(nil)
		down.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := w.gateway.Drain(ctx); err != nil {
			t.Errorf("drain: %v", err)
		}
		upstream.CloseIdleConnections()
		if err := w.committer.Close(ctx); err != nil {
			t.Errorf("close journal: %v", err)
		}
	})
	return w
}

// today dates requests by May 2026 where a test's time begins in 2000, as it does in a bubble.
func today() func() time.Time {
	offset := time.Duration(0)
	if time.Now().Year() == 2000 {
		offset = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC).Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) // where a bubble begins
	}
	return func() time.Time { return time.Now().Add(offset) }
}

func serve(t *testing.T, l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// An answer is what a client got.
type answer struct {
	Status int
	Header http.Header
	Body   string
	Err    error
}

// post sends a chat request; extra is put into the body behind the model.
func (w *world) post(extra string) answer { return w.send(w.Context(), goodKey, extra) }

func (w *world) send(ctx context.Context, key, extra string) answer {
	body := `{"model":"` + testModel + `","messages":[{"role":"user","content":"say something"}]` + extra + `}`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://gateway.test/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	return w.do(r)
}

func (w *world) do(r *http.Request) answer {
	resp, err := w.client.Do(r)
	if err != nil {
		return answer{Err: err}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(got), err}
}

// code returns the code of an error body.
func (a answer) code() string {
	var e struct{ Error struct{ Code string } }
	_ = json.Unmarshal([]byte(a.Body), &e)
	return e.Error.Code
}

// entries returns the bodies of the journal's entries that are of type T, in order.
func entries[T journal.Body](w *world) []T {
	w.Helper()
	var out []T
	err := w.memory.Blocks(context.Background(), journal.Cursor{}, func(b *journal.Block) bool {
		if err := b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			if body, ok := e.Body.(T); ok {
				out = append(out, body)
			}
			return true
		}); err != nil {
			w.Fatal(err)
		}
		return true
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// record returns the one record of a request, once it is there.
func (w *world) record() *journal.Record {
	w.Helper()
	synctest.Wait()
	all := entries[*journal.Record](w)
	if len(all) != 1 {
		w.Fatalf("%d records, want one", len(all))
	}
	if intents := entries[*journal.Intent](w); len(intents) != 1 || intents[0].Request != all[0].Request {
		w.Fatalf("%d intents, want the one of the record", len(intents))
	}
	return all[0]
}

// tried lists what a record says of its attempts.
func tried(r *journal.Record) []string {
	var out []string
	for _, a := range r.Attempts {
		out = append(out, a.Cloud+" "+a.Outcome.String())
	}
	return out
}

// open sends a chat request and returns as soon as the status is there.
func (w *world) open(ctx context.Context, extra string) (*http.Response, error) {
	body := `{"model":"` + testModel + `","messages":[{"role":"user","content":"say something"}]` + extra + `}`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://gateway.test/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	return w.client.Do(r)
}
