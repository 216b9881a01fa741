package clienttest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

func TestExplainSaysWhereARequestHadToGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick, "", "--speed", "20")
	w.only("openai") // the last in the agreement's order
	ids := []string{}
	client := w.official("OpenAI", func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		resp, err := next(r)
		if err == nil {
			ids = append(ids, resp.Header.Get("X-Concord-Request-Id"))
		}
		return resp, err
	})
	made, err := client.Responses.New(t.Context(), response("gpt-5.4"))
	if err != nil {
		t.Fatal(err)
	}
	w.heal() // azure would come first now
	params := response("gpt-5.4")
	params.PreviousResponseID = openai.String(made.ID)
	if _, err := client.Responses.New(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Responses.Get(t.Context(), made.ID, responses.ResponseGetParams{}); err != nil {
		t.Fatal(err)
	}
	w.serve.Stop(w)
	for _, id := range ids[1:] {
		var x struct {
			Pinned *struct{ Object, Request, Deployment, Cloud string }
			Record struct{ Deployment string }
		}
		if err := json.Unmarshal(w.command("explain", id, "--format", "json"), &x); err != nil {
			t.Fatal(err)
		}
		if x.Pinned == nil || x.Pinned.Object != made.ID || x.Pinned.Request != ids[0] || x.Pinned.Deployment != "openai-gpt54" || x.Pinned.Cloud != "openai" || x.Record.Deployment != "openai-gpt54" {
			t.Errorf("%+v", x)
		}
		if text := string(w.command("explain", id)); !strings.Contains(text, "it names "+made.ID+", which openai-gpt54 on openai made for request "+ids[0]) {
			t.Error(text)
		}
	}
	if text := string(w.command("explain", ids[0])); strings.Contains(text, "pinned") {
		t.Errorf("a request that was free to go: %s", text)
	}
}
