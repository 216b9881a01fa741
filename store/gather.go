package store

import (
	"context"
	"errors"
	"time"

	"concord/journal"
)

// due says whether the group that is next need not gather any longer: it or the queue is full, somebody waits for it, or the
// committer is being closed. The caller holds mu, and something is queued.
func (c *Committer) due() bool {
	g := c.queue[0]
	return c.urgent || c.closing || len(c.queue) > 1 || len(g.entries) >= GroupEntries || g.size() >= groupBytes ||
		c.waiting >= c.options.QueueEntries || c.bytes >= c.options.QueueBytes
}

// pause is how long the group that is next still gathers; 0 = it is to be committed now. The caller holds mu.
func (c *Committer) pause() time.Duration {
	if c.options.Gather <= 0 || c.due() {
		return 0
	}
	return max(c.options.Gather-time.Since(c.queue[0].began), 0)
}

// next waits for a group; nil = closing and none is left.
func (c *Committer) next() *group {
	for {
		c.mu.Lock()
		if len(c.queue) > 0 && c.pause() == 0 {
			g := c.queue[0]
			c.queue = append(c.queue[:0], c.queue[1:]...)
			c.urgent = c.urgent && len(c.queue) > 0
			c.mu.Unlock()
			return g
		}
		if len(c.queue) == 0 && c.closing {
			c.mu.Unlock()
			return nil
		}
		c.asleep, c.gathering = true, false
		if len(c.queue) > 0 {
			c.gather()
		}
		c.mu.Unlock()
		c.sleep()
	}
}

// gather sets the timer for the end of the pause. The caller holds mu.
func (c *Committer) gather() {
	c.gathering = true
	c.timer.Reset(c.pause())
}

// sleep waits until the committer is woken or has gathered for long enough.
func (c *Committer) sleep() {
	if c.timer == nil {
		<-c.wake
		return
	}
	select {
	case <-c.wake:
		c.timer.Stop()
	case <-c.timer.C:
		c.mu.Lock()
		woken := !c.asleep
		c.asleep = false
		c.mu.Unlock()
		if woken {
			<-c.wake // is on its way
		}
	}
}

// rouse reports whether the committing goroutine is to be woken, and takes it upon the caller, once. Where there is time to
// gather, it only sets the timer. The caller holds mu.
func (c *Committer) rouse() bool {
	switch {
	case !c.asleep:
		return false
	case len(c.queue) == 0 || c.pause() == 0:
		c.asleep = false
		return true
	case !c.gathering:
		c.gather()
	}
	return false
}

// hurry is told that somebody waits for what is queued: it is not left to gather.
func (c *Committer) hurry() {
	c.mu.Lock()
	waits := len(c.queue) > 0 // else it is being committed
	c.urgent = c.urgent || waits
	wake := waits && c.rouse()
	c.mu.Unlock()
	if wake {
		c.wake <- struct{}{}
	}
}

var _ journal.Admitter = (*Committer)(nil)

// Admit is Append for what begins a request or lengthens it. While the queue is full it waits for room, until ctx ends and at
// most for the options' Patience; then it fails with ErrQueue, as Append does at once.
func (c *Committer) Admit(ctx context.Context, entries ...journal.Entry) (*journal.Commit, error) {
	commit, room, err := c.take(entries)
	if !errors.Is(err, journal.ErrQueue) {
		return commit, err
	}
	timer := time.NewTimer(c.options.Patience)
	defer timer.Stop()
	for {
		select {
		case <-room:
		case <-timer.C:
			return nil, err
		case <-ctx.Done():
			return nil, err
		}
		if commit, room, err = c.take(entries); !errors.Is(err, journal.ErrQueue) {
			return commit, err
		}
	}
}

// full returns the channel that is closed when there may be room in the queue, or the queue takes nothing for another reason.
// The caller holds mu.
func (c *Committer) full() <-chan struct{} {
	if c.vacancy == nil {
		c.vacancy = make(chan struct{})
	}
	return c.vacancy
}

// vacate has those who wait for room look again. The caller holds mu.
func (c *Committer) vacate() {
	if c.vacancy != nil {
		close(c.vacancy)
		c.vacancy = nil
	}
}
