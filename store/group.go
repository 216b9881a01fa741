package store

import (
	"errors"
	"time"

	"concord/journal"
)

// GroupEntries and groupBytes are the bounds of one group commit. An Append that is larger by itself is a group of its own.
const (
	GroupEntries = 1024
	groupBytes   = 1 << 20
)

// group is the entries of one block, encoded, and those who wait for them. Entries that a failed commit drops (intents,
// attempts, progress) wait apart from those that stay queued (records, documents).
type group struct {
	bytes   []byte
	head    int // length of what comes before the entries
	entries []queued
	budgets groupHolds
	drops   *journal.Group
	stays   *journal.Group
	began   time.Time
	haste   func() // called when somebody waits; nil = commits do not gather
}

// queued is one entry of a group.
type queued struct {
	end     int // of its bytes
	kind    journal.Kind
	drop    bool
	request journal.RequestID
	commit  *journal.Commit
}

func newGroup(spare *group) *group {
	g := &group{}
	if spare != nil {
		g.bytes, g.entries, g.budgets = spare.bytes[:0], spare.entries[:0], spare.budgets
		g.budgets.reset()
	}
	g.bytes = journal.BeginBlock(g.bytes)
	g.head = len(g.bytes)
	return g
}

// errGroupFull says that entries belong in the next group.
var errGroupFull = errors.New("group is full")

// size is the length of the entries.
func (g *group) size() int {
	return len(g.bytes) - g.head
}

// add encodes entries; on an error the group is as it was.
func (g *group) add(entries []journal.Entry, drop bool) (*journal.Commit, error) {
	size, count, before := len(g.bytes), len(g.entries), g.budgets
	if count > 0 && count+len(entries) > GroupEntries {
		return nil, errGroupFull
	}
	waiters := &g.stays
	if drop {
		waiters = &g.drops
	}
	if *waiters == nil {
		*waiters = journal.NewGroup()
		(*waiters).Haste(g.haste)
	}
	commit := (*waiters).Commit()
	for i := range entries {
		bytes, err := journal.AppendToBlock(g.bytes, &entries[i])
		switch {
		case err != nil:
		case count > 0 && len(bytes)-g.head > groupBytes:
			err = errGroupFull
		case len(bytes) > journal.MaxBlock:
			err = journal.ErrTooLong
		default:
			err = g.budgets.note(entries[i].Body)
		}
		if err != nil {
			g.bytes, g.entries, g.budgets = g.bytes[:size], g.entries[:count], before
			return nil, err
		}
		g.bytes = bytes
		q := queued{end: len(bytes), drop: drop, commit: commit}
		q.kind, q.request = subject(entries[i].Body)
		g.entries = append(g.entries, q)
	}
	return commit, nil
}

// subject returns what the committer must know of an entry. A refusal has no intent, and so no request that is open.
func subject(b journal.Body) (journal.Kind, journal.RequestID) {
	switch b := b.(type) {
	case *journal.Intent:
		return journal.KindIntent, b.Request
	case *journal.Attempt:
		return journal.KindAttempt, b.Request
	case *journal.Progress:
		return journal.KindProgress, b.Request
	case *journal.Record:
		if b.Outcome != journal.Refused {
			return journal.KindRecord, b.Request
		}
		return journal.KindRecord, journal.RequestID{}
	}
	return b.Kind(), journal.RequestID{}
}

// end wakes all who wait.
func (g *group) end(err error) {
	for _, waiters := range []*journal.Group{g.drops, g.stays} {
		if waiters != nil {
			waiters.End(err)
		}
	}
	g.drops, g.stays = nil, nil
}

// filter removes the entries for which stays is false.
func (g *group) filter(stays func(i int, q *queued) bool) {
	bytes, kept, start := g.bytes[:g.head], g.entries[:0], g.head
	for i := range g.entries {
		q := g.entries[i]
		end := q.end
		if stays(i, &q) {
			bytes = append(bytes, g.bytes[start:end]...) // moves down within one array
			q.end = len(bytes)
			kept = append(kept, q)
		}
		start = end
	}
	g.bytes, g.entries = bytes, kept
	g.budgets.keep(kept)
}

// keep removes what a failed commit drops, waking those who wait for it; lost is told the requests whose intents are
// gone. What is queued beside them of such a request goes too, and fails by itself when its group ends.
func (g *group) keep(err error, lost *requestSet) {
	g.filter(func(_ int, q *queued) bool {
		switch {
		case q.drop:
			if q.kind == journal.KindIntent {
				lost.add(q.request)
			}
			return false
		case lost.has(q.request):
			q.commit.Fail(err)
			return false
		}
		return true
	})
	if g.drops != nil {
		g.drops.End(err)
		g.drops = nil
	}
}

// requestSet remembers the requests whose intents were dropped, a bounded number of them: the latest.
type requestSet struct {
	now, before map[journal.RequestID]struct{}
}

const requestSetMax = 1 << 15

func (s *requestSet) add(id journal.RequestID) {
	if s.now == nil || len(s.now) >= requestSetMax {
		s.before, s.now = s.now, map[journal.RequestID]struct{}{}
	}
	s.now[id] = struct{}{}
}

func (s *requestSet) has(id journal.RequestID) bool {
	if id.IsZero() || s.now == nil {
		return false
	}
	_, now := s.now[id]
	_, before := s.before[id]
	return now || before
}
