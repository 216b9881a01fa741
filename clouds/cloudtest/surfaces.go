package cloudtest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"concord/clouds"
	"concord/clouds/emulator"
	"concord/delivery"
	"concord/usage"
)

const formType = "multipart/form-data; boundary=xx"

// readAny reads the answer to any operation.
func (c *cloud) readAny(call *clouds.Call, resp *http.Response) result {
	if resp.StatusCode == http.StatusOK && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return c.readStream(call, resp)
	}
	r := c.readWhole(call, resp)
	if r.answer.Reply != nil {
		r.usage, r.counted = r.answer.Reply.Tokens, r.answer.Reply.Usage
	}
	return r
}

func field(name, value string) string {
	return "--xx\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func file(name, of, content string) string {
	return "--xx\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + of + "\"\r\nContent-Type: application/octet-stream\r\n\r\n" +
		content + "\r\n"
}

// sound is two seconds and a half of silence, as WAV.
func sound() string {
	const rate, length = 8000, 20_000
	head := "RIFF\x44\x4e\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x20\x4e\x00\x00"
	return head + strings.Repeat("\x80", length)
}

// A surfaceCase is a request of a surface, with the model that serves it.
type surfaceCase struct {
	name   string
	op     clouds.Operation
	model  string
	body   string // MODEL stands for the model
	silent bool   // the cloud reports nothing that could be counted
	free   bool   // whatever the cloud counts costs nothing
}

// Everything is the models that the cases of surfaces need, under prefix and OpenAI's names.
func Everything(prefix string) map[string]emulator.Model {
	all := map[string]emulator.Model{}
	for _, row := range surfaceCases() {
		all[row.model] = emulator.Model{Name: prefix + row.model, Serve: row.model}
	}
	return all
}

func surfaceCases() []surfaceCase {
	png := file("image", "a.png", "\x89PNG\r\n\x1a\n")
	wav := file("file", "a.wav", sound())
	return []surfaceCase{
		{"a response", clouds.CreateResponse, "gpt-5.4", `{"model":"MODEL","input":"hello there [reply 7 tokens] [reasoning 3 tokens]","max_output_tokens":50}`, false, false},
		{"a response as a stream", clouds.CreateResponse, "gpt-5.4", `{"model":"MODEL","input":"hello there [reply 7 tokens]","stream":true}`, false, false},
		{"embeddings", clouds.CreateEmbedding, "text-embedding-3-small", `{"model":"MODEL","input":["one two","three"]}`, false, false},
		{"a completion", clouds.CreateCompletion, "gpt-3.5-turbo-instruct", `{"model":"MODEL","prompt":"say [reply 5 tokens]","max_tokens":9}`, false, false},
		{"a completion as a stream", clouds.CreateCompletion, "gpt-3.5-turbo-instruct", `{"model":"MODEL","prompt":"say [reply 5 tokens]","stream":true}`, false, false},
		{"pictures by tokens", clouds.GenerateImage, "gpt-image-1", `{"model":"MODEL","prompt":"a cat","n":1}`, false, false},
		{"pictures as a stream", clouds.GenerateImage, "gpt-image-1", `{"model":"MODEL","prompt":"a cat","stream":true,"partial_images":1}`, false, false},
		{"pictures by the piece", clouds.GenerateImage, "dall-e-3", `{"model":"MODEL","prompt":"a cat"}`, false, false},
		{"an edited picture", clouds.EditImage, "gpt-image-1", field("model", "MODEL") + field("prompt", "a dog") + png + "--xx--\r\n", false, false},
		{"speech by characters", clouds.CreateSpeech, "tts-1", `{"model":"MODEL","input":"hello there","voice":"alloy"}`, false, false},
		{"speech as events", clouds.CreateSpeech, "gpt-4o-mini-tts", `{"model":"MODEL","input":"hello there","voice":"alloy","stream_format":"sse"}`, false, false},
		{"a transcript by seconds", clouds.CreateTranscription, "whisper-1", wav + field("model", "MODEL") + "--xx--\r\n", false, false},
		{"a transcript by tokens", clouds.CreateTranscription, "gpt-4o-transcribe", field("model", "MODEL") + wav + field("stream", "true") + "--xx--\r\n", false, false},
		{"subtitles", clouds.CreateTranscription, "whisper-1", wav + field("model", "MODEL") + field("response_format", "srt") + "--xx--\r\n", false, false},
		{"a translation", clouds.CreateTranslation, "whisper-1", wav + field("model", "MODEL") + "--xx--\r\n", true, false},
		{"a translation with its length", clouds.CreateTranslation, "whisper-1", wav + field("model", "MODEL") + field("response_format", "verbose_json") + "--xx--\r\n", false, false},
		{"moderations", clouds.CreateModeration, "omni-moderation-latest", `{"model":"MODEL","input":"hello"}`, false, true},
	}
}

