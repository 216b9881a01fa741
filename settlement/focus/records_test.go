package focus_test

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/settlement/focus"
)

// rowsBy reads a text as this package does.
func rowsBy(text string) (rows [][]string, lines []int, err error) {
	next := focus.Records(strings.NewReader(text))
	for {
		row, line, err := next()
		if errors.Is(err, io.EOF) {
			return rows, lines, nil
		}
		if err != nil {
			return rows, lines, err
		}
		rows, lines = append(rows, append([]string{}, row...)), append(lines, line)
	}
}

// rowsByCSV reads it as encoding/csv does.
func rowsByCSV(text string) (rows [][]string, lines []int, err error) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, lines, nil
		}
		if err != nil {
			return rows, lines, err
		}
		line, _ := r.FieldPos(0)
		rows, lines = append(rows, row), append(lines, line)
	}
}

// FuzzRecords: rows, and the lines that they begin on, are those of encoding/csv; what that refuses is refused.
func FuzzRecords(f *testing.F) {
	for _, text := range []string{"", "a", "a,b\n", "a,b\r\nc,d\r\n", "\n\n a ,b\n\n", "\"a\nb\",c\nd,e", "\"a\"\"b\",\"\"\r\n,", "a\"b\n", "\"a\n", "\"a\"b\n", ",,\n,", "a\r", "a\rb\n", "\r\n", "\"a\r\nb\"\r\n\r\nc",
		strings.Repeat("x", 70_000) + ",y\n" + strings.Repeat("\"z\n\",", 20_000) + "\nend"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, wantLines, refused := rowsByCSV(text)
		got, lines, err := rowsBy(text)
		if (err != nil) != (refused != nil) {
			t.Fatalf("%q: %v, want %v", text, err, refused)
		}
		if err != nil {
			return
		}
		if d := cmp.Diff(want, got) + cmp.Diff(wantLines, lines); d != "" {
			t.Fatalf("%q: %s", text, d)
		}
	})
}

func TestAQuoteThatIsNeverClosedDoesNotMakeARowOfTheWholeFile(t *testing.T) {
	t.Parallel()
	text := file(row("SkuMeter", `"never`)) + strings.Repeat(row()+"\n", 200_000)
	_, err := readAll(text)
	if err == nil || !strings.Contains(err.Error(), "bill.csv:2: ") || !strings.Contains(err.Error(), "a quote may not be closed") {
		t.Error(err)
	}
}
