package clienttest_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var streams = flag.Int("streams", 200, "how many streams are open at once in the test of memory")

// mostPerStream bounds what an open stream may cost the gateway, in KB of resident memory: buffers of two connections, the
// request, and what the Go runtime keeps beside it.
const mostPerStream = 160

// state is what the system says of the gateway's process.
type state struct{ residentKB, descriptors, goroutines int }

func (w *world) state() (s state) {
	w.Helper()
	pid := w.serve.ID()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		w.Fatal(err)
	}
	s.residentKB = figure(w, string(status), "VmRSS:")
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		w.Fatal(err)
	}
	s.descriptors = len(open)
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, "http://"+w.gateway+"/metrics", nil)
	if err != nil {
		w.Fatal(err)
	}
	resp, err := w.client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	s.goroutines = figure(w, string(metrics), "\ngo_goroutines")
	return s
}

// figure is the number behind a name.
func figure(t testing.TB, text, name string) int {
	t.Helper()
	_, rest, found := strings.Cut(text, name)
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		t.Fatalf("there is no %s", name)
	}
	n, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// open holds streams open until ctx ends. It returns once each has content; wait waits for their ends.
func (w *world) open(ctx context.Context, n int) (wait func()) {
	w.Helper()
	var begun, ended sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range n {
		begun.Add(1)
		ended.Go(func() {
			once := sync.OnceFunc(begun.Done)
			defer once()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.gateway+"/v1/chat/completions", strings.NewReader(
				`{"model":"gpt-5.4","stream":true,"messages":[{"role":"user","content":"`+strings.Repeat("word ", 1000)+`[reply 100000 tokens]"}]}`))
			if err != nil {
				w.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+goodKey)
			resp, err := client.Do(r)
			if err != nil {
				w.Error(err)
				return
			}
			defer resp.Body.Close()
			for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
				if strings.Contains(lines.Text(), `"content":"`) {
					once()
				}
			}
		})
	}
	begun.Wait()
	return ended.Wait
}

func TestOpenStreamsCostLittleMemoryAndAbortedOnesNothing(t *testing.T) {
	w := newWorld(t, "timeouts: {first_byte: 120s, idle: 120s}\n", "", "--speed", "1")
	for _, cloud := range cloudNames {
		w.put(cloud, "{kind: slow, delay: 1s}") // a token a second: streams that stay open
	}
	warm, leave := context.WithCancel(t.Context())
	wait := w.open(warm, 20)
	leave()
	wait()
	before := w.rest(state{})

	held, leave := context.WithCancel(t.Context())
	wait = w.open(held, *streams)
	during := w.state()
	leave()
	wait()
	after := w.rest(before)

	per := (during.residentKB - before.residentKB) / *streams
	t.Logf("%d open streams of prompts of 5 KB: %d MB resident, %d MB without them: %d KB each; %d goroutines, %d descriptors; afterwards %d and %d, before %d and %d",
		*streams, during.residentKB>>10, before.residentKB>>10, per, during.goroutines, during.descriptors,
		after.goroutines, after.descriptors, before.goroutines, before.descriptors)
	if per > mostPerStream {
		t.Errorf("an open stream costs %d KB, more than %d", per, mostPerStream)
	}
	if after.goroutines > before.goroutines+10 || after.descriptors > before.descriptors+10 {
		t.Errorf("after all streams were aborted: %+v, before %+v", after, before)
	}
}

// rest waits until the gateway has closed what belonged to streams: until it is at the state before, or until nothing changes.
func (w *world) rest(before state) (s state) {
	w.Helper()
	w.client.CloseIdleConnections()
	least := state{descriptors: 1 << 30, goroutines: 1 << 30}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for still := 0; still < 20; <-tick.C {
		s = w.state()
		if s.descriptors <= before.descriptors+5 && s.goroutines <= before.goroutines+5 {
			return s
		}
		still++
		if s.descriptors < least.descriptors || s.goroutines < least.goroutines {
			least, still = s, 0
		}
	}
	return s
}
