package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A dialect is what differs from cloud to cloud: paths, credentials, what a model takes, headers, envelopes, stream quirks.
type dialect interface {
	route(r *http.Request) (target, *failure)
	authorize(r *http.Request, body []byte) (account string, failed *failure)
	check(q *query) *failure
	admission(q *query) int64 // how many tokens the cloud counts against the limit when it admits the request
	head(x *exchange, h http.Header)
	shape(q *query) shape

	invalid(status int, message, param, code string) *failure
	unknownModel(name string) *failure
	unknownResponse(id string) *failure
	throttled(wait time.Duration) *failure // 0 = it does not say for how long
	quota(wait time.Duration) *failure
	broken(status int, wait time.Duration) *failure
	filtered() *failure // what a content filter says; nil = the cloud has none
}

// A target is what a path asks for.
type target struct {
	op      operation
	id      string // of a stored object or a model, from the path
	model   string // from the path; "" = the body names it
	prefix  string // aws: in front of the operation
	account string // whose credential it came with
}

// A failure is an answer that is an error.
type failure struct {
	status int
	header http.Header
	body   []byte
}

// A shape says how a cloud writes its answers.
type shape struct {
	newline     string // line end of streams; "" = "\n"
	tier        bool   // service_tier
	obfuscation bool
	filter      bool   // Azure's filter results, and its empty first chunk
	async       bool   // Azure's asynchronous filter: chunks without a delta
	reasoning   string // member that shows reasoning; "" = it is not shown
}

// errorJSON writes an error as OpenAI does.
func errorJSON(message, kind, param, code string) []byte {
	nullable := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	return toJSON(map[string]any{"error": map[string]any{
		"message": message, "type": nullable(kind), "param": nullable(param), "code": nullable(code)}})
}

