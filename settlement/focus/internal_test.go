package focus

import (
	"bufio"
	"io"
)

// Records gives tests the rows of a CSV, and the lines that they begin on.
func Records(in io.Reader) func() (row []string, line int, err error) {
	r := records{in: bufio.NewReaderSize(in, 1<<16)}
	return func() ([]string, int, error) {
		row, err := r.next()
		return row, r.line, err
	}
}
