package clouds

import (
	"net/http"
	"strconv"

	"concord/delivery"
)

// What clients see of answers that are not about their own request. The clouds' texts are not shown there: they name our
// accounts, limits and keys.
var (
	throttledBody = ErrorBody("The clouds that serve this model take no more requests at the moment. Try again later.",
		"requests", "", "rate_limit_exceeded")
	quotaBody = ErrorBody("The capacity that was bought for this model is used up. Ask the operator of this gateway.",
		"service_unavailable_error", "", "upstream_quota")
	failedBody     = ErrorBody("The cloud that serves this model failed. Try again.", "server_error", "", "upstream_error")
	timeoutBody    = ErrorBody("The cloud that serves this model did not answer in time. Try again.", "server_error", "", "upstream_timeout")
	credentialBody = ErrorBody("A cloud refused this gateway's credentials or configuration. Ask the operator of this gateway.",
		"service_unavailable_error", "", "upstream_configuration")
)

// ClassOf gives the outcome that a status means on every cloud, before a cloud's own rules look at codes and texts.
func ClassOf(status int) delivery.Outcome {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusPaymentRequired:
		return delivery.Credential
	case http.StatusRequestTimeout:
		return delivery.Timeout
	case http.StatusConflict, http.StatusFailedDependency, 499:
		return delivery.ServerError
	case http.StatusTooManyRequests, 529:
		return delivery.Throttled
	}
	switch {
	case status >= 200 && status < 300:
		return delivery.Answered
	case status >= 300 && status < 400:
		return delivery.Credential // no cloud redirects; a wrong host does
	case status >= 400 && status < 500:
		return delivery.ClientFault
	}
	return delivery.ServerError
}

// A Rule is a cloud's own reading of an error: it returns the outcome that the code or text means there, 0 to leave it to
// the status.
type Rule func(status int, e *ErrorInfo) delivery.Outcome

// ClassifyBy is the common part of every adapter's Classify.
func ClassifyBy(c *Call, status int, h http.Header, body []byte, rule Rule) Answer {
	if status >= 200 && status < 300 {
		if r := ReadReply(c, body); !r.Error {
			return Answer{Outcome: delivery.Answered, Status: status, Body: body, Reply: &r}
		}
		return classifyInside(h, body, rule)
	}
	info := ReadError(body)
	if info.Type == "" {
		info.Type = errorType(h)
	}
	outcome := rule(status, &info)
	if outcome == 0 {
		outcome = ClassOf(status)
	}
	if status == http.StatusNotFound && c.Op.Stored() && outcome == delivery.Credential {
		outcome = delivery.ClientFault // the object is gone: no model is named that a configuration could have wrong
	}
	return finish(outcome, status, h, body, &info)
}

// classifyInside reads an error that came with status 200: in place of the answer, or in a stream before its content.
func classifyInside(h http.Header, body []byte, rule Rule) Answer {
	info := ReadError(body)
	status := info.Status
	if status == 0 {
		status = statusOf(&info)
	}
	outcome := rule(status, &info)
	if outcome == 0 {
		outcome = ClassOf(status)
	}
	return finish(outcome, status, h, body, &info)
}

// statusOf gives the status with which OpenAI sends an error of this type and code.
func statusOf(e *ErrorInfo) int {
	switch e.Code {
	case "rate_limit_exceeded", "insufficient_quota", "slow_down":
		return http.StatusTooManyRequests
	case "content_filter", "context_length_exceeded", "invalid_encrypted_content", "invalid_prompt", "invalid_image",
		"invalid_image_format", "invalid_base64_image", "invalid_image_url", "image_too_large", "image_too_small",
		"image_content_policy_violation", "unsupported_image_media_type":
		return http.StatusBadRequest
	case "invalid_api_key":
		return http.StatusUnauthorized
	case "model_not_found":
		return http.StatusNotFound
	}
	switch e.Type {
	case "invalid_request_error", "INVALID_ARGUMENT":
		return http.StatusBadRequest
	case "requests", "tokens", "rate_limit_error", "insufficient_quota", "RESOURCE_EXHAUSTED":
		return http.StatusTooManyRequests
	case "authentication_error":
		return http.StatusUnauthorized
	}
	return http.StatusInternalServerError
}

// errorType reads Amazon's error header: the type, without the namespace that may follow.
func errorType(h http.Header) string {
	v := h.Get("X-Amzn-Errortype")
	for i := range len(v) {
		if v[i] == ':' {
			return v[:i]
		}
	}
	return v
}

func finish(outcome delivery.Outcome, status int, h http.Header, body []byte, e *ErrorInfo) Answer {
	a := Answer{Outcome: outcome, Status: status, Detail: detail(status, e)}
	switch outcome {
	case delivery.Throttled:
		a.RetryAfter = RetryAfter(h, e.Message)
		a.Status, a.Body = http.StatusTooManyRequests, throttledBody
	case delivery.Quota:
		a.Status, a.Body = http.StatusServiceUnavailable, quotaBody
		a.RetryAfter = RetryAfter(h, "")
	case delivery.Timeout:
		a.Status, a.Body = http.StatusGatewayTimeout, timeoutBody
	case delivery.Credential:
		a.Status, a.Body = http.StatusServiceUnavailable, credentialBody
	case delivery.ServerError, delivery.Unreachable:
		a.Status, a.Body = http.StatusBadGateway, failedBody
		if status == http.StatusServiceUnavailable || status == 529 {
			a.Status = http.StatusServiceUnavailable
		}
		a.RetryAfter = RetryAfter(h, e.Message)
	case delivery.Unsupported:
		// Another cloud may do it; if none does, the client learns what this one said, unless it speaks of our limits.
		if a.Body = clientBody(body, e); status == http.StatusTooManyRequests {
			a.Body = throttledBody
		}
	default: // the request's own: what the cloud says is for the client
		a.Body = clientBody(body, e)
	}
	return a
}

// clientBody passes an error on in OpenAI's form, byte for byte if it has that form already.
func clientBody(body []byte, e *ErrorInfo) []byte {
	if e.OpenAI {
		return body
	}
	message, kind, code := e.Message, "invalid_request_error", e.Code
	if message == "" {
		message = "The cloud that serves this model refused the request."
	}
	if e.Status != 0 {
		code = ""
	}
	return ErrorBody(message, kind, e.Param, code)
}

// detail is for the operator: status, type and code, which hold no text of the cloud.
func detail(status int, e *ErrorInfo) string {
	d := strconv.Itoa(status)
	if e.Type != "" {
		d += " " + e.Type
	}
	if e.Code != "" && e.Code != d {
		d += " " + e.Code
	}
	return d
}
