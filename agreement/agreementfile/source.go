package agreementfile

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"concord/agreement"
)

// maxExcerpt is how much of a long line an excerpt shows, in characters.
const maxExcerpt = 160

// A Source is a document whose lines findings quote.
type Source struct {
	name  string
	lines []string
}

func newSource(name string, doc []byte) *Source {
	return &Source{name: name, lines: strings.Split(string(doc), "\n")}
}

// Annotate adds the source line and a caret to findings of agreement.Set.Lint; docs holds the documents by the name that
// Parse was given.
func Annotate(findings []agreement.Finding, docs map[string][]byte) {
	sources := map[string]*Source{}
	for i := range findings {
		f := &findings[i]
		doc, ok := docs[f.Pos.File]
		if f.Excerpt != "" || !ok {
			continue
		}
		if sources[f.Pos.File] == nil {
			sources[f.Pos.File] = newSource(f.Pos.File, doc)
		}
		f.Excerpt = sources[f.Pos.File].excerpt(f.Pos)
	}
}

// excerpt returns the line of a position and a caret under its column.
func (s *Source) excerpt(p agreement.Pos) string {
	if p.Line < 1 || p.Line > len(s.lines) {
		return ""
	}
	line := strings.TrimRight(s.lines[p.Line-1], "\r")
	if !utf8.ValidString(line) {
		line = strings.ToValidUTF8(line, "\uFFFD")
	}
	runes := []rune(line)
	column := min(max(p.Column, 1), len(runes)+1) - 1
	if from := column - maxExcerpt/2; from > 0 && len(runes) > maxExcerpt {
		runes, column = runes[from:], column-from
	}
	runes = runes[:min(len(runes), maxExcerpt)]
	pad := make([]rune, column)
	for i := range pad {
		pad[i] = ' '
		if i < len(runes) && runes[i] == '\t' {
			pad[i] = '\t'
		}
	}
	return fmt.Sprintf("%5d | %s\n      | %s^", p.Line, string(runes), string(pad))
}
