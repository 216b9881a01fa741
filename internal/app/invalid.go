package app

import (
	"fmt"
	"strings"

	"concord/agreement"
)

// Invalid says that something the user wrote cannot be used. It holds every finding, errors and warnings alike.
type Invalid struct {
	What     string // "configuration", "agreement"
	Findings []agreement.Finding
}

// Error lists the errors among the findings, each with its place and remedy.
func (e *Invalid) Error() string {
	var b strings.Builder
	for _, f := range e.Findings {
		if f.Severity != agreement.Error {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(FindingText(f))
	}
	return b.String()
}

// FindingText renders a finding: place, message, excerpt, remedy.
func FindingText(f agreement.Finding) string {
	var b strings.Builder
	if place := PlaceText(f.Pos); place != "" {
		b.WriteString(place + ": ")
	}
	if f.Severity == agreement.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(f.Message)
	if f.Rule != "" {
		fmt.Fprintf(&b, " [%s]", f.Rule)
	}
	for line := range strings.Lines(f.Excerpt) {
		b.WriteString("\n    " + strings.TrimRight(line, "\n"))
	}
	if f.Remedy != "" {
		b.WriteString("\n  " + f.Remedy)
	}
	return b.String()
}

// PlaceText renders a place as file:line:column, as far as it is known.
func PlaceText(p agreement.Pos) string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// HasErrors reports whether any finding is an error.
func HasErrors(findings []agreement.Finding) bool {
	for _, f := range findings {
		if f.Severity == agreement.Error {
			return true
		}
	}
	return false
}

// Unreadable returns an error if some file among findings could not be read as YAML at all, so that nothing was checked.
func Unreadable(findings []agreement.Finding) *Invalid {
	for _, f := range findings {
		if f.Rule == "yaml" && f.Severity == agreement.Error {
			return &Invalid{"agreement", findings}
		}
	}
	return nil
}
