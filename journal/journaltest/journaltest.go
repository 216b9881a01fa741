// Package journaltest holds the conformance suite of journal.Journal: every storage of the journal passes it.
package journaltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
)

// Run holds a storage to the contract of journal.Journal. open returns an empty journal; Run closes it.
func Run(t *testing.T, open func(t *testing.T) journal.Journal) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, j journal.Journal)
	}{
		{"an_empty_journal_has_no_chains_and_no_blocks", empty},
		{"blocks_are_read_as_they_were_appended", roundTrip},
		{"the_storage_keeps_nothing_of_the_block_that_it_was_given", keepsNothing},
		{"a_chain_opens_once", opensOnce},
		{"a_chain_that_was_never_opened_takes_nothing", neverOpened},
		{"a_gateway_without_a_name_opens_no_chain", nameless},
		{"a_block_that_does_not_follow_the_head_is_fenced", heads},
		{"a_sealed_chain_refuses_and_stays_as_it_was", sealed},
		{"of_two_writers_of_one_chain_one_wins", race},
		{"blocks_come_in_posting_order_after_any_cursor", order},
		{"a_reader_may_stop", stop},
		{"a_cancelled_context_ends_reading", cancelled},
		{"a_cancelled_append_changes_nothing", cancelledAppend},
		{"find_returns_the_entries_of_a_request_in_order", find},
		{"a_request_has_one_record", oneRecord},
		{"later_parts_are_records_of_their_own", parts},
		{"an_object_finds_the_request_that_made_it_and_its_parts", objects},
		{"an_object_that_two_clouds_name_alike_finds_both_requests", alike},
		{"what_is_pending_is_listed_until_its_part_comes", pending},
		{"what_is_recorded_of_a_request_later_is_found_beside_it", later},
		{"an_entry_with_an_identity_of_its_own_stands_once", ownIdentity},
		{"a_seal_entry_settles_the_chain_that_it_names", settles},
		{"readers_beside_a_writer_see_whole_blocks", readersBeside},
		{"a_large_block_comes_back_whole", large},
		{"verify_finds_nothing_wrong", verify},
		{"documents_and_facts_are_found_without_the_rest", documents},
		{"where_no_request_is_open_is_known", bounded},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := open(t)
			t.Cleanup(func() {
				if err := j.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			c.test(t, j)
		})
	}
}

func empty(t *testing.T, j journal.Journal) {
	chains, err := j.Chains(t.Context())
	if err != nil || len(chains) != 0 {
		t.Errorf("chains: %v, %v, want none", chains, err)
	}
	if got := blocks(t, j, journal.Cursor{}); len(got) != 0 {
		t.Errorf("got %d blocks, want none", len(got))
	}
	if _, err := j.Find(t.Context(), Request(1)); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("find: %v, want %v", err, journal.ErrNotFound)
	}
}

func roundTrip(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(1), Intent(2))
	c.Append(t, Record(2), Record(1))

	got := blocks(t, j, journal.Cursor{})

	if diff := cmp.Diff(c.Blocks, got); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	chains, err := j.Chains(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []journal.ChainState{{ID: Chain(1), Ordinal: 1, Blocks: 3, Entries: 5, Head: c.Head().Hash}}
	if diff := cmp.Diff(want, chains); diff != "" {
		t.Errorf("chains (-want +got):\n%s", diff)
	}
}

func keepsNothing(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	b := c.Next(t, Intent(1))
	want := *b
	want.Bytes = append([]byte(nil), b.Bytes...)
	if err := j.AppendBlock(t.Context(), b); err != nil {
		t.Fatal(err)
	}

	for i := range b.Bytes {
		b.Bytes[i] = 0xff
	}

	got := blocks(t, j, journal.Cursor{Chain: 1, Block: 1})
	if diff := cmp.Diff([]journal.Block{want}, got); diff != "" {
		t.Errorf("block (-want +got):\n%s", diff)
	}
}

func opensOnce(t *testing.T, j journal.Journal) {
	if err := j.OpenChain(t.Context(), Chain(1)); err != nil {
		t.Fatal(err)
	}
	if err := j.OpenChain(t.Context(), Chain(1)); !errors.Is(err, journal.ErrConflict) {
		t.Errorf("second opening: %v, want %v", err, journal.ErrConflict)
	}
}

func neverOpened(t *testing.T, j journal.Journal) {
	c := Writer{Chain: Chain(1)}
	if err := j.AppendBlock(t.Context(), c.Next(t, Open(Chain(1)))); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("append: %v, want %v", err, journal.ErrNotFound)
	}
	if err := j.SealChain(t.Context(), Chain(1)); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("seal: %v, want %v", err, journal.ErrNotFound)
	}
}

func nameless(t *testing.T, j journal.Journal) {
	if err := j.OpenChain(t.Context(), journal.ChainID{Started: 1}); err == nil {
		t.Error("a chain without a gateway's name was opened")
	}
}

