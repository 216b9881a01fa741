package focus

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
)

// WriteCSV writes rows as a file of FOCUS, in their order. The same rows give the same bytes.
func WriteCSV(w io.Writer, rows []Row) error {
	out := csv.NewWriter(bufio.NewWriterSize(w, 1<<16))
	if err := out.Write(columns()); err != nil {
		return fmt.Errorf("write the names of the columns: %w", err)
	}
	var fields []string
	for i := range rows {
		fields = rows[i].fields(fields[:0])
		if err := out.Write(fields); err != nil {
			return fmt.Errorf("write row %d: %w", i+1, err)
		}
	}
	out.Flush()
	return out.Error()
}
