package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"

	"concord/clouds/behaviour"
)

func (q *query) readCompletion(d dialect) (failed *failure) {
	if failed = q.readInputs(d, "prompt", 128); failed != nil {
		return failed
	}
	if q.stream, failed = q.flag(d, "stream"); failed != nil {
		return failed
	}
	if q.has("n") {
		if q.choices, failed = q.number(d, "n", 1, 128); failed != nil {
			return failed
		}
	}
	if q.has("stream_options") && !q.stream {
		return d.invalid(http.StatusBadRequest, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options", "")
	}
	var options struct {
		IncludeUsage bool `json:"include_usage"`
	}
	if q.has("stream_options") && json.Unmarshal(q.fields["stream_options"], &options) != nil {
		return d.invalid(http.StatusBadRequest, "Invalid type for 'stream_options'.", "stream_options", "invalid_type")
	}
	q.includeUsage = options.IncludeUsage
	if q.limit, failed = q.number(d, "max_tokens", 0, 1<<31); failed != nil {
		return failed
	}
	if !q.has("max_tokens") {
		q.limit = 16 // what this API takes without one
	}
	q.request.MaxTokens = q.limit
	return nil
}

// completionForm is a completion of the old kind: no roles, and choices for each prompt.
type completionForm struct{ chatForm }

func (*completionForm) words(a *writing, choice, from, to int64) []byte {
	return behaviour.AppendWords(nil, a.q.request.Draw+uint64(choice)<<32, from, to)
}

func (f *completionForm) whole(a *writing) (string, []byte) {
	b := fmt.Appendf(nil, `{"id":"%s","object":"text_completion","created":%d,"model":%s,"choices":[`, a.newID("cmpl-"), a.served.Started.Unix(), quoted(a.q.serve))
	for i := range a.texts() {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"text":"%s","index":%d,"logprobs":null,"finish_reason":"%s"%s}`, f.words(a, i, 0, a.reply.Tokens), i, a.finishReason(), a.filterResults())
	}
	b = append(b, ']')
	if !a.effect.NoUsage {
		b = append(append(b, `,"usage":`...), f.usage(a)...)
	}
	return "application/json", append(b, '}')
}

func (*completionForm) usage(a *writing) []byte {
	u := a.said()
	return fmt.Appendf(nil, `{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}`, u.Prompt, u.Completion, u.Prompt+u.Completion)
}

func (*completionForm) streamed() string { return "text/event-stream" }

func (*completionForm) begin(a *writing) {
	a.head = fmt.Appendf(nil, `{"id":"%s","object":"text_completion","created":%d,"choices":[`, a.newID("cmpl-"), a.served.Started.Unix())
	if a.shape.filter {
		a.data([]byte(`{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}`))
	}
}

func (f *completionForm) chunk(a *writing, text []byte, choice int64, finish string) {
	b := fmt.Appendf(nil, `%s{"text":"%s","index":%d,"logprobs":null,"finish_reason":%s%s}],"model":%s`, a.head, text, choice, finish, a.filterResults(), quoted(a.q.serve))
	if a.q.includeUsage {
		b = append(b, `,"usage":null`...)
	}
	a.data(append(b, '}'))
}

func (f *completionForm) content(a *writing, choice, n int64) {
	if from := a.done - a.reply.Reasoning; from >= 0 {
		f.chunk(a, f.words(a, choice, from, from+n), choice, "null")
	}
}

func (f *completionForm) end(a *writing) {
	for i := range a.texts() {
		f.chunk(a, nil, i, `"`+a.finishReason()+`"`)
	}
	if a.q.includeUsage && !a.effect.NoUsage {
		a.data(fmt.Appendf(nil, `%s],"model":%s,"usage":%s}`, a.head, quoted(a.q.serve), f.usage(a)))
	}
	a.data([]byte("[DONE]"))
}
