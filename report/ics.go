package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"concord/agreement"
)

// WriteICS writes the events that have a date as an iCalendar object (RFC 5545): lines end in CRLF and are folded at 75
// octets, and an event keeps its UID whatever its date. stamp is the instant at which the calendar is made.
func WriteICS(w io.Writer, events []agreement.Event, stamp time.Time) error {
	out := &icsWriter{w: bufio.NewWriter(w)}
	out.line("BEGIN", "VCALENDAR")
	out.line("VERSION", "2.0")
	out.line("PRODID", "-//Concord//agreement calendar//EN")
	out.line("CALSCALE", "GREGORIAN")
	for i := range events {
		if !events[i].At.IsZero() {
			out.event(&events[i], stamp)
		}
	}
	out.line("END", "VCALENDAR")
	return out.w.Flush()
}

const (
	icsInstant = "20060102T150405Z"
	icsDay     = "20060102"
)

type icsWriter struct{ w *bufio.Writer }

func (o *icsWriter) event(e *agreement.Event, stamp time.Time) {
	o.line("BEGIN", "VEVENT")
	o.line("UID", e.UID())
	o.line("DTSTAMP", stamp.UTC().Format(icsInstant))
	if e.AllDay() {
		o.line("DTSTART;VALUE=DATE", e.At.Format(icsDay))
		o.line("DTEND;VALUE=DATE", e.At.AddDate(0, 0, 1).Format(icsDay))
	} else {
		o.line("DTSTART", e.At.UTC().Format(icsInstant))
	}
	o.line("SUMMARY", icsText(e.Title))
	o.line("DESCRIPTION", icsText(eventText(e)))
	o.line("CATEGORIES", icsText(e.Agreement)+","+icsText(string(e.Kind)))
	o.line("TRANSP", "TRANSPARENT")
	o.line("END", "VEVENT")
}

// eventText says what an event means, of which agreement it is, and how well it is known.
func eventText(e *agreement.Event) string {
	var parts []string
	if e.Text != "" {
		parts = append(parts, e.Text)
	}
	parts = append(parts, fmt.Sprintf("Agreement %s; %s.", e.Agreement, e.Provenance))
	return strings.Join(parts, "\n")
}

// icsText escapes a TEXT value.
func icsText(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(strings.Join(lines, "\n"))
}

// line writes a content line, folded so that no line has more than 75 octets without its CRLF.
func (o *icsWriter) line(name, value string) {
	rest := name + ":" + value
	limit := 75
	for len(rest) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(rest[cut]) {
			cut--
		}
		o.w.WriteString(rest[:cut] + "\r\n ")
		rest, limit = rest[cut:], 74 // the space counts
	}
	o.w.WriteString(rest + "\r\n") // bufio keeps the first error for Flush
}
