package gateway

import (
	"math/bits"
	"sync"
)

// latencies remember how long a deployment took to answer, in buckets that grow by a quarter of a power of two. Old answers
// fade: all counts are halved now and then. Safe for concurrent use; the zero value has seen nothing.
type latencies struct {
	mu     sync.Mutex
	counts [4 * 64]uint32
	total  uint32
}

const (
	latenciesKept = 1024 // answers after which the counts are halved
	latenciesFew  = 20   // answers below which nothing is known
)

func latencyBucket(ns int64) int {
	if ns < 4 {
		return 0
	}
	exponent := bits.Len64(uint64(ns)) - 1
	return 4*exponent + int(uint64(ns)>>(exponent-2)&3)
}

// observe takes in one answer.
func (l *latencies) observe(ns int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[latencyBucket(ns)]++
	if l.total++; l.total < latenciesKept {
		return
	}
	l.total = 0
	for i := range l.counts {
		l.counts[i] /= 2
		l.total += l.counts[i]
	}
}

// slow returns a duration that 95 of 100 answers stayed below; false while too few were seen.
func (l *latencies) slow() (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total < latenciesFew {
		return 0, false
	}
	above := l.total / 20
	for i := len(l.counts) - 1; i >= 8; i-- {
		if l.counts[i] > above {
			return int64((4+uint64(i%4)+1)<<(i/4)) / 4, true // the bucket's upper bound
		}
		above -= l.counts[i]
	}
	return 0, true
}
