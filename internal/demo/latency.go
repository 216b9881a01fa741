package demo

import (
	"slices"
	"sync"
	"time"
)

// served is what one emulated cloud says of one request that it took: the witness of its own time.
type served struct {
	cloud     string
	firstByte time.Duration // after it began; 0 = it sent nothing
	whole     time.Duration
	content   bool // it answered with content
}

// witnesses collects what the emulators observed, by request id. Safe for concurrent use.
type witnesses struct {
	mu   sync.Mutex
	seen map[string][]served
}

func newWitnesses() *witnesses { return &witnesses{seen: map[string][]served{}} }

func (w *witnesses) add(request string, s served) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[request] = append(w.seen[request], s)
}

// added is what a client waited longer than the clouds took: to the first byte of a stream, to the end of any other answer.
// Attempts that failed took their time at a cloud too. ok is false for a request that no cloud saw.
func (w *witnesses) added(s *sent) (d time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen[s.request]
	if len(seen) == 0 {
		return 0, false
	}
	waited := s.ended.Sub(s.started)
	if s.stream {
		waited = s.firstByte.Sub(s.started)
	}
	for _, one := range seen {
		if s.stream && one.content {
			waited -= one.firstByte
		} else {
			waited -= one.whole
		}
	}
	return waited, true
}

// Latency is what the gateway added, in milliseconds as measured.
type Latency struct {
	AddedP50 float64 `json:"added_p50"`
	AddedP99 float64 `json:"added_p99"`
	Measured int     `json:"measured"` // requests that it rests on
}

func (w *witnesses) latency(all []sent) Latency {
	var added []time.Duration
	for i := range all {
		if all[i].err != nil || all[i].status != 200 {
			continue
		}
		if d, ok := w.added(&all[i]); ok {
			added = append(added, d)
		}
	}
	if len(added) == 0 {
		return Latency{}
	}
	slices.Sort(added)
	return Latency{AddedP50: millis(percentile(added, 50)), AddedP99: millis(percentile(added, 99)), Measured: len(added)}
}

// percentile takes the nearest rank of sorted values.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[(len(sorted)*p+99)/100-1]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
