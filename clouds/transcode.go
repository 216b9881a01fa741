package clouds

import (
	"io"
	"net/http"
)

// A Transcoder is an adapter whose cloud may answer in another form than OpenAI's, or stream otherwise than in server-sent events.
type Transcoder interface {
	// Transcode returns a reader that gives an answer to a call in OpenAI's form, and its content type; nil if it has that form.
	Transcode(t *Target, c *Call, status int, h http.Header, body io.Reader) (r io.Reader, contentType string)
}

// Transcode gives the body of an answer OpenAI's form, where an adapter's cloud has another.
func Transcode(a Adapter, t *Target, c *Call, resp *http.Response) {
	by, ok := a.(Transcoder)
	if !ok {
		return
	}
	r, contentType := by.Transcode(t, c, resp.StatusCode, resp.Header, resp.Body)
	if r == nil {
		return
	}
	resp.Header["Content-Type"] = []string{contentType}
	resp.ContentLength = -1
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
