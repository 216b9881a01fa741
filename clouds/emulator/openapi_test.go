package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"concord/clouds/cloudtest"
	"concord/clouds/emulator"
)

func TestTheDocumentMissesWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	doc := cloudtest.LoadDocument(t, "testdata/openapi.json.gz")
	for schema, text := range map[string]string{
		"CreateEmbeddingResponse":            `{"object":"list","model":"m","data":[]}`,
		"CreateChatCompletionStreamResponse": `{"id":"x","object":"chat.completion.chunk","model":"m","choices":[],"usage":null}`,
		"ResponseStreamEvent":                `{"type":"response.output_text.delta","sequence_number":1,"item_id":"x","output_index":0,"content_index":0,"logprobs":[]}`,
	} {
		if doc.Validate(schema, text) == nil {
			t.Errorf("%s passes as %s", text, schema)
		}
	}
}

// form makes a multipart body; a value that begins with @ is a file of so many bytes.
func form(t *testing.T, pairs ...string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		if size, ok := strings.CutPrefix(value, "@"); ok {
			var n int
			if _, err := fmt.Sscan(size, &n); err != nil {
				t.Fatal(err)
			}
			part, err := w.CreateFormFile(name, "file.bin")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write(make([]byte, n)); err != nil {
				t.Fatal(err)
			}
		} else if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// request sends a request with a bearer key.
func request(t *testing.T, method, url, contentType, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return do(t, r)
}

func TestAnswersAreAsOpenAIDescribesThem(t *testing.T) {
	t.Parallel()
	doc := cloudtest.LoadDocument(t, "testdata/openapi.json.gz")
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything, TokensPerChunk: 3})
	const say = `[reply 7 tokens] [reasoning 3 tokens] [cached 2 tokens] [written 3 tokens]`
	tools := `,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required"`
	for _, row := range []struct{ schema, path, body string }{
		{"CreateChatCompletionResponse", "chat/completions", `{"model":"gpt-5.4","messages":[{"role":"user","content":"` + say + `"}],"n":2}`},
		{"CreateChatCompletionResponse", "chat/completions", `{"model":"gpt-5.4","messages":[{"role":"user","content":"` + say + `"}]` + tools + `}`},
		{"Response", "responses", `{"model":"gpt-5.4","input":"` + say + `"}`},
		{"Response", "responses", `{"model":"gpt-5.4","input":[{"role":"user","content":[{"type":"input_text","text":"` + say + `"}]}],"max_output_tokens":16,"background":true}`},
		{"Response", "responses", `{"model":"gpt-5.4","input":"` + say + `","tools":[{"type":"function","name":"f","parameters":{},"strict":true}],"tool_choice":"required"}`},
		{"CreateEmbeddingResponse", "embeddings", `{"model":"text-embedding-3-small","input":"one two","dimensions":4}`},
		{"CreateCompletionResponse", "completions", `{"model":"gpt-3.5-turbo-instruct","prompt":"` + say + `"}`},
		{"ImagesResponse", "images/generations", `{"model":"gpt-image-1.5","prompt":"a cat"}`},
		{"ImagesResponse", "images/generations", `{"model":"dall-e-3","prompt":"a cat"}`},
		{"CreateModerationResponse", "moderations", `{"input":"hit him [filtered]"}`},
	} {
		t.Run(row.path, func(t *testing.T) {
			status, _, body := request(t, http.MethodPost, s.URL+"/v1/"+row.path, "application/json", row.body)
			if status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
			doc.Holds(t, row.schema, body)
		})
	}
	for _, row := range []struct {
		schema, path string
		pairs        []string
	}{
		{"CreateTranscriptionResponseJson", "audio/transcriptions", []string{"file", "@20000", "model", "whisper-1"}},
		{"CreateTranscriptionResponseJson", "audio/transcriptions", []string{"file", "@20000", "model", "gpt-4o-transcribe"}},
		{"CreateTranscriptionResponseVerboseJson", "audio/transcriptions", []string{"file", "@20000", "model", "whisper-1", "response_format", "verbose_json"}},
		{"CreateTranslationResponseJson", "audio/translations", []string{"file", "@20000", "model", "whisper-1"}},
		{"CreateTranslationResponseVerboseJson", "audio/translations", []string{"file", "@20000", "model", "whisper-1", "response_format", "verbose_json"}},
		{"ImagesResponse", "images/edits", []string{"image", "@20", "model", "gpt-image-1.5", "prompt", "add a hat"}},
	} {
		t.Run(row.path, func(t *testing.T) {
			contentType, body := form(t, row.pairs...)
			status, _, answer := request(t, http.MethodPost, s.URL+"/v1/"+row.path, contentType, body)
			if status != http.StatusOK {
				t.Fatalf("%d %s", status, answer)
			}
			doc.Holds(t, row.schema, answer)
		})
	}
	for _, row := range []struct{ schema, path string }{{"ListModelsResponse", "models"}, {"Model", "models/gpt-5.4"}, {"ErrorResponse", "models/none"}, {"ErrorResponse", "responses/resp_1"}} {
		_, _, body := request(t, http.MethodGet, s.URL+"/v1/"+row.path, "", "")
		doc.Holds(t, row.schema, body)
	}
	_, _, made := request(t, http.MethodPost, s.URL+"/v1/responses", "application/json", `{"model":"gpt-5.4","input":"hello"}`)
	var response struct{ ID string }
	if err := json.Unmarshal([]byte(made), &response); err != nil {
		t.Fatal(err)
	}
	_, _, items := request(t, http.MethodGet, s.URL+"/v1/responses/"+response.ID+"/input_items", "", "")
	doc.Holds(t, "ResponseItemList", items)
}

func TestStreamsAreAsOpenAIDescribesThem(t *testing.T) {
	t.Parallel()
	doc := cloudtest.LoadDocument(t, "testdata/openapi.json.gz")
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything, TokensPerChunk: 3})
	for _, row := range []struct{ schema, path, body string }{
		{"CreateChatCompletionStreamResponse", "chat/completions", `{"model":"gpt-5.4","messages":[{"role":"user","content":"[reply 7 tokens]"}],"stream":true,"stream_options":{"include_usage":true}}`},
		{"ResponseStreamEvent", "responses", `{"model":"gpt-5.4","input":"[reply 7 tokens] [reasoning 2 tokens]","stream":true}`},
		{"ResponseStreamEvent", "responses", `{"model":"gpt-5.4","input":"hello","tools":[{"type":"function","name":"f","parameters":{},"strict":true}],"tool_choice":"required","stream":true}`},
		{"ImageGenCompletedEvent", "images/generations", `{"model":"gpt-image-1.5","prompt":"a cat","stream":true}`},
		{"CreateCompletionResponse", "completions", `{"model":"gpt-3.5-turbo-instruct","prompt":"[reply 7 tokens]","stream":true}`},
	} {
		t.Run(row.path, func(t *testing.T) {
			_, _, body := request(t, http.MethodPost, s.URL+"/v1/"+row.path, "application/json", row.body)
			events := 0
			for line := range strings.Lines(body) {
				if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok && data != "[DONE]" {
					events++
					doc.Holds(t, row.schema, data)
				}
			}
			if events == 0 {
				t.Errorf("no events in %s", body)
			}
		})
	}
}

// fuzzed asks an emulator without a connection.
func fuzzed(t *testing.T, e http.Handler, path, contentType, body string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://cloud.test/", strings.NewReader(body))
	r.URL.Path = path
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Code
}
