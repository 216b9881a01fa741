package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// bedrockDialect is Amazon Bedrock's OpenAI-compatible surface, on one of its two planes.
type bedrockDialect struct{ e *Emulator }

// strictFields are what the hosts of gpt-oss take, in the order of their own error text.
var strictFields = strings.Fields(`messages model store reasoning_effort metadata frequency_penalty logit_bias logprobs top_logprobs max_tokens
	max_completion_tokens n modalities prediction audio presence_penalty response_format seed service_tier stop stream stream_options
	temperature top_p tools tool_choice parallel_tool_calls user function_call functions`)

func (d bedrockDialect) mantle() bool { return d.e.config.Plane == "mantle" }

func (d bedrockDialect) route(r *http.Request) (target, *failure) {
	if op, id, _ := find(r.Method, r.URL.Path, func(o operation) bool { return o >= invoke && o <= converseStream }); op != 0 && !d.mantle() {
		return target{op: op, model: id}, nil
	}
	prefix := "/openai/v1"
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		prefix = "/v1"
	}
	to, failed := openaiPaths(d, r, prefix, d.has)
	if failed != nil {
		return to, &failure{status: http.StatusNotFound, header: errorKind("UnknownOperationException"), body: []byte("<UnknownOperationException/>")}
	}
	to.prefix = prefix
	return to, nil
}

// has reports what each plane has: the list of models is mantle's alone.
func (d bedrockDialect) has(o operation) bool {
	return o == chatCompletion || responsesOf(o) || d.mantle() && (o == listModels || o == getModel)
}

func errorKind(name string) http.Header { return http.Header{"X-Amzn-Errortype": {name}} }

func (d bedrockDialect) authorize(r *http.Request, body []byte) (string, *failure) {
	if strings.HasPrefix(r.Header.Get("Authorization"), sigV4+" ") {
		return d.verify(r, body)
	}
	key := bearer(r)
	switch {
	case d.e.accepts(key) && !strings.Contains(key, ":"):
		return d.e.config.Accounts[key], nil
	case d.mantle():
		return "", &failure{status: http.StatusUnauthorized, body: errorJSON("Invalid bearer token", "invalid_request_error", "", "invalid_api_key")}
	}
	return "", &failure{status: http.StatusForbidden, header: errorKind("AccessDeniedException"),
		body: []byte(`{"Message":"Authentication failed: Please make sure your API Key is valid."}`)}
}

func (d bedrockDialect) check(q *query) *failure {
	if failed := d.placed(q); failed != nil {
		return failed
	}
	if q.choices > 1 {
		return d.nested("unsupported_parameter", "Unsupported parameter: 'n' is not supported with this model.", "n")
	}
	if q.op == converse || q.op == converseStream {
		return d.checkConverse(q)
	}
	if q.op == createResponse {
		return d.checkResponse(q)
	}
	if q.openWeights() {
		if name := q.unknown(strictFields); name != "" {
			return d.exception(http.StatusBadRequest, "ValidationException", fmt.Sprintf("Failed to deserialize the JSON body into the target type: "+
				"unknown field `%s`, expected one of %s", name, strings.Join(strictFields, ", ")))
		}
		return d.refused(q, "logit_bias")
	}
	if name := q.unknown(known); name != "" {
		return d.nested("unknown_parameter", fmt.Sprintf("Unknown parameter: '%s'.", name), name)
	}
	if q.frontier() && q.has("max_tokens") {
		return d.nested("unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported with this model. "+
			"Use 'max_completion_tokens' instead.", "max_tokens")
	}
	if strings.HasPrefix(q.serve, "gpt-5.6") {
		return d.refused(q, "frequency_penalty", "presence_penalty", "stop", "logprobs", "top_logprobs")
	}
	return nil
}

// refused refuses members that the model's host does not take.
func (d bedrockDialect) refused(q *query, names ...string) *failure {
	for _, name := range names {
		if q.has(name) {
			return d.nested("unsupported_parameter", fmt.Sprintf("Unsupported parameter: '%s' is not supported with this model.", name), name)
		}
	}
	return nil
}

// checkResponse is what each plane takes of responses: the runtime makes none in the background, and none of gpt-oss.
func (d bedrockDialect) checkResponse(q *query) *failure {
	if name := q.unknown(surfaces[createResponse].fields); name != "" {
		return d.nested("unknown_parameter", fmt.Sprintf("Unknown parameter: '%s'.", name), name)
	}
	if d.mantle() {
		return nil
	}
	if q.openWeights() {
		return d.exception(http.StatusBadRequest, "ValidationException", fmt.Sprintf("The model '%s' does not support the '/v1/responses' API", q.model))
	}
	if q.tools.declared {
		return d.nested("unsupported_parameter", "Unsupported parameter: tools that run on the server are not supported on this endpoint.", "tools")
	}
	if q.background {
		return d.nested("unsupported_parameter", "Unsupported parameter: 'background' is not supported on this endpoint.", "background")
	}
	return nil
}

