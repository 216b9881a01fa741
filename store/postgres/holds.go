package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"concord/journal"
	"concord/money"
)

var _ journal.Budgets = (*Journal)(nil)

// errOver says that a budget's guard let a block's holds not pass.
var errOver = errors.New("a hold does not fit its budget")

// movement is what a block does to one window.
type movement struct {
	taken, released, charged money.Amount
	limit                    money.Amount // of the last hold
}

// add sums up; an overflow cannot fit any budget.
func add(to *money.Amount, a money.Amount) error {
	sum, err := to.Add(a)
	if err != nil {
		return errOver
	}
	*to = sum
	return nil
}

// transact writes a block that needs more than its own statement. Where a budget's guard does not let it pass, the requests that
// do not fit are found out; if all fit by then, because others released something, it is tried again.
func (j *Journal) transact(ctx context.Context, b *journal.Block, x *index) error {
	for {
		err := pgx.BeginTxFunc(ctx, j.pool, writing, func(tx pgx.Tx) error {
			ordinal, err := j.insert(ctx, tx, b, x)
			if err == nil {
				err = j.budgets(ctx, tx, b)
			}
			if err == nil {
				err = x.write(ctx, tx, ordinal, b)
			}
			return err
		})
		if !errors.Is(err, errOver) {
			return err
		}
		if err := errors.Join(j.refusal(ctx, b), ctx.Err()); err != nil {
			return err
		}
	}
}

// overBudget reports whether an error says which requests do not fit.
func overBudget(err error) bool {
	_, ok := errors.AsType[*journal.BudgetError](err)
	return ok
}

// budgets changes the counters as a block says, in its transaction: one guarded statement a window, in one order everywhere, so
// that no two blocks wait for each other.
func (j *Journal) budgets(ctx context.Context, tx pgx.Tx, b *journal.Block) error {
	posts := make(map[journal.RequestID]money.Amount, len(b.Posts))
	ids := make([][]byte, 0, len(b.Posts))
	for _, p := range b.Posts {
		posts[p.Request] = p.Charged
		ids = append(ids, p.Request[:])
	}
	moves := map[journal.BudgetWindow]*movement{}
	if err := j.release(ctx, tx, ids, posts, moves); err != nil {
		return err
	}
	var taken []journal.Hold
	for i := range b.Holds {
		h := &b.Holds[i]
		m := moveOf(moves, h.BudgetWindow)
		m.limit = h.Limit
		if err := add(&m.taken, h.Amount); err != nil {
			return err
		}
		charged, ended := posts[h.Request]
		if !ended {
			taken = append(taken, *h)
		} else if err := m.post(h, charged); err != nil {
			return err
		}
	}
	for _, w := range slices.SortedFunc(maps.Keys(moves), journal.BudgetWindow.Compare) {
		if err := moveBudget(ctx, tx, w, moves[w]); err != nil {
			return err
		}
	}
	return take(ctx, tx, taken)
}

func moveOf(moves map[journal.BudgetWindow]*movement, w journal.BudgetWindow) *movement {
	m := moves[w]
	if m == nil {
		m = &movement{}
		moves[w] = m
	}
	return m
}

// post ends a hold.
func (m *movement) post(h *journal.Hold, charged money.Amount) error {
	if err := journal.CheckPost(h, charged); err != nil {
		return err
	}
	return errors.Join(add(&m.released, h.Amount), add(&m.charged, charged))
}

// release takes away what requests hold that a block posts.
func (j *Journal) release(ctx context.Context, tx pgx.Tx, ids [][]byte, posts map[journal.RequestID]money.Amount, moves map[journal.BudgetWindow]*movement) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, "DELETE FROM concord.hold WHERE request = ANY($1::bytea[]) RETURNING request, budget, span, currency, ceiling::text, amount::text", ids)
	if err != nil {
		return err
	}
	return j.eachHold(rows, func(h *journal.Hold) error {
		return moveOf(moves, h.BudgetWindow).post(h, posts[h.Request])
	})
}

// moveBudget is the guarded statement. A window that is new has nothing spent and nothing held.
func moveBudget(ctx context.Context, tx pgx.Tx, w journal.BudgetWindow, m *movement) error {
	delta, err := m.taken.Sub(m.released)
	if err != nil {
		return errOver
	}
	after, err := delta.Add(m.charged)
	if err != nil || m.taken.Sign() > 0 && after.Cmp(m.limit) > 0 {
		return errOver
	}
	done, err := tx.Exec(ctx, `INSERT INTO concord.budget AS b (budget, span, currency, spent, held) VALUES ($1, $2, $3, $4::numeric, $5::numeric)
		ON CONFLICT (budget, span, currency) DO UPDATE SET spent = b.spent + excluded.spent, held = b.held + excluded.held
		WHERE $6 OR b.spent + b.held + excluded.spent + excluded.held <= $7::numeric`,
		w.Budget, w.Window, string(w.Currency), m.charged.String(), delta.String(), m.taken.Sign() == 0, m.limit.String())
	if err == nil && done.RowsAffected() == 0 {
		return errOver
	}
	return err
}

