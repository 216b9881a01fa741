package journal_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/journal/journaltest"
)

// altered gives the blocks and chains of a journal changed, as a damaged storage would.
type altered struct {
	journal.Journal
	block  func(*journal.Block) bool // false = the block is gone
	chains func([]journal.ChainState)
}

func (a altered) Blocks(ctx ctx, after journal.Cursor, yield func(*journal.Block) bool) error {
	return a.Journal.Blocks(ctx, after, func(b *journal.Block) bool {
		if a.block == nil {
			return yield(b)
		}
		b.Bytes = append([]byte(nil), b.Bytes...)
		return !a.block(b) || yield(b)
	})
}

func (a altered) Chains(ctx ctx) ([]journal.ChainState, error) {
	states, err := a.Journal.Chains(ctx)
	if a.chains != nil {
		a.chains(states)
	}
	return states, err
}

// history is a journal of one live chain: open; two intents; their records; and a third intent.
func history(t *testing.T) *journal.Memory {
	t.Helper()
	j := journal.NewMemory()
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	c.Append(t, journaltest.Intent(1), journaltest.Intent(2))
	c.Append(t, journaltest.Record(2), journaltest.Record(1), journaltest.Document(50))
	c.Append(t, journaltest.Intent(3))
	return j
}

// problems verifies and returns what was found, by name.
func problems(t *testing.T, j journal.Journal) (names []journal.Problem, r *journal.Report) {
	t.Helper()
	r, err := journal.Verify(t.Context(), j, journal.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		names = append(names, f.Problem)
	}
	return names, r
}

func TestVerifyFindsEveryFlippedBit(t *testing.T) {
	t.Parallel()
	j := history(t)
	for bit := range 400 {
		names, _ := problems(t, altered{Journal: j, block: func(b *journal.Block) bool {
			if b.Number == 3 {
				at := bit * 7 % len(b.Bytes)
				b.Bytes[at] ^= 1 << (bit % 8)
			}
			return true
		}})
		found := false
		for _, n := range names {
			found = found || n == journal.BadHash
		}
		if !found {
			t.Fatalf("bit %d: found %v", bit, names)
		}
	}
}

func TestVerifyNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	second := func(spoil func(*journal.Block)) func(*journal.Block) bool {
		return func(b *journal.Block) bool {
			if b.Number == 2 {
				spoil(b)
				b.Hash = b.Sum() // a forger would see to that
			}
			return true
		}
	}
	for name, c := range map[string]struct {
		block  func(*journal.Block) bool
		chains func([]journal.ChainState)
		want   []journal.Problem
	}{
		"nothing": {},
		"a missing block": {block: func(b *journal.Block) bool { return b.Number != 2 },
			want: []journal.Problem{journal.BadNumber, journal.BadLink, journal.BadSequence, journal.NoIntent, journal.NoIntent}},
		"a lost tail": {block: func(b *journal.Block) bool { return b.Number < 4 }, want: []journal.Problem{journal.BadHead}},
		"a forged count": {block: second(func(b *journal.Block) { b.Count++ }),
			want: []journal.Problem{journal.BadCount, journal.BadSequence}},
		"a forged instant in the row": {block: func(b *journal.Block) bool { b.Recorded = 9 - int64(b.Number); return true },
			want: []journal.Problem{journal.BadRecorded, journal.BadRecorded, journal.BadRecorded, journal.BadRecorded, journal.BadRecorded, journal.BadRecorded, journal.BadRecorded}},
		"a later version of a block": {block: second(func(b *journal.Block) { b.Bytes[0] = 9 }),
			want: []journal.Problem{journal.LaterVersion, journal.BadLink, journal.NoIntent, journal.NoIntent}},
		"a head that is another":              {chains: func(s []journal.ChainState) { s[0].Head[0] ^= 1 }, want: []journal.Problem{journal.BadHead}},
		"a settled chain with an open intent": {chains: func(s []journal.ChainState) { s[0].Settled = true }, want: []journal.Problem{journal.NoRecord}},
	} {
		names, report := problems(t, altered{Journal: history(t), block: c.block, chains: c.chains})
		if diff := cmp.Diff(c.want, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%v", name, diff, report.Findings)
		}
	}
}

func TestVerifyPairsIntentsAndRecords(t *testing.T) {
	t.Parallel()
	wrongDocument := journaltest.Document(20)
	wrongDocument.Body.(*journal.Document).Hash[0] ^= 1
	for name, c := range map[string]struct {
		entries []journal.Entry
		want    []journal.Problem
		open    int
	}{
		"a refusal has no intent":      {entries: []journal.Entry{journaltest.Refused(1)}},
		"an intent in flight":          {entries: []journal.Entry{journaltest.Intent(1)}, open: 1},
		"a record without an intent":   {entries: []journal.Entry{journaltest.Record(1)}, want: []journal.Problem{journal.NoIntent}},
		"an attempt without an intent": {entries: []journal.Entry{journaltest.Attempt(1)}, want: []journal.Problem{journal.NoIntent}},
		"progress after the record": {
			entries: []journal.Entry{journaltest.Intent(1), journaltest.Record(1), journaltest.Progress(1, 2)},
			want:    []journal.Problem{journal.NoIntent},
		},
		"two intents":         {entries: []journal.Entry{journaltest.Intent(1), journaltest.Intent(1)}, want: []journal.Problem{journal.SecondIntent}, open: 1},
		"a second open entry": {entries: []journal.Entry{journaltest.Open(journaltest.Chain(1))}, want: []journal.Problem{journal.BadOpen}},
		"an altered document": {entries: []journal.Entry{wrongDocument}, want: []journal.Problem{journal.BadDocument}},
		"something after the end": {
			entries: []journal.Entry{journaltest.Seal(journaltest.Chain(1)), journaltest.Refused(1)},
			want:    []journal.Problem{journal.AfterSeal},
		},
	} {
		j := journal.NewMemory()
		journaltest.Begin(t, j, journaltest.Chain(1)).Append(t, c.entries...)
		names, report := problems(t, j)
		if diff := cmp.Diff(c.want, names); diff != "" || report.Open != c.open {
			t.Errorf("%s: %d open, want %d (-want +got):\n%s", name, report.Open, c.open, diff)
		}
	}
}

func TestVerifyAcceptsARecordThatARecovererWroteIntoAnEarlierChain(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	recoverer := journaltest.Begin(t, j, journaltest.Chain(1))
	dead := journaltest.Begin(t, j, journaltest.Chain(2))
	dead.Append(t, journaltest.Intent(1))
	recoverer.Append(t, journaltest.Record(1), journaltest.Seal(dead.Chain))

	names, report := problems(t, j)

	if len(names) != 0 || report.Open != 0 {
		t.Errorf("found %v, %d open", report.Findings, report.Open)
	}
}

func TestFindingsNameTheirPlace(t *testing.T) {
	t.Parallel()
	_, report := problems(t, altered{Journal: history(t), block: func(b *journal.Block) bool {
		if b.Number == 3 {
			b.Bytes[20] = 0xff
		}
		return true
	}})
	text := report.Findings[0].String()
	if !strings.Contains(text, journaltest.Chain(1).String()) || !strings.Contains(text, "block 3") {
		t.Errorf("got %s", text)
	}
}
