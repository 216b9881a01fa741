package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"concord/gateway"
	"concord/journal"
	"concord/store"
)

const otherKey = "sk-test-initech" // of another customer who may be served the same

// withRegistry is everySurface with the journal as the registry's memory, and a second customer.
func withRegistry(t *testing.T) func(*gateway.Config) {
	return func(c *gateway.Config) {
		everySurface(t)(c)
		c.Keys[gateway.HashKey(otherKey)] = gateway.Key{ID: "initech-1", Customer: "initech"}
	}
}

// A keeper is a cloud that keeps responses. What it makes in the background ends when it is told to.
type keeper struct {
	mu       sync.Mutex
	name     string
	made     int
	status   map[string]string
	asked    []string // method and path of what was asked
	down     bool
	failWith int
}

func newKeeper(name string) *keeper { return &keeper{name: name, status: map[string]string{}} }

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	k.mu.Lock()
	defer k.mu.Unlock()
	path := r.URL.Path[strings.LastIndex(r.URL.Path, "/responses"):]
	asked := r.Method + " " + path
	if r.URL.RawQuery != "" {
		asked += "?" + r.URL.RawQuery
	}
	k.asked = append(k.asked, asked)
	w.Header().Set("Content-Type", "application/json")
	if k.down {
		panic(http.ErrAbortHandler)
	}
	if k.failWith != 0 {
		w.WriteHeader(k.failWith)
		return
	}
	id := strings.TrimPrefix(path, "/responses/")
	id, more, _ := strings.Cut(id, "/")
	switch {
	case r.Method == "POST" && path == "/responses":
		k.made++
		id = fmt.Sprintf("resp_%s_%d", k.name, k.made)
		if k.status[id] = "completed"; strings.Contains(string(body), `"background":true`) {
			k.status[id] = "queued"
		}
	case k.status[id] == "":
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, errorJSON("not_found", "secret text of "+k.name))
		return
	case r.Method == "DELETE":
		delete(k.status, id)
		_, _ = fmt.Fprintf(w, `{"id":%q,"object":"response","deleted":true}`, id)
		return
	case more == "input_items":
		_, _ = io.WriteString(w, `{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}`)
		return
	case more == "cancel":
		k.status[id] = "cancelled"
	}
	usage := ""
	if s := k.status[id]; s == "completed" || s == "cancelled" || s == "incomplete" {
		usage = "," + responseUsage
	}
	_, _ = io.WriteString(w, response(id, k.status[id], usage))
}

func (k *keeper) set(id, status string) { k.mu.Lock(); defer k.mu.Unlock(); k.status[id] = status }

func (k *keeper) seen() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.asked...)
}

func (k *keeper) fail(down bool, status int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down, k.failWith = down, status
}

// inKeepers runs a test over two clouds that keep responses; the journal is the registry's memory.
func inKeepers(t *testing.T, change func(*gateway.Config), test func(w *world, azure, openai *keeper)) {
	t.Helper()
	var w *world
	memory := &lateObjects{}
	inWorld(t, func(c *gateway.Config) {
		withRegistry(t)(c)
		c.Objects = memory
		if change != nil {
			change(c)
		}
	}, func(got *world) {
		w = got
		memory.set(w.memory)
		azure, openai := newKeeper("azure"), newKeeper("openai")
		w.clouds["azure"].handler, w.clouds["openai"].handler = azure, openai
		test(w, azure, openai)
	})
}

// lateObjects is a journal that is known once the world is made.
type lateObjects struct {
	journal atomic.Pointer[journal.Memory]
}

func (l *lateObjects) set(j *journal.Memory) { l.journal.Store(j) }

func (l *lateObjects) FindObject(ctx context.Context, object string) ([]journal.Entry, error) {
	return l.journal.Load().FindObject(ctx, object)
}

func (l *lateObjects) Find(ctx context.Context, id journal.RequestID) ([]journal.Entry, error) {
	return l.journal.Load().Find(ctx, id)
}

