package journal_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
)

// filled returns a journal of n requests, an intent and a record each, in blocks of 512 entries.
func filled(b *testing.B, n int) *journal.Memory {
	b.Helper()
	j := journal.NewMemory()
	w := journaltest.Begin(b, j, journaltest.Chain(1))
	for at := 0; at < n; at += 256 {
		var entries []journal.Entry
		for i := at; i < min(n, at+256); i++ {
			entries = append(entries, journaltest.Intent(i), journaltest.Record(i))
		}
		w.Append(b, entries...)
	}
	return j
}

// BenchmarkVerify walks a journal of 100,000 requests as concord journal verify does; BENCH asks for 1,000,000 entries/s.
func BenchmarkVerify(b *testing.B) {
	j := filled(b, 100_000)
	entries := uint64(0)
	for b.Loop() {
		report, err := journal.Verify(b.Context(), j, journal.VerifyOptions{Go: func(f func()) { go f() }})
		if err != nil || !report.Good() {
			b.Fatal(err, report)
		}
		entries += report.Entries
	}
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkSum hashes the blocks alone: the floor of verification.
func BenchmarkSum(b *testing.B) {
	j := filled(b, 100_000)
	entries, size := 0, int64(0)
	for b.Loop() {
		size = 0
		err := j.Blocks(b.Context(), journal.Cursor{}, func(block *journal.Block) bool {
			if block.Sum() != block.Hash {
				b.Fatal("a hash is wrong")
			}
			entries += block.Count
			size += int64(len(block.Bytes))
			return true
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(size)
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
}