// Surfaces runs every surface that the adapter serves at the subject's target against its cloud. It returns the operations that
// were served. models says what the cloud has in place of OpenAI's models; what it leaves out, the cloud does not have.
func Surfaces(t *testing.T, s Subject, models map[string]emulator.Model) clouds.Operations {
	t.Helper()
	s.Emulator.Models = nil
	for _, m := range models {
		s.Emulator.Models = append(s.Emulator.Models, m)
	}
	c, served := start(t, s), clouds.Operations(0)
	for _, row := range surfaceCases() {
		m, ok := models[row.model]
		if !ok {
			continue
		}
		c.Target.Model = m.Name
		r := c.ask(t.Context(), t, row.op, "", strings.ReplaceAll(row.body, "MODEL", "asked"))
		if _, unsupported := errors.AsType[*clouds.UnsupportedError](r.err); unsupported {
			continue
		}
		served |= clouds.OperationsOf(row.op)
		c.checkSurface(t, row, &r)
	}
	return served
}

// checkSurface holds what was read of an answer to the cloud's own book.
func (c *cloud) checkSurface(t *testing.T, row surfaceCase, r *result) {
	t.Helper()
	if len(r.events) == 0 && (r.err != nil || r.answer.Outcome != delivery.Answered) {
		t.Errorf("%s: %v, outcome %s: %s", row.name, r.err, r.answer.Outcome, r.text)
		return
	}
	if len(r.events) > 0 && (!errors.Is(r.err, io.EOF) || r.content == 0 || !r.has(func(e clouds.Event) bool { return e.Finish })) {
		t.Errorf("%s: the stream ends with %v after %d events with content: %s", row.name, r.err, r.content, r.text)
	}
	book := c.last().Usage
	if row.silent {
		if r.counted {
			t.Errorf("%s: %+v of an answer that says nothing", row.name, r.usage)
		}
		return
	}
	if row.free {
		book = emulator.Usage{}
	}
	u := &r.usage.Tokens
	got := [...]int64{u.Prompt(), u[usage.CacheRead], u[usage.Output] + u[usage.Reasoning] + u[usage.OutputAudio] + u[usage.OutputImage],
		u[usage.Reasoning], u[usage.Images], u[usage.Characters], u[usage.Seconds]}
	want := [...]int64{book.Prompt, book.Cached, book.Completion, book.Reasoning, book.Images, book.Characters, (book.Milliseconds + 999) / 1000}
	if !r.counted || got != want {
		t.Errorf("%s: read %v, the cloud's book says %v: %s", row.name, got, want, r.text)
	}
}

// Stored runs the operations on responses that were made before, at the subject's target.
func Stored(t *testing.T, s Subject) {
	t.Helper()
	c := start(t, s)
	r := c.ask(t.Context(), t, clouds.CreateResponse, "", `{"model":"asked","input":"hello there [reply 4 tokens]"}`)
	if r.answer.Outcome != delivery.Answered || len(r.answer.Reply.Object) == 0 {
		t.Fatalf("%v, outcome %s: %s", r.err, r.answer.Outcome, r.text)
	}
	id, first := string(r.answer.Reply.Object), r.usage
	for _, row := range []struct {
		op   clouds.Operation
		want delivery.Outcome
	}{
		{clouds.GetResponse, delivery.Answered},
		{clouds.ListInputItems, delivery.Answered},
		{clouds.DeleteResponse, delivery.Answered},
	} {
		r = c.ask(t.Context(), t, row.op, id, "")
		if r.answer.Outcome != row.want {
			t.Errorf("%s: %v, outcome %s: %s", row.op, r.err, r.answer.Outcome, r.text)
		}
		if row.op == clouds.GetResponse && (r.usage != first || string(r.answer.Reply.Object) != id) {
			t.Errorf("%s: %+v, made with %+v", row.op, r.usage, first)
		}
	}
	if r = c.ask(t.Context(), t, clouds.GetResponse, id, ""); r.answer.Outcome == delivery.Answered {
		t.Error("a response that was deleted is still there")
	}
}

// Background runs a response that is made in the background, and ends it.
func Background(t *testing.T, s Subject) {
	t.Helper()
	s.Emulator.Speed = 1 // it must still be under way when it is asked for
	c := start(t, s)
	r := c.ask(t.Context(), t, clouds.CreateResponse, "", `{"model":"asked","input":"hello there [reply 4000 tokens]","background":true}`)
	if r.answer.Outcome != delivery.Answered || !r.answer.Reply.Pending || r.counted {
		t.Fatalf("%v, outcome %s, %+v: %s", r.err, r.answer.Outcome, r.answer.Reply, r.text)
	}
	id := string(r.answer.Reply.Object)
	r = c.ask(t.Context(), t, clouds.GetResponse, id, "")
	if r.answer.Outcome != delivery.Answered || !r.answer.Reply.Pending {
		t.Errorf("under way: %v, outcome %s: %s", r.err, r.answer.Outcome, r.text)
	}
	r = c.ask(t.Context(), t, clouds.CancelResponse, id, "")
	if r.answer.Outcome != delivery.Answered || r.answer.Reply.Pending || string(r.answer.Reply.Object) != id {
		t.Errorf("ended: %v, outcome %s, %+v: %s", r.err, r.answer.Outcome, r.answer.Reply, r.text)
	}
}
