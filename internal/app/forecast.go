package app

import (
	"context"
	"fmt"
	"time"

	"concord/ledger"
	"concord/settlement"
)

// A ForecastQuery says what is to be estimated.
type ForecastQuery struct {
	Agreement string // "" = the only one
	AsOf      string // a day, whose beginning is meant, or an instant in RFC 3339; "" = Now
	Seed      uint64 // of the draws behind the ranges
	Draws     int    // 0 = the default
	Now       time.Time
}

// Forecast estimates what the month of an agreement comes to and when its caps and commitments run out, from the books.
func (r *Reading) Forecast(ctx context.Context, q ForecastQuery) (*settlement.Forecast, error) {
	history, err := r.History(ctx)
	if err != nil {
		return nil, err
	}
	set, err := history.Latest()
	if err != nil {
		return nil, err
	}
	chosen, err := choose(set.Set, q.Agreement)
	if err != nil {
		return nil, err
	}
	intervals, err := set.Set.Timeline(set.Known)
	if err != nil {
		return nil, fmt.Errorf("find the terms that are in force: %w", err)
	}
	in := &settlement.ForecastInput{Agreement: chosen.Name, History: intervals, AsOf: q.Now, Seed: q.Seed, Draws: q.Draws}
	if q.AsOf != "" {
		zone := chosen.Zone
		if zone == nil {
			zone = time.UTC
		}
		if in.AsOf, err = time.ParseInLocation(time.DateOnly, q.AsOf, zone); err != nil {
			if in.AsOf, err = time.Parse(time.RFC3339Nano, q.AsOf); err != nil {
				return nil, fmt.Errorf("as of %q: write a day as 2026-05-15, or an instant as 2026-05-15T12:00:00Z", q.AsOf)
			}
		}
	}
	if in.AsOf.After(q.Now) {
		return nil, fmt.Errorf("as of %s: that is to come; a forecast is made of days that were", q.AsOf)
	}
	saved, err := r.Books.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	in.Ahead = func() (*settlement.Snapshot, error) {
		state, err := ledger.DecodeState(saved)
		if err != nil {
			return nil, fmt.Errorf("read the books: %w", err)
		}
		return &settlement.Snapshot{State: state, Cells: in.Cells, At: saved.Cursor, History: intervals, Prices: set.Books, Catalog: set.Catalog}, nil
	}
	if err := r.Books.Cells(ctx, func(c ledger.Cell) bool { in.Cells = append(in.Cells, c); return true }); err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	return settlement.MakeForecast(in)
}
