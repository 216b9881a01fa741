package emulator

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// vertexDialect is Google's Vertex AI with its OpenAI-compatible endpoint.
type vertexDialect struct{ e *Emulator }

var vertexPath = regexp.MustCompile(`^/v1(?:beta1)?/projects/([^/]+)/locations/([^/]+)/endpoints/openapi/chat/completions$`)

// unknownThere are OpenAI's members that third-party models do not take here.
var unknownThere = strings.Fields(`store metadata service_tier prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier user
	moderation web_search_options verbosity max_completion_tokens`)

func (d vertexDialect) route(r *http.Request) (target, *failure) {
	m := vertexPath.FindStringSubmatch(r.URL.Path)
	if m == nil || r.Method != http.MethodPost {
		return target{}, d.envelope(http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("The requested URL %s was not found on this server.", r.URL.Path), false)
	}
	if p := d.e.config.Project; p != "" && m[1] != p {
		return target{}, d.envelope(http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf("Permission 'aiplatform.endpoints.predict' denied on "+
			"resource '//aiplatform.googleapis.com/projects/%s' (or it may not exist).", m[1]), true)
	}
	if l := d.e.config.Region; l != "" && m[2] != l {
		return target{}, d.envelope(http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("Publisher Model was not found in location %s or your project "+
			"does not have access to it.", m[2]), true)
	}
	return target{op: chatCompletion}, nil
}

// envelope is Google's error form: a number as its code, often inside an array.
func (d vertexDialect) envelope(status int, state, message string, wrapped bool) *failure {
	var body any = map[string]any{"error": map[string]any{"code": status, "message": message, "status": state}}
	if wrapped {
		body = []any{body}
	}
	b := toJSON(body)
	return &failure{status: status, body: b}
}

func (d vertexDialect) authorize(r *http.Request, _ []byte) (string, *failure) {
	token := bearer(r)
	if d.e.accepts(token) {
		return d.e.config.Accounts[token], nil
	}
	claims, ok := d.e.readToken(strings.TrimPrefix(token, googlePrefix))
	switch {
	case !ok || claims.Expires <= d.e.config.Now().Unix() || claims.Audience != googleScope:
	case claims.Denied:
		return "", d.envelope(http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf("Permission 'aiplatform.endpoints.predict' denied for %s.", claims.Subject), true)
	default:
		return claims.Account, nil
	}
	return "", d.envelope(http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token, "+
		"login cookie or other valid authentication credential.", false)
}

func (d vertexDialect) check(q *query) *failure {
	for name := range q.fields {
		if slices.Contains(unknownThere, name) || !slices.Contains(known, name) {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid JSON payload received. Unknown name \"%s\": Cannot find field.", name), name, "")
		}
	}
	return nil
}

func (d vertexDialect) admission(q *query) int64 { return q.prompt + q.limit*q.choices }

func (d vertexDialect) head(_ *exchange, h http.Header) {
	h.Set("Server", "scaffolding on HTTPServer2")
	h.Set("X-Content-Type-Options", "nosniff")
}

func (d vertexDialect) shape(q *query) shape {
	s := shape{newline: "\r\n"}
	if q.openWeights() {
		s.reasoning = "reasoning_content"
	}
	return s
}

func (d vertexDialect) invalid(status int, message, _, _ string) *failure {
	return d.envelope(status, "INVALID_ARGUMENT", message, true)
}

func (d vertexDialect) unknownModel(name string) *failure {
	return d.envelope(http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("Publisher Model `%s` was not found or your project does not have access to it.", name), true)
}

// unknownResponse is what this cloud, which keeps no responses, says of the path.
func (d vertexDialect) unknownResponse(id string) *failure { return d.unknownModel(id) }

func (d vertexDialect) throttled(wait time.Duration) *failure {
	f := d.envelope(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.", true)
	f.header = retryHeader(wait, false)
	return f
}

func (d vertexDialect) quota(wait time.Duration) *failure {
	f := d.envelope(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model.", true)
	f.header = retryHeader(wait, false)
	return f
}

func (d vertexDialect) broken(status int, wait time.Duration) *failure {
	state := "INTERNAL"
	switch status {
	case http.StatusServiceUnavailable:
		state = "UNAVAILABLE"
	case http.StatusGatewayTimeout:
		state = "DEADLINE_EXCEEDED"
	}
	f := d.envelope(status, state, "The service is currently unavailable.", false)
	f.header = retryHeader(wait, false)
	return f
}

func (d vertexDialect) filtered() *failure { return nil }