// take writes what is held from now on, in one statement.
func take(ctx context.Context, tx pgx.Tx, holds []journal.Hold) error {
	if len(holds) == 0 {
		return nil
	}
	var requests [][]byte
	var budgets, spans, currencies, ceilings, amounts []string
	for i := range holds {
		h := &holds[i]
		requests = append(requests, h.Request[:])
		budgets, spans, currencies = append(budgets, h.Budget), append(spans, h.Window), append(currencies, string(h.Currency))
		ceilings, amounts = append(ceilings, h.Limit.String()), append(amounts, h.Amount.String())
	}
	_, err := tx.Exec(ctx, `INSERT INTO concord.hold (request, budget, span, currency, ceiling, amount)
		SELECT h.r, h.b, h.s, h.c, h.l::numeric, h.a::numeric
		FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS h (r, b, s, c, l, a)`,
		requests, budgets, spans, currencies, ceilings, amounts)
	return err
}

// refusal finds out which requests of a block do not fit; nil = all do by now, for others released something meanwhile.
func (j *Journal) refusal(ctx context.Context, b *journal.Block) error {
	_, err := journal.PlanHolds(b,
		func(w journal.BudgetWindow) (journal.BudgetState, error) { return j.budgetState(ctx, w) },
		func(id journal.RequestID) ([]journal.Hold, error) {
			var holds []journal.Hold
			rows, err := j.pool.Query(ctx, "SELECT request, budget, span, currency, ceiling::text, amount::text FROM concord.hold WHERE request = $1", id[:])
			if err == nil {
				err = j.eachHold(rows, func(h *journal.Hold) error { holds = append(holds, *h); return nil })
			}
			return holds, err
		})
	return err
}

func (j *Journal) budgetState(ctx context.Context, w journal.BudgetWindow) (journal.BudgetState, error) {
	s := journal.BudgetState{BudgetWindow: w}
	var spent, held string
	err := j.pool.QueryRow(ctx, "SELECT spent::text, held::text FROM concord.budget WHERE budget = $1 AND span = $2 AND currency = $3",
		w.Budget, w.Window, string(w.Currency)).Scan(&spent, &held)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, j.fail("read a budget of", err)
	}
	return s, j.amounts(&s.Spent, spent, &s.Held, held)
}

// amounts reads two amounts.
func (j *Journal) amounts(a *money.Amount, text string, b *money.Amount, other string) error {
	var errs [2]error
	*a, errs[0] = money.Parse(text)
	*b, errs[1] = money.Parse(other)
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("journal %s: an amount of a budget: %w: %w", j.where, ErrDamaged, err)
	}
	return nil
}

func (j *Journal) eachHold(rows pgx.Rows, yield func(*journal.Hold) error) error {
	var h journal.Hold
	var raw []byte
	var currency, ceiling, amount string
	_, err := pgx.ForEachRow(rows, []any{&raw, &h.Budget, &h.Window, &currency, &ceiling, &amount}, func() (err error) {
		h.Currency = money.Currency(currency)
		if h.Request, err = j.requestOf(raw); err == nil {
			err = j.amounts(&h.Limit, ceiling, &h.Amount, amount)
		}
		if err == nil {
			err = yield(&h)
		}
		return err
	})
	return err
}

// BudgetStates lists the counters.
func (j *Journal) BudgetStates(ctx context.Context) ([]journal.BudgetState, error) {
	rows, err := j.pool.Query(ctx, `SELECT budget, span, currency, spent::text, held::text FROM concord.budget
		ORDER BY budget COLLATE "C", span COLLATE "C", currency COLLATE "C"`)
	if code(err) == "42P01" {
		return nil, nil // an older format, opened for reading: nothing was ever held
	}
	if err != nil {
		return nil, j.fail("read the budgets of", err)
	}
	var states []journal.BudgetState
	var s journal.BudgetState
	var currency, spent, held string
	_, err = pgx.ForEachRow(rows, []any{&s.Budget, &s.Window, &currency, &spent, &held}, func() error {
		s.Currency = money.Currency(currency)
		err := j.amounts(&s.Spent, spent, &s.Held, held)
		states = append(states, s)
		return err
	})
	if code(err) == "42P01" {
		return nil, nil
	}
	return states, j.fail("read the budgets of", err)
}

// errEnough ends a reading before its end.
var errEnough = errors.New("enough")

// OpenHolds calls yield for every hold that is not posted.
func (j *Journal) OpenHolds(ctx context.Context, yield func(*journal.Hold) bool) error {
	rows, err := j.pool.Query(ctx, "SELECT request, budget, span, currency, ceiling::text, amount::text FROM concord.hold")
	if err == nil {
		err = j.eachHold(rows, func(h *journal.Hold) error {
			if !yield(h) {
				return errEnough
			}
			return nil
		})
	}
	if errors.Is(err, errEnough) || code(err) == "42P01" {
		return nil
	}
	return j.fail("read the holds of", err)
}
