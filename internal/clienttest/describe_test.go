package clienttest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"concord/clouds/cloudtest"
)

// call sends a request as it stands and returns what came.
func (w *world) call(method, path, key, body string) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, "http://"+w.gateway+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := w.client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

func TestTheGatewaysOwnAnswersAreAsOpenAIDescribesThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick, "", "--speed", "1000")
	document := cloudtest.LoadDocument(t, "../../clouds/emulator/testdata/openapi.json.gz")
	const hello = `"messages":[{"role":"user","content":"hello [reply 20 tokens]"}]`
	for _, row := range []struct {
		name, method, path, key, body, schema string
		status                                int
	}{
		{"models", "GET", "/v1/models", goodKey, "", "ListModelsResponse", 200},
		{"a model", "GET", "/openai/v1/models/gpt-5.4", goodKey, "", "Model", 200},
		{"another model", "GET", "/v1/models/gpt-none", goodKey, "", "ErrorResponse", 404},
		{"a wrong key", "POST", "/v1/chat/completions", "sk-wrong", `{}`, "ErrorResponse", 401},
		{"no JSON", "POST", "/v1/responses", goodKey, `hello`, "ErrorResponse", 400},
		{"a member twice", "POST", "/v1/chat/completions", goodKey, `{"model":"gpt-5.4","model":"gpt-5.4",` + hello + `}`, "ErrorResponse", 400},
		{"the cloud's own refusal", "POST", "/v1/chat/completions", goodKey, `{"model":"gpt-5.4","messages":[]}`, "ErrorResponse", 400},
		{"a form that is none", "POST", "/v1/audio/transcriptions", goodKey, `{}`, "ErrorResponse", 400},
		{"no such path", "POST", "/v1/realtime", goodKey, `{}`, "ErrorResponse", 404},
		{"no such method", "DELETE", "/v1/chat/completions", goodKey, "", "ErrorResponse", 405},
		{"no such response", "GET", "/v1/responses/resp_none", goodKey, "", "ErrorResponse", 404},
		{"nothing to continue", "POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"x","previous_response_id":"resp_none"}`, "ErrorResponse", 404},
		{"what no cloud takes", "POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"x","conversation":"conv_1"}`, "ErrorResponse", 400},
	} {
		status, body := w.call(row.method, row.path, row.key, row.body)
		if status != row.status {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
		document.Holds(t, row.schema, body)
	}
	for _, cloud := range cloudNames {
		w.put(cloud, "{kind: cut, after: 5}")
	}
	for path, row := range map[string]struct{ body, schema string }{
		"/v1/chat/completions": {`{"model":"gpt-5.4","stream":true,` + hello + `}`, "ErrorResponse"},
		"/v1/completions":      {`{"model":"gpt-3.5-turbo-instruct","stream":true,"prompt":"hello [reply 20 tokens]"}`, "ErrorResponse"},
		"/v1/responses":        {`{"model":"gpt-5.4","stream":true,"input":"hello [reply 20 tokens]"}`, "ResponseErrorEvent"},
	} {
		_, body := w.call("POST", path, goodKey, row.body)
		last := strings.TrimSpace(body[strings.LastIndex(body, "data: ")+len("data: "):])
		document.Holds(t, row.schema, last)
		var e struct {
			Code  string
			Error struct{ Code string }
		}
		if err := json.Unmarshal([]byte(last), &e); err != nil || e.Code+e.Error.Code != "stream_cut" {
			t.Errorf("%s ends with %s", path, last)
		}
	}
	for _, cloud := range cloudNames {
		w.put(cloud, "{kind: down}")
	}
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"model":"gpt-oss-120b",` + hello + `}`, "/v1/moderations": `{"input":"x"}`,
		"/v1/embeddings": `{"model":"text-embedding-3-small","input":"x"}`, "/v1/audio/speech": `{"model":"tts-1","input":"x","voice":"alloy"}`,
	} {
		status, answer := w.call("POST", path, goodKey, body)
		if status < 500 {
			t.Errorf("%s: %d where all clouds are down", path, status)
		}
		document.Holds(t, "ErrorResponse", answer)
	}
}
