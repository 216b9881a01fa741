package clouds_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/usage"
)

// recorded is one real answer.
type recorded struct {
	Body    string
	Code    int
	Headers http.Header
}

func cassette(t testing.TB, name string) recorded {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "cassettes", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Interactions []struct{ Response recorded }
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Interactions[0].Response
}

func reported(counts map[usage.Class]int64) usage.Usage {
	u := usage.Usage{Evidence: usage.Reported}
	for c, n := range counts {
		u.Tokens[c] = n
	}
	return u
}

func TestUsageOfRecordedAnswersIsDisjoint(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]map[usage.Class]int64{
		"azure-chat-basic":    {usage.Input: 8, usage.Output: 79, usage.Reasoning: 192},
		"chat-basic":          {usage.Input: 8, usage.Output: 377 - 320, usage.Reasoning: 320},
		"chat-reasoning":      {usage.Input: 27, usage.Output: 75, usage.Reasoning: 192},
		"chat-text-to-audio":  {usage.Input: 22, usage.Output: 6, usage.OutputAudio: 12},
		"chat-audio-to-text":  {usage.Input: 27, usage.InputAudio: 1, usage.Output: 17},
		"chat-tools":          nil,
		"chat-parallel-tools": nil,
	} {
		r := clouds.ReadReply(chat, []byte(cassette(t, name).Body))
		if r.Error || !r.Usage {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		if want == nil { // checked by the sum alone
			continue
		}
		if d := cmp.Diff(reported(want), r.Tokens); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestUsagePartsNeverExceedTheWhole(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		usage string
		want  map[usage.Class]int64
	}{
		"all classes": {`{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":20,"audio_tokens":10,"image_tokens":5},"completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":5,"accepted_prediction_tokens":3,"rejected_prediction_tokens":4}}`,
			map[usage.Class]int64{usage.CacheRead: 40, usage.CacheWrite: 20, usage.InputAudio: 10, usage.InputImage: 5, usage.Input: 25,
				usage.Reasoning: 30, usage.OutputAudio: 5, usage.Rejected: 4, usage.Output: 11}},
		"parts that overlap": {`{"prompt_tokens":100,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":80,"audio_tokens":60}}`,
			map[usage.Class]int64{usage.CacheRead: 80, usage.InputAudio: 20}},
		"parts above the whole": {`{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":9},"completion_tokens_details":{"reasoning_tokens":9}}`,
			map[usage.Class]int64{usage.CacheRead: 1, usage.Reasoning: 2}},
		"names of the responses API": {`{"input_tokens":10,"output_tokens":4,"input_tokens_details":{"cached_tokens":3},"output_tokens_details":{"reasoning_tokens":1}}`,
			map[usage.Class]int64{usage.CacheRead: 3, usage.Input: 7, usage.Reasoning: 1, usage.Output: 3}},
		"nulls": {`{"prompt_tokens":3,"completion_tokens":1,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}`,
			map[usage.Class]int64{usage.Input: 3, usage.Output: 1}},
	} {
		got, ok := clouds.ReadUsage(chat, []byte(`{"choices":[{}],"usage":`+row.usage+`}`))
		if d := cmp.Diff(reported(row.want), got); !ok || d != "" {
			t.Errorf("%s: %v %s", name, ok, d)
		}
	}
	for name, broken := range map[string]string{"negative": `{"prompt_tokens":-1,"completion_tokens":1}`, "text": `{"prompt_tokens":"3"}`,
		"empty": `{}`, "beyond belief": `{"prompt_tokens":99999999999999,"completion_tokens":1}`} {
		if got, ok := clouds.ReadUsage(chat, []byte(`{"choices":[{}],"usage":`+broken+`}`)); ok {
			t.Errorf("%s usage is taken for %+v", name, got)
		}
	}
}

func TestTheTierOfTheAnswerIsReported(t *testing.T) {
	t.Parallel()
	for tier, want := range map[string]usage.Tier{"default": usage.Standard, "auto": usage.Standard, "flex": usage.Flex, "priority": usage.Priority, "fast": usage.Priority, "batch": usage.Batch} {
		got, _ := clouds.ReadUsage(chat, []byte(`{"service_tier":"`+tier+`","choices":[{}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`))
		if got.Tier != want {
			t.Errorf("%s is tier %d", tier, got.Tier)
		}
	}
}

func TestEventsSayWhatAStreamCarries(t *testing.T) {
	t.Parallel()
	choice := func(s string) string { return `{"id":"x","choices":[` + s + `]}` }
	azure := clouds.EventRules{DropEmpty: true}
	one := reported(map[usage.Class]int64{usage.Input: 1, usage.Output: 2})
	for name, row := range map[string]struct {
		data  string
		rules clouds.EventRules
		want  clouds.Event
	}{
		"the role":                {data: choice(`{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}`)},
		"text":                    {data: choice(`{"delta":{"content":"a"}}`), want: clouds.Event{Content: true, Text: 1}},
		"text of a second choice": {data: choice(`{"index":0,"delta":{}},{"index":1,"delta":{"content":"a"}}`), want: clouds.Event{Content: true, Text: 1}},
		"reasoning_content":       {data: choice(`{"delta":{"reasoning_content":"a","content":null}}`), want: clouds.Event{Content: true, Text: 1}},
		"reasoning":               {data: choice(`{"delta":{"reasoning":"a"}}`), want: clouds.Event{Content: true, Text: 1}},
		"refusal":                 {data: choice(`{"delta":{"refusal":"I"}}`), want: clouds.Event{Content: true, Text: 1}},
		"a tool call":             {data: choice(`{"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}}]}}`), want: clouds.Event{Content: true, Text: 1}},
		"no tool calls":           {data: choice(`{"delta":{"tool_calls":[ ],"audio":{},"function_call":null}}`)},
		"audio":                   {data: choice(`{"delta":{"audio":{"id":"a"}}}`), want: clouds.Event{Content: true}},
		"the end":                 {data: choice(`{"delta":{},"finish_reason":"stop"}`), want: clouds.Event{Finish: true}},
		"text and the end":        {data: choice(`{"delta":{"content":"a"},"finish_reason":"length"}`), want: clouds.Event{Content: true, Finish: true, Text: 1}},
		"usage":                   {data: `{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}`, want: clouds.Event{Usage: true, UsageOnly: true, Tokens: one}},
		"usage with the end":      {data: `{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`, want: clouds.Event{Finish: true, Usage: true, Tokens: one}},
		"usage null":              {data: `{"choices":[{"delta":{"content":"a"}}],"usage":null}`, want: clouds.Event{Content: true, Text: 1}},
		"DONE":                    {data: "[DONE]", want: clouds.Event{Done: true}},
		"an error":                {data: `{"error":{"message":"m","type":"server_error"}}`, want: clouds.Event{Error: true}},
		"an error null":           {data: `{"error":null,"choices":[{"delta":{"content":"a"}}]}`, want: clouds.Event{Content: true, Text: 1}},
		"Amazon's error":          {data: `{"message":"ThrottlingException"}`, want: clouds.Event{Error: true}},
		"Google's error":          {data: `[{"error":{"code":503}}]`, want: clouds.Event{Error: true}},
		"half a chunk":            {data: `{"choices":[{"delta":{"content":"a`, want: clouds.Event{Error: true}},
		"nothing":                 {data: " ", want: clouds.Event{Drop: true}},
		"Azure's first chunk":     {data: `{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}`, rules: azure, want: clouds.Event{Drop: true}},
		"Azure's filter chunk":    {data: `{"id":"","choices":[{"index":0,"finish_reason":null,"content_filter_results":{},"content_filter_offsets":{"check_offset":1}}]}`, rules: azure, want: clouds.Event{Drop: true}},
		"Azure's text":            {data: choice(`{"delta":{"content":"a"},"content_filter_results":{}}`), rules: azure, want: clouds.Event{Content: true, Text: 1}},
		"Azure's cut":             {data: choice(`{"delta":{},"finish_reason":"content_filter"}`), rules: azure, want: clouds.Event{Finish: true}},
		"Azure's error":           {data: `{"error":{"code":"429"}}`, rules: azure, want: clouds.Event{Error: true}},
	} {
		got := clouds.ReadEvent(chat, []byte(row.data), row.rules)
		got.Said, got.Scattered = nil, false // text_test.go
		if d := cmp.Diff(row.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestRecordedStreamsAreRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		text  string
		usage usage.Usage
	}{
		"completion-streaming":          {"", usage.Usage{}},
		"completion-streaming-usage":    {"", reported(map[usage.Class]int64{usage.Input: 31, usage.Output: 25})},
		"chat-streaming-detailed-usage": {"", reported(map[usage.Class]int64{usage.Input: 12, usage.Reasoning: 100})},
		"chat-streaming":                {"", usage.Usage{}},
		"chat-streaming-web-search":     {"The URL", usage.Usage{}},
	} {
		of := chat
		if strings.HasPrefix(name, "completion") {
			of = call(clouds.CreateCompletion)
		}
		s := clouds.NewSplitter(strings.NewReader(cassette(t, name).Body), nil)
		var got usage.Usage
		content, finished, done := 0, false, false
		for {
			f, err := s.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			e := clouds.ReadEvent(of, f.Data, clouds.EventRules{})
			if e.Error || e.Drop {
				t.Errorf("%s: %s is %+v", name, f.Data, e)
			}
			if e.Content {
				content++
			}
			if e.Usage {
				got = e.Tokens
			}
			finished, done = finished || e.Finish, done || e.Done
		}
		if d := cmp.Diff(want.usage, got); d != "" || !finished || !done || (content > 0) != (name != "chat-streaming-detailed-usage") {
			t.Errorf("%s: content %d, finished %v, done %v %s", name, content, finished, done, d)
		}
	}
}

func TestReadingAnEventAllocatesNothing(t *testing.T) {
	data := []byte(sampleChunk)
	if n := testing.AllocsPerRun(100, func() { clouds.ReadEvent(chat, data, clouds.EventRules{}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

const sampleChunk = `{"id":"chatcmpl-C4Hq5a6K3RaPMymUv70btQNYv6SvY","object":"chat.completion.chunk","created":1755137921,"model":"gpt-5-nano-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}],"usage":null,"obfuscation":"IPio8PDeczEmdPr"}`

func FuzzReadEvent(f *testing.F) {
	f.Add([]byte(sampleChunk))
	f.Add([]byte(`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1}}}`))
	f.Add([]byte(`{"error":{"message":"m"}}`))
	f.Add([]byte(`{"type":"response.completed","response":{"id":"r","status":"completed","usage":{"input_tokens":1}}}`))
	f.Add([]byte(`{"type":"transcript.text.done","usage":{"type":"duration","seconds":1.5}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, rules := range []clouds.EventRules{{}, {DropEmpty: true}} {
			e := clouds.ReadEvent(chat, data, rules)
			if e.Error && (e.Content || e.Finish || e.Usage || e.Drop) || e.Done && string(data) != "[DONE]" || e.UsageOnly && !e.Usage {
				t.Fatalf("%+v contradicts itself", e)
			}
			for _, n := range e.Tokens.Tokens {
				if n < 0 {
					t.Fatalf("%+v", e.Tokens)
				}
			}
		}
		for op := clouds.CreateChat; op.Valid(); op++ {
			e := clouds.ReadEvent(call(op), data, clouds.EventRules{})
			if class, negative := e.Tokens.Tokens.Negative(); negative || e.Text < 0 || e.Text > len(data) || len(e.Object) > len(data) {
				t.Fatalf("%s: %s is negative, or %d bytes of text", op, class, e.Text)
			}
		}
		clouds.ReadReply(chat, data)
		clouds.ReadError(data)
	})
}
