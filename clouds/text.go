package clouds

import (
	"bytes"

	"concord/agreement"
)

// AppendText appends the text that an event or a whole answer delivers (content, reasoning, refusals, arguments of tools), as
// written in the JSON. It is for what a tokenizer is to count; most events have their text in one place (Event.Said).
func AppendText(dst []byte, c *Call, data []byte) []byte {
	in := "choices"
	if c.API() == agreement.Responses {
		in = "output"
	}
	o := object{b: data, i: skipSpace(data, 0)}
	for o.next() {
		if string(o.m.key) == in {
			dst = appendTexts(dst, o.value())
		}
	}
	return dst
}

// appendTexts appends the strings below the members of a value that hold delivered text. A value is never deeper than what
// walks it allows.
func appendTexts(dst, value []byte) []byte {
	switch value[0] {
	case '[':
		a := array{b: value}
		for a.next() {
			dst = appendTexts(dst, value[a.at[0]:a.at[1]])
		}
	case '{':
		o := object{b: value}
		for o.next() {
			inner := o.value()
			switch string(o.m.key) {
			case "content", "reasoning_content", "reasoning", "refusal", "arguments", "name", "text", "input", "code", "transcript":
				if s := unquote(inner); s != nil {
					dst = append(dst, s...)
					continue
				}
			case "delta", "message", "function_call", "function", "tool_calls", "summary":
			default:
				continue
			}
			dst = appendTexts(dst, inner)
		}
	}
	return dst
}

// AppendStrings appends what the strings in the values of a JSON body stand for, each on a line of its own: what a prompt holds.
// The name of the model and the keys of members are left out. whole is false where data of pictures, sound or files was left out
// too, and where there is more than limit bytes of text: then nothing is appended.
func AppendStrings(dst, body []byte, limit int) (_ []byte, whole bool) {
	g := gathered{dst: dst, limit: len(dst) + limit, whole: true}
	before := len(dst)
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		if string(o.m.key) != "model" {
			g.value(o.value(), o.m.key)
		}
	}
	if g.tooLong {
		return g.dst[:before], false
	}
	return g.dst, g.whole && o.i >= 0
}

type gathered struct {
	dst     []byte
	limit   int
	whole   bool
	tooLong bool
}

func (g *gathered) value(value, key []byte) {
	switch value[0] {
	case '[':
		a := array{b: value}
		for a.next() {
			g.value(value[a.at[0]:a.at[1]], key)
		}
	case '{':
		o := object{b: value}
		for o.next() {
			g.value(o.value(), o.m.key)
		}
	case '"':
		s := unquote(value)
		// Sound is bare base64 under the name data; files are too, under file_data.
		binary := bytes.HasPrefix(s, []byte("data:")) || string(key) == "data" || string(key) == "file_data"
		g.whole = g.whole && !binary
		g.tooLong = g.tooLong || !binary && len(g.dst)+len(s) > g.limit
		if binary || g.tooLong {
			return
		}
		g.dst = append(appendUnquoted(g.dst, s), '\n')
	}
}

// Unescape returns what the inside of JSON strings stands for, in their place: it is never longer.
func Unescape(s []byte) []byte {
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	return appendUnquoted(s[:0], s)
}
