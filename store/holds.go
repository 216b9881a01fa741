package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"concord/journal"
	"concord/money"
)

// groupHolds are what a group's entries do to budgets. They are empty where no request is under one.
type groupHolds struct {
	holds []journal.Hold
	posts []journal.Post
}

// note adds what an entry does to budgets.
func (g *groupHolds) note(b journal.Body) error {
	switch b := b.(type) {
	case *journal.Intent:
		if len(b.Claims) > 0 {
			g.holds = b.Holds(g.holds)
		}
	case *journal.Record:
		if b.Held != (money.Amount{}) {
			charged, err := b.Charged()
			if err != nil {
				return err
			}
			if charged.Cmp(b.Held) > 0 {
				return fmt.Errorf("record of %s charges %s: %w", b.Request, charged, journal.ErrAboveHold)
			}
			g.posts = append(g.posts, journal.Post{Request: b.Request, Charged: charged})
		}
	}
	return nil
}

// keep leaves what belongs to the entries that are left of a group.
func (g *groupHolds) keep(entries []queued) {
	if len(g.holds) == 0 && len(g.posts) == 0 {
		return
	}
	type subject struct {
		kind    journal.Kind
		request journal.RequestID
	}
	left := make(map[subject]bool, len(entries))
	for i := range entries {
		left[subject{entries[i].kind, entries[i].request}] = true
	}
	g.holds = slices.DeleteFunc(g.holds, func(h journal.Hold) bool { return !left[subject{journal.KindIntent, h.Request}] })
	g.posts = slices.DeleteFunc(g.posts, func(p journal.Post) bool { return !left[subject{journal.KindRecord, p.Request}] })
}

// reset forgets all of it and keeps the memory.
func (g *groupHolds) reset() { g.holds, g.posts = g.holds[:0], g.posts[:0] }

// settleBudgets takes the intents that do not fit their budgets out of a group: each fails by itself, and the rest is
// committed in order.
func (c *Committer) settleBudgets(g *group, over *journal.BudgetError) {
	refused := make(map[journal.RequestID]*journal.BudgetRefusal, len(over.Refused))
	for i := range over.Refused {
		refused[over.Refused[i].Request] = &over.Refused[i]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entries, size := len(g.entries), g.size()
	g.filter(func(_ int, q *queued) bool {
		why := refused[q.request]
		if why == nil {
			return true
		}
		q.commit.Fail(why)
		if q.kind == journal.KindIntent {
			c.lost.add(q.request)
		}
		return false
	})
	c.waiting -= entries - len(g.entries)
	c.bytes -= size - g.size()
	c.vacate()
	c.stats.OverBudget += uint64(len(over.Refused))
}

// appendBlock appends a group's block, without what conflicts with the journal and what does not fit a budget. An empty group
// is not worth a block, unless the journal is unwell and the block is the question whether it is well again.
func (c *Committer) appendBlock(ctx context.Context, g *group) (*journal.Block, error) {
	conflicts := false
	for {
		block := c.block(g)
		cause := c.journal.AppendBlock(ctx, block)
		over, refused := errors.AsType[*journal.BudgetError](cause)
		switch {
		case refused && len(over.Refused) > 0:
			c.settleBudgets(g, over)
			if len(g.entries) == 0 && !c.isUnwell() {
				return nil, nil
			}
		case errors.Is(cause, journal.ErrConflict) && !conflicts && c.settleConflicts(ctx, g, block):
			conflicts = true
		default:
			return block, cause
		}
	}
}

func (c *Committer) isUnwell() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unwell
}