// toJSON writes texts and numbers, without the escapes that only HTML needs.
func toJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // texts and numbers always marshal
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// seconds writes a pause for Retry-After: whole seconds, rounded up; below one (when time is scaled) a decimal.
func seconds(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 3, 64)
	}
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// retryHeader gives Retry-After, and with ms retry-after-ms as well; nil if there is no pause to name.
func retryHeader(d time.Duration, ms bool) http.Header {
	if d <= 0 {
		return nil
	}
	h := http.Header{"Retry-After": {seconds(d)}}
	if ms {
		h.Set("Retry-After-Ms", strconv.FormatInt(max(1, d.Milliseconds()), 10))
	}
	return h
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

func (e *Emulator) accepts(key string) bool { return key != "" && slices.Contains(e.config.Keys, key) }

// origin sets the ids of one cloud apart from those of every other, and where no seed is given, of its earlier runs.
func (e *Emulator) origin() uint64 {
	c := &e.config
	run := c.Seed
	if run == 0 {
		run = uint64(e.started.UnixNano())
	}
	return hashOf(fmt.Appendf(nil, "%s %s %s %d", c.Cloud, c.Plane, c.Region, run))
}

// next gives a number that no other call gives, scattered by the origin.
func (e *Emulator) next() uint64 {
	x := e.ids + e.serial.Add(1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (e *Emulator) hex32() string { return fmt.Sprintf("%016x%016x", e.next(), e.next()) }

func (e *Emulator) uuid() string {
	h := e.hex32()
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// openaiDialect is OpenAI itself.
type openaiDialect struct{ e *Emulator }

func (d openaiDialect) route(r *http.Request) (target, *failure) {
	return openaiPaths(d, r, "/v1", ofOpenAI)
}

// openaiPaths routes the paths that the compatible clouds share below a prefix, as far as they have them.
func openaiPaths(d dialect, r *http.Request, prefix string, among func(operation) bool) (target, *failure) {
	path, ok := strings.CutPrefix(r.URL.Path, prefix)
	if ok {
		op, id, wrongMethod := find(r.Method, path, among)
		switch {
		case op != 0:
			return target{op: op, id: id}, nil
		case wrongMethod:
			return target{}, d.invalid(http.StatusMethodNotAllowed, fmt.Sprintf("Not allowed to %s on %s (HINT: Perhaps you meant to use a "+
				"different HTTP method?)", r.Method, r.URL.Path), "", "method_not_supported")
		}
	}
	return target{}, d.invalid(http.StatusNotFound, fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path), "", "")
}

func (d openaiDialect) authorize(r *http.Request, _ []byte) (string, *failure) {
	key := bearer(r)
	switch {
	case key == "":
		return "", &failure{status: 401, body: errorJSON("You didn't provide an API key. You need to provide your API key in an Authorization "+
			"header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).", "invalid_request_error", "", "")}
	case !d.e.accepts(key):
		return "", &failure{status: 401, body: errorJSON(fmt.Sprintf("Incorrect API key provided: %s. You can find your API key at "+
			"https://platform.openai.com/account/api-keys.", masked(key)), "invalid_request_error", "", "invalid_api_key")}
	}
	return d.e.config.Accounts[key], nil
}

// masked shows a key as OpenAI does: its first and last characters.
func masked(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:4] + strings.Repeat("*", len(key)-8) + key[len(key)-4:]
}

func (d openaiDialect) check(q *query) *failure { return checkOpenAI(d, q) }

// checkEffort refuses to do without reasoning where the model always reasons: from 6.1 on.
func checkEffort(d dialect, q *query) *failure {
	if !strings.HasPrefix(q.serve, "gpt-6.") {
		return nil
	}
	var reasoning struct{ Effort string }
	_ = json.Unmarshal(q.fields["reasoning"], &reasoning) // of another form it asks for none
	name := ""
	switch {
	case q.op == chatCompletion && string(q.fields["reasoning_effort"]) == `"none"`:
		name = "reasoning_effort"
	case q.op == createResponse && reasoning.Effort == "none":
		name = "reasoning.effort"
	default:
		return nil
	}
	return d.invalid(http.StatusBadRequest, fmt.Sprintf("Unsupported value: '%s' does not support 'none' with this model.", name), name, "unsupported_value")
}

// checkOpenAI is what OpenAI's own models refuse, on OpenAI and on Azure.
func checkOpenAI(d dialect, q *query) *failure {
	if name := q.unknown(surfaces[q.op].fields); name != "" {
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("Unknown parameter: '%s'.", name), name, "unknown_parameter")
	}
	if q.frontier() && q.op == chatCompletion && q.has("max_tokens") {
		return d.invalid(http.StatusBadRequest, "Unsupported parameter: 'max_tokens' is not supported with this model. "+
			"Use 'max_completion_tokens' instead.", "max_tokens", "unsupported_parameter")
	}
	if failed := checkEffort(d, q); failed != nil {
		return failed
	}
	if failed := checkAudio(d, q); failed != nil {
		return failed
	}
	if failed := checkImage(d, q); failed != nil {
		return failed
	}
	if q.has("max_tokens") && q.has("max_completion_tokens") {
		return d.invalid(http.StatusBadRequest, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
			"max_tokens", "invalid_parameter_combination")
	}
	return nil
}

func (d openaiDialect) admission(q *query) int64 { return q.prompt + q.limit*q.choices }

func (d openaiDialect) head(x *exchange, h http.Header) {
	now := d.e.config.Now()
	h.Set("X-Request-Id", "req_"+d.e.hex32())
	h.Set("Openai-Version", "2020-10-01")
	h.Set("Openai-Processing-Ms", strconv.FormatInt(now.Sub(x.served.Started).Milliseconds(), 10))
	h.Set("Openai-Organization", "emulated")
	if x.served.Model == "" {
		return
	}
	a := d.e.allowance(x.served.Account, x.served.Model)
	setLimits(h, a)
	h.Set("X-Ratelimit-Reset-Requests", resetText(a.reset, a.requests-a.requestsLeft, a.requests))
	h.Set("X-Ratelimit-Reset-Tokens", resetText(a.reset, a.tokens-a.tokensLeft, a.tokens))
}

// resetText writes how long until what was used is free again, as OpenAI does: "120ms", "6m0s".
func resetText(minute time.Duration, used, limit int64) string {
	if used <= 0 || limit <= 0 {
		return "0s"
	}
	return (minute * time.Duration(min(used, limit)) / time.Duration(limit)).Round(time.Millisecond).String()
}

func setLimits(h http.Header, a allowance) {
	h.Set("X-Ratelimit-Limit-Requests", strconv.FormatInt(a.requests, 10))
	h.Set("X-Ratelimit-Limit-Tokens", strconv.FormatInt(a.tokens, 10))
	h.Set("X-Ratelimit-Remaining-Requests", strconv.FormatInt(a.requestsLeft, 10))
	h.Set("X-Ratelimit-Remaining-Tokens", strconv.FormatInt(a.tokensLeft, 10))
}

func (d openaiDialect) shape(*query) shape { return shape{tier: true, obfuscation: true} }

func (d openaiDialect) invalid(status int, message, param, code string) *failure {
	return &failure{status: status, body: errorJSON(message, "invalid_request_error", param, code)}
}

func (d openaiDialect) unknownModel(name string) *failure {
	return d.invalid(http.StatusNotFound, fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", name), "", "model_not_found")
}

func (d openaiDialect) unknownResponse(id string) *failure {
	return d.invalid(http.StatusNotFound, fmt.Sprintf("Response with id '%s' not found.", id), "", "")
}

func (d openaiDialect) throttled(wait time.Duration) *failure {
	message := "Rate limit reached for requests."
	if wait > 0 {
		message += fmt.Sprintf(" Please try again in %s.", wait.Round(time.Millisecond))
	}
	return &failure{status: 429, header: retryHeader(wait, true), body: errorJSON(message, "requests", "", "rate_limit_exceeded")}
}

func (d openaiDialect) quota(wait time.Duration) *failure {
	return &failure{status: 429, header: retryHeader(wait, false), body: errorJSON("You exceeded your current quota, please check your plan and billing details.",
		"insufficient_quota", "", "insufficient_quota")}
}

func (d openaiDialect) broken(status int, wait time.Duration) *failure {
	return &failure{status: status, header: retryHeader(wait, false), body: errorJSON("The server had an error while processing your request. Sorry about that!",
		"server_error", "", "")}
}

func (d openaiDialect) filtered() *failure { return nil }
