package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"concord/journal"
	"concord/store/postgres"
)

// Several gateways put sets into force on one journal. Each of their sets names the one that it follows, and the journal takes no
// second one that follows the same: whoever comes second is told, reads again and tries again. So every fact and every setting is
// checked against those that were in force before it.

const (
	followTries = 10                     // how often one tries again that came second
	othersEvery = 500 * time.Millisecond // how often a gateway looks for what others recorded

	settledPatience = 20 * time.Second // how long one waits for the gateway whose turn it is to post
)

// errMoved says that another gateway has put something into force meanwhile.
var errMoved = errors.New("another gateway has recorded something meanwhile, again and again: try again")

// movedBy says so of an error, where it is.
func movedBy(j journal.Journal, err error) error {
	if _, shared := journal.AsMerging(j); shared && errors.Is(err, journal.ErrConflict) {
		return fmt.Errorf("%w (%w)", errMoved, err)
	}
	return err
}

// moved reports whether to try again.
func (s *Server) moved(err error, tries int) bool {
	return s.shared != nil && tries < followTries && errors.Is(err, journal.ErrConflict)
}

// setOrder is which set follows which.
type setOrder struct {
	shared bool // several gateways write: a set names the one that it follows
	next   map[string]journal.Hash
	merged map[journal.Hash]bool // the set stands in a merge: it is posted before whatever comes now
}

func (o *setOrder) take(d *journal.Document, merged bool) {
	if o.next == nil {
		o.next, o.merged = map[string]journal.Hash{}, map[journal.Hash]bool{}
	}
	o.merged[d.Hash] = merged
	if follows := d.Follows(); follows != "" {
		o.next[follows] = d.Hash
	}
}

// tip returns the set that none follows, from one on.
func (o *setOrder) tip(from journal.Hash) journal.Hash {
	for range o.next {
		next, ok := o.next[hex.EncodeToString(from[:])]
		if !ok {
			break
		}
		from = next
	}
	return from
}

func (o *setOrder) clone() setOrder {
	return setOrder{o.shared, maps.Clone(o.next), maps.Clone(o.merged)}
}

// lastText names the set that is in force; zeros = there is none yet.
func (h *History) lastText() string { return hex.EncodeToString(h.last[:]) }

// says reports whether the set that is in force names the same agreements, prices and catalog as a set of documents.
func (h *History) says(documents []journal.Document) bool {
	last, ok := h.documents[h.last]
	if !ok || len(documents) == 0 || !h.order.merged[h.last] {
		return false
	}
	var one, other journal.SetDoc
	if json.Unmarshal(last.Bytes, &one) != nil || json.Unmarshal(documents[len(documents)-1].Bytes, &other) != nil {
		return false
	}
	return slices.Equal(one.Agreements, other.Agreements) && slices.Equal(one.Prices, other.Prices) && one.Catalog == other.Catalog
}

// settledHistory returns the documents of a shared journal once the set that is in force stands in a merge: whatever is written
// then is posted after it.
func (s *Server) settledHistory(ctx context.Context) (*History, error) {
	ctx, cancel := context.WithTimeout(ctx, settledPatience)
	defer cancel()
	for {
		h, err := ReadHistory(ctx, s.journal)
		if err != nil || h.last == (journal.Hash{}) || h.order.merged[h.last] {
			return h, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("what was recorded last is not in the order of posting yet: %w", ctx.Err())
		}
	}
}

// bring makes the documents of a configuration that the journal must have before the set may be named.
func (s *Server) bring(ctx context.Context, config *Config, history *History) ([]journal.Document, journal.Hash, error) {
	if s.shared != nil {
		config.follows = history.lastText()
	}
	documents, set, err := setDocuments(config)
	if err == nil {
		err = rehearse(ctx, s.books, nil, config, documents)
	}
	return documents, set, err
}

// writeFirst writes what a server starts with; where another gateway was first, after what that has put into force.
func (s *Server) writeFirst(ctx context.Context, documents []journal.Document) error {
	err := s.write(ctx, s.chain.Started, documents)
	for tries := 0; s.moved(err, tries); tries++ {
		history, failed := ReadHistory(ctx, s.journal)
		if failed != nil {
			return failed
		}
		config, failed := s.withRecorded(s.config, history)
		if failed != nil {
			return failed
		}
		documents, set, failed := s.bring(ctx, config, history)
		if failed != nil {
			return failed
		}
		s.brought = &inForce{config: config, set: set}
		err = s.write(ctx, nowNanos(), documents)
	}
	return err
}

// watchOthers takes in what other gateways recorded, until ctx ends.
func (s *Server) watchOthers(ctx context.Context) {
	shared, ok := journalAs[*postgres.Journal](s.journal)
	if !ok {
		return
	}
	look := time.NewTicker(othersEvery)
	defer look.Stop()
	var known int64
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		told, err := shared.DocumentBlocks(ctx)
		if err == nil && told != known {
			if err = s.takeOthers(ctx); err == nil {
				known = told
			}
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("what other gateways recorded could not be read", slog.Any("error", err))
		}
	}
}

// takeOthers takes the files again where another gateway recorded a fact.
func (s *Server) takeOthers(ctx context.Context) error {
	history, err := s.settledHistory(ctx)
	if err != nil {
		return err
	}
	s.reloading.Lock()
	more := len(history.facts) > len(s.facts)
	s.reloading.Unlock()
	if more {
		s.Reload(ctx, "journal")
	}
	return nil
}
