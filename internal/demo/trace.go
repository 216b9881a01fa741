package demo

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Row is one request of a trace.
type Row struct {
	At        time.Duration // since the first request
	Context   int           // prompt tokens
	Generated int           // tokens of the answer
}

// maxTokens bounds what one row may ask for: far above every published trace, far below what would hurt.
const maxTokens = 2_000_000

// column names of a trace, in the spelling of the Azure traces.
const (
	columnTime      = "TIMESTAMP"
	columnContext   = "ContextTokens"
	columnGenerated = "GeneratedTokens"
)

// A TraceError says what is wrong with a trace, and where.
type TraceError struct {
	File    string
	Line    int
	Message string
	Remedy  string
}

// Error gives file, line, what is wrong and what to do.
func (e *TraceError) Error() string {
	return fmt.Sprintf("%s:%d: %s\n  %s", e.File, e.Line, e.Message, e.Remedy)
}

// ReadTrace reads a CSV trace, gzip or not, whose header names TIMESTAMP, ContextTokens and GeneratedTokens in any order;
// other columns are ignored. Rows are sorted by time. A broken line is a *TraceError; nothing is skipped.
func ReadTrace(name string, r io.Reader) ([]Row, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if head, _ := buffered.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, &TraceError{name, 1, "the gzip header is damaged: " + err.Error(), "copy the file again"}
		}
		buffered = bufio.NewReaderSize(unzipped, 64<<10)
	}
	c := csv.NewReader(buffered)
	c.ReuseRecord = true
	c.FieldsPerRecord = -1

	header, err := c.Read()
	if err != nil {
		return nil, &TraceError{name, 1, "there is no header line", remedyHeader}
	}
	columns, err := findColumns(name, header)
	if err != nil {
		return nil, err
	}
	return readRows(name, c, columns)
}

const remedyHeader = "start the file with a line that names the columns: " + columnTime + "," + columnContext + "," + columnGenerated

type columnIndex struct{ time, context, generated int }

func findColumns(name string, header []string) (columnIndex, error) {
	find := func(column string) int {
		return slices.IndexFunc(header, func(h string) bool {
			return strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")), column)
		})
	}
	at := columnIndex{find(columnTime), find(columnContext), find(columnGenerated)}
	for _, column := range []struct {
		index int
		name  string
	}{{at.time, columnTime}, {at.context, columnContext}, {at.generated, columnGenerated}} {
		if column.index < 0 {
			return at, &TraceError{name, 1, fmt.Sprintf("column %s is missing; the header is %q", column.name, strings.Join(header, ",")), remedyHeader}
		}
	}
	return at, nil
}

func readRows(name string, c *csv.Reader, columns columnIndex) ([]Row, error) {
	type dated struct {
		at  time.Time
		row Row
	}
	var all []dated
	last := 1
	for {
		fields, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if parse, ok := errors.AsType[*csv.ParseError](err); ok {
				return nil, &TraceError{name, parse.Line, parse.Err.Error(), "correct or remove the line"}
			}
			return nil, &TraceError{name, last + 1, "the file cannot be read on: " + err.Error(), "copy the file again"}
		}
		line, _ := c.FieldPos(0)
		last = line
		at, row, problem := readRow(fields, columns)
		if problem != "" {
			return nil, &TraceError{name, line, problem, "correct or remove the line"}
		}
		all = append(all, dated{at, row})
	}
	if len(all) == 0 {
		return nil, &TraceError{name, 2, "the trace has no request", "add a line for each request after the header"}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return a.at.Compare(b.at) })
	rows := make([]Row, len(all))
	for i, d := range all {
		rows[i] = d.row
		rows[i].At = d.at.Sub(all[0].at)
	}
	return rows, nil
}

// readRow returns what is wrong as text; "" if nothing is.
func readRow(fields []string, columns columnIndex) (at time.Time, row Row, problem string) {
	if most := max(columns.time, columns.context, columns.generated); len(fields) <= most {
		return at, row, fmt.Sprintf("the line has %d fields, the header needs %d", len(fields), most+1)
	}
	at, ok := parseInstant(strings.TrimSpace(fields[columns.time]))
	if !ok {
		return at, row, fmt.Sprintf("%s %q is not an instant such as 2023-11-16 18:15:46.6805900", columnTime, fields[columns.time])
	}
	if row.Context, problem = parseTokens(columnContext, fields[columns.context]); problem != "" {
		return at, row, problem
	}
	row.Generated, problem = parseTokens(columnGenerated, fields[columns.generated])
	return at, row, problem
}

func parseInstant(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", time.RFC3339} {
		// A fraction of a second is accepted by every layout.
		if at, err := time.Parse(layout, s); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func parseTokens(column, s string) (n int, problem string) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	switch {
	case err != nil:
		return 0, fmt.Sprintf("%s %q is not a whole number", column, s)
	case n < 1 || n > maxTokens:
		return 0, fmt.Sprintf("%s %d is outside 1 to %d", column, n, maxTokens)
	}
	return n, ""
}
