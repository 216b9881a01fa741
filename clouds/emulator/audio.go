package emulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// Audio here: a second of it is 16,000 bytes of a file or 10 tokens; a spoken word is 8 tokens of it and 800 bytes.
const (
	bytesPerSecond  = 16_000
	tokensPerSecond = 10
	tokensPerWord   = 8
	bytesPerWord    = 800
)

// byTokens reports the audio models that bill tokens; the older ones bill time or characters.
func byTokens(model string) bool { return strings.HasPrefix(model, "gpt-") }

func (q *query) readSpeech(d dialect) (failed *failure) {
	for _, name := range [...]string{"input", "voice"} {
		if failed = q.need(d, name); failed != nil {
			return failed
		}
	}
	text, failed := q.text(d, "input")
	if failed != nil {
		return failed
	}
	if n := len([]rune(text)); n == 0 || n > 4096 {
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid 'input': expected a string of 1 to 4096 characters, but got %d.", n), "input", "string_above_max_length")
	}
	if q.format, failed = q.choice(d, "response_format", "mp3", "opus", "aac", "flac", "wav", "pcm"); failed != nil {
		return failed
	}
	form, failed := q.choice(d, "stream_format", "audio", "sse")
	if failed != nil {
		return failed
	}
	q.stream = form == "sse"
	q.size = text
	q.prompt = countWords(text)
	q.request.Wish.Reply, q.request.Wish.HasReply = q.prompt, true // it says the words that it is given
	q.drawFrom([]byte(text))
	return nil
}

// speechForm speaks: bytes, or events with bytes.
type speechForm struct{ chatForm }

func (*speechForm) bill(a *writing) {
	u := &a.served.Usage
	if !byTokens(a.q.serve) {
		*u = Usage{Characters: int64(len([]rune(a.q.size)))}
		return
	}
	u.AudioOut = a.done * tokensPerWord
	u.Completion = u.AudioOut
}

func (*speechForm) whole(a *writing) (string, []byte) {
	kinds := map[string]string{"": "audio/mpeg", "mp3": "audio/mpeg", "opus": "audio/opus", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"}
	return kinds[a.q.format], a.sound(a.reply.Tokens)
}

// sound is noise that the text decides.
func (a *writing) sound(words int64) []byte {
	b := make([]byte, words*bytesPerWord)
	x := a.q.request.Draw
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		b[i] = byte(x >> 56)
	}
	return b
}

func (*speechForm) begin(*writing) {}

func (*speechForm) content(a *writing, _, n int64) {
	a.data(fmt.Appendf(nil, `{"type":"speech.audio.delta","audio":"%s"}`, base64.StdEncoding.EncodeToString(a.sound(n))))
}

func (f *speechForm) end(a *writing) {
	f.bill(a)
	if a.effect.NoUsage {
		a.data([]byte(`{"type":"speech.audio.done"}`))
		return
	}
	u := a.said()
	a.data(fmt.Appendf(nil, `{"type":"speech.audio.done","usage":{"input_tokens":%d,"output_tokens":%d,"total_tokens":%d}}`, u.Prompt, u.Completion, u.Prompt+u.Completion))
}

func (q *query) readTranscription(d dialect) (failed *failure) {
	for _, f := range q.files {
		if f.field == "file" {
			q.seconds = max(1, (f.size+bytesPerSecond-1)/bytesPerSecond)
		}
	}
	if q.seconds == 0 {
		return d.invalid(http.StatusBadRequest, "Missing required parameter: 'file'.", "file", "missing_required_parameter")
	}
	prompt, failed := q.text(d, "prompt")
	if failed != nil {
		return failed
	}
	if q.format, failed = q.choice(d, "response_format", "json", "text", "srt", "verbose_json", "vtt", "diarized_json"); failed != nil {
		return failed
	}
	if q.op == createTranscription {
		if q.stream, failed = q.flag(d, "stream"); failed != nil {
			return failed
		}
	}
	q.prompt = countWords(prompt)
	q.request.Wish.Read(prompt)
	if !q.request.Wish.HasReply {
		q.request.Wish.Reply, q.request.Wish.HasReply = 3*q.seconds, true
	}
	q.drawFrom(q.fields["file"])
	return nil
}

