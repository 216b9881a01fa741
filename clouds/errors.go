package clouds

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrorInfo is what an error body says, whatever its envelope.
type ErrorInfo struct {
	Found   bool // the body is an error envelope that is known
	OpenAI  bool // the body already has OpenAI's form and can be passed on as it stands
	Message string
	Type    string // OpenAI's "type", Google's "status", or Amazon's error type
	Code    string
	Param   string
	Status  int // an HTTP status that the body itself gives; 0 = none
}

// errorLimit bounds the error body that is decoded; what is longer is not an error of any cloud.
const errorLimit = 256 << 10

// ReadError reads an error body: OpenAI's envelope, Azure's, Google's (also inside an array), Amazon's capital-M Message with
// JSON inside the message, DashScope's flat one, or a stream whose data line holds one of them.
func ReadError(body []byte) ErrorInfo {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || len(body) > errorLimit {
		return ErrorInfo{}
	}
	switch body[0] {
	case '{':
		return readEnvelope(body, true)
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(body, &list) == nil && len(list) > 0 {
			info := readEnvelope(list[0], false)
			return info
		}
	case 'd', 'e', ':':
		return readStreamError(body)
	}
	return ErrorInfo{}
}

// readStreamError finds the first data line that is an error.
func readStreamError(body []byte) ErrorInfo {
	s := NewSplitter(bytes.NewReader(append(bytes.Clone(body), "\n\n"...)), nil)
	for {
		f, err := s.Next()
		if err != nil {
			return ErrorInfo{}
		}
		if len(f.Data) == 0 || !isErrorEvent(f.Data) {
			continue
		}
		if info := readEnvelope(f.Data, true); info.Found {
			return info
		}
	}
}

// isErrorEvent reports whether a data line is an error on any surface.
func isErrorEvent(data []byte) bool {
	known := false
	o := object{b: data, i: skipSpace(data, 0)}
	for o.next() {
		switch string(o.m.key) {
		case "error":
			if o.value()[0] != 'n' {
				return true
			}
		case "type":
			kind := string(unquote(o.value()))
			if known = true; kind == "error" || kind == "response.failed" {
				return true
			}
		case "choices", "usage":
			known = true
		}
	}
	return o.i < 0 || !known
}

type envelope struct {
	Error json.RawMessage `json:"error"`
	// Amazon and DashScope put them at the top. encoding/json folds case, so Message is read as well.
	Message string          `json:"message"`
	Code    json.RawMessage `json:"code"`
	Type    string          `json:"__type"`
	Detail  json.RawMessage `json:"detail"`
	// A failed response in a stream.
	Response struct {
		Error json.RawMessage `json:"error"`
	} `json:"response"`
}

type errorObject struct {
	Message string          `json:"message"`
	Type    *string         `json:"type"`
	Param   *string         `json:"param"`
	Code    json.RawMessage `json:"code"`
	State   string          `json:"status"`
}

func readEnvelope(body []byte, whole bool) ErrorInfo {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil && e.Error == nil && e.Message == "" && e.Response.Error == nil {
		return ErrorInfo{}
	}
	info := ErrorInfo{}
	switch {
	case len(e.Response.Error) > 0 && e.Response.Error[0] == '{':
		info = readErrorObject(e.Response.Error)
		info.OpenAI = false // the event around it is none
	case len(e.Error) > 0 && e.Error[0] == '{':
		info = readErrorObject(e.Error)
		info.OpenAI = info.OpenAI && whole
	case len(e.Error) > 0 && e.Error[0] == '"':
		_ = json.Unmarshal(e.Error, &info.Message)
		info.Found = true
	case e.Message != "" || e.Type != "":
		info = ErrorInfo{Found: true, Message: e.Message, Type: e.Type}
		info.setCode(e.Code)
	case len(e.Detail) > 0:
		info = ErrorInfo{Found: true, Message: strings.Trim(string(e.Detail), `"`)}
	}
	if inner, ok := nestedError(info.Message); ok {
		return inner
	}
	return info
}

func readErrorObject(raw json.RawMessage) ErrorInfo {
	var o errorObject
	// A wrong type in one member (Azure's numeric status) leaves the others read.
	_ = json.Unmarshal(raw, &o)
	info := ErrorInfo{Found: true, Message: o.Message}
	if o.Type != nil {
		info.Type = *o.Type
	} else {
		info.Type = o.State
	}
	if o.Param != nil {
		info.Param = *o.Param
	}
	info.setCode(o.Code)
	numeric := len(o.Code) > 0 && o.Code[0] >= '0' && o.Code[0] <= '9'
	info.OpenAI = o.Message != "" && !numeric && (o.Type != nil || o.Code != nil) && o.State == ""
	return info
}

