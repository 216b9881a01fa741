package clouds_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/clouds/alibaba"
	"concord/clouds/azure"
	"concord/clouds/bedrock"
	"concord/clouds/openai"
	"concord/clouds/vertex"
)

const formType = "multipart/form-data; boundary=xx"

// bodies are requests that each creating operation takes.
var bodies = map[clouds.Operation]string{
	clouds.CreateChat:          `{"model":"asked","messages":[]}`,
	clouds.CreateResponse:      `{"model":"asked","input":"hi"}`,
	clouds.CreateEmbedding:     `{"model":"asked","input":["a","b"]}`,
	clouds.CreateCompletion:    `{"model":"asked","prompt":"a"}`,
	clouds.GenerateImage:       `{"model":"asked","prompt":"a cat","n":2}`,
	clouds.EditImage:           "--xx\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nasked\r\n--xx\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--xx--\r\n",
	clouds.CreateSpeech:        `{"model":"asked","input":"say it","voice":"alloy"}`,
	clouds.CreateTranscription: "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nID3\r\n--xx\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nasked\r\n--xx--\r\n",
	clouds.CreateTranslation:   "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nID3\r\n--xx\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nasked\r\n--xx--",
	clouds.CreateModeration:    `{"model":"asked","input":"a"}`,
}

// scanned makes a call of an operation with that body.
func scanned(t testing.TB, op clouds.Operation, body string) *clouds.Call {
	t.Helper()
	c := &clouds.Call{Op: op, Path: op.Path("resp_1"), Header: http.Header{"Content-Type": {"application/json"}}, ID: "req_1"}
	if strings.HasPrefix(body, "--") {
		c.Header.Set("Content-Type", formType)
	}
	if op.Stored() {
		return c
	}
	s, err := clouds.ScanRequest(op, c.ContentType(), []byte(body), nil)
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	c.Body, c.Scan = []byte(body), s
	return c
}

