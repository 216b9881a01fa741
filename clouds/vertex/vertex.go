// Package vertex speaks to Google's Vertex AI through its OpenAI-compatible endpoint, which has chat completions only.
package vertex

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"concord/clouds"
	"concord/delivery"
	"concord/usage"
)

// Adapter is the cloud "gcp".
type Adapter struct{}

var _ clouds.Adapter = (*Adapter)(nil)

// New returns the adapter.
func New() *Adapter { return &Adapter{} }

// Cloud returns "gcp".
func (*Adapter) Cloud() string { return "gcp" }

// openWeights: third-party models take what their host takes, and Google does not list it. Labels and hints are left out.
var openWeights = clouds.FieldPolicy{
	Drop: clouds.FieldStore | clouds.FieldMetadata | clouds.FieldServiceTier | clouds.FieldPromptCacheKey |
		clouds.FieldPromptCacheOptions | clouds.FieldPromptCacheRetention | clouds.FieldSafetyIdentifier | clouds.FieldUser |
		clouds.FieldVerbosity,
	Refuse: clouds.FieldWebSearchOptions | clouds.FieldModeration,
}

// served is all that the endpoint has for these models.
var served = clouds.OperationsOf(clouds.CreateChat)

// Prepare addresses the project and location, asks for usage in a stream and puts in the publisher's model name.
func (a *Adapter) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := served.Need(a.Cloud(), c); err != nil {
		return nil, err
	}
	edit := clouds.Edit{Model: t.Model, IncludeUsage: c.Scan.Stream}
	if !strings.Contains(t.Model, "/") {
		edit.Model = "openai/" + t.Model
	}
	if clouds.OpenWeights(t.Model) {
		edit.LimitName = "max_tokens"
		if err := openWeights.Apply(a.Cloud(), c, &edit); err != nil {
			return nil, err
		}
	}
	return clouds.Send(c, endpoint(t, c.Path), &edit, "X-Client-Request-Id"), nil
}

// endpoint adds project and location, unless the base names them already.
func endpoint(t *clouds.Target, path string) *url.URL {
	if strings.Contains(t.Base.Path, "/projects/") {
		return clouds.Join(t.Base, "", path)
	}
	location := t.Region
	if location == "" {
		location = "global"
	}
	return clouds.Join(t.Base, "/v1", "/projects/"+t.Project+"/locations/"+location+"/endpoints/openapi"+path)
}

// Sign adds the access token.
func (*Adapter) Sign(ctx context.Context, t *clouds.Target, r *http.Request, _ []byte) error {
	return clouds.SignBearer(ctx, t, r)
}

// Classify reads an answer; Google's envelope, with a number as its code and often inside an array, becomes OpenAI's.
func (*Adapter) Classify(c *clouds.Call, status int, h http.Header, body []byte) clouds.Answer {
	return clouds.ClassifyBy(c, status, h, body, rule)
}

// rule: the status says it all, also for the states that come inside a stream.
func rule(_ int, e *clouds.ErrorInfo) delivery.Outcome {
	switch e.Type {
	case "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND":
		return delivery.Credential
	case "RESOURCE_EXHAUSTED":
		return delivery.Throttled
	case "UNAVAILABLE", "INTERNAL", "CANCELLED":
		return delivery.ServerError
	case "DEADLINE_EXCEEDED":
		return delivery.Timeout
	}
	return 0
}

// Usage reads the usage of a whole answer.
func (*Adapter) Usage(c *clouds.Call, body []byte) (usage.Usage, bool) {
	return clouds.ReadUsage(c, body)
}

// Event reads one data line of a stream.
func (*Adapter) Event(c *clouds.Call, data []byte) clouds.Event {
	return clouds.ReadEvent(c, data, clouds.EventRules{})
}
