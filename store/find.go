package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"concord/journal"
)

// Index is what a journal keeps beside its blocks to find entries by. A place names a block.
type Index interface {
	// Places returns the places of the blocks that hold entries of a request, in order.
	Places(ctx context.Context, id journal.RequestID) ([]int64, error)
	// Makers returns the requests whose records name an object, oldest first: their ids begin with the instant.
	Makers(ctx context.Context, key journal.ObjectKey) ([]journal.RequestID, error)
	// Waiting returns at most so many pending records after one, by time, request and part.
	Waiting(ctx context.Context, after Waiting, most int) ([]Waiting, error)
	// Block reads the block at a place.
	Block(ctx context.Context, place int64) (*journal.Block, error)
}

// Waiting is a record that is still pending, as an index has it.
type Waiting struct {
	Time    int64
	Request journal.RequestID
	Part    int64
	Place   int64
}

// Find returns the entries of a request, and after them what was recorded of it later.
func Find(ctx context.Context, x Index, id journal.RequestID) ([]journal.Entry, error) {
	places, err := x.Places(ctx, id)
	if err != nil {
		return nil, err
	}
	var own, also []journal.Entry
	for _, place := range places {
		found, err := entriesAt(ctx, x, place, func(h *journal.Heading) bool { return h.Request == id || slices.Contains(h.Also, id) })
		if err != nil {
			return nil, fmt.Errorf("find request %s: %w", id, err)
		}
		for i := range found {
			if found[i].Key() == id {
				own = append(own, found[i])
			} else {
				also = append(also, found[i])
			}
		}
	}
	if len(own)+len(also) == 0 {
		return nil, fmt.Errorf("request %s: %w", id, journal.ErrNotFound)
	}
	return append(own, also...), nil
}

// FindObject returns the entries of the requests that made an object.
func FindObject(ctx context.Context, x Index, object string) ([]journal.Entry, error) {
	requests, err := x.Makers(ctx, journal.KeyOfObject(object))
	if err != nil {
		return nil, err
	}
	var found []journal.Entry
	for _, id := range requests {
		entries, err := Find(ctx, x, id)
		if err != nil {
			return nil, fmt.Errorf("find object %q: %w", object, err)
		}
		found = append(found, entries...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("object %q: %w", object, journal.ErrNotFound)
	}
	return found, nil
}

// pendingPage is how many rows are read at once: nothing of the storage is held while they are used.
const pendingPage = 256

// Pending calls yield for the records that are still pending, from an instant on.
func Pending(ctx context.Context, x Index, since int64, yield func(*journal.Entry) bool) error {
	last := Waiting{Time: since, Part: -1} // before all of that instant
	for {
		page, err := x.Waiting(ctx, last, pendingPage)
		if err != nil {
			return err
		}
		for _, w := range page {
			found, err := entriesAt(ctx, x, w.Place, func(h *journal.Heading) bool {
				return h.Kind == journal.KindRecord && h.Request == w.Request && int64(h.Part) == w.Part
			})
			if err != nil {
				return fmt.Errorf("find pending request %s: %w", w.Request, err)
			}
			for i := range found {
				if !yield(&found[i]) {
					return nil
				}
			}
		}
		if len(page) < pendingPage {
			return nil
		}
		last = page[len(page)-1]
	}
}

// entriesAt returns the entries of a block that are wanted.
func entriesAt(ctx context.Context, x Index, place int64, wanted func(*journal.Heading) bool) (found []journal.Entry, err error) {
	b, err := x.Block(ctx, place)
	if err != nil {
		return nil, err
	}
	var offsets []int
	err = b.Headings(func(h *journal.Heading) {
		if wanted(h) {
			offsets = append(offsets, h.Offset)
		}
	})
	for _, at := range offsets {
		e, bad := b.EntryAt(at)
		if err = errors.Join(err, bad); err == nil {
			found = append(found, e)
		}
	}
	return found, err
}
