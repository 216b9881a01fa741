package clienttest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3/option"

	"concord/clouds/cloudtest"
)

var update = flag.Bool("update", false, "write the tables that these tests make into docs/")

// asked is what came of the calls of one client so far.
type asked struct {
	*testing.T
	document *cloudtest.Document
	call     *call
	clouds   []string // that answered, as the headers say
	requests []string // ids
}

// watch holds every answer to OpenAI's own description of it, and notes who gave it.
func (a *asked) watch(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	resp, err := next(r)
	if err != nil {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return resp, err
	}
	a.requests = append(a.requests, resp.Header.Get("X-Concord-Request-Id"))
	switch kind := resp.Header.Get("Content-Type"); {
	case resp.StatusCode >= 400:
		a.document.Holds(a, "ErrorResponse", string(body))
		return resp, nil
	case strings.HasPrefix(kind, "text/event-stream"):
		a.stream(body)
	case a.call.schema != "":
		a.document.Holds(a, a.call.schema, string(body))
	case strings.HasPrefix(kind, "application/json") && len(body) > 0:
		a.object(body)
	}
	a.clouds = append(a.clouds, resp.Header.Get("X-Concord-Cloud"))
	return resp, nil
}

// object checks an answer of the operations on kept responses.
func (a *asked) object(body []byte) {
	var named struct {
		Object  string
		Deleted bool // the document has no schema of that answer
	}
	if err := json.Unmarshal(body, &named); err != nil {
		a.Errorf("%v: %s", err, body)
	}
	switch {
	case named.Deleted:
	case named.Object == "response":
		a.document.Holds(a, "Response", string(body))
	case named.Object == "list":
		a.document.Holds(a, "ResponseItemList", string(body))
	}
}

func (a *asked) stream(body []byte) {
	events := 0
	for line := range bytes.Lines(body) {
		data, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data: "))
		if !ok || string(data) == "[DONE]" {
			continue
		}
		events++
		var named struct{ Type string }
		if err := json.Unmarshal(data, &named); err != nil {
			a.Errorf("%v: %s", err, data)
		}
		a.document.Holds(a, a.call.events(named.Type), string(data))
	}
	if events == 0 {
		a.Errorf("a stream without events: %s", body)
	}
}

// mark begins what the test of surfaces writes, and endMark ends it.
const mark, endMark = "<!-- made by go test ./internal/clienttest -run Surface -update -->\n", "<!-- end -->"

func TestEverySurfaceIsServedByEveryCloudThatHasItAsTheDocsSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick, "", "--speed", "20")
	document := cloudtest.LoadDocument(t, "../../clouds/emulator/testdata/openapi.json.gz")
	calls := append(textCalls(), pictureAndSoundCalls()...)
	table := map[string]string{} // by row and cloud
	served := map[string]string{}
	for _, cloud := range cloudNames {
		w.only(cloud)
		for _, form := range forms {
			for i := range calls {
				a := &asked{T: t, document: document, call: &calls[i]}
				t.Run(cloud+"/"+form+"/"+calls[i].name, func(t *testing.T) {
					a.T = t
					cell := a.outcome(w, form, cloud)
					if row := calls[i].row; row != "" {
						if before, known := table[row+"/"+cloud]; known && before != cell {
							t.Errorf("in this form %q, in another %q", cell, before)
						}
						table[row+"/"+cloud] = cell
					}
					for _, id := range a.requests {
						served[id] = cloud
					}
				})
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| surface | %s |\n|---|%s\n", strings.Join(cloudNames, " | "), strings.Repeat("---|", len(cloudNames)))
	for _, c := range calls {
		if c.row == "" {
			continue
		}
		fmt.Fprintf(&b, "| %s |", c.row)
		for _, cloud := range cloudNames {
			fmt.Fprintf(&b, " %s |", table[c.row+"/"+cloud])
		}
		b.WriteByte('\n')
	}
	documented(t, "../../docs/gateway.md", mark, b.String())
	w.agree(served)
}

// outcome makes the call where only one cloud is up, and says what came of it: "yes" or what the client was told.
func (a *asked) outcome(w *world, form, cloud string) string {
	client := w.official(form, a.watch)
	var err error
	reached := soon(func() bool {
		a.clouds = nil
		err = a.call.do(a.Context(), client, a.call.on(cloud))
		return status(err) == 0 || !resting(err)
	})
	switch {
	case !reached:
		a.Errorf("still resting: %v", err)
	case err == nil:
		for _, by := range a.clouds {
			if by != cloud {
				a.Errorf("%s answered, only %s is up", by, cloud)
			}
		}
		return "yes"
	case status(err) == 0:
		a.Error(err)
	}
	return ""
}

// resting reports whether a client is told that all clouds are being left alone, which passes in a moment.
func resting(err error) bool {
	return strings.Contains(err.Error(), "no_cloud_available") || strings.Contains(err.Error(), "home_unavailable")
}

// agree stops everything and holds what the gateway recorded to what the clouds wrote down.
func (w *world) agree(served map[string]string) {
	w.Helper()
	records, books, compared := w.records(), w.books(), 0
	for i := range records {
		r := &records[i]
		if r.Outcome != "answered" || r.Cloud == "" {
			continue
		}
		if cloud, known := served[r.Request]; known && cloud != r.Cloud {
			w.Errorf("%s is recorded as served by %s, only %s was up", r.Request, r.Cloud, cloud)
		}
		if len(r.Unpriced) > 0 {
			w.Errorf("%s (%s): usage without a price: %v", r.Request, r.API, r.Unpriced)
		}
		lines := books[r.Request]
		for _, l := range worked(lines) {
			if l.Cloud != r.Cloud || l.Status != http.StatusOK || r.Evidence != "reported" || r.API == "moderations" || r.API == "audio" || len(r.Usage) == 0 {
				continue
			}
			compared++
			if prompt, answer := r.tokens(); prompt != l.Prompt || answer != l.Completion {
				w.Errorf("%s: %s recorded %d in and %d out, %s wrote down %d and %d", r.Request, r.API, prompt, answer, l.Cloud, l.Prompt, l.Completion)
			}
		}
		if len(lines) == 0 {
			w.Errorf("%s is recorded as answered by %s, which knows nothing of it", r.Request, r.Cloud)
		}
	}
	if compared < 100 {
		w.Errorf("only %d records could be compared", compared)
	}
}

// documented holds what a test made to what stands in a page between its marks; with -update it writes it there.
func documented(t *testing.T, path, begin, text string) {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	old, after, closed := strings.Cut(rest, endMark)
	if !found || !closed {
		t.Fatalf("%s has no place for it: add %q and %q", path, begin, endMark)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+text+endMark+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(old, text); diff != "" {
		t.Errorf("%s says something else (run with -update if it is right now):\n%s", path, diff)
	}
}
