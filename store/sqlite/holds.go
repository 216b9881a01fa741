package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"concord/journal"
	"concord/money"
)

// holdsFormat is the format of the file from which on there are budgets; before it nothing is held.
const holdsFormat = 3

// holdStatements change counters and holds in the transaction of a block. A journal without budgets never runs them.
type holdStatements struct {
	state, first, move, held, take, release *sql.Stmt
}

var _ journal.Budgets = (*Journal)(nil)

func (s *holdStatements) all() []prepared {
	return []prepared{
		{&s.state, "SELECT spent, held FROM budget WHERE budget = ?1 AND span = ?2 AND currency = ?3"},
		{&s.first, "INSERT OR IGNORE INTO budget (budget, span, currency, spent, held) VALUES (?1, ?2, ?3, zeroblob(16), zeroblob(16))"},
		{&s.move, "UPDATE budget SET spent = ?4, held = ?5 WHERE budget = ?1 AND span = ?2 AND currency = ?3"},
		{&s.held, "SELECT budget, span, currency, ceiling, amount FROM hold WHERE request = ?1"},
		{&s.take, "INSERT INTO hold (request, budget, span, currency, ceiling, amount) VALUES (?, ?, ?, ?, ?, ?)"},
		{&s.release, "DELETE FROM hold WHERE request = ?"},
	}
}

// prepared is a statement and where it goes.
type prepared struct {
	to  **sql.Stmt
	sql string
}

// budgets changes the counters as a block says, in its open transaction. There is one writer, so that what is read stays as it
// is until the commit.
func (j *Journal) budgets(ctx context.Context, b *journal.Block) error {
	if len(b.Holds) == 0 && len(b.Posts) == 0 {
		return nil
	}
	changes, err := journal.PlanHolds(b,
		func(w journal.BudgetWindow) (journal.BudgetState, error) { return j.budgetState(ctx, w) },
		func(id journal.RequestID) ([]journal.Hold, error) { return j.heldBy(ctx, id) })
	if err != nil {
		return err
	}
	s := &j.holds
	for _, h := range changes.Removed {
		if _, err := s.release.ExecContext(ctx, h.Request[:]); err != nil {
			return j.fail("release a hold in", err)
		}
	}
	for _, h := range changes.Taken {
		if _, err := s.take.ExecContext(ctx, h.Request[:], h.Budget, h.Window, string(h.Currency), amountBlob(h.Limit), amountBlob(h.Amount)); err != nil {
			return j.fail("take a hold in", err)
		}
	}
	for _, after := range changes.States {
		key := []any{after.Budget, after.Window, string(after.Currency)}
		if _, err := s.first.ExecContext(ctx, key...); err != nil {
			return j.fail("begin a budget's window in", err)
		}
		if _, err := s.move.ExecContext(ctx, append(key, amountBlob(after.Spent), amountBlob(after.Held))...); err != nil {
			return j.fail("move a budget in", err)
		}
	}
	return nil
}

func (j *Journal) budgetState(ctx context.Context, w journal.BudgetWindow) (journal.BudgetState, error) {
	state := journal.BudgetState{BudgetWindow: w}
	var spent, held []byte
	err := j.holds.state.QueryRowContext(ctx, w.Budget, w.Window, string(w.Currency)).Scan(&spent, &held)
	if errors.Is(err, sql.ErrNoRows) {
		return state, nil
	}
	if err != nil {
		return state, j.fail("read a budget of", err)
	}
	if state.Spent, err = j.amount(spent); err == nil {
		state.Held, err = j.amount(held)
	}
	return state, err
}

func (j *Journal) heldBy(ctx context.Context, id journal.RequestID) ([]journal.Hold, error) {
	rows, err := j.holds.held.QueryContext(ctx, id[:])
	if err != nil {
		return nil, j.fail("read the holds of", err)
	}
	defer rows.Close()
	var holds []journal.Hold
	for rows.Next() {
		h := journal.Hold{Request: id}
		if err := j.scanHold(rows, &h); err != nil {
			return nil, err
		}
		holds = append(holds, h)
	}
	return holds, j.fail("read the holds of", rows.Err())
}

// scanHold reads what a row says of a hold, after other columns.
func (j *Journal) scanHold(rows *sql.Rows, h *journal.Hold, before ...any) error {
	var limit, amount []byte
	err := rows.Scan(append(before, &h.Budget, &h.Window, (*string)(&h.Currency), &limit, &amount)...)
	if err != nil {
		return j.fail("read the holds of", err)
	}
	if h.Limit, err = j.amount(limit); err == nil {
		h.Amount, err = j.amount(amount)
	}
	return err
}

func amountBlob(a money.Amount) []byte {
	b := a.Bytes()
	return b[:]
}

func (j *Journal) amount(b []byte) (money.Amount, error) {
	if len(b) != 16 || !money.FromBytes([16]byte(b)).Valid() {
		return money.Amount{}, fmt.Errorf("journal %s: an amount of a budget has the bytes %x: %w", j.path, b, ErrDamaged)
	}
	return money.FromBytes([16]byte(b)), nil
}

// BudgetStates lists the counters.
func (j *Journal) BudgetStates(ctx context.Context) ([]journal.BudgetState, error) {
	if j.format < holdsFormat {
		return nil, nil
	}
	rows, err := j.read.QueryContext(ctx, "SELECT budget, span, currency, spent, held FROM budget ORDER BY budget, span, currency")
	if err != nil {
		return nil, j.fail("read the budgets of", err)
	}
	defer rows.Close()
	var states []journal.BudgetState
	for rows.Next() {
		var s journal.BudgetState
		var spent, held []byte
		if err := rows.Scan(&s.Budget, &s.Window, (*string)(&s.Currency), &spent, &held); err != nil {
			return nil, j.fail("read the budgets of", err)
		}
		if s.Spent, err = j.amount(spent); err == nil {
			s.Held, err = j.amount(held)
		}
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	return states, j.fail("read the budgets of", rows.Err())
}

// OpenHolds calls yield for every hold that is not posted.
func (j *Journal) OpenHolds(ctx context.Context, yield func(*journal.Hold) bool) error {
	if j.format < holdsFormat {
		return nil
	}
	rows, err := j.read.QueryContext(ctx, "SELECT request, budget, span, currency, ceiling, amount FROM hold ORDER BY request, budget, span, currency")
	if err != nil {
		return j.fail("read the holds of", err)
	}
	defer rows.Close()
	for rows.Next() {
		var h journal.Hold
		var raw []byte
		if err := j.scanHold(rows, &h, &raw); err != nil {
			return err
		}
		if h.Request, err = j.requestOf(raw); err != nil {
			return err
		}
		if !yield(&h) {
			return nil
		}
	}
	return j.fail("read the holds of", rows.Err())
}
