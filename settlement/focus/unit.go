package focus

import (
	"strconv"
	"strings"
)

// A Unit is what a quantity counts: so many of a thing at once, "1M Tokens".
type Unit struct {
	Per   int64
	Thing string // "Tokens", "Images", "Seconds", "Characters", "Calls"; as it was written where it is none of these
}

// ParseUnit reads a unit as the clouds write it: "Tokens", "1K Tokens", "1000000 tokens", "Million Tokens", "1M".
func ParseUnit(s string) Unit {
	u := Unit{Per: 1}
	var words []string
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '/' || r == '-' || r == '_' }) {
		if n, ok := magnitude(word); ok && u.Per < 1_000_000_000 {
			u.Per *= n
			continue
		}
		words = append(words, word)
	}
	u.Thing = thing(strings.Join(words, " "))
	return u
}

// magnitude reads "1000", "1K", "1M", "thousand".
func magnitude(word string) (int64, bool) {
	lower := strings.ToLower(strings.ReplaceAll(word, ",", ""))
	switch lower {
	case "k", "thousand", "thousands":
		return 1000, true
	case "m", "million", "millions":
		return 1_000_000, true
	}
	times := int64(1)
	if rest, ok := strings.CutSuffix(lower, "k"); ok {
		lower, times = rest, 1000
	} else if rest, ok := strings.CutSuffix(lower, "m"); ok {
		lower, times = rest, 1_000_000
	}
	n, err := strconv.ParseInt(lower, 10, 64)
	if err != nil || n < 1 || n > 1_000_000_000 {
		return 0, false
	}
	return n * times, true
}

func thing(s string) string {
	switch strings.ToLower(strings.TrimSuffix(strings.ToLower(s), "s")) {
	case "", "token", "tok", "unit", "count":
		return Tokens
	case "image", "picture":
		return Images
	case "second", "sec":
		return Seconds
	case "minute", "min":
		return Minutes
	case "hour", "hr":
		return Hours
	case "character", "char":
		return Characters
	case "call":
		return Calls
	}
	return s
}

// The things that models are billed by.
const (
	Tokens     = "Tokens"
	Images     = "Images"
	Seconds    = "Seconds"
	Characters = "Characters"
	Calls      = "Calls" // of a cloud's own tools
	Minutes    = "Minutes"
	Hours      = "Hours"
)
