package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"concord/clouds"
	"concord/gateway"
	"concord/journal"
	"concord/money"
	"concord/store"
	"concord/store/postgres"
	"concord/store/postgres/postgretest"
	"concord/store/sqlite"
)

func budget(limit string) gateway.Budget {
	return gateway.Budget{ID: "acme-month", Customer: "acme", Limit: money.MustParse(limit), Currency: "USD", Per: gateway.Month}
}

// under puts the tests' customer under budgets.
func under(budgets ...gateway.Budget) func(*gateway.Config) {
	return func(c *gateway.Config) { c.Budgets = budgets }
}

// counters are the states of a journal's budgets.
func counters(t testing.TB, j journal.Budgets) map[string]journal.BudgetState {
	t.Helper()
	states, err := j.BudgetStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]journal.BudgetState{}
	for _, s := range states {
		out[s.Budget] = s
	}
	return out
}

func TestARequestUnderABudgetHoldsTheMostThatItCanCostUntilItIsRecorded(t *testing.T) {
	inWorld(t, under(budget("1")), func(w *world) {
		release := make(chan struct{})
		w.clouds["azure"].serve = func(rw http.ResponseWriter, r *http.Request, n int) {
			<-release
			answers("fine")(rw, r, n)
		}
		done := make(chan answer, 1)
		go func() { done <- w.post(`,"max_tokens":100`) }()
		synctest.Wait()

		intent := entries[*journal.Intent](w)[0]
		want, _ := money.MustParse("0.00001").MulInt(intent.InputBytes) // the dearest class of input is 10 a million, of output 20
		want, _ = want.Add(money.MustParse("0.002"))
		if held := counters(t, w.memory)["acme-month"].Held; held != want || intent.Hold != want || intent.OutputBound != 100 {
			t.Errorf("held %s, intent says %s for %d tokens, want %s for 100", held, intent.Hold, intent.OutputBound, want)
		}
		close(release)
		if got := <-done; got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}

		charged, _ := w.record().Charged()
		s := counters(t, w.memory)["acme-month"]
		if s.Spent != charged || charged.IsZero() || !s.Held.IsZero() || s.Window != "2026-05" {
			t.Errorf("counters %+v, charged %s", s, charged)
		}
	})
}

func TestNothingIsSentBeforeTheHoldIsDurable(t *testing.T) {
	for name, durability := range map[string]gateway.Durability{"strict": gateway.Strict, "relaxed": gateway.Relaxed} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(c *gateway.Config) { under(budget("1"))(c); c.Durability = durability }, func(w *world) {
				release := make(chan struct{})
				w.storage.set(holding(journal.KindIntent, release))
				done := make(chan answer, 1)
				go func() { done <- w.post(`,"max_tokens":10`) }()
				synctest.Wait()
				if n := w.clouds["azure"].count(); n != 0 {
					t.Errorf("azure was asked %d times", n)
				}
				close(release)
				if got := <-done; got.Status != 200 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
			})
		})
	}
}

func TestARequestThatDoesNotFitIsRefusedWithItsFigures(t *testing.T) {
	inWorld(t, under(budget("0.001")), func(w *world) {
		got := w.post(`,"max_tokens":100`)

		if got.Status != http.StatusTooManyRequests || got.code() != "budget_exceeded" || got.Header.Get("X-Should-Retry") != "false" {
			t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
		}
		for _, figure := range []string{"acme-month (2026-05)", "0.001 of 0.001 USD left", "0 is spent", "0 held", "100 tokens of output"} {
			if !strings.Contains(got.Body, figure) {
				t.Errorf("%s does not say %q", got.Body, figure)
			}
		}
		synctest.Wait()
		records, intents := entries[*journal.Record](w), entries[*journal.Intent](w)
		if len(intents) != 0 || len(records) != 1 || records[0].Outcome != journal.Refused || !strings.Contains(records[0].Refusal, "acme-month") {
			t.Errorf("%d intents, records %+v", len(intents), records)
		}
		if w.clouds["azure"].count() != 0 {
			t.Error("the cloud was asked")
		}
		if w.committer.Well() != nil {
			t.Error("a refusal made the journal unwell")
		}
	})
}

func TestARequestThatNothingBoundsIsRefusedAndSaysWhatToSet(t *testing.T) {
	inWorld(t, under(budget("1")), func(w *world) {
		got := w.post("")
		if got.Status != http.StatusBadRequest || got.code() != "budget_needs_output_limit" || !strings.Contains(got.Body, "max_completion_tokens") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if n := len(entries[*journal.Intent](w)); n != 0 {
			t.Errorf("%d intents", n)
		}
	})
}

