package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Progress shows how far long work has come: one line on a terminal that is drawn over, nothing at all elsewhere. It is
// safe for concurrent use.
type Progress struct {
	w       io.Writer // nil = silent
	label   string
	total   int64
	started time.Time

	mu    sync.Mutex
	drawn time.Time
	width int // columns of the line that stands there
	ended bool
}

// redraw is the shortest time between two drawings.
const redraw = 100 * time.Millisecond

// NewProgress returns the progress of total steps. Give it os.Stderr: it stays silent unless w is a terminal.
func NewProgress(w io.Writer, label string, total int64) *Progress {
	if !Terminal(w) {
		w = nil
	}
	return newProgress(w, label, total)
}

// AlwaysProgress is NewProgress for a writer that is known to be a terminal.
func AlwaysProgress(w io.Writer, label string, total int64) *Progress {
	return newProgress(w, label, total)
}

func newProgress(w io.Writer, label string, total int64) *Progress {
	return &Progress{w: w, label: Clean(label), total: total, started: time.Now()}
}

// Terminal reports whether w is a terminal.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Set says that done steps are done; note stands behind the figures.
func (p *Progress) Set(done int64, note string) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.ended || now.Sub(p.drawn) < redraw {
		return
	}
	p.drawn = now
	p.draw(p.line(done, note, now))
}

// Done removes the line, so that what follows begins on an empty one. Later calls of Set draw nothing.
func (p *Progress) Done() {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	if p.width > 0 {
		p.draw("")
	}
}

// line writes "replay  [#####-----]  50 %  9,683 of 19,366  28.1 s  note".
func (p *Progress) line(done int64, note string, now time.Time) string {
	const bar = 24
	full := 0
	if p.total > 0 {
		full = int(min(max(done, 0), p.total) * bar / p.total) // no work has 2^58 steps
	}
	line := fmt.Sprintf("%s  [%s%s]  %s  %s of %s  %s", p.label, strings.Repeat("#", full), strings.Repeat("-", bar-full),
		Percent(done, p.total, 0), Count(done), Count(p.total), Duration(now.Sub(p.started)))
	if note != "" {
		line += "  " + note
	}
	return truncate(Clean(line), Width-1) // a line that the terminal breaks could not be drawn over
}

// draw replaces the line; a terminal that is gone is not worth an error.
func (p *Progress) draw(line string) {
	width := Columns(line)
	fmt.Fprintf(p.w, "\r%s%s\r%s", line, strings.Repeat(" ", max(p.width-width, 0)), line)
	p.width = width
}
