package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"concord/journal"
)

// RecoverOptions configure Recover; Price and Now are required.
type RecoverOptions struct {
	Price journal.PriceFunc
	Now   func() int64 // ns UTC, for the seal entries
	Log   *slog.Logger // nil = silent
}

// Recovered says what Recover did.
type Recovered struct {
	Chains   []journal.ChainID       // that were settled
	Outcomes map[journal.Outcome]int // of the records that were written
}

// Records returns how many intents were resolved.
func (r *Recovered) Records() (n int) {
	for _, count := range r.Outcomes {
		n += count
	}
	return n
}

// Recover resolves what dead processes left behind, into the chain of c. It seals their chains first, so that a process
// that was only paused cannot append any more, then writes one record for each open intent, and last, for each chain, a
// seal entry, which says that nothing of it is open. If it is cut short, the next run goes on where it stopped. Of a merging
// journal it takes the chains whose lease has run out, and those only. Of others it must not run while a chain other than
// c's is alive; on SQLite the lock on the data directory sees to that.
func Recover(ctx context.Context, j journal.Journal, c *Committer, o RecoverOptions) (*Recovered, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	result := &Recovered{Outcomes: map[journal.Outcome]int{}}
	dead, err := sealDead(ctx, j, c.Chain())
	if err != nil {
		return result, fmt.Errorf("recover: %w", err)
	}
	if len(dead) == 0 {
		return result, nil
	}
	var recovery journal.Recovery
	for _, chain := range dead {
		if err := takeChain(ctx, j, chain, &recovery); err != nil {
			return result, fmt.Errorf("recover chain %s: %w", chain.ID, err)
		}
	}
	entries, err := recovery.Resolve(o.Price)
	if err != nil {
		return result, fmt.Errorf("recover: %w", err)
	}
	if entries, err = unresolved(ctx, j, entries); err != nil {
		return result, fmt.Errorf("recover: %w", err)
	}
	if err := appendAll(ctx, c, entries); err != nil {
		return result, fmt.Errorf("recover: append %d records: %w", len(entries), err)
	}
	for i := range entries {
		result.Outcomes[entries[i].Body.(*journal.Record).Outcome]++
	}
	seals := make([]journal.Entry, 0, len(dead))
	for _, chain := range dead {
		seals = append(seals, journal.Entry{
			Time: o.Now(), ID: chain.ID.String(), Part: 1, Body: &journal.Seal{Chain: chain.ID, Reason: "recovered"},
		})
		result.Chains = append(result.Chains, chain.ID)
	}
	if err := appendAll(ctx, c, seals); err != nil {
		return result, fmt.Errorf("recover: append the seals of %d chains: %w", len(seals), err)
	}
	o.Log.Info("recovered", slog.Int("chains", len(dead)), slog.Int("records", len(entries)))
	return result, nil
}

// sealDead seals the chains that are not settled, apart from one's own.
func sealDead(ctx context.Context, j journal.Journal, self journal.ChainID) ([]journal.ChainState, error) {
	chains, err := j.Chains(ctx)
	if err != nil {
		return nil, err
	}
	var dead []journal.ChainState
	if m, ok := journal.AsMerging(j); ok {
		return claimDead(ctx, m, chains, self)
	}
	for _, chain := range chains {
		if chain.Settled && chain.Sealed || chain.ID == self {
			continue
		}
		if err := j.SealChain(ctx, chain.ID); err != nil {
			return nil, err
		}
		if !chain.Settled {
			dead = append(dead, chain)
		}
	}
	return dead, nil
}

func takeChain(ctx context.Context, j journal.Journal, chain journal.ChainState, r *journal.Recovery) error {
	decoder := journal.Decoder{Reuse: true}
	var failed error
	take := func(b *journal.Block) bool {
		if b.Ordinal != chain.Ordinal {
			return false
		}
		failed = b.Entries(&decoder, func(_ int, e *journal.Entry) bool {
			r.Take(e)
			return true
		})
		return failed == nil
	}
	var err error
	if m, ok := journal.AsMerging(j); ok {
		err = m.OfChain(ctx, chain.ID, 0, take)
	} else {
		err = j.Blocks(ctx, journal.Cursor{Chain: chain.Ordinal}, take)
	}
	return errors.Join(failed, err)
}

// claimDead seals and claims the chains whose lease has run out; what another process resolves is left to it.
func claimDead(ctx context.Context, m journal.Merging, chains []journal.ChainState, self journal.ChainID) ([]journal.ChainState, error) {
	var dead []journal.ChainState
	for _, chain := range chains {
		if chain.Settled || chain.ID == self {
			continue
		}
		claimed, err := m.Claim(ctx, chain.ID, self)
		if err != nil {
			return nil, err
		}
		if claimed {
			dead = append(dead, chain)
		}
	}
	return dead, nil
}

// unresolved drops the records that stand in the journal of several live chains already: a process that was cut short, or has
// only lost its claim, has written them to a chain that is not among the dead.
func unresolved(ctx context.Context, j journal.Journal, records []journal.Entry) ([]journal.Entry, error) {
	if _, ok := journal.AsMerging(j); !ok {
		return records, nil
	}
	left := records[:0]
	for i := range records {
		entries, err := j.Find(ctx, records[i].Key())
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			return nil, err
		}
		if !slices.ContainsFunc(entries, func(e journal.Entry) bool { return e.Body.Kind() == journal.KindRecord && e.Part == 0 }) {
			left = append(left, records[i])
		}
	}
	return left, nil
}

// appendAll appends entries in groups and waits until they are durable.
func appendAll(ctx context.Context, c *Committer, entries []journal.Entry) error {
	for len(entries) > 0 {
		n := min(len(entries), GroupEntries/2)
		commit, err := c.Append(entries[:n]...)
		if err != nil {
			return err
		}
		select {
		case <-commit.Await():
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := commit.Err(); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}
