package clouds

import "bytes"

// Members calls yield for every member of a request's body, or part of its form, as often as it is there: what clouds make of
// one that is given twice is not known. The name has its escapes in place; the value is as it is written, with its quotes in
// JSON. The body is one that ScanRequest took.
func Members(op Operation, contentType string, body []byte, yield func(name, value []byte, file bool)) {
	if op.Multipart() && isForm(contentType) {
		f, err := formOf(contentType, body)
		if err != nil {
			return
		}
		for f.next() {
			yield([]byte(f.part.name), body[f.part.value[0]:f.part.value[1]], f.part.file)
		}
		return
	}
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		name := o.m.key
		if bytes.IndexByte(name, '\\') >= 0 {
			name = appendUnquoted(nil, name)
		}
		yield(name, o.value(), false)
	}
}

// Elements returns how many elements a JSON array has that are texts or arrays themselves, and 1 of anything else: the prompts
// of completions are a text, several, or the tokens of one or of several.
func Elements(value []byte) int64 {
	if len(value) == 0 || value[0] != '[' {
		return 1
	}
	n := int64(0)
	a := array{b: value}
	for a.next() {
		if c := value[a.at[0]]; c == '"' || c == '[' {
			n++
		}
	}
	return max(n, 1)
}
