package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"concord/clouds/behaviour"
)

// A writing is one answer while it is written.
type writing struct {
	*exchange
	q        *query
	form     form
	shape    shape
	reply    behaviour.Reply
	id       string
	first    time.Time // when the first token is due
	perToken time.Duration
	done     int64 // tokens of each choice that were written, reasoning included
	buf      []byte
	head     []byte      // what every chunk begins with, up to its choices
	stopped  func() bool // somebody ended it meanwhile; nil = nobody can
}

// A form is how an operation's answer looks: whole, or as what comes before the first token, with each, and after the last.
type form interface {
	whole(a *writing) (contentType string, body []byte)
	streamed() string // the content type of a stream
	begin(a *writing)
	content(a *writing, choice, n int64)
	end(a *writing)
	fail(a *writing, early bool) // an error inside the stream
}

func formOf(q *query) form {
	switch q.op {
	case createResponse:
		return &responseForm{after: -1}
	case createCompletion:
		return &completionForm{}
	case createEmbedding:
		return &wholeForm{body: embeddings}
	case createModeration:
		return &wholeForm{body: moderations}
	case generateImage, editImage:
		return &imageForm{}
	case createSpeech:
		return &speechForm{}
	case createTranscription, createTranslation:
		return &transcriptForm{}
	case invoke, invokeStream:
		return &invokeForm{}
	case converse, converseStream:
		return &converseForm{}
	}
	return &chatForm{}
}

// answer generates what the model says and writes it at the model's pace.
func (x *exchange) answer(q *query) {
	if x.effect.Kind == behaviour.Stall {
		<-x.ctx.Done()
		return
	}
	reply := x.e.config.Profile.Answer(x.e.config.Seed, &q.request)
	if q.toolCall != "" {
		reply.Tokens = min(reply.Tokens, 1)
	}
	if !q.generates() {
		reply.Tokens, reply.Reasoning, reply.Length = 0, 0, false
	}
	a := &writing{exchange: x, q: q, form: formOf(q), shape: x.e.dialect.shape(q), reply: reply}
	a.first = x.served.Started.Add(x.e.scaled(reply.FirstToken + x.effect.Delay))
	a.perToken = x.e.scaled(reply.PerToken + x.effect.DelayToken)
	x.served.Usage = Usage{Prompt: q.prompt, Cached: reply.Cached, CacheWrite: reply.Written}
	switch {
	case q.op == createResponse && q.background:
		a.inBackground()
	case q.stream:
		a.stream()
	default:
		a.wholly()
	}
}

// generates reports whether the answer has tokens that come one after another.
func (q *query) generates() bool {
	switch q.op {
	case createEmbedding, createModeration, generateImage, editImage:
		return false
	}
	return true
}

// newID makes the id of an answer.
func (a *writing) newID(prefix string) string {
	if a.id == "" {
		a.id = prefix + a.e.hex32()
	}
	return a.id
}

// advance counts tokens as written: the cloud bills them from here on.
func (a *writing) advance(n int64) {
	a.done += n
	a.served.Usage.Completion = a.done * a.texts()
	a.served.Usage.Reasoning = min(a.done, a.reply.Reasoning) * a.texts()
	if b, ok := a.form.(biller); ok {
		b.bill(a)
	}
}

// A biller is a form that bills other things than words.
type biller interface{ bill(a *writing) }

// texts is how many texts are generated at once: the choices, for each prompt where there may be several.
func (a *writing) texts() int64 { return a.q.choices * max(1, int64(len(a.q.inputs))) }

func (a *writing) total() int64 { return a.reply.Reasoning + a.reply.Tokens }

func (a *writing) finishReason() string {
	switch {
	case a.q.toolCall != "":
		return "tool_calls"
	case a.reply.Length:
		return "length"
	}
	return "stop"
}

// header says what comes.
func (a *writing) header(contentType string) {
	h := a.w.Header()
	a.e.dialect.head(a.exchange, h)
	h.Set("Content-Type", contentType)
	a.served.Status, a.served.FirstByte = http.StatusOK, a.e.config.Now()
}

// wholly writes an answer that is not streamed.
func (a *writing) wholly() {
	if !a.waitUntil(a.first.Add(a.perToken * time.Duration(a.total()))) {
		return
	}
	a.advance(a.total())
	contentType, body := a.form.whole(a)
	a.header(contentType)
	a.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.w.WriteHeader(http.StatusOK)
	switch a.effect.Kind {
	case behaviour.Cut, behaviour.Truncate, behaviour.StallMid:
		_, _ = a.w.Write(body[:len(body)/2])
		a.stop()
		return
	}
	_, err := a.w.Write(body)
	a.served.Complete = err == nil && a.ctx.Err() == nil
}

// stop ends an answer in the middle, as the fault says.
func (a *writing) stop() {
	_ = http.NewResponseController(a.w).Flush()
	switch a.effect.Kind {
	case behaviour.StallMid:
		<-a.ctx.Done()
	case behaviour.Truncate:
		if a.q.stream {
			return // the server ends the body well: a clean end without an end
		}
	}
	panic(http.ErrAbortHandler)
}

