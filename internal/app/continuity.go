package app

import (
	"context"
	"errors"
	"fmt"

	"concord/journal"
)

// continuity checks, while a journal is read anyway, that its blocks are what was written, one after the other: a server does not
// go on from a journal that was changed. The nil continuity checks nothing.
type continuity struct {
	last map[uint64]journal.Block // of each chain, by ordinal, without its bytes
}

var errChanged = errors.New("the journal was changed outside of Concord\n  see what else is wrong with concord journal verify, and restore a backup: docs/operations.md")

func (c *continuity) take(b *journal.Block) error {
	if c == nil {
		return nil
	}
	last := c.last[b.Ordinal]
	wrong := ""
	switch {
	case b.Sum() != b.Hash:
		wrong = "its bytes do not have the hash that it states"
	case b.Number != last.Number+1:
		wrong = fmt.Sprintf("it follows block %d", last.Number)
	case b.Prev != last.Hash:
		wrong = "it names another hash than the block before it has"
	case b.Recorded < last.Recorded:
		wrong = fmt.Sprintf("it was recorded at %d, before the block before it at %d", b.Recorded, last.Recorded)
	}
	if wrong != "" {
		return fmt.Errorf("%s: %s: %w", b.Position(0), wrong, errChanged)
	}
	kept := *b
	kept.Bytes = nil
	c.last[b.Ordinal] = kept
	return nil
}

// ends checks that each chain goes as far as the storage says. A chain that is alive may have gone on meanwhile.
func (c *continuity) ends(ctx context.Context, j journal.Journal) error {
	if c == nil {
		return nil
	}
	chains, err := j.Chains(ctx)
	if err != nil {
		return err
	}
	for _, chain := range chains {
		last := c.last[chain.Ordinal]
		switch {
		case last.Number == chain.Blocks && last.Hash != chain.Head:
			return fmt.Errorf("chain %s, block %d: its hash is %s, and the chain's head is %s: %w", chain.ID, last.Number, last.Hash, chain.Head, errChanged)
		case last.Number < chain.Blocks:
			if found, err := c.grew(ctx, j, chain, last.Number); err != nil || found {
				return err
			}
			return fmt.Errorf("chain %s, block %d: the chain ends here, and its head is block %d with hash %s: %w", chain.ID, last.Number, chain.Blocks, chain.Head, errChanged)
		}
	}
	return nil
}

// grew reports whether a chain has a block after one, which was not there when it was read.
func (c *continuity) grew(ctx context.Context, j journal.Journal, chain journal.ChainState, after uint64) (found bool, err error) {
	err = j.Blocks(ctx, journal.Cursor{Chain: chain.Ordinal, Block: after}, func(b *journal.Block) bool {
		found = b.Ordinal == chain.Ordinal
		return false
	})
	return found, err
}
