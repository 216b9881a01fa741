package cases

import (
	"context"
	"fmt"
	"strings"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// charge is what an entry that is not usage charges a customer; what is given back is negative.
func charge(body journal.Body) (money.Amount, error) {
	switch b := body.(type) {
	case *journal.Invoice:
		return b.Amount, nil
	case *journal.Refund:
		return b.Amount.Neg(), nil
	case *journal.Credit:
		if b.Origin.Customer != "" {
			return b.Amount.Neg(), nil
		}
	case *journal.Correction:
		if b.What == "cost" || b.What == "terms" {
			break
		}
		was, err := chargedBy(b.Was)
		if err != nil {
			return was, err
		}
		now, err := chargedBy(b.Now)
		if err != nil {
			return now, err
		}
		return now.Sub(was)
	}
	return money.Amount{}, nil
}

// standing holds what stands to what is expected.
func (r *runner) standing(prefix string, e *Expect, s *story, out *outcome, at time.Time) {
	if !e.stands() {
		return
	}
	r.owes(prefix+"accrued", "accrued", e.Accrued, s)
	r.owes(prefix+"payable", "stated", e.Payable, s)
	for _, total := range []struct {
		name string
		want []Total
		of   func(*ledger.Accrual) money.Amount
	}{
		{"base", e.Base, func(a *ledger.Accrual) money.Amount { return a.Base }},
		{"uncapped", e.Uncapped, func(a *ledger.Accrual) money.Amount { return a.Uncapped }},
		{"capped", e.Capped, func(a *ledger.Accrual) money.Amount { return a.Capped }},
	} {
		for i, want := range total.want {
			if a := s.agreementOf(want.Clause); a != nil {
				accrual, _ := s.state.Accrual(a.Name, want.Clause.Value)
				r.same(fmt.Sprintf("%s%s[%d]", prefix, total.name, i), want.Amount, total.of(&accrual), "")
			}
		}
	}
	for i, want := range e.Balances {
		r.balance(fmt.Sprintf("%sbalances[%d]", prefix, i), want, s)
	}
	for i, want := range e.Statements {
		r.issued(fmt.Sprintf("%sstatements[%d]", prefix, i), want, s, at)
	}
	for i, number := range e.Unchanged {
		r.unchanged(fmt.Sprintf("%sunchanged[%d]", prefix, i), number, s)
	}
	for i, want := range e.Budgets {
		r.budget(fmt.Sprintf("%sbudgets[%d]", prefix, i), want, s)
	}
	for i, want := range e.Due {
		r.due(fmt.Sprintf("%sdue[%d]", prefix, i), want, out.due)
	}
	if e.Statement != nil && len(out.statements) == 1 {
		r.statement(prefix+"statement", e.Statement, out.statements[0])
	} else if e.Statement != nil {
		r.invalid(r.at, "write between: [openai, microsoft]", "%d statements are closed here, and one is expected", len(out.statements))
	}
}

// owes adds up what stands as owed in one form.
func (r *runner) owes(what, branch string, all []Owed, s *story) {
	if len(all) == 0 {
		return
	}
	cells, _, err := s.state.Changes()
	if err != nil {
		r.invalid(r.at, "correct the entries", "%v", err)
		return
	}
	for i, want := range all {
		var sum money.Amount
		var there []string
		for j := range cells {
			c := &cells[j]
			parts, err := c.Account.Parse()
			if err != nil || parts.Root != "payable" || parts.Branch != branch || !matches(want.Payer, c.Book) ||
				!matches(want.Payee, parts.Counterparty) || !matches(want.Clause, parts.Subject) {
				continue
			}
			sum = r.plus(sum, c.Amount.Neg(), want.Amount)
			there = append(there, fmt.Sprintf("%s to %s %s (%s)", c.Book, parts.Counterparty, c.Amount.Neg(), parts.Subject))
		}
		if branch == "stated" {
			disputed, err := s.disputed(want)
			if err != nil {
				r.invalid(want.Amount, "use smaller numbers", "%v", err)
			}
			if !disputed.IsZero() {
				there = append(there, "disputed "+disputed.String())
			}
			sum = r.plus(sum, disputed.Neg(), want.Amount)
		}
		r.same(fmt.Sprintf("%s[%d]", what, i), want.Amount, sum, strings.Join(there, "; "))
	}
}

// balance adds up what was posted to an account, of days up to one and recorded up to an instant.
func (r *runner) balance(what string, want Balance, s *story) {
	before := len(r.findings)
	upTo, known := int32(0), len(s.written)
	if want.AsOf.Given() {
		day, err := time.Parse(time.DateOnly, want.AsOf.Value)
		if err != nil {
			r.invalid(want.AsOf, "write 2026-05-31", "%q is no day", want.AsOf.Value)
		}
		upTo = int32(day.Unix() / 86400)
	}
	if i, ok := s.lastOf(want.KnownAt.Value); ok {
		known = i + 1
	} else if want.KnownAt.Given() {
		at := r.instant(want.KnownAt).UnixNano()
		for known > 0 && s.written[known-1].recorded > at {
			known--
		}
	}
	if len(r.findings) > before {
		return
	}
	var sum money.Amount
	for i := range s.written[:known] {
		for _, p := range s.written[i].postings {
			if matches(want.Book, p.Book) && matchesAccount(want.Account, p.Account) && matches(want.Clause, p.Clause) && (!want.AsOf.Given() || p.Day <= upTo) {
				sum = r.plus(sum, p.Amount, want.Amount)
			}
		}
	}
	r.same(what, want.Amount, sum, "")
}

// text and maybe compare where something is expected.
func (r *runner) text(what string, want Text, got string) {
	if want.Given() && want.Value != got {
		r.fail(want, what, want.Value, got, "")
	}
}

func (r *runner) maybe(what string, want Text, got money.Amount) {
	if want.Given() {
		r.same(what, want, got, "")
	}
}

func (r *runner) budget(what string, want Budget, s *story) {
	states, err := s.journal.BudgetStates(context.Background())
	if err != nil {
		r.invalid(want.Budget, "correct the entries", "%v", err)
		return
	}
	var held, spent money.Amount
	for _, b := range states {
		if matches(want.Budget, b.Budget) && matches(want.Window, b.Window) {
			held, spent = r.plus(held, b.Held, want.Budget), r.plus(spent, b.Spent, want.Budget)
		}
	}
	r.maybe(what+".held", want.Held, held)
	r.maybe(what+".spent", want.Spent, spent)
}

func (r *runner) due(what string, want Due, all []*journal.Fee) {
	var sum money.Amount
	said := []string{"nothing fell due"}
	for i, d := range all {
		if i == 0 {
			said = nil
		}
		said = append(said, fmt.Sprintf("%s %s (%s)", d.Name, d.Amount, d.Clause))
		if matches(want.Name, d.Name) && matches(want.Clause, d.Clause) {
			sum = r.plus(sum, d.Amount, want.Amount)
		}
	}
	r.same(what, want.Amount, sum, strings.Join(said, "; "))
}
