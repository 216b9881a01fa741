package clouds

import (
	"bytes"

	"concord/usage"
)

// EventRules are what differs between clouds in reading an event of a chat stream.
type EventRules struct {
	// DropEmpty drops chunks that carry neither a delta, an end, usage nor an error: the filter reports of Azure.
	DropEmpty bool
}

// ReadEvent reads one data line of a chat stream. It decodes nothing and allocates nothing. A line that is not a JSON object
// is an error: a client could not read it either.
func ReadEvent(data []byte, rules EventRules) Event {
	var e Event
	if IsDone(data) {
		e.Done = true
		return e
	}
	start := skipSpace(data, 0)
	if start == len(data) {
		e.Drop = true
		return e
	}
	choices, deltas := 0, false
	hasError, hasChoices := false, false
	tier := usage.Standard
	o := object{b: data, i: start}
	for o.key() {
		switch string(o.m.key) {
		case "choices":
			hasChoices = true
			if o.i >= len(data) || data[o.i] != '[' {
				o.skip()
				continue
			}
			a := array{b: data, i: o.i}
			for a.element() {
				part, end := e.readChoice(data, a.i)
				choices, deltas, a.i = choices+1, deltas || part, end
			}
			o.i = a.i
		case "usage":
			if o.skip() && o.value()[0] == '{' {
				e.Tokens, e.Usage = readUsage(o.value())
			}
		case "error":
			hasError = o.skip() && o.value()[0] != 'n'
		case "service_tier":
			if o.skip() {
				tier = tierOf(o.value())
			}
		default:
			o.skip()
		}
	}
	if o.i < 0 || hasError {
		return Event{Error: true}
	}
	if e.Usage {
		e.Tokens.Tier = tier
	}
	if !hasChoices && !e.Usage {
		// Neither a chunk nor an error as OpenAI writes it, such as {"message": "..."}.
		filter := rules.DropEmpty && bytes.Contains(data, []byte(`"prompt_filter_results"`))
		return Event{Error: !filter, Drop: filter}
	}
	e.UsageOnly = e.Usage && choices == 0
	e.Drop = rules.DropEmpty && !e.Usage && !deltas
	return e
}

// readChoice reads the choice of a chunk that begins at i. It reports whether the choice has a delta, an end or a text, and
// returns the position after it.
func (e *Event) readChoice(data []byte, i int) (part bool, end int) {
	o := object{b: data, i: i}
	for o.key() {
		switch string(o.m.key) {
		case "delta":
			if o.i < len(data) && data[o.i] == '{' {
				part = true
				o.i = e.readDelta(data, o.i)
			} else {
				o.skip()
			}
		case "text":
			if o.skip() {
				part = true
				e.Content = e.Content || filled(o.value())
				e.Text += stringBytes(o.value())
			}
		case "finish_reason":
			if o.skip() && o.value()[0] == '"' && len(o.value()) > 2 {
				part, e.Finish = true, true
			}
		default:
			o.skip()
		}
	}
	return part, o.i
}

// readDelta applies the first-content rule (a delta with a non-empty text, reasoning, tool, audio or refusal part) and
// counts the text. It returns the position after the delta.
func (e *Event) readDelta(data []byte, i int) int {
	o := object{b: data, i: i}
	for o.next() {
		value := o.value()
		switch string(o.m.key) {
		case "content", "reasoning_content", "reasoning", "refusal":
			e.Text += stringBytes(value)
		case "tool_calls":
			a := array{b: value}
			for a.next() {
				e.Text += textBytes(value[a.at[0]:a.at[1]])
			}
		case "function_call":
			e.Text += textBytes(value)
		case "audio":
		default:
			continue
		}
		e.Content = e.Content || filled(value)
	}
	return o.i
}

// textBytes counts the bytes of text that a message or a call in it delivers.
func textBytes(message []byte) int {
	n := 0
	o := object{b: message}
	for o.next() {
		value := message[o.m.at[0]:o.m.at[1]]
		switch string(o.m.key) {
		case "content", "reasoning_content", "reasoning", "refusal", "arguments", "name":
			n += stringBytes(value)
		case "function_call", "function":
			n += textBytes(value)
		case "tool_calls":
			a := array{b: value}
			for a.next() {
				n += textBytes(value[a.at[0]:a.at[1]])
			}
		}
	}
	return n
}

func stringBytes(value []byte) int {
	if value[0] != '"' {
		return 0
	}
	return len(value) - 2
}

// filled reports whether a value is something other than null, false, "", [] and {}.
func filled(value []byte) bool {
	switch value[0] {
	case 'n', 'f':
		return false
	case '"':
		return len(value) > 2
	case '[', '{':
		return skipSpace(value, 1) != len(value)-1
	}
	return true
}

// Reply says what a whole answer of status 200 turned out to be.
type Reply struct {
	Error  bool // an error in place of an answer
	Usage  bool // Tokens is set
	Text   int  // bytes of delivered text, as written in the JSON
	Tokens usage.Usage
}

