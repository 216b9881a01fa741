// Package bedrock speaks to Amazon Bedrock through its OpenAI-compatible paths, on the runtime plane and on mantle; the
// target's base says which.
package bedrock

import (
	"net/http"
	"strings"
	"time"

	"concord/clouds"
	"concord/delivery"
	"concord/usage"
)

// Adapter is the cloud "aws".
type Adapter struct {
	now func() time.Time
}

var _ clouds.Adapter = (*Adapter)(nil)

// New returns the adapter.
func New() *Adapter { return NewAt(time.Now) }

// NewAt returns an adapter that dates its signatures by now.
func NewAt(now func() time.Time) *Adapter { return &Adapter{now: now} }

// Cloud returns "aws".
func (*Adapter) Cloud() string { return "aws" }

// openWeights is what the hosts of gpt-oss here do not know. They check the body strictly: an unknown member is an error.
// Source: the list of members in their own error text, read 2026-11.
var openWeights = clouds.FieldPolicy{
	Drop: clouds.FieldPromptCacheKey | clouds.FieldPromptCacheOptions | clouds.FieldPromptCacheRetention |
		clouds.FieldSafetyIdentifier | clouds.FieldVerbosity,
	Refuse:       clouds.FieldWebSearchOptions | clouds.FieldModeration | clouds.FieldLogitBias,
	SingleChoice: true,
}

// frontier is what the hosts of the GPT families here refuse.
var frontier = clouds.FieldPolicy{SingleChoice: true}

// Prepare asks for usage in a stream, puts in the model's id and leaves out what the host would refuse without need.
func (a *Adapter) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := clouds.ChatOnly(a.Cloud(), c); err != nil {
		return nil, err
	}
	edit := clouds.Edit{Model: t.Model, IncludeUsage: c.Scan.Stream}
	policy := frontier
	if clouds.OpenWeights(t.Model) {
		policy = openWeights
		policy.NoJSONSchema = !mantle(t.Base.Host)
	} else if clouds.CompletionLimit(t.Model) {
		edit.LimitName = "max_completion_tokens"
	}
	if err := policy.Apply(a.Cloud(), c, &edit); err != nil {
		return nil, err
	}
	return &clouds.Exchange{
		Method: c.Method(),
		URL:    clouds.Join(t.Base, "/openai/v1", c.Path),
		Header: clouds.UpstreamHeader(c, "X-Client-Request-Id"),
		Body:   clouds.EditBody(c, &edit),
	}, nil
}

// Classify reads an answer.
func (*Adapter) Classify(c *clouds.Call, status int, h http.Header, body []byte) clouds.Answer {
	return clouds.ClassifyBy(c, status, h, body, rule)
}

// rule: Amazon sends credential and quota errors with status 400 as well, by type.
func rule(status int, e *clouds.ErrorInfo) delivery.Outcome {
	kind := e.Type
	if i := strings.LastIndexByte(kind, '#'); i >= 0 {
		kind = kind[i+1:]
	}
	switch strings.TrimSuffix(kind, "Exception") {
	case "ServiceQuotaExceeded", "Throttling", "ModelNotReady", "TooManyRequests":
		return delivery.Throttled
	case "IncompleteSignature", "RequestExpired", "NotAuthorized", "AccessDenied", "InvalidClientTokenId", "InvalidSignature",
		"UnrecognizedClient", "MissingAuthenticationToken", "ExpiredToken", "ResourceNotFound", "UnknownOperation":
		return delivery.Credential
	case "ModelTimeout":
		return delivery.Timeout
	case "ModelError", "InternalFailure", "InternalServer", "ServiceUnavailable", "ModelStreamError":
		return delivery.ServerError
	}
	if e.Code == "content_filter" {
		return delivery.Policy
	}
	if status != http.StatusBadRequest {
		return 0
	}
	switch {
	case strings.Contains(e.Message, "does not support the '") && strings.Contains(e.Message, "' API"):
		return delivery.Unsupported
	case strings.Contains(e.Message, "isn't supported on this route"),
		strings.Contains(e.Message, "on-demand throughput isn"),
		strings.Contains(e.Message, "provided model identifier is invalid"):
		return delivery.Credential // the deployment's base or model id is wrong
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
