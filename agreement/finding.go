package agreement

import (
	"fmt"
	"strings"
)

// Severity ranks findings.
type Severity string

// The severities. Errors keep terms from coming into force.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// A Finding is something that Lint or a loader has to say about an agreement.
type Finding struct {
	Rule     string // stable id, such as "exclusivity-contradiction"
	Severity Severity
	Pos      Pos
	Message  string // what is wrong, with the value
	Remedy   string // what to write instead
	Related  []Ref  // the clauses concerned
	Excerpt  string // the source line with a caret, where the loader has it
}

// String returns the finding as people read it: place, severity, rule, message, the source line where there is one, and
// what to write instead.
func (f Finding) String() string {
	var b strings.Builder
	if at := f.Pos.String(); at != "" {
		b.WriteString(at + ": ")
	}
	fmt.Fprintf(&b, "%s: %s [%s]", f.Severity, f.Message, f.Rule)
	if f.Excerpt != "" {
		b.WriteString("\n" + f.Excerpt)
	}
	if f.Remedy != "" {
		b.WriteString("\n    " + f.Remedy)
	}
	return b.String()
}

// String returns file:line:column as far as it is known.
func (p Pos) String() string {
	switch {
	case p.Line > 0 && p.File != "":
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	case p.Line > 0:
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	return p.File
}
