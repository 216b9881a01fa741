package emulator

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"concord/clouds/behaviour"
)

// An inputItem is one item of a response's input, as far as it is read.
type inputItem struct {
	Type      string          `json:"type"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	Output    json.RawMessage `json:"output"`
	Encrypted string          `json:"encrypted_content"`
}

func (q *query) readResponse(d dialect) (failed *failure) {
	for _, f := range [...]struct {
		name string
		into *bool
	}{{"stream", &q.stream}, {"background", &q.background}, {"store", &q.store}} {
		if *f.into, failed = q.flag(d, f.name); failed != nil {
			return failed
		}
	}
	q.store = q.store || !q.has("store")
	if q.limit, failed = q.number(d, "max_output_tokens", 16, math.MaxInt32); failed != nil {
		return failed
	}
	if q.previous, failed = q.text(d, "previous_response_id"); failed != nil {
		return failed
	}
	switch {
	case q.background && !q.store:
		return d.invalid(http.StatusBadRequest, "Background mode requires 'store' to be true.", "background", "invalid_value")
	case q.has("stream_options") && !q.stream:
		return d.invalid(http.StatusBadRequest, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options", "")
	case q.previous != "" && q.has("conversation"):
		return d.invalid(http.StatusBadRequest, "Mutually exclusive parameters: 'previous_response_id' and 'conversation'.", "previous_response_id", "mutually_exclusive_parameters")
	}
	if !q.has("prompt") && !q.has("previous_response_id") {
		if failed := q.need(d, "input"); failed != nil {
			return failed
		}
	}
	instructions, failed := q.text(d, "instructions")
	if failed != nil {
		return failed
	}
	q.prompt += countWords(instructions)
	if failed := q.readInput(d); failed != nil {
		return failed
	}
	q.toolCall = forcedTool(q.fields)
	if failed := q.readOwnTools(d); failed != nil {
		return failed
	}
	q.drawFrom(q.fields["input"])
	if w := &q.request.Wish; w.Reasoning == 0 {
		var reasoning struct {
			Effort json.RawMessage `json:"effort"`
		}
		_ = json.Unmarshal(q.fields["reasoning"], &reasoning) // of another form it asks for none
		w.Reasoning = effort(reasoning.Effort)
	}
	return nil
}

// readInput counts the input: a text, or items.
func (q *query) readInput(d dialect) *failure {
	if !q.has("input") {
		return nil
	}
	var items []inputItem
	if text, failed := q.text(d, "input"); failed == nil {
		q.prompt += countWords(text)
		q.request.Wish.Read(text)
		return nil
	}
	if json.Unmarshal(q.fields["input"], &items) != nil {
		return d.invalid(http.StatusBadRequest, "Invalid type for 'input': expected one of a string or array of input items.", "input", "invalid_type")
	}
	for i, item := range items {
		if item.Type == "reasoning" && item.Encrypted != "" && item.Encrypted != sealFor(q.account) {
			return d.invalid(http.StatusBadRequest, "The encrypted content "+head(item.Encrypted, 8)+"... could not be verified. Reason: Encrypted content could not be "+
				"decrypted or parsed.", "", "invalid_encrypted_content")
		}
		for _, raw := range [...]json.RawMessage{item.Content, item.Output} {
			if !q.readText(raw) {
				return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for 'input[%d].content': expected one of a string or array of objects.", i),
					fmt.Sprintf("input[%d].content", i), "invalid_type")
			}
		}
	}
	return nil
}

// readText counts a content that is a text or parts with texts; false if it is neither.
func (q *query) readText(raw json.RawMessage) bool {
	if len(raw) == 0 || string(raw) == "null" {
		return true
	}
	var text string
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(raw, &text) == nil {
		parts = append(parts, struct {
			Text string `json:"text"`
		}{text})
	} else if json.Unmarshal(raw, &parts) != nil {
		return false
	}
	for _, p := range parts {
		q.prompt += countWords(p.Text)
		q.request.Wish.Read(p.Text)
	}
	return true
}

func head(s string, n int) string { return s[:min(n, len(s))] }

// sealFor is what stands for encrypted content: another account cannot open it.
func sealFor(account string) string { return fmt.Sprintf("gAAAAAB%016x", hashOf([]byte(account))) }

// forcedTool is forcedCall in the form of responses.
func forcedTool(fields map[string]json.RawMessage) string {
	var tools []struct{ Type, Name string }
	if json.Unmarshal(fields["tools"], &tools) != nil || len(tools) == 0 {
		return ""
	}
	var choice struct{ Type, Name string }
	if string(fields["tool_choice"]) == `"required"` {
		return tools[0].Name
	}
	if json.Unmarshal(fields["tool_choice"], &choice) == nil && choice.Type == "function" {
		return choice.Name
	}
	return ""
}

// A response is one as the cloud keeps it.
type response struct {
	id, account string
	q           *query
	text        string
	reasoned    bool
	created     time.Time
	status      string // while it is not made in the background, or is cancelled
	length      bool
	usage       Usage
	said        Usage
	noUsage     bool

	begins, ends time.Time // of one in the background
	timer        *time.Timer
	reply        behaviour.Reply
	perToken     time.Duration
}

// json writes it. While it is under way it has neither output nor usage.
func (r *response) json(status string, tiered bool) []byte {
	q := r.q
	member := func(name, without string) []byte {
		if q.has(name) {
			return q.fields[name]
		}
		return []byte(without)
	}
	b := fmt.Appendf(nil, `{"id":"%s","object":"response","created_at":%d,"status":"%s","background":%t,"error":`, r.id, r.created.Unix(), status, q.background)
	if status == "failed" {
		b = append(b, `{"code":"server_error","message":"The server had an error while processing your request. Sorry about that!"}`...)
	} else {
		b = append(b, "null"...)
	}
	if status == "incomplete" {
		b = append(b, `,"incomplete_details":{"reason":"max_output_tokens"}`...)
	} else {
		b = append(b, `,"incomplete_details":null`...)
	}
	b = fmt.Appendf(b, `,"instructions":%s,"max_output_tokens":%s,"model":%s,"output":[`, member("instructions", "null"), member("max_output_tokens", "null"), quoted(q.serve))
	done := status == "completed" || status == "incomplete"
	if done {
		b = r.items(b)
	}
	b = fmt.Appendf(b, `],"parallel_tool_calls":%s,"previous_response_id":%s,"reasoning":%s`, member("parallel_tool_calls", "true"),
		member("previous_response_id", "null"), member("reasoning", `{"effort":null,"summary":null}`))
	if tiered {
		b = fmt.Appendf(b, `,"service_tier":"%s"`, q.tier)
	}
	b = fmt.Appendf(b, `,"store":%t,"temperature":%s,"text":%s,"tool_choice":%s,"tools":%s,"top_p":%s,"truncation":%s,"usage":`, q.store, member("temperature", "1.0"),
		member("text", `{"format":{"type":"text"}}`), member("tool_choice", `"auto"`), member("tools", "[]"), member("top_p", "1.0"), member("truncation", `"disabled"`))
	if done && !r.noUsage {
		b = appendResponseUsage(b, &r.said)
	} else {
		b = append(b, "null"...)
	}
	return fmt.Appendf(b, `,"user":%s,"metadata":%s}`, member("user", "null"), member("metadata", "{}"))
}

func appendResponseUsage(b []byte, u *Usage) []byte {
	return fmt.Appendf(b, `{"input_tokens":%d,"input_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d},"output_tokens":%d,`+
		`"output_tokens_details":{"reasoning_tokens":%d},"total_tokens":%d}`, u.Prompt, u.Cached, u.CacheWrite, u.Completion, u.Reasoning, u.Prompt+u.Completion)
}

