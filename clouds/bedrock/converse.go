package bedrock

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"concord/clouds"
)

// A chat completion becomes a request of Converse here. Whatever has no equivalent there is refused as unsupported, so that
// another cloud takes it; only labels and hints are left out, as they are for other hosts that do not know them.

type (
	converseRequest struct {
		Messages   []turnMessage              `json:"messages"`
		System     []block                    `json:"system,omitempty"`
		Inference  *inference                 `json:"inferenceConfig,omitempty"`
		Tools      *toolConfig                `json:"toolConfig,omitempty"`
		Additional map[string]json.RawMessage `json:"additionalModelRequestFields,omitempty"`
		Tier       *serviceTier               `json:"serviceTier,omitempty"`
	}
	turnMessage struct {
		Role    string  `json:"role"`
		Content []block `json:"content"`
	}
	// A block is one part of a message; one member is set.
	block struct {
		Text       *string     `json:"text,omitempty"`
		Image      *image      `json:"image,omitempty"`
		ToolUse    *toolUse    `json:"toolUse,omitempty"`
		ToolResult *toolResult `json:"toolResult,omitempty"`
		Reasoning  *reasoning  `json:"reasoningContent,omitempty"` // of answers
	}
	image struct {
		Format string `json:"format"`
		Source struct {
			Bytes string `json:"bytes"` // base64
		} `json:"source"`
	}
	toolUse struct {
		ID    string          `json:"toolUseId"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
	}
	toolResult struct {
		ID      string  `json:"toolUseId"`
		Content []block `json:"content"`
	}
	reasoning struct {
		Text *struct {
			Text string `json:"text"`
		} `json:"reasoningText"`
	}
	inference struct {
		MaxTokens   int64           `json:"maxTokens,omitempty"`
		Temperature json.RawMessage `json:"temperature,omitempty"`
		TopP        json.RawMessage `json:"topP,omitempty"`
		Stop        []string        `json:"stopSequences,omitempty"`
	}
	toolConfig struct {
		Tools  []tool                     `json:"tools"`
		Choice map[string]json.RawMessage `json:"toolChoice,omitempty"`
	}
	tool struct {
		Spec toolSpec `json:"toolSpec"`
	}
	toolSpec struct {
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		Schema      struct {
			JSON json.RawMessage `json:"json"`
		} `json:"inputSchema"`
	}
	serviceTier struct {
		Type string `json:"type"`
	}
)

// left are labels, hints and what the call itself says in another way: they are not sent.
const left = clouds.Hints&^clouds.FieldServiceTier&^clouds.FieldVerbosity | clouds.FieldModel | clouds.FieldStream |
	clouds.FieldStreamOptions | clouds.FieldStore | clouds.FieldMaxTokens | clouds.FieldMaxCompletionTokens | clouds.FieldN

// converse makes an exchange of Converse. What hosts refuse in chat completions was applied before.
func (a *Adapter) converse(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	m := mapping{cloud: a.Cloud(), model: t.Model}
	if err := m.read(c); err != nil {
		return nil, err
	}
	x := &clouds.Exchange{
		Method: c.Method(), URL: address(t, "converse", "converse-stream", c.Scan.Stream),
		Header: clouds.UpstreamHeader(c, requestID), Body: m.encode(),
	}
	x.Header["Content-Type"] = []string{"application/json"}
	if c.Scan.Stream {
		x.Header["Accept"] = []string{eventStream}
	}
	return x, nil
}

// mapping is one request on its way into Amazon's form.
type mapping struct {
	cloud, model string
	param        string // the member that is being read
	out          converseRequest
	choice       json.RawMessage
	called       bool // some message has a call of a tool, or a result
}

func (m *mapping) no(reason string) error {
	return &clouds.UnsupportedError{Cloud: m.cloud, Param: m.param, Reason: "through Converse, " + reason}
}

func (m *mapping) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&m.out); err != nil {
		panic(err) // texts, and values that were JSON before
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// read takes the members of a body in the order of their names, so that the same body is always refused for the same reason.
func (m *mapping) read(c *clouds.Call) error {
	members, ok := object(c.Body)
	if !ok {
		m.param = ""
		return m.no("no such body")
	}
	if c.Scan.MaxTokens > 0 {
		m.infer().MaxTokens = c.Scan.MaxTokens
	}
	m.out.Messages = []turnMessage{}
	for _, name := range sortedNames(members) {
		if m.param = name; clouds.FieldOf(name)&left != 0 {
			continue
		}
		if err := m.member(name, members[name]); err != nil {
			return err
		}
	}
	return m.settleTools()
}

func (m *mapping) infer() *inference {
	if m.out.Inference == nil {
		m.out.Inference = &inference{}
	}
	return m.out.Inference
}

// member takes one member that says something.
func (m *mapping) member(name string, v json.RawMessage) error {
	switch name {
	case "messages":
		return m.messages(v)
	case "temperature":
		m.infer().Temperature = v
	case "top_p":
		m.infer().TopP = v
	case "stop":
		return m.stop(v)
	case "tools":
		return m.tools(v)
	case "tool_choice":
		m.choice = v
	case "parallel_tool_calls":
		if string(v) != "true" {
			return m.no("tools may be called side by side")
		}
	case "reasoning_effort", "seed":
		m.also(name, v)
	case "verbosity":
		if !clouds.OpenWeights(m.model) {
			m.also(name, v)
		}
	case "frequency_penalty", "presence_penalty":
		if n := strings.Trim(string(v), "0.-"); n != "" {
			m.also(name, v)
		}
	case "service_tier":
		return m.tier(v)
	case "response_format":
		if format, ok := object(v); !ok || string(format["type"]) != `"text"` {
			return m.no("no structured answers")
		}
	case "modalities":
		if list, ok := texts(v); !ok || !slices.Equal(list, []string{"text"}) {
			return m.no("no answers but text")
		}
	default:
		if !idle(v) {
			return m.no("no such member")
		}
	}
	return nil
}

// also passes a member on to the model's own host.
func (m *mapping) also(name string, v json.RawMessage) {
	if m.out.Additional == nil {
		m.out.Additional = map[string]json.RawMessage{}
	}
	m.out.Additional[name] = v
}

func (m *mapping) stop(v json.RawMessage) error {
	list, ok := texts(v)
	if !ok {
		return m.no("no such list")
	}
	if len(list) > 0 {
		m.infer().Stop = list
	}
	return nil
}

func (m *mapping) tier(v json.RawMessage) error {
	word, _ := text(v)
	switch word {
	case "auto":
	case "default", "flex", "priority":
		m.out.Tier = &serviceTier{word}
	case "fast":
		m.out.Tier = &serviceTier{"priority"}
	default:
		return m.no("no such tier")
	}
	return nil
}

// tools takes the declarations of functions.
func (m *mapping) tools(v json.RawMessage) error {
	list, ok := elements(v)
	if !ok {
		return m.no("no such list")
	}
	for _, raw := range list {
		declared, ok := object(raw)
		function, is := object(declared["function"])
		if !ok || !is || string(declared["type"]) != `"function"` || !only(declared, "type", "function") {
			return m.no("only tools that are functions")
		}
		if !only(function, "name", "description", "parameters", "strict") || string(function["strict"]) == "true" {
			return m.no("no strict functions")
		}
		var t tool
		if t.Spec.Name, ok = text(function["name"]); !ok || !validName(t.Spec.Name) {
			return m.no("a function's name has letters, digits, _ and -, 64 of them at most")
		}
		t.Spec.Description, _ = text(function["description"])
		if t.Spec.Schema.JSON = function["parameters"]; t.Spec.Schema.JSON == nil {
			t.Spec.Schema.JSON = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		if m.out.Tools == nil {
			m.out.Tools = &toolConfig{}
		}
		m.out.Tools.Tools = append(m.out.Tools.Tools, t)
	}
	return nil
}

// settleTools takes what was said of the choice between them.
func (m *mapping) settleTools() error {
	m.param = "tool_choice"
	if m.out.Tools == nil {
		if m.param = "messages"; m.called {
			return m.no("calls of tools in the conversation need their declarations")
		}
		m.param = "tool_choice"
		if word, _ := text(m.choice); m.choice != nil && word != "auto" && word != "none" {
			return m.no("no choice without tools")
		}
		return nil
	}
	if m.choice == nil {
		return nil
	}
	nothing := json.RawMessage("{}")
	switch word, _ := text(m.choice); word {
	case "auto":
		m.out.Tools.Choice = map[string]json.RawMessage{"auto": nothing}
		return nil
	case "required":
		m.out.Tools.Choice = map[string]json.RawMessage{"any": nothing}
		return nil
	}
	choice, _ := object(m.choice)
	function, ok := object(choice["function"])
	name, named := text(function["name"])
	if !ok || !named || string(choice["type"]) != `"function"` || !only(choice, "type", "function") || !only(function, "name") || !validName(name) {
		return m.no("no such choice between tools")
	}
	m.out.Tools.Choice = map[string]json.RawMessage{"tool": json.RawMessage(`{"name":"` + name + `"}`)}
	return nil
}

// validName reports whether a name, or an id of a call, is one that Amazon takes.
func validName(s string) bool {
	return s != "" && len(s) <= 64 && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}) < 0
}

// object decodes an object; its members that are null are left out, for they say nothing.
func object(raw []byte) (map[string]json.RawMessage, bool) {
	var m map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &m) != nil || m == nil {
		return nil, false
	}
	for name, v := range m {
		if string(v) == "null" {
			delete(m, name)
		}
	}
	return m, true
}

func elements(raw []byte) ([]json.RawMessage, bool) {
	var list []json.RawMessage
	err := json.Unmarshal(raw, &list)
	return list, err == nil && list != nil
}

func text(raw []byte) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// texts decodes a text, or a list of them.
func texts(raw []byte) ([]string, bool) {
	if s, ok := text(raw); ok {
		return []string{s}, true
	}
	list, ok := elements(raw)
	out := make([]string, 0, len(list))
	for _, v := range list {
		s, is := text(v)
		ok = ok && is
		out = append(out, s)
	}
	return out, ok
}

// only reports whether an object has no other members than these.
func only(m map[string]json.RawMessage, names ...string) bool {
	for name, v := range m {
		if !slices.Contains(names, name) && !idle(v) {
			return false
		}
	}
	return true
}

// idle reports whether a value asks for nothing.
func idle(v json.RawMessage) bool {
	switch string(bytes.TrimSpace(v)) {
	case "false", "0", `""`, "[]", "{}":
		return true
	}
	return false
}

func sortedNames(m map[string]json.RawMessage) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
