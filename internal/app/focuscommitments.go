package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"concord/settlement/focus"
)

// commitments are those of a set of documents, as known when it came into force.
func (s *PastSet) commitments() ([]focus.Commitment, error) {
	history, err := s.Set.Timeline(s.Known)
	if err != nil {
		return nil, fmt.Errorf("read the commitments of the agreements: %w", err)
	}
	return focus.CommitmentsOf(history), nil
}

// writeCommitments writes the commitments whose window meets the time that is exported, and returns how many.
func (r *Reading) writeCommitments(ctx context.Context, w io.Writer, o FocusExport) (int, error) {
	history, err := r.History(ctx)
	if err != nil {
		return 0, err
	}
	latest, err := history.Latest()
	if err != nil {
		return 0, err
	}
	all, err := latest.commitments()
	if err != nil {
		return 0, err
	}
	all = slices.DeleteFunc(all, func(c focus.Commitment) bool {
		from, until := c.Window()
		return o.Until != 0 && !from.Before(time.Unix(0, o.Until)) || o.From != 0 && !until.After(time.Unix(0, o.From))
	})
	return len(all), written(w, o.Compress, func(w io.Writer) error { return focus.WriteCommitments(w, all) })
}