func TestTheLeastBoundOfOutputCounts(t *testing.T) {
	for name, c := range map[string]struct {
		key, model int64
		extra      string
		want       int64
		sent       string // in the body that the cloud gets
	}{
		"the key's, which is written into the request": {key: 50, model: 400, want: 50, sent: `"max_completion_tokens":50`},
		"the model's":                   {model: 400, want: 400, sent: `"messages"`},
		"the client's, for each choice": {key: 50, model: 400, extra: `,"max_tokens":20,"n":3`, want: 60, sent: `"max_completion_tokens":20`},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(g *gateway.Config) {
				under(budget("1"))(g)
				k := g.Keys[gateway.HashKey(goodKey)]
				k.MaxOutput = c.key
				g.Keys[gateway.HashKey(goodKey)] = k
				g.MaxOutput = map[string]int64{"a": c.model, "b": c.model, "o": c.model}
			}, func(w *world) {
				if got := w.post(c.extra); got.Status != 200 {
					t.Fatalf("%d %s", got.Status, got.Body)
				}
				if got := entries[*journal.Intent](w)[0].OutputBound; got != c.want {
					t.Errorf("%d tokens of output are held, want %d", got, c.want)
				}
				if sent := string(w.clouds["azure"].body()); !strings.Contains(sent, c.sent) || !json.Valid([]byte(sent)) {
					t.Errorf("sent %s, want %s in it", sent, c.sent)
				}
			})
		})
	}
}

func TestWhatIsUsedAboveTheHoldIsRecordedAndNotCharged(t *testing.T) {
	inWorld(t, under(budget("1")), func(w *world) {
		w.clouds["azure"].serve = func(rw http.ResponseWriter, _ *http.Request, _ int) {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(rw, strings.Replace(wholeJSON("fine"), usageJSON, `{"prompt_tokens":1000000,"completion_tokens":5,"total_tokens":1000005}`, 1))
		}
		if got := w.post(`,"max_tokens":10`); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}

		r := w.record()
		charged, _ := r.Charged()
		above, _ := money.MustParse("2.500075").Sub(charged) // 1,000,000 at 2.50 and 5 at 15 a million
		if charged != r.Held || r.Above != above || r.Usage.Tokens.Prompt() != 1_000_000 {
			t.Errorf("charged %s of a hold of %s, %s above it, want %s; usage %v", charged, r.Held, r.Above, above, r.Usage.Tokens)
		}
		if s := counters(t, w.memory)["acme-month"]; s.Spent != r.Held {
			t.Errorf("spent %s, want the hold of %s", s.Spent, r.Held)
		}
	})
}

func TestAHoldIsReleasedHoweverTheRequestEnds(t *testing.T) {
	for name, end := range map[string]func(*world){
		"the clouds fail": func(w *world) {
			for _, c := range w.clouds {
				c.serve = resets
			}
			w.post(`,"max_tokens":10`)
		},
		"the client leaves": func(w *world) {
			ctx, cancel := context.WithCancel(context.Background())
			w.clouds["azure"].serve = func(_ http.ResponseWriter, r *http.Request, _ int) { cancel(); <-r.Context().Done() }
			w.send(ctx, goodKey, `,"max_tokens":10`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, under(budget("1")), func(w *world) {
				end(w)
				time.Sleep(time.Second)
				if s := counters(t, w.memory)["acme-month"]; !s.Held.IsZero() || !s.Spent.IsZero() {
					t.Errorf("counters %+v, want nothing held and nothing spent", s)
				}
			})
		})
	}
}

func TestALimitThatIsLoweredLiveAdmitsNothingNew(t *testing.T) {
	inWorld(t, under(budget("1")), func(w *world) {
		if got := w.post(`,"max_tokens":10`); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		config := testConfig(t)
		offer := gateway.Offer{Timeline: config.Timeline, Set: config.Set, Keys: config.Keys, Targets: config.Targets, Budgets: []gateway.Budget{budget("0.000001")}}
		if err := w.gateway.Swap(offer); err != nil {
			t.Fatal(err)
		}
		if got := w.post(`,"max_tokens":10`); got.code() != "budget_exceeded" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		offer.Budgets = nil
		if err := w.gateway.Swap(offer); err != nil {
			t.Fatal(err)
		}
		if got := w.post(""); got.Status != 200 {
			t.Errorf("without a budget: %d %s", got.Status, got.Body)
		}
	})
}