// ReadReply reads a whole answer without decoding it.
func ReadReply(body []byte) Reply {
	var r Reply
	answer, tier := false, usage.Standard
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		value := body[o.m.at[0]:o.m.at[1]]
		switch string(o.m.key) {
		case "choices":
			answer = answer || filled(value)
			a := array{b: value}
			for a.next() {
				r.Text += replyText(value[a.at[0]:a.at[1]])
			}
		case "data", "output", "results", "text":
			answer = answer || filled(value)
		case "usage":
			if value[0] == '{' {
				r.Tokens, r.Usage = readUsage(value)
			}
		case "error":
			r.Error = r.Error || filled(value)
		case "service_tier":
			tier = tierOf(value)
		}
	}
	if r.Usage {
		r.Tokens.Tier = tier
	}
	r.Error = r.Error || o.i < 0 || !answer
	return r
}

// replyText counts the bytes of text in one choice of a whole answer.
func replyText(choice []byte) int {
	n := 0
	o := object{b: choice}
	for o.next() {
		value := choice[o.m.at[0]:o.m.at[1]]
		switch string(o.m.key) {
		case "message":
			n += textBytes(value)
		case "text":
			n += stringBytes(value)
		}
	}
	return n
}

// ReadUsage reads the usage of a whole answer.
func ReadUsage(body []byte) (usage.Usage, bool) {
	r := ReadReply(body)
	return r.Tokens, r.Usage
}

func tierOf(value []byte) usage.Tier {
	switch string(value) {
	case `"batch"`:
		return usage.Batch
	case `"flex"`:
		return usage.Flex
	case `"priority"`, `"fast"`:
		return usage.Priority
	}
	return usage.Standard
}

// counts are the figures of a usage object, as OpenAI names them in chat completions and in responses.
type counts struct {
	prompt, completion                  int64
	cached, written, audioIn, imageIn   int64
	reasoning, audioOut, rejected       int64
	hasPrompt, hasCompletion, malformed bool
}

// readUsage turns a usage object into disjoint classes. Cached, cache-written, audio and image tokens are parts of the
// prompt; reasoning, audio and rejected tokens are parts of the completion. Where the parts overlap or exceed the whole, the
// whole holds: parts are cut in that order, so that no token is counted twice.
func readUsage(value []byte) (usage.Usage, bool) {
	var c counts
	o := object{b: value}
	for o.next() {
		v := value[o.m.at[0]:o.m.at[1]]
		switch string(o.m.key) {
		case "prompt_tokens", "input_tokens":
			c.hasPrompt = v[0] != 'n'
			c.set(&c.prompt, v)
		case "completion_tokens", "output_tokens":
			c.hasCompletion = v[0] != 'n'
			c.set(&c.completion, v)
		case "prompt_tokens_details", "input_tokens_details":
			c.details(v, false)
		case "completion_tokens_details", "output_tokens_details":
			c.details(v, true)
		}
	}
	if c.malformed || !c.hasPrompt && !c.hasCompletion {
		return usage.Usage{}, false
	}
	u := usage.Usage{Evidence: usage.Reported}
	t := &u.Tokens
	rest := c.prompt
	t[usage.CacheRead] = part(&rest, c.cached)
	t[usage.CacheWrite] = part(&rest, c.written)
	t[usage.InputAudio] = part(&rest, c.audioIn)
	t[usage.InputImage] = part(&rest, c.imageIn)
	t[usage.Input] = rest
	rest = c.completion
	t[usage.Reasoning] = part(&rest, c.reasoning)
	t[usage.OutputAudio] = part(&rest, c.audioOut)
	t[usage.Rejected] = part(&rest, c.rejected)
	t[usage.Output] = rest
	return u, true
}

func part(rest *int64, n int64) int64 {
	n = min(n, *rest)
	*rest -= n
	return n
}

func (c *counts) details(value []byte, completion bool) {
	if value[0] != '{' {
		return
	}
	o := object{b: value}
	for o.next() {
		v := value[o.m.at[0]:o.m.at[1]]
		switch string(o.m.key) {
		case "cached_tokens":
			c.set(&c.cached, v)
		case "cache_write_tokens":
			c.set(&c.written, v)
		case "image_tokens":
			c.set(&c.imageIn, v)
		case "reasoning_tokens":
			c.set(&c.reasoning, v)
		case "rejected_prediction_tokens":
			c.set(&c.rejected, v)
		case "audio_tokens":
			if completion {
				c.set(&c.audioOut, v)
			} else {
				c.set(&c.audioIn, v)
			}
		}
	}
}

// maxTokens bounds a believable count.
const maxTokens = 1 << 40

func (c *counts) set(to *int64, value []byte) {
	if value[0] == 'n' {
		return
	}
	n, ok := integer(bytes.TrimSuffix(value, []byte(".0")))
	if !ok || n < 0 || n > maxTokens {
		c.malformed = true
		return
	}
	*to = n
}
