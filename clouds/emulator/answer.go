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
	q        *chat
	shape    shape
	reply    behaviour.Reply
	id       string
	first    time.Time // when the first token is due
	perToken time.Duration
	done     int64 // tokens of each choice that were written, reasoning included
	buf      []byte
	head     []byte // what every chunk begins with, up to its choices
}

// answer generates what the model says and writes it at the model's pace.
func (x *exchange) answer(q *chat) {
	if x.effect.Kind == behaviour.Stall {
		<-x.ctx.Done()
		return
	}
	reply := x.e.config.Profile.Answer(x.e.config.Seed, &q.request)
	if q.toolCall != "" {
		reply.Tokens = min(reply.Tokens, 1)
	}
	a := &writing{exchange: x, q: q, shape: x.e.dialect.shape(q), reply: reply, id: "chatcmpl-" + x.e.hex32()}
	a.first = x.served.Started.Add(x.e.scaled(reply.FirstToken + x.effect.Delay))
	a.perToken = x.e.scaled(reply.PerToken + x.effect.DelayToken)
	x.served.Usage = Usage{Prompt: q.prompt, Cached: reply.Cached}
	if q.stream {
		a.stream()
	} else {
		a.whole()
	}
}

// advance counts tokens as written: the cloud bills them from here on.
func (a *writing) advance(n int64) {
	a.done += n
	a.served.Usage.Completion = a.done * a.q.choices
	a.served.Usage.Reasoning = min(a.done, a.reply.Reasoning) * a.q.choices
}

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

// begin sends the header.
func (a *writing) begin(contentType string) {
	h := a.w.Header()
	a.e.dialect.head(a.exchange, h)
	h.Set("Content-Type", contentType)
	a.served.Status, a.served.FirstByte = http.StatusOK, a.e.config.Now()
}

// whole writes an answer that is not streamed.
func (a *writing) whole() {
	if !a.waitUntil(a.first.Add(a.perToken * time.Duration(a.total()))) {
		return
	}
	a.advance(a.total())
	body := a.body()
	a.begin("application/json")
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

func (a *writing) body() []byte {
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
		b = append(b, `,"service_tier":"default"`...)
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

// usage writes what was consumed, or what the fault says.
func (a *writing) usage() []byte {
	u := a.served.Usage
	if a.effect.WrongUsage {
		u.Prompt, u.Completion, u.Reasoning, u.Cached = u.Prompt/2, u.Completion/2, u.Reasoning/2, u.Cached/2
	}
	return fmt.Appendf(nil, `{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":0},`+
		`"completion_tokens_details":{"reasoning_tokens":%d,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`,
		u.Prompt, u.Completion, u.Prompt+u.Completion, u.Cached, u.Reasoning)
}

func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}

// listModels answers GET models.
func (x *exchange) listModels() {
	b := []byte(`{"object":"list","data":[`)
	for i, m := range x.e.config.Models {
		if i > 0 {
			b = append(b, ',')
		}
		name := m.Name
		if x.e.config.Cloud == "azure" && m.Serve != "" {
			name = m.Serve // Azure lists base models here, and deployments elsewhere
		}
		b = fmt.Appendf(b, `{"id":%s,"object":"model","created":%d,"owned_by":"openai"}`, quoted(name), x.e.started.Unix())
	}
	b = append(b, "]}"...)
	h := x.w.Header()
	x.e.dialect.head(x, h)
	h.Set("Content-Type", "application/json")
	x.served.Status, x.served.FirstByte = http.StatusOK, x.e.config.Now()
	_, err := x.w.Write(b)
	x.served.Complete = err == nil
}
