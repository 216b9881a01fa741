package bedrock_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"concord/clouds"
	"concord/clouds/bedrock"
)

// conversing is a target that is reached through Converse.
func conversing(t testing.TB, model string) *clouds.Target {
	return &clouds.Target{Cloud: "aws", Model: model, Base: mustURL(t, "https://bedrock-runtime.us-east-1.amazonaws.com"), Protocol: clouds.ByConverse}
}

// mapped is the body that goes upstream, or why none does.
func mapped(t testing.TB, model, body string) string {
	t.Helper()
	s, err := clouds.ScanRequest(clouds.CreateChat, "", []byte(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := bedrock.New().Prepare(conversing(t, model), &clouds.Call{Op: clouds.CreateChat, Path: "/chat/completions", Header: http.Header{}, Body: []byte(body), Scan: s})
	if err != nil {
		return err.Error()
	}
	return string(x.Body)
}

// TestAChatCompletionBecomesAConversation goes by testdata/converse.txtar: of each case the chat completion, and Amazon's form of it.
func TestAChatCompletionBecomesAConversation(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/converse.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(archive.Files); i += 2 {
		asked, want := archive.Files[i], archive.Files[i+1]
		if want.Name != "becomes" {
			t.Fatalf("after %q stands %q", asked.Name, want.Name)
		}
		model, name, _ := strings.Cut(asked.Name, ": ")
		t.Run(name, func(t *testing.T) {
			got := mapped(t, map[string]string{"oss": "openai.gpt-oss-120b-1:0", "sol": "us.openai.gpt-6-sol"}[model], string(asked.Data))
			var flat bytes.Buffer
			if err := json.Compact(&flat, want.Data); err != nil { // a reason in words
				flat.Reset()
				flat.Write(bytes.TrimSpace(want.Data))
			}
			if d := cmp.Diff(flat.String(), got); d != "" {
				t.Error(d)
			}
		})
	}
}

// whole transcodes an answer of Converse.
func whole(t testing.TB, status int, body string) string {
	t.Helper()
	at := bedrock.NewAt(func() time.Time { return time.Unix(7, 0) })
	r, kind := at.Transcode(conversing(t, "m"), &clouds.Call{ID: "req_1"}, status, http.Header{"Content-Type": {"application/json"}}, strings.NewReader(body))
	if r == nil {
		return body
	}
	out, err := io.ReadAll(r)
	if err != nil || kind != "application/json" {
		t.Fatalf("%s: %v", kind, err)
	}
	return string(out)
}

func TestAnAnswerOfConverseBecomesAChatCompletion(t *testing.T) {
	t.Parallel()
	const head = `{"id":"chatcmpl-req_1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{"role":"assistant",`
	const tail = `,"refusal":null},"logprobs":null,"finish_reason":"%s"}]`
	ends := func(reason string) string { return fmt.Sprintf(tail, reason) }
	for name, row := range map[string]struct{ body, want string }{
		"text, with what was cached": {`{"output":{"message":{"role":"assistant","content":[{"text":"a \"b\""}]}},"stopReason":"end_turn",` +
			`"usage":{"inputTokens":5,"outputTokens":3,"totalTokens":10,"cacheReadInputTokens":2,"cacheWriteInputTokens":1}}`,
			head + `"content":"a \"b\""` + ends("stop") + `,"usage":{"prompt_tokens":8,"completion_tokens":3,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":1}}}`},
		"reasoning": {`{"output":{"message":{"content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},{"text":"a"}]}},"stopReason":"max_tokens"}`,
			head + `"content":"a","reasoning_content":"hm"` + ends("length") + `}`},
		"calls of tools": {`{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t1","name":"f","input":{"a":1}}},{"toolUse":{"toolUseId":"t2","name":"g","input":{}}}]}},"stopReason":"tool_use","serviceTier":{"type":"flex"}}`,
			head + `"content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}]` +
				ends("tool_calls") + `,"service_tier":"flex"}`},
		"filtered": {`{"output":{"message":{"content":[]}},"stopReason":"guardrail_intervened"}`, head + `"content":""` + ends("content_filter") + `}`},
		"malformed": {`{"output":{"message":{"content":[]}},"stopReason":"malformed_tool_use"}`,
			`{"error":{"message":"The model's answer was malformed: malformed_tool_use","type":"ModelErrorException","param":null,"code":null}}`},
		"no answer": {`{"message":"broken"}`, `{"message":"broken"}`},
	} {
		if d := cmp.Diff(row.want, whole(t, http.StatusOK, row.body)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if got := whole(t, http.StatusBadRequest, `{"message":"x"}`); got != `{"message":"x"}` {
		t.Errorf("an error was changed: %s", got)
	}
}

// said is an event of ConverseStream.
func said(t testing.TB, kind, payload string) []byte {
	t.Helper()
	return message(t, payload, ":message-type", "event", ":event-type", kind, ":content-type", "application/json")
}

func TestEventsOfConverseBecomeChunks(t *testing.T) {
	t.Parallel()
	chunk := func(delta, finish string) string {
		return `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{` + delta + `},"logprobs":null,"finish_reason":` + finish + "}]}\n\n"
	}
	var stream []byte
	for _, e := range [...][2]string{
		{"messageStart", `{"role":"assistant"}`},
		{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"zz"}}}`},
		{"contentBlockStop", `{"contentBlockIndex":0}`},
		{"contentBlockDelta", `{"contentBlockIndex":1,"delta":{"text":"a\nb"}}`},
		{"contentBlockStop", `{"contentBlockIndex":1}`},
		{"contentBlockStart", `{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"f"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"a\":"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex":2,"delta":{"toolUse":{"input":"1}"}}}`},
		{"contentBlockStart", `{"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"t2","name":"g"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex":3,"delta":{"toolUse":{"input":"{}"}}}`},
		{"messageStop", `{"stopReason":"tool_use"}`},
		{"metadata", `{"usage":{"inputTokens":5,"outputTokens":3,"cacheReadInputTokens":2},"metrics":{"latencyMs":1},"serviceTier":{"type":"priority"}}`},
	} {
		stream = append(stream, said(t, e[0], e[1])...)
	}
	want := chunk(`"role":"assistant","content":""`, "null") + chunk(`"reasoning_content":"hm"`, "null") + chunk(`"content":"a\nb"`, "null") +
		chunk(`"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]`, "null") +
		chunk(`"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]`, "null") + chunk(`"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]`, "null") +
		chunk(`"tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"g","arguments":""}}]`, "null") +
		chunk(`"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]`, "null") + chunk("", `"tool_calls"`) +
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":[],"service_tier":"priority","usage":` +
		`{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":0}}}` + "\n\ndata: [DONE]\n\n"
	got, err := transcode(stream)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	begun := append(said(t, "messageStart", `{"role":"assistant"}`), said(t, "contentBlockDelta", `{"delta":{"text":"a"}}`)...)
	if got, err = transcode(begun); err != nil || strings.Contains(got, "[DONE]") {
		t.Errorf("a stream without an end has one: %v %s", err, got)
	}
	failed := append(begun, message(t, `{"message":"slow down"}`, ":message-type", "exception", ":exception-type", "throttlingException")...)
	if got, _ = transcode(failed); !strings.HasSuffix(got, `data: {"error":{"message":"slow down","type":"ThrottlingException","param":null,"code":null}}`+"\n\n") {
		t.Errorf("an exception after content: %s", got)
	}
	if got, _ = transcode(append(begun, said(t, "messageStop", `{"stopReason":"malformed_tool_use"}`)...)); strings.Contains(got, "[DONE]") || !strings.Contains(got, `"error"`) {
		t.Errorf("an answer that is of no use ends well: %s", got)
	}
}

func TestConverseHasChatCompletionsAlone(t *testing.T) {
	t.Parallel()
	mantle := conversing(t, "openai.gpt-6-sol")
	mantle.Plane = clouds.Mantle
	for _, row := range []struct {
		op   clouds.Operation
		to   *clouds.Target
		want string
	}{
		{clouds.CreateResponse, conversing(t, "us.openai.gpt-6-sol"), "aws: only chat completions through converse"},
		{clouds.CreateChat, mantle, "aws: neither InvokeModel nor Converse on this plane"},
	} {
		s, err := clouds.ScanRequest(row.op, "", []byte(`{"model":"m"}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = bedrock.New().Prepare(row.to, &clouds.Call{Op: row.op, Path: row.op.Path(""), Header: http.Header{}, Body: []byte(`{"model":"m"}`), Scan: s})
		if _, ok := errors.AsType[*clouds.UnsupportedError](err); !ok || err.Error() != row.want {
			t.Errorf("got %v, want %s", err, row.want)
		}
	}
}

// FuzzConverse holds the mapping to its rules: the same body comes to the same end, what is sent is JSON in which every turn says
// something and the sides take turns, and the client's own bytes are not changed.
func FuzzConverse(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/converse.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for i := 0; i < len(archive.Files); i += 2 {
		f.Add(archive.Files[i].Data)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := clouds.ScanRequest(clouds.CreateChat, "", body, nil)
		if err != nil {
			return
		}
		before := bytes.Clone(body)
		call := &clouds.Call{Op: clouds.CreateChat, Path: "/chat/completions", Header: http.Header{}, Body: body, Scan: s}
		x, err := bedrock.New().Prepare(conversing(t, "us.openai.gpt-6-sol"), call)
		if !bytes.Equal(before, body) {
			t.Fatal("a body was changed in place")
		}
		again, repeated := bedrock.New().Prepare(conversing(t, "us.openai.gpt-6-sol"), call)
		if err != nil {
			if _, ok := errors.AsType[*clouds.UnsupportedError](err); !ok || repeated == nil || repeated.Error() != err.Error() {
				t.Fatalf("%v, and then %v", err, repeated)
			}
			return
		}
		if repeated != nil || !bytes.Equal(x.Body, again.Body) {
			t.Fatalf("%s\nand then\n%s", x.Body, again.Body)
		}
		var sent struct {
			Messages []struct {
				Role    string
				Content []map[string]json.RawMessage
			}
		}
		if err := json.Unmarshal(x.Body, &sent); err != nil || sent.Messages == nil {
			t.Fatalf("%v: %s", err, x.Body)
		}
		for i, m := range sent.Messages {
			if len(m.Content) == 0 || (m.Role == "user") != (i%2 == 0) {
				t.Fatalf("message %d: %s", i, x.Body)
			}
			for _, b := range m.Content {
				if len(b) != 1 {
					t.Fatalf("a block of several kinds: %s", x.Body)
				}
			}
		}
	})
}
