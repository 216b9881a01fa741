package gateway_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"concord/delivery"
	"concord/journal"
	"concord/usage"
)

// parts returns the records of later parts.
func (w *world) parts() (all []journal.Entry) {
	w.Helper()
	err := w.memory.Blocks(context.Background(), journal.Cursor{}, func(b *journal.Block) bool {
		if err := b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			if _, ok := e.Body.(*journal.Record); ok && e.Part > 0 {
				all = append(all, *e)
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
	return all
}

// later returns the one later part of a request.
func (w *world) later() (*journal.Record, *journal.Entry) {
	w.Helper()
	synctest.Wait()
	all := w.parts()
	if len(all) != 1 {
		w.Fatalf("%d later parts, want one", len(all))
	}
	return all[0].Body.(*journal.Record), &all[0]
}

var backgroundTokens = usage.Tokens{usage.Input: 60, usage.CacheRead: 40, usage.Output: 20, usage.Reasoning: 10}

func TestABackgroundResponseIsChargedOnceItIsFinished(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		id := w.create(`,"background":true`)
		first := w.record()
		if !first.Pending || first.Object != id || len(first.Lines) != 0 || !first.Usage.Tokens.IsZero() {
			t.Fatalf("part 0: %+v", first)
		}
		time.Sleep(20 * time.Second)
		if polls := len(azure.seen()) - 1; polls < 3 || polls > 10 || len(w.parts()) != 0 {
			t.Errorf("%d polls in 20 s, %d parts", polls, len(w.parts()))
		}

		azure.set(id, "completed")
		time.Sleep(2 * time.Minute)

		r, e := w.later()
		if e.Part != 1 || r.Request != first.Request || r.Usage.Tokens != backgroundTokens || len(r.Lines) == 0 || r.Outcome != journal.Answered ||
			r.Terms != first.Terms || r.Attempts[0].Deployment != "a" || len(r.Attempts[0].Cost) == 0 {
			t.Errorf("part %d: %+v", e.Part, r)
		}
		polls := len(azure.seen())
		time.Sleep(time.Hour)
		if more := len(azure.seen()); more != polls {
			t.Errorf("%d polls after its end", more-polls)
		}
	})
}

func TestAReadThatFindsItFinishedSettlesABackgroundResponse(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		id := w.create(`,"background":true`)
		azure.set(id, "completed")

		got := w.call("GET", "/v1/responses/"+id, goodKey, "")

		if got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if r, _ := w.later(); r.Usage.Tokens != backgroundTokens {
			t.Errorf("%v", r.Usage)
		}
		time.Sleep(time.Hour)
		w.later()
	})
}

func TestACancelledBackgroundResponseIsChargedWhatItUsed(t *testing.T) {
	inKeepers(t, nil, func(w *world, _, _ *keeper) {
		id := w.create(`,"background":true`)

		got := w.call("POST", "/v1/responses/"+id+"/cancel", goodKey, "")

		if got.Status != 200 || !strings.Contains(got.Body, "cancelled") {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if r, _ := w.later(); r.Outcome != journal.Cancelled || r.Usage.Tokens != backgroundTokens {
			t.Errorf("%v %v", r.Outcome, r.Usage)
		}
	})
}

func TestTwoReplicasAndTheNextRunSettleABackgroundResponseOnce(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		id := w.create(`,"background":true`)
		synctest.Wait()
		w.second("replica", 2)
		w.second("other", 3)
		time.Sleep(10 * time.Second)
		azure.set(id, "completed")

		var all sync.WaitGroup
		for _, name := range []string{"gateway", "replica", "other"} {
			all.Go(func() {
				if got := w.on(name, "GET", "/v1/responses/"+id, goodKey, ""); got.Status != 200 {
					t.Errorf("%s: %d %s", name, got.Status, got.Body)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Hour)

		w.later()
	})
}

func TestAPendingResponseIsFoundAgainAfterARestart(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		id := w.create(`,"background":true`)
		if err := w.gateway.Drain(w.Context()); err != nil {
			t.Fatal(err)
		}
		azure.set(id, "incomplete")
		w.second("next", 2)

		time.Sleep(time.Minute)

		if r, e := w.later(); r.Usage.Tokens != backgroundTokens || e.Source != "" {
			t.Errorf("%v %q", r.Usage, e.Source)
		}
	})
}

func TestWhatTheCloudLostStaysUnknownAndIsNotCharged(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		id := w.create(`,"background":true`)
		azure.set(id, "")

		time.Sleep(10 * time.Minute)

		r, _ := w.later()
		if r.Outcome != journal.Failed || len(r.Lines) != 0 || !r.Attempts[0].CostUnsure || r.Attempts[0].Outcome != delivery.Answered {
			t.Errorf("%+v", r)
		}
	})
}

func TestABackgroundStreamThatTheClientLeavesIsChargedByItsEnd(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, _ *keeper) {
		azure.set("resp_s", "in_progress")
		w.clouds["azure"].handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				then(sends(responseStream("resp_s")[:2]...), stalls)(rw, r, 0)
				return
			}
			azure.ServeHTTP(rw, r)
		})
		ctx, leave := context.WithCancel(w.Context())
		r, _ := http.NewRequestWithContext(ctx, "POST", "http://gateway.test/v1/responses", strings.NewReader(`{"model":"gpt-5.4","input":"hi","background":true,"stream":true}`))
		r.Header.Set("Authorization", "Bearer "+goodKey)
		resp, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = resp.Body.Read(make([]byte, 10))
		leave()
		resp.Body.Close()
		first := w.record()
		if first.Outcome != journal.Cancelled || !first.Pending || first.Object != "resp_s" || len(first.Lines) != 0 {
			t.Fatalf("%+v", first)
		}

		azure.set("resp_s", "completed")
		time.Sleep(time.Minute)

		if r, _ := w.later(); r.Usage.Tokens != backgroundTokens {
			t.Errorf("%v", r.Usage)
		}
	})
}

func TestOfTwoResponsesOfOneIdTheLastCountsAndBothAreSettled(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, openai *keeper) {
		openai.name = "azure" // so that both give the same ids
		first := w.create(`,"background":true`)
		azure.fail(false, 500)
		second := w.create(`,"background":true`)
		azure.fail(false, 0)
		if first != second {
			t.Fatalf("%s and %s", first, second)
		}

		if got := w.call("GET", "/v1/responses/"+second, goodKey, ""); got.Header.Get("X-Concord-Cloud") != "openai" {
			t.Errorf("%s answers", got.Header.Get("X-Concord-Cloud"))
		}
		azure.set(first, "completed")
		openai.set(second, "completed")
		time.Sleep(10 * time.Minute)

		synctest.Wait()
		if parts := w.parts(); len(parts) != 2 || parts[0].ID == parts[1].ID {
			t.Errorf("%d later parts", len(parts))
		}
	})
}
