package killtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concord/internal/proctest"
	"concord/journal"
)

// mount gives the test a disk of its own, of so many bytes.
func mount(t *testing.T, size string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("NOT SHOWN what a disk that fills up does: no file system can be mounted here (%v); run this as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// fill writes a file until so many bytes are free, or no more goes.
func fill(t *testing.T, dir string, leave int64) (empty func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 64<<10); ; {
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil {
			t.Fatal(err)
		}
		free := int64(s.Bavail) * s.Bsize
		if free <= leave {
			break
		}
		if _, err := file.Write(block[:min(int64(len(block)), free-leave)]); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			break
		}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// refused asks for what must not be admitted.
func (w *world) refused() {
	w.Helper()
	answer := w.post("say it [reply 3 tokens]")
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "metering_unavailable") {
		w.Errorf("%d %v %s (%v)", answer.StatusCode, answer.Header, body, err)
	}
}

func (w *world) post(prompt string) *http.Response {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, "http://"+w.gateway+"/v1/chat/completions",
		strings.NewReader(`{"model":"gpt-5.4","messages":[{"role":"user","content":"`+prompt+`"}]}`))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer sk-example-acme")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	return answer
}

// admitted asks until it is let in again.
func (w *world) admitted() {
	w.Helper()
	last := 0
	for until := time.Now().Add(proctest.Slowest); time.Now().Before(until); {
		answer := w.post("say it [reply 3 tokens]")
		answer.Body.Close()
		if last = answer.StatusCode; last == http.StatusOK {
			return
		}
	}
	w.Errorf("with space again the gateway still answers %d", last)
}

// began asks for a long stream and returns when its first content has come.
func (w *world) began(tokens int) (ended <-chan sight) {
	w.Helper()
	first, done := make(chan struct{}), make(chan sight, 1)
	client := &http.Client{Transport: &tapped{first: first}}
	go func() {
		done <- ask(context.Background(), client, w.gateway, "sk-example-acme", "gpt-5.4", tokens, true)
	}()
	select {
	case <-first:
	case <-time.After(proctest.Slowest):
		w.Fatal("the stream does not begin")
	}
	return done
}

// tapped says when the headers of an answer have come: with strict durability its intent is durable then.
type tapped struct{ first chan struct{} }

func (t *tapped) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	close(t.first)
	return response, err
}

func TestBelowTheReserveNothingIsAdmittedAndWhatIsOpenEndsWell(t *testing.T) {
	disk := mount(t, "64m")
	w := newWorld(t, "8", "{reserve: 16MiB}", filepath.Join(disk, "data"), nil)
	gateway := w.up()
	w.admitted()
	stream := w.began(800)

	empty := fill(t, disk, 15<<20)
	w.refused()
	if s := <-stream; !s.whole || s.events != 800 {
		t.Errorf("the stream that was open: %+v", s)
	}
	w.refused()
	if got := w.ready(); got != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", got)
	}
	empty()
	w.admitted()
	if got := w.ready(); got != http.StatusOK {
		t.Errorf("/readyz answers %d with space again", got)
	}

	gateway.Stop(t)
	w.sound()
}

// ready returns what /readyz answers.
func (w *world) ready() int {
	w.Helper()
	answer, err := http.Get("http://" + w.gateway + "/readyz")
	if err != nil {
		w.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestAFullDiskLosesNothingThatWasAdmitted(t *testing.T) {
	disk := mount(t, "64m")
	w := newWorld(t, "8", "{reserve: 1MiB, commit_wait: 500ms}", filepath.Join(disk, "data"), nil)
	gateway := w.up()
	w.admitted()
	stream := w.began(400)

	empty := fill(t, disk, 0)
	w.refused()
	s := <-stream
	if s.whole || s.bytes == 0 {
		t.Errorf("the record could not be written, and the answer ended all the same: %+v", s)
	}
	empty()
	w.admitted()

	gateway.Stop(t)
	w.stopClouds()
	w.sound()
	k := w.kept()[s.request]
	if k == nil || k.intents != 1 || len(k.records) != 1 || k.records[0].Outcome != journal.Answered && k.records[0].Outcome != journal.Cut {
		t.Errorf("%s: %+v", s.request, k)
	}
}
