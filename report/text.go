package report

import (
	"strings"
	"unicode"
)

// Clean makes text safe for a terminal: control and invisible format characters become spaces, so that no id or message
// can move the cursor, change colours or reverse what follows.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != joiner && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
}

// joiner is the zero-width joiner, which emoji and some scripts need.
const joiner = '\u200d'

// Columns returns how many terminal columns s takes.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += columns(r)
	}
	return n
}

// columns follows Unicode's East Asian Width as terminals implement it: wide and fullwidth take two columns, marks none.
func columns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me) || r == joiner:
		return 0
	}
	for _, w := range wide {
		if r >= w[0] && r <= w[1] {
			return 2
		}
	}
	return 1
}

// wide lists the blocks whose characters take two columns (Unicode 16, EastAsianWidth W and F, joined where only
// unassigned code points lie between).
var wide = [...][2]rune{
	{0x1100, 0x115f}, {0x231a, 0x231b}, {0x23e9, 0x23ec}, {0x2614, 0x2615}, {0x26a1, 0x26a1}, {0x2705, 0x2705},
	{0x274c, 0x274c}, {0x2753, 0x2755}, {0x2795, 0x2797}, {0x2b50, 0x2b50}, {0x2e80, 0x303e}, {0x3041, 0x33ff},
	{0x3400, 0x4dbf}, {0x4e00, 0xa4cf}, {0xa960, 0xa97f}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f},
	{0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x16fe0, 0x18cff}, {0x1aff0, 0x1b2ff}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
	{0x1f7e0, 0x1f7eb}, {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
}

// Wrap cuts text into lines of at most width columns, at spaces where it can, else after a hyphen, slash or colon, else
// anywhere. It returns at least one line.
func Wrap(s string, width int) []string {
	width = max(width, 2) // a wide character has to fit
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(Clean(s)) {
		size := Columns(word)
		switch {
		case line != "" && used+1+size <= width:
			line, used = line+" "+word, used+1+size
			continue
		case line != "":
			lines = append(lines, line)
		}
		for size > width {
			head, tail := breakWord(word, width)
			lines = append(lines, head)
			word, size = tail, Columns(tail)
		}
		line, used = word, size
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// breakWord cuts a word that is wider than width.
func breakWord(word string, width int) (head, tail string) {
	used, cut := 0, 0
	for i, r := range word {
		if used += columns(r); used > width {
			if cut == 0 {
				cut = i
			}
			break
		}
		if breaks(word, i) {
			cut = i + 1
		}
	}
	return word[:cut], word[cut:]
}

// breaks reports whether a word may be cut after the byte at i: after a hyphen, slash or colon, but not inside a date or a time.
func breaks(word string, i int) bool {
	if c := word[i]; c != '-' && c != '/' && c != ':' {
		return false
	}
	digit := func(i int) bool { return i >= 0 && i < len(word) && word[i] >= '0' && word[i] <= '9' }
	return !digit(i-1) || !digit(i+1)
}

// widestPiece returns how many columns the widest part of a text takes that Wrap cuts only when it must.
func widestPiece(s string) (widest int) {
	for _, word := range strings.Fields(s) {
		from := 0
		for i := range word {
			if breaks(word, i) {
				widest, from = max(widest, Columns(word[from:i+1])), i+1
			}
		}
		widest = max(widest, Columns(word[from:]))
	}
	return widest
}

// truncate keeps the first width columns of s.
func truncate(s string, width int) string {
	used := 0
	for i, r := range s {
		if used += columns(r); used > width {
			return s[:i]
		}
	}
	return s
}
