// Package focus speaks FOCUS, the FinOps Open Cost and Usage Specification. It writes what customers are charged and what account
// holders pay as rows of version 1.3, checks such files, reads a provider's export of versions 1.0 to 1.4 by the names of its
// columns, and holds it against what the journal knows of the same calls.
//
// It owns rows, columns, their rules and the classes of differences. It opens no file and reads no clock; what is done with a
// difference is decided elsewhere. docs/focus.md explains it for people.
package focus

import (
	"fmt"
	"strings"
)

// An Error says what is wrong with a file, where, and what to do.
type Error struct {
	File   string
	Line   int    // 0 = the file as a whole
	Column string // by name; "" = the row as a whole
	Value  string
	What   string
	Remedy string
}

// Error says it in one line, and the remedy in a second one.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Column != "" {
		fmt.Fprintf(&b, "%s %q: ", e.Column, clip(e.Value))
	}
	b.WriteString(e.What)
	if e.Remedy != "" {
		b.WriteString("\n  " + e.Remedy)
	}
	return b.String()
}

// clip keeps errors readable whatever a field holds.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
