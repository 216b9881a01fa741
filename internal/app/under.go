package app

import (
	"context"
	"time"

	"concord/delivery"
	"concord/journal"
	"concord/simulate"
)

// Under posts the records of the journal as if the terms of another instant had been in force, in books of their own. The
// agreements, price books and catalog are those that the journal brought last; it returns the router of that instant too.
func (r *Reading) Under(ctx context.Context, at time.Time) (*simulate.Shadow, *delivery.Router, error) {
	history, err := r.History(ctx)
	if err != nil {
		return nil, nil, err
	}
	set, err := history.Latest()
	if err != nil {
		return nil, nil, err
	}
	router := set.Timeline.At(at.UnixNano())
	shadow, err := simulate.Under(func(yield func(*journal.Entry, error) bool) {
		stopped := false
		err := EachEntry(ctx, r.Journal, journal.Cursor{}, func(_ *journal.Block, e *journal.Entry) bool {
			stopped = !yield(e, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(nil, err)
		}
	}, router)
	return shadow, router, err
}
