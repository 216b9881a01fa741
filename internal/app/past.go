package app

import (
	"context"
	"fmt"

	"concord/delivery"
	"concord/journal"
)

// past returns the terms that a set document names, as they were at an instant: what ends long after it began is priced by
// them, whatever is on offer now.
func (s *Server) past(ctx context.Context, set journal.Hash, at int64) (*delivery.Router, error) {
	history, err := s.historian.history(ctx, s.journal)
	if err != nil {
		return nil, err
	}
	then, err := history.Set(set)
	if err != nil {
		return nil, fmt.Errorf("find the terms of an earlier request: %w", err)
	}
	return then.Timeline.At(at), nil
}
