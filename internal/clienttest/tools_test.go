package clienttest_test

import (
	"net/http"
	"testing"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

func TestCallsOfToolsAreChargedAndPostedAsTheCloudsCountThem(t *testing.T) {
	t.Parallel()
	const list, cost = "    seller: openai # on every cloud: its own price list\n", `from: 2023-01-01, input: "0.80"`
	w := newWorldOf(t, quick, []string{list, list + "    web_searches: \"0.01\"\n    file_searches: \"0.0025\"\n    containers: \"0.03\"\n",
		cost, cost + `, web_searches: "0.004", file_searches: "0.001", containers: "0.01"`}, "--speed", "20")
	asked := map[string]bool{}
	client := w.official("OpenAI", func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		resp, err := next(r)
		if err == nil {
			asked[resp.Header.Get("X-Concord-Request-Id")] = true
		}
		return resp, err
	})
	params := response("gpt-5.4")
	params.Input.OfString = openai.String("go [search 2 calls] [files 1 calls] [code 3 calls] [reply 4 tokens]")
	params.Tools = []responses.ToolUnionParam{
		{OfWebSearch: &responses.WebSearchToolParam{Type: responses.WebSearchToolTypeWebSearch}},
		{OfFileSearch: &responses.FileSearchToolParam{VectorStoreIDs: []string{"vs_1"}}},
		{OfCodeInterpreter: &responses.ToolCodeInterpreterParam{Container: responses.ToolCodeInterpreterContainerUnionParam{OfString: openai.String("cntr_1")}}},
	}
	for _, cloud := range []string{"azure", "openai"} {
		w.only(cloud)
		if !soon(func() bool { _, err := client.Responses.New(t.Context(), params); return err == nil }) {
			t.Fatalf("%s did not answer", cloud)
		}
		stream := client.Responses.NewStreaming(t.Context(), params)
		for stream.Next() {
			continue
		}
		if err := stream.Err(); err != nil {
			t.Fatal(err)
		}
	}
	records, books, answered := w.records(), w.books(), 0
	for i := range records {
		r := &records[i]
		if r.Outcome != "answered" || !asked[r.Request] {
			continue
		}
		answered++
		for _, l := range worked(books[r.Request]) {
			if l.Status != http.StatusOK {
				continue
			}
			if r.Usage["web_searches"] != l.WebSearches || r.Usage["file_searches"] != l.FileSearches || r.Usage["containers"] != l.Containers || l.WebSearches != 2 {
				t.Errorf("recorded %v, %s wrote down %+v", r.Usage, r.Cloud, l)
			}
		}
		if len(r.Unpriced) != 0 {
			t.Errorf("without a price: %v", r.Unpriced)
		}
	}
	if answered != 4 {
		t.Errorf("%d answers were recorded", answered)
	}
}
