package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// A Page is a report in sections that can be written as text, Markdown and HTML.
type Page struct {
	Title    string
	Lines    []string // paragraphs under the title
	Sections []Section
}

// A Section is a part of a page: paragraphs, then a grid where there is one.
type Section struct {
	Title string
	Lines []string
	Grid  *Grid
}

// A Grid is a table whose cells may have several lines. A column whose title begins with ">" holds figures.
type Grid struct {
	Columns []string
	Rows    [][]Lines
	// Blocks writes each row of a text as a block under its first cell, for cells that are too long for columns.
	Blocks bool
}

// Lines are the lines of one cell.
type Lines []string

// Row appends a row.
func (g *Grid) Row(cells ...Lines) { g.Rows = append(g.Rows, cells) }

// Line is a cell of one line.
func Line(s string) Lines { return Lines{s} }

// WriteText writes the page for a terminal.
func (p *Page) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	paragraph(out, "", p.Title)
	for _, line := range p.Lines {
		paragraph(out, "", line)
	}
	for i := range p.Sections {
		s := &p.Sections[i]
		fmt.Fprintf(out, "\n%s\n", Clean(s.Title))
		for _, line := range s.Lines {
			paragraph(out, "  ", line)
		}
		if s.Grid == nil || len(s.Grid.Rows) == 0 {
			continue
		}
		if s.Grid.Blocks {
			s.Grid.blocks(out)
			continue
		}
		t := NewTable(s.Grid.Columns...)
		t.Indent = 2
		for _, row := range s.Grid.Rows {
			cells := make([]string, len(row))
			for i := range row {
				cells[i] = strings.Join(row[i], "; ")
			}
			t.Row(cells...)
		}
		if err := t.Write(out); err != nil {
			return err
		}
	}
	return out.Flush()
}

func paragraph(out *bufio.Writer, indent, text string) {
	for _, line := range Wrap(text, Width-len(indent)) {
		out.WriteString(indent + line + "\n") // bufio keeps the first error for Flush
	}
}

func (g *Grid) blocks(out *bufio.Writer) {
	label := 0
	for _, c := range g.Columns[1:] {
		label = max(label, Columns(c))
	}
	for _, row := range g.Rows {
		out.WriteString("\n")
		paragraph(out, "  ", strings.Join(row[0], " "))
		for i, cell := range row[1:] {
			name := strings.ToLower(strings.TrimPrefix(g.Columns[i+1], ">"))
			for _, text := range cell {
				for _, line := range Wrap(text, Width-6-label) {
					fmt.Fprintf(out, "    %-*s  %s\n", label, name, line)
					name = ""
				}
			}
		}
	}
}

// WriteMarkdown writes the page as Markdown with tables.
func (p *Page) WriteMarkdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "# %s\n", markdown(p.Title))
	for _, line := range p.Lines {
		fmt.Fprintf(out, "\n%s\n", markdown(line))
	}
	for i := range p.Sections {
		s := &p.Sections[i]
		fmt.Fprintf(out, "\n## %s\n", markdown(s.Title))
		for _, line := range s.Lines {
			fmt.Fprintf(out, "\n%s\n", markdown(line))
		}
		if s.Grid == nil || len(s.Grid.Rows) == 0 {
			continue
		}
		out.WriteString("\n|")
		under := "|"
		for _, c := range s.Grid.Columns {
			name, figures := strings.CutPrefix(c, ">")
			fmt.Fprintf(out, " %s |", markdown(name))
			if figures {
				under += "---:|"
			} else {
				under += "---|"
			}
		}
		out.WriteString("\n" + under + "\n")
		for _, row := range s.Grid.Rows {
			out.WriteString("|")
			for _, cell := range row {
				lines := make([]string, len(cell))
				for i := range cell {
					lines[i] = markdown(cell[i])
				}
				fmt.Fprintf(out, " %s |", strings.Join(lines, "<br>"))
			}
			out.WriteString("\n")
		}
	}
	return out.Flush()
}

// markdown keeps text from being read as markup.
func markdown(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "`", "\\`", "[", "\\[", "]", "\\]").Replace(Clean(s))
}

// JoinPages makes one page of several, each with its title as a section of its own; one page stays as it is.
func JoinPages(title string, pages []*Page) *Page {
	if len(pages) == 1 {
		return pages[0]
	}
	joined := &Page{Title: title}
	for _, p := range pages {
		joined.Sections = append(joined.Sections, Section{Title: p.Title, Lines: p.Lines})
		joined.Sections = append(joined.Sections, p.Sections...)
	}
	return joined
}
