// Package tokens counts the tokens of delivered text, where a cloud reports no usage (evidence "counted"). The vocabulary is
// embedded and loaded at the first count: most processes never need it.
package tokens

import (
	"fmt"
	"sync"

	"github.com/tiktoken-go/tokenizer"
)

// pieceBytes is how much text is counted at once, which bounds the memory that a count takes.
const pieceBytes = 64 << 10

// A Counter counts by the vocabulary of OpenAI's current models (o200k_base; gpt-oss has the same words). The zero Counter is
// ready; it is safe for concurrent use.
type Counter struct {
	once  sync.Once
	codec tokenizer.Codec
	err   error
}

// Count returns how many tokens a text is. Text that is not UTF-8 counts as it stands.
func (c *Counter) Count(text []byte) (int64, error) {
	c.once.Do(func() { c.codec, c.err = tokenizer.Get(tokenizer.O200kBase) })
	if c.err != nil {
		return 0, fmt.Errorf("load the vocabulary: %w", c.err)
	}
	var total int64
	for len(text) > 0 {
		n := cut(text)
		count, err := c.codec.Count(string(text[:n]))
		if err != nil {
			return 0, fmt.Errorf("count tokens: %w", err)
		}
		total += int64(count)
		text = text[n:]
	}
	return total, nil
}

// cut returns where a piece ends: before a space, so that no word is counted in two parts, unless there is none.
func cut(text []byte) int {
	if len(text) <= pieceBytes {
		return len(text)
	}
	for i := pieceBytes; i > pieceBytes/2; i-- {
		if text[i] == ' ' {
			return i
		}
	}
	return pieceBytes
}
