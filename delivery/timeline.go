package delivery

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"concord/agreement"
)

// A Timeline holds one Router for every span in which neither the terms of a set nor the prices of its books change. It is
// safe for concurrent use; a Router is compiled when it is first asked for.
type Timeline struct {
	catalog *agreement.Catalog
	books   Books
	starts  []int64 // of spans, ascending
	spans   []*span
}

type span struct {
	terms  *agreement.Terms
	at     int64 // an instant of the span
	router atomic.Pointer[Router]
	mu     sync.Mutex // held while it is compiled
}

// NewTimeline prepares the routers of a set as known at known. What is wrong under the terms in force at known is
// reported as Compile reports it; what will go wrong under later terms is reported as warnings, with the day.
func NewTimeline(set *agreement.Set, catalog *agreement.Catalog, books Books, known time.Time) (*Timeline, []agreement.Finding) {
	t := &Timeline{catalog: catalog, books: books}
	intervals, err := set.Timeline(known)
	if err != nil {
		return nil, []agreement.Finding{{
			Rule: "timeline", Severity: agreement.Error, Message: fmt.Sprintf("the agreements have no history: %v", err),
			Remedy: "resolve what concord agreement check reports",
		}}
	}
	changes := books.changes()
	for _, iv := range intervals {
		t.addInterval(iv, changes)
	}
	if len(t.spans) == 0 {
		return nil, []agreement.Finding{{
			Rule: "timeline", Severity: agreement.Error, Message: "no agreement is loaded", Remedy: "list the agreement files",
		}}
	}
	return t, t.findings(known.UnixNano())
}

func (t *Timeline) addInterval(iv agreement.Interval, changes []int64) {
	from, until := int64(math.MinInt64), int64(math.MaxInt64)
	if !iv.From.IsZero() {
		from = iv.From.UnixNano()
	}
	if !iv.Until.IsZero() {
		until = iv.Until.UnixNano()
	}
	t.starts = append(t.starts, from)
	t.spans = append(t.spans, &span{terms: iv.Terms, at: from})
	for _, at := range changes {
		if from < at && at < until {
			t.starts = append(t.starts, at)
			t.spans = append(t.spans, &span{terms: iv.Terms, at: at})
		}
	}
}

// At returns the router for requests admitted at an instant. Before the first agreement, that is the first one's.
func (t *Timeline) At(admitted int64) *Router {
	return t.spans[t.index(admitted)].get(t)
}

func (t *Timeline) index(at int64) int {
	i, exact := slices.BinarySearch(t.starts, at)
	if !exact {
		i--
	}
	return max(i, 0)
}

func (s *span) get(t *Timeline) *Router {
	if r := s.router.Load(); r != nil {
		return r
	}
	r, _ := s.compile(t)
	return r
}

func (s *span) compile(t *Timeline) (*Router, []agreement.Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.router.Load(); r != nil {
		return r, nil
	}
	r, findings := Compile(s.terms, t.catalog, t.books, s.at)
	s.router.Store(r)
	return r, findings
}

// findings compiles the span of now and all later ones.
func (t *Timeline) findings(now int64) []agreement.Finding {
	current := t.index(now)
	_, out := t.spans[current].compile(t)
	told := make(map[string]bool)
	for i := range out {
		told[out[i].Message] = true
	}
	for i := current + 1; i < len(t.spans); i++ {
		_, later := t.spans[i].compile(t)
		for _, f := range later {
			if told[f.Message] || f.Severity != agreement.Error {
				continue
			}
			told[f.Message] = true
			f.Severity = agreement.Warning
			f.Message = fmt.Sprintf("from %s on: %s", time.Unix(0, t.starts[i]).UTC().Format(time.RFC3339), f.Message)
			out = append(out, f)
		}
	}
	return out
}

// changes returns the instants at which some price changes, ascending.
func (b Books) changes() []int64 {
	var out []int64
	for _, book := range b {
		out = append(out, book.Changes()...)
	}
	slices.SortFunc(out, cmp.Compare[int64])
	return slices.Compact(out)
}
