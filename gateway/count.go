package gateway

import (
	"bytes"

	"concord/clouds"
	"concord/usage"
)

// keptText is how much delivered text a stream keeps until usage arrives; beyond it, it is counted and forgotten.
const keptText = 64 << 10

// countedPrompt bounds the text of a prompt that is counted; a longer one is estimated by its size.
const countedPrompt = 1 << 20

// keep keeps the text of an event, should the cloud report no usage in the end.
func (r *relay) keep() {
	if r.count == nil || r.event.Text == 0 {
		return
	}
	if r.event.Scattered {
		r.said = clouds.AppendText(r.said, r.call, r.frame.Data)
	} else {
		r.said = append(r.said, r.event.Said...)
	}
	if len(r.said) > keptText {
		end := bytes.LastIndexByte(r.said, ' ') // so that no word is counted in two parts
		if end <= 0 {
			end = len(r.said)
		}
		r.countTo(end)
	}
}

// countTo counts what is kept up to there and forgets it.
func (r *relay) countTo(end int) {
	n, err := r.count(clouds.Unescape(r.said[:end]))
	r.tokens += n
	r.uncounted = r.uncounted || err != nil
	r.said = r.said[:copy(r.said, r.said[end:])]
	if len(r.said) == 0 && cap(r.said) > 2*keptText {
		r.said = nil
	}
}

// counted returns the tokens of the whole stream so far; false if they are not known.
func (r *relay) counted() (tokens int64, ok bool) {
	if r.count == nil {
		return 0, false
	}
	r.countTo(len(r.said))
	return r.tokens, !r.uncounted
}

// countable reports whether what a cloud does not report of this request can be counted: text, in one order.
func (q *request) countable() bool {
	switch q.call.Op {
	case clouds.CreateChat, clouds.CreateResponse, clouds.CreateCompletion, clouds.CreateEmbedding:
		return q.g.config.Count != nil
	default:
		return false
	}
}

// countStream puts into an estimate what the tokenizer makes of a stream.
func (q *request) countStream(u *usage.Usage) {
	if q.countable() && q.relay.choices == 1 { // the texts of several choices come in pieces, one between the other
		if output, ok := q.relay.counted(); ok {
			q.tokenize(u, output)
		}
	}
}

// countWhole puts into an estimate what the tokenizer makes of an answer that is not streamed.
func (q *request) countWhole(u *usage.Usage) {
	if !q.countable() {
		return
	}
	output := int64(0)
	if q.call.Op != clouds.CreateEmbedding {
		text := clouds.Unescape(clouds.AppendText(nil, &q.call, q.answer))
		var err error
		if output, err = q.g.config.Count(text); err != nil {
			return
		}
	}
	q.tokenize(u, output)
}

// tokenize replaces what sizes say of an answer by its tokens, and likewise of the prompt. Where not all of the prompt is text
// that the gateway has, or it is too long to be counted, the whole stays an estimate.
func (q *request) tokenize(u *usage.Usage, output int64) {
	if bound := q.outputBound(); bound > 0 {
		output = min(output, bound)
	}
	u.Tokens[usage.Output] = output
	text, whole := clouds.AppendStrings(nil, q.body, countedPrompt)
	if len(text) == 0 {
		return
	}
	input, err := q.g.config.Count(text)
	if err != nil {
		return
	}
	u.Tokens[usage.Input] = min(input, int64(len(q.body)))
	if whole && q.call.Scan.Previous == "" {
		u.Evidence = usage.Counted
	}
}
