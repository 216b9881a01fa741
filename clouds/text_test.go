package clouds_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
)

func TestTheTextOfAnEventIsPointedAtOrGathered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op   clouds.Operation
		data string
		want string
	}{
		"a delta":            {clouds.CreateChat, `{"choices":[{"index":0,"delta":{"content":"say \"hi\""}}]}`, `say \"hi\"`},
		"reasoning":          {clouds.CreateChat, `{"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}]}`, "hm"},
		"two texts":          {clouds.CreateChat, `{"choices":[{"delta":{"reasoning":"a","content":"b"}},{"delta":{"content":"c"}}]}`, "abc"},
		"a call":             {clouds.CreateChat, `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}]}`, "f{}"},
		"an older call":      {clouds.CreateChat, `{"choices":[{"delta":{"content":"","function_call":{"name":"f","arguments":"1"}}}]}`, "f1"},
		"a completion":       {clouds.CreateCompletion, `{"choices":[{"text":"a b"}]}`, "a b"},
		"a response's delta": {clouds.CreateResponse, `{"type":"response.output_text.delta","delta":"a b"}`, "a b"},
		"nothing":            {clouds.CreateChat, `{"choices":[],"usage":{"prompt_tokens":1}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := &clouds.Call{Op: c.op}
			e := clouds.ReadEvent(call, []byte(c.data), clouds.EventRules{})
			got := string(e.Said)
			if e.Scattered {
				got = string(clouds.AppendText(nil, call, []byte(c.data)))
			}
			if got != c.want || e.Text != len(c.want) {
				t.Errorf("%q of %d bytes, want %q", got, e.Text, c.want)
			}
		})
	}
}

func TestTheTextOfAWholeAnswerIsWhatItsSizeCounts(t *testing.T) {
	t.Parallel()
	for body, op := range map[string]clouds.Operation{
		`{"choices":[{"message":{"role":"assistant","content":"a","refusal":null,"tool_calls":[{"id":"x","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}`: clouds.CreateChat,
		`{"choices":[{"text":"one two","logprobs":null}]}`: clouds.CreateCompletion,
		`{"object":"response","output":[{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"one","annotations":[]}]},{"type":"reasoning","summary":[{"text":"s"}]}]}`: clouds.CreateResponse,
	} {
		call := &clouds.Call{Op: op}
		text := clouds.AppendText(nil, call, []byte(body))
		if want := clouds.ReadReply(call, []byte(body)).Text; len(text) != want || want == 0 {
			t.Errorf("%q of %s, whose text is %d bytes", text, body, want)
		}
	}
}

func TestAPromptIsItsStringsWithoutKeysAndPictures(t *testing.T) {
	t.Parallel()
	text, whole := clouds.AppendStrings(nil, []byte(`{"model":"m","stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"h\u00e9llo"},
		{"type":"image_url","image_url":{"url":"https://x"}}]}]}`), 1000)
	if diff := cmp.Diff("user\ntext\nhéllo\nimage_url\nhttps://x\n", string(text)); diff != "" || !whole {
		t.Error(whole, diff)
	}
	for name, c := range map[string]struct{ body, want string }{
		"a picture": {`{"input":"hi","x":{"url":"data:image/png;base64,AAAA"}}`, "hi\n"},
		"sound":     {`{"input":"hi","input_audio":{"data":"AAAA"}}`, "hi\n"},
		"too long":  {`{"input":"hi","more":"` + strings.Repeat("x", 1000) + `"}`, ""},
	} {
		if text, whole := clouds.AppendStrings(nil, []byte(c.body), 100); string(text) != c.want || whole {
			t.Errorf("%s: %q %v", name, text, whole)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add(uint8(clouds.CreateChat), []byte(`{"choices":[{"delta":{"content":"\ud83d\ude00","tool_calls":[{"function":{"arguments":"\""}}]}}]}`))
	f.Add(uint8(clouds.CreateResponse), []byte(`{"output":[{"content":[{"text":"x"}]}]}`))
	f.Fuzz(func(t *testing.T, op uint8, data []byte) {
		call := &clouds.Call{Op: clouds.Operation(op)}
		if !call.Op.Valid() {
			return
		}
		text := clouds.AppendText(nil, call, data)
		if len(text) > len(data) {
			t.Fatalf("%d bytes of text in %d", len(text), len(data))
		}
		before := len(text)
		if got := clouds.Unescape(text); len(got) > before {
			t.Fatalf("%d bytes came of %d", len(got), before)
		}
		strings, _ := clouds.AppendStrings(nil, data, 1<<10)
		if len(strings) > 2<<10 {
			t.Fatalf("%d bytes beyond the limit", len(strings))
		}
		if utf8.Valid(data) && json.Valid(data) && !utf8.Valid(strings) {
			t.Fatalf("%q is no text", strings)
		}
	})
}