// items writes the output: reasoning, then the message or the call.
func (r *response) items(b []byte) []byte {
	if r.reasoned {
		b = append(append(b, r.reasoning()...), ',')
	}
	for _, item := range r.toolItems() {
		b = append(append(b, item.json...), ',')
	}
	return append(b, r.item(true)...)
}

func (r *response) reasoning() []byte {
	b := fmt.Appendf(nil, `{"id":"rs_%s","type":"reasoning","summary":[]`, r.id[5:])
	if strings.Contains(string(r.q.fields["include"]), "reasoning.encrypted_content") {
		b = fmt.Appendf(b, `,"encrypted_content":"%s"`, sealFor(r.account))
	}
	return append(b, '}')
}

// item is the message or the call, empty while it is under way.
func (r *response) item(done bool) []byte {
	status, content, arguments := "in_progress", []byte(nil), ""
	if done {
		status, content, arguments = "completed", r.part(r.text), "{}"
	}
	if r.q.toolCall != "" {
		return fmt.Appendf(nil, `{"id":"%s","type":"function_call","status":"%s","arguments":"%s","call_id":"call_%s","name":%s}`, r.itemID(), status, arguments,
			r.id[5:29], quoted(r.q.toolCall))
	}
	return fmt.Appendf(nil, `{"id":"%s","type":"message","status":"%s","content":[%s],"role":"assistant"}`, r.itemID(), status, content)
}

func (r *response) itemID() string {
	if r.q.toolCall != "" {
		return "fc_" + r.id[5:]
	}
	return "msg_" + r.id[5:]
}

func (*response) part(text string) []byte {
	return fmt.Appendf(nil, `{"type":"output_text","annotations":[],"logprobs":[],"text":"%s"}`, text)
}

// finished is the status of one that ended by itself.
func (r *response) finished() string {
	if r.length {
		return "incomplete"
	}
	return "completed"
}

// responseForm writes a response.
type responseForm struct {
	r        *response
	sequence int64
	after    int64  // events up to this number are not written
	failing  func() // fails the stream in place of fail; nil = fail does
	text     []byte
}

func (*responseForm) streamed() string { return "text/event-stream; charset=utf-8" }

