package clouds

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions here walk JSON without decoding it. Each takes the position of a value and returns the position after it,
// or ^p (negative) when the text is wrong at p. They accept what encoding/json accepts, down to maxDepth levels.

// maxDepth bounds nesting; chat requests with tool schemas stay far below it.
const maxDepth = 512

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// special marks (with its high bit) the lowest byte of w that ends a plain run in a string: a quote, a backslash or a
// control character. Bytes above the lowest mark may be marked wrongly.
func special(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((w-ones*0x20)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs
}

// skipString walks a string whose opening quote stands at i.
func skipString(b []byte, i int) int {
	i++
	for {
		for i+8 <= len(b) {
			if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= 0x20 {
			i++
		}
		if i >= len(b) || b[i] < 0x20 {
			return ^i
		}
		if b[i] == '"' {
			return i + 1
		}
		if i = skipEscape(b, i); i < 0 {
			return i
		}
	}
}

func skipEscape(b []byte, i int) int {
	if i+1 >= len(b) {
		return ^len(b)
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(b) || hexDigit(b[k]) < 0 {
				return ^min(k, len(b))
			}
		}
		return i + 6
	}
	return ^(i + 1)
}

func hexDigit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

func skipNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && '1' <= b[i] && b[i] <= '9':
		i = skipDigits(b, i)
	default:
		return ^i
	}
	if i < len(b) && b[i] == '.' {
		end := skipDigits(b, i+1)
		if end == i+1 {
			return ^end
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := skipDigits(b, i)
		if end == i {
			return ^end
		}
		i = end
	}
	return i
}

func skipWord(b []byte, i int, word string) int {
	for k := range len(word) {
		if i+k >= len(b) || b[i+k] != word[k] {
			return ^min(i+k, len(b))
		}
	}
	return i + len(word)
}

// skipScalar walks a string, number, true, false or null.
func skipScalar(b []byte, i int) int {
	if i >= len(b) {
		return ^len(b)
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case 't':
		return skipWord(b, i, "true")
	case 'f':
		return skipWord(b, i, "false")
	case 'n':
		return skipWord(b, i, "null")
	}
	return skipNumber(b, i)
}

// skipValue walks any value. It keeps its own stack of one bit a level, so that no input makes it recurse.
func skipValue(b []byte, i int) int {
	if i >= len(b) || b[i] != '{' && b[i] != '[' {
		return skipScalar(b, i)
	}
	var objects [maxDepth / 64]uint64
	depth := 0
	for {
		// A container or a scalar begins at i.
		if i < len(b) && (b[i] == '{' || b[i] == '[') {
			if depth == maxDepth {
				return ^i
			}
			object := b[i] == '{'
			word, bit := depth/64, uint64(1)<<(depth%64)
			depth++
			if objects[word] &^= bit; object {
				objects[word] |= bit
			}
			i = skipSpace(b, i+1)
			if i >= len(b) || b[i] != ']' && b[i] != '}' {
				if object {
					if i = skipKey(b, i); i < 0 {
						return i
					}
				}
				continue
			}
		} else if i = skipScalar(b, i); i < 0 {
			return i
		}
		// A value ended, or a container that is empty: close what closes, then go on after a comma.
		for {
			i = skipSpace(b, i)
			if i >= len(b) {
				return ^len(b)
			}
			object := objects[(depth-1)/64]>>((depth-1)%64)&1 == 1
			if b[i] == ',' {
				i = skipSpace(b, i+1)
				if object {
					if i = skipKey(b, i); i < 0 {
						return i
					}
				}
				break
			}
			if object && b[i] != '}' || !object && b[i] != ']' {
				return ^i
			}
			i++
			if depth--; depth == 0 {
				return i
			}
		}
	}
}

// skipKey walks a member's key and colon and returns where its value begins.
func skipKey(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return ^min(i, len(b))
	}
	if i = skipString(b, i); i < 0 {
		return i
	}
	i = skipSpace(b, i)
	if i >= len(b) || b[i] != ':' {
		return ^min(i, len(b))
	}
	return skipSpace(b, i+1)
}

