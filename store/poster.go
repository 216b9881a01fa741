package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concord/journal"
	"concord/ledger"
)

// PosterOptions configure a poster; the zero value posts all there is.
type PosterOptions struct {
	// Wake is received from when there may be more to post: Committer.Committed.
	Wake <-chan struct{}
	Log  *slog.Logger // nil = silent
	// Gather is how long Run lets blocks gather after a wake-up: a save costs as much as a commit, and nobody waits for the
	// books as clients wait for the journal. After few entries it is gatherLonger times that; Hurry ends it. 0 = not at all.
	Gather time.Duration
	// Passes reports whether what failed may succeed later: a disk that is full. Run tries it again every second. nil = nothing does.
	Passes func(error) bool
	// Until stops the poster at a position; the zero Cursor is no bound.
	Until journal.Cursor
	// SaveFor is how long one save may hold the books' storage; the poster fits the size of its batches to it. 0 = 5 ms.
	SaveFor time.Duration
	// Progress is called after each save; nil = not.
	Progress func(PosterStats)
}

// The bounds of a batch, in entries, between which the poster looks for the size that SaveFor allows.
const (
	batchMin = 256
	batchMax = 65536
)

// A save that holds fewer entries than gatherEntries costs more than what is posted with it; then blocks gather for longer.
const (
	gatherEntries = 256
	gatherLonger  = 4
)

// A Poster posts the journal to the books: whole blocks in posting order, entry by entry, saved in batches. Run and
// CatchUp may be called from one goroutine at a time; Stats from any.
type Poster struct {
	journal journal.Journal
	books   ledger.Books
	options PosterOptions
	decoder journal.Decoder
	batch   int // entries that a batch may have
	hurry   chan struct{}

	state *ledger.State // nil = to be loaded

	mu    sync.Mutex
	stats PosterStats
}

// PosterStats say how far the books are.
type PosterStats struct {
	Cursor       journal.Cursor // saved
	Recorded     int64          // of the last block that was saved, ns UTC; 0 = none in this run
	Entries      int64          // posted since the first
	Transactions int64          // entries of those that moved something
	Saves        uint64         // in this run
	SlowestSave  time.Duration  // in this run
}

// NewPoster returns a poster. Nothing is read before it runs.
func NewPoster(j journal.Journal, b ledger.Books, o PosterOptions) *Poster {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.SaveFor == 0 {
		o.SaveFor = 5 * time.Millisecond
	}
	p := &Poster{journal: j, books: b, options: o, batch: 4096, hurry: make(chan struct{}, 1)}
	p.decoder.Reuse, p.decoder.Books = true, true
	return p
}

// again is how long Run waits before it tries once more what may pass.
const again = time.Second

