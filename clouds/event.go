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

// ReadEvent reads one data line of a stream that answers a call. It decodes nothing and allocates nothing. A line that is not
// a JSON object is an error: a client could not read it either.
func ReadEvent(c *Call, data []byte, rules EventRules) Event {
	if c.Op.EndsWithDone() {
		return readChunk(data, rules)
	}
	return readTyped(data)
}

// readChunk reads an event of chat completions and of completions.
func readChunk(data []byte, rules EventRules) Event {
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
				e.say(o.value())
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
			e.say(value)
		case "tool_calls":
			a := array{b: value}
			for a.next() {
				e.scatter(textBytes(value[a.at[0]:a.at[1]]))
			}
		case "function_call":
			e.scatter(textBytes(value))
		case "audio":
		default:
			continue
		}
		e.Content = e.Content || filled(value)
	}
	return o.i
}

// say counts a text that an event delivers, and points at it where it is the only one.
func (e *Event) say(value []byte) {
	n := stringBytes(value)
	if n == 0 {
		return
	}
	e.Scattered = e.Scattered || e.Text > 0 // counted before it
	e.Said = value[1 : n+1]
	e.Text += n
}

// scatter counts text that stands in several places, or deeper.
func (e *Event) scatter(n int) {
	e.Scattered = e.Scattered || n > 0
	e.Text += n
}

// textBytes counts the bytes of text that a message or a call in it delivers.
func textBytes(message []byte) int {
	n, _ := textAt(message, 0)
	return n
}

// textAt counts the same of the object that begins at i, and returns the position after it.
func textAt(b []byte, i int) (n, end int) {
	o := object{b: b, i: i}
	for o.next() {
		value := o.value()
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
	return n, o.i
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
