package clouds

import (
	"io"
	"net/http"
)

// A Transcoder is an adapter whose cloud may stream in another form than server-sent events.
type Transcoder interface {
	// Transcode returns a reader that gives an answer's events as server-sent ones; nil if they are already.
	Transcode(h http.Header, body io.Reader) io.Reader
}

// Transcode makes the body of an answer that is a stream one of server-sent events, where an adapter's cloud streams otherwise.
func Transcode(a Adapter, resp *http.Response) {
	t, ok := a.(Transcoder)
	if !ok {
		return
	}
	r := t.Transcode(resp.Header, resp.Body)
	if r == nil {
		return
	}
	resp.Header["Content-Type"] = streamValue
	resp.Body = &transcoded{r, resp.Body}
}

// transcoded reads from one place and closes another.
type transcoded struct {
	io.Reader
	io.Closer
}

// Member returns the value of an object's member as it is written, of well-formed or other JSON; nil if it has none.
func Member(data []byte, name string) []byte {
	var found []byte
	o := object{b: data, i: skipSpace(data, 0)}
	for o.next() {
		if string(o.m.key) == name {
			found = o.value()
		}
	}
	if o.i < 0 {
		return nil
	}
	return found
}

// MemberText returns what a member that is a string stands for; "" if it is none.
func MemberText(data []byte, name string) string {
	value := Member(data, name)
	if value == nil || value[0] != '"' {
		return ""
	}
	return text(unquote(value), nil)
}
