package emulator_test

import (
	"strings"
	"testing"

	"concord/clouds/cloudtest"
	"concord/clouds/emulator"
)

const withTools = `"tools":[{"type":"web_search"},{"type":"file_search","vector_store_ids":["vs_1"]},{"type":"code_interpreter","container":{"type":"auto"}},{"type":"function","name":"f","parameters":{},"strict":false}]`

func TestToolsOfTheCloudAreShownAndBilledByTheCall(t *testing.T) {
	t.Parallel()
	document := cloudtest.LoadDocument(t, "testdata/openapi.json.gz")
	prices, err := emulator.ParsePrices(strings.NewReader("model,region,tier,class,above,per,price\n" +
		"gpt-5.4,,,web-search,,1000,10\ngpt-5.4,,,file-search,,1000,2.5\ngpt-5.4,,,container,,,0.03\n"))
	if err != nil {
		t.Fatal(err)
	}
	var book []emulator.Served
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything, Observe: func(served emulator.Served) { book = append(book, served) }})
	const ask = `{"model":"gpt-5.4","input":"go [search 2 calls] [files 1 calls] [code 3 calls] [reply 1 tokens] [reasoning 2 tokens]",` + withTools
	_, _, whole := post(t, s.URL+"/v1/responses", "Authorization: Bearer "+key, ask+"}")
	document.Holds(t, "Response", whole)
	if n := strings.Count(whole, `"type":"web_search_call"`); n != 3 || !strings.Contains(whole, `"open_page"`) {
		t.Errorf("%d items of web searches, one of which opens a page: %s", n, whole)
	}
	_, _, stream := post(t, s.URL+"/v1/responses", "Authorization: Bearer "+key, ask+`,"stream":true}`)
	for line := range strings.Lines(stream) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			document.Holds(t, "ResponseStreamEvent", data)
		}
	}
	if len(book) != 2 {
		t.Fatalf("%d lines", len(book))
	}
	for _, served := range book {
		if u := served.Usage; u.WebSearches != 2 || u.FileSearches != 1 || u.Containers != 1 {
			t.Errorf("billed %+v", u)
		}
		if _, total := prices.Charges(&served); total != "0.0525" { // 2 x 0.01 + 0.0025 + 0.03
			t.Errorf("comes to %s", total)
		}
	}
}

func TestToolsOfTheCloudThatCannotRunAreRefused(t *testing.T) {
	t.Parallel()
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything})
	_, runtime := serve(t, emulator.Config{Cloud: "aws", Models: everything})
	for _, row := range []struct{ url, tools, says string }{
		{s.URL + "/v1", `[{"type":"telepathy"}]`, "Invalid value: 'telepathy'"},
		{s.URL + "/v1", `[{"type":"file_search"}]`, "tools[0].vector_store_ids"},
		{s.URL + "/v1", `[{"type":"code_interpreter"}]`, "tools[0].container"},
		{runtime.URL + "/openai/v1", `[{"type":"web_search"}]`, "tools that run on the server"},
	} {
		status, _, body := post(t, row.url+"/responses", "Authorization: Bearer "+key, `{"model":"gpt-5.4","input":"a","tools":`+row.tools+`}`)
		if status != 400 || !strings.Contains(body, row.says) {
			t.Errorf("%s: %d %s", row.tools, status, body)
		}
	}
	_, _, body := post(t, s.URL+"/v1/responses", "Authorization: Bearer "+key, `{"model":"gpt-5.4","input":"a [reply 1 tokens]","tools":[{"type":"web_search"}],"tool_choice":{"type":"web_search"}}`)
	if !strings.Contains(body, `"web_search_call"`) {
		t.Errorf("a tool that must be called was not: %s", body)
	}
}
