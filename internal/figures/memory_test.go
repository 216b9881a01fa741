package figures_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/store"
)

// heap is what the process holds on to, and resident what it has from the system; 0 where that is not told.
func heap() (held, resident int64) {
	runtime.GC()
	runtime.GC() // what pools held back through the first one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return int64(m.HeapAlloc), 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return int64(m.HeapAlloc), kb << 10
}

// mayGrow is what heaps may differ by between two looks: what a garbage collector leaves, and cells of some more days.
const mayGrow = 4 << 20

func TestMemoryDoesNotGrowWithTheNumberOfRecords(t *testing.T) {
	n, s, dir := max(*records, 2000), readSample(t), t.TempDir()
	j := opened(t, dir)
	c := committer(t, j, 1)
	s.bring(t, c)
	books := booksIn(t, dir)
	poster := store.NewPoster(j, books, store.PosterOptions{})
	var first, last int64
	for step := range 10 {
		for from, end := step*n/10, (step+1)*n/10; from < end; {
			var part []journal.Entry
			for ; from < end && len(part) < 4096; from++ {
				intent, record := s.live(from, 20_000) // so that a million take 50 days
				part = append(part, intent, record)
			}
			pour(t, c, part)
			if err := poster.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		held, resident := heap()
		if step == 0 {
			first = held
		}
		last = held
		if *measure {
			fmt.Printf("%s records: %s MB held, %s MB resident\n", count(float64((step+1)*n/10)), mega(held), mega(resident))
		}
	}
	if got := poster.Stats().Transactions; got != int64(n) {
		t.Errorf("%d records were posted, want %d", got, n)
	}
	if last > first+mayGrow {
		t.Errorf("%d bytes are held after all records and %d after the first tenth", last, first)
	}
	lookBack(t, s, j, books, c, n)
	closed(t, c)
}

// lookBack asks for the first request, which only the disk knows any more: it is explained, and its record is not taken twice.
func lookBack(t *testing.T, s *sample, j journal.Journal, books ledger.Books, c *store.Committer, n int) {
	t.Helper()
	for what, i := range map[string]int{"first": 0, "last": n - 1} {
		began := time.Now()
		derived, err := ledger.Derive(t.Context(), j, books, id(i))
		if err != nil || len(derived) != 1 {
			t.Fatalf("derive the %s request: %d entries, %v", what, len(derived), err)
		}
		if *measure {
			fmt.Printf("the %s of %s requests is explained in %s\n", what, count(float64(n)), time.Since(began).Round(time.Millisecond))
		}
	}
	before := c.Stats().Entries
	_, again := s.live(0, 20_000)
	w, err := c.Append(again)
	if err == nil {
		<-w.Done()
		err = w.Err()
	}
	if after := c.Stats().Entries; err != nil || after != before {
		t.Errorf("the first record again: %v, and %d entries more", err, after-before)
	}
}

// mega writes bytes in MB, with one digit after the point.
func mega(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }
