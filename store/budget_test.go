package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/money"
	"concord/pricing"
	"concord/store"
	"concord/store/sqlite"
	"concord/usage"
)

// watched is a journal that holds every commit to the promise of its budgets.
type watched struct {
	holding
	t      *rapid.T
	limits map[string]money.Amount // now, by budget
}

type holding interface {
	journal.Journal
	journal.Budgets
}

// AppendBlock compares the counters before and after: what is held and spent may be above a limit only where that was lowered
// since, and then it does not grow.
func (w *watched) AppendBlock(ctx context.Context, b *journal.Block) error {
	before := w.sums(ctx)
	err := w.holding.AppendBlock(ctx, b)
	for window, sum := range w.sums(ctx) {
		if limit := w.limits[window.Budget]; sum.Cmp(limit) > 0 && sum.Cmp(before[window]) > 0 {
			w.t.Errorf("%v grew from %s to %s under a limit of %s", window, before[window], sum, limit)
		}
	}
	return err
}

func (w *watched) sums(ctx context.Context) map[journal.BudgetWindow]money.Amount {
	states, err := w.BudgetStates(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[journal.BudgetWindow]money.Amount{}
	for _, s := range states {
		if out[s.BudgetWindow], err = s.Held.Add(s.Spent); err != nil || s.Held.Sign() < 0 {
			w.t.Fatalf("%+v: %v", s, err)
		}
	}
	return out
}

// claiming is the intent of the nth request.
func claiming(n int, hold money.Amount, claims []journal.Claim) journal.Entry {
	e := journaltest.Intent(n)
	in := e.Body.(*journal.Intent)
	in.Hold, in.Claims = hold, claims
	return e
}

// charging is the record that ends a hold: what is used may be above it.
func charging(t interface{ Fatal(...any) }, n int, hold, used money.Amount) journal.Entry {
	e := journaltest.Record(n)
	r := e.Body.(*journal.Record)
	r.Lines = []pricing.Line{{Class: usage.Output, Quantity: 1, Unit: used, Amount: used}}
	if err := r.EndHold(hold); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestWhateverRequestsDoNoBudgetIsExceeded(t *testing.T) {
	t.Parallel()
	stores := map[string]func(dir string) (holding, error){
		"memory": func(string) (holding, error) { return journal.NewMemory(), nil },
		"sqlite": func(dir string) (holding, error) { return sqlite.OpenJournal(dir, sqlite.Options{}) },
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			root := t.TempDir()
			rapid.Check(t, func(t *rapid.T) {
				n++
				j, err := open(filepath.Join(root, fmt.Sprint(n)))
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close()
				budgetModel(t, j)
			})
		})
	}
}

