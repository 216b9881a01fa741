package clouds_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"concord/clouds"
)

const chatBody = `{
  "model": "gpt-5.4",
  "messages": [{"role": "user", "content": "Say \"hello\" {\"model\":\"other\"} \u00e9"}],
  "stream": true, "stream_options": {"include_usage": true}, "max_completion_tokens": 100, "n": 2, "store": null
}`

var scanOnly = cmp.Options{cmpopts.IgnoreUnexported(clouds.Scan{}), cmpopts.IgnoreFields(clouds.Scan{}, "ModelAt", "Fields", "Nulls")}

func TestScanReadsWhatTheGatewayMustKnow(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body string
		want clouds.Scan
	}{
		"all members": {chatBody, clouds.Scan{Model: "gpt-5.4", Stream: true, IncludeUsage: true, MaxTokens: 100,
			MaxTokensName: "max_completion_tokens", Choices: 2}},
		"an empty object":             {`{}`, clouds.Scan{}},
		"nulls are as if not given":   {`{"stream":null,"n":null,"max_tokens":null,"stream_options":null}`, clouds.Scan{}},
		"one limit null, one given":   {`{"max_tokens":null,"max_completion_tokens":7}`, clouds.Scan{MaxTokens: 7, MaxTokensName: "max_completion_tokens"}},
		"escapes in the model's name": {`{"model":"gpt\u002d5\/\ud83d\ude00"}`, clouds.Scan{Model: "gpt-5/😀"}},
		"escapes in a key":            {`{"mod\u0065l":"a"}`, clouds.Scan{Model: "a"}},
		"nested members do not count": {`{"metadata":{"model":"x","stream":true},"model":"a"}`, clouds.Scan{Model: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := clouds.ScanRequest(clouds.CreateChat, "", []byte(row.body), nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(row.want, got, scanOnly); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestScanKnowsWhichMembersAreThere(t *testing.T) {
	t.Parallel()
	s, err := clouds.ScanRequest(clouds.CreateChat, "", []byte(chatBody), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := clouds.FieldModel | clouds.FieldMessages | clouds.FieldStream | clouds.FieldStreamOptions |
		clouds.FieldMaxCompletionTokens | clouds.FieldN | clouds.FieldStore
	if s.Fields != want || s.Nulls != clouds.FieldStore {
		t.Errorf("fields %b nulls %b", s.Fields, s.Nulls)
	}
	if got := chatBody[s.ModelAt[0]:s.ModelAt[1]]; got != `"gpt-5.4"` {
		t.Errorf("model stands at %q", got)
	}
}

func TestScanRefusesWhatCouldBeReadInTwoWays(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ body, param string }{
		"two models":                 {`{"model":"a","model":"b"}`, "model"},
		"two models, one escaped":    {`{"model":"a","\u006dodel":"b"}`, "model"},
		"a model in another case":    {`{"model":"a","Model":"b"}`, "Model"},
		"two streams":                {`{"stream":true,"stream":false}`, "stream"},
		"two usages":                 {`{"stream_options":{"include_usage":true,"include_usage":false}}`, "stream_options.include_usage"},
		"both limits":                {`{"max_tokens":1,"max_completion_tokens":2}`, "max_completion_tokens"},
		"a model that is no string":  {`{"model":7}`, "model"},
		"a stream that is a string":  {`{"stream":"true"}`, "stream"},
		"a stream that is a number":  {`{"stream":1}`, "stream"},
		"a limit with a fraction":    {`{"max_tokens":1.5}`, "max_tokens"},
		"a limit below zero":         {`{"max_tokens":-1}`, "max_tokens"},
		"a limit beyond reason":      {`{"max_tokens":99999999999999999999}`, "max_tokens"},
		"options that are no object": {`{"stream_options":[]}`, "stream_options"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := clouds.ScanRequest(clouds.CreateChat, "", []byte(row.body), nil)
			be, ok := errors.AsType[*clouds.BodyError](err)
			if !ok || be.Param != row.param {
				t.Errorf("got %v, want an error about %s", err, row.param)
			}
		})
	}
}

func TestScanNamesThePlaceOfBrokenJSON(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``:                                 "request body: it is empty, expected a JSON object at byte 0",
		`[]`:                               "request body: not valid JSON, or nested deeper than 512 levels at byte 0",
		`{"a":1`:                           "request body: not valid JSON: it ends too early at byte 6",
		`{"a":1,}`:                         `request body: not a valid JSON object: unexpected '}' at byte 7`,
		`{"a":01}`:                         `request body: not a valid JSON object: unexpected '1' at byte 6`,
		`{"a":1} x`:                        `request body: not a valid JSON object: unexpected 'x' at byte 8`,
		`{"a":"\x"}`:                       `request body: not a valid JSON object: unexpected 'x' at byte 7`,
		`{"a":` + strings.Repeat("[", 600): "request body: not valid JSON, or nested deeper than 512 levels at byte 517",
	} {
		_, err := clouds.ScanRequest(clouds.CreateChat, "", []byte(body), nil)
		if err == nil || err.Error() != want {
			t.Errorf("%.20q: %v, want %s", body, err, want)
		}
	}
}

func TestScanAllocatesNothingForAKnownModel(t *testing.T) {
	known, body := map[string]string{"gpt-5.4": "gpt-5.4"}, []byte(chatBody)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := clouds.ScanRequest(clouds.CreateChat, "", body, known); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// oracle is what encoding/json makes of a body.
type oracle struct {
	Model         *string `json:"model"`
	Stream        *bool   `json:"stream"`
	N             *int64  `json:"n"`
	MaxTokens     *int64  `json:"max_tokens"`
	MaxCompletion *int64  `json:"max_completion_tokens"`
	Options       *struct {
		IncludeUsage *bool `json:"include_usage"`
	} `json:"stream_options"`
}

func FuzzScanRequest(f *testing.F) {
	for _, s := range []string{chatBody, `{}`, `{"a":[{},[],[[1]],{"b":{}}]}`, `{"model":"\ud800x"}`, `[`, `{"n":1e3}`, `{"a":-0.5E+1}`,
		`{"stream_options":{"x":1}}`, " {\n}\t", `{"a":tru}`, `{"a":"` + strings.Repeat("é", 30) + "\x01\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := clouds.ScanRequest(clouds.CreateChat, "", body, nil)
		if err != nil {
			be, ok := errors.AsType[*clouds.BodyError](err)
			if !ok || be.Offset < 0 || be.Offset > len(body) {
				t.Fatalf("error without a place in the body: %v", err)
			}
			var any map[string]json.RawMessage
			if be.Param == "" && !strings.Contains(be.Reason, "deeper") && json.Unmarshal(body, &any) == nil && any != nil {
				t.Fatalf("refused what is valid: %v", err)
			}
			return
		}
		var want oracle
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if want.Model != nil && *want.Model != s.Model && utf8.Valid(body) || want.Stream != nil && *want.Stream != s.Stream ||
			want.N != nil && *want.N != s.Choices || want.MaxTokens != nil && *want.MaxTokens != s.MaxTokens ||
			want.MaxCompletion != nil && *want.MaxCompletion != s.MaxTokens {
			t.Fatalf("read %+v, encoding/json %+v", s, want)
		}
		if want.Options != nil && want.Options.IncludeUsage != nil && *want.Options.IncludeUsage != s.IncludeUsage {
			t.Fatalf("include_usage read as %v", s.IncludeUsage)
		}
	})
}