// placed checks what path and id a model wants: on mantle the prefix, on runtime an inference profile for newer models.
func (d bedrockDialect) placed(q *query) *failure {
	if !d.mantle() {
		if rest, bare := strings.CutPrefix(q.model, "openai."); bare && (strings.HasPrefix(rest, "gpt-5.6") || strings.HasPrefix(rest, "gpt-6")) {
			return d.exception(http.StatusBadRequest, "ValidationException", fmt.Sprintf("Invocation of model ID %s with on-demand throughput isn't "+
				"supported. Retry your request with the ID or ARN of an inference profile that contains this model.", q.model))
		}
		return nil
	}
	if q.openWeights() != (q.prefix == "/v1") {
		return d.exception(http.StatusBadRequest, "ValidationException", fmt.Sprintf("model `%s` isn't supported on this route", q.model))
	}
	if q.op == chatCompletion && (q.serve == "gpt-5.4" || q.serve == "gpt-5.5") {
		return &failure{status: http.StatusBadRequest, body: errorJSON(fmt.Sprintf("The model '%s' does not support the '/v1/chat/completions' API", q.model),
			"invalid_request_error", "", "validation_error")}
	}
	return nil
}

// admission counts the limit of the answer, and the model's own limit where the request gives none.
func (d bedrockDialect) admission(q *query) int64 {
	const modelMaximum = 16_384
	if q.limit == 0 {
		return q.prompt + modelMaximum
	}
	return q.prompt + q.limit
}

func (d bedrockDialect) head(_ *exchange, h http.Header) { h.Set("X-Amzn-Requestid", d.e.uuid()) }

func (d bedrockDialect) shape(q *query) shape {
	if q.openWeights() {
		return shape{tier: true, reasoning: "reasoning"}
	}
	return shape{tier: true}
}

func (d bedrockDialect) exception(status int, kind, message string) *failure {
	if d.mantle() {
		return &failure{status: status, body: errorJSON(message, "invalid_request_error", "", "validation_error")}
	}
	b := toJSON(map[string]string{"message": message})
	return &failure{status: status, header: errorKind(kind), body: b}
}

// nested is how the runtime passes on what the model's host refused: JSON inside the message.
func (d bedrockDialect) nested(code, message, param string) *failure {
	inner := errorJSON(message, "invalid_request_error", param, code)
	if d.mantle() {
		return &failure{status: http.StatusBadRequest, body: inner}
	}
	return d.exception(http.StatusBadRequest, "ValidationException", "The model returned the following errors: "+string(inner))
}

func (d bedrockDialect) invalid(status int, message, param, code string) *failure {
	if param != "" {
		return d.nested(code, message, param)
	}
	return d.exception(status, "ValidationException", message)
}

func (d bedrockDialect) unknownModel(name string) *failure {
	if d.mantle() {
		return &failure{status: http.StatusNotFound, body: errorJSON(fmt.Sprintf("The model '%s' does not exist", name), "invalid_request_error", "", "model_not_found")}
	}
	return d.exception(http.StatusBadRequest, "ValidationException", "The provided model identifier is invalid.")
}

func (d bedrockDialect) unknownResponse(id string) *failure {
	message := fmt.Sprintf("Response with id '%s' not found.", id)
	if d.mantle() {
		return &failure{status: http.StatusNotFound, body: errorJSON(message, "invalid_request_error", "", "not_found")}
	}
	return d.exception(http.StatusNotFound, "ResourceNotFoundException", message)
}

func (d bedrockDialect) throttled(wait time.Duration) *failure {
	f := d.exception(http.StatusTooManyRequests, "ThrottlingException", "Too many requests, please wait before trying again.")
	if d.mantle() {
		f.body = errorJSON("Too many requests, please wait before trying again.", "rate_limit_error", "", "rate_limit_exceeded")
	}
	for name, v := range retryHeader(wait, false) {
		if f.header == nil {
			f.header = http.Header{}
		}
		f.header[name] = v
	}
	return f
}

func (d bedrockDialect) quota(wait time.Duration) *failure {
	if d.mantle() {
		return d.throttled(wait) // tokens per minute are all that this plane limits
	}
	return d.exception(http.StatusBadRequest, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account.")
}

func (d bedrockDialect) broken(status int, wait time.Duration) *failure {
	kind := "InternalServerException"
	if status == http.StatusServiceUnavailable {
		kind = "ServiceUnavailableException"
	}
	f := d.exception(status, kind, "The system encountered an unexpected error during processing. Try your request again.")
	if d.mantle() {
		f.body = errorJSON("The system encountered an unexpected error during processing.", "server_error", "", "internal_server_error")
	}
	if h := retryHeader(wait, false); h != nil && f.header != nil {
		f.header["Retry-After"] = slices.Clone(h["Retry-After"])
	}
	return f
}

func (d bedrockDialect) filtered() *failure { return nil }
