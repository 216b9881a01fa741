// Package clouds is the contract between the gateway and the clouds. An adapter is pure: it prepares a call, classifies an
// answer and reads events from bytes; signing is a separate step after the last change of the body. Each cloud has one
// folder, named after its service.
package clouds

import (
	"context"
	"net/http"
	"net/url"

	"concord/agreement"
	"concord/delivery"
	"concord/usage"
)

// A Target is where a deployment lives, with what it takes to get in. It comes from the configuration and holds secrets:
// never log it.
type Target struct {
	Deployment string
	Cloud      string
	Kind       string   // OpenAICompatible where the cloud has no adapter of its own; "" = the cloud's adapter
	Rejects    Fields   // members of requests that the host does not take, of an OpenAICompatible one
	Base       *url.URL // scheme, host and the prefix that the cloud's documentation gives
	Region     string
	Account    string
	Model      string // the cloud's own name
	APIVersion string // azure's dated form; "" = its v1 form
	Project    string // gcp
	Plane      string // aws: Runtime or Mantle; "" = the host says
	Protocol   string // aws: ByOpenAI, ByInvoke or ByConverse; "" = the base says
	Secret     Secret
	Auth       string // how the credential is got, with all that decides it but secrets; "" = Secret is the credential
	Tokens     Tokens // gets it; nil = Secret is the credential
}

// Tokens is a source of credentials that end: access tokens, session keys.
type Tokens interface {
	// Credential returns the one in force; it waits only where there is none.
	Credential(ctx context.Context) (string, error)
}

// OpenAICompatible is the kind of hosts that take OpenAI's API as it is, whatever their cloud is called.
const OpenAICompatible = "openai-compatible"

// The planes of Amazon Bedrock.
const (
	Runtime = "runtime"
	Mantle  = "mantle"
)

// The protocols by which a model on Bedrock's runtime plane is reached.
const (
	ByOpenAI   = "openai"   // the paths that OpenAI has
	ByInvoke   = "invoke"   // InvokeModel, with the same bodies
	ByConverse = "converse" // Converse, Amazon's own form of a conversation
)

// Speaks names the adapter that speaks to the target: its kind, or else its cloud.
func (t *Target) Speaks() string {
	if t.Kind != "" {
		return t.Kind
	}
	return t.Cloud
}

// Equal reports whether two targets are reached alike, with the same credential.
func (t *Target) Equal(o *Target) bool {
	a, b := *t, *o
	a.Base, b.Base = nil, nil
	a.Tokens, b.Tokens = nil, nil
	return a == b && t.Base.String() == o.Base.String()
}

// Secret is a credential that does not print.
type Secret struct{ value string }

// NewSecret wraps a credential.
func NewSecret(v string) Secret { return Secret{v} }

// Reveal returns the credential, for signing only.
func (s Secret) Reveal() string { return s.value }

// String hides the credential.
func (s Secret) String() string { return "[secret]" }

// GoString hides the credential.
func (s Secret) GoString() string { return "[secret]" }

// MarshalText hides the credential.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// A Call is a client's request as the gateway read it. Body is never changed in place.
type Call struct {
	Op     Operation
	Path   string // after /v1: "/chat/completions", "/responses/resp_1/cancel"
	Query  string // raw, without a question mark; only stored operations pass any of it on
	Header http.Header
	Body   []byte
	Scan   Scan
	// Scratch is room for an edited body: Prepare appends to Scratch[:0] and grows it if it must; nil is fine. It must not
	// be used again while an earlier attempt may still be sending from it.
	Scratch []byte
	ID      string // the gateway's request id, passed on as the client's request id where the cloud has a header for it
}

// Method returns the method of the client's request, which is the cloud's too.
func (c *Call) Method() string { return c.Op.Method() }

// API returns the surface that agreements know the call by.
func (c *Call) API() agreement.API { return c.Op.API() }

// ContentType returns what the client says that its body is.
func (c *Call) ContentType() string { return c.Header.Get("Content-Type") }

// Scan is what the gateway reads from a body without decoding it.
type Scan struct {
	Model         string
	ModelAt       [2]int // span of the value in the body; in JSON quotes included, in a form the part's content
	Form          bool   // the body is a form (multipart/form-data)
	Stream        bool   // events are asked for
	IncludeUsage  bool   // the client asked for usage in the stream
	MaxTokens     int64
	MaxTokensName string // "max_tokens", "max_completion_tokens" or "max_output_tokens"; "" = none
	Choices       int64  // n; 0 = not given
	BestOf        int64  // completions: candidates that are made for each prompt; 0 = not given
	Store         bool   // the cloud is to keep the answer: as asked, or by the operation's default
	Background    bool   // responses: made in the background
	Previous      string // responses: previous_response_id
	Format        string // response_format of audio and images, as a word; "" = not given
	Characters    int64  // speech: of the text to be spoken
	FileBytes     int64  // forms: size of all files
	Fields        Fields // known members that the body has
	Nulls         Fields // those of them that are null
	spans         spans
}

// An Exchange is what is sent to a cloud.
type Exchange struct {
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
}

// An Answer classifies what a cloud said before content.
type Answer struct {
	Outcome    delivery.Outcome
	RetryAfter int64  // ns; 0 = not said
	Status     int    // what the client should see, where it should see this answer
	Body       []byte // in OpenAI's error form, where it should see this answer
	Detail     string // for the operator's log: code and type, never the cloud's text of a credential error
	Reply      *Reply // of an answer: what was read of it, so that nobody reads it twice; nil = not read
}

// An Event is what one data line of a stream says.
type Event struct {
	Content   bool        // first-content rule: non-empty text, reasoning, tool, audio, image or refusal delta
	Finish    bool        // a terminal event: of a choice, a response, an image, speech or a transcript
	Done      bool        // nothing follows: [DONE], or the terminal event of a surface that has no [DONE]
	Error     bool        // an error inside the stream, a failed response included
	Usage     bool        // Tokens is set
	Pending   bool        // the response that it speaks of is not finished
	UsageOnly bool        // an event that carries nothing but usage: hidden from a client that did not ask
	Drop      bool        // noise that plain OpenAI clients do not expect, such as Azure's empty first chunk
	Text      int         // bytes of delivered text in it (content, reasoning, refusal, tool arguments), as written in the JSON
	Said      []byte      // that text as written, without its quotes, a part of the data; nil = none
	Scattered bool        // the text stands in several places: AppendText gathers it
	Tool      usage.Class // what the cloud's own tool that it shows is billed as; 0 = none
	Object    []byte      // id of the response that it speaks of, a part of the data; nil = none
	Tokens    usage.Usage
}

// Adapter speaks one cloud's dialect. It is safe for concurrent use.
type Adapter interface {
	// Cloud returns the cloud's name in agreements: "azure", "aws", ...
	Cloud() string
	// Prepare turns a call into what the cloud accepts: its URL, headers without credentials, and a body in which only
	// what must change is changed. An error means that the cloud cannot do what was asked (outcome Unsupported).
	Prepare(t *Target, c *Call) (*Exchange, error)
	// Sign adds the credentials to a request whose body will not change any more.
	Sign(ctx context.Context, t *Target, r *http.Request, body []byte) error
	// Classify reads the answer to a call with its status, headers and body (of a stream: what came before content).
	Classify(c *Call, status int, h http.Header, body []byte) Answer
	// Usage reads the usage of a whole answer to a call.
	Usage(c *Call, body []byte) (usage.Usage, bool)
	// Event reads one data line of a stream that answers a call.
	Event(c *Call, data []byte) Event
}
