package emulator

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strings"

	"concord/clouds/behaviour"
)

// A chat is a chat completion request, read as a server reads it.
type chat struct {
	fields       map[string]json.RawMessage
	model        string // as the request named it
	serve        string // the model behind it
	prefix       string // of the path
	stream       bool
	includeUsage bool
	obfuscate    bool
	choices      int64
	limit        int64
	limitName    string
	toolCall     string // the function that must be called; "" = none
	prompt       int64  // words of all messages
	request      behaviour.Request
}

type message struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

// known are the members of a chat completion request. Source: openai-openapi 2.3.0.
var known = strings.Fields(`audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages
	metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
	prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options
	temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`)

// read decodes a body. The deployment of the path, where there is one, goes before the body's model.
func (e *Emulator) read(body []byte, to target) (*chat, *failure) {
	d := e.dialect
	q := &chat{model: to.model, prefix: to.prefix, choices: 1, obfuscate: true}
	if err := json.Unmarshal(body, &q.fields); err != nil {
		return nil, d.invalid(http.StatusBadRequest, "We could not parse the JSON body of your request.", "", "")
	}
	var options struct {
		IncludeUsage       *bool `json:"include_usage"`
		IncludeObfuscation *bool `json:"include_obfuscation"`
	}
	var messages []message
	into := map[string]any{"stream": &q.stream, "stream_options": &options, "messages": &messages, "n": &q.choices}
	if to.model == "" {
		into["model"] = &q.model
	}
	for _, name := range slices.Sorted(maps.Keys(into)) {
		raw, ok := q.fields[name]
		if !ok || string(raw) == "null" {
			continue
		}
		if err := json.Unmarshal(raw, into[name]); err != nil {
			return nil, d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for '%s'.", name), name, "invalid_type")
		}
	}
	switch {
	case q.model == "":
		return nil, d.invalid(http.StatusBadRequest, "you must provide a model parameter", "", "")
	case q.fields["messages"] == nil:
		return nil, d.invalid(http.StatusBadRequest, "Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
	case len(messages) == 0:
		return nil, d.invalid(http.StatusBadRequest, "Invalid 'messages': empty array. Expected an array with minimum length 1, "+
			"but got an empty array instead.", "messages", "empty_array")
	case q.fields["stream_options"] != nil && string(q.fields["stream_options"]) != "null" && !q.stream:
		return nil, d.invalid(http.StatusBadRequest, "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
			"stream_options", "")
	case q.choices < 1 || q.choices > 8:
		return nil, d.invalid(http.StatusBadRequest, "Invalid 'n': expected a value between 1 and 8.", "n", "invalid_value")
	}
	q.includeUsage = options.IncludeUsage != nil && *options.IncludeUsage
	q.obfuscate = options.IncludeObfuscation == nil || *options.IncludeObfuscation
	if failed := q.readLimit(d); failed != nil {
		return nil, failed
	}
	q.toolCall = forcedCall(q.fields)
	if failed := q.count(d, messages); failed != nil {
		return nil, failed
	}
	h := fnv.New64a()
	_, _ = h.Write(q.fields["messages"])
	q.request.Draw, q.request.PromptTokens, q.request.MaxTokens = h.Sum64(), q.prompt, q.limit
	if w := &q.request.Wish; w.Reasoning == 0 {
		w.Reasoning = effort(q.fields["reasoning_effort"])
	}
	return q, nil
}

func (q *chat) readLimit(d dialect) *failure {
	for _, name := range [...]string{"max_tokens", "max_completion_tokens"} {
		raw, ok := q.fields[name]
		if !ok || string(raw) == "null" {
			continue
		}
		if err := json.Unmarshal(raw, &q.limit); err != nil || q.limit < 1 {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid '%s': integer below minimum value. Expected a value >= 1.", name),
				name, "integer_below_min_value")
		}
		q.limitName = name
	}
	return nil
}

// count counts the prompt: the words of all contents. It reads directives on the way.
func (q *chat) count(d dialect, messages []message) *failure {
	for i, m := range messages {
		if m.Role == "" {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Missing required parameter: 'messages[%d].role'.", i),
				fmt.Sprintf("messages[%d].role", i), "missing_required_parameter")
		}
		if len(m.Content) == 0 || string(m.Content) == "null" {
			continue
		}
		var text string
		var parts []struct {
			Text string `json:"text"`
		}
		if json.Unmarshal(m.Content, &text) == nil {
			q.prompt += countWords(text)
			q.request.Wish.Read(text)
			continue
		}
		if json.Unmarshal(m.Content, &parts) != nil {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for 'messages[%d].content': expected one of a string or array of objects.", i),
				fmt.Sprintf("messages[%d].content", i), "invalid_type")
		}
		for _, p := range parts {
			q.prompt += countWords(p.Text)
			q.request.Wish.Read(p.Text)
		}
	}
	return nil
}

func countWords(s string) int64 {
	n := int64(0)
	for range strings.FieldsSeq(s) {
		n++
	}
	return n
}

// effort is how many tokens of reasoning an effort costs here; none without one.
func effort(raw json.RawMessage) int64 {
	switch string(raw) {
	case `"low"`:
		return 8
	case `"medium"`:
		return 16
	case `"high"`, `"xhigh"`:
		return 32
	}
	return 0
}

// forcedCall returns the function that tool_choice demands.
func forcedCall(fields map[string]json.RawMessage) string {
	var tools []struct {
		Function struct{ Name string } `json:"function"`
	}
	if json.Unmarshal(fields["tools"], &tools) != nil || len(tools) == 0 {
		return ""
	}
	var choice struct {
		Function struct{ Name string } `json:"function"`
	}
	if string(fields["tool_choice"]) == `"required"` {
		return tools[0].Function.Name
	}
	if json.Unmarshal(fields["tool_choice"], &choice) == nil {
		return choice.Function.Name
	}
	return ""
}

func (q *chat) has(name string) bool {
	raw, ok := q.fields[name]
	return ok && string(raw) != "null"
}

// unknown returns the first member, in order of the alphabet, that is not among the allowed.
func (q *chat) unknown(allowed []string) string {
	for _, name := range slices.Sorted(maps.Keys(q.fields)) {
		if !slices.Contains(allowed, name) {
			return name
		}
	}
	return ""
}

// openWeights reports whether the model behind is one of the gpt-oss family, frontier whether it is gpt-5 or later.
func (q *chat) openWeights() bool { return strings.Contains(q.serve, "gpt-oss") }

func (q *chat) frontier() bool {
	rest, ok := strings.CutPrefix(q.serve, "gpt-")
	return ok && rest != "" && rest[0] >= '5' && rest[0] <= '9'
}
