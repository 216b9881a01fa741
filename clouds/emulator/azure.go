package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// azureDialect is Azure OpenAI: the dated form with the deployment in the path, and the v1 form.
type azureDialect struct{ openaiDialect }

var azureVersions = []string{"2024-10-21", "2024-12-01-preview", "2025-04-01-preview"}

func (d azureDialect) route(r *http.Request) (target, *failure) {
	version := r.URL.Query().Get("api-version")
	if path, ok := strings.CutPrefix(foundry(r.URL.Path), "/openai/v1"); ok {
		op, id, _ := find(r.Method, path, d.has)
		if version != "" && version != "v1" && version != "preview" || op == 0 {
			return target{}, d.notFound()
		}
		return target{op: op, id: id}, nil
	}
	accepted := d.e.config.APIVersions
	if accepted == nil {
		accepted = azureVersions
	}
	if !slices.Contains(accepted, version) {
		return target{}, d.notFound()
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/openai/deployments/"); ok {
		deployment, path, _ := strings.Cut(rest, "/")
		op, _, _ := find(r.Method, "/"+path, func(o operation) bool { return d.has(o) && !responsesOf(o) && o != listModels && o != getModel })
		if op == 0 {
			return target{}, d.notFound()
		}
		return target{op: op, model: deployment}, nil
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/openai")
	op, id, _ := find(r.Method, path, func(o operation) bool { return responsesOf(o) || o == listModels || o == getModel })
	if !ok || op == 0 || responsesOf(op) && version < firstWithResponses {
		return target{}, d.notFound()
	}
	return target{op: op, id: id}, nil
}

// firstWithResponses is the first dated version that knows responses.
const firstWithResponses = "2025-03-01"

// has reports what Azure has: no moderations.
func (d azureDialect) has(o operation) bool { return ofOpenAI(o) && o != createModeration }

// foundry cuts a Foundry project's prefix: /api/projects/NAME.
func foundry(path string) string {
	if rest, ok := strings.CutPrefix(path, "/api/projects/"); ok {
		if _, below, ok := strings.Cut(rest, "/"); ok {
			return "/" + below
		}
	}
	return path
}

// notFound is what a wrong path and a wrong version get.
func (d azureDialect) notFound() *failure {
	return azureError(http.StatusNotFound, "404", "Resource not found")
}

func azureError(status int, code, message string) *failure {
	b := toJSON(map[string]any{"error": map[string]any{"code": code, "message": message}})
	return &failure{status: status, body: b}
}

func (d azureDialect) authorize(r *http.Request, _ []byte) (string, *failure) {
	key, token := r.Header.Get("Api-Key"), bearer(r)
	switch {
	case d.e.accepts(key):
		return d.e.config.Accounts[key], nil
	case token == "":
	case strings.Contains(foundry(r.URL.Path), "/openai/v1/") && d.e.accepts(token):
		return d.e.config.Accounts[token], nil
	case strings.Count(token, ".") == 2:
		return d.entra(r, token)
	}
	return "", azureError(http.StatusUnauthorized, "401", "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide "+
		"a valid key for an active subscription and use a correct regional API endpoint for your resource.")
}

// entra checks a token of Entra ID: who issued it, for whom, until when, and what it opens.
func (d azureDialect) entra(r *http.Request, token string) (string, *failure) {
	claims, ok := d.e.readToken(token)
	expired := ok && claims.Expires <= d.e.config.Now().Unix()
	audience := "https://cognitiveservices.azure.com"
	if strings.HasPrefix(r.URL.Path, "/api/projects/") {
		audience = "https://ai.azure.com"
	}
	v1 := strings.Contains(r.URL.Path, "/openai/v1/") && claims.Audience == "https://ai.azure.com"
	switch {
	case !ok || expired || claims.Audience != audience && !v1:
		return "", azureError(http.StatusUnauthorized, "Unauthorized", "Access token is missing, invalid, audience is incorrect ("+audience+"), or have expired.")
	case claims.Denied:
		return "", azureError(http.StatusUnauthorized, "PermissionDenied", "The principal `"+claims.Subject+"` lacks the required data action "+
			"`Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action` to perform `POST "+r.URL.Path+"` operation.")
	}
	return claims.Account, nil
}

func (d azureDialect) check(q *query) *failure { return checkOpenAI(d, q) }

func (d azureDialect) head(x *exchange, h http.Header) {
	h.Set("Apim-Request-Id", d.e.uuid())
	h.Set("X-Request-Id", d.e.uuid())
	h.Set("X-Ms-Region", d.e.config.Region)
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	if id := x.r.Header.Get("X-Ms-Client-Request-Id"); id != "" {
		h.Set("X-Ms-Client-Request-Id", id)
	}
	if x.served.Model == "" {
		return
	}
	h.Set("X-Ms-Deployment-Name", x.served.Model)
	h.Set("X-Ms-Rai-Invoked", "true")
	h.Set("X-Accel-Buffering", "no")
	setLimits(h, d.e.allowance(x.served.Account, x.served.Model))
}

func (d azureDialect) shape(*query) shape {
	return shape{obfuscation: true, filter: true, async: d.e.config.AsyncFilter}
}

func (d azureDialect) unknownModel(string) *failure {
	return azureError(http.StatusNotFound, "DeploymentNotFound", "The API deployment for this resource does not exist. If you created the "+
		"deployment within the last 5 minutes, please wait a moment and try again.")
}

// unknownResponse is OpenAI's own error, passed on.
func (d azureDialect) unknownResponse(id string) *failure { return d.openaiDialect.unknownResponse(id) }

func (d azureDialect) throttled(wait time.Duration) *failure {
	message := "Rate limit is exceeded."
	if wait > 0 {
		message = fmt.Sprintf("Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate "+
			"limit of your current OpenAI S0 pricing tier. Please retry after %s seconds.", seconds(wait))
	}
	f := azureError(http.StatusTooManyRequests, "429", message)
	f.header = retryHeader(wait, true)
	return f
}

func (d azureDialect) quota(wait time.Duration) *failure {
	f := d.openaiDialect.quota(wait)
	f.header = retryHeader(wait, true)
	return f
}

func (d azureDialect) broken(status int, wait time.Duration) *failure {
	f := azureError(status, fmt.Sprint(status), http.StatusText(status))
	f.header = retryHeader(wait, true)
	return f
}

func (d azureDialect) filtered() *failure {
	return &failure{status: http.StatusBadRequest, body: []byte(`{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's ` +
		`content management policy. Please modify your prompt and retry.","type":null,"param":"prompt","code":"content_filter","status":400,` +
		`"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":false,"severity":"safe"},` +
		`"jailbreak":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,` +
		`"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}}}}}`)}
}