// chatForm is a chat completion.
type chatForm struct{}

func (chatForm) streamed() string { return "text/event-stream; charset=utf-8" }

func (chatForm) whole(a *writing) (string, []byte) { return "application/json", a.body() }

func (a *writing) body() []byte {
	a.newID("chatcmpl-")
	b := fmt.Appendf(nil, `{"id":"%s","object":"chat.completion","created":%d,"model":%s,"choices":[`, a.id, a.served.Started.Unix(), quoted(a.q.serve))
	for i := range a.q.choices {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"index":%d,"message":{"role":"assistant",`, i)
		if a.shape.reasoning != "" && a.reply.Reasoning > 0 {
			b = append(fmt.Appendf(b, `"%s":"`, a.shape.reasoning), a.text(0, a.reply.Reasoning, i)...)
			b = append(b, `",`...)
		}
		if a.q.toolCall != "" {
			b = fmt.Appendf(b, `"content":null,"tool_calls":[%s]`, a.call(i, "", "{}"))
		} else {
			b = append(append(append(b, `"content":"`...), a.text(0, a.reply.Tokens, i)...), '"')
		}
		b = fmt.Appendf(b, `,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"%s"%s}`, a.finishReason(), a.filterResults())
	}
	b = append(b, ']')
	if a.shape.filter {
		b = append(b, `,"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]`...)
	}
	if a.shape.tier {
		b = fmt.Appendf(b, `,"service_tier":"%s"`, a.tier())
	}
	b = append(b, `,"system_fingerprint":null`...)
	if !a.effect.NoUsage {
		b = append(append(b, `,"usage":`...), a.usage()...)
	}
	return append(b, '}')
}

// text gives the words of one choice from token from up to token to.
func (a *writing) text(from, to, choice int64) []byte {
	return behaviour.AppendWords(nil, a.q.request.Draw+uint64(choice)<<32, from, to)
}

func (a *writing) filterResults() string {
	if !a.shape.filter {
		return ""
	}
	return `,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},` +
		`"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}`
}

// call writes a tool call; index is the member that only streams have.
func (a *writing) call(choice int64, index, arguments string) string {
	return fmt.Sprintf(`{%s"id":"call_%s%d","type":"function","function":{"name":%s,"arguments":"%s"}}`, index, a.id[9:25], choice, quoted(a.q.toolCall), arguments)
}

// tier is what the answer says of the tier that served it.
func (a *writing) tier() string {
	if a.q.tier == "" {
		return "default"
	}
	return a.q.tier
}

// said is the usage that the answer speaks of: what was consumed, or what the fault makes of it.
func (a *writing) said() Usage {
	u := a.served.Usage
	if !a.effect.WrongUsage {
		return u
	}
	percent := a.effect.Percent
	for _, n := range [...]*int64{&u.Prompt, &u.Completion, &u.Reasoning, &u.Cached, &u.CacheWrite, &u.AudioIn, &u.ImageIn, &u.AudioOut,
		&u.ImageOut, &u.Milliseconds} {
		*n = *n * percent / 100
	}
	return u
}

// usage writes it as chat completions do.
func (a *writing) usage() []byte {
	u := a.said()
	written := ""
	if u.CacheWrite > 0 {
		written = fmt.Sprintf(`"cache_write_tokens":%d,`, u.CacheWrite)
	}
	return fmt.Appendf(nil, `{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,%s"audio_tokens":0},`+
		`"completion_tokens_details":{"reasoning_tokens":%d,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`,
		u.Prompt, u.Completion, u.Prompt+u.Completion, u.Cached, written, u.Reasoning)
}

func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}

// models answers GET models and GET models/NAME.
func (x *exchange) models(to target) {
	b := []byte(nil)
	for _, m := range x.e.config.Models {
		name := m.Name
		if x.e.config.Cloud == "azure" && m.Serve != "" {
			name = m.Serve // Azure lists base models here, and deployments elsewhere
		}
		if to.op == getModel && name != to.id {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%s,"object":"model","created":%d,"owned_by":"openai"}`, quoted(name), x.e.started.Unix())
		if to.op == getModel {
			break
		}
	}
	switch {
	case to.op == listModels:
		b = fmt.Appendf(nil, `{"object":"list","data":[%s]}`, b)
	case len(b) == 0:
		x.refuse(x.e.dialect.unknownModel(to.id))
		return
	}
	x.sendJSON(b)
}

// sendJSON answers with a body that is ready.
func (x *exchange) sendJSON(b []byte) {
	h := x.w.Header()
	x.e.dialect.head(x, h)
	h.Set("Content-Type", "application/json")
	x.served.Status, x.served.FirstByte = http.StatusOK, x.e.config.Now()
	_, err := x.w.Write(b)
	x.served.Complete = err == nil
}