func TestEverySurfaceIsServedWhereTheCloudHasIt(t *testing.T) {
	t.Parallel()
	dated := target(t, "https://r.openai.azure.com", "dep")
	dated.APIVersion = "2025-04-01-preview"
	project := target(t, "https://aiplatform.googleapis.com", "gpt-oss-120b-maas")
	project.Project = "p"
	row := func(urls ...string) map[clouds.Operation]string {
		m := map[clouds.Operation]string{}
		for i, u := range urls {
			if u != "" {
				m[clouds.Operation(i+1)] = u
			}
		}
		return m
	}
	base, v := "https://r.openai.azure.com/openai", "?api-version=2025-04-01-preview"
	dep := base + "/deployments/dep"
	runtime, mantle := "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", "https://bedrock-mantle.us-east-1.api.aws/openai/v1"
	for name, of := range map[string]struct {
		adapter clouds.Adapter
		target  clouds.Target
		urls    map[clouds.Operation]string
	}{
		"openai": {openai.New(), target(t, "https://o", "m"), row("https://o/v1/chat/completions", "https://o/v1/responses", "https://o/v1/responses/resp_1",
			"https://o/v1/responses/resp_1", "https://o/v1/responses/resp_1/cancel", "https://o/v1/responses/resp_1/input_items", "https://o/v1/embeddings",
			"https://o/v1/completions", "https://o/v1/images/generations", "https://o/v1/images/edits", "https://o/v1/audio/speech",
			"https://o/v1/audio/transcriptions", "https://o/v1/audio/translations", "https://o/v1/moderations")},
		"azure, v1": {azure.New(), target(t, "https://r.openai.azure.com", "dep"), row(base+"/v1/chat/completions", base+"/v1/responses", base+"/v1/responses/resp_1",
			base+"/v1/responses/resp_1", base+"/v1/responses/resp_1/cancel", base+"/v1/responses/resp_1/input_items", base+"/v1/embeddings",
			base+"/v1/completions", base+"/v1/images/generations", base+"/v1/images/edits", base+"/v1/audio/speech",
			base+"/v1/audio/transcriptions", base+"/v1/audio/translations")},
		"azure, dated": {azure.New(), dated, row(dep+"/chat/completions"+v, base+"/responses"+v, base+"/responses/resp_1"+v, base+"/responses/resp_1"+v,
			base+"/responses/resp_1/cancel"+v, base+"/responses/resp_1/input_items"+v, dep+"/embeddings"+v, dep+"/completions"+v,
			dep+"/images/generations"+v, dep+"/images/edits"+v, dep+"/audio/speech"+v, dep+"/audio/transcriptions"+v, dep+"/audio/translations"+v)},
		"aws, runtime": {bedrock.New(), target(t, runtime, "us.openai.gpt-6-astra"), row(runtime+"/chat/completions", runtime+"/responses", runtime+"/responses/resp_1",
			runtime+"/responses/resp_1", "", runtime+"/responses/resp_1/input_items")},
		"aws, mantle": {bedrock.New(), target(t, mantle, "openai.gpt-6-sol"), row(mantle+"/chat/completions", mantle+"/responses", mantle+"/responses/resp_1",
			mantle+"/responses/resp_1", mantle+"/responses/resp_1/cancel", mantle+"/responses/resp_1/input_items")},
		"gcp": {vertex.New(), project, row("https://aiplatform.googleapis.com/v1/projects/p/locations/global/endpoints/openapi/chat/completions")},
		"alibaba, a workspace": {alibaba.New(), target(t, "https://ws.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", "qwen3-max"), row(
			"https://ws.cn-beijing.maas.aliyuncs.com/compatible-mode/v1/chat/completions",
			"https://ws.cn-beijing.maas.aliyuncs.com/api/v2/apps/protocols/compatible-mode/v1/responses", "", "", "", "",
			"https://ws.cn-beijing.maas.aliyuncs.com/compatible-mode/v1/embeddings")},
		"alibaba, an older host": {alibaba.New(), target(t, "https://dashscope-intl.aliyuncs.com", "gpt-oss-120b"), row(
			"https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions", "", "", "", "", "",
			"https://dashscope-intl.aliyuncs.com/compatible-mode/v1/embeddings")},
	} {
		got := map[clouds.Operation]string{}
		for op := clouds.CreateChat; op.Valid(); op++ {
			c := scanned(t, op, bodies[op])
			x, err := of.adapter.Prepare(&of.target, c)
			if _, unsupported := errors.AsType[*clouds.UnsupportedError](err); err != nil {
				if !unsupported {
					t.Errorf("%s, %s: %v", name, op, err)
				}
				continue
			}
			got[op] = x.URL.String()
			if x.Method != op.Method() || op.Stored() != (len(x.Body) == 0) {
				t.Errorf("%s, %s: %s with %q", name, op, x.Method, x.Body)
			}
		}
		if d := cmp.Diff(of.urls, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestTheTableOfSurfacesIsWhatTheAdaptersServe(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/clouds.md")
	if err != nil {
		t.Fatal(err)
	}
	project := target(t, "https://aiplatform.googleapis.com", "gpt-oss-120b-maas")
	project.Project = "p"
	other := target(t, "https://h", "m")
	other.Cloud = "h"
	columns := []struct {
		name    string
		adapter clouds.Adapter
		target  clouds.Target
	}{
		{"openai", openai.New(), target(t, "https://o", "m")},
		{"azure", azure.New(), target(t, "https://r", "dep")},
		{"aws, runtime", bedrock.New(), target(t, "https://bedrock-runtime.us-east-1.amazonaws.com", "us.openai.gpt-6-astra")},
		{"aws, mantle", bedrock.New(), target(t, "https://bedrock-mantle.us-east-1.api.aws/openai/v1", "openai.gpt-6-sol")},
		{"gcp", vertex.New(), project},
		{"alibaba", alibaba.New(), target(t, "https://a", "gpt-oss-120b")},
		{"any other host", openai.NewCompatible(), other},
	}
	table := "| operation |"
	for i := range columns {
		table += " " + columns[i].name + " |"
	}
	table += "\n|---|" + strings.Repeat("---|", len(columns)) + "\n"
	for op := clouds.CreateChat; op.Valid(); op++ {
		table += "| `" + op.Method() + " " + op.Path("{id}") + "` |"
		for i := range columns {
			_, err := columns[i].adapter.Prepare(&columns[i].target, scanned(t, op, bodies[op]))
			table += map[bool]string{true: " yes |", false: " |"}[err == nil]
		}
		table += "\n"
	}
	if !strings.Contains(string(page), table) {
		t.Errorf("docs/clouds.md does not show this table:\n%s", table)
	}
}

func TestTheModelIsRewrittenInPlaceAndNothingElseIsOnEverySurface(t *testing.T) {
	t.Parallel()
	to := target(t, "https://o", "theirs")
	for op, body := range bodies {
		c := scanned(t, op, body)
		if c.Scan.Model != "asked" || !strings.Contains(body[c.Scan.ModelAt[0]:c.Scan.ModelAt[1]], "asked") {
			t.Errorf("%s: model %q at %v", op, c.Scan.Model, c.Scan.ModelAt)
		}
		x, err := openai.New().Prepare(&to, c)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(strings.Replace(body, "asked", "theirs", 1), string(x.Body)); d != "" {
			t.Errorf("%s: %s", op, d)
		}
		if x.Header.Get("Content-Type") != c.ContentType() {
			t.Errorf("%s: content type %s", op, x.Header.Get("Content-Type"))
		}
		to.Model = "asked"
		if x, err = openai.New().Prepare(&to, c); err != nil || &x.Body[0] != &c.Body[0] {
			t.Errorf("%s: a body that needs no change was copied, %v", op, err)
		}
		to.Model = "theirs"
	}
}

func TestAFormWithoutAModelGetsOne(t *testing.T) {
	t.Parallel()
	const body = "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nID3\r\n--xx--\r\n"
	to := target(t, "https://o", "whisper-1")
	x, err := openai.New().Prepare(&to, scanned(t, clouds.CreateTranscription, body))
	if err != nil {
		t.Fatal(err)
	}
	want := "--xx\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n" + body
	if d := cmp.Diff(want, string(x.Body)); d != "" {
		t.Error(d)
	}
}

func TestAQueryGoesAlongWhereAStoredObjectIsAskedFor(t *testing.T) {
	t.Parallel()
	dated := target(t, "https://r.openai.azure.com", "dep")
	dated.APIVersion = "2025-04-01-preview"
	c := scanned(t, clouds.GetResponse, "")
	c.Query = "api-version=2024-10-21&include%5B%5D=reasoning.encrypted_content&stream=true&starting_after=7&key=secret"
	x, err := azure.New().Prepare(&dated, c)
	if err != nil {
		t.Fatal(err)
	}
	const want = "https://r.openai.azure.com/openai/responses/resp_1?api-version=2025-04-01-preview&include%5B%5D=reasoning.encrypted_content&stream=true&starting_after=7"
	if d := cmp.Diff(want, x.URL.String()); d != "" {
		t.Error(d)
	}
	c = scanned(t, clouds.CreateChat, bodies[clouds.CreateChat])
	c.Query = "stream=true"
	if x, err = azure.New().Prepare(&dated, c); err != nil || strings.Contains(x.URL.RawQuery, "stream") {
		t.Errorf("%v, %v", x.URL, err)
	}
}

func TestWhatACloudCannotDoOfASurfaceIsLeftToAnother(t *testing.T) {
	t.Parallel()
	runtime, mantle := "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", "https://bedrock-mantle.us-east-1.api.aws/openai/v1"
	old := target(t, "https://r.openai.azure.com", "dep")
	old.APIVersion = "2024-10-21"
	for name, row := range map[string]struct {
		adapter clouds.Adapter
		target  clouds.Target
		op      clouds.Operation
		body    string
		want    string // "" = it is served
	}{
		"azure before responses":               {azure.New(), old, clouds.CreateResponse, `{}`, "azure: no responses at this account's API version"},
		"azure, open weights":                  {azure.New(), target(t, "https://r", "gpt-oss-120b"), clouds.CreateResponse, `{}`, "azure: no responses of this model here, only chat completions"},
		"runtime, in the background":           {bedrock.New(), target(t, runtime, "us.openai.gpt-6-astra"), clouds.CreateResponse, `{"background":true}`, "aws: background: nothing is made in the background on this plane"},
		"mantle, in the background":            {bedrock.New(), target(t, mantle, "openai.gpt-6-sol"), clouds.CreateResponse, `{"background":true}`, ""},
		"runtime, a tool of the cloud":         {bedrock.New(), target(t, runtime, "us.openai.gpt-6-astra"), clouds.CreateResponse, `{"tools":[{"type":"function"},{"type":"web_search"}]}`, "aws: tools: no tools run by the cloud on this plane"},
		"runtime, a tool of the client":        {bedrock.New(), target(t, runtime, "us.openai.gpt-6-astra"), clouds.CreateResponse, `{"tools":[{"type":"function"}]}`, ""},
		"runtime, open weights":                {bedrock.New(), target(t, runtime, "openai.gpt-oss-120b-1:0"), clouds.CreateResponse, `{}`, "aws: no responses of this model on this plane, only chat completions"},
		"mantle, a model of responses alone":   {bedrock.New(), target(t, mantle, "openai.gpt-5.4"), clouds.CreateChat, `{}`, "aws: no chat completions of this model on this plane, only responses"},
		"5.6 with penalties":                   {bedrock.New(), target(t, runtime, "us.openai.gpt-5.6-sol"), clouds.CreateChat, `{"presence_penalty":0.5}`, "aws: presence_penalty: the host of this model does not take it"},
		"5.6 with a penalty of nothing":        {bedrock.New(), target(t, runtime, "us.openai.gpt-5.6-sol"), clouds.CreateChat, `{"presence_penalty":0.0,"logprobs":false,"tools":[]}`, ""},
		"5.6 with tools":                       {bedrock.New(), target(t, runtime, "us.openai.gpt-5.6-sol"), clouds.CreateChat, `{"tools":[{}]}`, "aws: tools: the host of this model does not take it"},
		"5.6 with tools and without reasoning": {bedrock.New(), target(t, runtime, "us.openai.gpt-5.6-sol"), clouds.CreateChat, `{"tools":[{}],"reasoning_effort":"none"}`, ""},
		"alibaba, many texts":                  {alibaba.New(), target(t, "https://a", "text-embedding-v4"), clouds.CreateEmbedding, `{"input":[1,2,3,4,5,6,7,8,9,0,1]}`, "alibaba: input: more than 10 texts in one call"},
		"alibaba, in the background":           {alibaba.New(), target(t, "https://a", "qwen3-max"), clouds.CreateResponse, `{"background":true}`, "alibaba: background: nothing is made in the background here"},
		"a conversation":                       {openai.New(), target(t, "https://a", "m"), clouds.CreateResponse, `{"conversation":"conv_1"}`, "openai: conversation: conversations are not served here; continue a response by previous_response_id"},
		"no conversation":                      {openai.New(), target(t, "https://a", "m"), clouds.CreateResponse, `{"conversation":null}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if _, err := row.adapter.Prepare(&row.target, scanned(t, row.op, row.body)); err != nil {
				got = err.Error()
			}
			if d := cmp.Diff(row.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
