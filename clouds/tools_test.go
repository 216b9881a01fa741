package clouds_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/usage"
)

// toolOutput is what a response shows: two searches, a look into a page that costs nothing, a search of files, and code that ran
// three times in two containers.
const toolOutput = `[{"type":"reasoning","summary":[]},{"type":"web_search_call","action":{"type":"search","query":"a"}},{"type":"web_search_call","action":{"type":"open_page"}},` +
	`{"type":"web_search_call","status":"completed"},{"type":"file_search_call","queries":["b"]},{"type":"code_interpreter_call","container_id":"c1"},` +
	`{"type":"code_interpreter_call","container_id":"c2"},{"container_id":"c1","type":"code_interpreter_call"},{"type":"mcp_call"},7]`

const toolUsage = `"usage":{"input_tokens":5,"output_tokens":3}`

func toolTokens() usage.Tokens {
	return usage.Tokens{usage.Input: 5, usage.Output: 3, usage.WebSearches: 2, usage.FileSearches: 1, usage.Containers: 2}
}

func TestCallsOfACloudsOwnToolsAreCountedInResponses(t *testing.T) {
	t.Parallel()
	body := `{"object":"response","id":"resp_1","status":"completed","output":` + toolOutput + `,` + toolUsage + `}`
	for _, op := range []clouds.Operation{clouds.CreateResponse, clouds.GetResponse} {
		r := clouds.ReadReply(&clouds.Call{Op: op}, []byte(body))
		if d := cmp.Diff(toolTokens(), r.Tokens.Tokens); d != "" || !r.Usage {
			t.Errorf("%s: %s", op, d)
		}
	}
	e := clouds.ReadEvent(&clouds.Call{Op: clouds.CreateResponse}, []byte(`{"type":"response.completed","response":`+body+`}`), clouds.EventRules{})
	if d := cmp.Diff(toolTokens(), e.Tokens.Tokens); d != "" || !e.Usage {
		t.Error(d)
	}
	unfinished := strings.Replace(body, "completed", "in_progress", 1)
	if r := clouds.ReadReply(&clouds.Call{Op: clouds.GetResponse}, []byte(unfinished)); r.Usage {
		t.Errorf("%+v of a response that is not finished", r.Tokens)
	}
}

func TestAnEventShowsTheToolThatWasCalled(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]usage.Class{
		`{"type":"response.output_item.done","item":{"type":"web_search_call","action":{"type":"search"}}}`:       usage.WebSearches,
		`{"type":"response.output_item.done","item":{"type":"web_search_call","action":{"type":"find_in_page"}}}`: 0,
		`{"type":"response.output_item.done","item":{"type":"file_search_call"}}`:                                 usage.FileSearches,
		`{"type":"response.output_item.done","item":{"type":"code_interpreter_call","container_id":"c"}}`:         usage.Containers,
		`{"type":"response.output_item.done","item":{"type":"message"}}`:                                          0,
		`{"type":"response.output_item.added","item":{"type":"web_search_call"}}`:                                 0,
		`{"type":"response.output_item.done","item":null}`:                                                        0,
	} {
		if got := clouds.ReadEvent(&clouds.Call{Op: clouds.CreateResponse}, []byte(data), clouds.EventRules{}).Tool; got != want {
			t.Errorf("%s: %v, want %v", data, got, want)
		}
	}
	cut := usage.Tokens{usage.Input: 1}
	clouds.AddTools(&cut, &usage.Tokens{usage.WebSearches: 2, usage.Containers: 3})
	if d := cmp.Diff(usage.Tokens{usage.Input: 1, usage.WebSearches: 2, usage.Containers: 1}, cut); d != "" {
		t.Error(d)
	}
}

func TestToolsAreTheCloudsOwnOrTheClients(t *testing.T) {
	t.Parallel()
	for tools, want := range map[string][]clouds.ServerTool{
		`[{"type":"function","name":"f"},{"type":"custom"},{"type":"local_shell"},{"type":"shell","environment":{"type":"local"}}]`: nil,
		`[{"type":"web_search_preview"},{"type":"file_search"},{"type":"code_interpreter"}]`: {
			{Kind: "web_search_preview", Known: true, Billed: true}, {Kind: "file_search", Known: true, Billed: true}, {Kind: "code_interpreter", Known: true, Billed: true}},
		`[{"type":"mcp"}]`:              {{Kind: "mcp", Known: true}},
		`[{"type":"image_generation"}]`: {{Kind: "image_generation"}},
		`[{"type":"shell","environment":{"type":"container_auto"}},{"type":"shell"}]`:                   {{Kind: "shell"}, {Kind: "shell"}},
		`[{"type":"function","type":"image_generation"},{"type":"image_generation","type":"function"}]`: {{Kind: "image_generation"}, {Kind: "image_generation"}},
		`[{"type":"image_\u0067eneration"}]`:                                                            {{Kind: "image_generation"}},
		`[{"ty\u0070e":"image_generation"},{},7]`:                                                       {{Kind: "without a type"}, {Kind: "without a type"}},
		`null`:         nil,
		`"web_search"`: nil,
	} {
		var got []clouds.ServerTool
		scanned(t, clouds.CreateResponse, `{"tools":`+tools+`}`).ServerTools(func(s clouds.ServerTool) bool {
			got = append(got, s)
			return true
		})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", tools, d)
		}
	}
	for _, twice := range []string{`{"tools":[],"tools":[{"type":"image_generation"}]}`, `{"tools":[],"Tools":[{"type":"image_generation"}]}`} {
		if _, err := clouds.ScanRequest(clouds.CreateResponse, "", []byte(twice), nil); err == nil {
			t.Errorf("%s could be read in two ways", twice)
		}
	}
}