// Run posts whatever the journal has, and goes on at each wake-up until ctx ends, which is no error. An entry that cannot
// be posted ends it: the books stand before that entry's block, and nothing is skipped.
func (p *Poster) Run(ctx context.Context) error {
	for {
		before := p.Stats().Entries
		err := p.CatchUp(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && p.options.Passes != nil && p.options.Passes(err):
			p.options.Log.Warn("the books are behind, posting is tried again", slog.Any("error", err))
			if !pause(ctx, again) {
				return nil
			}
			continue
		case err != nil:
			return err
		}
		select {
		case <-p.options.Wake:
			if !p.gather(ctx, p.Stats().Entries-before) {
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// Hurry has the poster post what there is now and not let it gather: somebody waits for the books. It may be called from any
// goroutine.
func (p *Poster) Hurry() {
	select {
	case p.hurry <- struct{}{}:
	default:
	}
}

// gather waits for the time that Gather gives after so many entries; false if ctx ended.
func (p *Poster) gather(ctx context.Context, entries int64) bool {
	wait := p.options.Gather
	if wait <= 0 {
		return true
	}
	if entries < gatherEntries {
		wait *= gatherLonger
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.hurry:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause waits; false if ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Stats returns how far the books are.
func (p *Poster) Stats() PosterStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Lag returns how many blocks and entries the journal is ahead of the books.
func (p *Poster) Lag(ctx context.Context) (blocks uint64, err error) {
	if m, ok := journal.AsMerging(p.journal); ok {
		return p.lagShared(ctx, m)
	}
	chains, err := p.journal.Chains(ctx)
	if err != nil {
		return 0, fmt.Errorf("lag of the books: %w", err)
	}
	at := p.Stats().Cursor
	for _, c := range chains {
		switch {
		case c.Ordinal > at.Chain:
			blocks += c.Blocks
		case c.Ordinal == at.Chain:
			blocks += c.Blocks - min(at.Block, c.Blocks)
		}
	}
	return blocks, nil
}

// CatchUp posts and saves all that the journal has now.
func (p *Poster) CatchUp(ctx context.Context) error {
	cursor := p.Stats().Cursor
	if p.state == nil {
		state, at, err := ledger.Resume(ctx, p.books)
		if err != nil {
			return fmt.Errorf("resume posting: %w", err)
		}
		p.state, cursor = state, at
		p.note(PosterStats{Cursor: at, Entries: state.Entries(), Transactions: state.Transactions()})
	}
	err := p.post(ctx, cursor)
	if err != nil {
		p.state = nil // it may be ahead of what was saved
	}
	return err
}

func (p *Poster) note(s PosterStats) {
	p.mu.Lock()
	p.stats = s
	p.mu.Unlock()
}

// post goes through the blocks after a cursor.
func (p *Poster) post(ctx context.Context, cursor journal.Cursor) error {
	batch := pending{from: cursor, to: cursor}
	var failed error
	err := journal.Posting(ctx, p.journal, cursor, func(b *journal.Block) bool {
		if at := b.At(); p.beyond(at) {
			return false
		}
		if failed = p.block(b); failed != nil {
			return false
		}
		batch.to, batch.recorded = b.At(), b.Recorded
		batch.entries += b.Count
		if checkpoint, due := p.state.Checkpoint(batch.to); due {
			batch.checkpoints = append(batch.checkpoints, checkpoint)
		}
		if batch.entries >= p.batch {
			failed = p.save(ctx, &batch)
		}
		return failed == nil
	})
	if err = errors.Join(failed, err); err != nil {
		return fmt.Errorf("post the journal: %w", err)
	}
	if batch.from == batch.to {
		return nil
	}
	return p.save(ctx, &batch)
}

// pending is what was posted and not saved.
type pending struct {
	from, to    journal.Cursor
	recorded    int64
	entries     int
	checkpoints []ledger.Checkpoint
}

func (p *Poster) beyond(at journal.Cursor) bool {
	u := p.options.Until
	return u != (journal.Cursor{}) && (at.Chain > u.Chain || at.Chain == u.Chain && at.Block > u.Block)
}

func (p *Poster) block(b *journal.Block) error {
	var failed error
	err := b.Entries(&p.decoder, func(offset int, e *journal.Entry) bool {
		if failed = ledger.PostOnly(p.state, e); failed != nil {
			failed = fmt.Errorf("%s: %w: %w", b.Position(offset), ErrUnpostable, failed)
		}
		return failed == nil
	})
	return errors.Join(failed, err)
}

// save writes a batch in one transaction and fits the size of the next to how long that took.
func (p *Poster) save(ctx context.Context, batch *pending) error {
	cells, documents, err := p.state.Changes()
	if err != nil {
		return fmt.Errorf("save the books: %w", err)
	}
	began := time.Now() // of a duration only: nothing of it is stored
	err = p.books.Save(ctx, &ledger.Batch{
		Old: batch.from, New: batch.to, State: p.state.Encode(), Documents: documents, Cells: cells,
		Activity: p.state.Observed(), Checkpoints: batch.checkpoints,
	})
	took := time.Since(began)
	if err != nil {
		return fmt.Errorf("save the books: %w", err)
	}
	p.state.Clean()
	switch {
	case took > p.options.SaveFor:
		p.batch = max(p.batch/2, batchMin)
	case took < p.options.SaveFor/3:
		p.batch = min(p.batch*2, batchMax)
	}
	s := p.Stats()
	s.Cursor, s.Recorded = batch.to, batch.recorded
	s.Entries, s.Transactions = p.state.Entries(), p.state.Transactions()
	s.Saves++
	s.SlowestSave = max(s.SlowestSave, took)
	p.note(s)
	p.options.Log.Debug("books saved", slog.Int("entries", batch.entries), slog.Int("cells", len(cells)), slog.Duration("took", took))
	*batch = pending{from: batch.to, to: batch.to, recorded: batch.recorded}
	if p.options.Progress != nil {
		p.options.Progress(s)
	}
	return nil
}

// Rebuild drops what b holds and posts the journal to it again, up to a position; the zero Cursor is no bound. Fresh
// books that were rebuilt up to the position of others have the same ledger.Digest.
func Rebuild(ctx context.Context, j journal.Journal, b ledger.Books, o PosterOptions) (PosterStats, error) {
	if err := b.Drop(ctx); err != nil {
		return PosterStats{}, fmt.Errorf("rebuild the books: %w", err)
	}
	p := NewPoster(j, b, o)
	if err := p.CatchUp(ctx); err != nil {
		return p.Stats(), fmt.Errorf("rebuild the books: %w", err)
	}
	return p.Stats(), nil
}