// made is the response of this answer.
func (f *responseForm) made(a *writing) *response {
	if f.r == nil {
		f.r = &response{
			id: a.newID("resp_"), account: a.q.account, q: a.q, created: a.served.Started, length: a.reply.Length,
			reasoned: a.reply.Reasoning > 0, noUsage: a.effect.NoUsage, status: "in_progress",
		}
		a.served.Object = f.r.id
	}
	return f.r
}

// finish settles the response with what was generated, and keeps it if that was asked for.
func (f *responseForm) finish(a *writing) *response {
	r := f.made(a)
	if a.q.toolCall == "" {
		r.text = string(a.text(0, a.reply.Tokens, 0))
	}
	r.usage, r.said, r.status = a.served.Usage, a.said(), r.finished()
	a.e.keep(r)
	return r
}

func (f *responseForm) whole(a *writing) (string, []byte) {
	r := f.finish(a)
	return "application/json", r.json(r.status, a.shape.tier)
}

// event writes an event with its type and number.
func (f *responseForm) event(a *writing, kind, members string) {
	obfuscation := ""
	if kind == "response.output_text.delta" && a.shape.obfuscation && a.q.obfuscate {
		obfuscation = `,"obfuscation":"` + padding[:1+len(a.buf)%len(padding)] + `"`
	}
	if f.sequence > f.after {
		a.event(kind, fmt.Appendf(nil, `{"type":"%s","sequence_number":%d,%s%s}`, kind, f.sequence, members, obfuscation))
	}
	f.sequence++
}

func (f *responseForm) begin(a *writing) {
	r := f.made(a)
	members := `"response":` + string(r.json("in_progress", a.shape.tier))
	f.event(a, "response.created", members)
	f.event(a, "response.in_progress", members)
	if a.effect.Kind != behaviour.EarlyError {
		f.open(a)
	}
}

// open writes what comes before the first word.
func (f *responseForm) open(a *writing) {
	r := f.r
	if r.reasoned {
		f.event(a, "response.output_item.added", `"output_index":0,"item":`+string(r.reasoning()))
		f.event(a, "response.output_item.done", `"output_index":0,"item":`+string(r.reasoning()))
	}
	f.openTools(a)
	f.event(a, "response.output_item.added", fmt.Sprintf(`"output_index":%d,"item":%s`, f.index(), r.item(false)))
	if a.q.toolCall == "" {
		f.event(a, "response.content_part.added", fmt.Sprintf(`"item_id":"%s","output_index":%d,"content_index":0,"part":%s`, r.itemID(), f.index(), r.part("")))
	}
}

// index is where the message stands in the output.
func (f *responseForm) index() int {
	n := f.r.q.tools.items()
	if f.r.reasoned {
		n++
	}
	return n
}

func (f *responseForm) content(a *writing, choice, n int64) {
	r, from := f.r, a.done-a.reply.Reasoning
	switch {
	case from < 0: // reasoning is paid for, not shown
	case a.q.toolCall != "":
		f.event(a, "response.function_call_arguments.delta", fmt.Sprintf(`"item_id":"%s","output_index":%d,"delta":"{}"`, r.itemID(), f.index()))
	default:
		text := a.text(from, from+n, choice)
		f.text = append(f.text, text...)
		f.event(a, "response.output_text.delta", fmt.Sprintf(`"item_id":"%s","output_index":%d,"content_index":0,"delta":"%s","logprobs":[]`, r.itemID(), f.index(), text))
	}
}

func (f *responseForm) end(a *writing) { f.close(a, f.finish(a).status) }

// close writes what comes after the last word, and the response with the status that it ended with.
func (f *responseForm) close(a *writing, status string) {
	r := f.r
	at := fmt.Sprintf(`"item_id":"%s","output_index":%d,`, r.itemID(), f.index())
	if a.q.toolCall != "" {
		f.event(a, "response.function_call_arguments.done", at+fmt.Sprintf(`"name":%s,"arguments":"{}"`, quoted(a.q.toolCall)))
	} else {
		f.event(a, "response.output_text.done", at+fmt.Sprintf(`"content_index":0,"text":"%s","logprobs":[]`, f.text))
		f.event(a, "response.content_part.done", at+fmt.Sprintf(`"content_index":0,"part":%s`, r.part(r.text)))
	}
	f.event(a, "response.output_item.done", fmt.Sprintf(`"output_index":%d,"item":%s`, f.index(), r.item(true)))
	f.event(a, "response."+status, `"response":`+string(r.json(status, a.shape.tier)))
}

// fail ends a stream with an error before content, and with a failed response after.
func (f *responseForm) fail(a *writing, early bool) {
	if f.failing != nil {
		f.failing()
		return
	}
	if early {
		f.event(a, "error", `"code":"server_error","message":"The server had an error while processing your request. Sorry about that!","param":null`)
		return
	}
	f.r.status = "failed"
	a.e.keep(f.r)
	f.event(a, "response.failed", `"response":`+string(f.r.json("failed", a.shape.tier)))
}
