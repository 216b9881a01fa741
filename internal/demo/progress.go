package demo

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// progress draws a bar on a terminal until the returned function is called; with a nil writer it draws nothing.
func progress(w io.Writer, done *atomic.Int64, total int, note func() string) (stop func()) {
	if w == nil || total == 0 {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	draw := func() {
		const width = 40
		n := int(done.Load())
		full := n * width / total
		fmt.Fprintf(w, "\r%s%s %6d of %d %-28s", strings.Repeat("█", full), strings.Repeat("░", width-full), n, total, note())
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				draw()
			case <-quit:
				draw()
				fmt.Fprintln(w)
				return
			}
		}
	}()
	return func() { close(quit); <-ended }
}
