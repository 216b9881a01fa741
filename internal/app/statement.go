package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/settlement"
)

// A StatementQuery says which statements are wanted.
type StatementQuery struct {
	Agreement string    // "" = the only one
	Period    string    // "2026-05", "2026-Q2", "2026"; "" = the one that Now is in
	Between   [2]string // "" = all pairs of parties, or those of Party
	Party     string
	Now       time.Time
}

// Statements cuts the drafts of a period from the books, under the terms that the journal brought last.
func (r *Reading) Statements(ctx context.Context, q StatementQuery) ([]*settlement.Statement, error) {
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
	in, err := r.statementInput(ctx, set, chosen, q)
	if err != nil {
		return nil, err
	}
	if q.Between != ([2]string{}) {
		in.Between = q.Between
		one, err := settlement.DraftStatement(in)
		if err != nil {
			return nil, err
		}
		return []*settlement.Statement{one}, nil
	}
	parties := []string{q.Party}
	if q.Party == "" {
		parties = nil
		for _, p := range chosen.Parties {
			parties = append(parties, p.ID)
		}
	}
	seen := map[[2]string]bool{}
	out := []*settlement.Statement{}
	for _, party := range parties {
		drafts, err := settlement.DraftsFor(in, party)
		if err != nil {
			return nil, err
		}
		for _, d := range drafts {
			if pair := d.Between; !seen[pair] && !seen[[2]string{pair[1], pair[0]}] {
				seen[pair] = true
				out = append(out, d)
			}
		}
	}
	return out, nil
}

func choose(set *agreement.Set, name string) (*agreement.Agreement, error) {
	var names []string
	for _, a := range set.Agreements() {
		if a.Name == name || name == "" && len(set.Agreements()) == 1 {
			return a, nil
		}
		names = append(names, a.Name)
	}
	return nil, fmt.Errorf("the journal has no agreement %q\n  say --agreement with one of: %s", name, strings.Join(names, ", "))
}

func (r *Reading) statementInput(ctx context.Context, set *PastSet, a *agreement.Agreement, q StatementQuery) (*settlement.Input, error) {
	intervals, err := set.Set.Timeline(set.Known)
	if err != nil {
		return nil, fmt.Errorf("find the terms of the period: %w", err)
	}
	state, at, err := ledger.Resume(ctx, r.Books)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	in := &settlement.Input{
		Agreement: a.Name, Period: q.Period, History: intervals, Accruals: state.Accruals(), Books: set.Books, At: at, Issued: q.Now,
	}
	if in.Period == "" {
		kind := "month"
		if len(a.Settlement) > 0 {
			kind = a.Settlement[0].Period
		}
		in.Period = settlement.PeriodOf(kind, q.Now, a.Zone)
	}
	if err := r.Books.Cells(ctx, func(c ledger.Cell) bool { in.Cells = append(in.Cells, c); return true }); err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	if at.Block > 0 {
		before := journal.Cursor{Chain: at.Chain, Block: at.Block - 1}
		if err := r.Journal.Blocks(ctx, before, func(b *journal.Block) bool { in.Hash = b.Hash; return false }); err != nil {
			return nil, fmt.Errorf("read the block at which the books stand: %w", err)
		}
	}
	return in, nil
}
