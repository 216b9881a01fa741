// Package azure speaks to Azure OpenAI: the dated form with the deployment in the path, and the v1 form.
package azure

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

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

// Prepare asks for usage in a stream and addresses the deployment: in the path where the target has an API version (the
// body's model is ignored there and stays as it is), in the body's model otherwise.
func (a *Adapter) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := clouds.ChatOnly(a.Cloud(), c); err != nil {
		return nil, err
	}
	edit := clouds.Edit{IncludeUsage: c.Scan.Stream}
	// A deployment may have any name; then the model that the client asked for tells the family.
	if clouds.CompletionLimit(t.Model) || clouds.CompletionLimit(c.Scan.Model) {
		edit.LimitName = "max_completion_tokens"
	}
	var u *url.URL
	if t.APIVersion == "" {
		edit.Model = t.Model
		u = clouds.Join(t.Base, "/openai/v1", c.Path)
	} else {
		u = dated(t, c.Path)
	}
	return &clouds.Exchange{
		Method: c.Method(),
		URL:    u,
		Header: clouds.UpstreamHeader(c, "X-Ms-Client-Request-Id"),
		Body:   clouds.EditBody(c, &edit),
	}, nil
}

func dated(t *clouds.Target, path string) *url.URL {
	u := *t.Base
	prefix := strings.TrimRight(u.Path, "/") + "/openai/deployments/"
	u.Path, u.RawPath = prefix+t.Model+path, ""
	if escaped := url.PathEscape(t.Model); escaped != t.Model {
		u.RawPath = prefix + escaped + path
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
	case "content_filter", "ResponsibleAIPolicyViolation":
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
