package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// Sizes on paper, in millimetres and points.
const (
	margin     = 15.0
	bodySize   = 8.0
	bodyHeight = 4.0
	cellPad    = 1.5 // to the left and right of a cell's text
	narrowCell = 24.0
	figureGap  = 2.0 // between figures, which end at the right of their column, and a text that begins at the left of the next
)

// WritePDF writes the page as a PDF, A4. made is the only instant in it: the same page gives the same bytes.
func (p *Page) WritePDF(w io.Writer, made time.Time) error {
	doc := fpdf.New("P", "mm", "A4", "")
	doc.SetCatalogSort(true)
	doc.SetCreationDate(made.UTC())
	doc.SetModificationDate(made.UTC())
	doc.SetTitle(printable(p.Title), true)
	doc.SetLang("en")
	doc.AddUTF8FontFromBytes("go", "", goregular.TTF)
	doc.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	doc.SetMargins(margin, margin, margin)
	doc.SetAutoPageBreak(true, margin+bodyHeight)
	doc.AliasNbPages("{pages}")
	pdf := paper{doc: doc, title: printable(p.Title)}
	doc.SetFooterFunc(pdf.footer)
	doc.AddPage()
	pdf.page(p)
	if err := doc.Output(w); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

// paper draws a page.
type paper struct {
	doc   *fpdf.Fpdf
	title string
}

func (d *paper) footer() {
	d.doc.SetY(-margin)
	d.doc.SetFont("go", "", bodySize-1)
	d.doc.SetTextColor(110, 110, 110)
	width := d.width()
	d.doc.CellFormat(width*0.8, bodyHeight, d.title, "", 0, "L", false, 0, "")
	d.doc.CellFormat(width*0.2, bodyHeight, fmt.Sprintf("page %d of {pages}", d.doc.PageNo()), "", 0, "R", false, 0, "")
	d.doc.SetTextColor(0, 0, 0)
}

// width is what a line has.
func (d *paper) width() float64 {
	page, _ := d.doc.GetPageSize()
	return page - 2*margin
}

func (d *paper) page(p *Page) {
	d.doc.SetFont("go", "B", 13)
	for _, line := range d.wrap(d.title, d.width()) {
		d.doc.CellFormat(0, 6, line, "", 1, "L", false, 0, "")
	}
	d.doc.Ln(1)
	d.lines(p.Lines)
	for i := range p.Sections {
		s := &p.Sections[i]
		d.doc.Ln(3)
		d.room(6 + 3*bodyHeight) // no heading alone at the foot of a page
		d.doc.SetFont("go", "B", 9.5)
		for _, line := range d.wrap(printable(s.Title), d.width()) {
			d.doc.CellFormat(0, 5.5, line, "", 1, "L", false, 0, "")
		}
		d.lines(s.Lines)
		if s.Grid != nil && len(s.Grid.Rows) > 0 {
			d.grid(s.Grid)
		}
	}
}

func (d *paper) lines(lines []string) {
	d.doc.SetFont("go", "", bodySize)
	for _, line := range lines {
		for _, part := range d.wrap(printable(line), d.width()) {
			d.doc.CellFormat(0, bodyHeight, part, "", 1, "L", false, 0, "")
		}
	}
}

// room begins a new page if less than that is left on this one.
func (d *paper) room(height float64) {
	_, page := d.doc.GetPageSize()
	if d.doc.GetY()+height > page-margin-bodyHeight {
		d.doc.AddPage()
	}
}

func (d *paper) grid(g *Grid) {
	d.doc.Ln(1)
	widths := d.widths(g)
	d.head(g, widths)
	for _, row := range g.Rows {
		cells := make([][]string, len(widths))
		height := 1
		for i := range min(len(row), len(widths)) {
			for _, line := range row[i] {
				text := strings.TrimLeft(line, " ")
				indent := strings.Repeat(" ", len(line)-len(text))
				for _, part := range d.wrap(printable(text), widths[i]-2*cellPad-gapOf(g, i)) {
					cells[i] = append(cells[i], indent+part)
				}
			}
			height = max(height, len(cells[i]))
		}
		_, page := d.doc.GetPageSize()
		if d.doc.GetY()+float64(height)*bodyHeight > page-margin-bodyHeight {
			d.doc.AddPage()
			d.head(g, widths)
		}
		d.row(g, widths, cells, height)
	}
}

func (d *paper) head(g *Grid, widths []float64) {
	d.doc.SetFont("go", "B", bodySize)
	d.doc.SetFillColor(238, 241, 244)
	d.doc.SetX(margin)
	for i, column := range g.Columns {
		name, figures := strings.CutPrefix(column, ">")
		d.gap(g, i, "B", true)
		d.cell(widths[i]-gapOf(g, i), printable(name), figures, "B", true)
	}
	d.doc.Ln(bodyHeight)
	d.doc.SetFont("go", "", bodySize)
}

// row draws the lines of a row's cells; the last one has a rule under it.
func (d *paper) row(g *Grid, widths []float64, cells [][]string, height int) {
	d.doc.SetDrawColor(205, 210, 215)
	for y := range height {
		border := ""
		if y == height-1 {
			border = "B"
		}
		d.doc.SetX(margin)
		for i := range widths {
			text := ""
			if y < len(cells[i]) {
				text = cells[i][y]
			}
			d.gap(g, i, border, false)
			d.cell(widths[i]-gapOf(g, i), text, strings.HasPrefix(g.Columns[i], ">"), border, false)
		}
		d.doc.Ln(bodyHeight)
	}
	d.doc.SetDrawColor(0, 0, 0)
}

// gapOf is what stands before the text of a column: where figures stand to its left, more than between others.
func gapOf(g *Grid, column int) float64 {
	if column > 0 && strings.HasPrefix(g.Columns[column-1], ">") && !strings.HasPrefix(g.Columns[column], ">") {
		return figureGap
	}
	return 0
}

func (d *paper) gap(g *Grid, column int, border string, fill bool) {
	if gap := gapOf(g, column); gap > 0 {
		d.cell(gap, "", false, border, fill)
	}
}

func (d *paper) cell(width float64, text string, figures bool, border string, fill bool) {
	side := "L"
	if figures {
		side = "R"
	}
	d.doc.CellFormat(width, bodyHeight, text, border, 0, side, fill, 0, "")
}

// widths fits the columns: as wide as their widest cell, less what has to be wrapped. Figures stay whole.
func (d *paper) widths(g *Grid) []float64 {
	d.doc.SetFont("go", "B", bodySize)
	widths := make([]float64, len(g.Columns))
	total := 0.0
	for i, column := range g.Columns {
		widths[i] = d.doc.GetStringWidth(printable(strings.TrimPrefix(column, ">")))
		for _, row := range g.Rows {
			if i >= len(row) {
				continue
			}
			for _, line := range row[i] {
				widths[i] = max(widths[i], d.doc.GetStringWidth(printable(line)))
			}
		}
		widths[i] += 2*cellPad + 1 + gapOf(g, i)
		total += widths[i]
	}
	for total > d.width() {
		widest := -1
		for i, column := range g.Columns {
			if !strings.HasPrefix(column, ">") && widths[i] > narrowCell && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break // nothing left to wrap
		}
		widths[widest]--
		total--
	}
	return widths
}

// wrap breaks a text into lines of a width: between words, and inside a word that is wider than a line.
func (d *paper) wrap(text string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(text, " ") {
		longer := word
		if line != "" {
			longer = line + " " + word
		}
		if d.doc.GetStringWidth(longer) <= width {
			line = longer
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for d.doc.GetStringWidth(word) > width {
			n := d.fitting(word, width)
			lines = append(lines, word[:n])
			word = word[n:]
		}
		line = word
	}
	return append(lines, line)
}

// fitting returns how many bytes of a word fit a width: up to a hyphen, slash or colon where one fits, so that names of clauses
// and numbers of statements stay readable; one character at least.
func (d *paper) fitting(word string, width float64) int {
	n, joint := 0, 0
	for i, r := range word {
		end := i + len(string(r))
		if n > 0 && d.doc.GetStringWidth(word[:end]) > width {
			break
		}
		n = end
		if r == '-' || r == '/' || r == ':' {
			joint = end
		}
	}
	if joint > 0 && n < len(word) {
		return joint
	}
	return n
}

// printable leaves out what the fonts cannot show: control characters, and what lies outside of the basic plane.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, Clean(text))
}
