package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concord/journal"
)

// CommitterOptions configure a committer; Now is required.
type CommitterOptions struct {
	Now     func() int64 // ns UTC; a block's recorded instant never goes back, whatever Now says
	Log     *slog.Logger // nil = silent
	Version string       // of the program, for the chain's open entry
	// OnFenced is called once, when another process has sealed the chain; nothing can be appended any more. It may close
	// the committer.
	OnFenced func()
	// QueueEntries and QueueBytes bound what may wait; 0 = 16 groups. Records of admitted requests are queued beyond
	// them: their number is bounded by the requests that were let in.
	QueueEntries, QueueBytes int
	// Free tells how many bytes are free for the journal. While that is less than Reserve and what the records of open
	// intents may need, nothing new is admitted (ErrUnwell); what is open is recorded. nil, or no Reserve = nobody looks.
	Free    func() (int64, error)
	Reserve int64
	// Retry is the pause after a failed commit; it doubles up to 32 times that. 0 = 50 ms.
	Retry time.Duration
	// Gather is how long an entry waits for more to be committed with it, where nobody waits for it: relaxed durability. A full
	// group ends it, and so does Commit.Await. 0 = not at all, and the committer has no timer.
	Gather time.Duration
	// Patience is how long Admit waits for room in a full queue. 0 = 1 s.
	Patience time.Duration
}

// A Committer appends entries to one chain in group commits. Unless it is told to gather it has no timer: it takes all that
// queued while the last commit ran, at most 1,024 entries or 1 MiB, and wakes waiters once a group.
//
// After a failed commit nothing new is admitted (ErrUnwell) until a commit succeeds. What a request may begin with
// (intents, attempts, progress) fails at once, unless nobody can tell whether it became durable; what a request ends with
// (records) and documents stay queued and are tried again, with an empty block where nothing is queued.
//
// It is safe for concurrent use.
type Committer struct {
	journal journal.Journal
	chain   journal.ChainID
	options CommitterOptions

	mu        sync.Mutex
	queue     []*group // the last one is open for more
	waiting   int      // entries in queue
	bytes     int      // in queue
	unwell    bool
	fenced    bool
	closing   bool
	asleep    bool          // the committing goroutine waits to be woken
	gathering bool          // and for its timer
	urgent    bool          // somebody waits for what is queued
	vacancy   chan struct{} // closed when a full queue has room; nil = nobody waits
	lost      requestSet
	room      room
	stats     CommitterStats
	spare     *group

	wake      chan struct{} // of whoever found asleep set
	committed chan struct{}
	abandon   chan struct{} // Close gave up waiting
	giveUp    sync.Once
	done      chan struct{}

	// Of the committing goroutine alone.
	prev  *journal.Block
	open  map[journal.RequestID]struct{} // intents without a record
	timer *time.Timer                    // of gathering; nil = commits do not gather
	haste func()                         // hurry, if commits gather
}

// CommitterStats are counts since the start.
type CommitterStats struct {
	Groups     uint64 // committed
	Entries    uint64
	Bytes      uint64
	Failed     uint64 // commits that failed
	OverBudget uint64 // intents that did not fit a budget
	Waiting    int    // entries in the queue now
	Open       int    // intents of this chain without a record, as of the last group
	Unwell     bool
	Short      bool // of space, at the last look
	Fenced     bool
}

var _ journal.Appender = (*Committer)(nil)

var errClosing = errors.New("journal: is being closed")

