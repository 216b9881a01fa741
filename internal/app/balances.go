package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"concord/journal"
	"concord/ledger"
)

// BalanceOptions says which balances are shown.
type BalanceOptions struct {
	Filter ledger.Filter
	// AsOf is the last day that counts, as 2026-05-31, in the zone of each agreement; "" = all days.
	AsOf string
	// KnownAt is a position of the journal, as CHAIN/BLOCK, or an instant in RFC 3339: what was recorded after it does not
	// count; "" = everything.
	KnownAt string
}

// Balances adds up what stands in the accounts of the books, as of a day and as known at a position.
func (r *Reading) Balances(ctx context.Context, o BalanceOptions) ([]ledger.Balance, error) {
	if o.AsOf != "" {
		day, err := time.Parse(time.DateOnly, o.AsOf)
		if err != nil {
			return nil, fmt.Errorf("as of %q: a day is written as 2026-05-31", o.AsOf)
		}
		o.Filter.Until = int32(day.Unix()/(24*60*60)) + 1
	}
	if o.KnownAt == "" {
		return ledger.Balances(ctx, r.Books, o.Filter)
	}
	at, err := r.position(ctx, o.KnownAt)
	if err != nil {
		return nil, err
	}
	for {
		all, err := ledger.BalancesAt(ctx, r.Books, r.Journal, at, o.Filter)
		if !errors.Is(err, ledger.ErrMoving) || ctx.Err() != nil {
			return all, err
		}
	}
}

// position reads a position of the journal.
func (r *Reading) position(ctx context.Context, text string) (journal.Cursor, error) {
	if instant, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return ledger.PositionAt(ctx, r.Journal, instant.UnixNano())
	}
	chain, block, ok := strings.Cut(text, "/")
	c, chainErr := strconv.ParseUint(chain, 10, 64)
	b, blockErr := strconv.ParseUint(block, 10, 64)
	if !ok || chainErr != nil || blockErr != nil {
		return journal.Cursor{}, fmt.Errorf("known at %q: write a position as CHAIN/BLOCK, such as 1/20, or an instant as 2026-06-04T12:00:00Z", text)
	}
	return journal.Cursor{Chain: c, Block: b}, nil
}
