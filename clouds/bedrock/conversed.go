package bedrock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"concord/clouds"
)

// An answer of Converse becomes a chat completion here, whole or as chunks.

// A turn is one answer, as far as all of it has in common.
type turn struct {
	id, model string
	created   int64
	calls     map[int64]int // the number of a call of a tool, by the block that it is
}

func (t *turn) begin(to *clouds.Target, c *clouds.Call, h http.Header, now func() time.Time) {
	t.id, t.model, t.created = h.Get("X-Amzn-Requestid"), to.Model, now().Unix()
	if t.id == "" {
		t.id = c.ID
	}
}

// finishReason says in OpenAI's words why the model stopped; failed is true where what it made is of no use.
func finishReason(stop string) (reason string, failed bool) {
	switch stop {
	case "tool_use":
		return "tool_calls", false
	case "max_tokens", "model_context_window_exceeded":
		return "length", false
	case "guardrail_intervened", "content_filtered":
		return "content_filter", false
	case "malformed_model_output", "malformed_tool_use":
		return "", true
	}
	return "stop", false
}

// turnUsage is usage in Amazon's form: what was read from and written to a cache is not among the input.
type turnUsage struct {
	Input  int64 `json:"inputTokens"`
	Output int64 `json:"outputTokens"`
	Read   int64 `json:"cacheReadInputTokens"`
	Write  int64 `json:"cacheWriteInputTokens"`
}

// append writes usage in OpenAI's form, where cached tokens are among the prompt's.
func (u *turnUsage) append(b []byte) []byte {
	prompt := u.Input + u.Read + u.Write
	return fmt.Appendf(b, `{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d}}`,
		prompt, u.Output, prompt+u.Output, u.Read, u.Write)
}

// quote writes a text as JSON.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // texts always marshal
	}
	return b
}

// largestTurn bounds a whole answer.
const largestTurn = 64 << 20

// wholeTurn reads an answer of Converse to its end and gives it as a chat completion. What is none passes as it is.
type wholeTurn struct {
	src  io.Reader
	turn turn
	out  *bytes.Reader
}

// Read gives the next bytes of the chat completion.
func (w *wholeTurn) Read(p []byte) (int, error) {
	if w.out == nil {
		body, err := io.ReadAll(io.LimitReader(w.src, largestTurn+1))
		switch {
		case err != nil:
			return 0, err
		case len(body) > largestTurn:
			return 0, fmt.Errorf("read an answer of Converse: %w", clouds.ErrEventTooLong)
		}
		w.out = bytes.NewReader(w.turn.completion(body))
	}
	return w.out.Read(p)
}

