// Package azure speaks to Azure OpenAI: the dated form with the deployment in the path, and the v1 form.
package azure

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"concord/agreement"
	"concord/clouds"
	"concord/delivery"
	"concord/usage"
)

// Adapter is the cloud "azure".
type Adapter struct{}

var _ clouds.Adapter = (*Adapter)(nil)

// New returns the adapter.
func New() *Adapter { return &Adapter{} }

// Cloud returns "azure".
func (*Adapter) Cloud() string { return "azure" }

// served is what Azure has: no moderations.
var served = clouds.OperationsOf(clouds.CreateChat, clouds.CreateResponse, clouds.GetResponse, clouds.DeleteResponse,
	clouds.CancelResponse, clouds.ListInputItems, clouds.CreateEmbedding, clouds.CreateCompletion, clouds.GenerateImage,
	clouds.EditImage, clouds.CreateSpeech, clouds.CreateTranscription, clouds.CreateTranslation)

// responsesSince is the first API version of the dated form that has responses.
const responsesSince = "2025-03-01"

// Prepare asks for usage in a stream and addresses the deployment: in the path where the target has an API version (the
// body's model is ignored there and stays as it is), in the body's model otherwise. Responses have no deployment in their path
// in either form.
func (a *Adapter) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := served.Need(a.Cloud(), c); err != nil {
		return nil, err
	}
	if err := clouds.OwnState(a.Cloud(), c); err != nil {
		return nil, err
	}
	responses := c.API() == agreement.Responses
	if responses && t.APIVersion != "" && t.APIVersion < responsesSince {
		return nil, &clouds.UnsupportedError{Cloud: a.Cloud(), Reason: "no responses at this account's API version"}
	}
	if c.Op == clouds.CreateResponse && clouds.OpenWeights(t.Model) {
		return nil, &clouds.UnsupportedError{Cloud: a.Cloud(), Reason: "no responses of this model here, only chat completions"}
	}
	edit := clouds.Edit{IncludeUsage: c.Scan.Stream && c.Op.EndsWithDone()}
	// A deployment may have any name; then the model that the client asked for tells the family.
	if c.Op == clouds.CreateChat && (clouds.CompletionLimit(t.Model) || clouds.CompletionLimit(c.Scan.Model)) {
		edit.LimitName = "max_completion_tokens"
	}
	var u *url.URL
	switch {
	case t.APIVersion == "":
		edit.Model = t.Model
		u = clouds.Join(t.Base, "/openai/v1", c.Path)
	case responses:
		edit.Model = t.Model
		u = dated(t, "", c.Path)
	default:
		u = dated(t, t.Model, c.Path)
	}
	return clouds.Send(c, u, &edit, "X-Ms-Client-Request-Id"), nil
}

// dated gives the address in the dated form; deployment is "" for what has none in its path.
func dated(t *clouds.Target, deployment, path string) *url.URL {
	u := *t.Base
	prefix := strings.TrimRight(u.Path, "/") + "/openai"
	u.Path, u.RawPath = prefix+path, ""
	if deployment != "" {
		prefix += "/deployments/"
		u.Path = prefix + deployment + path
		if escaped := url.PathEscape(deployment); escaped != deployment {
			u.RawPath = prefix + escaped + path
		}
	}
	u.RawQuery = "api-version=" + url.QueryEscape(t.APIVersion)
	return &u
}

// Sign adds the resource's key, or a token of Entra ID: never both, which Azure refuses.
func (*Adapter) Sign(ctx context.Context, t *clouds.Target, r *http.Request, _ []byte) error {
	if t.Tokens != nil {
		return clouds.SignBearer(ctx, t, r)
	}
	key, err := clouds.Need(ctx, t)
	if err != nil {
		return err
	}
	r.Header["Api-Key"] = []string{key}
	return nil
}

// Classify reads an answer.
func (*Adapter) Classify(c *clouds.Call, status int, h http.Header, body []byte) clouds.Answer {
	return clouds.ClassifyBy(c, status, h, body, rule)
}

// wholeDay is what Azure asks to wait for when the request alone is larger than the deployment's tokens per minute: waiting
// helps nothing, and the deployment is well.
const wholeDay = int64(24 * time.Hour)

func rule(status int, e *clouds.ErrorInfo) delivery.Outcome {
	switch e.Code {
	case "content_filter", "contentFilter", "content_policy_violation", "moderation_blocked", "ResponsibleAIPolicyViolation":
		return delivery.Policy
	case "insufficient_quota":
		return delivery.Quota
	case "OperationNotSupported", "OpperationNotSupported":
		return delivery.Unsupported
	}
	if status == http.StatusTooManyRequests && clouds.RetryAfter(nil, e.Message) >= wholeDay {
		return delivery.Unsupported
	}
	return 0
}

// Usage reads the usage of a whole answer.
func (*Adapter) Usage(c *clouds.Call, body []byte) (usage.Usage, bool) {
	return clouds.ReadUsage(c, body)
}

// Event reads one data line of a stream. Azure's first chunk with the prompt's filter results, and the chunks of its
// asynchronous filter, have no delta: they are dropped.
func (*Adapter) Event(c *clouds.Call, data []byte) clouds.Event {
	return clouds.ReadEvent(c, data, clouds.EventRules{DropEmpty: true})
}