// budgetModel takes, posts and voids at random, in windows that change and under limits that change.
func budgetModel(t *rapid.T, j holding) {
	w := &watched{holding: j, t: t, limits: map[string]money.Amount{"a": money.FromUnits(10), "b": money.FromUnits(10)}}
	c, err := store.NewCommitter(context.Background(), w, journaltest.Chain(1), store.CommitterOptions{Now: func() int64 { return 1 }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	type open struct {
		n    int
		hold money.Amount
	}
	var held []open
	spent := map[string]money.Amount{} // by window of budget a
	windowOf := map[int]string{}
	amount := rapid.Int64Range(1, 5_000_000)
	window, next := "2026-11-01", 0
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		switch rapid.SampledFrom([]string{"take", "take", "take", "post", "post", "window", "limit"}).Draw(t, "step") {
		case "take": // several in one group: those that fit are taken in order
			var commits []*journal.Commit
			var tries []open
			for range rapid.IntRange(1, 4).Draw(t, "group") {
				next++
				hold := money.FromPico(amount.Draw(t, "hold") * 1_000_000)
				var claims []journal.Claim
				for _, b := range []string{"a", "b"} {
					if b == "a" || rapid.Bool().Draw(t, "both") {
						claims = append(claims, journal.Claim{Budget: b, Window: window, Limit: w.limits[b]})
					}
				}
				commit, err := c.Append(claiming(next, hold, claims))
				if err != nil {
					t.Fatal(err)
				}
				commits, tries = append(commits, commit), append(tries, open{next, hold})
				windowOf[next] = window
			}
			for i, commit := range commits {
				<-commit.Done()
				_, refused := errors.AsType[*journal.BudgetRefusal](commit.Err())
				switch {
				case commit.Err() == nil:
					held = append(held, tries[i])
				case !refused:
					t.Fatal(commit.Err())
				}
			}
		case "post": // or void: nothing is used
			if len(held) == 0 {
				continue
			}
			i := rapid.IntRange(0, len(held)-1).Draw(t, "which")
			used := money.FromPico(rapid.Int64Range(0, 6_000_000).Draw(t, "used") * 1_000_000)
			e := charging(t, held[i].n, held[i].hold, used)
			commit, err := c.Append(e)
			if err != nil {
				t.Fatal(err)
			}
			if <-commit.Done(); commit.Err() != nil {
				t.Fatal(commit.Err())
			}
			charged, _ := e.Body.(*journal.Record).Charged()
			spent[windowOf[held[i].n]], _ = spent[windowOf[held[i].n]].Add(charged)
			held = slices.Delete(held, i, i+1)
		case "window":
			window = fmt.Sprintf("2026-11-%02d", rapid.IntRange(1, 3).Draw(t, "day"))
		case "limit":
			w.limits[rapid.SampledFrom([]string{"a", "b"}).Draw(t, "budget")] = money.FromUnits(rapid.Int64Range(0, 20).Draw(t, "limit"))
		}
	}
	states, err := j.BudgetStates(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if s.Budget == "a" && s.Spent != spent[s.Window] {
			t.Errorf("%v: spent %s, records charged %s", s.BudgetWindow, s.Spent, spent[s.Window])
		}
	}
	differences, err := journal.CompareBudgets(context.Background(), j, j)
	if err != nil || len(differences) != 0 {
		t.Errorf("the counters are not what the journal says: %v, %v", differences, err)
	}
}

func TestRecoveryReleasesWhatADeadChainHeld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := sqlite.OpenJournal(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	dead := journaltest.Begin(t, j, journaltest.Chain(1))
	claims := []journal.Claim{{Budget: "a", Window: "total", Limit: money.FromUnits(1)}}
	one := money.MustParse("0.4")
	var entries []journal.Entry
	var holds []journal.Hold
	for n := 1; n <= 2; n++ {
		e := claiming(n, one, claims)
		entries, holds = append(entries, e), e.Body.(*journal.Intent).Holds(holds)
	}
	b := dead.Next(t, append(entries, journaltest.Progress(2, 7))...)
	b.Holds = holds
	if err := j.AppendBlock(t.Context(), b); err != nil {
		t.Fatal(err)
	}

	c, err := store.NewCommitter(t.Context(), j, journaltest.Chain(2), store.CommitterOptions{Now: func() int64 { return 1 }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	tooMuch := money.MustParse("0.9") // the price asks for more than was held
	_, err = store.Recover(t.Context(), j, c, store.RecoverOptions{
		Price: func(*journal.Intent, int64, string, *usage.Usage) (journal.Quote, error) {
			return journal.Quote{Currency: "USD", Charging: "delivered", Lines: []pricing.Line{{Class: usage.Output, Quantity: 1, Unit: tooMuch, Amount: tooMuch}}}, nil
		},
		Now: func() int64 { return 2 },
	})
	if err != nil {
		t.Fatal(err)
	}

	states, err := j.BudgetStates(t.Context())
	if err != nil || len(states) != 1 || !states[0].Held.IsZero() || states[0].Spent != one {
		t.Errorf("%+v, %v: want nothing held, and the stream that was delivered charged up to its hold", states, err)
	}
	if differences, err := journal.CompareBudgets(t.Context(), j, j); err != nil || len(differences) != 0 {
		t.Errorf("%v, %v", differences, err)
	}
}

func TestACounterThatIsNotWhatTheJournalSaysIsNamed(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	e := claiming(1, money.FromUnits(1), []journal.Claim{{Budget: "a", Window: "total", Limit: money.FromUnits(9)}})
	b := c.Next(t, e)
	b.Holds = e.Body.(*journal.Intent).Holds(nil)
	b.Holds[0].Amount = money.FromUnits(2) // a counter that went wrong
	if err := j.AppendBlock(t.Context(), b); err != nil {
		t.Fatal(err)
	}

	differences, err := journal.CompareBudgets(t.Context(), j, j)

	if err != nil || len(differences) != 1 || differences[0].Held != money.FromUnits(2) || differences[0].HeldByJournal != money.FromUnits(1) {
		t.Errorf("%v, %v", differences, err)
	}
}
