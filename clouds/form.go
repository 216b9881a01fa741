package clouds

import (
	"bytes"
	"fmt"
	"mime"
	"strings"

	"concord/agreement"
)

// maxFormValue bounds a value of a form that is no file.
const maxFormValue = 64 << 10

// isForm reports whether a body of that type is a form.
func isForm(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "multipart/form-data")
}

// A formPart is one part of a form, with its place in the body.
type formPart struct {
	name  string
	file  bool
	whole [2]int // from its delimiter line to the delimiter of the next part
	value [2]int
}

// form walks the parts of a form. Its rules are narrower than RFC 7578's, so that no cloud can read a form in another way:
// CRLF everywhere, one Content-Disposition a part, names in plain ASCII.
type form struct {
	b         []byte
	delimiter []byte // "--" and the boundary
	i         int    // at a delimiter
	part      formPart
	err       error
}

func formOf(contentType string, body []byte) (*form, error) {
	_, parameters, err := mime.ParseMediaType(contentType)
	boundary := parameters["boundary"]
	if err != nil || boundary == "" || len(boundary) > 70 {
		return nil, &BodyError{Reason: "the Content-Type names no boundary of 1 to 70 characters"}
	}
	f := &form{b: body, delimiter: append([]byte("--"), boundary...)}
	if !bytes.HasPrefix(body, f.delimiter) {
		return nil, &BodyError{Reason: "not a form: it does not begin with its boundary"}
	}
	return f, nil
}

// next goes to the next part; false at the end, or where the form is wrong: then err is set.
func (f *form) next() bool {
	if f.err != nil {
		return false
	}
	start := f.i
	i := start + len(f.delimiter)
	if rest := f.b[i:]; bytes.HasPrefix(rest, []byte("--")) {
		if len(bytes.Trim(rest[2:], "\r\n")) != 0 {
			f.fail(i+2, "something follows the end of the form")
		}
		return false
	}
	if !bytes.HasPrefix(f.b[i:], []byte("\r\n")) {
		return f.fail(i, "a boundary without a line end")
	}
	i += 2
	f.part = formPart{whole: [2]int{start, 0}}
	named := false
	for {
		n := bytes.Index(f.b[i:], []byte("\r\n"))
		if n < 0 {
			return f.fail(len(f.b), "it ends inside the head of a part")
		}
		line := f.b[i : i+n]
		if i += n + 2; n == 0 {
			break
		}
		again := named
		if !f.head(line, &named) || again && bytes.EqualFold(line[:min(n, len(disposition))], []byte(disposition)) {
			return f.fail(i-n-2, "the head of a part is not understood")
		}
	}
	if !named {
		return f.fail(start, "a part without a name")
	}
	return f.body(i)
}

const disposition = "content-disposition:"

// head reads one header line of a part.
func (f *form) head(line []byte, named *bool) bool {
	if line[0] == ' ' || line[0] == '\t' || bytes.IndexByte(line, ':') <= 0 {
		return false
	}
	if len(line) < len(disposition) || !bytes.EqualFold(line[:len(disposition)], []byte(disposition)) {
		// A part in another encoding would read differently for whoever decodes it.
		return !bytes.EqualFold(line[:bytes.IndexByte(line, ':')], []byte("content-transfer-encoding"))
	}
	kind, parameters, err := mime.ParseMediaType(string(line[len(disposition):]))
	if err != nil || kind != "form-data" || parameters["name"] == "" || bytes.Contains(bytes.ToLower(line), []byte("name*")) &&
		!bytes.Contains(bytes.ToLower(line), []byte("filename*")) {
		return false
	}
	f.part.name = parameters["name"]
	for i := range len(f.part.name) {
		if c := f.part.name[i]; c <= ' ' || c > '~' {
			return false
		}
	}
	_, f.part.file = parameters["filename"]
	*named = true
	return true
}

// body finds the end of a part whose content begins at i.
func (f *form) body(i int) bool {
	f.part.value[0] = i
	if i >= 2 && bytes.HasPrefix(f.b[i:], f.delimiter) { // an empty part whose head's blank line also ends it
		return f.fail(i, "a part without content")
	}
	for at := i; ; {
		n := bytes.Index(f.b[at:], f.delimiter)
		if n < 0 {
			return f.fail(len(f.b), "it ends inside a part")
		}
		at += n
		if at >= i+2 && f.b[at-1] == '\n' && f.b[at-2] == '\r' {
			f.part.value[1], f.part.whole[1], f.i = at-2, at, at
			return true
		}
		at += len(f.delimiter)
	}
}

func (f *form) fail(at int, reason string) bool {
	f.err = &BodyError{Offset: at, Reason: "not a valid form: " + reason}
	return false
}

// scanForm is ScanRequest of a form.
func scanForm(op Operation, contentType string, body []byte, known map[string]string) (Scan, error) {
	s := Scan{Form: true}
	f, err := formOf(contentType, body)
	if err != nil {
		return Scan{}, err
	}
	for f.next() {
		if err := s.takePart(op, f, known); err != nil {
			return Scan{}, err
		}
	}
	if f.err != nil {
		return Scan{}, f.err
	}
	s.spans.delimiter = len(f.delimiter)
	return s, s.oneStream(op)
}

func (s *Scan) takePart(op Operation, f *form, known map[string]string) error {
	p := &f.part
	value := f.b[p.value[0]:p.value[1]]
	if p.file {
		s.FileBytes += int64(len(value))
		if fieldOf([]byte(p.name))&metered != 0 {
			return &BodyError{Offset: p.value[0], Param: p.name, Reason: "expected a value, not a file"}
		}
		return nil
	}
	field, err := topField(&member{key: []byte(p.name), keyAt: p.whole})
	if err != nil || field == 0 {
		return err
	}
	bad := func(reason string) error { return &BodyError{Offset: p.value[0], Param: p.name, Reason: reason} }
	switch {
	case s.Fields&field&metered != 0:
		return bad("given more than once")
	case len(value) > maxFormValue:
		return bad(fmt.Sprintf("longer than %d bytes", maxFormValue))
	}
	s.Fields |= field
	switch {
	case field == FieldModel:
		s.Model, s.ModelAt = plain(value, known), p.value
	case field == FieldStream:
		switch string(value) {
		case "true", "True", "1":
			s.Stream = true
		case "false", "False", "0", "":
		default:
			return bad("expected true or false")
		}
	case field == FieldN:
		n, ok := integer(value)
		if !ok || n < 0 {
			return bad("expected a whole number")
		}
		s.Choices = n
	case field == FieldResponseFormat && (op.API() == agreement.Audio || op.API() == agreement.Images):
		s.Format = string(value)
	}
	return nil
}

func plain(s []byte, known map[string]string) string {
	if name, ok := known[string(s)]; ok {
		return name
	}
	return string(s)
}

// appendForm is Edit.Append of a form: the model is the only thing that changes there.
func (e *Edit) appendForm(dst, body []byte, s *Scan) []byte {
	if s.Fields&FieldModel != 0 {
		dst = append(dst, body[:s.ModelAt[0]]...)
		dst = append(dst, e.Model...)
		return append(dst, body[s.ModelAt[1]:]...)
	}
	dst = append(dst, body[:s.spans.delimiter]...)
	dst = append(dst, "\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"...)
	dst = append(append(dst, e.Model...), "\r\n"...)
	return append(dst, body...)
}
