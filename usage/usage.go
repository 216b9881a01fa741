// Package usage says what a request consumed, in one normal form for all clouds.
//
// The classes are disjoint: a cloud's counts that contain each other (cached tokens inside prompt tokens, reasoning
// tokens inside completion tokens) are taken apart by whoever reads its answer, so that nothing is priced twice.
package usage

import (
	"errors"
	"fmt"
	"math"
)

// Tokens counts consumption by class; index it with a Class.
type Tokens [NumClasses]int64

// ErrOverflow is returned when counts do not fit 64 bits.
var ErrOverflow = errors.New("usage: token counts exceed 64 bits")

// Add adds o to t. On overflow it returns ErrOverflow and leaves t as it was.
func (t *Tokens) Add(o *Tokens) error {
	sum := *t
	for c, n := range o {
		if n > 0 && sum[c] > math.MaxInt64-n || n < 0 && sum[c] < math.MinInt64-n {
			return ErrOverflow
		}
		sum[c] += n
	}
	*t = sum
	return nil
}

// Total returns the sum of all tokens; what is not counted in tokens is left out. Sums beyond 64 bits stay at the bound.
func (t *Tokens) Total() int64 { return t.sum(Input, OutputImage) }

// Prompt returns the tokens of the prompt, cached or not: what long-context prices go by.
func (t *Tokens) Prompt() int64 {
	return saturate(t.sum(Input, CacheWrite), saturate(t[InputAudio], t[InputImage]))
}

// IsZero reports whether nothing was consumed.
func (t *Tokens) IsZero() bool { return *t == Tokens{} }

// Negative returns the first class with a negative count, if there is one: no cloud consumes less than nothing.
func (t *Tokens) Negative() (Class, bool) {
	for c := Input; c < numClasses; c++ {
		if t[c] < 0 {
			return c, true
		}
	}
	return 0, false
}

func (t *Tokens) sum(from, to Class) int64 {
	var n int64
	for c := from; c <= to; c++ {
		n = saturate(n, t[c])
	}
	return n
}

func saturate(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

// Usage is what one attempt consumed.
type Usage struct {
	Tokens   Tokens
	Tier     Tier
	Evidence Evidence
}

// unknown names a number that no constant has; parsing it back is an error.
func unknown(kind string, n uint8) string { return fmt.Sprintf("%s(%d)", kind, n) }
