package gateway_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
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

// Over real sockets, so that descriptors are counted too; streams of two surfaces, aborted before and after content.
func TestTenThousandAbortedStreamsLeaveNoGoroutineAndNoDescriptor(t *testing.T) {
	streams := 10_000
	if testing.Short() {
		streams = 500
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		begun := sends(roleEvent(), textEvent("begun"))
		if strings.HasSuffix(r.URL.Path, "/responses") {
			begun = sends(responseStream("resp_1")[:2]...)
		}
		then(begun, stalls)(w, r, 0)
	}))
	defer upstream.Close()
	w := newWorld(t, func(c *gateway.Config) {
		everySurface(t)(c)
		target, _ := url.Parse(upstream.URL)
		for _, one := range c.Targets {
			one.Base = target
		}
		c.Transport = gateway.NewTransport(gateway.TransportSettings{})
	})
	front := httptest.NewServer(w.gateway.Handler())
	defer front.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	abort := func(i int) {
		path, body := "/v1/chat/completions", `{"model":"gpt-5.4","messages":[],"stream":true}`
		if i%2 == 0 {
			path, body = "/v1/responses", `{"model":"gpt-5.4","input":"x","stream":true}`
		}
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, front.URL+path, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+goodKey)
		resp, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = resp.Body.Read(make([]byte, 1))
		leave()
		resp.Body.Close()
	}
	// How many of those that were begun have ended, in the gateway's own words.
	ended := func(n int) {
		for range n {
			if f := <-w.finished; f.Outcome != journal.Cancelled {
				t.Errorf("%s: outcome %v", f.Route, f.Outcome)
			}
		}
	}
	all := func(n int) {
		var workers sync.WaitGroup
		for worker := range 16 {
			workers.Go(func() {
				for i := worker; i < n; i += 16 {
					abort(i)
				}
			})
		}
		ended(n)
		workers.Wait()
	}
	all(100)
	client.CloseIdleConnections()
	goroutines, descriptors := settled(runtime.NumGoroutine), settled(openDescriptors)

	all(streams)

	client.CloseIdleConnections()
	// Connections of the last aborts are still being closed by the HTTP engine.
	deadline := time.Now().Add(20 * time.Second)
	for (runtime.NumGoroutine() > goroutines+10 || openDescriptors() > descriptors+10) && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	t.Logf("%d streams aborted: %d goroutines and %d descriptors before, %d and %d after", streams, goroutines, descriptors, runtime.NumGoroutine(), openDescriptors())
	if now := runtime.NumGoroutine(); now > goroutines+10 {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after\n%s", goroutines, now, buf[:runtime.Stack(buf, true)])
	}
	if now := openDescriptors(); now > descriptors+10 {
		t.Errorf("%d descriptors before, %d after", descriptors, now)
	}
}

// settled waits until a figure does not fall any more, a little while.
func settled(figure func() int) int {
	least := figure()
	for deadline := time.Now().Add(300 * time.Millisecond); time.Now().Before(deadline); runtime.Gosched() {
		least = min(least, figure())
	}
	return least
}

// openDescriptors counts the process's descriptors; 0 where that cannot be known.
func openDescriptors() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

// A client that does not read is given no more than the sockets hold: the rest stays with the cloud.
func TestAClientThatReadsSlowlyDoesNotGrowMemory(t *testing.T) {
	const chunk, chunks = 64 << 10, 2000 // 128 MB
	text := textEvent(strings.Repeat("x", chunk))
	sent := make(chan int, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		n := 0
		for n < chunks {
			if _, err := io.WriteString(w, text); err != nil {
				break
			}
			n++
		}
		sent <- n
	}))
	defer upstream.Close()
	w := newWorld(t, func(c *gateway.Config) {
		target, _ := url.Parse(upstream.URL)
		for _, one := range c.Targets {
			one.Base = target
		}
		c.Transport = gateway.NewTransport(gateway.TransportSettings{})
	})
	front := httptest.NewServer(w.gateway.Handler())
	defer front.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+"/v1/chat/completions", strings.NewReader(`{"model":"gpt-5.4","messages":[],"stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 50 {
		if _, err := io.ReadFull(resp.Body, make([]byte, chunk)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	resp.Body.Close()

	if n := <-sent; n == chunks {
		t.Error("the cloud sent everything to a client that read a fortieth of it")
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d bytes more are held after a part of the answer", grown)
	}
	<-w.finished
}

// silentJournal takes entries and calls them durable at once, so that a benchmark measures the gateway.
type silentJournal struct{ done *journal.Commit }

func newSilentJournal() *silentJournal {
	c, end := journal.NewCommit()
	end(nil)
	return &silentJournal{c}
}

func (s *silentJournal) Append(...journal.Entry) (*journal.Commit, error) { return s.done, nil }