func (l *lateObjects) Pending(ctx context.Context, since int64, yield func(*journal.Entry) bool) error {
	if j := l.journal.Load(); j != nil {
		return j.Pending(ctx, since, yield)
	}
	return nil
}

// create makes a response and returns its id.
func (w *world) create(more string) string {
	w.Helper()
	got := w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"hi"`+more+`}`)
	if got.Status != 200 {
		w.Fatalf("create: %d %s", got.Status, got.Body)
	}
	return strings.Split(got.Body, `"`)[3]
}

// second is another gateway on the same journal: another replica, or the next run. It serves under its own host name.
func (w *world) second(name string, started int64) *gateway.Gateway {
	t := w.TB.(*testing.T) // of the bubble
	t.Helper()
	config := testConfig(t)
	config.Now = today()
	withRegistry(t)(&config)
	config.Chain = journal.ChainID{Gateway: name, Started: started, Random: uint64(started)}
	committer, err := store.NewCommitter(t.Context(), w.storage, config.Chain, store.CommitterOptions{Now: func() int64 { return config.Now().UnixNano() }})
	if err != nil {
		t.Fatal(err)
	}
	config.Journal, config.Objects, config.Transport = committer, w.memory, &http.Transport{DialContext: w.network.dial, DisableCompression: true}
	g, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, w.network.listen(name+".test"), g.Handler())
	t.Cleanup(func() {
		if err := g.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		config.Transport.(*http.Transport).CloseIdleConnections()
		if err := committer.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return g
}

// on sends a request to a gateway of another name.
func (w *world) on(name, method, path, key, body string) answer {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, "http://"+name+".test"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	return w.do(r)
}

func TestAResponseStaysWithTheCloudThatMadeIt(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, openai *keeper) {
		azure.fail(false, 500)
		id := w.create("") // openai makes it
		azure.fail(false, 0)

		for _, c := range []struct{ method, path, want string }{
			{"GET", "/v1/responses/" + id, `"status":"completed"`},
			{"GET", "/openai/v1/responses/" + id + "?include[]=reasoning.encrypted_content", `"status":"completed"`},
			{"GET", "/openai/responses/" + id + "/input_items?api-version=2025-04-01-preview&limit=5", `"object":"list"`},
			{"DELETE", "/v1/responses/" + id, `"deleted":true`},
		} {
			if got := w.call(c.method, c.path, goodKey, ""); got.Status != 200 || !strings.Contains(got.Body, c.want) || got.Header.Get("X-Concord-Cloud") != "openai" {
				t.Errorf("%s %s: %d %s", c.method, c.path, got.Status, got.Body)
			}
		}

		want := []string{"POST /responses", "GET /responses/" + id, "GET /responses/" + id + "?include%5B%5D=reasoning.encrypted_content",
			"GET /responses/" + id + "/input_items?limit=5", "DELETE /responses/" + id}
		if diff := cmp.Diff(want, openai.seen()); diff != "" {
			t.Error(diff)
		}
		synctest.Wait()
		for i, r := range entries[*journal.Record](w) {
			if free := i > 0; free != (len(r.Lines) == 0) || free != r.Usage.Tokens.IsZero() || r.Outcome != journal.Answered {
				t.Errorf("record %d: %v %v", i, r.Outcome, r.Lines)
			}
			if (r.Object != "") != (i == 0) {
				t.Errorf("record %d names %q", i, r.Object)
			}
		}
	})
}

