package store

import (
	"fmt"
	"log/slog"
	"time"

	"concord/journal"
)

// recordRoom is what the storage may need for one record that is committed alone: the pages that it changes, as the
// write-ahead log takes them.
const recordRoom = 64 << 10

// lookEvery is how long a look at the free space holds. In that time far less is written than the least reserve.
const lookEvery = 50 * time.Millisecond

// room watches the free space below the journal. What is open must find room to end: new requests are refused while less
// is free than the reserve and a record's room for each open intent.
type room struct {
	looked int64 // instant; 0 = never
	err    error // why nothing may begin; nil = there is room
}

// beginning says whether entries begin a request, or may be left out: those are refused for want of space. Whatever a
// request needs to end is taken.
func beginning(entries []journal.Entry) bool {
	for i := range entries {
		switch b := entries[i].Body.(type) {
		case *journal.Intent, *journal.Progress:
			return true
		case *journal.Record:
			if b.Outcome == journal.Refused {
				return true
			}
		}
	}
	return false
}

// Well says why nothing new would be admitted now, whether or not anybody asks for it; nil = it would be.
func (c *Committer) Well() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.fenced:
		return journal.ErrFenced
	case c.closing:
		return errClosing
	case c.unwell:
		return journal.ErrUnwell
	}
	return c.space()
}

// space says why nothing may begin for want of space. The caller holds mu.
func (c *Committer) space() error {
	o := &c.options
	if o.Free == nil || o.Reserve <= 0 {
		return nil
	}
	now := o.Now()
	if since := now - c.room.looked; c.room.looked != 0 && since >= 0 && since < int64(lookEvery) {
		return c.room.err
	}
	was := c.room.err
	c.room = room{looked: now}
	open := int64(c.stats.Open + c.waiting)
	need := o.Reserve + open*recordRoom
	free, err := o.Free()
	switch {
	case err != nil:
		c.room.err = fmt.Errorf("look for free space: %w: %w", journal.ErrUnwell, err)
	case free < need:
		c.room.err = fmt.Errorf("%d bytes are free, and %d are kept for what is open: %w", free, need, journal.ErrUnwell)
	}
	switch {
	case c.room.err != nil && was == nil:
		o.Log.Error("space is short, nothing new is admitted", slog.String("chain", c.chain.String()), slog.Any("error", c.room.err))
	case c.room.err == nil && was != nil:
		o.Log.Info("there is space again", slog.String("chain", c.chain.String()), slog.Int64("free", free))
	}
	return c.room.err
}

// complete reports whether entries are a request from its intent to its record: it was served while nothing was admitted.
func complete(entries []journal.Entry) bool {
	if len(entries) != 2 {
		return false
	}
	in, begins := entries[0].Body.(*journal.Intent)
	r, ends := entries[1].Body.(*journal.Record)
	return begins && ends && in.Request == r.Request
}
