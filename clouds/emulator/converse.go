package emulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"

	"concord/clouds/behaviour"
)

// Bedrock's own form of a conversation: Converse and ConverseStream, with what its API refuses before a model sees it.

// A turnBlock is one part of a message. It is a union: one member is there.
type turnBlock map[string]json.RawMessage

type turnMessage struct {
	Role    string      `json:"role"`
	Content []turnBlock `json:"content"`
}

// turns is what a request of Converse says beside its texts.
type turns struct {
	pictures   bool
	additional map[string]json.RawMessage
	tier       string // as asked for; "" = not
}

// malformed refuses a request.
func malformed(d dialect, format string, args ...any) *failure {
	return d.invalid(http.StatusBadRequest, fmt.Sprintf(format, args...), "", "")
}

const noUserFirst = "A conversation must start with a user message. Try again with a conversation that starts with a user message."

func (q *query) readConverse(d dialect) *failure {
	var messages []turnMessage
	var system []turnBlock
	var config struct {
		MaxTokens   *int64   `json:"maxTokens"`
		Temperature *float64 `json:"temperature"`
		TopP        *float64 `json:"topP"`
		Stop        []string `json:"stopSequences"`
	}
	var tools toolSettings
	var tier struct{ Type string }
	for _, m := range [...]struct {
		name string
		into any
	}{{"messages", &messages}, {"system", &system}, {"inferenceConfig", &config}, {"toolConfig", &tools}, {"serviceTier", &tier},
		{"additionalModelRequestFields", &q.turns.additional}} {
		if q.has(m.name) && json.Unmarshal(q.fields[m.name], m.into) != nil {
			return malformed(d, "Malformed input request: #/%s: wrong type", m.name)
		}
	}
	if n := config.MaxTokens; n != nil {
		if *n < 1 || *n > math.MaxInt32 {
			return malformed(d, "Value at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1")
		}
		q.limit = *n
	}
	for name, v := range map[string]*float64{"temperature": config.Temperature, "topP": config.TopP} {
		if v != nil && (*v < 0 || *v > 1) {
			return malformed(d, "Value '%g' at 'inferenceConfig.%s' failed to satisfy constraint: Member must have value less than or equal to 1", *v, name)
		}
	}
	if len(config.Stop) > 4 {
		return malformed(d, "Value at 'inferenceConfig.stopSequences' failed to satisfy constraint: Member must have length less than or equal to 4")
	}
	if q.turns.tier = tier.Type; tier.Type != "" && !slices.Contains([]string{"default", "flex", "priority", "reserved"}, tier.Type) {
		return malformed(d, "Value '%s' at 'serviceTier.type' failed to satisfy constraint: Member must satisfy enum value set: [priority, default, flex, reserved]", tier.Type)
	}
	if q.tier = tier.Type; q.tier == "" {
		q.tier = "default"
	}
	for i, b := range system {
		if failed := q.readWords(d, fmt.Sprintf("system.%d", i), b); failed != nil {
			return failed
		}
	}
	if failed := q.readTurns(d, messages, len(tools.Tools) > 0); failed != nil {
		return failed
	}
	if failed := q.readTools(d, &tools); failed != nil {
		return failed
	}
	q.stream = q.op == converseStream
	q.drawFrom(q.fields["messages"])
	if w := &q.request.Wish; w.Reasoning == 0 {
		w.Reasoning = effort(q.turns.additional["reasoning_effort"])
	}
	return nil
}

// toolSettings is toolConfig.
type toolSettings struct {
	Tools []struct {
		Spec *struct {
			Name   string `json:"name"`
			Schema struct {
				JSON map[string]json.RawMessage `json:"json"`
			} `json:"inputSchema"`
		} `json:"toolSpec"`
	} `json:"tools"`
	Choice map[string]struct{ Name string } `json:"toolChoice"`
}

