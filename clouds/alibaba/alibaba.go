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

// served is what compatible mode has; responses are made for Qwen 3 models only, and not kept for later questions.
var served = clouds.OperationsOf(clouds.CreateChat, clouds.CreateEmbedding, clouds.CreateResponse)

const (
	mode          = "/compatible-mode/v1"
	responsesMode = "/api/v2/apps/protocols/compatible-mode/v1"
	mostRows      = 10 // of one call of embeddings
)

// Prepare asks for usage in a stream and puts in the model's name.
func (a *Adapter) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := served.Need(a.Cloud(), c); err != nil {
		return nil, err
	}
	edit := clouds.Edit{Model: t.Model, IncludeUsage: c.Scan.Stream && c.Op.EndsWithDone()}
	switch {
	case c.Op == clouds.CreateResponse:
		return a.respond(t, c, &edit)
	case c.Op == clouds.CreateEmbedding && c.Elements(clouds.FieldInput) > mostRows:
		return nil, &clouds.UnsupportedError{Cloud: a.Cloud(), Param: "input", Reason: "more than 10 texts in one call"}
	case c.Op == clouds.CreateChat && clouds.OpenWeights(t.Model):
		edit.LimitName = "max_tokens"
		if err := openWeights.Apply(a.Cloud(), c, &edit); err != nil {
			return nil, err
		}
	}
	return clouds.Send(c, clouds.Join(t.Base, mode, c.Path), &edit, "X-Client-Request-Id"), nil
}

// respond addresses responses, which have a path of their own beside compatible mode's.
func (a *Adapter) respond(t *clouds.Target, c *clouds.Call, edit *clouds.Edit) (*clouds.Exchange, error) {
	if err := clouds.OwnState(a.Cloud(), c); err != nil {
		return nil, err
	}
	switch {
	case !strings.HasPrefix(t.Model, "qwen3"):
		return nil, &clouds.UnsupportedError{Cloud: a.Cloud(), Reason: "no responses of this model here, only chat completions"}
	case c.Scan.Background:
		return nil, &clouds.UnsupportedError{Cloud: a.Cloud(), Param: "background", Reason: "nothing is made in the background here"}
	}
	base := *t.Base
	base.Path = strings.TrimSuffix(strings.TrimRight(base.Path, "/"), mode) + responsesMode
	return clouds.Send(c, clouds.Join(&base, "", c.Path), edit, "X-Client-Request-Id"), nil
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
