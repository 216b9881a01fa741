package clouds

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// An UnsupportedError says that a cloud cannot do what a call asks for, found before anything is sent.
type UnsupportedError struct {
	Cloud  string
	Param  string // the member of the body at fault; "" = the surface
	Reason string
}

// Error names the cloud, the member and the reason.
func (e *UnsupportedError) Error() string {
	if e.Param == "" {
		return fmt.Sprintf("%s: %s", e.Cloud, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", e.Cloud, e.Param, e.Reason)
}

// Body is the error for the client, should no other cloud serve the call either.
func (e *UnsupportedError) Body() []byte {
	if e.Param == "" {
		return ErrorBody(fmt.Sprintf("No cloud that may serve this request can do it: %s.", e.Reason), "invalid_request_error", "",
			"unsupported_operation")
	}
	return ErrorBody(fmt.Sprintf("Unsupported parameter: no cloud that may serve this request takes it: %s", e.Reason),
		"invalid_request_error", e.Param, "unsupported_parameter")
}

// A FieldPolicy says what a host does with members that it does not take as they are.
type FieldPolicy struct {
	Drop         Fields // labels and hints: left out, the answer means the same
	Refuse       Fields // what changes the meaning of the answer: the host cannot serve the call, unless the member asks for nothing
	SingleChoice bool   // no n above 1; n: 1 is left out
	NoJSONSchema bool   // response_format of type json_schema would be ignored in silence
}

// Apply adds the policy to an edit, or says why the host cannot serve the call.
func (p *FieldPolicy) Apply(cloud string, c *Call, e *Edit) error {
	s := &c.Scan
	e.Drop |= p.Drop | p.Refuse&s.Nulls
	if refused := p.Refuse & s.Fields &^ s.Nulls; refused != 0 {
		idle := refused & emptyAsksNothing
		if idle != 0 {
			idle = empty(c.Body, idle)
			e.Drop |= idle
		}
		if refused &^= idle; refused != 0 {
			return &UnsupportedError{cloud, refused.First(), "the host of this model does not take it"}
		}
	}
	if p.SingleChoice && s.Fields&FieldN != 0 {
		if s.Choices > 1 {
			return &UnsupportedError{cloud, "n", "the host of this model gives one choice"}
		}
		e.Drop |= FieldN
	}
	if p.NoJSONSchema && s.Fields&FieldResponseFormat != 0 && inner(c.Body, FieldResponseFormat, "type") == "json_schema" {
		return &UnsupportedError{cloud, "response_format", "the host of this model ignores json_schema"}
	}
	return nil
}

// emptyAsksNothing are members that ask for nothing where they are zero, false or empty: clients write them out.
const emptyAsksNothing = FieldFrequencyPenalty | FieldPresencePenalty | FieldLogprobs | FieldLogitBias | FieldStop | FieldTools |
	FieldFunctions

// empty returns those of the members that are zero, false or empty in a body that was scanned before.
func empty(body []byte, of Fields) Fields {
	found := Fields(0)
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		f, _ := topField(&o.m)
		if v := o.value(); f&of != 0 && (!filled(v) || zero(v)) {
			found |= f
		}
	}
	return found
}

func zero(value []byte) bool {
	n, ok := ceiling(value)
	return ok && n == 0
}

// Text returns a member that is a string, of the JSON body that was scanned before; "" where it is none.
func (c *Call) Text(f Fields) string { return inner(c.Body, f, "") }

// Elements returns how many elements a member that is an array has; 0 where it is none.
func (c *Call) Elements(f Fields) int {
	n := 0
	if value := memberValue(c.Body, f); value != nil && value[0] == '[' {
		a := array{b: value}
		for a.next() {
			n++
		}
	}
	return n
}

// memberValue finds a member in a JSON body that was scanned before; nil if it has none, or if the body is a form.
func memberValue(body []byte, f Fields) []byte {
	var found []byte
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		if got, _ := topField(&o.m); got == f {
			found = o.value()
		}
	}
	return found
}

