package emulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"

	"concord/clouds/behaviour"
)

// invokeForm is a chat completion through InvokeModel: the same JSON, streamed as chunks inside Amazon's event stream.
type invokeForm struct{}

func (*invokeForm) streamed() string { return eventStream }

func (*invokeForm) whole(a *writing) (string, []byte) { return "application/json", a.body() }

// wrap puts each data line that a chat completion would stream into a frame. There is no [DONE].
func (f *invokeForm) wrap(a *writing, write func(a *writing)) {
	plain := a.buf
	a.buf = nil
	write(a)
	lines := a.buf
	a.buf = plain
	for len(lines) > 0 {
		line := lines
		for i := range lines {
			if lines[i] == '\n' {
				line = lines[:i]
				break
			}
		}
		lines = lines[min(len(lines), len(line)+2):]
		payload := line[len("data: "):]
		if string(payload) == "[DONE]" {
			continue
		}
		a.frame("chunk", fmt.Appendf(nil, `{"bytes":"%s","p":"abcdef"}`, base64.StdEncoding.EncodeToString(payload)))
	}
}

func (f *invokeForm) begin(a *writing) { f.wrap(a, chatForm{}.begin) }

func (f *invokeForm) content(a *writing, choice, n int64) {
	f.wrap(a, func(a *writing) { chatForm{}.content(a, choice, n) })
}

// end writes the end. The last chunk carries Amazon's own figures beside the model's.
func (f *invokeForm) end(a *writing) {
	a.q.includeUsage = true
	f.wrap(a, chatForm{}.end)
}

func (*invokeForm) fail(a *writing, _ bool) { a.exception() }

// readConverse reads Bedrock's own form of a conversation.
func (q *query) readConverse(d dialect) *failure {
	type block struct {
		Text string `json:"text"`
	}
	var messages []struct {
		Role    string  `json:"role"`
		Content []block `json:"content"`
	}
	var system []block
	var config struct {
		MaxTokens *int64 `json:"maxTokens"`
	}
	for _, m := range [...]struct {
		name string
		into any
	}{{"messages", &messages}, {"system", &system}, {"inferenceConfig", &config}} {
		if q.has(m.name) && json.Unmarshal(q.fields[m.name], m.into) != nil {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Malformed input request: #/%s: wrong type", m.name), "", "")
		}
	}
	if len(messages) == 0 {
		return d.invalid(http.StatusBadRequest, "A conversation must start with a user message. Try again with a conversation that starts with a user message.", "", "")
	}
	if config.MaxTokens != nil {
		if *config.MaxTokens < 1 || *config.MaxTokens > math.MaxInt32 {
			return d.invalid(http.StatusBadRequest, "Value at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1", "", "")
		}
		q.limit = *config.MaxTokens
	}
	for _, m := range messages {
		if m.Role != "user" && m.Role != "assistant" {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Value '%s' at 'messages.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]", m.Role), "", "")
		}
		system = append(system, m.Content...)
	}
	for _, b := range system {
		q.prompt += countWords(b.Text)
		q.request.Wish.Read(b.Text)
	}
	q.stream = q.op == converseStream
	q.drawFrom(q.fields["messages"])
	return nil
}

// converseForm answers in Bedrock's own form. Cached tokens are not inside inputTokens here.
type converseForm struct{}

func (*converseForm) streamed() string { return eventStream }

func (*converseForm) reason(a *writing) string {
	if a.reply.Length {
		return "max_tokens"
	}
	return "end_turn"
}

func (*converseForm) figures(a *writing) string {
	latency := fmt.Sprintf(`"metrics":{"latencyMs":%d}`, a.e.config.Now().Sub(a.served.Started).Milliseconds())
	if a.effect.NoUsage {
		return latency
	}
	u := a.said()
	return fmt.Sprintf(`"usage":{"inputTokens":%d,"outputTokens":%d,"totalTokens":%d,"cacheReadInputTokens":%d,"cacheWriteInputTokens":%d},%s`,
		u.Prompt-u.Cached-u.CacheWrite, u.Completion, u.Prompt+u.Completion, u.Cached, u.CacheWrite, latency)
}

func (f *converseForm) whole(a *writing) (string, []byte) {
	reasoning := ""
	if a.reply.Reasoning > 0 {
		reasoning = fmt.Sprintf(`{"reasoningContent":{"reasoningText":{"text":"%s"}}},`, a.text(0, a.reply.Reasoning, 0))
	}
	return "application/json", fmt.Appendf(nil, `{"output":{"message":{"role":"assistant","content":[%s{"text":"%s"}]}},"stopReason":"%s",%s}`,
		reasoning, a.text(0, a.reply.Tokens, 0), f.reason(a), f.figures(a))
}

func (*converseForm) begin(a *writing) { a.frame("messageStart", []byte(`{"role":"assistant"}`)) }

func (*converseForm) content(a *writing, choice, n int64) {
	delta := fmt.Sprintf(`{"text":"%s"}`, behaviour.AppendWords(nil, a.q.request.Draw, a.done-a.reply.Reasoning, a.done-a.reply.Reasoning+n))
	if a.done < a.reply.Reasoning {
		delta = fmt.Sprintf(`{"reasoningContent":{"text":"%s"}}`, a.text(a.done, a.done+n, choice))
	}
	a.frame("contentBlockDelta", fmt.Appendf(nil, `{"contentBlockIndex":0,"delta":%s}`, delta))
}

func (f *converseForm) end(a *writing) {
	a.frame("contentBlockStop", []byte(`{"contentBlockIndex":0}`))
	a.frame("messageStop", fmt.Appendf(nil, `{"stopReason":"%s"}`, f.reason(a)))
	a.frame("metadata", []byte("{"+f.figures(a)+"}"))
}

func (*converseForm) fail(a *writing, _ bool) { a.exception() }
