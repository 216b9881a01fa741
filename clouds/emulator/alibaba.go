package emulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// alibabaDialect is Alibaba Cloud's Model Studio in compatible mode.
type alibabaDialect struct{ e *Emulator }

func (d alibabaDialect) route(r *http.Request) (target, *failure) {
	if path, ok := strings.CutPrefix(r.URL.Path, responsesPath); ok && (path == "" || path[0] == '/') {
		if path == "" && r.Method == http.MethodPost {
			return target{op: createResponse}, nil
		}
		return target{}, d.fail(http.StatusMethodNotAllowed, "invalid_request_error", "invalid_request_error", "Request method is not supported.")
	}
	return openaiPaths(d, r, "/compatible-mode/v1", func(o operation) bool {
		return o == chatCompletion || o == createEmbedding || o == listModels || o == getModel
	})
}

// responsesPath is where responses are made, beside the rest of compatible mode.
const responsesPath = "/api/v2/apps/protocols/compatible-mode/v1/responses"

// fail writes the compatible mode's error: OpenAI's, with a request id beside it.
func (d alibabaDialect) fail(status int, code, kind, message string) *failure {
	id := d.e.uuid()
	b := toJSON(map[string]any{"error": map[string]any{"code": code, "param": nil, "message": message, "type": kind},
		"id": "chatcmpl-" + id, "request_id": id})
	return &failure{status: status, body: b}
}

func (d alibabaDialect) authorize(r *http.Request, _ []byte) (string, *failure) {
	if key := bearer(r); d.e.accepts(key) && d.regional(r.Host) {
		return d.e.config.Accounts[key], nil
	}
	return "", d.fail(http.StatusUnauthorized, "invalid_api_key", "invalid_request_error", "Incorrect API key provided. A key is valid in its own region only.")
}

// regional reports whether a host, where it is one of Alibaba's own names, is of the region that the keys belong to.
func (d alibabaDialect) regional(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	of, ok := strings.CutSuffix(name, ".aliyuncs.com")
	if !ok || d.e.config.Region == "" {
		return true
	}
	legacy := map[string]string{"dashscope-intl": "ap-southeast-1", "dashscope-us": "us-east-1", "dashscope": "cn-beijing", "cn-hongkong.dashscope": "cn-hongkong"}
	region, found := legacy[of]
	if parts := strings.Split(of, "."); len(parts) == 3 && parts[2] == "maas" {
		region, found = parts[1], true // WORKSPACE.REGION.maas
	}
	return found && region == d.e.config.Region
}

func (d alibabaDialect) check(q *query) *failure {
	if q.op == createEmbedding && len(q.inputs) > 10 {
		return d.invalid(http.StatusBadRequest, "Value error, batch size is invalid, it should not be larger than 10.: input.contents", "input", "")
	}
	if q.op == createResponse {
		return d.checkResponse(q)
	}
	if !q.openWeights() {
		return nil
	}
	for _, name := range [...]string{"tools", "tool_choice", "functions", "function_call"} {
		if q.has(name) {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("The parameter %s is not supported by the model %s.", name, q.model), name, "")
		}
	}
	return nil
}

// checkResponse is what the cloud takes of responses: Qwen's newer models make them, while the client waits.
func (d alibabaDialect) checkResponse(q *query) *failure {
	switch {
	case !strings.HasPrefix(q.serve, "qwen3"):
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("The model %s does not support the Responses API.", q.model), "model", "")
	case q.background:
		return d.invalid(http.StatusBadRequest, "The parameter background is not supported.", "background", "")
	}
	if name := q.unknown(surfaces[createResponse].fields); name != "" {
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("The parameter %s is not supported.", name), name, "")
	}
	return nil
}

func (d alibabaDialect) admission(q *query) int64 { return q.prompt + q.limit*q.choices }

func (d alibabaDialect) head(_ *exchange, h http.Header) { h.Set("X-Request-Id", d.e.uuid()) }

func (d alibabaDialect) shape(q *query) shape {
	if q.openWeights() {
		return shape{reasoning: "reasoning_content"}
	}
	return shape{}
}

func (d alibabaDialect) invalid(status int, message, _, _ string) *failure {
	return d.fail(status, "invalid_parameter_error", "invalid_request_error", message)
}

func (d alibabaDialect) unknownModel(name string) *failure {
	return d.fail(http.StatusNotFound, "model_not_found", "invalid_request_error",
		fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", name))
}

// unknownResponse is what this cloud, which has no path for kept responses, would say of one.
func (d alibabaDialect) unknownResponse(id string) *failure { return d.unknownModel(id) }

func (d alibabaDialect) throttled(wait time.Duration) *failure {
	f := d.fail(http.StatusTooManyRequests, "insufficient_quota", "insufficient_quota",
		"You exceeded your current quota, please check your plan and billing details. Allocated quota exceeded, it recovers within a minute.")
	f.header = retryHeader(wait, false)
	return f
}

func (d alibabaDialect) quota(time.Duration) *failure {
	return d.fail(http.StatusBadRequest, "Arrearage", "Arrearage", "Access denied, please make sure your account is in good standing.")
}

func (d alibabaDialect) broken(status int, wait time.Duration) *failure {
	f := d.fail(status, "internal_error", "internal_error", "An internal error has occured, please try again later or contact service support.")
	f.header = retryHeader(wait, false)
	return f
}

func (d alibabaDialect) filtered() *failure {
	return d.fail(http.StatusBadRequest, "data_inspection_failed", "data_inspection_failed", "Input data may contain inappropriate content.")
}