func TestBehaviour19_a_previous_response_decides_where_the_next_one_is_made(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, openai *keeper) {
		azure.fail(false, 500)
		id := w.create("")
		azure.fail(false, 0)

		w.create(`,"previous_response_id":"` + id + `"`)

		if azure.made != 0 || openai.made != 2 {
			t.Errorf("azure made %d, openai %d", azure.made, openai.made)
		}
		openai.fail(true, 0)
		got := w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"hi","previous_response_id":"`+id+`"}`)
		if got.Status != 503 || got.code() != "home_unavailable" || !strings.Contains(got.Body, "deployment o on openai") || got.Header.Get("X-Should-Retry") != "false" {
			t.Errorf("home down: %d %v %s", got.Status, got.Header, got.Body)
		}
		if azure.made != 0 {
			t.Error("another cloud was asked")
		}
		if got := w.call("GET", "/v1/responses/"+id, goodKey, ""); got.Status != 503 || got.code() != "home_unavailable" {
			t.Errorf("read with home down: %d %s", got.Status, got.Body)
		}
	})
}

func TestAnIdThatIsNotTheCustomersOwnIsNotFound(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		id := w.create("")
		for name, c := range map[string]struct{ method, path, key, body, code string }{
			"unknown":                    {"GET", "/v1/responses/resp_none", goodKey, "", ""},
			"another's":                  {"GET", "/v1/responses/" + id, otherKey, "", ""},
			"another's, deleted":         {"DELETE", "/v1/responses/" + id, otherKey, "", ""},
			"another's, cancelled":       {"POST", "/v1/responses/" + id + "/cancel", otherKey, "", ""},
			"unknown, continued":         {"POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"x","previous_response_id":"resp_none"}`, "previous_response_not_found"},
			"another's, continued":       {"POST", "/v1/responses", otherKey, `{"model":"gpt-5.4","input":"x","previous_response_id":"` + id + `"}`, "previous_response_not_found"},
			"unknown, in Azure's form":   {"GET", "/openai/responses/resp_none?api-version=2025-04-01-preview", goodKey, "", ""},
			"an id that is no id":        {"GET", "/v1/responses/a%2Fb", goodKey, "", "unknown_url"},
			"an id that leads upwards":   {"GET", "/v1/responses/..", goodKey, "", "unknown_url"},
			"items of what is unknown":   {"GET", "/v1/responses/resp_none/input_items", goodKey, "", ""},
			"cancelling what is no more": {"POST", "/v1/responses/resp_none/cancel", goodKey, "", ""},
		} {
			got := w.call(c.method, c.path, c.key, c.body)
			if got.Status != 404 || got.code() != c.code || !strings.Contains(got.Body, `"error"`) {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		if diff := cmp.Diff([]string{"POST /responses"}, azure.seen()); diff != "" {
			t.Errorf("the cloud was asked: %s", diff)
		}
	})
}

func TestWhatTheHomeForgotIsNotFoundAndNoFaultOfTheHome(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		id := w.create("")
		w.call("DELETE", "/v1/responses/"+id, goodKey, "")

		got := w.call("GET", "/v1/responses/"+id, goodKey, "")

		if got.Status != 404 || strings.Contains(got.Body, "secret") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if next := w.create(""); !strings.Contains(next, "azure") {
			t.Errorf("the home was left after a 404: %s", next)
		}
	})
}

func TestEveryReplicaAndTheNextRunKnowWhereAResponseIs(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, openai *keeper) {
		azure.fail(false, 500)
		id := w.create("")
		azure.fail(false, 0)
		synctest.Wait()
		w.second("replica", 2)

		got := w.on("replica", "GET", "/v1/responses/"+id, goodKey, "")

		if got.Status != 200 || got.Header.Get("X-Concord-Cloud") != "openai" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if got := w.on("replica", "GET", "/v1/responses/"+id, otherKey, ""); got.Status != 404 {
			t.Errorf("of another customer: %d %s", got.Status, got.Body)
		}
	})
}

func TestWhatIsNotStoredIsNotRemembered(t *testing.T) {
	inKeepers(t, nil, func(w *world, _, _ *keeper) {
		id := w.create(`,"store":false`)

		if got := w.call("GET", "/v1/responses/"+id, goodKey, ""); got.Status != 404 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if r := w.record(); r.Object != "" {
			t.Errorf("the record names %q", r.Object)
		}
	})
}

func TestConversationsAreRefusedBeforeAnyCloud(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		got := w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"x","conversation":"conv_1"}`)

		if got.Status != 400 || got.code() != "unsupported_parameter" || len(azure.seen()) != 0 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}
