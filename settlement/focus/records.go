package focus

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxRecord bounds a row: a quote that is never closed would make one of the rest of the file.
const maxRecord = 16 << 20

// errRecord says that a row is longer.
var errRecord = fmt.Errorf("a row is longer than %d MiB: a quote may not be closed", maxRecord>>20)

// records reads the rows of CSV. Nearly all rows of an export have no quotes and are cut at their commas; what has some is left to
// encoding/csv, with all its rules.
type records struct {
	in     *bufio.Reader
	read   int    // lines so far
	line   int    // on which the row begins
	long   []byte // a row of several lines, or of one that does not fit the buffer
	fields []string
}

// next returns the fields of the next row, which are valid for ever; the slice is used again. io.EOF after the last one.
func (r *records) next() ([]string, error) {
	for {
		row, err := r.row()
		if err != nil {
			return nil, err
		}
		if bytes.IndexByte(row, '"') >= 0 {
			return r.quoted(row)
		}
		if row = bytes.TrimSuffix(row, []byte("\n")); len(row) > 0 && row[len(row)-1] == '\r' {
			row = row[:len(row)-1]
		}
		if len(row) == 0 {
			continue
		}
		text := string(row)
		r.fields = r.fields[:0]
		for {
			i := strings.IndexByte(text, ',')
			if i < 0 {
				r.fields = append(r.fields, text)
				return r.fields, nil
			}
			r.fields = append(r.fields, text[:i])
			text = text[i+1:]
		}
	}
}

// row returns the bytes of the next row: lines until all quotes are closed.
func (r *records) row() ([]byte, error) {
	r.line = r.read + 1
	part, err := r.in.ReadSlice('\n')
	if err == nil && bytes.Count(part, []byte{'"'})%2 == 0 {
		r.read++
		return part, nil
	}
	r.long = r.long[:0]
	for quotes := 0; ; {
		r.long = append(r.long, part...)
		quotes += bytes.Count(part, []byte{'"'})
		if len(r.long) > maxRecord {
			return nil, &csv.ParseError{StartLine: r.line, Line: r.line, Column: 1, Err: errRecord}
		}
		switch {
		case err == nil:
			if r.read++; quotes%2 == 0 {
				return r.long, nil
			}
		case errors.Is(err, io.EOF):
			if len(r.long) == 0 {
				return nil, io.EOF
			}
			r.read++
			return r.long, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
		part, err = r.in.ReadSlice('\n')
	}
}

// quoted reads a row that has quotes.
func (r *records) quoted(row []byte) ([]string, error) {
	reader := csv.NewReader(bytes.NewReader(row))
	reader.FieldsPerRecord = -1
	fields, err := reader.Read()
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		parse.StartLine, parse.Line = parse.StartLine+r.line-1, parse.Line+r.line-1
	}
	return fields, err
}