// checkAudio is what a model takes of an audio request.
func checkAudio(d dialect, q *query) *failure {
	unsupported := func(name, value string) *failure {
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("%s '%s' is not compatible with model '%s'.", name, value, q.model), name, "unsupported_value")
	}
	switch {
	case q.op == createTranscription && byTokens(q.serve) && q.format != "" && q.format != "json" && (q.format != "text" && q.format != "diarized_json"):
		return unsupported("response_format", q.format)
	case q.op == createTranscription && q.format == "diarized_json":
		return unsupported("response_format", q.format)
	case q.op == createTranslation && byTokens(q.serve):
		return unsupported("model", q.model)
	case q.op == createSpeech && q.stream && !byTokens(q.serve):
		return unsupported("stream_format", "sse")
	}
	if q.op == createTranscription && !byTokens(q.serve) {
		q.stream = false // the older model takes the member and streams nothing
	}
	return nil
}

// transcriptForm writes down what it heard.
type transcriptForm struct{ chatForm }

func (*transcriptForm) bill(a *writing) {
	u := &a.served.Usage
	if !byTokens(a.q.serve) {
		*u = Usage{Milliseconds: a.q.seconds * 1000}
		return
	}
	u.AudioIn = a.q.seconds * tokensPerSecond
	u.Prompt = a.q.prompt + u.AudioIn
}

// usage writes the member, or nothing where there is none: translations have none.
func (*transcriptForm) usage(a *writing) string {
	u := a.said()
	switch {
	case a.effect.NoUsage || a.q.op == createTranslation:
		return ""
	case !byTokens(a.q.serve):
		return fmt.Sprintf(`,"usage":{"type":"duration","seconds":%d}`, (u.Milliseconds+999)/1000)
	}
	return fmt.Sprintf(`,"usage":{"type":"tokens","total_tokens":%d,"input_tokens":%d,"input_token_details":{"text_tokens":%d,"audio_tokens":%d},"output_tokens":%d}`,
		u.Prompt+u.Completion, u.Prompt, u.Prompt-u.AudioIn, u.AudioIn, u.Completion)
}

func (f *transcriptForm) whole(a *writing) (string, []byte) {
	f.bill(a)
	text := a.text(0, a.reply.Tokens, 0)
	switch a.q.format {
	case "text":
		return "text/plain; charset=utf-8", append(text, '\n')
	case "srt":
		return "text/plain; charset=utf-8", fmt.Appendf(nil, "1\n00:00:00,000 --> %s,000\n%s\n\n", clock(a.q.seconds), text)
	case "vtt":
		return "text/plain; charset=utf-8", fmt.Appendf(nil, "WEBVTT\n\n00:00:00.000 --> %s.000\n%s\n\n", clock(a.q.seconds), text)
	case "verbose_json":
		task := "transcribe"
		if a.q.op == createTranslation {
			task = "translate"
		}
		return "application/json", fmt.Appendf(nil, `{"task":"%s","language":"english","duration":%d.0,"text":"%s","segments":[{"id":0,"seek":0,"start":0.0,`+
			`"end":%d.0,"text":"%s","tokens":[],"temperature":0.0,"avg_logprob":-0.2,"compression_ratio":1.1,"no_speech_prob":0.01}]%s}`,
			task, a.q.seconds, text, a.q.seconds, text, f.usage(a))
	}
	return "application/json", fmt.Appendf(nil, `{"text":"%s"%s}`, text, f.usage(a))
}

func clock(seconds int64) string {
	return fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

func (f *transcriptForm) begin(a *writing) { f.bill(a) }

func (*transcriptForm) content(a *writing, _, n int64) {
	if from := a.done - a.reply.Reasoning; from >= 0 {
		a.data(fmt.Appendf(nil, `{"type":"transcript.text.delta","delta":"%s"}`, a.text(from, from+n, 0)))
	}
}

func (f *transcriptForm) end(a *writing) {
	a.data(fmt.Appendf(nil, `{"type":"transcript.text.done","text":"%s"%s}`, a.text(0, a.reply.Tokens, 0), f.usage(a)))
}
