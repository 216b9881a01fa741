package focus

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A table reads a CSV file by the names of its columns, one row after the other: it holds one row at a time.
type table struct {
	file    string
	in      records
	columns map[string]int
	names   []string
	row     []string
}

// openTable reads the names of the columns. What is compressed by gzip is told by its first bytes.
func openTable(file string, r io.Reader) (*table, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if err := recognized(file, buffered); err != nil {
		return nil, err
	}
	var plain io.Reader = buffered
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, &Error{File: file, What: fmt.Sprintf("it cannot be decompressed: %v", err), Remedy: "fetch the export again"}
		}
		plain = unzipped
	}
	t := &table{file: file, in: records{in: bufio.NewReaderSize(plain, 1<<16)}, columns: map[string]int{}}
	names, err := t.in.next()
	if errors.Is(err, io.EOF) {
		return nil, &Error{File: file, What: "it is empty", Remedy: "export the cost and usage dataset as CSV with its header"}
	}
	if err != nil {
		return nil, t.unreadable(err)
	}
	for i, name := range names {
		name = strings.Clone(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if _, twice := t.columns[name]; twice {
			return nil, &Error{File: file, Line: 1, Column: "header", Value: name, What: "the column stands twice", Remedy: "leave one of the two out"}
		}
		t.columns[name] = i
		t.names = append(t.names, name)
	}
	if len(t.names) == 1 && strings.ContainsAny(t.names[0], ";\t|") {
		return nil, &Error{File: file, Line: 1, Column: "header", Value: t.names[0], What: "its columns are not separated by commas", Remedy: "export it as CSV with commas and decimal points"}
	}
	return t, nil
}

// recognized refuses files of other kinds, which their first bytes tell.
func recognized(file string, r *bufio.Reader) error {
	first, err := r.Peek(4)
	if err != nil && len(first) == 0 {
		return nil // empty, or not to be read: said when it is
	}
	const asCSV = "export it as CSV, plain or gzip"
	for _, k := range []struct{ begins, what, remedy string }{
		{"PAR1", "it is a Parquet file, and no CSV", asCSV + ", or convert it to CSV"},
		{"PK\x03\x04", "it is a zip archive or a spreadsheet, and no CSV", "unpack it, or " + asCSV},
		{"\xff\xfe", "it is in UTF-16", "save it in UTF-8"}, {"\xfe\xff", "it is in UTF-16", "save it in UTF-8"},
		{"{", "it is JSON, and no CSV", asCSV}, {"[", "it is JSON, and no CSV", asCSV}, {"<", "it is a page or XML, perhaps of an error, and no CSV", "fetch the export again"},
		{"BZh", "it is compressed by bzip2, which is not read", asCSV}, {"\x28\xb5\x2f\xfd", "it is compressed by zstd, which is not read", asCSV}, {"Obj\x01", "it is an Avro file, and no CSV", asCSV},
	} {
		if strings.HasPrefix(string(first), k.begins) {
			return &Error{File: file, What: k.what, Remedy: k.remedy}
		}
	}
	return nil
}

// next reads a row; io.EOF after the last one.
func (t *table) next() error {
	row, err := t.in.next()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return t.unreadable(err)
	}
	if t.row = row; len(row) != len(t.names) {
		return &Error{File: t.file, Line: t.line(), What: fmt.Sprintf("the row has %d fields and the header %d", len(row), len(t.names)),
			Remedy: "a quote may be missing, or the file was cut: fetch the export again"}
	}
	return nil
}

func (t *table) unreadable(err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return &Error{File: t.file, Line: parse.Line, What: fmt.Sprintf("this is not CSV: %v", parse.Err), Remedy: "fetch the export again, as CSV with commas"}
	}
	return &Error{File: t.file, What: fmt.Sprintf("it cannot be read to its end: %v", err), Remedy: "fetch the export again"}
}

// line returns the line that the row begins on.
func (t *table) line() int {
	return t.in.line
}

// at returns where the first of some columns stands; -1 = none of them does.
func (t *table) at(names ...string) int {
	for _, name := range names {
		if i, ok := t.columns[name]; ok {
			return i
		}
	}
	return -1
}

// like returns where the first of some columns stands, whatever the case of its name: databases write names in lower case, or with
// underscores; -1 = none of them does.
func (t *table) like(names ...string) int {
	if i := t.at(names...); i >= 0 {
		return i
	}
	for _, name := range names {
		for i, have := range t.names {
			if strings.EqualFold(name, have) || strings.EqualFold(name, strings.ReplaceAll(have, "_", "")) {
				return i
			}
		}
	}
	return -1
}

// has reports whether a column is there.
func (t *table) has(name string) bool { return slices.Contains(t.names, name) }

// text returns a field; "" where the column is not there or the field is null, as clouds write null.
func (t *table) text(i int) string {
	if i < 0 {
		return ""
	}
	s := strings.TrimSpace(t.row[i])
	if len(s) == 4 && (s == "null" || s == "NULL") {
		return ""
	}
	return s
}

// wrong is an error at a field of the row.
func (t *table) wrong(i int, what, remedy string) error {
	e := &Error{File: t.file, Line: t.line(), What: what, Remedy: remedy}
	if i >= 0 {
		e.Column, e.Value = t.names[i], t.row[i]
	}
	return e
}