// readTools reads the declarations, and which tool must be called.
func (q *query) readTools(d dialect, tools *toolSettings) *failure {
	if q.has("toolConfig") && len(tools.Tools) == 0 {
		return malformed(d, "Value at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	for i, t := range tools.Tools {
		if t.Spec == nil || t.Spec.Name == "" || t.Spec.Schema.JSON == nil {
			return malformed(d, "The value at toolConfig.tools.%d.toolSpec.inputSchema.json must be one of the following: object.", i)
		}
	}
	if len(tools.Choice) > 1 {
		return malformed(d, "Malformed input request: #/toolConfig/toolChoice: more than one member of a union")
	}
	for kind, choice := range tools.Choice {
		switch kind {
		case "auto":
		case "any":
			q.toolCall = tools.Tools[0].Spec.Name
		case "tool":
			q.toolCall = choice.Name
		default:
			return malformed(d, "Malformed input request: #/toolConfig: extraneous key [%s] is not permitted", kind)
		}
	}
	return nil
}

// readTurns reads the messages: who speaks, in turns, and that every call of a tool has its result in the turn after it.
func (q *query) readTurns(d dialect, messages []turnMessage, tools bool) *failure {
	if len(messages) == 0 || messages[0].Role != "user" {
		if len(messages) > 0 && messages[0].Role != "assistant" {
			return malformed(d, "Value '%s' at 'messages.1.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]", messages[0].Role)
		}
		return malformed(d, noUserFirst)
	}
	var open []string
	for i, m := range messages {
		if m.Role != "user" && m.Role != "assistant" {
			return malformed(d, "Value '%s' at 'messages.%d.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]", m.Role, i+1)
		}
		if i > 0 && m.Role == messages[i-1].Role {
			return malformed(d, "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.")
		}
		if len(m.Content) == 0 {
			return malformed(d, "The content field in the Message object at messages.%d is empty. Add a ContentBlock object to the content field and try again.", i)
		}
		var calls, results []string
		for k, b := range m.Content {
			id, failed := q.readBlock(d, fmt.Sprintf("messages.%d.content.%d", i, k), m.Role, b, tools)
			switch {
			case failed != nil:
				return failed
			case b["toolUse"] != nil:
				calls = append(calls, id)
			case b["toolResult"] != nil:
				results = append(results, id)
			}
		}
		if len(results) > len(open) {
			return malformed(d, "The number of toolResult blocks at messages.%d.content exceeds the number of toolUse blocks of previous turn.", i)
		}
		for _, id := range open {
			if !slices.Contains(results, id) {
				return malformed(d, "Expected toolResult blocks at messages.%d.content for the following Ids: %s", i, id)
			}
		}
		open = calls
	}
	return nil
}

// readBlock reads one part of a message and returns the id of a call or a result.
func (q *query) readBlock(d dialect, at, role string, b turnBlock, tools bool) (id string, failed *failure) {
	if len(b) != 1 {
		return "", malformed(d, "The ContentBlock object at %s must set one of the following keys: text, image, toolUse, toolResult, document, video, cachePoint, reasoningContent, guardContent, searchResult, citationsContent.", at)
	}
	if b["text"] != nil {
		return "", q.readWords(d, at, b)
	}
	if raw := b["image"]; raw != nil && role == "user" {
		return "", q.readPicture(d, at, raw)
	}
	var part struct {
		ID      string                     `json:"toolUseId"`
		Name    string                     `json:"name"`
		Input   map[string]json.RawMessage `json:"input"`
		Content []turnBlock                `json:"content"`
	}
	raw, call := b["toolUse"], true
	if raw == nil {
		raw, call = b["toolResult"], false
	}
	switch {
	case raw == nil || call != (role == "assistant"):
		return "", malformed(d, "The ContentBlock object at %s is not allowed in a message of the role %s.", at, role)
	case json.Unmarshal(raw, &part) != nil, part.ID == "", call && (part.Name == "" || part.Input == nil):
		return "", malformed(d, "The format of the value at %s is invalid. Provide a json object for the field and try again.", at)
	case !tools:
		return "", malformed(d, "The toolConfig field must be defined when using toolUse and toolResult content blocks.")
	}
	for i, inner := range part.Content {
		if failed := q.readWords(d, fmt.Sprintf("%s.toolResult.content.%d", at, i), inner); failed != nil {
			return "", failed
		}
	}
	return part.ID, nil
}

// readWords reads a block that is a text.
func (q *query) readWords(d dialect, at string, b turnBlock) *failure {
	var text string
	if len(b) != 1 || b["text"] == nil || json.Unmarshal(b["text"], &text) != nil {
		return malformed(d, "The ContentBlock object at %s must set one of the following keys: text.", at)
	}
	words := countWords(text)
	if words == 0 {
		return malformed(d, "The text field in the ContentBlock object at %s is blank. Add text to the text field, and try again.", at)
	}
	q.prompt += words
	q.request.Wish.Read(text)
	return nil
}

func (q *query) readPicture(d dialect, at string, raw json.RawMessage) *failure {
	var picture struct {
		Format string
		Source struct{ Bytes string }
	}
	if json.Unmarshal(raw, &picture) != nil || !slices.Contains([]string{"png", "jpeg", "gif", "webp"}, picture.Format) {
		return malformed(d, "Value '%s' at '%s.image.format' failed to satisfy constraint: Member must satisfy enum value set: [png, jpeg, gif, webp]", picture.Format, at)
	}
	if _, err := base64.StdEncoding.DecodeString(picture.Source.Bytes); err != nil || picture.Source.Bytes == "" {
		return malformed(d, "The provided image at %s cannot be decoded.", at)
	}
	q.turns.pictures = true
	return nil
}

// checkConverse is what the model behind takes: the members that are passed on to it are those of a chat completion.
func (d bedrockDialect) checkConverse(q *query) *failure {
	if name := q.unknown(converseFields); name != "" {
		return d.exception(http.StatusBadRequest, "ValidationException", fmt.Sprintf("Malformed input request: #: extraneous key [%s] is not permitted", name))
	}
	if q.turns.pictures && q.openWeights() {
		return d.exception(http.StatusBadRequest, "ValidationException", "This model doesn't support the image content block that you provided. Try again with a content block that it supports.")
	}
	takes, inner := known, &query{fields: q.turns.additional}
	if q.openWeights() {
		takes = strictFields
	}
	if name := inner.unknown(takes); name != "" {
		return d.nested("unknown_parameter", fmt.Sprintf("Unknown parameter: '%s'.", name), name)
	}
	return nil
}

// converseForm answers in Bedrock's own form. Cached tokens are not inside inputTokens here.
type converseForm struct{ thought bool }

func (*converseForm) streamed() string { return eventStream }

func (*converseForm) reason(a *writing) string {
	switch {
	case a.q.toolCall != "":
		return "tool_use"
	case a.reply.Length:
		return "max_tokens"
	}
	return "end_turn"
}

func (*converseForm) figures(a *writing) string {
	rest := fmt.Sprintf(`"metrics":{"latencyMs":%d}`, a.e.config.Now().Sub(a.served.Started).Milliseconds())
	if a.q.turns.tier != "" {
		rest += fmt.Sprintf(`,"serviceTier":{"type":"%s"}`, a.q.turns.tier)
	}
	if a.effect.NoUsage {
		return rest
	}
	u := a.said()
	return fmt.Sprintf(`"usage":{"inputTokens":%d,"outputTokens":%d,"totalTokens":%d,"cacheReadInputTokens":%d,"cacheWriteInputTokens":%d},%s`,
		u.Prompt-u.Cached-u.CacheWrite, u.Completion, u.Prompt+u.Completion, u.Cached, u.CacheWrite, rest)
}

func (a *writing) toolUseID() string { return "tooluse_" + a.newID("tool_")[5:27] }

func (f *converseForm) whole(a *writing) (string, []byte) {
	reasoning := ""
	if a.reply.Reasoning > 0 {
		reasoning = fmt.Sprintf(`{"reasoningContent":{"reasoningText":{"text":"%s"}}},`, a.text(0, a.reply.Reasoning, 0))
	}
	content := fmt.Sprintf(`{"text":"%s"}`, a.text(0, a.reply.Tokens, 0))
	if a.q.toolCall != "" {
		content = fmt.Sprintf(`{"toolUse":{"toolUseId":"%s","name":%s,"input":{}}}`, a.toolUseID(), quoted(a.q.toolCall))
	}
	return "application/json", fmt.Appendf(nil, `{"output":{"message":{"role":"assistant","content":[%s%s]}},"stopReason":"%s",%s}`,
		reasoning, content, f.reason(a), f.figures(a))
}

func (*converseForm) begin(a *writing) { a.frame("messageStart", []byte(`{"role":"assistant"}`)) }

// block is the number of the block that holds what is written now: reasoning has one of its own.
func (f *converseForm) block() int {
	if f.thought {
		return 1
	}
	return 0
}

func (f *converseForm) content(a *writing, choice, n int64) {
	if a.done < a.reply.Reasoning {
		a.frame("contentBlockDelta", fmt.Appendf(nil, `{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"%s"}}}`, a.text(a.done, a.done+n, choice)))
		return
	}
	from := a.done - a.reply.Reasoning
	if from == 0 && a.reply.Reasoning > 0 {
		a.frame("contentBlockStop", []byte(`{"contentBlockIndex":0}`))
		f.thought = true
	}
	delta := fmt.Appendf(nil, `{"text":"%s"}`, behaviour.AppendWords(nil, a.q.request.Draw, from, from+n))
	if a.q.toolCall != "" {
		a.frame("contentBlockStart", fmt.Appendf(nil, `{"contentBlockIndex":%d,"start":{"toolUse":{"toolUseId":"%s","name":%s}}}`, f.block(), a.toolUseID(), quoted(a.q.toolCall)))
		delta = []byte(`{"toolUse":{"input":"{}"}}`)
	}
	a.frame("contentBlockDelta", fmt.Appendf(nil, `{"contentBlockIndex":%d,"delta":%s}`, f.block(), delta))
}

func (f *converseForm) end(a *writing) {
	a.frame("contentBlockStop", fmt.Appendf(nil, `{"contentBlockIndex":%d}`, f.block()))
	a.frame("messageStop", fmt.Appendf(nil, `{"stopReason":"%s"}`, f.reason(a)))
	a.frame("metadata", []byte("{"+f.figures(a)+"}"))
}

func (*converseForm) fail(a *writing, _ bool) { a.exception() }
