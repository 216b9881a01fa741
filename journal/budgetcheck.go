package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"concord/money"
)

// BudgetsOf returns the counters of a journal, or of the one that it wraps.
func BudgetsOf(j Journal) (Budgets, bool) {
	for {
		if b, ok := j.(Budgets); ok {
			return b, true
		}
		w, ok := j.(interface{ Unwrap() Journal })
		if !ok {
			return nil, false
		}
		j = w.Unwrap()
	}
}

// A BudgetDifference is a window whose counter is not what the journal's entries come to.
type BudgetDifference struct {
	BudgetWindow
	Spent          money.Amount `json:"spent"` // by the counter
	Held           money.Amount `json:"held"`
	SpentByJournal money.Amount `json:"spent_by_journal"` // by the entries
	HeldByJournal  money.Amount `json:"held_by_journal"`
}

// String names the window and both figures.
func (d BudgetDifference) String() string {
	return fmt.Sprintf("budget %s (%s): the counter says %s %s spent and %s held, the journal %s and %s",
		d.Budget, d.Window, d.Spent, d.Currency, d.Held, d.SpentByJournal, d.HeldByJournal)
}

// budgetReads is how often a journal that goes on is read again before its counters are called moving.
const budgetReads = 5

// ErrMoving says that the counters changed each time that they were compared.
var ErrMoving = errors.New("journal: the budgets change while they are compared: do it when less is going on")

// CompareBudgets adds up what the entries of a journal say of budgets and compares it with the counters. It needs memory for the
// requests that are open, and may run beside writers.
func CompareBudgets(ctx context.Context, j Journal, b Budgets) ([]BudgetDifference, error) {
	for range budgetReads {
		before, err := b.BudgetStates(ctx)
		if err != nil {
			return nil, err
		}
		var sums budgetSums
		if err := sums.read(ctx, j); err != nil {
			return nil, fmt.Errorf("add up budgets: %w", err)
		}
		after, err := b.BudgetStates(ctx)
		if err != nil {
			return nil, err
		}
		if slices.Equal(before, after) {
			return sums.compare(after), nil
		}
	}
	return nil, ErrMoving
}

// budgetSums is what entries come to.
type budgetSums struct {
	windows map[BudgetWindow]*BudgetState
	open    map[RequestID][]Hold
	early   map[RequestID]money.Amount // charged by records that were read before their intents
}

func (s *budgetSums) read(ctx context.Context, j Journal) error {
	s.windows, s.open, s.early = map[BudgetWindow]*BudgetState{}, map[RequestID][]Hold{}, map[RequestID]money.Amount{}
	d := Decoder{Reuse: true}
	var failed error
	err := j.Blocks(ctx, Cursor{}, func(b *Block) bool {
		failed = b.Entries(&d, func(_ int, e *Entry) bool {
			failed = s.take(e)
			return failed == nil
		})
		return failed == nil
	})
	return errors.Join(failed, err)
}

func (s *budgetSums) take(e *Entry) error {
	switch body := e.Body.(type) {
	case *Intent:
		if len(body.Claims) == 0 {
			return nil
		}
		holds := body.Holds(nil)
		if charged, ended := s.early[body.Request]; ended {
			delete(s.early, body.Request)
			return s.spend(holds, charged)
		}
		s.open[body.Request] = holds
	case *Record:
		if body.Held.IsZero() {
			return nil
		}
		charged, err := body.Charged()
		if err != nil {
			return err
		}
		holds, known := s.open[body.Request]
		if !known {
			s.early[body.Request] = charged
			return nil
		}
		delete(s.open, body.Request)
		return s.spend(holds, charged)
	}
	return nil
}

func (s *budgetSums) window(w BudgetWindow) *BudgetState {
	state := s.windows[w]
	if state == nil {
		state = &BudgetState{BudgetWindow: w}
		s.windows[w] = state
	}
	return state
}

func (s *budgetSums) spend(holds []Hold, charged money.Amount) (err error) {
	for i := range holds {
		w := s.window(holds[i].BudgetWindow)
		if w.Spent, err = w.Spent.Add(charged); err != nil {
			return err
		}
	}
	return nil
}

// compare returns what differs, in order.
func (s *budgetSums) compare(counters []BudgetState) []BudgetDifference {
	for _, holds := range s.open {
		for i := range holds {
			w := s.window(holds[i].BudgetWindow)
			if sum, err := w.Held.Add(holds[i].Amount); err == nil {
				w.Held = sum
			}
		}
	}
	var out []BudgetDifference
	for _, c := range counters {
		want := *s.window(c.BudgetWindow)
		delete(s.windows, c.BudgetWindow)
		if want.Spent != c.Spent || want.Held != c.Held {
			out = append(out, BudgetDifference{c.BudgetWindow, c.Spent, c.Held, want.Spent, want.Held})
		}
	}
	for w, want := range s.windows {
		out = append(out, BudgetDifference{BudgetWindow: w, SpentByJournal: want.Spent, HeldByJournal: want.Held})
	}
	slices.SortFunc(out, func(a, b BudgetDifference) int { return a.Compare(b.BudgetWindow) })
	return out
}
