// Package bedrock speaks to Amazon Bedrock through its OpenAI-compatible paths, on the runtime plane and on mantle, and
// through InvokeModel and Converse on runtime.
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

// chat56 is what they refuse besides, of the 5.6 models in chat completions.
// Source: captures in BerriAI/litellm issue 40775, read 2026-11.
var chat56 = clouds.FieldPolicy{
	SingleChoice: true,
	Refuse: clouds.FieldFrequencyPenalty | clouds.FieldPresencePenalty | clouds.FieldStop | clouds.FieldLogprobs |
		clouds.FieldTopLogprobs,
}

// served is what either plane has for these models.
var served = clouds.OperationsOf(clouds.CreateChat, clouds.CreateResponse, clouds.GetResponse, clouds.DeleteResponse,
	clouds.CancelResponse, clouds.ListInputItems)

// requestID is the header that carries the gateway's request id.
const requestID = "X-Client-Request-Id"

// Prepare asks for usage in a stream, puts in the model's id and leaves out what the host would refuse without need.
func (a *Adapter) Prepare(t *clouds.Target, c *clouds.Call) (*clouds.Exchange, error) {
	if err := served.Need(a.Cloud(), c); err != nil {
		return nil, err
	}
	edit := clouds.Edit{Model: t.Model}
	err := clouds.OwnState(a.Cloud(), c)
	switch {
	case err != nil:
	case native(t) && mantle(t):
		err = &clouds.UnsupportedError{Cloud: a.Cloud(), Reason: "neither InvokeModel nor Converse on this plane"}
	case native(t) && c.Op != clouds.CreateChat:
		err = &clouds.UnsupportedError{Cloud: a.Cloud(), Reason: "only chat completions through " + protocol(t)}
	case c.Op == clouds.CreateChat:
		err = a.chat(t, c, &edit)
	default:
		err = a.respond(t, c)
	}
	if err != nil {
		return nil, err
	}
	switch protocol(t) {
	case clouds.ByInvoke:
		return clouds.Send(c, address(t, "invoke", "invoke-with-response-stream", c.Scan.Stream), &edit, requestID), nil
	case clouds.ByConverse:
		return a.converse(t, c)
	}
	return clouds.Send(c, clouds.Join(t.Base, prefix(t), c.Path), &edit, requestID), nil
}

// prefix is in front of OpenAI's paths where the account's endpoint has none: mantle has the models with open weights at one of
// their own.
func prefix(t *clouds.Target) string {
	if mantle(t) && clouds.OpenWeights(t.Model) {
		return "/v1"
	}
	return "/openai/v1"
}

// chat applies what hosts refuse in chat completions.
func (a *Adapter) chat(t *clouds.Target, c *clouds.Call, edit *clouds.Edit) error {
	edit.IncludeUsage = c.Scan.Stream
	if clouds.OpenWeights(t.Model) {
		policy := openWeights
		policy.NoJSONSchema = !mantle(t)
		return policy.Apply(a.Cloud(), c, edit)
	}
	if clouds.CompletionLimit(t.Model) {
		edit.LimitName = "max_completion_tokens"
	}
	policy := frontier
	switch {
	case mantle(t) && (version(t.Model, "5.4") || version(t.Model, "5.5")):
		return &clouds.UnsupportedError{Cloud: a.Cloud(), Reason: "no chat completions of this model on this plane, only responses"}
	case version(t.Model, "5.6"):
		policy = chat56
		if c.Text(clouds.FieldReasoningEffort) != "none" {
			policy.Refuse |= clouds.FieldTools | clouds.FieldFunctions
		}
	}
	return policy.Apply(a.Cloud(), c, edit)
}

// respond says what a plane cannot do of responses.
func (a *Adapter) respond(t *clouds.Target, c *clouds.Call) error {
	if mantle(t) {
		return nil
	}
	switch {
	case clouds.OpenWeights(t.Model):
		return &clouds.UnsupportedError{Cloud: a.Cloud(), Reason: "no responses of this model on this plane, only chat completions"}
	case c.Op == clouds.CancelResponse || c.Scan.Background:
		return &clouds.UnsupportedError{Cloud: a.Cloud(), Param: "background", Reason: "nothing is made in the background on this plane"}
	}
	if c.Op == clouds.CreateResponse && c.Scan.Fields&clouds.FieldTools != 0 {
		if kind := c.ServerTool(); kind != "" {
			return &clouds.UnsupportedError{Cloud: a.Cloud(), Param: "tools", Reason: "no tools run by the cloud on this plane"}
		}
	}
	return nil
}

// version reports whether a model's id is of that version of GPT: "us.openai.gpt-5.6-sol" is of 5.6.
func version(model, number string) bool {
	_, rest, ok := strings.Cut(model, "gpt-"+number)
	return ok && (rest == "" || rest[0] == '-')
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
