package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

func TestSurfacesAreStrict(t *testing.T) {
	t.Parallel()
	urls := map[string]string{}
	for name, c := range map[string]emulator.Config{
		"openai":  {Cloud: "openai", Models: append([]emulator.Model{{Name: "gpt-6.2-sol"}}, everything...)},
		"azure":   {Cloud: "azure", Models: everything},
		"runtime": {Cloud: "aws", Models: []emulator.Model{{Name: "openai.gpt-oss-120b-1:0"}, {Name: "us.openai.gpt-5.6-sol"}}},
		"mantle":  {Cloud: "aws", Plane: "mantle", Models: []emulator.Model{{Name: "openai.gpt-oss-120b"}, {Name: "openai.gpt-5.4"}}},
		"gcp":     {Cloud: "gcp", Models: []emulator.Model{{Name: "openai/gpt-oss-120b-maas"}}},
		"alibaba": {Cloud: "alibaba", Region: "ap-southeast-1", Models: []emulator.Model{{Name: "gpt-oss-120b"}, {Name: "text-embedding-v4"}}},
	} {
		_, s := serve(t, c)
		urls[name] = s.URL
	}
	eleven := `["a"` + strings.Repeat(`,"a"`, 10) + `]`
	for _, row := range []struct {
		name, cloud, method, path, body string
		status                          int
		want                            string
	}{
		{"embeddings: unknown member", "openai", "POST", "/v1/embeddings", `{"model":"text-embedding-3-small","input":"a","stream":true}`, 400, "Unknown parameter: 'stream'"},
		{"embeddings: no input", "openai", "POST", "/v1/embeddings", `{"model":"text-embedding-3-small"}`, 400, "missing_required_parameter"},
		{"embeddings: empty", "openai", "POST", "/v1/embeddings", `{"model":"text-embedding-3-small","input":""}`, 400, "cannot be an empty string"},
		{"embeddings: form", "openai", "POST", "/v1/embeddings", `{"model":"text-embedding-3-small","input":"a","encoding_format":"hex"}`, 400, "Supported values are: 'float', 'base64'"},
		{"embeddings: model", "openai", "POST", "/v1/embeddings", `{"model":"text-embedding-4-ultra","input":"a"}`, 404, "The model `text-embedding-4-ultra` does not exist or you do not have access to it."},
		{"embeddings: method", "openai", "GET", "/v1/embeddings", ``, 405, "method_not_supported"},
		{"embeddings: tokens", "openai", "POST", "/v1/embeddings", `{"model":"text-embedding-3-small","input":[[1,2],[3]],"dimensions":2}`, 200, `"prompt_tokens":3`},
		{"completions: negative limit", "openai", "POST", "/v1/completions", `{"model":"gpt-3.5-turbo-instruct","prompt":"a","max_tokens":-1}`, 400, "Expected a value >= 0, but got -1 instead."},
		{"completions: messages", "openai", "POST", "/v1/completions", `{"model":"gpt-3.5-turbo-instruct","prompt":"a","messages":[]}`, 400, "unknown_parameter"},
		{"images: size", "openai", "POST", "/v1/images/generations", `{"prompt":"a","size":"9x9"}`, 400, "invalid_value"},
		{"images: response_format", "openai", "POST", "/v1/images/generations", `{"prompt":"a","response_format":"url"}`, 400, "unknown_parameter"},
		{"images: default model", "openai", "POST", "/v1/images/generations", `{"prompt":"a"}`, 200, "b64_json"},
		{"images: eleven", "openai", "POST", "/v1/images/generations", `{"prompt":"a","n":11}`, 400, "integer_above_max_value"},
		{"edits: no image", "openai", "POST", "/v1/images/edits", `{"prompt":"a"}`, 400, "'image'"},
		{"speech: no voice", "openai", "POST", "/v1/audio/speech", `{"model":"tts-1","input":"a"}`, 400, "'voice'"},
		{"speech: too long", "openai", "POST", "/v1/audio/speech", `{"model":"tts-1","voice":"ash","input":"` + strings.Repeat("a", 4097) + `"}`, 400, "string_above_max_length"},
		{"speech: events of an old model", "openai", "POST", "/v1/audio/speech", `{"model":"tts-1","voice":"ash","input":"a","stream_format":"sse"}`, 400, "unsupported_value"},
		{"transcription: JSON", "openai", "POST", "/v1/audio/transcriptions", `{"model":"whisper-1"}`, 400, "unsupported_content_type"},
		{"moderations: no input", "openai", "POST", "/v1/moderations", `{}`, 400, "missing_required_parameter"},
		{"responses: messages", "openai", "POST", "/v1/responses", `{"model":"gpt-5.4","messages":[]}`, 400, "missing_required_parameter"},
		{"responses: max_tokens", "openai", "POST", "/v1/responses", `{"model":"gpt-5.4","input":"a","max_tokens":9}`, 400, "Unknown parameter: 'max_tokens'"},
		{"responses: small limit", "openai", "POST", "/v1/responses", `{"model":"gpt-5.4","input":"a","max_output_tokens":1}`, 400, "Expected a value >= 16"},
		{"responses: background without store", "openai", "POST", "/v1/responses", `{"model":"gpt-5.4","input":"a","background":true,"store":false}`, 400, "requires 'store'"},
		{"responses: two pasts", "openai", "POST", "/v1/responses", `{"model":"gpt-5.4","input":"a","previous_response_id":"resp_1","conversation":"conv_1"}`, 400, "mutually_exclusive"},
		{"responses: cancel of one that is unknown", "openai", "POST", "/v1/responses/resp_1/cancel", ``, 404, "Response with id 'resp_1' not found."},
		{"responses: method", "openai", "PUT", "/v1/responses/resp_1", ``, 405, "method_not_supported"},
		{"responses: a model that always reasons", "openai", "POST", "/v1/responses", `{"model":"gpt-6.2-sol","input":"a","reasoning":{"effort":"none"}}`, 400, "unsupported_value"},
		{"chat: a model that always reasons", "openai", "POST", "/v1/chat/completions", `{"model":"gpt-6.2-sol","messages":[{"role":"user","content":"a"}],"reasoning_effort":"none"}`, 400, "unsupported_value"},
		{"realtime is no path", "openai", "POST", "/v1/realtime/sessions", `{}`, 404, "Invalid URL"},

		{"azure: responses on an old version", "azure", "POST", "/openai/responses?api-version=2024-10-21", `{"model":"gpt-5.4","input":"a"}`, 404, "Resource not found"},
		{"azure: responses on a version that has them", "azure", "POST", "/openai/responses?api-version=2025-04-01-preview", `{"model":"gpt-5.4","input":"a"}`, 200, `"status":"completed"`},
		{"azure: responses below a deployment", "azure", "POST", "/openai/deployments/gpt-5.4/responses?api-version=2025-04-01-preview", `{"input":"a"}`, 404, "Resource not found"},
		{"azure: moderations", "azure", "POST", "/openai/v1/moderations", `{"input":"a"}`, 404, "Resource not found"},
		{"azure: embeddings of a deployment", "azure", "POST", "/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21", `{"input":"a"}`, 200, `"embedding"`},
		{"azure: a Foundry project", "azure", "POST", "/api/projects/p/openai/v1/embeddings", `{"model":"text-embedding-3-small","input":"a"}`, 200, `"embedding"`},
		{"azure: wrong method", "azure", "GET", "/openai/v1/embeddings", ``, 404, "Resource not found"},

		{"runtime: embeddings", "runtime", "POST", "/openai/v1/embeddings", `{"model":"openai.gpt-oss-120b-1:0","input":"a"}`, 404, "UnknownOperationException"},
		{"runtime: responses of gpt-oss", "runtime", "POST", "/openai/v1/responses", `{"model":"openai.gpt-oss-120b-1:0","input":"a"}`, 400, "does not support the '/v1/responses' API"},
		{"runtime: responses", "runtime", "POST", "/openai/v1/responses", `{"model":"us.openai.gpt-5.6-sol","input":"a"}`, 200, `"status":"completed"`},
		{"runtime: background", "runtime", "POST", "/openai/v1/responses", `{"model":"us.openai.gpt-5.6-sol","input":"a","background":true}`, 400, "'background' is not supported"},
		{"runtime: penalties", "runtime", "POST", "/openai/v1/chat/completions", `{"model":"us.openai.gpt-5.6-sol","messages":[{"role":"user","content":"a"}],"presence_penalty":1}`, 400, "presence_penalty"},
		{"mantle: responses of gpt-oss", "mantle", "POST", "/v1/responses", `{"model":"openai.gpt-oss-120b","input":"a"}`, 200, `"status":"completed"`},
		{"mantle: responses only", "mantle", "POST", "/openai/v1/responses", `{"model":"openai.gpt-5.4","input":"a","background":true}`, 200, `"status":"queued"`},
		{"mantle: native", "mantle", "POST", "/model/openai.gpt-oss-120b/invoke", `{}`, 404, "UnknownOperationException"},
		{"gcp: responses", "gcp", "POST", "/v1/projects/p/locations/global/endpoints/openapi/responses", `{"model":"openai/gpt-oss-120b-maas","input":"a"}`, 404, "NOT_FOUND"},
		{"gcp: embeddings", "gcp", "POST", "/v1/projects/p/locations/global/endpoints/openapi/embeddings", `{"model":"openai/gpt-oss-120b-maas","input":"a"}`, 404, "NOT_FOUND"},
		{"alibaba: embeddings", "alibaba", "POST", "/compatible-mode/v1/embeddings", `{"model":"text-embedding-v4","input":["a","b"]}`, 200, `"prompt_tokens":2`},
		{"alibaba: eleven rows", "alibaba", "POST", "/compatible-mode/v1/embeddings", `{"model":"text-embedding-v4","input":` + eleven + `}`, 400, "should not be larger than 10"},
		{"alibaba: responses", "alibaba", "POST", "/compatible-mode/v1/responses", `{"model":"gpt-oss-120b","input":"a"}`, 404, "request_id"},
	} {
		t.Run(row.name, func(t *testing.T) {
			contentType := "application/json"
			if row.method == http.MethodGet {
				contentType = ""
			}
			r, err := http.NewRequestWithContext(t.Context(), row.method, urls[row.cloud]+row.path, strings.NewReader(row.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("Authorization", "Bearer "+key)
			if row.cloud == "azure" {
				r.Header.Del("Authorization")
				r.Header.Set("Api-Key", key)
			}
			status, _, body := do(t, r)
			if status != row.status || !strings.Contains(body, row.want) {
				t.Errorf("%d %.400s\nwant %d with %s", status, body, row.status, row.want)
			}
		})
	}
}

func TestAKeyOfAlibabaIsOfOneRegion(t *testing.T) {
	t.Parallel()
	_, s := serve(t, emulator.Config{Cloud: "alibaba", Region: "ap-southeast-1", Models: []emulator.Model{{Name: "gpt-oss-120b"}}})
	for host, want := range map[string]int{
		"ws-1.ap-southeast-1.maas.aliyuncs.com": 200, "ws-1.us-east-1.maas.aliyuncs.com": 401, "dashscope-intl.aliyuncs.com": 200,
		"dashscope.aliyuncs.com": 401, "coding.dashscope.aliyuncs.com": 401, "localhost": 200,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/compatible-mode/v1/chat/completions", strings.NewReader(strings.Replace(hello, "%", "gpt-oss-120b", 1)+"}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("Authorization", "Bearer "+key)
		if status, _, body := do(t, r); status != want {
			t.Errorf("%s: %d %s", host, status, body)
		}
	}
}

func TestLimitsAreCountedAsEachCloudDoes(t *testing.T) {
	t.Parallel()
	const body = `{"model":"m","messages":[{"role":"user","content":"hello [reply 1 tokens]"}]}`
	for _, row := range []struct {
		config   emulator.Config
		path     string
		accepted int // of eight requests
	}{
		{emulator.Config{Cloud: "openai", Limits: emulator.Limits{Requests: 6}}, "/v1/chat/completions", 6},
		{emulator.Config{Cloud: "azure", Limits: emulator.Limits{Requests: 18}}, "/openai/v1/chat/completions", 3}, // ten seconds of 18 a minute
		{emulator.Config{Cloud: "aws", Plane: "mantle", Limits: emulator.Limits{Requests: 1}}, "/openai/v1/chat/completions", 8},
		{emulator.Config{Cloud: "aws", Plane: "mantle", Limits: emulator.Limits{Tokens: 40_000}}, "/openai/v1/chat/completions", 2}, // the model's maximum counts
		{emulator.Config{Cloud: "openai", Limits: emulator.Limits{Tokens: 40}}, "/v1/chat/completions", 8},
	} {
		row.config.Models = []emulator.Model{{Name: "m"}}
		_, s := serve(t, row.config)
		accepted := 0
		for range 8 {
			status, _, _ := post(t, s.URL+row.path, "Authorization: Bearer "+key, body)
			if status == 200 {
				accepted++
			} else if status != 429 {
				t.Fatalf("%s: %d", row.config.Cloud, status)
			}
		}
		if accepted != row.accepted {
			t.Errorf("%s with %+v accepts %d of 8, want %d", row.config.Cloud, row.config.Limits, accepted, row.accepted)
		}
	}
}

func TestFaultsStrikeEverySurface(t *testing.T) {
	t.Parallel()
	e, s := serve(t, emulator.Config{Cloud: "openai", Models: everything})
	for path, body := range map[string]string{
		"responses": `{"model":"gpt-5.4","input":"hello [reply 20 tokens]"%}`, "embeddings": `{"model":"text-embedding-3-small","input":"a"}`,
		"completions": `{"model":"gpt-3.5-turbo-instruct","prompt":"hello [reply 9 tokens]"%}`, "moderations": `{"input":"a"}`,
		"images/generations": `{"prompt":"a"%}`, "audio/speech": `{"model":"tts-1","voice":"ash","input":"one two"}`,
	} {
		call := func(f behaviour.Fault, more string) (int, http.Header, string) {
			e.SetFaults(behaviour.Faults{f})
			return request(t, http.MethodPost, s.URL+"/v1/"+path, "application/json", strings.Replace(body, "%", more, 1))
		}
		if status, h, _ := call(behaviour.Fault{Kind: behaviour.Throttle, RetryAfter: 2e9, Milliseconds: true}, ""); status != 429 || h.Get("Retry-After") != "" {
			t.Errorf("%s: throttled: %d %v", path, status, h)
		}
		if status, _, got := call(behaviour.Fault{Kind: behaviour.Quota}, ""); status != 429 || !strings.Contains(got, "insufficient_quota") {
			t.Errorf("%s: quota: %d %s", path, status, got)
		}
		if status, _, got := call(behaviour.Fault{Kind: behaviour.ErrorBody}, ""); status != 200 || !strings.HasPrefix(got, `{"error":`) {
			t.Errorf("%s: error in place of an answer: %d %s", path, status, got)
		}
		if _, _, got := call(behaviour.Fault{Kind: behaviour.NoUsage}, ""); strings.Contains(got, `"usage":{`) {
			t.Errorf("%s: no usage: %s", path, got)
		}
		if !strings.Contains(body, "%") || strings.HasPrefix(path, "images") {
			continue
		}
		const stream = `,"stream":true`
		if _, _, got := call(behaviour.Fault{Kind: behaviour.EarlyError}, stream); !strings.Contains(got, "error") || strings.Contains(got, "DONE") || strings.Contains(got, "delta") {
			t.Errorf("%s: error before content: %s", path, got)
		}
		if _, _, got := call(behaviour.Fault{Kind: behaviour.LateError, After: 3}, stream); !strings.Contains(got, "error") || strings.Contains(got, "DONE") || strings.Contains(got, "completed") {
			t.Errorf("%s: error after content: %s", path, got)
		}
		if _, _, got := call(behaviour.Fault{Kind: behaviour.Truncate, After: 3}, stream); strings.Contains(got, "DONE") || strings.Contains(got, "response.completed") {
			t.Errorf("%s: truncated: %s", path, got)
		}
	}
}

func TestWrongUsageIsAsWrongAsItIsTold(t *testing.T) {
	t.Parallel()
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything, Faults: behaviour.Faults{{Kind: behaviour.WrongUsage, Percent: 300}}})
	_, _, body := request(t, http.MethodPost, s.URL+"/v1/responses", "application/json", `{"model":"gpt-5.4","input":"hello [reply 20 tokens]"}`)
	if !strings.Contains(body, `"output_tokens":60`) {
		t.Error(body)
	}
}
