package killtest_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"concord/journal"
	"concord/money"
	"concord/store/sqlite"
)

// TestKillLeavesNoHold kills a gateway again and again while callers spend a budget. After the last start nothing is held that no
// request holds, and no more was charged than the limit.
func TestKillLeavesNoHold(t *testing.T) {
	const limit, kills = "0.20", 6
	w := newWorld(t, "8", "{durability: strict, commit_wait: 2s}", "", nil)
	config, err := os.OpenFile(w.config, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = config.WriteString("\nbudgets:\n  - {id: acme-all, customer: acme, limit: \"" + limit + " USD\", per: total}\n")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := config.Close(); err != nil {
		t.Fatal(err)
	}
	var served, refused atomic.Int64
	for n := range kills {
		p := w.up()
		stop := make(chan struct{})
		var callers sync.WaitGroup
		for range crowdSize {
			callers.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-p.Gone():
						return
					default:
					}
					switch w.spend() {
					case http.StatusOK:
						served.Add(1)
					case http.StatusTooManyRequests:
						refused.Add(1)
					}
				}
			})
		}
		p.Pass(t, time.Duration(150+70*n)*time.Millisecond)
		p.Kill(t)
		close(stop)
		callers.Wait()
	}
	left := w.budget(t)
	w.up().Stop(t)
	w.stopClouds()

	s := w.budget(t)
	t.Logf("%d served, %d refused; before the last start %s was held, after it %s; %s of %s spent", served.Load(), refused.Load(), left.Held, s.Held, s.Spent, limit)
	if !s.Held.IsZero() || s.Spent.IsZero() || s.Spent.Cmp(money.MustParse(limit)) > 0 || served.Load() == 0 {
		t.Errorf("spent %s and held %s under a limit of %s, %d served", s.Spent, s.Held, limit, served.Load())
	}
	w.command("journal", "verify")
}

// spend sends one request of the budget's customer; 0 = the gateway is gone.
func (w *world) spend() int {
	body := `{"model":"gpt-5.4","messages":[{"role":"user","content":"say something"}],"max_tokens":200,"stream":true}`
	r, err := http.NewRequest(http.MethodPost, "http://"+w.gateway+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer sk-example-acme")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

// budget reads the one counter of a gateway that is down, and compares it with the journal.
func (w *world) budget(t *testing.T) journal.BudgetState {
	t.Helper()
	j, err := sqlite.OpenJournal(w.data, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	states, err := j.BudgetStates(t.Context())
	if err != nil || len(states) != 1 {
		t.Fatalf("counters %v, %v: want one", states, err)
	}
	differences, err := journal.CompareBudgets(t.Context(), j, j)
	if err != nil || len(differences) != 0 {
		t.Errorf("the counters are not what the journal says: %v, %v", differences, err)
	}
	return states[0]
}
