package clouds_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
)

func TestOperationsAreFoundByMethodAndPath(t *testing.T) {
	t.Parallel()
	type found struct {
		Op      clouds.Operation
		ID      string
		Allowed bool
	}
	for request, want := range map[string]found{
		"POST /chat/completions":              {clouds.CreateChat, "", true},
		"GET /chat/completions":               {clouds.CreateChat, "", false},
		"POST /responses":                     {clouds.CreateResponse, "", true},
		"GET /responses/resp_1":               {clouds.GetResponse, "resp_1", true},
		"DELETE /responses/resp_1":            {clouds.DeleteResponse, "resp_1", true},
		"POST /responses/resp_1/cancel":       {clouds.CancelResponse, "resp_1", true},
		"GET /responses/resp_1/input_items":   {clouds.ListInputItems, "resp_1", true},
		"DELETE /responses/r/input_items":     {clouds.ListInputItems, "r", false},
		"POST /audio/transcriptions":          {clouds.CreateTranscription, "", true},
		"POST /moderations":                   {clouds.CreateModeration, "", true},
		"GET /responses/":                     {},
		"GET /responses/../keys":              {},
		"GET /responses/..":                   {},
		"GET /responses/a%2fb":                {},
		"POST /responses/compact/x":           {},
		"POST /files":                         {},
		"POST /chat/completions/":             {},
		"GET /responses/" + "a" + longID(300): {},
	} {
		method, path, _ := strings.Cut(request, " ")
		op, id, allowed := clouds.OperationOf(method, path)
		if d := cmp.Diff(want, found{op, id, allowed}); d != "" {
			t.Errorf("%s: %s", request, d)
		}
		if allowed && (op.Method() != method || op.Path(id) != path || op.API() == "" || op.String() == "") {
			t.Errorf("%s: %s %s, %q, %q", request, op.Method(), op.Path(id), op.API(), op)
		}
	}
}

func longID(n int) string { return strings.Repeat("x", n) }

func TestEverySurfaceIsScannedForWhatItMeters(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		op   clouds.Operation
		body string
		want clouds.Scan // what is compared of it
	}{
		"a response": {clouds.CreateResponse, `{"model":"m","input":"hi","max_output_tokens":9,"stream":true}`,
			clouds.Scan{Stream: true, MaxTokens: 9, MaxTokensName: "max_output_tokens", Store: true}},
		"a response that goes on": {clouds.CreateResponse, `{"model":"m","previous_response_id":"resp_\u0061","store":false,"background":true}`,
			clouds.Scan{Previous: "resp_a", Background: true}},
		"nulls": {clouds.CreateResponse, `{"model":"m","previous_response_id":null,"store":null,"background":null,"max_output_tokens":null}`,
			clouds.Scan{Store: true}},
		"chat is not kept":           {clouds.CreateChat, `{"model":"m","max_output_tokens":"of no meaning"}`, clouds.Scan{}},
		"chat that is kept":          {clouds.CreateChat, `{"model":"m","store":true}`, clouds.Scan{Store: true}},
		"completions":                {clouds.CreateCompletion, `{"model":"m","n":2,"best_of":3,"max_tokens":5}`, clouds.Scan{Choices: 2, BestOf: 3, MaxTokens: 5, MaxTokensName: "max_tokens"}},
		"pictures":                   {clouds.GenerateImage, `{"model":"m","n":4,"response_format":"url","background":"transparent"}`, clouds.Scan{Choices: 4, Format: "url"}},
		"speech":                     {clouds.CreateSpeech, `{"model":"m","input":"a\u00e4\ud83d\ude00\n\"b","response_format":"mp3"}`, clouds.Scan{Characters: 6, Format: "mp3"}},
		"speech as events":           {clouds.CreateSpeech, `{"model":"m","input":"äb😀","stream_format":"sse"}`, clouds.Scan{Characters: 3, Stream: true}},
		"speech with half a letter":  {clouds.CreateSpeech, `{"model":"m","input":"\ud83d\u0061"}`, clouds.Scan{Characters: 2}},
		"embeddings":                 {clouds.CreateEmbedding, `{"model":"m","input":[1,2]}`, clouds.Scan{}},
		"edits of pictures, as JSON": {clouds.EditImage, `{"model":"m","n":2}`, clouds.Scan{Choices: 2}},
	} {
		s, err := clouds.ScanRequest(row.op, "application/json", []byte(row.body), nil)
		if err != nil || s.Model != "m" {
			t.Errorf("%s: %q, %v", name, s.Model, err)
		}
		got := clouds.Scan{Stream: s.Stream, MaxTokens: s.MaxTokens, MaxTokensName: s.MaxTokensName, Choices: s.Choices, BestOf: s.BestOf,
			Store: s.Store, Background: s.Background, Previous: s.Previous, Format: s.Format, Characters: s.Characters}
		if got != row.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for body, op := range map[string]clouds.Operation{
		`{"background":"yes"}`:            clouds.CreateResponse,
		`{"store":1}`:                     clouds.CreateResponse,
		`{"previous_response_id":7}`:      clouds.CreateResponse,
		`{"max_output_tokens":"9"}`:       clouds.CreateResponse,
		`{"input":["a"]}`:                 clouds.CreateSpeech,
		`{"stream":true,"n":2}`:           clouds.GenerateImage,
		`{"best_of":1.5}`:                 clouds.CreateCompletion,
		`{"response_format":{"a":1}}`:     clouds.GenerateImage,
		`{"input":"a","input":"b"}`:       clouds.CreateSpeech,
		`{"store":true,"store":false}`:    clouds.CreateResponse,
		`{"Previous_Response_ID":"resp"}`: clouds.CreateResponse,
	} {
		if _, err := clouds.ScanRequest(op, "", []byte(body), nil); err == nil {
			t.Errorf("%s was read", body)
		}
	}
}

func TestEveryKnownMemberIsFoundByItsName(t *testing.T) {
	t.Parallel()
	n := 0
	for f := clouds.FieldModel; f.First() != ""; f <<= 1 {
		value := map[clouds.Fields]string{clouds.FieldModel: `"m"`}[f]
		if value == "" {
			value = "null"
		}
		s, err := clouds.ScanRequest(clouds.CreateModeration, "", []byte(`{"`+f.First()+`":`+value+`}`), nil)
		if err != nil || s.Fields != f {
			t.Errorf("%s: %v, found as %q", f.First(), err, s.Fields.First())
		}
		n++
	}
	if n < 50 {
		t.Errorf("only %d members", n)
	}
}
