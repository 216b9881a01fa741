// Package alibaba speaks to Alibaba Cloud's Model Studio in its compatible mode, on workspace and on older hosts.
package alibaba

import (
	"context"
	"net/http"
	"strings"

	"concord/clouds"
	"concord/delivery"
	"concord/usage"
)

// Adapter is the cloud "alibaba".
type Adapter struct{}

var _ clouds.Adapter = (*Adapter)(nil)

// New returns the adapter.
func New() *Adapter { return &Adapter{} }

// Cloud returns "alibaba".
func (*Adapter) Cloud() string { return "alibaba" }

// openWeights: gpt-oss here streams, reasons and structures its output, but calls no functions.
// Source: help.aliyun.com/zh/model-studio/openai-gpt-oss, read 2026-11.
var openWeights = clouds.FieldPolicy{
	Drop: clouds.FieldStore | clouds.FieldMetadata | clouds.FieldUser | clouds.FieldSafetyIdentifier |
		clouds.FieldPromptCacheKey | clouds.FieldPromptCacheOptions | clouds.FieldPromptCacheRetention |
		clouds.FieldServiceTier | clouds.FieldVerbosity,
	Refuse: clouds.FieldTools | clouds.FieldToolChoice | clouds.FieldParallelToolCalls | clouds.FieldFunctions |
		clouds.FieldFunctionCall | clouds.FieldWebSearchOptions | clouds.FieldModeration,
}

// Prepare asks for usage in a stream and puts in the model's name.
func (a *Adapter) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := clouds.ChatOnly(a.Cloud(), c); err != nil {
		return nil, err
	}
	edit := clouds.Edit{Model: t.Model, IncludeUsage: c.Scan.Stream}
	if clouds.OpenWeights(t.Model) {
		edit.LimitName = "max_tokens"
		if err := openWeights.Apply(a.Cloud(), c, &edit); err != nil {
			return nil, err
		}
	}
	return &clouds.Exchange{
		Method: c.Method(),
		URL:    clouds.Join(t.Base, "/compatible-mode/v1", c.Path),
		Header: clouds.UpstreamHeader(c, "X-Client-Request-Id"),
		Body:   clouds.EditBody(c, &edit),
	}, nil
}

// Sign adds the region's key as a bearer token.
func (*Adapter) Sign(ctx context.Context, t *clouds.Target, r *http.Request, _ []byte) error {
	return clouds.SignBearer(ctx, t, r)
}

// Classify reads an answer.
func (*Adapter) Classify(c *clouds.Call, status int, h http.Header, body []byte) clouds.Answer {
	return clouds.ClassifyBy(c, status, h, body, rule)
}

// rule: insufficient_quota is a limit per minute here and passes by itself, unless it is the free quota that is used up.
func rule(status int, e *clouds.ErrorInfo) delivery.Outcome {
	switch e.Code {
	case "data_inspection_failed", "DataInspectionFailed":
		return delivery.Policy
	case "Arrearage", "AllocationQuota.FreeTierOnly":
		return delivery.Quota
	case "InvalidApiKey", "invalid_api_key", "access_denied", "AccessDenied", "model_not_found", "ModelNotFound":
		return delivery.Credential
	}
	if strings.Contains(e.Message, "account is in good standing") {
		return delivery.Quota
	}
	if lower := strings.ToLower(e.Message); status == http.StatusTooManyRequests &&
		(strings.Contains(lower, "free quota") || strings.Contains(lower, "free tier") || strings.Contains(lower, "free allocated quota")) {
		return delivery.Quota
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
