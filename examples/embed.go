// Package examples carries the runnable agreements, price books, configuration and trace of this folder, so that the
// demo needs nothing but the program.
package examples

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml traces year/*.yaml
var files embed.FS

// Trace is the path of the embedded trace.
const Trace = "traces/azure_llm_2023_conv.csv.gz"

// Files returns the folder, read-only.
func Files() fs.FS { return files }
