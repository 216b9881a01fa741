//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: reads what processes use from /proc: run it on Linux")
	os.Exit(2)
}
