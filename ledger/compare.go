package ledger

import (
	"bytes"
	"context"
	"fmt"

	"concord/journal"
)

// maxFaults is how many differing cells a comparison lists before it stops.
const maxFaults = 100

// compare posts the journal again up to the books' position and compares state and cells.
func (r *Report) compare(ctx context.Context, saved *Saved, b Books, j journal.Journal) error {
	r.Replayed = true
	s := NewState()
	if saved.Cursor != (journal.Cursor{}) {
		at, err := Replay(ctx, j, s, journal.Cursor{}, saved.Cursor, nil, func(at journal.Cursor) error {
			s.Checkpoint(at) // what is due is part of the state
			return nil
		})
		if err != nil {
			return fmt.Errorf("post the journal again: %w", err)
		}
		if at != saved.Cursor {
			r.fault("journal", "", "the books are at chain %d, block %d; the journal ends at chain %d, block %d",
				saved.Cursor.Chain, saved.Cursor.Block, at.Chain, at.Block)
			return nil
		}
		if !bytes.Equal(s.Encode(), saved.State) {
			r.fault("journal", "", "the state differs from what the journal gives: rebuild the books")
		}
	}
	want, _, err := s.Changes()
	if err != nil {
		return err
	}
	c := comparison{report: r, want: want}
	if err := b.Cells(ctx, c.cell); err != nil {
		return fmt.Errorf("read cells: %w", err)
	}
	c.finish()
	return r.activity(ctx, b, s.Observed())
}

// activity compares the rows of activity with what the journal gives.
func (r *Report) activity(ctx context.Context, b Books, want []ActivityRow) error {
	differing := 0
	err := b.Activity(ctx, EverSince, EverUntil, func(have ActivityRow) bool {
		for len(want) > 0 && compareRows(want[0], have) < 0 {
			want, differing = want[1:], differing+1
		}
		if len(want) == 0 || !bytes.Equal(want[0].Key, have.Key) {
			differing++
			return true
		}
		if !bytes.Equal(want[0].Value, have.Value) {
			differing++
		}
		want = want[1:]
		return true
	})
	if err != nil {
		return fmt.Errorf("read activity: %w", err)
	}
	if differing += len(want); differing > 0 {
		r.fault("journal", "", "%d counts of requests differ from what the journal gives: rebuild the books", differing)
	}
	return nil
}

// A comparison goes through the cells of books beside those that the journal gives, both in canonical order.
type comparison struct {
	report    *Report
	want      []Cell // what is left of them
	differing int
}

// cell compares the books' next cell; false is enough.
func (c *comparison) cell(have Cell) bool {
	for len(c.want) > 0 && c.want[0].Key.Compare(have.Key) < 0 {
		c.missing()
	}
	switch {
	case len(c.want) == 0 || c.want[0].Key != have.Key:
		c.differ(have.Book, "%s on day %d is %s; the journal gives nothing there", have.Account, have.Day, have.Amount)
	case c.want[0] != have:
		want := c.want[0]
		c.differ(have.Book, "%s on day %d is %s after %d transactions; the journal gives %s after %d",
			have.Account, have.Day, have.Amount, have.Count, want.Amount, want.Count)
		c.want = c.want[1:]
	default:
		c.want = c.want[1:]
	}
	return c.differing < maxFaults
}

func (c *comparison) missing() {
	want := c.want[0]
	c.want = c.want[1:]
	c.differ(want.Book, "%s on day %d is not in the books; the journal gives %s", want.Account, want.Day, want.Amount)
}

func (c *comparison) finish() {
	for len(c.want) > 0 && c.differing < maxFaults {
		c.missing()
	}
	if c.differing >= maxFaults {
		c.report.fault("journal", "", "at least %d cells differ from what the journal gives: rebuild the books", c.differing)
	}
}

func (c *comparison) differ(book, format string, args ...any) {
	if c.differing++; c.differing < maxFaults {
		c.report.fault("journal", book, format, args...)
	}
}
