package app

import (
	"context"
	"fmt"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
)

// Under posts the records of a journal as if other terms had been in force, and returns the cells that come of it. The
// records themselves, with their clouds and prices, stay as they are. Records that those terms have no sale or capacity
// clause for are counted, not posted.
func (r *Reading) Under(ctx context.Context, terms *agreement.Terms) (cells []ledger.Cell, unposted int, err error) {
	state := ledger.NewState()
	var failed error
	err = EachEntry(ctx, r.Journal, journal.Cursor{}, func(_ *journal.Block, e *journal.Entry) bool {
		_, err := ledger.PostUnder(state, e, terms)
		if _, record := e.Body.(*journal.Record); record && err != nil {
			unposted++
			err = nil
		}
		failed = err
		return err == nil
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		cells, _, err = state.Changes()
	}
	if err != nil {
		return nil, 0, fmt.Errorf("post the records under other terms: %w", err)
	}
	return cells, unposted, nil
}
