// Package openai speaks to OpenAI itself, and to any host that takes OpenAI's API as it is.
package openai

import (
	"context"
	"net/http"

	"concord/clouds"
	"concord/delivery"
	"concord/usage"
)

// Adapter is the cloud "openai".
type Adapter struct{}

var _ clouds.Adapter = (*Adapter)(nil)

// New returns the adapter.
func New() *Adapter { return &Adapter{} }

// Cloud returns "openai".
func (*Adapter) Cloud() string { return "openai" }

// Prepare asks for usage in a stream, puts in the model's name there, and writes the token limit as newer models want it.
func (a *Adapter) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := clouds.OwnState(a.Cloud(), c); err != nil {
		return nil, err
	}
	edit := clouds.Edit{Model: t.Model, IncludeUsage: c.Scan.Stream && c.Op.EndsWithDone()}
	if c.Op == clouds.CreateChat && clouds.CompletionLimit(t.Model) {
		edit.LimitName = "max_completion_tokens"
	}
	return clouds.Send(c, clouds.Join(t.Base, "/v1", c.Path), &edit, "X-Client-Request-Id", "Openai-Beta"), nil
}

// Sign adds the key as a bearer token.
func (*Adapter) Sign(ctx context.Context, t *clouds.Target, r *http.Request, _ []byte) error {
	return clouds.SignBearer(ctx, t, r)
}

// Classify reads an answer.
func (*Adapter) Classify(c *clouds.Call, status int, h http.Header, body []byte) clouds.Answer {
	return clouds.ClassifyBy(c, status, h, body, rule)
}

// rule: what OpenAI means where the status alone does not say it. Source: help article on error codes, read 2026-11.
func rule(status int, e *clouds.ErrorInfo) delivery.Outcome {
	switch e.Code {
	case "credit_balance_exhausted", "organization_usage_limit_exceeded", "organization_spend_limit_exceeded",
		"project_spend_limit_exceeded", "insufficient_quota", "billing_hard_limit_reached", "billing_not_active":
		return delivery.Quota
	case "content_filter", "content_policy_violation", "moderation_blocked":
		return delivery.Policy
	case "server_is_overloaded", "slow_down":
		return delivery.Throttled
	}
	if status == http.StatusTooManyRequests && e.Type == "insufficient_quota" {
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