func heads(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(1))
	good := c.Next(t, Intent(2))
	for name, spoil := range map[string]func(*journal.Block){
		"the same number again":  func(b *journal.Block) { b.Number-- },
		"a number too far":       func(b *journal.Block) { b.Number++ },
		"another previous hash":  func(b *journal.Block) { b.Prev[0] ^= 1 },
		"another first sequence": func(b *journal.Block) { b.First++ },
	} {
		bad := *good
		spoil(&bad)
		bad.Hash = bad.Sum()
		if err := j.AppendBlock(t.Context(), &bad); !errors.Is(err, journal.ErrFenced) {
			t.Errorf("%s: %v, want %v", name, err, journal.ErrFenced)
		}
	}

	if err := j.AppendBlock(t.Context(), good); err != nil {
		t.Errorf("the block that follows: %v", err)
	}
	if got := len(blocks(t, j, journal.Cursor{})); got != 3 {
		t.Errorf("got %d blocks, want 3", got)
	}
}

func sealed(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(1))

	if err := j.SealChain(t.Context(), c.Chain); err != nil {
		t.Fatal(err)
	}
	if err := j.SealChain(t.Context(), c.Chain); err != nil {
		t.Errorf("sealing again: %v", err)
	}

	if err := j.AppendBlock(t.Context(), c.Next(t, Record(1))); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("append: %v, want %v", err, journal.ErrFenced)
	}
	chains, err := j.Chains(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []journal.ChainState{{ID: c.Chain, Ordinal: 1, Blocks: 2, Entries: 2, Head: c.Head().Hash, Sealed: true}}
	if diff := cmp.Diff(want, chains); diff != "" {
		t.Errorf("chains (-want +got):\n%s", diff)
	}
	if _, err := j.Find(t.Context(), Request(1)); err != nil {
		t.Errorf("what stands in it: %v", err)
	}
}

func race(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	const writers = 8
	contenders := make([]*journal.Block, writers)
	for i := range contenders {
		contenders[i] = c.Next(t, Intent(10+i))
	}
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for i := range contenders {
		wg.Go(func() { errs[i] = j.AppendBlock(t.Context(), contenders[i]) })
	}
	wg.Wait()

	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, journal.ErrFenced):
			t.Errorf("a loser got %v, want %v", err, journal.ErrFenced)
		}
	}
	if won != 1 {
		t.Errorf("%d writers won, want 1", won)
	}
}

func order(t *testing.T, j journal.Journal) {
	var want []journal.Block
	for n := range 3 {
		c := Begin(t, j, Chain(n))
		for i := range 70 { // more than a storage may read at once
			c.Append(t, Intent(1000*n+i))
		}
		want = append(want, c.Blocks...)
	}

	for _, after := range []int{0, 1, 69, 70, 71, 72, 142, 211, 212, 213} {
		cursor := journal.Cursor{}
		if after > 0 {
			cursor = want[after-1].At()
		}
		if diff := cmp.Diff(want[after:], blocks(t, j, cursor), cmp.Transformer("empty", func(b []journal.Block) []journal.Block {
			return append([]journal.Block{}, b...)
		})); diff != "" {
			t.Fatalf("after %v (-want +got):\n%s", cursor, diff)
		}
	}
	if got := blocks(t, j, journal.Cursor{Chain: 2}); !cmp.Equal(want[71:], got) {
		t.Errorf("after the start of chain 2: %d blocks, want %d", len(got), len(want[71:]))
	}
}

func stop(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(1))
	calls := 0
	if err := j.Blocks(t.Context(), journal.Cursor{}, func(*journal.Block) bool { calls++; return false }); err != nil {
		t.Error(err)
	}
	if calls != 1 {
		t.Errorf("yield was called %d times, want 1", calls)
	}
}

