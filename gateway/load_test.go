package gateway_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"concord/gateway"
	"concord/journal"
)

// A hostile cloud does whatever the request's number says.
func hostile(w http.ResponseWriter, r *http.Request, hit int) {
	switch hit % 7 {
	case 0:
		fails(503, "")(w, r, hit)
	case 1:
		resets(w, r, hit)
	case 2:
		if r.Header.Get("Accept") == "text/event-stream" {
			then(sends(roleEvent(), textEvent("half")), resets)(w, r, hit)
		}
		resets(w, r, hit)
	case 3:
		fails(400, errorJSON("invalid", "no"))(w, r, hit)
	default:
		answers("text")(w, r, hit)
	}
}

func TestEveryIntentHasExactlyOneRecordUnderMixedLoad(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) { c.Breaker.Cooldown, c.Breaker.Longest = 1, 1 })
	for _, c := range w.clouds {
		c.serve = hostile
	}
	const workers, each = 200, 10
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for range each {
				ctx, leave := context.WithCancel(t.Context())
				extra := ""
				if random.IntN(2) == 0 {
					extra = `,"stream":true`
				}
				resp, err := w.open(ctx, extra)
				if err == nil && random.IntN(4) == 0 {
					_, _ = resp.Body.Read(make([]byte, 10))
					leave()
				}
				if err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				leave()
			}
		})
	}
	wg.Wait()
	w.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.gateway.Drain(ctx); err != nil {
		t.Fatal(err)
	}

	records := map[journal.RequestID]int{}
	for _, r := range entries[*journal.Record](w) {
		records[r.Request]++
	}
	intents := entries[*journal.Intent](w)
	for _, i := range intents {
		if records[i.Request] != 1 {
			t.Errorf("%s has %d records", i.Request, records[i.Request])
		}
	}
	if len(intents) != len(records) || len(intents) != workers*each {
		t.Errorf("%d intents, %d requests with records, %d requests sent", len(intents), len(records), workers*each)
	}
}

func TestAbortedStreamsLeaveNoGoroutine(t *testing.T) {
	w := newWorld(t, nil)
	w.clouds["azure"].serve = then(sends(roleEvent(), textEvent("begun")), stalls)
	abort := func(n int) {
		for range n {
			ctx, leave := context.WithCancel(t.Context())
			resp, err := w.open(ctx, `,"stream":true`)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = resp.Body.Read(make([]byte, 1))
			leave()
			resp.Body.Close()
			if f := <-w.finished; f.Outcome != journal.Cancelled {
				t.Fatalf("outcome %v", f.Outcome)
			}
		}
	}
	abort(20)
	before := runtime.NumGoroutine()

	abort(1000)

	// Connections of the last aborts are still being closed by the HTTP engine.
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before+10 && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before+10 {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after\n%s", before, after, buf[:runtime.Stack(buf, true)])
	}
}

// silentJournal takes entries and calls them durable at once, so that a benchmark measures the gateway.
type silentJournal struct{ done *journal.Commit }

func newSilentJournal() *silentJournal {
	c, end := journal.NewCommit()
	end(nil)
	return &silentJournal{c}
}

func (s *silentJournal) Append(...journal.Entry) (*journal.Commit, error) { return s.done, nil }
