package emulator_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

// post sends a body and returns the status, the headers and the answer.
func post(t *testing.T, url, auth, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if name, value, ok := strings.Cut(auth, ": "); ok {
		r.Header.Set(name, value)
	}
	return do(t, r)
}

// do sends a request and reads the whole answer.
func do(t *testing.T, r *http.Request) (int, http.Header, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(raw)
}

const hello = `{"model":"%","messages":[{"role":"user","content":"hello [reply 2 tokens]"}]`

func TestCloudsAreStrict(t *testing.T) {
	t.Parallel()
	bear, azureKey := "Authorization: Bearer "+key, "Api-Key: "+key
	urls := map[string]string{}
	for name, c := range map[string]emulator.Config{
		"openai":  {Cloud: "openai", Models: []emulator.Model{{Name: "gpt-5.4"}}},
		"azure":   {Cloud: "azure", Models: []emulator.Model{{Name: "prod", Serve: "gpt-5.4"}}},
		"runtime": {Cloud: "aws", Models: []emulator.Model{{Name: "openai.gpt-oss-120b-1:0"}, {Name: "us.openai.gpt-5.6-sol"}}},
		"mantle":  {Cloud: "aws", Plane: "mantle", Models: []emulator.Model{{Name: "openai.gpt-oss-120b"}, {Name: "openai.gpt-5.4"}}},
		"gcp":     {Cloud: "gcp", Project: "acme", Region: "global", Models: []emulator.Model{{Name: "openai/gpt-oss-120b-maas"}}},
		"alibaba": {Cloud: "alibaba", Models: []emulator.Model{{Name: "gpt-oss-120b"}}},
	} {
		_, s := serve(t, c)
		urls[name] = s.URL
	}
	for _, row := range []struct {
		name, cloud, path, auth, model, more string
		status                               int
		want                                 string
	}{
		{"openai: served", "openai", "/v1/chat/completions", bear, "gpt-5.4", "", 200, `"completion_tokens":2`},
		{"openai: path", "openai", "/chat/completions", bear, "gpt-5.4", "", 404, "Invalid URL"},
		{"openai: no key", "openai", "/v1/chat/completions", "", "gpt-5.4", "", 401, "didn't provide an API key"},
		{"openai: azure's header", "openai", "/v1/chat/completions", azureKey, "gpt-5.4", "", 401, "didn't provide an API key"},
		{"openai: wrong key", "openai", "/v1/chat/completions", "Authorization: Bearer sk-wrong-key-0002", "gpt-5.4", "", 401, `sk-w*********0002`},
		{"openai: unknown member", "openai", "/v1/chat/completions", bear, "gpt-5.4", `,"top_k":1`, 400, "unknown_parameter"},
		{"openai: options without stream", "openai", "/v1/chat/completions", bear, "gpt-5.4", `,"stream_options":{"include_usage":true}`, 400, "only allowed when 'stream' is enabled"},
		{"openai: wrong type", "openai", "/v1/chat/completions", bear, "gpt-5.4", `,"stream":"yes"`, 400, "invalid_type"},
		{"openai: limit of zero", "openai", "/v1/chat/completions", bear, "gpt-5.4", `,"max_completion_tokens":0`, 400, "integer_below_min_value"},

		{"azure: dated", "azure", "/openai/deployments/prod/chat/completions?api-version=2024-10-21", azureKey, "ignored", "", 200, "prompt_filter_results"},
		{"azure: v1", "azure", "/openai/v1/chat/completions", azureKey, "prod", "", 200, "content_filter_results"},
		{"azure: v1 with a bearer key", "azure", "/openai/v1/chat/completions", bear, "prod", "", 200, "content_filter_results"},
		{"azure: dated with a bearer key", "azure", "/openai/deployments/prod/chat/completions?api-version=2024-10-21", bear, "", "", 401, "Access denied due to invalid subscription key"},
		{"azure: no version", "azure", "/openai/deployments/prod/chat/completions", azureKey, "", "", 404, "Resource not found"},
		{"azure: wrong version", "azure", "/openai/deployments/prod/chat/completions?api-version=2020-01-01", azureKey, "", "", 404, "Resource not found"},
		{"azure: unknown deployment", "azure", "/openai/deployments/test/chat/completions?api-version=2024-10-21", azureKey, "", "", 404, "DeploymentNotFound"},
		{"azure: max_tokens", "azure", "/openai/v1/chat/completions", azureKey, "prod", `,"max_tokens":4`, 400, "unsupported_parameter"},

		{"runtime: served", "runtime", "/openai/v1/chat/completions", bear, "openai.gpt-oss-120b-1:0", "", 200, `"completion_tokens":2`},
		{"runtime: wrong key", "runtime", "/openai/v1/chat/completions", "Authorization: Bearer x", "openai.gpt-oss-120b-1:0", "", 403, `{"Message":"Authentication failed`},
		{"runtime: unknown member", "runtime", "/openai/v1/chat/completions", bear, "openai.gpt-oss-120b-1:0", `,"safety_identifier":"x"`, 400, "unknown field `safety_identifier`"},
		{"runtime: bare id", "runtime", "/openai/v1/chat/completions", bear, "openai.gpt-5.6-sol", "", 400, "identifier is invalid"},
		{"runtime: nested errors", "runtime", "/openai/v1/chat/completions", bear, "us.openai.gpt-5.6-sol", `,"max_tokens":4`, 400, `The model returned the following errors: {\"error\"`},
		{"mantle: prefix of open weights", "mantle", "/v1/chat/completions", bear, "openai.gpt-oss-120b", "", 200, `"completion_tokens":2`},
		{"mantle: wrong prefix", "mantle", "/openai/v1/chat/completions", bear, "openai.gpt-oss-120b", "", 400, "isn't supported on this route"},
		{"mantle: responses only", "mantle", "/openai/v1/chat/completions", bear, "openai.gpt-5.4", "", 400, "does not support the '/v1/chat/completions' API"},

		{"gcp: served", "gcp", "/v1/projects/acme/locations/global/endpoints/openapi/chat/completions", bear, "openai/gpt-oss-120b-maas", "", 200, `"completion_tokens":2`},
		{"gcp: project", "gcp", "/v1/projects/other/locations/global/endpoints/openapi/chat/completions", bear, "openai/gpt-oss-120b-maas", "", 403, "PERMISSION_DENIED"},
		{"gcp: short id", "gcp", "/v1/projects/acme/locations/global/endpoints/openapi/chat/completions", bear, "gpt-oss-120b-maas", "", 404, `[{"error":`},
		{"gcp: member", "gcp", "/v1/projects/acme/locations/global/endpoints/openapi/chat/completions", bear, "openai/gpt-oss-120b-maas", `,"store":true`, 400, "INVALID_ARGUMENT"},
		{"gcp: token", "gcp", "/v1/projects/acme/locations/global/endpoints/openapi/chat/completions", azureKey, "openai/gpt-oss-120b-maas", "", 401, "UNAUTHENTICATED"},

		{"alibaba: served", "alibaba", "/compatible-mode/v1/chat/completions", bear, "gpt-oss-120b", "", 200, `"completion_tokens":2`},
		{"alibaba: tools", "alibaba", "/compatible-mode/v1/chat/completions", bear, "gpt-oss-120b", `,"tools":[]`, 400, "request_id"},
		{"alibaba: key", "alibaba", "/compatible-mode/v1/chat/completions", "", "gpt-oss-120b", "", 401, "invalid_api_key"},
		{"alibaba: reasoning", "alibaba", "/compatible-mode/v1/chat/completions", bear, "gpt-oss-120b", `,"reasoning_effort":"low"`, 200, `"reasoning_content":"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, _, body := post(t, urls[row.cloud]+row.path, row.auth, strings.Replace(hello, "%", row.model, 1)+row.more+"}")
			if status != row.status || !strings.Contains(body, row.want) {
				t.Errorf("%d %s\nwant %d with %s", status, body, row.status, row.want)
			}
		})
	}
}

func TestStreamsHaveEachCloudsQuirks(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		config       emulator.Config
		path, auth   string
		want, absent []string
	}{
		{emulator.Config{Cloud: "openai", Models: []emulator.Model{{Name: "m"}}}, "/v1/chat/completions", "Authorization: Bearer " + key,
			[]string{`"obfuscation":"`, `"service_tier":"default"`, `"usage":null`, "data: [DONE]\n\n"}, []string{"content_filter", "\r"}},
		{emulator.Config{Cloud: "azure", Models: []emulator.Model{{Name: "m"}}}, "/openai/v1/chat/completions", "Api-Key: " + key,
			[]string{`data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results"`, `"content_filter_results":{"hate"`}, []string{"\r"}},
		{emulator.Config{Cloud: "gcp", Models: []emulator.Model{{Name: "m"}}}, "/v1/projects/p/locations/global/endpoints/openapi/chat/completions", "Authorization: Bearer " + key,
			[]string{"}\r\n\r\ndata: ", "data: [DONE]\r\n\r\n"}, []string{"obfuscation", "service_tier", "}\n"}},
	} {
		_, s := serve(t, row.config)
		_, _, body := post(t, s.URL+row.path, row.auth, strings.Replace(hello, "%", "m", 1)+`,"stream":true,"stream_options":{"include_usage":true}}`)
		for _, want := range row.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %q in %s", row.config.Cloud, want, body)
			}
		}
		for _, not := range row.absent {
			if strings.Contains(body, not) {
				t.Errorf("%s: %q in %s", row.config.Cloud, not, body)
			}
		}
		if strings.Count(body, `"prompt_tokens"`) != 1 {
			t.Errorf("%s: usage in %s", row.config.Cloud, body)
		}
	}
}

