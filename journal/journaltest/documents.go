package journaltest

import (
	"slices"
	"testing"

	"concord/journal"
)

// Documented returns the chain and number of each block that Documents gives after a position and that holds documents or facts.
func Documented(t testing.TB, j journal.Journal, after journal.Cursor) (found [][2]uint64) {
	t.Helper()
	err := journal.Documents(t.Context(), j, after, func(b *journal.Block) bool {
		tells := false
		if err := b.Headings(func(h *journal.Heading) { tells = tells || h.Kind.Documents() }); err != nil {
			t.Error(err)
		}
		if tells {
			found = append(found, [2]uint64{b.Ordinal, b.Number})
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func documents(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	c.Append(t, Document(1), Intent(1))
	c.Append(t, Intent(2), Record(1))
	c.Append(t, Record(2))
	c.Append(t, Fact(3))
	d := Begin(t, j, Chain(2))
	d.Append(t, Intent(3))
	d.Append(t, Record(3), Document(2))

	all := Documented(t, j, journal.Cursor{})
	if want := [][2]uint64{{1, 2}, {1, 5}, {2, 3}}; !slices.Equal(all, want) {
		t.Errorf("documents stand in %v, want %v", all, want)
	}
	if got, want := Documented(t, j, journal.Cursor{Chain: 1, Block: 2}), all[1:]; !slices.Equal(got, want) {
		t.Errorf("after the first: %v, want %v", got, want)
	}
	if got := Documented(t, j, journal.Cursor{Chain: 2, Block: 3}); len(got) > 0 {
		t.Errorf("after the last: %v", got)
	}
	stopped := 0
	if err := journal.Documents(t.Context(), j, journal.Cursor{}, func(*journal.Block) bool { stopped++; return false }); err != nil || stopped != 1 {
		t.Errorf("a reader that stops saw %d blocks, %v", stopped, err)
	}
}

// bounded holds what a storage says of open requests to what it is for: no intent of a block up to there is open.
func bounded(t *testing.T, j journal.Journal) {
	c := Begin(t, j, Chain(1))
	upTo := func() uint64 {
		chains, err := j.Chains(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n, err := journal.ResolvedUpTo(t.Context(), j, &chains[0])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for n := 1; n <= 300; n++ {
		c.Append(t, Intent(n), Record(n))
	}
	_, told := j.(journal.Resolving)
	if got := upTo(); got > 301 || told && got == 0 {
		t.Errorf("all is resolved up to block %d of 301", got)
	}
	c.Append(t, Intent(301)) // block 302
	for n := 302; n <= 600; n++ {
		c.Append(t, Intent(n), Record(n))
	}
	if got := upTo(); got > 301 {
		t.Errorf("all is resolved up to block %d, and the intent of block 302 is open", got)
	}
	c.Append(t, Record(301))
	for n := 602; n <= 1100; n++ {
		c.Append(t, Intent(n), Record(n))
	}
	if got := upTo(); told && got < 602 {
		t.Errorf("all is resolved up to block %d, and nothing was open after block 602", got)
	}
}
