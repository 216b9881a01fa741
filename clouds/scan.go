package clouds

import (
	"bytes"
	"fmt"
)

// Fields is a set of members of a request body that the gateway or a cloud's field policy knows.
type Fields uint64

// The known members of a chat completion request.
const (
	FieldModel Fields = 1 << iota
	FieldMessages
	FieldStream
	FieldStreamOptions
	FieldMaxTokens
	FieldMaxCompletionTokens
	FieldN
	FieldStore
	FieldMetadata
	FieldUser
	FieldSafetyIdentifier
	FieldPromptCacheKey
	FieldPromptCacheOptions
	FieldPromptCacheRetention
	FieldServiceTier
	FieldModeration
	FieldVerbosity
	FieldWebSearchOptions
	FieldTools
	FieldToolChoice
	FieldParallelToolCalls
	FieldFunctions
	FieldFunctionCall
	FieldResponseFormat
	FieldLogprobs
	FieldTopLogprobs
	FieldLogitBias
	FieldModalities
	FieldAudio
	FieldPrediction
	FieldReasoningEffort
	FieldSeed
	FieldStop
	FieldTemperature
	FieldTopP
	FieldFrequencyPenalty
	FieldPresencePenalty
	numFields = iota
)

// metered are the members that decide what is served and what it costs; a body that gives one of them twice, or in another
// case, could be read by the gateway in one way and by the cloud in another, and is refused.
const metered = FieldModel | FieldStream | FieldStreamOptions | FieldMaxTokens | FieldMaxCompletionTokens | FieldN

var fieldNames = [numFields]string{
	"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "store", "metadata", "user",
	"safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier", "moderation",
	"verbosity", "web_search_options", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
	"response_format", "logprobs", "top_logprobs", "logit_bias", "modalities", "audio", "prediction", "reasoning_effort",
	"seed", "stop", "temperature", "top_p", "frequency_penalty", "presence_penalty",
}

// First returns the name of the first member of the set, "" of an empty one.
func (f Fields) First() string {
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			return name
		}
	}
	return ""
}

// fieldOf returns the known member of that name, 0 for another. The switch compiles to comparisons without allocation.
func fieldOf(key []byte) Fields {
	switch string(key) {
	case "model":
		return FieldModel
	case "messages":
		return FieldMessages
	case "stream":
		return FieldStream
	case "stream_options":
		return FieldStreamOptions
	case "max_tokens":
		return FieldMaxTokens
	case "max_completion_tokens":
		return FieldMaxCompletionTokens
	case "n":
		return FieldN
	}
	for i := 7; i < numFields; i++ {
		if len(fieldNames[i]) == len(key) && fieldNames[i] == string(key) {
			return 1 << i
		}
	}
	return 0
}

// A BodyError says why a request's body is refused before any cloud sees it.
type BodyError struct {
	Offset int    // byte at which the body is wrong
	Param  string // the member at fault; "" = the JSON itself
	Reason string
}

// Error names the place and the reason.
func (e *BodyError) Error() string {
	if e.Param == "" {
		return fmt.Sprintf("request body: %s at byte %d", e.Reason, e.Offset)
	}
	return fmt.Sprintf("request body: %s: %s at byte %d", e.Param, e.Reason, e.Offset)
}

// ScanRequest reads what the gateway must know from a request's body, and refuses a body that is not one JSON object, or
// whose metered members are given twice or have the wrong type.
func ScanRequest(body []byte) (Scan, error) { return ScanRequestKnown(body, nil) }

// ScanRequestKnown is ScanRequest with the model names that are expected: a name that known holds costs no allocation.
func ScanRequestKnown(body []byte, known map[string]string) (Scan, error) {
	var s Scan
	o := object{b: body, i: skipSpace(body, 0)}
	s.spans.open = o.i + 1
	for o.next() {
		field, err := topField(&o.m)
		if err == nil && field != 0 {
			err = s.take(body, &o.m, field, known)
		}
		if err != nil {
			return Scan{}, err
		}
		s.spans.members = true
	}
	if o.i < 0 {
		return Scan{}, syntaxError(body, ^o.i)
	}
	if end := skipSpace(body, o.i); end != len(body) {
		return Scan{}, syntaxError(body, end)
	}
	return s, nil
}

func syntaxError(body []byte, at int) *BodyError {
	switch {
	case len(body) == 0:
		return &BodyError{Reason: "it is empty, expected a JSON object"}
	case at >= len(body):
		return &BodyError{Offset: len(body), Reason: "not valid JSON: it ends too early"}
	case body[at] == '{' || body[at] == '[':
		return &BodyError{Offset: at, Reason: fmt.Sprintf("not valid JSON, or nested deeper than %d levels", maxDepth)}
	}
	return &BodyError{Offset: at, Reason: fmt.Sprintf("not a valid JSON object: unexpected %q", body[at])}
}

