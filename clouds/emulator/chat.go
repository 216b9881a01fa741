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

// A query is a request for work, read as a server reads it.
type query struct {
	op           operation
	account      string // whose credential it came with
	fields       map[string]json.RawMessage
	files        []upload
	model        string // as the request named it
	serve        string // the model behind it
	prefix       string // of the path
	tier         string // service_tier as it will be served
	stream       bool
	includeUsage bool
	obfuscate    bool
	choices      int64
	limit        int64
	limitName    string
	toolCall     string // the function that must be called; "" = none
	prompt       int64  // words of all that is read
	request      behaviour.Request

	inputs     []input // embeddings, completions, moderations: one for each text
	dimensions int64
	format     string // of the answer, as encoding_format or response_format says
	seconds    int64  // of audio that is heard
	background bool
	store      bool
	previous   string
	images     int64 // that are read
	size       string
	quality    string
	turns      turns // Converse
	tools      toolUse
}

// An input is one of several texts.
type input struct {
	words int64
	draw  uint64
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

// read decodes a body. What the path names goes before the body's model.
func (e *Emulator) read(r *http.Request, body []byte, to target) (*query, *failure) {
	d := e.dialect
	q := &query{op: to.op, account: to.account, model: to.model, prefix: to.prefix, choices: 1, obfuscate: true}
	if failed := q.decode(d, r, body); failed != nil {
		return nil, failed
	}
	if q.model == "" {
		var failed *failure
		if q.model, failed = q.text(d, "model"); failed != nil {
			return nil, failed
		}
	}
	if q.model == "" && !q.hasDefault() {
		return nil, d.invalid(http.StatusBadRequest, "you must provide a model parameter", "", "")
	}
	if failed := q.readOperation(d); failed != nil {
		return q, failed
	}
	return q, q.readTier(d)
}

func (q *query) readOperation(d dialect) *failure {
	switch q.op {
	case createResponse:
		return q.readResponse(d)
	case createEmbedding:
		return q.readEmbedding(d)
	case createCompletion:
		return q.readCompletion(d)
	case createModeration:
		return q.readModeration(d)
	case generateImage, editImage:
		return q.readImage(d)
	case createSpeech:
		return q.readSpeech(d)
	case createTranscription, createTranslation:
		return q.readTranscription(d)
	case converse, converseStream:
		return q.readConverse(d)
	}
	return q.readChat(d)
}

// hasDefault names the model of the surfaces that do without one.
func (q *query) hasDefault() bool {
	switch q.op {
	case createModeration:
		q.model = "omni-moderation-latest"
	case generateImage, editImage:
		q.model = "gpt-image-1.5"
	}
	return q.model != ""
}

// readTier decides the tier that serves: fast is another word for priority, and auto leaves it to the cloud.
func (q *query) readTier(d dialect) *failure {
	if q.op != chatCompletion && q.op != createResponse {
		return nil
	}
	tier, failed := q.choice(d, "service_tier", "auto", "default", "flex", "scale", "priority", "fast")
	switch tier {
	case "", "auto":
		tier = "default"
	case "fast":
		tier = "priority"
	}
	q.tier = tier
	return failed
}

func (q *query) readChat(d dialect) *failure {
	var options struct {
		IncludeUsage       *bool `json:"include_usage"`
		IncludeObfuscation *bool `json:"include_obfuscation"`
	}
	var messages []message
	for _, m := range [...]struct {
		name string
		into any
	}{{"messages", &messages}, {"n", &q.choices}, {"stream", &q.stream}, {"stream_options", &options}} {
		if !q.has(m.name) {
			continue
		}
		if err := json.Unmarshal(q.fields[m.name], m.into); err != nil {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for '%s'.", m.name), m.name, "invalid_type")
		}
	}
	switch {
	case q.fields["messages"] == nil:
		return d.invalid(http.StatusBadRequest, "Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
	case len(messages) == 0:
		return d.invalid(http.StatusBadRequest, "Invalid 'messages': empty array. Expected an array with minimum length 1, "+
			"but got an empty array instead.", "messages", "empty_array")
	case q.has("stream_options") && !q.stream:
		return d.invalid(http.StatusBadRequest, "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
			"stream_options", "")
	case q.choices < 1 || q.choices > 8:
		return d.invalid(http.StatusBadRequest, "Invalid 'n': expected a value between 1 and 8.", "n", "invalid_value")
	case (q.op == invoke || q.op == invokeStream) && q.has("stream") && q.stream != (q.op == invokeStream):
		return d.invalid(http.StatusBadRequest, "The value of 'stream' does not match the operation.", "", "")
	}
	q.stream = q.stream || q.op == invokeStream
	q.includeUsage = options.IncludeUsage != nil && *options.IncludeUsage
	q.obfuscate = options.IncludeObfuscation == nil || *options.IncludeObfuscation
	if failed := q.readLimit(d); failed != nil {
		return failed
	}
	q.toolCall = forcedCall(q.fields)
	if failed := q.count(d, messages); failed != nil {
		return failed
	}
	q.drawFrom(q.fields["messages"])
	if w := &q.request.Wish; w.Reasoning == 0 {
		w.Reasoning = effort(q.fields["reasoning_effort"])
	}
	return nil
}

// drawFrom makes the same content get the same answer.
func (q *query) drawFrom(content []byte) {
	q.request.Draw, q.request.PromptTokens, q.request.MaxTokens = hashOf(content), q.prompt, q.limit
}

func hashOf(content []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(content)
	return h.Sum64()
}

func (q *query) readLimit(d dialect) *failure {
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
func (q *query) count(d dialect, messages []message) *failure {
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

func (q *query) has(name string) bool {
	raw, ok := q.fields[name]
	return ok && string(raw) != "null"
}

// unknown returns the first member, in order of the alphabet, that is not among the allowed.
func (q *query) unknown(allowed []string) string {
	for _, name := range slices.Sorted(maps.Keys(q.fields)) {
		if !slices.Contains(allowed, name) {
			return name
		}
	}
	return ""
}

// openWeights reports whether the model behind is one of the gpt-oss family, frontier whether it is gpt-5 or later.
func (q *query) openWeights() bool { return strings.Contains(q.serve, "gpt-oss") }

func (q *query) frontier() bool {
	rest, ok := strings.CutPrefix(q.serve, "gpt-")
	return ok && rest != "" && rest[0] >= '5' && rest[0] <= '9'
}