// NewCommitter opens a chain, starts committing to it, and returns when the chain's open entry is durable.
func NewCommitter(ctx context.Context, j journal.Journal, chain journal.ChainID, o CommitterOptions) (*Committer, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.QueueEntries == 0 {
		o.QueueEntries = 16 * GroupEntries
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 16 * groupBytes
	}
	if o.Retry == 0 {
		o.Retry = 50 * time.Millisecond
	}
	if o.Patience == 0 {
		o.Patience = time.Second
	}
	if err := j.OpenChain(ctx, chain); err != nil {
		return nil, err
	}
	c := &Committer{
		journal: j, chain: chain, options: o,
		wake: make(chan struct{}, 1), committed: make(chan struct{}, 1),
		abandon: make(chan struct{}), done: make(chan struct{}),
		open: map[journal.RequestID]struct{}{},
	}
	if o.Gather > 0 {
		c.haste, c.timer = c.hurry, time.NewTimer(o.Gather)
		c.timer.Stop()
	}
	go c.run(context.WithoutCancel(ctx)) // ended by Close
	opened, err := c.Append(journal.Entry{
		Time: chain.Started, ID: chain.String(),
		Body: &journal.Open{Chain: chain, Gateway: chain.Gateway, Version: o.Version},
	})
	if err == nil {
		select {
		case <-opened.Await():
			err = opened.Err()
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		return nil, errors.Join(fmt.Errorf("open chain %s: %w", chain, err), c.Close(gone))
	}
	return c, nil
}

// Append queues entries for the next group commit, in which they stand together and in order. It fails with ErrQueue,
// ErrUnwell or ErrFenced, and then nothing is queued.
func (c *Committer) Append(entries ...journal.Entry) (*journal.Commit, error) {
	commit, _, err := c.take(entries)
	return commit, err
}

// take is Append; beside ErrQueue it returns what Admit waits for.
func (c *Committer) take(entries []journal.Entry) (*journal.Commit, <-chan struct{}, error) {
	c.mu.Lock()
	commit, err := c.queued(entries)
	var room <-chan struct{}
	if errors.Is(err, journal.ErrQueue) {
		room = c.full()
	}
	wake := err == nil && c.rouse()
	c.mu.Unlock()
	if wake { // only now: the one that is woken takes mu
		c.wake <- struct{}{}
	}
	return commit, room, err
}

// queued adds entries to the queue. The caller holds mu.
func (c *Committer) queued(entries []journal.Entry) (*journal.Commit, error) {
	admits, drops := admission(entries)
	switch {
	case c.fenced:
		return nil, journal.ErrFenced
	case c.closing:
		return nil, errClosing
	case admits && c.unwell:
		return nil, journal.ErrUnwell
	case admits && (c.waiting+len(entries) > c.options.QueueEntries || c.bytes >= c.options.QueueBytes):
		return nil, journal.ErrQueue
	}
	if beginning(entries) {
		if err := c.space(); err != nil {
			return nil, err
		}
	}
	for i := range entries {
		if _, request := subject(entries[i].Body); c.lost.has(request) {
			return nil, fmt.Errorf("append to request %s, whose intent was not made durable: %w", request, journal.ErrUnwell)
		}
	}
	commit, err := c.enqueue(entries, drops)
	if err != nil {
		return nil, fmt.Errorf("append to the journal: %w", err)
	}
	c.waiting += len(entries)
	return commit, nil
}

// enqueue adds entries to the last group, or to a new one if that is full. The caller holds mu.
func (c *Committer) enqueue(entries []journal.Entry, drops bool) (*journal.Commit, error) {
	if n := len(c.queue); n > 0 {
		g := c.queue[n-1]
		before := g.size()
		commit, err := g.add(entries, drops)
		if !errors.Is(err, errGroupFull) {
			c.bytes += g.size() - before
			return commit, err
		}
	}
	g := newGroup(c.spare)
	if c.haste != nil {
		g.haste, g.began = c.haste, time.Now() // of a duration only
	}
	c.spare = nil
	commit, err := g.add(entries, drops)
	if err == nil {
		c.queue = append(c.queue, g)
		c.bytes += g.size()
	}
	return commit, err
}

// admission says whether entries begin or lengthen a request, so that they may be refused, and whether a failed commit
// drops them. A request that is given whole, with its record, was served already: it is kept like a record. A refusal is refused when there is no room, and kept once it is queued.
func admission(entries []journal.Entry) (admits, drops bool) {
	if complete(entries) {
		return false, false
	}
	for i := range entries {
		switch b := entries[i].Body.(type) {
		case *journal.Intent, *journal.Attempt, *journal.Progress:
			return true, true
		case *journal.Record:
			admits = admits || b.Outcome == journal.Refused
		}
	}
	return admits, false
}

// Committed receives after commits; several commits may be one receive. It has one reader, the poster.
func (c *Committer) Committed() <-chan struct{} { return c.committed }

// Chain returns the chain that is appended to.
func (c *Committer) Chain() journal.ChainID { return c.chain }

// Stats returns counts for metrics and readiness.
func (c *Committer) Stats() CommitterStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Waiting, s.Unwell, s.Short, s.Fenced = c.waiting, c.unwell, c.room.err != nil, c.fenced
	return s
}

