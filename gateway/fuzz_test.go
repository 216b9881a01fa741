package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"concord/gateway"
)

// hitTransport counts what reaches a cloud.
type hitTransport struct {
	*memoryTransport
	hits int
}

func (h *hitTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	h.hits++
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return h.memoryTransport.RoundTrip(r)
}

// FuzzRoutes asks for any path with any body: whatever reaches a cloud has a record, and what has none is refused.
func FuzzRoutes(f *testing.F) {
	for _, path := range []string{"/v1/chat/completions", "/v1/responses", "/v1/responses/resp_1/cancel", "/openai/deployments/gpt-5.4/embeddings?api-version=x",
		"/openai/responses/../files", "/v1/models/gpt-5.4", "/v1/audio/transcriptions", "/v1//x", "/openai/v1/images/edits", "/healthz"} {
		f.Add("POST", path, "application/json", []byte(`{"model":"gpt-5.4","input":"x"}`))
		f.Add("GET", path, "", []byte(nil))
	}
	f.Add("POST", "/v1/audio/transcriptions", "multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-5.4\r\n--b--\r\n"))
	transport := &hitTransport{memoryTransport: &memoryTransport{header: http.Header{"Content-Type": {"application/json"}}, body: []byte(wholeJSON("hi"))}}
	config := testConfig(f)
	counting := &countingJournal{silentJournal: newSilentJournal()}
	config.Journal, config.Transport, config.Now = counting, transport, today()
	config.Timeline = timelineOf(f, surfacesDoc, testCatalog())
	g, err := gateway.New(config)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path, contentType string, body []byte) {
		at, err := url.ParseRequestURI("/" + strings.TrimPrefix(path, "/"))
		if err != nil || method == "" || strings.ContainsAny(method, " \r\n") {
			return
		}
		transport.hits, counting.records = 0, 0
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		r.Method, r.URL = method, at
		r.Header.Set("Authorization", "Bearer "+goodKey)
		r.Header.Set("Content-Type", contentType)

		g.Handler().ServeHTTP(w, r)

		if transport.hits > 0 && counting.records != 1 {
			t.Fatalf("%s %s: the clouds were asked %d times, there are %d records", method, path, transport.hits, counting.records)
		}
		if counting.records == 0 && w.Code == http.StatusOK && !strings.Contains(at.Path, "/models") && at.Path != "/healthz" && at.Path != "/readyz" {
			t.Fatalf("%s %s: 200 without a record", method, path)
		}
	})
}
