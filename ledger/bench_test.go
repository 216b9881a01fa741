package ledger_test

import (
	"testing"
	"time"

	"concord/journal"
	"concord/ledger"
)

// mix is records of the examples' customers, as the demo has them.
func mix(w *world, n int) []*journal.Entry {
	at := date("2026-05-04")
	all := make([]*journal.Entry, n)
	for i := range all {
		var r *journal.Record
		switch i % 5 {
		case 0, 1:
			r = sale("acme", "openai", gpt54, "azure", "openai", "0.020", "0.007")
		case 2:
			r = sale("acme", "openai", gpt54, "aws", "openai", "0.0203", "0.0071")
		case 3:
			r = sale("contoso", "microsoft", gpt54, "azure", "microsoft", "0.0204", "")
		case 4:
			r = sale("globex", "amazon", gpt54, "aws", "amazon", "0.022", "")
		}
		all[i] = w.entry(at.Add(time.Duration(i)*time.Millisecond), r)
	}
	return all
}

// BenchmarkPost measures posting alone; BOOKS' case A is two fifths of the records.
func BenchmarkPost(b *testing.B) {
	w := example(b)
	entries := mix(w, 1000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := ledger.Post(w.state, entries[i%len(entries)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkReplay measures reading blocks of a journal and posting them.
func BenchmarkReplay(b *testing.B) {
	w := example(b)
	j := fill(b, mix(w, 20000), 256, documents(b, "openai-microsoft.yaml", "openai-clouds.yaml"))
	b.ReportAllocs()
	records := 0
	for b.Loop() {
		s := ledger.NewState()
		if _, err := ledger.Replay(b.Context(), j, s, journal.Cursor{}, journal.Cursor{}, nil, nil); err != nil {
			b.Fatal(err)
		}
		records += int(s.Transactions())
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// fill writes documents and entries to a journal in memory, in blocks of n entries.
func fill(t testing.TB, entries []*journal.Entry, n int, documents []*journal.Document) *journal.Memory {
	t.Helper()
	j := journal.NewMemory()
	chain := journal.ChainID{Gateway: "test", Started: 1, Random: 1}
	if err := j.OpenChain(t.Context(), chain); err != nil {
		t.Fatal(err)
	}
	var all []*journal.Entry
	all = append(all, &journal.Entry{Time: 1, ID: "open", Body: &journal.Open{Chain: chain, Gateway: "test", Version: "test"}})
	for _, d := range documents {
		all = append(all, &journal.Entry{Time: 1, ID: d.Name, Body: d})
	}
	all = append(all, entries...)
	var last *journal.Block
	for len(all) > 0 {
		take := min(n, len(all))
		block := &journal.Block{Chain: chain, Count: take, Bytes: journal.BeginBlock(nil)}
		for _, e := range all[:take] {
			var err error
			if block.Bytes, err = journal.AppendToBlock(block.Bytes, e); err != nil {
				t.Fatal(err)
			}
		}
		block.Finish(last, 2)
		if err := j.AppendBlock(t.Context(), block); err != nil {
			t.Fatal(err)
		}
		last, all = block, all[take:]
	}
	return j
}