// A member is one member of an object. Its key has no quotes, and its escapes are in place.
type member struct {
	key   []byte
	keyAt [2]int // quotes included
	at    [2]int // the value
}

// object iterates over the members of the object that begins at i. Use: for o.next() { o.m ... }; then o.i is the position
// after it, negative if the text is wrong.
type object struct {
	b     []byte
	i     int
	m     member
	begun bool
}

// next goes to the next member and walks its value.
func (o *object) next() bool { return o.key() && o.skip() }

// key goes to the next member and stops before its value, which the caller must walk, with skip or by itself: then it sets
// o.i to the position after the value.
func (o *object) key() bool {
	if o.i < 0 || !opened(o.b, &o.i, &o.begun, '{') {
		return false
	}
	start := o.i
	if start >= len(o.b) || o.b[start] != '"' {
		o.i = ^min(start, len(o.b))
		return false
	}
	end := skipString(o.b, start)
	if end < 0 {
		o.i = end
		return false
	}
	i := skipSpace(o.b, end)
	if i >= len(o.b) || o.b[i] != ':' {
		o.i = ^min(i, len(o.b))
		return false
	}
	o.i = skipSpace(o.b, i+1)
	o.m = member{key: o.b[start+1 : end-1], keyAt: [2]int{start, end}, at: [2]int{o.i, o.i}}
	return true
}

// skip walks the value of the member that key went to.
func (o *object) skip() bool {
	o.i = skipValue(o.b, o.i)
	o.m.at[1] = o.i
	return o.i >= 0
}

// value is what skip walked.
func (o *object) value() []byte { return o.b[o.m.at[0]:o.m.at[1]] }

// array iterates over the elements of the array that begins at i, as object does over members.
type array struct {
	b     []byte
	i     int
	at    [2]int
	begun bool
}

// next goes to the next element and walks it.
func (a *array) next() bool {
	if !a.element() {
		return false
	}
	a.at[0] = a.i
	a.i = skipValue(a.b, a.i)
	a.at[1] = a.i
	return a.i >= 0
}

// element goes to the next element and stops before it; the caller walks it and sets a.i to the position after it.
func (a *array) element() bool { return a.i >= 0 && opened(a.b, &a.i, &a.begun, '[') }

// opened walks what stands before a member or an element: the opening bracket or a comma. It is false at the closing
// bracket, which it walks, and where the text is wrong.
func opened(b []byte, i *int, begun *bool, bracket byte) bool {
	at := *i
	closing := bracket + 2 // '[' and ']', '{' and '}' are two apart
	if *begun {
		at = skipSpace(b, at)
		bracket = ','
	}
	if at < len(b) && *begun && b[at] == closing {
		*i = at + 1
		return false
	}
	if at >= len(b) || b[at] != bracket {
		*i = ^min(at, len(b))
		return false
	}
	at = skipSpace(b, at+1)
	if !*begun && at < len(b) && b[at] == closing {
		*i = at + 1
		return false
	}
	*i, *begun = at, true
	return true
}

// appendUnquoted appends what a valid string (without its quotes) stands for.
func appendUnquoted(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			dst = append(dst, s[i])
			i++
			continue
		}
		if s[i+1] != 'u' {
			dst = append(dst, unescaped(s[i+1]))
			i += 2
			continue
		}
		r := hex4(s[i+2:])
		i += 6
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
				low = hex4(s[i+2:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 6
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

func hex4(s []byte) rune {
	return hexDigit(s[0])<<12 | hexDigit(s[1])<<8 | hexDigit(s[2])<<4 | hexDigit(s[3])
}

// appendQuoted appends s as a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// integer reads a plain whole number of at most 15 digits.
func integer(s []byte) (int64, bool) {
	negative := len(s) > 0 && s[0] == '-'
	if negative {
		s = s[1:]
	}
	if len(s) == 0 || len(s) > 15 {
		return 0, false
	}
	var n int64
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}
