package openai

import (
	"net/http"

	"concord/clouds"
	"concord/delivery"
)

// Compatible speaks to any host that takes OpenAI's API as it is, in the name of whatever cloud its target names. What the host
// does not take, its configuration says.
type Compatible struct{ Adapter }

var _ clouds.Adapter = (*Compatible)(nil)

// NewCompatible returns the adapter.
func NewCompatible() *Compatible { return &Compatible{} }

// Cloud returns the kind of the hosts: their cloud is the target's.
func (*Compatible) Cloud() string { return clouds.OpenAICompatible }

// Prepare asks for usage in a stream and puts in the model's name. Of the members that the host rejects, labels and hints are
// left out, and whatever means something makes the call unsupported there.
func (*Compatible) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := clouds.OwnState(t.Cloud, c); err != nil {
		return nil, err
	}
	rejects := t.Rejects
	if c.Op == clouds.CreateChat && clouds.OpenWeights(t.Model) {
		rejects |= openWeights
	}
	edit := clouds.Edit{Model: t.Model, IncludeUsage: c.Scan.Stream && c.Op.EndsWithDone()}
	hints := clouds.Hints
	if c.Op == clouds.CreateChat {
		hints |= clouds.FieldStore // elsewhere it decides whether the answer can be asked for later
		switch {
		case rejects&clouds.FieldMaxCompletionTokens != 0:
			edit.LimitName = "max_tokens"
		case rejects&clouds.FieldMaxTokens != 0 || clouds.CompletionLimit(t.Model):
			edit.LimitName = "max_completion_tokens"
		}
	}
	// The limit is renamed, and the model and the stream are no matter of taste.
	rejects &^= clouds.FieldModel | clouds.FieldStream | clouds.FieldMaxTokens | clouds.FieldMaxCompletionTokens
	if rejects&clouds.FieldStreamOptions != 0 {
		edit.IncludeUsage = false
		hints |= clouds.FieldStreamOptions
	}
	policy := clouds.FieldPolicy{Drop: rejects & hints, Refuse: rejects &^ hints &^ clouds.FieldN, SingleChoice: rejects&clouds.FieldN != 0}
	if err := policy.Apply(t.Cloud, c, &edit); err != nil {
		return nil, err
	}
	return clouds.Send(c, clouds.Join(t.Base, "/v1", c.Path), &edit, "X-Client-Request-Id"), nil
}

// openWeights is what hosts of gpt-oss other than the large clouds are known not to take.
const openWeights = clouds.FieldMetadata | clouds.FieldSafetyIdentifier | clouds.FieldPromptCacheKey |
	clouds.FieldPromptCacheOptions | clouds.FieldPromptCacheRetention | clouds.FieldServiceTier | clouds.FieldVerbosity |
	clouds.FieldStore | clouds.FieldUser | clouds.FieldWebSearchOptions | clouds.FieldModeration

// Classify reads an answer.
func (*Compatible) Classify(c *clouds.Call, status int, h http.Header, body []byte) clouds.Answer {
	return clouds.ClassifyBy(c, status, h, body, compatibleRule)
}

// compatibleRule: the status decides but for what OpenAI's own codes say of the request or of money. 402 means money everywhere.
func compatibleRule(status int, e *clouds.ErrorInfo) delivery.Outcome {
	if status == http.StatusPaymentRequired {
		return delivery.Quota
	}
	return rule(status, e)
}