// replica is a gateway over HTTP, with a chain of its own on a storage.
func replica(t *testing.T, j journal.Journal, n int, limit string) string {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.Replace(wholeJSON("fine"), usageJSON, `{"prompt_tokens":20,"completion_tokens":30,"total_tokens":50}`, 1))
	}))
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	config := testConfig(t)
	config.Chain = journal.ChainID{Gateway: fmt.Sprintf("test-%d", n), Started: time.Now().UnixNano(), Random: uint64(n)}
	config.Now = func() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }
	under(budget(limit))(&config)
	committer, err := store.NewCommitter(t.Context(), j, config.Chain, store.CommitterOptions{Now: func() int64 { return time.Now().UnixNano() }})
	if err != nil {
		t.Fatal(err)
	}
	config.Journal, config.Timeouts.CommitWait = committer, 30*time.Second
	for id, old := range config.Targets {
		moved := *old
		moved.Base = target
		config.Targets[id] = &moved
	}
	config.Adapters = map[string]clouds.Adapter{"azure": config.Adapters["azure"], "aws": config.Adapters["aws"], "openai": config.Adapters["openai"]}
	g, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(g.Handler())
	t.Cleanup(func() {
		front.Close()
		if err := g.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		if err := committer.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return front.URL
}

// call sends one request and returns its status and the error's code.
func call(t *testing.T, base string) (int, string) {
	body := `{"model":"gpt-5.4","messages":[{"role":"user","content":"say something"}],"max_tokens":100}`
	r, err := http.NewRequest(http.MethodPost, base+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, answer{Body: string(text)}.code()
}

// spend lets a hundred callers spend a budget at once, over all replicas, until nobody is served any more, and holds the
// journal to what a budget promises.
func spend(t *testing.T, j interface {
	journal.Journal
	journal.Budgets
}, bases []string, limit string) {
	t.Helper()
	var mu sync.Mutex
	served, refused := 0, 0
	over := false
	watching, stop := context.WithCancel(t.Context())
	var watch, callers sync.WaitGroup
	watch.Go(func() {
		for watching.Err() == nil {
			for _, s := range counters(t, j) {
				if sum, err := s.Held.Add(s.Spent); err != nil || sum.Cmp(money.MustParse(limit)) > 0 {
					over = true
				}
			}
		}
	})
	for i := range 100 {
		callers.Go(func() {
			status, code := call(t, bases[i%len(bases)])
			mu.Lock()
			defer mu.Unlock()
			switch {
			case status == http.StatusOK:
				served++
			case status == http.StatusTooManyRequests && code == "budget_exceeded":
				refused++
			default:
				t.Errorf("status %d, code %s", status, code)
			}
		})
	}
	callers.Wait()
	for range 100 { // what refused callers left free: as many as fit are served
		status, _ := call(t, bases[0])
		if status != http.StatusOK {
			break
		}
		served++
	}
	stop()
	watch.Wait()
	if over {
		t.Error("held and spent were above the limit")
	}
	audit(t, j, limit, served, refused)
}

// audit compares the counters with the journal after everything ended.
func audit(t *testing.T, j interface {
	journal.Journal
	journal.Budgets
}, limit string, served, refused int) {
	t.Helper()
	var sum, hold money.Amount
	records := 0
	err := j.Blocks(t.Context(), journal.Cursor{}, func(b *journal.Block) bool {
		_ = b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			switch body := e.Body.(type) {
			case *journal.Intent:
				hold = body.Hold
			case *journal.Record:
				if body.Outcome == journal.Answered {
					charged, _ := body.Charged()
					sum, _ = sum.Add(charged)
					records++
				}
			}
			return true
		})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	s := counters(t, j)["acme-month"]
	left, _ := money.MustParse(limit).Sub(sum)
	switch {
	case records != served:
		t.Errorf("%d requests were served, %d are recorded", served, records)
	case left.Sign() < 0:
		t.Errorf("%s was charged under a limit of %s", sum, limit)
	case s.Spent != sum || !s.Held.IsZero():
		t.Errorf("counters %+v, the journal charged %s", s, sum)
	case left.Cmp(hold) >= 0:
		t.Errorf("%s is left, a hold of %s would fit: a request was refused falsely", left, hold)
	case refused == 0:
		t.Error("nobody was refused: the limit was not met")
	}
}

func TestAHundredCallersNeverExceedABudgetOnSQLite(t *testing.T) {
	t.Parallel()
	j, err := sqlite.OpenJournal(t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	const limit = "0.05"
	spend(t, j, []string{replica(t, j, 1, limit)}, limit)
}

func TestAHundredCallersOverTwoReplicasNeverExceedABudgetOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := postgretest.Start(t)
	address := server.Database(t)
	const limit = "0.05"
	var bases []string
	var first *postgres.Journal
	for n := range 2 {
		j, err := postgres.OpenJournal(t.Context(), address, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		if first == nil {
			first = j
		}
		bases = append(bases, replica(t, j, n+1, limit))
	}
	spend(t, first, bases, limit)
}

func TestWhatIsReleasedIsOfTheCurrencyThatWasHeld(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { under(budget("1"))(c); c.Currency = "EUR" }, func(w *world) {
		for _, c := range w.clouds {
			c.serve = resets
		}
		w.post(`,"max_tokens":10`)
		intent, record := entries[*journal.Intent](w)[0], w.record()
		if intent.Currency != "USD" || record.Currency != "USD" || record.Held != intent.Hold {
			t.Errorf("held %s %s, the record ends %s %s", intent.Hold, intent.Currency, record.Held, record.Currency)
		}
	})
}
