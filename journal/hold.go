package journal

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"concord/money"
)

// A Claim is what an intent takes of one budget: its hold, in one window of the budget, up to the limit that held then.
type Claim struct {
	Budget string
	Window string       // of a day "2026-11-23", of a month "2026-11", else "total"
	Limit  money.Amount // in the intent's currency
}

// A BudgetWindow names one counter: a budget in one window and one currency.
type BudgetWindow struct {
	Budget   string         `json:"budget"`
	Window   string         `json:"window"`
	Currency money.Currency `json:"currency"`
}

// Compare orders windows; a storage that locks several takes them in this order.
func (w BudgetWindow) Compare(o BudgetWindow) int {
	return cmp.Or(strings.Compare(w.Budget, o.Budget), strings.Compare(w.Window, o.Window), strings.Compare(string(w.Currency), string(o.Currency)))
}

// A BudgetState is what a window has come to. Held + Spent never exceeds the limit that a hold was taken under.
type BudgetState struct {
	BudgetWindow
	Spent money.Amount // charged by records
	Held  money.Amount // by intents without a record
}

// A Hold is what one request holds of one window.
type Hold struct {
	BudgetWindow
	Request RequestID
	Limit   money.Amount // when it was taken
	Amount  money.Amount // the most that the request can cost
}

// A Post ends the holds of a request: what was charged is spent, the rest is released. A request that holds nothing any more
// posts nothing, so that a second post changes nothing.
type Post struct {
	Request RequestID
	Charged money.Amount // never above the hold: what is above it is refused
}

// A BudgetRefusal is a request that did not fit a budget.
type BudgetRefusal struct {
	BudgetState // of the window that it did not fit, with all that comes before it
	Request     RequestID
	Limit       money.Amount
	Amount      money.Amount // the hold that it asked for
}

// Error names the budget and the figures.
func (r *BudgetRefusal) Error() string {
	return fmt.Sprintf("budget %s (%s): limit %s %s, spent %s, held %s: a hold of %s does not fit",
		r.Budget, r.Window, r.Limit, r.Currency, r.Spent, r.Held, r.Amount)
}

// A BudgetError says which requests of a block do not fit their budgets. Nothing of the block was stored; without them it
// fits, unless others take what is left meanwhile.
type BudgetError struct{ Refused []BudgetRefusal }

// Error names the first refusal.
func (e *BudgetError) Error() string {
	if len(e.Refused) == 0 {
		return "journal: a hold does not fit its budget"
	}
	return fmt.Sprintf("journal: %d holds refused: %v", len(e.Refused), &e.Refused[0])
}

// Budgets is what a storage tells of its counters. They stand beside the journal and change in the transaction that appends
// an intent or a record (Block.Holds, Block.Posts).
type Budgets interface {
	// BudgetStates lists every window that ever held something, in the order of BudgetWindow.Compare.
	BudgetStates(ctx context.Context) ([]BudgetState, error)
	// OpenHolds calls yield for every hold that is not posted, in no order, until it returns false.
	OpenHolds(ctx context.Context, yield func(*Hold) bool) error
}

// EndHold makes r the record that ends a hold: no more than the hold is charged, and what was used above it is flagged.
// Lines keep their quantities; the amounts of the last ones are cut.
func (r *Record) EndHold(hold money.Amount) error {
	left := hold
	r.Held, r.Above = hold, money.Amount{}
	for i := range r.Lines {
		l := &r.Lines[i]
		if l.Amount.Cmp(left) > 0 {
			over, err := l.Amount.Sub(left)
			if err == nil {
				r.Above, err = r.Above.Add(over)
			}
			if err != nil {
				return fmt.Errorf("charge of %s above its hold: %w", r.Request, err)
			}
			l.Amount = left
		}
		left, _ = left.Sub(l.Amount) // 0 to hold
	}
	return nil
}

// Charged returns what a record charges the customer.
func (r *Record) Charged() (sum money.Amount, err error) {
	for i := range r.Lines {
		if sum, err = sum.Add(r.Lines[i].Amount); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// Holds appends what an intent takes of its budgets to dst.
func (i *Intent) Holds(dst []Hold) []Hold {
	for _, c := range i.Claims {
		dst = append(dst, Hold{
			BudgetWindow: BudgetWindow{c.Budget, c.Window, i.Currency}, Request: i.Request, Limit: c.Limit, Amount: i.Hold,
		})
	}
	return dst
}
