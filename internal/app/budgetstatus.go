package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"concord/gateway"
	"concord/internal/telemetry"
	"concord/journal"
	"concord/money"
)

// A BudgetStatus is what a budget's window of now has come to.
type BudgetStatus struct {
	ID       string         `json:"id"`
	Customer string         `json:"customer,omitempty"`
	Key      string         `json:"key,omitempty"`
	Per      string         `json:"per"`
	Window   string         `json:"window"`
	Currency money.Currency `json:"currency"`
	Limit    money.Amount   `json:"limit"`
	Spent    money.Amount   `json:"spent"`
	Held     money.Amount   `json:"held"` // by requests that are open
	Left     money.Amount   `json:"left"` // negative where the limit was lowered below what is spent and held
}

// Line tells the budget to people.
func (b *BudgetStatus) Line() string {
	return fmt.Sprintf("budget      %s (%s): %s of %s %s left, %s spent, %s held", b.ID, b.Window, b.Left, b.Limit, b.Currency, b.Spent, b.Held)
}

// budgetStatus tells how budgets stand at an instant.
func budgetStatus(ctx context.Context, j journal.Journal, budgets []gateway.Budget, at int64) ([]BudgetStatus, error) {
	out := []BudgetStatus{}
	if len(budgets) == 0 {
		return out, nil
	}
	counters, ok := journal.BudgetsOf(j)
	if !ok {
		return nil, fmt.Errorf("read the budgets: this journal keeps none")
	}
	states, err := counters.BudgetStates(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the budgets: %w", err)
	}
	now := make(map[journal.BudgetWindow]journal.BudgetState, len(states))
	for _, s := range states {
		now[s.BudgetWindow] = s
	}
	for i := range budgets {
		b := &budgets[i]
		s := now[journal.BudgetWindow{Budget: b.ID, Window: b.Window(at), Currency: b.Currency}]
		left, err := b.Limit.Sub(s.Spent)
		if err == nil {
			left, err = left.Sub(s.Held)
		}
		if err != nil {
			return nil, fmt.Errorf("budget %s: %w", b.ID, err)
		}
		out = append(out, BudgetStatus{
			ID: b.ID, Customer: b.Customer, Key: b.Key, Per: b.Per.String(), Window: b.Window(at), Currency: b.Currency,
			Limit: b.Limit, Spent: s.Spent, Held: s.Held, Left: left,
		})
	}
	return out, nil
}

// budgetGauges is budgetStatus for a scrape, which has no context of its own.
func (s *Server) budgetGauges() []telemetry.Budget {
	f := s.current.Load()
	if f == nil || s.journal == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	status, err := budgetStatus(ctx, s.journal, f.config.Budgets, nowNanos())
	if err != nil {
		s.log.Warn("budgets not measured", "error", err)
		return nil
	}
	out := make([]telemetry.Budget, 0, len(status))
	for _, b := range status {
		out = append(out, telemetry.Budget{ID: b.ID, Currency: string(b.Currency), Limit: b.Limit.String(), Spent: b.Spent.String(), Held: b.Held.String()})
	}
	return out
}

// VerifyBudgets compares the counters of a place's journal with what its entries say.
func VerifyBudgets(ctx context.Context, dir string) (_ []journal.BudgetDifference, err error) {
	j, err := openToVerify(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	counters, ok := journal.BudgetsOf(j)
	if !ok {
		return nil, nil
	}
	return journal.CompareBudgets(ctx, j, counters)
}