// inner returns a member that is a string, or with a name the member of that name in a member that is an object.
func inner(body []byte, f Fields, name string) string {
	value := memberValue(body, f)
	if value == nil {
		return ""
	}
	if name != "" {
		if value[0] != '{' {
			return ""
		}
		o, found := object{b: value}, []byte(nil)
		for o.next() {
			if string(o.m.key) == name {
				found = o.value()
			}
		}
		if value = found; value == nil {
			return ""
		}
	}
	if value[0] != '"' {
		return ""
	}
	return text(unquote(value), nil)
}

// Operations is a set of operations.
type Operations uint32

// OperationsOf makes a set.
func OperationsOf(ops ...Operation) Operations {
	set := Operations(0)
	for _, op := range ops {
		set |= 1 << op
	}
	return set
}

// Has reports whether an operation is in the set.
func (s Operations) Has(op Operation) bool { return op.Valid() && s&(1<<op) != 0 }

// Need refuses a call whose operation is not in the set: a cloud does not have it.
func (s Operations) Need(cloud string, c *Call) error {
	if !s.Has(c.Op) {
		return &UnsupportedError{Cloud: cloud, Reason: fmt.Sprintf("no %s here", c.Op)}
	}
	return nil
}

// OwnState refuses what refers to state that this gateway does not keep track of, on every cloud: the call could only reach the
// right account by chance.
func OwnState(cloud string, c *Call) error {
	if c.Op == CreateResponse && c.Scan.Fields&FieldConversation&^c.Scan.Nulls != 0 {
		return &UnsupportedError{cloud, "conversation", "conversations are not served here; continue a response by previous_response_id"}
	}
	return nil
}

// OpenWeights reports whether a model name is one of the gpt-oss family, in any cloud's spelling.
func OpenWeights(model string) bool { return strings.Contains(model, "gpt-oss") }

// CompletionLimit reports whether a model of that name refuses max_tokens and wants max_completion_tokens: gpt-5 and later
// and the o-series, in any cloud's spelling ("openai.gpt-5.4", "us.openai.gpt-6-astra").
func CompletionLimit(model string) bool {
	name := model
	if i := strings.LastIndexAny(name, "/"); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.LastIndex(name, "openai."); i >= 0 {
		name = name[i+len("openai."):]
	}
	if rest, ok := strings.CutPrefix(name, "gpt-"); ok {
		return rest != "" && (rest[0] >= '5' && rest[0] <= '9' || len(rest) > 1 && rest[0] == '1' && rest[1] >= '0' && rest[1] <= '9')
	}
	return len(name) > 1 && name[0] == 'o' && name[1] >= '1' && name[1] <= '9'
}

// Join returns base with a path after its own; prefix stands in for a base without a path. path must be clean and may
// hold escapes only in raw, which is "" if it needs none.
func Join(base *url.URL, prefix, path string) *url.URL {
	u := *base
	own := strings.TrimRight(u.Path, "/")
	if own == "" {
		own = prefix
	}
	u.Path, u.RawPath = own+path, ""
	return &u
}

// Need returns the credential of a target, or an error that names what has none. Where the target has a source of them, it
// may wait for the source, as long as ctx does.
func Need(ctx context.Context, t *Target) (string, error) {
	if t.Tokens != nil {
		token, err := t.Tokens.Credential(ctx)
		if err != nil {
			return "", fmt.Errorf("sign for deployment %s: %w", t.Deployment, err)
		}
		return token, nil
	}
	if v := t.Secret.Reveal(); v != "" {
		return v, nil
	}
	return "", fmt.Errorf("sign for deployment %s: no secret configured for it", t.Deployment)
}

// SignBearer adds the credential of a target as a bearer token.
func SignBearer(ctx context.Context, t *Target, r *http.Request) error {
	token, err := Need(ctx, t)
	if err != nil {
		return err
	}
	r.Header["Authorization"] = []string{"Bearer " + token}
	return nil
}
