package clouds

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"concord/agreement"
)

// A BodyError says why a request's body is refused before any cloud sees it.
type BodyError struct {
	Offset int    // byte at which the body is wrong; negative = no single one
	Param  string // the member at fault; "" = the JSON itself
	Reason string
}

// Error names the place and the reason.
func (e *BodyError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("request body: %s: %s", e.Param, e.Reason)
	}
	if e.Param == "" {
		return fmt.Sprintf("request body: %s at byte %d", e.Reason, e.Offset)
	}
	return fmt.Sprintf("request body: %s: %s at byte %d", e.Param, e.Reason, e.Offset)
}

// ScanRequest reads what the gateway must know from a request's body, and refuses a body that is not one JSON object (or one
// form, where the operation takes forms), or whose metered members are given twice or have the wrong type. known are the
// model names that are expected: a name that it holds costs no allocation.
func ScanRequest(op Operation, contentType string, body []byte, known map[string]string) (Scan, error) {
	if op.Multipart() && isForm(contentType) {
		return scanForm(op, contentType, body, known)
	}
	s := Scan{Store: op == CreateResponse}
	o := object{b: body, i: skipSpace(body, 0)}
	s.spans.open = o.i + 1
	for o.next() {
		field, err := topField(&o.m)
		if err == nil && field != 0 {
			err = s.take(op, body, &o.m, field, known)
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
	return s, s.oneStream(op)
}

// oneStream refuses a stream of several pictures: nobody says whether the usage in its events is of one or of all.
func (s *Scan) oneStream(op Operation) error {
	if s.Stream && s.Choices > 1 && (op == GenerateImage || op == EditImage) {
		return &BodyError{Offset: -1, Param: "n", Reason: "a stream has one picture; ask for several without stream"}
	}
	return nil
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
	for set := metered; set != 0; set &= set - 1 {
		if name := set.First(); len(key) < 2*len(name) && bytes.EqualFold(key, []byte(name)) {
			return 0, &BodyError{Offset: m.keyAt[0], Param: string(key), Reason: fmt.Sprintf("unknown member, write %q", name)}
		}
	}
	return 0, nil
}

// take reads one known member.
func (s *Scan) take(op Operation, body []byte, m *member, f Fields, known map[string]string) error {
	value := body[m.at[0]:m.at[1]]
	if s.Fields&f != 0 && f&metered != 0 {
		return wrong(m, f, "given more than once")
	}
	s.Fields |= f
	if value[0] == 'n' {
		s.Nulls |= f
	}
	switch f {
	case FieldModel:
		if value[0] != '"' {
			return wrong(m, f, "expected a string")
		}
		s.ModelAt = m.at
		s.Model = text(value[1:len(value)-1], known)
	case FieldStream:
		return truth(&s.Stream, m, f, value)
	case FieldStreamOptions:
		if op.EndsWithDone() {
			return s.takeOptions(body, m)
		}
	case FieldN:
		return count(&s.Choices, m, f, value)
	case FieldMaxTokens, FieldMaxCompletionTokens:
		if op == CreateChat || op == CreateCompletion && f == FieldMaxTokens {
			return s.takeLimit(m, f, value)
		}
	case FieldMaxOutputTokens, FieldBackground, FieldStore, FieldPreviousResponse, FieldBestOf, FieldStreamFormat, FieldInput,
		FieldResponseFormat:
		return s.takeMore(op, m, f, value)
	}
	return nil
}

// takeMore reads the members that matter on some surfaces only.
func (s *Scan) takeMore(op Operation, m *member, f Fields, value []byte) error {
	switch {
	case f == FieldMaxOutputTokens && op == CreateResponse:
		return s.takeLimit(m, f, value)
	case f == FieldBackground && op == CreateResponse:
		return truth(&s.Background, m, f, value)
	case f == FieldStore && op == CreateResponse:
		if s.Store = true; value[0] == 'n' {
			return nil // as if it were not there
		}
		return truth(&s.Store, m, f, value)
	case f == FieldStore && op == CreateChat:
		return truth(&s.Store, m, f, value)
	case f == FieldBestOf && op == CreateCompletion:
		return count(&s.BestOf, m, f, value)
	case f == FieldPreviousResponse && op == CreateResponse:
		return word(&s.Previous, m, f, value)
	case f == FieldStreamFormat && op == CreateSpeech:
		var format string
		err := word(&format, m, f, value)
		s.Stream = s.Stream || format == "sse"
		return err
	case f == FieldResponseFormat && (op.API() == agreement.Audio || op.API() == agreement.Images):
		return word(&s.Format, m, f, value)
	case f == FieldInput && op == CreateSpeech:
		if value[0] != '"' {
			return wrong(m, f, "expected a string")
		}
		s.Characters = characters(value[1 : len(value)-1])
	}
	return nil
}

func wrong(m *member, f Fields, reason string) error {
	return &BodyError{Offset: m.at[0], Param: f.First(), Reason: reason}
}

// truth reads true or false; null is as if the member were not there.
func truth(to *bool, m *member, f Fields, value []byte) error {
	if value[0] != 't' && value[0] != 'f' && value[0] != 'n' {
		return wrong(m, f, "expected true or false")
	}
	*to = value[0] == 't'
	return nil
}

func count(to *int64, m *member, f Fields, value []byte) error {
	n, ok := integer(value)
	if value[0] != 'n' && (!ok || n < 0) {
		return wrong(m, f, "expected a whole number")
	}
	*to = n
	return nil
}

func word(to *string, m *member, f Fields, value []byte) error {
	switch value[0] {
	case 'n':
	case '"':
		*to = text(value[1:len(value)-1], nil)
	default:
		return wrong(m, f, "expected a string")
	}
	return nil
}

// characters counts the characters (code points) that a string without its quotes stands for.
func characters(s []byte) int64 {
	n := int64(0)
	for i := 0; i < len(s); n++ {
		switch {
		case s[i] == '\\' && s[i+1] == 'u':
			high := utf16.IsSurrogate(hex4(s[i+2:]))
			if i += 6; high && i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' && utf16.IsSurrogate(hex4(s[i+2:])) {
				i += 6
			}
		case s[i] == '\\':
			i += 2
		default:
			_, size := utf8.DecodeRune(s[i:])
			i += size
		}
	}
	return n
}

func (s *Scan) takeLimit(m *member, f Fields, value []byte) error {
	if value[0] == 'n' {
		return nil
	}
	n, ok := integer(value)
	if !ok || n < 0 {
		return wrong(m, f, "expected a whole number")
	}
	if s.MaxTokensName != "" {
		return wrong(m, f, "give max_tokens or max_completion_tokens, not both")
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