// topField finds the known member that a key names, escapes or not.
func topField(m *member) (Fields, error) {
	key := m.key
	var room [64]byte
	if bytes.IndexByte(key, '\\') >= 0 {
		if len(key) > len(room)*6 { // longer than any known name can be written
			return 0, nil
		}
		key = appendUnquoted(room[:0], key)
	}
	f := fieldOf(key)
	if f != 0 {
		return f, nil
	}
	for i, name := range fieldNames {
		if metered&(1<<i) != 0 && len(key) < 2*len(name) && bytes.EqualFold(key, []byte(name)) {
			return 0, &BodyError{Offset: m.keyAt[0], Param: string(key), Reason: fmt.Sprintf("unknown member, write %q", name)}
		}
	}
	return 0, nil
}

// take reads one known member.
func (s *Scan) take(body []byte, m *member, f Fields, known map[string]string) error {
	bad := func(reason string) error {
		return &BodyError{Offset: m.at[0], Param: f.First(), Reason: reason}
	}
	value := body[m.at[0]:m.at[1]]
	if s.Fields&f != 0 && f&metered != 0 {
		return bad("given more than once")
	}
	s.Fields |= f
	if value[0] == 'n' {
		s.Nulls |= f
	}
	switch f {
	case FieldModel:
		if value[0] != '"' {
			return bad("expected a string")
		}
		s.ModelAt = m.at
		s.Model = text(value[1:len(value)-1], known)
	case FieldStream:
		if value[0] == '"' || value[0] == '{' || value[0] == '[' || value[0] != 't' && value[0] != 'f' && value[0] != 'n' {
			return bad("expected true or false")
		}
		s.Stream = value[0] == 't'
	case FieldStreamOptions:
		return s.takeOptions(body, m)
	case FieldN:
		n, ok := integer(value)
		if value[0] != 'n' && (!ok || n < 0) {
			return bad("expected a whole number")
		}
		s.Choices = n
	case FieldMaxTokens, FieldMaxCompletionTokens:
		return s.takeLimit(m, f, value)
	}
	return nil
}

func (s *Scan) takeLimit(m *member, f Fields, value []byte) error {
	if value[0] == 'n' {
		return nil
	}
	n, ok := integer(value)
	if !ok || n < 0 {
		return &BodyError{Offset: m.at[0], Param: f.First(), Reason: "expected a whole number"}
	}
	if s.MaxTokensName != "" {
		return &BodyError{Offset: m.at[0], Param: f.First(), Reason: "give max_tokens or max_completion_tokens, not both"}
	}
	s.MaxTokens, s.MaxTokensName, s.spans.limitKey = n, f.First(), m.keyAt
	return nil
}

func (s *Scan) takeOptions(body []byte, m *member) error {
	s.spans.options = m.at
	if body[m.at[0]] == 'n' {
		return nil
	}
	if body[m.at[0]] != '{' {
		return &BodyError{Offset: m.at[0], Param: "stream_options", Reason: "expected an object"}
	}
	seen := false
	o := object{b: body, i: m.at[0]}
	for o.next() {
		s.spans.optionMembers = true
		key := o.m.key
		var room [64]byte
		if bytes.IndexByte(key, '\\') >= 0 && len(key) <= len(room)*6 {
			key = appendUnquoted(room[:0], key)
		}
		if !bytes.EqualFold(key, []byte("include_usage")) {
			continue
		}
		c := body[o.m.at[0]]
		switch {
		case seen:
			return &BodyError{Offset: o.m.at[0], Param: "stream_options.include_usage", Reason: "given more than once"}
		case string(key) != "include_usage":
			return &BodyError{Offset: o.m.keyAt[0], Param: "stream_options." + string(key), Reason: `unknown member, write "include_usage"`}
		case c != 't' && c != 'f' && c != 'n':
			return &BodyError{Offset: o.m.at[0], Param: "stream_options.include_usage", Reason: "expected true or false"}
		}
		seen = true
		s.IncludeUsage, s.spans.includeUsage = c == 't', o.m.at
	}
	return nil
}

// text returns what a string (without quotes) stands for, from known where it is there.
func text(s []byte, known map[string]string) string {
	if bytes.IndexByte(s, '\\') >= 0 {
		var room [64]byte
		s = appendUnquoted(room[:0], s)
	}
	if name, ok := known[string(s)]; ok {
		return name
	}
	return string(s)
}
