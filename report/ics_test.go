package report_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/report"
)

func ics(t rapid.TB, events ...agreement.Event) string {
	t.Helper()
	var b strings.Builder
	if err := report.WriteICS(&b, events, time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAnEventAsICalendar(t *testing.T) {
	zone := time.FixedZone("PDT", -7*3600)
	got := ics(t,
		agreement.Event{At: time.Date(2026, 4, 27, 0, 0, 0, 0, zone), Kind: agreement.AmendmentBegins, Agreement: "deal", Title: "Amendment A, the first; begins",
			Text: `It says "a\b"` + "\nand more, much more, so that the line has to be folded somewhere after column 75", Provenance: agreement.Public},
		agreement.Event{At: time.Date(2026, 4, 27, 15, 30, 0, 0, zone), Kind: agreement.FactOn, Agreement: "deal", Title: "f1", Provenance: agreement.Assumed},
		agreement.Event{Kind: agreement.Condition, Agreement: "deal", Title: "without a date"},
	)
	want := strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Concord//agreement calendar//EN
CALSCALE:GREGORIAN
BEGIN:VEVENT
UID:UID-0
DTSTAMP:20260401T120000Z
DTSTART;VALUE=DATE:20260427
DTEND;VALUE=DATE:20260428
SUMMARY:Amendment A\, the first\; begins
DESCRIPTION:It says "a\\b"\nand more\, much more\, so that the line has to 
 be folded somewhere after column 75\nAgreement deal\; public.
CATEGORIES:deal,amendment
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:UID-1
DTSTAMP:20260401T120000Z
DTSTART:20260427T223000Z
SUMMARY:f1
DESCRIPTION:Agreement deal\; assumed.
CATEGORIES:deal,fact
TRANSP:TRANSPARENT
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n")
	for i, line := range uids(got) {
		want = strings.Replace(want, "UID:UID-"+string(rune('0'+i)), line, 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func uids(s string) (lines []string) {
	for line := range strings.SplitSeq(s, "\r\n") {
		if strings.HasPrefix(line, "UID:") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestNoLineOfACalendarIsTooLong: whatever a title holds, lines have 75 octets at most, end in CRLF, cut no character, and
// unfold to what was written.
func TestNoLineOfACalendarIsTooLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		title := rapid.String().Draw(t, "title")
		got := ics(t, agreement.Event{At: time.Date(2026, 4, 27, 0, 0, 0, 0, time.UTC), Agreement: "deal", Title: title})

		if strings.Contains(strings.ReplaceAll(got, "\r\n", ""), "\n") || strings.Contains(strings.ReplaceAll(got, "\r\n", ""), "\r") {
			t.Fatal("a line ends in something else than CRLF")
		}
		for line := range strings.SplitSeq(got, "\r\n") {
			if len(line) > 75 || !utf8.ValidString(line) {
				t.Fatalf("%d octets: %q", len(line), line)
			}
		}
		unfolded := strings.ReplaceAll(got, "\r\n ", "")
		_, summary, _ := strings.Cut(unfolded, "SUMMARY:")
		summary, _, _ = strings.Cut(summary, "\r\n")
		plain := strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n").Replace(summary)
		lines := strings.Split(title, "\n")
		for i := range lines {
			lines[i] = report.Clean(lines[i])
		}
		if want := strings.Join(lines, "\n"); plain != want {
			t.Fatalf("unfolds to %q, not to %q", plain, want)
		}
	})
}
