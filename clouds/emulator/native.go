package emulator

import (
	"encoding/base64"
	"fmt"
)

// invokeForm is a chat completion through InvokeModel: the same JSON, streamed as chunks inside Amazon's event stream.
type invokeForm struct{}

func (*invokeForm) streamed() string { return eventStream }

func (*invokeForm) whole(a *writing) (string, []byte) { return "application/json", a.body() }

// wrap puts each data line that a chat completion would stream into a frame. There is no [DONE].
func (f *invokeForm) wrap(a *writing, write func(a *writing)) {
	plain := a.buf
	a.buf = nil
	write(a)
	lines := a.buf
	a.buf = plain
	for len(lines) > 0 {
		line := lines
		for i := range lines {
			if lines[i] == '\n' {
				line = lines[:i]
				break
			}
		}
		lines = lines[min(len(lines), len(line)+2):]
		payload := line[len("data: "):]
		if string(payload) == "[DONE]" {
			continue
		}
		a.frame("chunk", fmt.Appendf(nil, `{"bytes":"%s","p":"abcdef"}`, base64.StdEncoding.EncodeToString(payload)))
	}
}

func (f *invokeForm) begin(a *writing) { f.wrap(a, chatForm{}.begin) }

func (f *invokeForm) content(a *writing, choice, n int64) {
	f.wrap(a, func(a *writing) { chatForm{}.content(a, choice, n) })
}

// end writes the end. The last chunk carries Amazon's own figures beside the model's.
func (f *invokeForm) end(a *writing) {
	a.q.includeUsage = true
	f.wrap(a, chatForm{}.end)
}

func (*invokeForm) fail(a *writing, _ bool) { a.exception() }
