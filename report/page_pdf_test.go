package report_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"concord/report"
)

func TestAPDFBreaksNamesAtTheirJoints(t *testing.T) {
	reader, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("*** NOT TESTED HERE: what stands on the pages of a PDF. Debian: apt-get install poppler-utils ***")
	}
	g := &report.Grid{Columns: []string{"statement", ">figure", "clause", "words", ">figure", ">figure", ">figure"}}
	g.Row(report.Line("openai-microsoft/openai-microsoft/2026-03"), report.Line("16.12"), report.Line("share-openai-to-microsoft-and-others"), report.Line(strings.Repeat("words and ", 30)), report.Line("1,234,567,890.123456"), report.Line("1,234,567,890.123456"), report.Line("1,234,567,890.123456"))
	p := &report.Page{Title: "Open items", Sections: []report.Section{{Title: "All", Grid: g}}}
	var out bytes.Buffer
	if err := p.WritePDF(&out, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}

	cmd := exec.CommandContext(t.Context(), reader, "-layout", "-", "-")
	cmd.Stdin = &out
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}

	for _, word := range strings.Fields(string(text)) {
		if strings.ContainsAny(word, "-/") && !strings.HasSuffix(word, "-") && !strings.HasSuffix(word, "/") && !strings.HasSuffix(word, "others") && !strings.HasSuffix(word, "2026-03") {
			t.Errorf("%q is broken within a word:\n%s", word, text)
		}
	}
	if !strings.Contains(string(text), "microsoft/") {
		t.Errorf("the name of the statement is not on the page:\n%s", text)
	}
}