func cancelled(t *testing.T, j journal.Journal) {
	Begin(t, j, Chain(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Blocks(ctx, journal.Cursor{}, func(*journal.Block) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func cancelledAppend(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	b := c.Next(t, Intent(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.AppendBlock(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if err := j.AppendBlock(t.Context(), b); err != nil {
		t.Errorf("the same block later: %v", err)
	}
}

func find(t *testing.T, j journal.Journal) {
	first := Begin(t, j, Chain(1))
	first.Append(t, Intent(1), Intent(2), Attempt(1))
	first.Append(t, Record(2))
	first.Append(t, Progress(1, 10), Progress(1, 20))
	second := Begin(t, j, Chain(2))
	second.Append(t, Record(1))

	got, err := j.Find(t.Context(), Request(1))
	if err != nil {
		t.Fatal(err)
	}

	want := []journal.Entry{Intent(1), Attempt(1), Progress(1, 10), Progress(1, 20), Record(1)}
	places := []journal.Cursor{{Chain: 1, Block: 2}, {Chain: 1, Block: 2}, {Chain: 1, Block: 4}, {Chain: 1, Block: 4}, {Chain: 2, Block: 2}}
	recorded := []int64{2, 2, 4, 4, 2}
	for i := range want {
		want[i].At, want[i].Recorded = places[i], recorded[i]
	}
	if diff := cmp.Diff(want, got, Amounts); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func oneRecord(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Intent(1), Intent(2))
	c.Append(t, Record(1))
	for name, entries := range map[string][]journal.Entry{
		"in a later block":  {Record(2), Record(1)},
		"in the same block": {Record(2), Record(2)},
	} {
		if err := j.AppendBlock(t.Context(), c.Next(t, entries...)); !errors.Is(err, journal.ErrConflict) {
			t.Errorf("a second record %s: %v, want %v", name, err, journal.ErrConflict)
		}
	}

	c.Append(t, Record(2))

	got, err := j.Find(t.Context(), Request(2))
	if err != nil || len(got) != 2 {
		t.Errorf("got %d entries and %v, want intent and record", len(got), err)
	}
}

func parts(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	later := Record(1)
	later.Part = 1
	c.Append(t, Intent(1), Record(1), later)

	if err := j.AppendBlock(t.Context(), c.Next(t, later)); !errors.Is(err, journal.ErrConflict) {
		t.Errorf("the same part again: %v, want %v", err, journal.ErrConflict)
	}
	got, err := j.Find(t.Context(), Request(1))
	if err != nil || len(got) != 3 {
		t.Errorf("got %d entries and %v, want 3", len(got), err)
	}
}

func settles(t *testing.T, j journal.Journal) {
	Begin(t, j, Chain(1))
	second := Begin(t, j, Chain(2))
	second.Append(t, Seal(Chain(1)))

	chains, err := j.Chains(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !chains[0].Settled || chains[1].Settled {
		t.Errorf("settled: %v and %v, want the first alone", chains[0].Settled, chains[1].Settled)
	}
}

func readersBeside(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	const writes = 100
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for last := uint64(0); last < writes; {
				seen, prev := uint64(0), journal.Hash{}
				err := j.Blocks(context.Background(), journal.Cursor{}, func(b *journal.Block) bool {
					if b.Number != seen+1 || b.Prev != prev || b.Sum() != b.Hash {
						t.Errorf("block %d after %d does not fit", b.Number, seen)
					}
					seen, prev = b.Number, b.Hash
					return true
				})
				if err != nil || seen < last {
					t.Errorf("read %d blocks after %d: %v", seen, last, err)
					return
				}
				last = seen
				select {
				case <-done:
					last = writes
				default:
				}
			}
		})
	}
	for i := range writes {
		c.Append(t, Intent(i), Record(i))
	}
	close(done)
	wg.Wait()
}

func large(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	entries := []journal.Entry{Document(3 << 20)}
	for i := range 3000 { // more than any committer puts in one
		entries = append(entries, Intent(i), Record(i))
	}
	c.Append(t, entries...)

	got := blocks(t, j, journal.Cursor{Chain: 1, Block: 1})
	if len(got) != 1 || got[0].Sum() != c.Head().Hash {
		t.Error("the block did not come back as it was")
	}
	for _, n := range []int{0, 1023, 1024, 2999} {
		if found, err := j.Find(t.Context(), Request(n)); err != nil || len(found) != 2 {
			t.Errorf("request %d: %d entries, %v", n, len(found), err)
		}
	}
}

func verify(t *testing.T, j journal.Journal) {
	first := Begin(t, j, Chain(1))
	first.Append(t, Document(100), Intent(1), Intent(2), Intent(3), Attempt(1), Progress(1, 5))
	first.Append(t, Record(1), Refused(9))
	if err := j.SealChain(t.Context(), first.Chain); err != nil {
		t.Fatal(err)
	}
	second := Begin(t, j, Chain(2))
	second.Append(t, Record(2), Record(3))
	second.Append(t, Seal(first.Chain), Intent(4))

	report, err := journal.Verify(t.Context(), j, journal.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}

	if !report.Good() {
		t.Errorf("findings: %v", report.Findings)
	}
	got := fmt.Sprintf("%d blocks, %d entries, %d open, chains %d and %d open", report.Blocks, report.Entries, report.Open,
		report.Chains[0].Open, report.Chains[1].Open)
	if want := "6 blocks, 14 entries, 1 open, chains 0 and 1 open"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// blocks reads all blocks after a cursor.
func blocks(t *testing.T, j journal.Journal, after journal.Cursor) []journal.Block {
	t.Helper()
	var got []journal.Block
	err := j.Blocks(t.Context(), after, func(b *journal.Block) bool {
		kept := *b
		kept.Bytes = append([]byte(nil), b.Bytes...)
		got = append(got, kept)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
