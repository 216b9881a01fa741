package journal_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/journal"
	"concord/journal/journaltest"
)

func TestAMergeTakesAllThatWaitsEachChainInOrderAndTheEarliestFirst(t *testing.T) {
	t.Parallel()
	at := func(chain int, number uint64, recorded int64) journal.WaitingBlock {
		return journal.WaitingBlock{Chain: journaltest.Chain(chain), Number: number, Recorded: recorded}
	}
	w := journal.Waiting{Number: 6, Blocks: []journal.WaitingBlock{
		at(2, 1, 10), at(2, 2, 20), at(2, 3, 20), at(1, 8, 5), at(1, 9, 20), at(1, 10, 30),
	}}

	got := w.Merge()

	span := func(chain int, from, to uint64) journal.Span {
		return journal.Span{Chain: journaltest.Chain(chain), From: from, To: to}
	}
	want := &journal.Merge{Number: 7, Spans: []journal.Span{span(1, 8, 8), span(2, 1, 1), span(1, 9, 9), span(2, 2, 3), span(1, 10, 10)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("merge (-want +got):\n%s", diff)
	}
}

func TestBlocksThatOnlyBeginEndOrMergeChainsWaitForOthers(t *testing.T) {
	t.Parallel()
	w := journal.Waiting{Blocks: []journal.WaitingBlock{{Chain: journaltest.Chain(1), Number: 1, Idle: true}}}
	if got := w.Merge(); got != nil {
		t.Errorf("got %v, want no merge", got)
	}
	w.Blocks = append(w.Blocks, journal.WaitingBlock{Chain: journaltest.Chain(1), Number: 2})
	if got := w.Merge(); got == nil || got.Spans[0].To != 2 {
		t.Errorf("got %v, want both", got)
	}
}

func TestHoweverBlocksBecomeVisibleEachStandsInOneMergeAndChainsStayInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var w journal.Waiting
		next, recorded := map[int]uint64{}, map[int]int64{}
		merged := map[journal.ChainID]uint64{}
		taken := 0
		for range rapid.IntRange(1, 12).Draw(t, "merges") {
			for range rapid.IntRange(0, 8).Draw(t, "blocks") {
				c := rapid.IntRange(1, 3).Draw(t, "chain")
				next[c]++
				recorded[c] += rapid.Int64Range(0, 3).Draw(t, "later")
				w.Blocks = append(w.Blocks, journal.WaitingBlock{
					Chain: journaltest.Chain(c), Number: next[c], Recorded: recorded[c], Idle: rapid.IntRange(0, 3).Draw(t, "idle") == 0,
				})
			}
			m := w.Merge()
			if m == nil {
				continue
			}
			if m.Number != w.Number+1 {
				t.Fatalf("merge %d follows %d", m.Number, w.Number)
			}
			for _, s := range m.Spans {
				if s.From != merged[s.Chain]+1 || s.To < s.From {
					t.Fatalf("blocks %d to %d of %s after %d", s.From, s.To, s.Chain, merged[s.Chain])
				}
				taken += int(s.To - s.From + 1)
				merged[s.Chain] = s.To
			}
			w.Number, w.Blocks = m.Number, nil
		}
		waiting := len(w.Blocks)
		if all := int(next[1] + next[2] + next[3]); taken+waiting != all {
			t.Errorf("%d blocks were merged and %d wait, of %d", taken, waiting, all)
		}
	})
}

func TestVerifyFindsMergesThatLeaveAGapOrOverlap(t *testing.T) {
	t.Parallel()
	merge := func(number, from, to uint64) journal.Entry {
		return journal.Entry{Time: 1, ID: "m", Body: &journal.Merge{Number: number, Spans: []journal.Span{{Chain: journaltest.Chain(1), From: from, To: to}}}}
	}
	for name, c := range map[string]struct {
		merges []journal.Entry
		want   string // "" = nothing is wrong
	}{
		"one after the other":    {merges: []journal.Entry{merge(1, 1, 1), merge(2, 2, 3)}},
		"read in another order":  {merges: []journal.Entry{merge(2, 2, 3), merge(1, 1, 1)}},
		"a number is missing":    {merges: []journal.Entry{merge(1, 1, 1), merge(3, 2, 2)}, want: "merge 3 is there and merge 2 is not"},
		"a number twice":         {merges: []journal.Entry{merge(1, 1, 1), merge(1, 2, 2)}, want: "a second merge of number 1"},
		"a block is left out":    {merges: []journal.Entry{merge(1, 1, 1), merge(2, 3, 3)}, want: "takes blocks 3 to 3"},
		"a block stands twice":   {merges: []journal.Entry{merge(1, 1, 2), merge(2, 2, 3)}, want: "takes blocks 2 to 3"},
		"a span that runs back":  {merges: []journal.Entry{merge(1, 1, 0)}, want: "takes blocks 1 to 0"},
		"numbers begin at one":   {merges: []journal.Entry{merge(2, 1, 1)}, want: "merge 2 is there and merge 1 is not"},
		"the first is not first": {merges: []journal.Entry{merge(1, 2, 2)}, want: "takes blocks 2 to 2"},
	} {
		j := journal.NewMemory()
		w := journaltest.Begin(t, j, journaltest.Chain(1))
		w.Append(t, journaltest.Document(10))
		w.Append(t, c.merges...)
		r, err := journal.Verify(t.Context(), j, journal.VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case c.want == "" && !r.Good():
			t.Errorf("%s: findings: %v", name, r.Findings)
		case c.want != "" && (r.Good() || r.Findings[0].Problem != journal.BadMerge || !strings.Contains(r.Findings[0].Text, c.want)):
			t.Errorf("%s: findings %v, want one of %q", name, r.Findings, c.want)
		}
	}
}