// Close commits what is queued and ends the chain with a seal entry of its own, unless intents are without a record: then
// the chain is left to the recovery of the next process. When ctx ends first, what is queued fails.
func (c *Committer) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closing = true
	c.vacate()
	wake := c.rouse()
	c.mu.Unlock()
	if wake {
		c.wake <- struct{}{}
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		c.giveUp.Do(func() { close(c.abandon) })
		<-c.done
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.fenced:
		return nil // OnFenced said so
	case c.unwell || ctx.Err() != nil && c.waiting > 0:
		return fmt.Errorf("close chain %s: %w", c.chain, journal.ErrUnwell)
	}
	return nil
}

func (c *Committer) run(ctx context.Context) {
	for {
		g := c.next()
		if g == nil {
			break
		}
		if !c.commit(ctx, g) {
			break
		}
	}
	c.finish(ctx)
}

// commit makes a group durable, however often it must try; false = it never can.
func (c *Committer) commit(ctx context.Context, g *group) bool {
	var doubt *journal.Block // a block of which nobody could tell whether it was stored
	for pause := c.options.Retry; ; pause = min(2*pause, 32*c.options.Retry) {
		block, err := c.try(ctx, g, doubt)
		switch {
		case err == nil:
			c.succeed(g, block)
			return true
		case errors.Is(err, journal.ErrFenced):
			c.fence(g)
			return false
		}
		doubt = block
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-c.abandon:
			timer.Stop()
			g.end(fmt.Errorf("closed before it was durable: %w", journal.ErrUnwell))
			return false
		}
	}
}

// try commits a group once. If that fails, it stops admission and asks the storage whether the block was stored
// nevertheless. If it was not, it drops what may be dropped, from this group and from the queue; if nobody can tell, all
// of it waits and the block is returned with the error: the next try begins with the question.
func (c *Committer) try(ctx context.Context, g *group, doubt *journal.Block) (*journal.Block, error) {
	block, cause := doubt, error(journal.ErrUnwell)
	if doubt == nil {
		block, cause = c.appendBlock(ctx, g)
		if cause == nil || errors.Is(cause, journal.ErrFenced) {
			return block, cause
		}
		c.failed(block, cause)
	}
	head, sealed, err := c.head(ctx)
	switch {
	case err != nil:
		return block, cause
	case head == block.Hash:
		return block, nil
	case sealed || head != block.Prev:
		return nil, journal.ErrFenced
	}
	c.drop(g, cause)
	return nil, cause
}

func (c *Committer) block(g *group) *journal.Block {
	recorded := c.options.Now()
	if c.prev != nil {
		recorded = max(recorded, c.prev.Recorded)
	}
	b := &journal.Block{Chain: c.chain, Count: len(g.entries), Bytes: g.bytes, Holds: g.budgets.holds, Posts: g.budgets.posts}
	b.Finish(c.prev, recorded)
	return b
}

func (c *Committer) failed(b *journal.Block, cause error) {
	c.mu.Lock()
	c.unwell = true
	c.vacate()
	c.stats.Failed++
	c.mu.Unlock()
	c.options.Log.Error("journal commit failed", slog.String("chain", c.chain.String()),
		slog.Uint64("block", b.Number), slog.Int("entries", b.Count), slog.Any("error", cause))
}

