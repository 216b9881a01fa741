package bedrock

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"concord/clouds"
)

// The runtime plane has two protocols of Amazon's own beside OpenAI's paths. InvokeModel takes and gives chat completions, with
// the model in the path, and its streams are chunks inside Amazon's binary event stream. Converse has a form of its own.

// protocol is how a target's model is reached: as the configuration says, or else by the account's endpoint.
func protocol(t *clouds.Target) string {
	if t.Protocol == "" && strings.HasSuffix(strings.TrimRight(t.Base.Path, "/"), "/model") {
		return clouds.ByInvoke
	}
	return t.Protocol
}

// native reports whether it is one of Amazon's own.
func native(t *clouds.Target) bool {
	p := protocol(t)
	return p == clouds.ByInvoke || p == clouds.ByConverse
}

// address is where an operation of Amazon's own is asked of a model. A colon in a model's id goes escaped, as Amazon's SDKs
// send it: the signature covers that form. The paths of OpenAI's own form, where the account has them, do not lead there.
func address(t *clouds.Target, whole, streamed string, stream bool) *url.URL {
	operation := "/" + whole
	if stream {
		operation = "/" + streamed
	}
	u := *t.Base
	base := strings.TrimRight(u.Path, "/")
	for _, suffix := range [...]string{"/model", "/openai/v1", "/v1"} {
		if rest, ok := strings.CutSuffix(base, suffix); ok {
			base = rest
			break
		}
	}
	base += "/model/"
	u.Path = base + t.Model + operation
	u.RawPath = base + strings.ReplaceAll(url.PathEscape(t.Model), ":", "%3A") + operation
	return &u
}

var _ clouds.Transcoder = (*Adapter)(nil)

// Transcode reads Amazon's event stream as server-sent events, and an answer of Converse as a chat completion.
func (a *Adapter) Transcode(t *clouds.Target, c *clouds.Call, status int, h http.Header, body io.Reader) (io.Reader, string) {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	switch {
	case kind == eventStream:
		e := &events{src: bufio.NewReaderSize(body, 4<<10), decoder: eventstream.NewDecoder(), call: clouds.Call{Op: clouds.CreateChat}}
		e.turn.begin(t, c, h, a.now)
		return e, "text/event-stream"
	case status == http.StatusOK && protocol(t) == clouds.ByConverse:
		w := &wholeTurn{src: body}
		w.turn.begin(t, c, h, a.now)
		return w, "application/json"
	}
	return nil, ""
}

const eventStream = "application/vnd.amazon.eventstream"

// events turns the messages of an event stream into server-sent events: a chunk into its data, an exception into an error. The
// stream has no [DONE]; one is written at its end if a choice was finished before, so that a stream that breaks off has none.
type events struct {
	src      *bufio.Reader
	decoder  *eventstream.Decoder
	call     clouds.Call
	turn     turn
	payload  []byte
	out      []byte // not read yet
	finished bool
	err      error
}

// Read gives the next bytes of the stream.
func (e *events) Read(p []byte) (int, error) {
	for len(e.out) == 0 {
		if e.err != nil {
			return 0, e.err
		}
		e.next()
	}
	n := copy(p, e.out)
	e.out = e.out[n:]
	return n, nil
}

// Frame lengths of the event stream.
const (
	preludeLength = 12
	shortest      = preludeLength + 4
)

// next reads one message.
func (e *events) next() {
	prelude, err := e.src.Peek(preludeLength)
	switch {
	case len(prelude) == 0 && errors.Is(err, io.EOF):
		if e.err = io.EOF; e.finished {
			e.out = append(e.out[:0], "data: [DONE]\n\n"...)
		}
		return
	case errors.Is(err, io.EOF):
		e.err = io.ErrUnexpectedEOF
		return
	case err != nil:
		e.err = err
		return
	}
	if n := binary.BigEndian.Uint32(prelude); n < shortest || n > clouds.MaxEvent {
		e.err = fmt.Errorf("read a message of %d bytes: %w", n, clouds.ErrEventTooLong)
		return
	}
	m, err := e.decoder.Decode(e.src, e.payload[:0])
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		e.err = fmt.Errorf("read Amazon's event stream: %w", err)
		return
	}
	e.payload = m.Payload
	e.take(&m)
}

// take writes what a message says.
func (e *events) take(m *eventstream.Message) {
	header := func(name string) string {
		if v := m.Headers.Get(name); v != nil {
			return v.String()
		}
		return ""
	}
	e.out = e.out[:0]
	switch header(":message-type") {
	case "exception":
		e.fail(header(":exception-type"), clouds.MemberText(m.Payload, "message"))
	case "error":
		e.fail(header(":error-code"), header(":error-message"))
	default:
		if !e.converse(header(":event-type"), m.Payload) {
			e.chunk(m.Payload)
		}
	}
}

// fail writes an error in OpenAI's form, with Amazon's type as headers of answers write it: "ThrottlingException".
func (e *events) fail(kind, message string) {
	if kind != "" {
		kind = strings.ToUpper(kind[:1]) + kind[1:]
	}
	if message == "" {
		message = kind
	}
	e.out = append(e.out, "data: "...)
	e.out = append(e.out, clouds.ErrorBody(message, kind, "", "")...)
	e.out = append(e.out, "\n\n"...)
}

// chunk writes the chunk of a chat completion that stands, in base64, in a payload.
func (e *events) chunk(payload []byte) {
	value := clouds.Member(payload, "bytes")
	if len(value) < 2 || value[0] != '"' {
		return // padding, or a kind of message that is none of a chat completion
	}
	e.out = append(e.out, "data: "...)
	start := len(e.out)
	var err error
	if e.out, err = base64.StdEncoding.AppendDecode(e.out, value[1:len(value)-1]); err != nil {
		e.out, e.err = e.out[:0], fmt.Errorf("read Amazon's event stream: %w", err)
		return
	}
	for i := start; i < len(e.out); i++ {
		if e.out[i] == '\n' || e.out[i] == '\r' { // in JSON only between its parts
			e.out[i] = ' '
		}
	}
	e.finished = e.finished || clouds.ReadEvent(&e.call, e.out[start:], clouds.EventRules{}).Finish
	e.out = append(e.out, "\n\n"...)
}
