package report

import (
	"bufio"
	"io"
	"strings"
)

// Align says on which side a column's cells stand.
type Align uint8

// The alignments.
const (
	Left  Align = iota // words; may wrap
	Right              // figures; never wrap
)

// A Column is one column of a table.
type Column struct {
	Title string
	Align Align
}

// A Table is a plain text table: words to the left, figures to the right, two spaces between columns. The zero value has
// no columns; it is not safe for concurrent use. A table that is wider than it may be wraps the titles of its figures, then the
// words of its widest left-aligned columns, between words and parts of names as far as that goes; figures always stay whole.
type Table struct {
	Columns []Column
	Indent  int // columns before each line
	Width   int // at most so many columns; 0 = Width
	rows    []row
}

type row struct {
	cells []string
	rule  bool
	span  bool // its only cell goes across all columns
}

const (
	gap       = 2  // columns between two columns
	narrowest = 8  // a wrapped column keeps at least so many
	piece     = 24 // and as many as its widest part of a name has, up to so many
)

// NewTable returns a table; a title that begins with ">" makes its column right-aligned.
func NewTable(titles ...string) *Table {
	t := &Table{}
	for _, title := range titles {
		figures, right := strings.CutPrefix(title, ">")
		if right {
			t.Columns = append(t.Columns, Column{figures, Right})
		} else {
			t.Columns = append(t.Columns, Column{title, Left})
		}
	}
	return t
}

// Row appends a row; missing cells are empty, surplus ones are dropped.
func (t *Table) Row(cells ...string) {
	own := make([]string, len(t.Columns))
	for i := range min(len(cells), len(own)) {
		own[i] = Clean(cells[i])
	}
	t.rows = append(t.rows, row{cells: own})
}

// Rule appends a line across the table, as above a total.
func (t *Table) Rule() { t.rows = append(t.rows, row{rule: true}) }

// Span appends a line that goes across all columns, above the rows that it is about.
func (t *Table) Span(text string) {
	t.rows = append(t.rows, row{cells: []string{Clean(text)}, span: true})
}

// Len returns the number of rows, without rules.
func (t *Table) Len() int {
	n := 0
	for _, r := range t.rows {
		if !r.rule {
			n++
		}
	}
	return n
}

// Write writes the table with its titles, if it has any.
func (t *Table) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	widths := t.widths()
	titles := make([]string, len(t.Columns))
	titled := false
	for i, c := range t.Columns {
		titles[i] = Clean(c.Title)
		titled = titled || c.Title != ""
	}
	if titled {
		t.line(out, titles, widths)
		t.rule(out, widths)
	}
	for _, r := range t.rows {
		switch {
		case r.rule:
			t.rule(out, widths)
		case r.span:
			paragraph(out, strings.Repeat(" ", t.Indent), r.cells[0])
		default:
			t.line(out, r.cells, widths)
		}
	}
	return out.Flush()
}

// widths fits the columns: as wide as their widest cell, less what has to be wrapped.
func (t *Table) widths() []int {
	widths, least := make([]int, len(t.Columns)), make([]int, len(t.Columns))
	total := t.Indent - gap
	for i, c := range t.Columns {
		widths[i] = Columns(Clean(c.Title))
		least[i] = max(narrowest, min(piece, widestPiece(c.Title)))
		if c.Align == Right {
			least[i] = widestPiece(c.Title)
		}
		for _, r := range t.rows {
			if r.rule || r.span {
				continue
			}
			widths[i] = max(widths[i], Columns(r.cells[i]))
			if c.Align == Right {
				least[i] = max(least[i], Columns(r.cells[i]))
			} else {
				least[i] = max(least[i], min(piece, indentOf(r.cells[i])+widestPiece(r.cells[i])))
			}
		}
		total += widths[i] + gap
	}
	limit := t.Width
	if limit == 0 {
		limit = Width
	}
	shrink := func(may func(i int) bool) {
		for ; total > limit; total-- {
			widest := -1
			for i := range t.Columns {
				if may(i) && (widest < 0 || widths[i] > widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				return // nothing left to wrap
			}
			widths[widest]--
		}
	}
	shrink(func(i int) bool { return t.Columns[i].Align == Right && widths[i] > least[i] }) // titles of figures
	shrink(func(i int) bool { return t.Columns[i].Align == Left && widths[i] > least[i] })
	shrink(func(i int) bool { return t.Columns[i].Align == Left && widths[i] > narrowest })
	return widths
}

func indentOf(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

func (t *Table) rule(out *bufio.Writer, widths []int) {
	dashes := make([]string, len(widths))
	for i, w := range widths {
		dashes[i] = strings.Repeat("-", w)
	}
	t.print(out, dashes, widths)
}

// line prints one row, wrapped where it has to be.
func (t *Table) line(out *bufio.Writer, cells []string, widths []int) {
	wrapped := make([][]string, len(cells))
	height := 1
	for i, cell := range cells {
		if Columns(cell) > widths[i] {
			indent := min(indentOf(cell), widths[i]/2)
			for _, part := range Wrap(cell, widths[i]-indent) {
				wrapped[i] = append(wrapped[i], strings.Repeat(" ", indent)+part)
			}
		} else {
			wrapped[i] = []string{cell}
		}
		height = max(height, len(wrapped[i]))
	}
	for y := range height {
		parts := make([]string, len(cells))
		for i := range cells {
			if y < len(wrapped[i]) {
				parts[i] = wrapped[i][y]
			}
		}
		t.print(out, parts, widths)
	}
}

// print pads the parts of one line; no line ends in spaces.
func (t *Table) print(out *bufio.Writer, parts []string, widths []int) {
	line := []string{strings.Repeat(" ", t.Indent)}
	for i, part := range parts {
		if i > 0 {
			line = append(line, strings.Repeat(" ", gap))
		}
		space := strings.Repeat(" ", max(widths[i]-Columns(part), 0))
		if t.Columns[i].Align == Right {
			line = append(line, space, part)
		} else {
			line = append(line, part, space)
		}
	}
	out.WriteString(strings.TrimRight(strings.Join(line, ""), " "))
	out.WriteByte('\n') // bufio keeps the first error for Flush
}
