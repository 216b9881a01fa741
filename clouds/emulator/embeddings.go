package emulator

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// readInputs reads a text, texts, tokens, or lists of tokens: what embeddings and completions take.
func (q *query) readInputs(d dialect, name string, most int) *failure {
	if failed := q.need(d, name); failed != nil {
		return failed
	}
	raw := q.fields[name]
	var one string
	var many []json.RawMessage
	if json.Unmarshal(raw, &one) == nil {
		many = []json.RawMessage{raw}
	} else if json.Unmarshal(raw, &many) != nil {
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid type for '%s': expected a string or an array.", name), name, "invalid_type")
	}
	if len(many) > 0 && isNumber(many[0]) {
		many = []json.RawMessage{raw} // one list of tokens
	}
	if len(many) == 0 || len(many) > most {
		return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid '%s': expected an array of 1 to %d elements, but got %d.", name, most, len(many)), name, "invalid_value")
	}
	for _, m := range many {
		var text string
		var tokens []int64
		words := int64(0)
		switch {
		case json.Unmarshal(m, &text) == nil:
			words = countWords(text)
			q.request.Wish.Read(text)
		case json.Unmarshal(m, &tokens) == nil && len(tokens) > 0:
			words = int64(len(tokens))
		default:
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("'$.%s' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.", name), "", "")
		}
		q.inputs = append(q.inputs, input{words, hashOf(m)})
		q.prompt += words
	}
	q.drawFrom(raw)
	return nil
}

func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

func (q *query) readEmbedding(d dialect) (failed *failure) {
	if failed = q.readInputs(d, "input", 2048); failed != nil {
		return failed
	}
	for _, in := range q.inputs {
		if in.words == 0 {
			return d.invalid(http.StatusBadRequest, "Invalid 'input': input cannot be an empty string.", "input", "invalid_value")
		}
	}
	if q.format, failed = q.choice(d, "encoding_format", "float", "base64"); failed != nil {
		return failed
	}
	q.dimensions, failed = q.number(d, "dimensions", 1, 4096)
	return failed
}

// A wholeForm is an answer that is never streamed.
type wholeForm struct {
	chatForm
	body func(a *writing) []byte
}

func (f *wholeForm) whole(a *writing) (string, []byte) { return "application/json", f.body(a) }

// dimensionsOf is how long the vectors of a model are when the request does not say.
func dimensionsOf(model string) int64 {
	switch {
	case strings.Contains(model, "embedding-3-large"):
		return 3072
	case strings.Contains(model, "embedding-v"):
		return 1024
	}
	return 1536
}

// embeddings writes a vector of length one for each input, drawn from it.
func embeddings(a *writing) []byte {
	n := a.q.dimensions
	if n == 0 {
		n = dimensionsOf(a.q.serve)
	}
	b := []byte(`{"object":"list","data":[`)
	for i, in := range a.q.inputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"object":"embedding","index":%d,"embedding":`, i)
		b = append(appendVector(b, vector(in.draw, n), a.q.format == "base64"), '}')
	}
	b = fmt.Appendf(b, `],"model":%s`, quoted(a.q.serve))
	if !a.effect.NoUsage {
		u := a.said()
		b = fmt.Appendf(b, `,"usage":{"prompt_tokens":%d,"total_tokens":%d}`, u.Prompt, u.Prompt)
	}
	if a.e.config.Cloud == "alibaba" {
		b = fmt.Appendf(b, `,"id":"%s"`, a.e.uuid())
	}
	return append(b, '}')
}

func vector(draw uint64, n int64) []float32 {
	v, sum := make([]float32, n), 0.0
	for i := range v {
		draw = draw*6364136223846793005 + 1442695040888963407
		v[i] = float32(int32(draw>>32)) / math.MaxInt32
		sum += float64(v[i]) * float64(v[i])
	}
	length := float32(math.Sqrt(sum))
	for i := range v {
		v[i] /= length
	}
	return v
}

func appendVector(b []byte, v []float32, packed bool) []byte {
	if packed {
		raw := make([]byte, 0, 4*len(v))
		for _, f := range v {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
		}
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), raw), '"')
	}
	b = append(b, '[')
	for i, f := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(f), 'g', -1, 32)
	}
	return append(b, ']')
}
