package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"concord/journal"
)

// settleConflicts removes from a group what stands in the journal, or earlier in the group, already and may stand once: an entry
// that says the same is as good as durable, another one fails with ErrConflict. One such entry must not hold up the rest. It
// reports whether it removed any.
func (c *Committer) settleConflicts(ctx context.Context, g *group, b *journal.Block) bool {
	type identity struct {
		request journal.RequestID
		part    uint32
	}
	verdicts := map[int]error{}          // by index in the group; nil = the same again
	whole := map[*journal.Commit]error{} // what was appended together with a fact, or a set, that was refused
	seen := map[identity][]byte{}
	i := -1
	err := b.Headings(func(h *journal.Heading) {
		i++
		if h.Kind == journal.KindMerge { // whoever appended it looks again what is next
			verdicts[i] = fmt.Errorf("merge: %w", journal.ErrConflict)
			return
		}
		if !h.Sole {
			return
		}
		id := identity{h.Request, h.Part}
		this, err := content(b, h.Offset)
		if err != nil {
			return
		}
		before, ok := seen[id]
		if !ok {
			before, ok = c.recorded(ctx, h)
		}
		switch {
		case !ok:
			seen[id] = this
		case bytes.Equal(before, this):
			verdicts[i] = nil
		default:
			verdicts[i] = fmt.Errorf("a second %s of %s: %w", h.Kind, h.Request, journal.ErrConflict)
			if h.Kind.Documents() {
				whole[g.entries[i].commit] = verdicts[i]
			}
			c.options.Log.Error("a second entry under the same identity was refused", slog.String("kind", h.Kind.String()), slog.String("request", h.Request.String()))
		}
	})
	if err != nil || len(verdicts) == 0 {
		return false
	}
	for i := range g.entries {
		if verdict, refused := whole[g.entries[i].commit]; refused {
			verdicts[i] = verdict
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entries, size := len(g.entries), g.size()
	g.filter(func(i int, q *queued) bool {
		verdict, drop := verdicts[i]
		if drop && verdict != nil {
			q.commit.Fail(verdict)
		}
		return !drop
	})
	c.waiting -= entries - len(g.entries)
	c.bytes -= size - g.size()
	c.vacate()
	return true
}

// content returns the bytes of the entry at an offset.
func content(b *journal.Block, offset int) ([]byte, error) {
	e, err := b.EntryAt(offset)
	if err != nil {
		return nil, err
	}
	return journal.AppendEntry(nil, &e)
}

// recorded returns the bytes of the entry of the same identity in the journal.
func (c *Committer) recorded(ctx context.Context, h *journal.Heading) ([]byte, bool) {
	entries, err := c.journal.Find(ctx, h.Request)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return nil, false
	}
	for i := range entries {
		if e := &entries[i]; e.Body.Kind() == h.Kind && e.Key() == h.Request && e.Part == h.Part {
			b, err := journal.AppendEntry(nil, e)
			return b, err == nil
		}
	}
	return nil, false
}