func TestHeadersAreEachCloudsOwn(t *testing.T) {
	t.Parallel()
	limits := emulator.Limits{Requests: 500, Tokens: 200_000}
	_, direct := serve(t, emulator.Config{Cloud: "openai", Models: []emulator.Model{{Name: "m"}}, Limits: limits, Speed: 1e6})
	_, onAzure := serve(t, emulator.Config{Cloud: "azure", Region: "East US 2", Models: []emulator.Model{{Name: "m"}}, Limits: limits})
	body := strings.Replace(hello, "%", "m", 1) + "}"
	_, h, _ := post(t, direct.URL+"/v1/chat/completions", "Authorization: Bearer "+key, body)
	if !strings.HasPrefix(h.Get("X-Request-Id"), "req_") || h.Get("Openai-Version") != "2020-10-01" || h.Get("X-Ratelimit-Remaining-Requests") != "499" ||
		h.Get("X-Ratelimit-Remaining-Tokens") != "199996" || h.Get("X-Ratelimit-Reset-Requests") == "" {
		t.Errorf("openai: %v", h)
	}
	_, h, _ = post(t, onAzure.URL+"/openai/v1/chat/completions", "Api-Key: "+key, body)
	if h.Get("X-Ms-Region") != "East US 2" || h.Get("Apim-Request-Id") == "" || h.Get("X-Ms-Deployment-Name") != "m" || h.Get("X-Ratelimit-Reset-Requests") != "" {
		t.Errorf("azure: %v", h)
	}
	status, h, text := post(t, onAzure.URL+"/openai/v1/chat/completions", "Api-Key: "+key, strings.TrimSuffix(body, "}")+`,"max_completion_tokens":300000}`)
	if status != 429 || h.Get("Retry-After") != "86400" {
		t.Errorf("a request beyond the whole limit: %d %v %s", status, h, text)
	}
}

func TestTokensComeAtTheModelsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var served emulator.Served
		e, err := emulator.New(emulator.Config{Cloud: "openai", Models: []emulator.Model{{Name: "m"}}, Keys: []string{key}, Speed: 10,
			Profile: behaviour.Profile{FirstToken: int64(2 * time.Second), PerToken: int64(100 * time.Millisecond), Shortest: 5, Longest: 5},
			Observe: func(s emulator.Served) { mu.Lock(); served = s; mu.Unlock() }})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions",
			strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"a"}],"stream":true}`))
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("X-Client-Request-Id", "req_1")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		mu.Lock()
		defer mu.Unlock()
		if first, whole := served.FirstByte.Sub(served.Started), served.Ended.Sub(served.Started); first != 200*time.Millisecond || whole != 240*time.Millisecond {
			t.Errorf("first byte after %v, the end after %v", first, whole)
		}
		if served.RequestID != "req_1" || served.Usage != (emulator.Usage{Prompt: 1, Completion: 5}) {
			t.Errorf("%+v", served)
		}
		lines := 0
		for sc := bufio.NewScanner(w.Body); sc.Scan(); lines++ {
		}
		if lines != 2*(1+5+1+1) { // role, five words, the end, [DONE]
			t.Errorf("%d lines", lines)
		}
	})
}

func TestConfigurationMistakesAreNamed(t *testing.T) {
	t.Parallel()
	models := []emulator.Model{{Name: "m"}}
	for want, c := range map[string]emulator.Config{
		`unknown cloud "gpc", expected one of azure, aws, gcp, alibaba, openai`: {Cloud: "gpc", Models: models, Keys: []string{key}},
		`emulate azure: no models given`:                                        {Cloud: "azure", Keys: []string{key}},
		`emulate azure: no key given, or an empty one`:                          {Cloud: "azure", Models: models},
		`plane "x" is neither runtime nor mantle`:                               {Cloud: "aws", Plane: "x", Models: models, Keys: []string{key}},
	} {
		if _, err := emulator.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