// completion makes a chat completion of a whole answer.
func (t *turn) completion(body []byte) []byte {
	var answer struct {
		Output struct {
			Message *turnMessage `json:"message"`
		} `json:"output"`
		Stop  string       `json:"stopReason"`
		Usage *turnUsage   `json:"usage"`
		Tier  *serviceTier `json:"serviceTier"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Output.Message == nil {
		return body
	}
	reason, failed := finishReason(answer.Stop)
	if failed {
		return clouds.ErrorBody("The model's answer was malformed: "+answer.Stop, "ModelErrorException", "", "")
	}
	var said, thought strings.Builder
	var calls []byte
	for _, part := range answer.Output.Message.Content {
		switch {
		case part.Text != nil:
			said.WriteString(*part.Text)
		case part.Reasoning != nil && part.Reasoning.Text != nil:
			thought.WriteString(part.Reasoning.Text.Text)
		case part.ToolUse != nil:
			if calls != nil {
				calls = append(calls, ',')
			}
			calls = fmt.Appendf(calls, `{"id":%s,"type":"function","function":{"name":%s,"arguments":%s}}`,
				quote(part.ToolUse.ID), quote(part.ToolUse.Name), quote(string(part.ToolUse.Input)))
		}
	}
	b := fmt.Appendf(nil, `{"id":%s,"object":"chat.completion","created":%d,"model":%s,"choices":[{"index":0,"message":{"role":"assistant","content":`,
		quote("chatcmpl-"+t.id), t.created, quote(t.model))
	if said.Len() > 0 || calls == nil {
		b = append(b, quote(said.String())...)
	} else {
		b = append(b, "null"...)
	}
	if thought.Len() > 0 {
		b = append(append(b, `,"reasoning_content":`...), quote(thought.String())...)
	}
	if calls != nil {
		b = append(append(append(b, `,"tool_calls":[`...), calls...), ']')
	}
	b = fmt.Appendf(b, `,"refusal":null},"logprobs":null,"finish_reason":"%s"}]`, reason)
	if answer.Tier != nil {
		b = append(append(b, `,"service_tier":`...), quote(answer.Tier.Type)...)
	}
	if answer.Usage != nil {
		b = answer.Usage.append(append(b, `,"usage":`...))
	}
	return append(b, '}')
}

// converse writes what an event of Converse says as a chunk; false if it is none.
func (e *events) converse(kind string, payload []byte) bool {
	switch kind {
	case "messageStart":
		e.delta(`"role":"assistant","content":""`, "null")
	case "contentBlockStart":
		e.toolCall(payload)
	case "contentBlockDelta":
		e.content(payload)
	case "contentBlockStop":
	case "messageStop":
		reason, failed := finishReason(clouds.MemberText(payload, "stopReason"))
		if failed {
			e.fail("modelErrorException", "The model's answer was malformed.")
			return true
		}
		e.finished = true
		e.delta("", `"`+reason+`"`)
	case "metadata":
		e.figures(payload)
	default:
		return false
	}
	return true
}

func (e *events) open() {
	e.out = fmt.Appendf(e.out, `data: {"id":%s,"object":"chat.completion.chunk","created":%d,"model":%s,"choices":[`,
		quote("chatcmpl-"+e.turn.id), e.turn.created, quote(e.turn.model))
}

// delta writes a chunk with the members of a delta.
func (e *events) delta(members, finish string) {
	e.open()
	e.out = fmt.Appendf(e.out, `{"index":0,"delta":{%s},"logprobs":null,"finish_reason":%s}]}`, members, finish)
	e.out = append(e.out, "\n\n"...)
}

// toolCall writes the beginning of a call of a tool.
func (e *events) toolCall(payload []byte) {
	use := clouds.Member(clouds.Member(payload, "start"), "toolUse")
	if use == nil {
		return
	}
	if e.turn.calls == nil {
		e.turn.calls = map[int64]int{}
	}
	n := len(e.turn.calls)
	e.turn.calls[blockIndex(payload)] = n
	e.delta(fmt.Sprintf(`"tool_calls":[{"index":%d,"id":%s,"type":"function","function":{"name":%s,"arguments":""}}]`, n,
		quote(clouds.MemberText(use, "toolUseId")), quote(clouds.MemberText(use, "name"))), "null")
}

func blockIndex(payload []byte) int64 {
	n, _ := strconv.ParseInt(string(clouds.Member(payload, "contentBlockIndex")), 10, 64)
	return n
}

// content writes a piece of text, of reasoning, or of the arguments of a call. Texts are passed as they are written.
func (e *events) content(payload []byte) {
	delta := clouds.Member(payload, "delta")
	if v := clouds.Member(delta, "text"); isText(v) {
		e.delta(`"content":`+string(v), "null")
		return
	}
	if v := clouds.Member(clouds.Member(delta, "reasoningContent"), "text"); isText(v) {
		e.delta(`"reasoning_content":`+string(v), "null")
		return
	}
	if v := clouds.Member(clouds.Member(delta, "toolUse"), "input"); isText(v) {
		if n, begun := e.turn.calls[blockIndex(payload)]; begun {
			e.delta(fmt.Sprintf(`"tool_calls":[{"index":%d,"function":{"arguments":%s}}]`, n, v), "null")
		}
	}
}

func isText(v []byte) bool { return len(v) > 0 && v[0] == '"' }

// figures writes usage, as a chunk of its own: a client that did not ask for it is not shown it.
func (e *events) figures(payload []byte) {
	var u turnUsage
	if raw := clouds.Member(payload, "usage"); raw == nil || json.Unmarshal(raw, &u) != nil {
		return
	}
	e.open()
	e.out = append(e.out, ']')
	if tier := clouds.MemberText(clouds.Member(payload, "serviceTier"), "type"); tier != "" {
		e.out = append(append(e.out, `,"service_tier":`...), quote(tier)...)
	}
	e.out = append(u.append(append(e.out, `,"usage":`...)), "}\n\n"...)
}
