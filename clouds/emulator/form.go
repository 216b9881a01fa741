package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// decode reads a body as what its content type says into the members of the request. In a form every value is text; a file
// is counted and not kept.
func (q *query) decode(d dialect, r *http.Request, body []byte) *failure {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := surfaces[q.op].form
	switch {
	case form && err == nil && kind == "multipart/form-data":
		return q.readForm(d, multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	case form && !(q.op == editImage && kind == "application/json"):
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("Unsupported content type: '%s'. This API method only accepts 'multipart/form-data' requests, "+
			"but you specified the header 'Content-Type: %s'.", kind, r.Header.Get("Content-Type")), "", "unsupported_content_type")
	case !form && r.Header.Get("Content-Type") != "" && kind != "application/json":
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("Unsupported content type: '%s'. This API method only accepts 'application/json' requests, "+
			"but you specified the header 'Content-Type: %s'.", kind, r.Header.Get("Content-Type")), "", "unsupported_content_type")
	}
	if json.Unmarshal(body, &q.fields) != nil || q.fields == nil {
		return d.invalid(http.StatusBadRequest, "We could not parse the JSON body of your request.", "", "")
	}
	return nil
}

func (q *query) readForm(d dialect, form *multipart.Reader) *failure {
	q.fields = map[string]json.RawMessage{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var content []byte
		if err == nil {
			content, err = io.ReadAll(part)
		}
		if err != nil {
			return d.invalid(http.StatusBadRequest, "We could not parse the multipart form of your request.", "", "")
		}
		name := part.FormName()
		switch {
		case part.FileName() != "":
			q.files = append(q.files, upload{name, part.FileName(), int64(len(content))})
			q.fields[name] = json.RawMessage(`"file"`)
		case name == "file" || name == "image":
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for '%s': expected a file, but got a string instead.", name), name, "invalid_type")
		default:
			q.fields[name] = quoted(string(content))
		}
	}
}

// An upload is one file of a form.
type upload struct {
	field, name string
	size        int64
}

// text reads a member that is text.
func (q *query) text(d dialect, name string) (string, *failure) {
	var s string
	if !q.has(name) {
		return "", nil
	}
	if json.Unmarshal(q.fields[name], &s) != nil {
		return "", d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for '%s': expected a string.", name), name, "invalid_type")
	}
	return s, nil
}

// choice reads a member that is one of some words; "" if it is not given.
func (q *query) choice(d dialect, name string, words ...string) (string, *failure) {
	s, failed := q.text(d, name)
	if failed != nil || s == "" {
		return "", failed
	}
	for _, w := range words {
		if s == w {
			return s, nil
		}
	}
	return "", d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid value: '%s'. Supported values are: '%s'.", s, strings.Join(words, "', '")),
		name, "invalid_value")
}

// number reads a whole number between two bounds; in a form it is text.
func (q *query) number(d dialect, name string, least, most int64) (int64, *failure) {
	if !q.has(name) {
		return 0, nil
	}
	var n int64
	raw := q.fields[name]
	if surfaces[q.op].form {
		raw = bytes.Trim(raw, `"`)
	}
	if json.Unmarshal(raw, &n) != nil {
		return 0, d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for '%s': expected an integer.", name), name, "invalid_type")
	}
	if n < least {
		return 0, d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid '%s': integer below minimum value. Expected a value >= %d, but got %d instead.",
			name, least, n), name, "integer_below_min_value")
	}
	if n > most {
		return 0, d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid '%s': integer above maximum value. Expected a value <= %d, but got %d instead.",
			name, most, n), name, "integer_above_max_value")
	}
	return n, nil
}

// flag reads a truth value; in a form it is text.
func (q *query) flag(d dialect, name string) (bool, *failure) {
	if !q.has(name) {
		return false, nil
	}
	switch strings.Trim(string(q.fields[name]), `"`) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for '%s': expected a boolean.", name), name, "invalid_type")
}

// need refuses a request without that member.
func (q *query) need(d dialect, name string) *failure {
	if q.has(name) {
		return nil
	}
	return d.invalid(http.StatusBadRequest, fmt.Sprintf("Missing required parameter: '%s'.", name), name, "missing_required_parameter")
}