// drop fails what a failed commit does not keep.
func (c *Committer) drop(g *group, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	failure := cause
	if !errors.Is(cause, journal.ErrUnwell) {
		failure = fmt.Errorf("%w: %w", journal.ErrUnwell, cause)
	}
	c.forget(g, failure)
	for _, waiting := range c.queue {
		c.forget(waiting, failure)
	}
}

// forget drops what may be dropped of a group and corrects the counts.
func (c *Committer) forget(g *group, err error) {
	entries, bytes := len(g.entries), g.size()
	g.keep(err, &c.lost)
	c.waiting -= entries - len(g.entries)
	c.bytes -= bytes - g.size()
}

func (c *Committer) head(ctx context.Context) (journal.Hash, bool, error) {
	chains, err := c.journal.Chains(ctx)
	if err != nil {
		return journal.Hash{}, false, err
	}
	for i := len(chains) - 1; i >= 0; i-- {
		if chains[i].ID == c.chain {
			return chains[i].Head, chains[i].Sealed, nil
		}
	}
	return journal.Hash{}, false, journal.ErrNotFound
}

func (c *Committer) succeed(g *group, b *journal.Block) {
	if b == nil { // nothing was left to commit
		g.end(nil)
		return
	}
	for i := range g.entries {
		switch q := &g.entries[i]; q.kind {
		case journal.KindIntent:
			c.open[q.request] = struct{}{}
		case journal.KindRecord:
			delete(c.open, q.request)
		}
	}
	head := *b
	head.Bytes, head.Holds, head.Posts = nil, nil, nil
	c.prev = &head
	c.mu.Lock()
	if c.unwell {
		c.options.Log.Info("journal is well again", slog.String("chain", c.chain.String()))
	}
	c.unwell = false
	c.waiting -= len(g.entries)
	c.bytes -= g.size()
	c.stats.Groups++
	c.stats.Entries += uint64(b.Count)
	c.stats.Bytes += uint64(len(b.Bytes))
	c.stats.Open = len(c.open)
	c.vacate()
	c.mu.Unlock()
	g.end(nil)
	if cap(g.bytes) <= 4*groupBytes {
		c.mu.Lock()
		c.spare = g
		c.mu.Unlock()
	}
	select {
	case c.committed <- struct{}{}:
	default:
	}
}

func (c *Committer) fence(g *group) {
	c.mu.Lock()
	c.fenced = true
	c.vacate()
	c.mu.Unlock()
	g.end(journal.ErrFenced)
	c.options.Log.Error("chain was sealed by another process", slog.String("chain", c.chain.String()))
}

// finish fails what is left, seals a chain that is complete, and says that the goroutine is gone.
func (c *Committer) finish(ctx context.Context) {
	c.mu.Lock()
	queue, fenced, unwell := c.queue, c.fenced, c.unwell
	c.queue, c.closing = nil, true
	c.mu.Unlock()
	end := fmt.Errorf("closed before it was durable: %w", journal.ErrUnwell)
	if fenced {
		end = journal.ErrFenced
	}
	for _, g := range queue {
		g.end(end)
	}
	if !fenced && !unwell && c.prev != nil {
		c.seal(ctx)
	}
	close(c.done)
	if fenced && c.options.OnFenced != nil {
		c.options.OnFenced()
	}
}

// seal ends the chain. A chain that cannot be sealed, or has open intents, is ended by whoever recovers it.
func (c *Committer) seal(ctx context.Context) {
	if len(c.open) > 0 {
		c.options.Log.Warn("chain is left to recovery", slog.String("chain", c.chain.String()), slog.Int("open_intents", len(c.open)))
		return
	}
	g := newGroup(nil)
	entry := journal.Entry{Time: c.options.Now(), ID: c.chain.String(), Part: 1, Body: &journal.Seal{Chain: c.chain, Reason: "stop"}}
	_, err := g.add([]journal.Entry{entry}, false)
	if err == nil {
		err = c.journal.AppendBlock(ctx, c.block(g))
	}
	if err == nil {
		err = c.journal.SealChain(ctx, c.chain)
	}
	if err != nil {
		c.options.Log.Warn("chain is left to recovery", slog.String("chain", c.chain.String()), slog.Any("error", err))
	}
}
