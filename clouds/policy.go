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
	return ErrorBody(fmt.Sprintf("Unsupported parameter: no cloud that may serve this request takes it: %s", e.Reason),
		"invalid_request_error", e.Param, "unsupported_parameter")
}

// A FieldPolicy says what a host does with members that it does not take as they are.
type FieldPolicy struct {
	Drop         Fields // labels and hints: left out, the answer means the same
	Refuse       Fields // what changes the meaning of the answer: the host cannot serve the call, unless the member is null
	SingleChoice bool   // no n above 1; n: 1 is left out
	NoJSONSchema bool   // response_format of type json_schema would be ignored in silence
}

// Apply adds the policy to an edit, or says why the host cannot serve the call.
func (p *FieldPolicy) Apply(cloud string, c *Call, e *Edit) error {
	s := &c.Scan
	e.Drop |= p.Drop | p.Refuse&s.Nulls
	if refused := p.Refuse & s.Fields &^ s.Nulls; refused != 0 {
		return &UnsupportedError{cloud, refused.First(), "the host of this model does not take it"}
	}
	if p.SingleChoice && s.Fields&FieldN != 0 {
		if s.Choices > 1 {
			return &UnsupportedError{cloud, "n", "the host of this model gives one choice"}
		}
		e.Drop |= FieldN
	}
	if p.NoJSONSchema && s.Fields&FieldResponseFormat != 0 && formatType(c.Body) == "json_schema" {
		return &UnsupportedError{cloud, "response_format", "the host of this model ignores json_schema"}
	}
	return nil
}

// formatType returns response_format.type of a body that was scanned before.
func formatType(body []byte) string {
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		if f, _ := topField(&o.m); f != FieldResponseFormat || body[o.m.at[0]] != '{' {
			continue
		}
		format := object{b: body, i: o.m.at[0]}
		for format.next() {
			if value := body[format.m.at[0]:format.m.at[1]]; string(format.m.key) == "type" && value[0] == '"' {
				return text(value[1:len(value)-1], nil)
			}
		}
	}
	return ""
}

// ChatOnly refuses the surfaces that an adapter has no dialect for.
func ChatOnly(cloud string, c *Call) error {
	if c.Op != CreateChat {
		return &UnsupportedError{Cloud: cloud, Reason: fmt.Sprintf("no %s here, only chat completions", c.Op)}
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
