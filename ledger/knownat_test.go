package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

func amountsEqual() cmp.Option {
	return cmp.Comparer(func(a, b money.Amount) bool { return a == b })
}

func TestWhatWasKnownAtAPositionNeverChanges(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := drawHistory(t, r, 2, 15)
		j := fill(t, h.entries, 3, documents(t, "openai-microsoft.yaml", "openai-clouds.yaml"))
		b := ledger.NewMemory()
		day := int32(20574) + rapid.Int32Range(0, 60).Draw(r, "as of") // 1 May 2026 and later
		filters := []ledger.Filter{{}, {Clause: toMicrosoft, Until: day + 1}}
		type view struct {
			at   journal.Cursor
			seen [][]ledger.Balance
		}
		var views []view
		saveAll(t, j, b, func() bool { return true }, func(at journal.Cursor) {
			v := view{at: at}
			for _, f := range filters {
				seen, err := ledger.Balances(t.Context(), b, f)
				if err != nil {
					t.Fatal(err)
				}
				v.seen = append(v.seen, seen)
			}
			views = append(views, v)
		})
		for range 2 {
			v := rapid.SampledFrom(views).Draw(r, "view")
			for i, f := range filters {
				got, err := ledger.BalancesAt(t.Context(), b, j, v.at, f)
				if err != nil {
					r.Fatal(err)
				}
				if diff := cmp.Diff(v.seen[i], got, amountsEqual()); diff != "" {
					r.Fatalf("what was known at %v of filter %d (-then +now):\n%s", v.at, i, diff)
				}
			}
		}
	})
}

func TestWhatWasKnownIsFoundFromTheCheckpointBefore(t *testing.T) {
	w := example(t)
	j := fill(t, mix(w, 70000), 1000, documents(t, "openai-microsoft.yaml", "openai-clouds.yaml"))
	b := ledger.NewMemory()
	saveAll(t, j, b, func() bool { return true })

	for _, block := range []uint64{1, 66, 69} { // a checkpoint is at 66
		at := journal.Cursor{Chain: 1, Block: block}
		s := ledger.NewState()
		if _, err := ledger.Replay(t.Context(), j, s, journal.Cursor{}, at, nil, nil); err != nil {
			t.Fatal(err)
		}
		cells, _, err := s.Changes()
		if err != nil {
			t.Fatal(err)
		}
		then := ledger.NewMemory()
		if err := then.Save(t.Context(), &ledger.Batch{Cells: cells}); err != nil {
			t.Fatal(err)
		}
		want, err := ledger.Balances(t.Context(), then, ledger.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := ledger.BalancesAt(t.Context(), b, j, at, ledger.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, amountsEqual()); diff != "" {
			t.Errorf("block %d (-want +got):\n%s", block, diff)
		}
	}
}

func TestAPositionIsFoundByTheInstantOfItsBlock(t *testing.T) {
	j := journal.NewMemory()
	chain := journal.ChainID{Gateway: "test", Started: 1, Random: 1}
	if err := j.OpenChain(t.Context(), chain); err != nil {
		t.Fatal(err)
	}
	var last *journal.Block
	for _, recorded := range []int64{10, 20, 30} {
		block := &journal.Block{Chain: chain, Count: 1, Bytes: journal.BeginBlock(nil)}
		var err error
		block.Bytes, err = journal.AppendToBlock(block.Bytes, &journal.Entry{Time: 1, ID: "open", Part: uint32(recorded), Body: &journal.Open{Chain: chain}})
		if err != nil {
			t.Fatal(err)
		}
		block.Finish(last, recorded)
		if err := j.AppendBlock(t.Context(), block); err != nil {
			t.Fatal(err)
		}
		last = block
	}
	for instant, want := range map[int64]journal.Cursor{9: {}, 10: {Chain: 1, Block: 1}, 29: {Chain: 1, Block: 2}, 30: {Chain: 1, Block: 3}, 99: {Chain: 1, Block: 3}} {
		got, err := ledger.PositionAt(t.Context(), j, instant)
		if err != nil || got != want {
			t.Errorf("known at %d: %v, %v, want %v", instant, got, err, want)
		}
	}
}

func TestBooksThatAreNotThereYetCannotTell(t *testing.T) {
	w := example(t)
	j := fill(t, mix(w, 10), 3, documents(t, "openai-microsoft.yaml", "openai-clouds.yaml"))
	b := ledger.NewMemory()
	saveOnce(t, j, b)
	if _, err := ledger.BalancesAt(t.Context(), b, j, journal.Cursor{Chain: 1, Block: 3}, ledger.Filter{}); err == nil {
		t.Error("balances are known before they are posted")
	}
}
