package clouds

import (
	"bytes"

	"concord/usage"
)

// readTyped reads an event of the surfaces whose events name their type: responses, images, speech and transcripts. Types that
// are not known pass and mean nothing: vendors add some every month.
func readTyped(data []byte) Event {
	var e Event
	if IsDone(data) {
		return Event{Done: true}
	}
	start := skipSpace(data, 0)
	if start == len(data) {
		return Event{Drop: true}
	}
	var kind, delta, response, item []byte
	failed := false
	o := object{b: data, i: start}
	for o.next() {
		switch string(o.m.key) {
		case "type":
			kind = unquote(o.value())
		case "delta", "b64_json", "partial_image_b64", "audio", "code":
			delta = o.value()
		case "response":
			response = o.value()
		case "item":
			item = o.value()
		case "error":
			failed = o.value()[0] != 'n'
		case "usage":
			if o.value()[0] == '{' {
				e.Tokens, e.Usage = readUsage(o.value())
			}
		}
	}
	if o.i < 0 || kind == nil {
		return Event{Error: true} // neither an event nor an error as OpenAI writes them
	}
	e.name(kind, delta, failed)
	if len(response) > 0 && response[0] == '{' {
		e.readResponse(response)
	}
	if len(item) > 0 && item[0] == '{' && string(kind) == "response.output_item.done" {
		e.Tool, _ = toolOf(item)
	}
	return e
}

// unquote returns what stands between the quotes of a value; nil if it is no string.
func unquote(value []byte) []byte {
	if value[0] != '"' {
		return nil
	}
	return value[1 : len(value)-1]
}

// name says what the type of an event means.
func (e *Event) name(kind, delta []byte, failed bool) {
	switch string(kind) {
	case "error":
		e.Error = true
	case "response.failed":
		e.Error, e.Finish, e.Done = true, true, true
	case "speech.audio.done":
		e.Finish, e.Done = true, true
		allOutput(&e.Tokens.Tokens, usage.OutputAudio)
	case "response.completed", "response.incomplete", "response.cancelled", "transcript.text.done":
		e.Finish, e.Done = true, true
	case "image_generation.completed", "image_edit.completed":
		e.Content, e.Finish, e.Done = true, true, true // a stream is of one picture: ScanRequest sees to it
		allOutput(&e.Tokens.Tokens, usage.OutputImage)
	case "image_generation.partial_image", "image_edit.partial_image", "response.image_generation_call.partial_image",
		"response.output_item.done", "transcript.text.segment":
		e.Content = true
	case "response.audio.delta", "speech.audio.delta":
		e.Content = delta != nil && filled(delta)
	default:
		if e.Error = failed; !failed && delta != nil && bytes.HasSuffix(kind, []byte(".delta")) {
			e.Content = filled(delta)
			e.say(delta)
		}
	}
}

// readResponse reads the response object of an event.
func (e *Event) readResponse(response []byte) {
	tier, tools := usage.Standard, calls{}
	o := object{b: response}
	for o.next() {
		value := o.value()
		switch string(o.m.key) {
		case "id":
			e.Object = unquote(value)
		case "status":
			e.Pending = pending(value)
		case "usage":
			if value[0] == '{' {
				e.Tokens, e.Usage = readUsage(value)
			}
		case "service_tier":
			tier = tierOf(value)
		case "output":
			tools = toolCalls(value)
		}
	}
	if e.Usage = e.Usage && e.Finish; e.Usage {
		e.Tokens.Tier = tier
		tools.add(&e.Tokens.Tokens)
	}
}

// pending reports whether the status of a response says that it is not finished.
func pending(status []byte) bool {
	return string(status) == `"queued"` || string(status) == `"in_progress"`
}
