package clouds

import (
	"bytes"

	"concord/agreement"
	"concord/usage"
)

// Reply says what a whole answer of status 200 turned out to be.
type Reply struct {
	Error   bool   // an error in place of an answer
	Usage   bool   // Tokens is set
	Pending bool   // a response that is not finished: its usage comes later
	Text    int    // bytes of delivered text, as written in the JSON
	Object  []byte // id of the response object, a part of the body; nil = none
	Tokens  usage.Usage
}

// ReadReply reads a whole answer to a call without decoding it.
func ReadReply(c *Call, body []byte) Reply {
	switch c.Op {
	case CreateChat, CreateCompletion, CreateEmbedding, GenerateImage, EditImage:
		return readReply(c, body)
	case CreateResponse, GetResponse, CancelResponse, DeleteResponse, ListInputItems:
		return readResponse(c.Op, body)
	case CreateSpeech:
		return readSpeech(c, body)
	case CreateTranscription, CreateTranslation:
		return readTranscript(c, body)
	}
	return readModeration(body)
}

// ReadUsage reads the usage of a whole answer to a call.
func ReadUsage(c *Call, body []byte) (usage.Usage, bool) {
	r := ReadReply(c, body)
	return r.Tokens, r.Usage && !r.Error
}

// readReply reads the answers that hold a list of results.
func readReply(c *Call, body []byte) Reply {
	var r Reply
	answer, tier, pictures := false, usage.Standard, int64(0)
	o := object{b: body, i: skipSpace(body, 0)}
	for o.key() {
		if string(o.m.key) == "choices" && o.i < len(body) && body[o.i] == '[' { // most of the answer: walked once
			a := array{b: body, i: o.i}
			for a.element() {
				answer = true
				a.i = r.readResult(body, a.i)
			}
			o.i = a.i
			continue
		}
		if !o.skip() {
			break
		}
		value := o.value()
		switch string(o.m.key) {
		case "choices":
			answer = answer || filled(value)
		case "data":
			answer = answer || filled(value)
			if c.API() == agreement.Images {
				a := array{b: value}
				for a.next() {
					pictures++
				}
			}
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
	if pictures > 0 {
		r.pictures(pictures)
	}
	if r.Usage {
		r.Tokens.Tier = tier
	}
	r.Error = r.Error || o.i < 0 || !answer
	return r
}

// pictures completes the usage of an answer with pictures: the tokens that the cloud reports, all of those of the answer being
// tokens of pictures where it says no more, or else the number of pictures.
func (r *Reply) pictures(n int64) {
	if !r.Usage {
		r.Usage, r.Tokens = true, usage.Usage{Evidence: usage.Counted}
		r.Tokens.Tokens[usage.Images] = n
		return
	}
	allOutput(&r.Tokens.Tokens, usage.OutputImage)
}

// allOutput counts the tokens of an answer that is nothing but pictures, or sound, as such, unless the cloud tells them apart.
func allOutput(t *usage.Tokens, as usage.Class) {
	if t[as] == 0 {
		t[as], t[usage.Output] = t[usage.Output], 0
	}
}

// readResponse reads a response object, or the list of its input items.
func readResponse(op Operation, body []byte) Reply {
	var r Reply
	if op == DeleteResponse && len(bytes.TrimSpace(body)) == 0 {
		return r // the specification gives it no body
	}
	tier, answer, failed, tools := usage.Standard, false, false, calls{}
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		value := o.value()
		switch string(o.m.key) {
		case "object":
			answer = answer || value[0] == '"'
		case "id":
			r.Object = unquote(value)
		case "status":
			r.Pending = pending(value)
			failed = string(value) == `"failed"`
		case "output":
			r.Text += outputText(value)
			tools = toolCalls(value)
		case "usage":
			if value[0] == '{' {
				r.Tokens, r.Usage = readUsage(value)
			}
		case "error":
			r.Error = filled(value)
		case "service_tier":
			tier = tierOf(value)
		}
	}
	if r.Usage = r.Usage && !r.Pending; r.Usage {
		r.Tokens.Tier = tier
		tools.add(&r.Tokens.Tokens)
	}
	// Of a stored response, a failure is the answer to the question.
	r.Error = o.i < 0 || !answer || op == CreateResponse && (r.Error || failed)
	return r
}

// outputText counts the bytes of text in the output items of a response.
func outputText(value []byte) int {
	n := 0
	items := array{b: value}
	for items.next() {
		item := value[items.at[0]:items.at[1]]
		o := object{b: item}
		for o.next() {
			switch string(o.m.key) {
			case "arguments", "input", "code":
				n += stringBytes(o.value())
			case "content", "summary":
				n += partsText(o.value())
			}
		}
	}
	return n
}

// partsText counts the bytes of text in the parts of an output item.
func partsText(value []byte) int {
	n := 0
	parts := array{b: value}
	for parts.next() {
		part := value[parts.at[0]:parts.at[1]]
		o := object{b: part}
		for o.next() {
			switch string(o.m.key) {
			case "text", "refusal", "transcript":
				n += stringBytes(o.value())
			}
		}
	}
	return n
}

// readResult counts the bytes of text in the choice of a whole answer that begins at i, and returns the position after it.
func (r *Reply) readResult(b []byte, i int) (end int) {
	if i >= len(b) || b[i] != '{' {
		return skipValue(b, i)
	}
	o := object{b: b, i: i}
	for o.key() {
		if string(o.m.key) == "message" && o.i < len(b) && b[o.i] == '{' {
			n, end := textAt(b, o.i)
			r.Text += n
			o.i = end
			continue
		}
		if o.skip() && string(o.m.key) == "text" {
			r.Text += stringBytes(o.value())
		}
	}
	return o.i
}

// readModeration reads an answer of moderations, which cost nothing: that nothing is billed is what the vendor says.
func readModeration(body []byte) Reply {
	r := Reply{Usage: true, Tokens: usage.Usage{Evidence: usage.Reported}}
	answer := false
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		switch string(o.m.key) {
		case "results":
			answer = filled(o.value())
		case "error":
			r.Error = filled(o.value())
		}
	}
	r.Error = r.Error || o.i < 0 || !answer
	return r
}

// readSpeech reads an answer that is sound. Its usage is the text that was spoken: the answer says nothing of it.
func readSpeech(c *Call, body []byte) Reply {
	body = bytes.TrimLeft(body, " \r\n\t")
	r := Reply{Usage: true, Error: len(body) == 0, Tokens: usage.Usage{Evidence: usage.Counted}}
	if len(body) > 0 && body[0] == '{' {
		r.Error = true // no sound begins so
	}
	r.Tokens.Tokens[usage.Characters] = c.Scan.Characters
	return r
}
