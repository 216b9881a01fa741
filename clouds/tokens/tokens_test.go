package tokens_test

import (
	"strings"
	"testing"

	"concord/clouds/tokens"
)

// The counts are those of OpenAI's own tokenizer for o200k_base.
func TestATextIsCountedAsItsModelsCountIt(t *testing.T) {
	var c tokens.Counter
	for text, want := range map[string]int64{
		"":                   0,
		"hello world":        2,
		"tiktoken is great!": 6,
		"The quick brown fox jumps over the lazy dog.": 10,
	} {
		got, err := c.Count([]byte(text))
		if err != nil || got != want {
			t.Errorf("%q: %d tokens, %v; want %d", text, got, err, want)
		}
	}
}

func TestALongTextIsCountedInPiecesWithTheSameSum(t *testing.T) {
	var c tokens.Counter
	const word = " jumps"
	one, err := c.Count([]byte(word))
	if err != nil {
		t.Fatal(err)
	}
	const words = 50_000 // 300 kB, several pieces
	got, err := c.Count([]byte(strings.Repeat(word, words)))
	if err != nil || got != one*words {
		t.Errorf("%d tokens, %v; want %d", got, err, one*words)
	}
}

func FuzzCount(f *testing.F) {
	f.Add([]byte("a\xff\xfe b"))
	var c tokens.Counter
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := c.Count(text)
		if err != nil || n < 0 || n > int64(len(text)) {
			t.Errorf("%d bytes: %d tokens, %v: no token is less than a byte", len(text), n, err)
		}
	})
}
