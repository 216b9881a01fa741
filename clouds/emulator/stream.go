package emulator

import (
	"fmt"
	"net/http"
	"time"

	"concord/clouds/behaviour"
)

// stream writes an answer as events: what comes first, reasoning where it is shown, the words, and the end.
func (a *writing) stream() {
	if !a.waitUntil(a.first) {
		return
	}
	if a.shape.newline == "" {
		a.shape.newline = "\n"
	}
	a.header(a.form.streamed())
	a.form.begin(a)
	if a.effect.Kind == behaviour.EarlyError {
		a.form.fail(a, true)
		a.flush()
		return
	}
	if !a.flush() || !a.tokens() {
		return
	}
	a.form.end(a)
	a.served.Complete = a.flush()
}

// begin writes the role.
func (chatForm) begin(a *writing) {
	a.head = fmt.Appendf(nil, `data: {"id":"%s","object":"chat.completion.chunk","created":%d,"model":%s,`, a.newID("chatcmpl-"), a.served.Started.Unix(), quoted(a.q.serve))
	if a.shape.tier {
		a.head = fmt.Appendf(a.head, `"service_tier":"%s",`, a.tier())
	}
	a.head = append(a.head, `"system_fingerprint":null,"choices":[`...)
	if a.shape.filter {
		a.data([]byte(`{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":` +
			`{"hate":{"filtered":false,"severity":"safe"}}}]}`))
	}
	for i := range a.q.choices {
		a.chunk(i, `"role":"assistant","content":"","refusal":null`, "")
	}
}

// end writes the reason for the end, usage if it was asked for, and [DONE].
func (chatForm) end(a *writing) {
	for i := range a.q.choices {
		a.chunk(i, "", a.finishReason())
		if a.shape.async {
			a.offsets(i)
		}
	}
	if a.q.includeUsage && !a.effect.NoUsage {
		a.buf = append(append(append(append(a.buf, a.head...), `],"usage":`...), a.usage()...), '}')
		a.buf = append(append(a.buf, a.shape.newline...), a.shape.newline...)
	}
	a.data([]byte("[DONE]"))
}

// offsets writes a chunk of Azure's asynchronous filter: no delta, no id, and how far it has looked.
func (a *writing) offsets(choice int64) {
	end := int64(len(a.text(0, a.reply.Tokens, choice)))
	a.data(fmt.Appendf(nil, `{"id":"","object":"","created":0,"model":"","choices":[{"index":%d,"finish_reason":null,"content_filter_results":`+
		`{"hate":{"filtered":false,"severity":"safe"}},"content_filter_offsets":{"check_offset":%d,"start_offset":0,"end_offset":%d}}]}`, choice, end, end))
}

func (chatForm) fail(a *writing, _ bool) {
	a.data(a.e.dialect.broken(http.StatusInternalServerError, 0).body)
}

// tokens writes all tokens at their pace; false if it ended before them.
func (a *writing) tokens() bool {
	total := a.total()
	for a.done < total {
		n := min(int64(a.e.config.TokensPerChunk), total-a.done)
		if a.done < a.reply.Reasoning {
			n = min(n, a.reply.Reasoning-a.done) // reasoning and text do not share a chunk
		}
		if a.broken() {
			n = min(n, a.effect.After-a.done)
		}
		if n <= 0 {
			a.breakOff()
			return false
		}
		due := a.first.Add(a.perToken * time.Duration(a.done))
		if due.After(a.e.config.Now()) && (!a.flush() || !a.waitUntil(due)) || a.stopped != nil && a.stopped() {
			return false
		}
		for i := range a.texts() {
			a.form.content(a, i, n)
		}
		a.advance(n)
		if len(a.buf) > 4<<10 && !a.flush() {
			return false
		}
	}
	if a.broken() { // after more tokens than there are
		a.breakOff()
		return false
	}
	return true
}

// broken reports whether a fault ends the stream after some tokens.
func (a *writing) broken() bool {
	switch a.effect.Kind {
	case behaviour.LateError, behaviour.Cut, behaviour.Truncate, behaviour.StallMid:
		return true
	}
	return false
}

func (a *writing) breakOff() {
	if a.effect.Kind == behaviour.LateError {
		a.form.fail(a, false)
		a.flush()
		return
	}
	a.flush()
	a.stop()
}

// content writes the chunk with the next n tokens of a choice.
func (chatForm) content(a *writing, choice, n int64) {
	from, to := a.done, a.done+n
	switch {
	case from < a.reply.Reasoning && a.shape.reasoning == "":
		return // it is paid for, not shown
	case from < a.reply.Reasoning:
		a.chunk(choice, fmt.Sprintf(`"%s":"%s"`, a.shape.reasoning, a.text(from, to, choice)), "")
	case a.q.toolCall != "":
		a.chunk(choice, fmt.Sprintf(`"tool_calls":[%s]`, a.call(choice, `"index":0,`, "{}")), "")
	default:
		a.open(choice)
		a.buf = append(a.buf, `"content":"`...)
		a.buf = behaviour.AppendWords(a.buf, a.q.request.Draw+uint64(choice)<<32, from-a.reply.Reasoning, to-a.reply.Reasoning)
		a.buf = append(a.buf, '"')
		a.close("")
	}
}

// chunk writes a chunk of one choice with that delta.
func (a *writing) chunk(choice int64, delta, finish string) {
	a.open(choice)
	a.buf = append(a.buf, delta...)
	a.close(finish)
}

func (a *writing) open(choice int64) {
	a.buf = append(a.buf, a.head...)
	a.buf = fmt.Appendf(a.buf, `{"index":%d,"delta":{`, choice)
}

const padding = "Qm7xR2kVtY9zB4nL"

func (a *writing) close(finish string) {
	a.buf = append(a.buf, `},"logprobs":null,"finish_reason":`...)
	if finish == "" {
		a.buf = append(a.buf, "null"...)
	} else {
		a.buf = append(append(append(a.buf, '"'), finish...), '"')
	}
	a.buf = append(append(a.buf, a.filterResults()...), "}]"...)
	if a.q.includeUsage {
		a.buf = append(a.buf, `,"usage":null`...)
	}
	if a.shape.obfuscation && a.q.obfuscate {
		a.buf = fmt.Appendf(a.buf, `,"obfuscation":"%s"`, padding[:1+len(a.buf)%len(padding)])
	}
	a.buf = append(append(append(a.buf, '}'), a.shape.newline...), a.shape.newline...)
}

// event writes a named event.
func (a *writing) event(name string, payload []byte) {
	a.buf = append(append(append(a.buf, "event: "...), name...), a.shape.newline...)
	a.data(payload)
}

func (a *writing) data(payload []byte) {
	a.buf = append(append(a.buf, "data: "...), payload...)
	a.buf = append(append(a.buf, a.shape.newline...), a.shape.newline...)
}

// flush sends what was written; false if the client is gone.
func (a *writing) flush() bool {
	if a.ctx.Err() != nil {
		return false
	}
	if len(a.buf) > 0 {
		if _, err := a.w.Write(a.buf); err != nil {
			return false
		}
		a.buf = a.buf[:0]
		if err := http.NewResponseController(a.w).Flush(); err != nil {
			return false
		}
	}
	return true
}
