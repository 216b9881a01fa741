package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"concord/agreement"
)

// A Note is one footnote.
type Note struct {
	Number     int                  `json:"number"`
	Provenance agreement.Provenance `json:"provenance"`
	Text       string               `json:"text"`
}

// Footnotes collects what a reader must know about terms that are not public. Numbers are given in the order of first
// use; the same note has one number. The zero value is ready; it is not safe for concurrent use.
type Footnotes struct {
	notes []Note
}

// Mark returns the mark to stand behind a figure, such as "[1]": nothing for a public term.
func (f *Footnotes) Mark(p agreement.Provenance, text string) string {
	if p == agreement.Public {
		return ""
	}
	if p == "" {
		p = agreement.Assumed // what nobody vouches for is assumed
	}
	if text == "" {
		text = "no source is given"
	}
	for _, n := range f.notes {
		if n.Provenance == p && n.Text == text {
			return mark(n.Number)
		}
	}
	n := Note{Number: len(f.notes) + 1, Provenance: p, Text: text}
	f.notes = append(f.notes, n)
	return mark(n.Number)
}

// Notes returns the notes in order, for JSON.
func (f *Footnotes) Notes() []Note { return append([]Note{}, f.notes...) }

// Write writes the notes, wrapped to width columns (0 = Width).
func (f *Footnotes) Write(w io.Writer, width int) error {
	if width == 0 {
		width = Width
	}
	out := bufio.NewWriter(w)
	for _, n := range f.notes {
		head := fmt.Sprintf("%*s ", len(mark(len(f.notes))), mark(n.Number))
		for i, line := range Wrap(fmt.Sprintf("%s: %s", n.Provenance, n.Text), width-len(head)) {
			if i > 0 {
				head = strings.Repeat(" ", len(head))
			}
			fmt.Fprintf(out, "%s%s\n", head, line)
		}
	}
	return out.Flush()
}

func mark(n int) string { return fmt.Sprintf("[%d]", n) }
