package demo

import (
	"strconv"
	"strings"
)

// vocabulary is what prompts are made of: plain words, so that a prompt of N tokens has exactly N of them.
const vocabulary = "the month closed and each cloud sent what it had served to whom under which clause so that both sides could see how " +
	"many tokens went where at what price and who owed a share of it before any amount was rounded or paid "

// prompts builds request bodies of an exact length. It is safe for concurrent use.
type prompts struct {
	text  string // the vocabulary over and over
	wordN []int  // wordN[n] is where the n-th word ends
}

// newPrompts prepares for prompts of up to most words.
func newPrompts(most int) *prompts {
	words := strings.Fields(vocabulary)
	p := &prompts{wordN: make([]int, 0, most+1)}
	var b strings.Builder
	p.wordN = append(p.wordN, 0)
	for n := range most {
		if n > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[n%len(words)])
		p.wordN = append(p.wordN, b.Len())
	}
	p.text = b.String()
	return p
}

// directiveWords is how many words "[reply N tokens]" has.
const directiveWords = 3

// body returns a chat request whose prompt has exactly context words, the directive's among them, and asks for an answer
// of exactly generated tokens. A context of fewer than three words becomes three: the directive itself.
func (p *prompts) body(model string, context, generated int, stream bool) []byte {
	b := make([]byte, 0, 160+p.wordN[max(0, context-directiveWords)])
	b = append(b, `{"model":"`...)
	b = append(b, model...)
	b = append(b, `","messages":[{"role":"user","content":"`...)
	b = append(b, p.text[:p.wordN[max(0, context-directiveWords)]]...)
	b = append(b, ` [reply `...)
	b = strconv.AppendInt(b, int64(generated), 10)
	b = append(b, ` tokens]"}]`...)
	if stream {
		b = append(b, `,"stream":true`...)
	}
	return append(b, '}')
}