func (e *ErrorInfo) setCode(raw json.RawMessage) {
	switch {
	case len(raw) == 0 || raw[0] == 'n':
	case raw[0] == '"':
		_ = json.Unmarshal(raw, &e.Code)
	default:
		e.Code = string(raw)
	}
	if n, err := strconv.Atoi(e.Code); err == nil && n >= 400 && n <= 599 {
		e.Status = n
	}
}

// nestedError reads the error that Bedrock wraps in the text of its own.
func nestedError(message string) (ErrorInfo, bool) {
	at := strings.Index(message, `{"error"`)
	if at < 0 {
		return ErrorInfo{}, false
	}
	// What follows the inner object is prose, if anything.
	var e envelope
	if json.NewDecoder(strings.NewReader(message[at:])).Decode(&e) != nil || len(e.Error) == 0 || e.Error[0] != '{' {
		return ErrorInfo{}, false
	}
	info := readErrorObject(e.Error)
	info.OpenAI = false // the envelope around it is not
	return info, true
}

// ErrorBody writes an error in OpenAI's form; empty param and code are null, as OpenAI writes them.
func ErrorBody(message, kind, param, code string) []byte {
	nullable := func(dst []byte, s string) []byte {
		if s == "" {
			return append(dst, "null"...)
		}
		return appendQuoted(dst, s)
	}
	b := append(make([]byte, 0, 96+len(message)), `{"error":{"message":`...)
	b = appendQuoted(b, strings.ToValidUTF8(message, "\uFFFD"))
	b = appendQuoted(append(b, `,"type":`...), kind)
	b = nullable(append(b, `,"param":`...), param)
	b = nullable(append(b, `,"code":`...), code)
	return append(b, "}}"...)
}

// RetryAfter says how long a cloud asks to be left alone, in ns: retry-after-ms, then Retry-After, then the reset of a limit
// that is used up, then the text of the message. 0 = it does not say.
func RetryAfter(h http.Header, message string) int64 {
	if d, ok := decimal(h.Get("Retry-After-Ms"), int64(time.Millisecond)); ok {
		return d
	}
	if v := h.Get("Retry-After"); v != "" {
		if d, ok := decimal(v, int64(time.Second)); ok {
			return d
		}
		if d, ok := untilDate(v, h.Get("Date")); ok {
			return d
		}
	}
	if d := limitReset(h); d > 0 {
		return d
	}
	return retryText(message)
}

// untilDate reads Retry-After as a date, against the cloud's own clock: ours may differ.
func untilDate(value, now string) (int64, bool) {
	until, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	from, err := http.ParseTime(now)
	if err != nil {
		return 0, false
	}
	return max(0, int64(until.Sub(from))), true
}

func limitReset(h http.Header) int64 {
	longest := int64(0)
	for _, kind := range [...]string{"Requests", "Tokens"} {
		if h.Get("X-Ratelimit-Remaining-"+kind) != "0" {
			continue
		}
		v := h.Get("X-Ratelimit-Reset-" + kind)
		if d, ok := decimal(v, int64(time.Second)); ok {
			longest = max(longest, d)
		} else if d, err := time.ParseDuration(v); err == nil {
			longest = max(longest, int64(d))
		}
	}
	return longest
}

// retryText finds "try again in 2 seconds", "retry after 86400 seconds", "try again in 6m0s" and the like.
func retryText(message string) int64 {
	lower := strings.ToLower(message)
	for _, lead := range [...]string{"try again in ", "retry after ", "retry in "} {
		_, rest, ok := strings.Cut(lower, lead)
		if !ok {
			continue
		}
		number := rest
		if end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' }); end >= 0 {
			number = rest[:end]
		}
		if word := strings.TrimSpace(rest[len(number):]); number != "" {
			number = strings.TrimRight(number, ".")
			switch {
			case strings.HasPrefix(word, "millisecond"):
				d, _ := decimal(number, int64(time.Millisecond))
				return d
			case strings.HasPrefix(word, "second"), word == "":
				d, _ := decimal(number, int64(time.Second))
				return d
			case strings.HasPrefix(word, "minute"):
				d, _ := decimal(number, int64(time.Minute))
				return d
			case strings.HasPrefix(word, "hour"):
				d, _ := decimal(number, int64(time.Hour))
				return d
			}
			first, _, _ := strings.Cut(rest, " ")
			if d, err := time.ParseDuration(strings.TrimRight(first, ".,;")); err == nil && d > 0 {
				return int64(d)
			}
		}
	}
	return 0
}

// decimal reads a non-negative decimal number of units, without a float.
func decimal(s string, unit int64) (int64, bool) {
	whole, fraction, _ := strings.Cut(strings.TrimSpace(s), ".")
	n, ok := integer([]byte(whole))
	if !ok || n < 0 || n > 1<<31 {
		return 0, false
	}
	d := n * unit
	for _, c := range []byte(fraction) {
		if c < '0' || c > '9' {
			return 0, false
		}
		unit /= 10
		d += int64(c-'0') * unit
	}
	return d, true
}
