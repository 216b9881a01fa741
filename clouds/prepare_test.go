package clouds_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/clouds/alibaba"
	"concord/clouds/azure"
	"concord/clouds/bedrock"
	"concord/clouds/openai"
	"concord/clouds/vertex"
)

func chatCall(t *testing.T, body string) *clouds.Call {
	t.Helper()
	s, err := clouds.ScanRequest(clouds.CreateChat, "", []byte(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &clouds.Call{Op: clouds.CreateChat, Path: "/chat/completions", Header: http.Header{}, Body: []byte(body), Scan: s, ID: "req_1"}
}

func target(t *testing.T, base, model string) clouds.Target {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return clouds.Target{Deployment: "d", Base: u, Model: model}
}

func TestCallsAreAddressedAsEachCloudWants(t *testing.T) {
	t.Parallel()
	dated := target(t, "https://res.openai.azure.com", "chat prod")
	dated.APIVersion = "2024-10-21"
	project := target(t, "https://aiplatform.googleapis.com", "gpt-oss-120b-maas")
	project.Project, project.Region = "acme", "global"
	body := `{"model":"gpt-5.4","messages":[],"stream":true,"max_tokens":9}`
	for name, row := range map[string]struct {
		adapter   clouds.Adapter
		target    clouds.Target
		url, body string
		id        string
	}{
		"openai": {openai.New(), target(t, "https://api.openai.com", "gpt-5.4-2026-03-05"), "https://api.openai.com/v1/chat/completions",
			`{"stream_options":{"include_usage":true},"model":"gpt-5.4-2026-03-05","messages":[],"stream":true,"max_completion_tokens":9}`, "X-Client-Request-Id"},
		"azure, dated": {azure.New(), dated, "https://res.openai.azure.com/openai/deployments/chat%20prod/chat/completions?api-version=2024-10-21",
			`{"stream_options":{"include_usage":true},"model":"gpt-5.4","messages":[],"stream":true,"max_completion_tokens":9}`, "X-Ms-Client-Request-Id"},
		"azure, v1": {azure.New(), target(t, "https://res.openai.azure.com/", "prod"), "https://res.openai.azure.com/openai/v1/chat/completions",
			`{"stream_options":{"include_usage":true},"model":"prod","messages":[],"stream":true,"max_completion_tokens":9}`, "X-Ms-Client-Request-Id"},
		"bedrock, mantle": {bedrock.New(), target(t, "https://bedrock-mantle.us-east-1.api.aws/v1", "openai.gpt-oss-120b"), "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
			`{"stream_options":{"include_usage":true},"model":"openai.gpt-oss-120b","messages":[],"stream":true,"max_tokens":9}`, "X-Client-Request-Id"},
		"vertex": {vertex.New(), project, "https://aiplatform.googleapis.com/v1/projects/acme/locations/global/endpoints/openapi/chat/completions",
			`{"stream_options":{"include_usage":true},"model":"openai/gpt-oss-120b-maas","messages":[],"stream":true,"max_tokens":9}`, "X-Client-Request-Id"},
		"alibaba": {alibaba.New(), target(t, "https://ws.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", "gpt-oss-120b"), "https://ws.cn-beijing.maas.aliyuncs.com/compatible-mode/v1/chat/completions",
			`{"stream_options":{"include_usage":true},"model":"gpt-oss-120b","messages":[],"stream":true,"max_tokens":9}`, "X-Client-Request-Id"},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := row.adapter.Prepare(&row.target, chatCall(t, body))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{row.url, row.body, "req_1"}, []string{x.URL.String(), string(x.Body), x.Header.Get(row.id)}); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestABodyThatNeedsNoChangeIsSentAsItCame(t *testing.T) {
	t.Parallel()
	c := chatCall(t, `{ "model": "gpt-5.4", "messages": [] }`)
	u := target(t, "https://api.openai.com/v1", "gpt-5.4")
	x, err := openai.New().Prepare(&u, c)
	if err != nil {
		t.Fatal(err)
	}
	if &x.Body[0] != &c.Body[0] {
		t.Error("the body was copied")
	}
}

func TestWhatChangesTheMeaningIsNotDropped(t *testing.T) {
	t.Parallel()
	runtime, mantle := "https://bedrock-runtime.us-east-1.amazonaws.com", "https://bedrock-mantle.us-east-1.api.aws/v1"
	for name, row := range map[string]struct {
		adapter clouds.Adapter
		target  clouds.Target
		member  string
		param   string // "" = it is served
	}{
		"alibaba: tools":                     {alibaba.New(), target(t, "https://a", "gpt-oss-120b"), `"tools":[{"type":"function"}]`, "tools"},
		"alibaba: tools null":                {alibaba.New(), target(t, "https://a", "gpt-oss-120b"), `"tools":null`, ""},
		"vertex: web search":                 {vertex.New(), target(t, "https://a", "gpt-oss-120b-maas"), `"web_search_options":{}`, "web_search_options"},
		"bedrock: two choices":               {bedrock.New(), target(t, runtime, "openai.gpt-oss-120b-1:0"), `"n":2`, "n"},
		"bedrock: one choice":                {bedrock.New(), target(t, runtime, "openai.gpt-oss-120b-1:0"), `"n":1`, ""},
		"bedrock: logit_bias on gpt-oss":     {bedrock.New(), target(t, runtime, "openai.gpt-oss-120b-1:0"), `"logit_bias":{"1":2}`, "logit_bias"},
		"bedrock: json_schema on runtime":    {bedrock.New(), target(t, runtime, "openai.gpt-oss-120b-1:0"), `"response_format":{"type":"json_schema"}`, "response_format"},
		"bedrock: json_object on runtime":    {bedrock.New(), target(t, runtime, "openai.gpt-oss-120b-1:0"), `"response_format":{"type":"json_object"}`, ""},
		"bedrock: json_schema on mantle":     {bedrock.New(), target(t, mantle, "openai.gpt-oss-120b"), `"response_format":{"type":"json_schema"}`, ""},
		"bedrock: json_schema on a frontier": {bedrock.New(), target(t, runtime, "us.openai.gpt-6-sol"), `"response_format":{"type":"json_schema"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := row.adapter.Prepare(&row.target, chatCall(t, `{"model":"m","messages":[],`+row.member+`}`))
			u, refused := errors.AsType[*clouds.UnsupportedError](err)
			if refused != (row.param != "") || refused && u.Param != row.param || err != nil && !refused {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestModelFamilies(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"gpt-5.4": true, "gpt-5": true, "gpt-6.2-astra": true, "gpt-10": true, "us.openai.gpt-5.6-sol": true, "openai/o3": true, "o4-mini": true,
		"gpt-4o": false, "gpt-4.1-nano": false, "gpt-oss-120b": false, "openai.gpt-oss-120b-1:0": false, "openai/gpt-oss-120b-maas": false, "omni-moderation": false, "prod": false, "": false} {
		if got := clouds.CompletionLimit(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestSigningWithoutASecretNamesTheDeployment(t *testing.T) {
	t.Parallel()
	u := target(t, "https://a", "m")
	if err := openai.New().Sign(t.Context(), &u, &http.Request{Header: http.Header{}}, nil); err == nil || err.Error() != "sign for deployment d: no secret configured for it" {
		t.Errorf("without a secret: %v", err)
	}
}
