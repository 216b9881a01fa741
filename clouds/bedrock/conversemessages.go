package bedrock

import (
	"encoding/json"
	"strings"

	"concord/clouds"
)

// messages takes the conversation. Amazon's form has instructions apart from it, in front, and lets user and assistant take
// turns: results of tools are the user's, and messages of one side that follow each other become one.
func (m *mapping) messages(v json.RawMessage) error {
	list, ok := elements(v)
	if !ok {
		return m.no("no such list")
	}
	for _, raw := range list {
		one, ok := object(raw)
		role, named := text(one["role"])
		if !ok || !named {
			return m.no("no message without a role")
		}
		var err error
		switch role {
		case "system", "developer":
			err = m.instruct(one)
		case "user":
			err = m.user(one)
		case "assistant":
			err = m.assistant(one)
		case "tool":
			err = m.result(one)
		default:
			err = m.no("no such role")
		}
		if err != nil {
			return err
		}
	}
	if len(list) > 0 && (len(m.out.Messages) == 0 || m.out.Messages[0].Role != "user") {
		return m.no("a conversation begins with a message of the user")
	}
	return nil
}

// say adds blocks to the side whose turn it is.
func (m *mapping) say(role string, blocks []block) {
	if n := len(m.out.Messages); n > 0 && m.out.Messages[n-1].Role == role {
		m.out.Messages[n-1].Content = append(m.out.Messages[n-1].Content, blocks...)
		return
	}
	m.out.Messages = append(m.out.Messages, turnMessage{role, blocks})
}

func (m *mapping) instruct(one map[string]json.RawMessage) error {
	if len(m.out.Messages) > 0 {
		return m.no("instructions come before the conversation")
	}
	blocks, err := m.content(one["content"], false)
	if err != nil {
		return err
	}
	if !only(one, "role", "content") {
		return m.no("no names of speakers")
	}
	m.out.System = append(m.out.System, blocks...)
	return nil
}

func (m *mapping) user(one map[string]json.RawMessage) error {
	blocks, err := m.content(one["content"], true)
	if err != nil {
		return err
	}
	if !only(one, "role", "content") {
		return m.no("no names of speakers")
	}
	m.say("user", blocks)
	return nil
}

// assistant takes what the model said before: its text, and its calls of tools.
func (m *mapping) assistant(one map[string]json.RawMessage) error {
	if !only(one, "role", "content", "tool_calls") {
		return m.no("nothing but text and calls of an earlier answer")
	}
	var blocks []block
	if v := one["content"]; v != nil && !idle(v) {
		var err error
		if blocks, err = m.content(v, false); err != nil {
			return err
		}
	}
	calls, ok := elements(one["tool_calls"])
	if !ok && one["tool_calls"] != nil {
		return m.no("no such calls of tools")
	}
	for _, raw := range calls {
		call, _ := object(raw)
		function, ok := object(call["function"])
		id, identified := text(call["id"])
		name, named := text(function["name"])
		arguments, given := text(function["arguments"])
		if !ok || !identified || !named || !given || string(call["type"]) != `"function"` || !only(call, "id", "type", "function") ||
			!only(function, "name", "arguments") || !validName(id) || !validName(name) {
			return m.no("no such call of a tool")
		}
		if _, ok := object([]byte(arguments)); !ok {
			return m.no("arguments of a call are a JSON object")
		}
		m.called = true
		blocks = append(blocks, block{ToolUse: &toolUse{id, name, json.RawMessage(arguments)}})
	}
	if len(blocks) == 0 {
		return m.no("no empty messages")
	}
	m.say("assistant", blocks)
	return nil
}

// result takes what a tool gave back.
func (m *mapping) result(one map[string]json.RawMessage) error {
	id, ok := text(one["tool_call_id"])
	if !ok || !validName(id) || !only(one, "role", "content", "tool_call_id") {
		return m.no("no such result of a tool")
	}
	blocks, err := m.content(one["content"], false)
	if err != nil {
		return err
	}
	m.called = true
	m.say("user", []block{{ToolResult: &toolResult{id, blocks}}})
	return nil
}

// content takes a text, or parts.
func (m *mapping) content(v json.RawMessage, images bool) ([]block, error) {
	if s, ok := text(v); ok {
		return m.textBlocks(nil, s)
	}
	parts, ok := elements(v)
	if !ok || len(parts) == 0 {
		return nil, m.no("no empty messages")
	}
	var blocks []block
	for _, raw := range parts {
		part, _ := object(raw)
		kind, _ := text(part["type"])
		var err error
		switch {
		case kind == "text" && only(part, "type", "text"):
			s, _ := text(part["text"])
			blocks, err = m.textBlocks(blocks, s)
		case kind == "image_url" && images && only(part, "type", "image_url"):
			blocks, err = m.picture(blocks, part["image_url"])
		default:
			err = m.no("no such part of a message")
		}
		if err != nil {
			return nil, err
		}
	}
	return blocks, nil
}

// textBlocks adds a text; Amazon refuses one that is blank.
func (m *mapping) textBlocks(blocks []block, s string) ([]block, error) {
	if strings.TrimSpace(s) == "" {
		return nil, m.no("no empty texts")
	}
	return append(blocks, block{Text: &s}), nil
}

// picture adds a picture that stands in the request. The models with open weights read none.
func (m *mapping) picture(blocks []block, v json.RawMessage) ([]block, error) {
	given, ok := object(v)
	address, _ := text(given["url"])
	detail, detailed := text(given["detail"])
	kind, data, found := strings.Cut(strings.TrimPrefix(address, "data:image/"), ";base64,")
	switch {
	case !ok || !only(given, "url", "detail") || detailed && detail != "auto":
		return nil, m.no("no such picture")
	case clouds.OpenWeights(m.model):
		return nil, m.no("this model reads no pictures")
	case !strings.HasPrefix(address, "data:image/") || !found || data == "":
		return nil, m.no("pictures stand in the request, as data: URLs")
	}
	switch kind {
	case "png", "jpeg", "gif", "webp":
	case "jpg":
		kind = "jpeg"
	default:
		return nil, m.no("pictures are PNG, JPEG, GIF or WebP")
	}
	b := block{Image: &image{Format: kind}}
	b.Image.Source.Bytes = data
	return append(blocks, b), nil
}
