package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// azureDialect is Azure OpenAI: the dated form with the deployment in the path, and the v1 form.
type azureDialect struct{ openaiDialect }

var azureVersions = []string{"2024-10-21", "2024-12-01-preview"}

func (d azureDialect) route(r *http.Request) (target, *failure) {
	version := r.URL.Query().Get("api-version")
	if path, ok := strings.CutPrefix(r.URL.Path, "/openai/v1"); ok {
		if version != "" && version != "v1" && version != "preview" {
			return target{}, d.notFound()
		}
		switch {
		case path == "/chat/completions" && r.Method == http.MethodPost:
			return target{}, nil
		case path == "/models" && r.Method == http.MethodGet:
			return target{models: true}, nil
		}
		return target{}, d.notFound()
	}
	accepted := d.e.config.APIVersions
	if accepted == nil {
		accepted = azureVersions
	}
	if !slices.Contains(accepted, version) {
		return target{}, d.notFound()
	}
	if r.URL.Path == "/openai/models" && r.Method == http.MethodGet {
		return target{models: true}, nil
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/openai/deployments/")
	deployment, op, cut := strings.Cut(rest, "/")
	if !ok || !cut || op != "chat/completions" || r.Method != http.MethodPost {
		return target{}, d.notFound()
	}
	return target{model: deployment}, nil
}

// notFound is what a wrong path and a wrong version get.
func (d azureDialect) notFound() *failure {
	return azureError(http.StatusNotFound, "404", "Resource not found")
}

func azureError(status int, code, message string) *failure {
	b, err := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": message}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return &failure{status: status, body: b}
}

func (d azureDialect) authorize(r *http.Request, _ []byte) *failure {
	if d.e.accepts(r.Header.Get("Api-Key")) {
		return nil
	}
	if strings.HasPrefix(r.URL.Path, "/openai/v1/") && d.e.accepts(bearer(r)) {
		return nil
	}
	return azureError(http.StatusUnauthorized, "401", "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide "+
		"a valid key for an active subscription and use a correct regional API endpoint for your resource.")
}

func (d azureDialect) check(q *chat) *failure { return checkOpenAI(d, q) }

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
	setLimits(h, d.e.allowance(x.served.Model))
}

func (d azureDialect) shape(*chat) shape { return shape{obfuscation: true, filter: true} }

func (d azureDialect) unknownModel(string) *failure {
	return azureError(http.StatusNotFound, "DeploymentNotFound", "The API deployment for this resource does not exist. If you created the "+
		"deployment within the last 5 minutes, please wait a moment and try again.")
}

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
