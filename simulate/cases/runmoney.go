package cases

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
	"concord/simulate"
)

// tally is what entries came to.
type tally struct {
	charged  money.Amount
	streams  map[string]money.Amount
	flows    []simulate.Flow
	postings []ledger.Posting
}

func (t *tally) add(o *tally) (err error) {
	if t.charged, err = t.charged.Add(o.charged); err != nil {
		return err
	}
	if t.streams == nil {
		t.streams = map[string]money.Amount{}
	}
	for name, amount := range o.streams {
		if t.streams[name], err = t.streams[name].Add(amount); err != nil {
			return err
		}
	}
	for _, f := range o.flows {
		same := func(g simulate.Flow) bool {
			return g.Agreement == f.Agreement && g.Clause == f.Clause && g.Payer == f.Payer && g.Payee == f.Payee
		}
		if i := slices.IndexFunc(t.flows, same); i < 0 {
			t.flows = append(t.flows, f)
		} else if t.flows[i].Amount, err = t.flows[i].Amount.Add(f.Amount); err != nil {
			return err
		}
	}
	for _, p := range o.postings {
		same := func(q ledger.Posting) bool { p.Amount = q.Amount; return p == q }
		amount := p.Amount
		i := slices.IndexFunc(t.postings, same)
		p.Amount = amount
		if i < 0 {
			t.postings = append(t.postings, p)
		} else if t.postings[i].Amount, err = t.postings[i].Amount.Add(amount); err != nil {
			return err
		}
	}
	return nil
}

// take adds what a transaction posts: who owes whom, and the revenue by stream.
func (t *tally) take(tx *ledger.Transaction) error {
	one := tally{streams: map[string]money.Amount{}, postings: slices.Clone(tx.Postings)}
	for _, p := range one.postings {
		parts, err := p.Account.Parse()
		if err != nil {
			return err
		}
		switch {
		case parts.Root == "payable" && parts.Branch == "accrued":
			flow := simulate.Flow{Agreement: p.Agreement, Clause: parts.Subject, Payer: p.Book, Payee: parts.Counterparty, Amount: p.Amount.Neg()}
			if err := one.add(&tally{flows: []simulate.Flow{flow}}); err != nil {
				return err
			}
		case parts.Root == "revenue" && p.Stream != "" && (parts.Branch == "cloud" || parts.Branch == "license"):
			if one.streams[p.Stream], err = one.streams[p.Stream].Sub(p.Amount); err != nil {
				return err
			}
		}
	}
	return t.add(&one)
}

// serves finds the deployment of an entry: the one that it names, or the first of the plan.
func (r *runner) serves(u *Usage, d *simulate.Decision) (id string, v agreement.Verdict, ok bool) {
	if u.Deployment.Given() {
		i, known := d.Router.Deployment(u.Deployment.Value)
		if !known || d.Router.Catalog().Deployments[i].Product != d.Product.ID {
			r.noDeployment(u.Deployment, d)
			return "", v, false
		}
		return u.Deployment.Value, d.Verdicts[i], true
	}
	if d.Plan.Refused {
		v, _ = d.Router.Denial(d.Facts)
		return "", v, true
	}
	i := d.Plan.Steps[0].Deployment
	return d.Router.Catalog().Deployments[i].ID, d.Verdicts[i], true
}

// money holds what entries came to to what is expected of it.
func (r *runner) money(prefix string, e *Expect, got *tally) {
	if e.Charged.Given() {
		r.same(prefix+"charged", e.Charged, got.charged, "")
	}
	for _, name := range sortedNames(e.Revenue) {
		r.same(prefix+"revenue."+name, e.Revenue[name], got.streams[name], "")
	}
	for i, want := range e.Owed {
		var sum money.Amount
		for _, f := range got.flows {
			if matches(want.Clause, f.Clause) && matches(want.Payer, f.Payer) && matches(want.Payee, f.Payee) {
				sum = r.plus(sum, f.Amount, want.Amount)
			}
		}
		r.same(fmt.Sprintf("%sowed[%d]", prefix, i), want.Amount, sum, flowsText(got.flows))
	}
	for i, want := range e.Postings {
		var sum money.Amount
		for _, p := range got.postings {
			if matches(want.Book, p.Book) && matchesAccount(want.Account, p.Account) && matches(want.Clause, p.Clause) {
				sum = r.plus(sum, p.Amount, want.Amount)
			}
		}
		r.same(fmt.Sprintf("%spostings[%d]", prefix, i), want.Amount, sum, postingsText(got.postings, want.Book.Value))
	}
}

func matches(want Text, got string) bool { return !want.Given() || want.Value == got }

// matchesAccount reports whether an account is meant: by its name, or "revenue:*" for all that begin so.
func matchesAccount(want Text, got ledger.Account) bool {
	if above, all := strings.CutSuffix(want.Value, ":*"); all {
		return strings.HasPrefix(string(got), above+":")
	}
	return matches(want, string(got))
}

func (r *runner) plus(a, b money.Amount, at Text) money.Amount {
	sum, err := a.Add(b)
	if err != nil {
		r.invalid(at, "use smaller numbers", "%v", err)
	}
	return sum
}

func (r *runner) same(what string, want Text, got money.Amount, because string) {
	if !want.Given() {
		r.invalid(r.at, `add amount: "0.004"`, "%s has no amount", what)
		return
	}
	before := len(r.findings)
	if amount := r.amount(want); len(r.findings) == before && amount != got {
		r.fail(want, what, amount.String(), got.String(), because)
	}
}

// capLeft holds what is left of caps to what is expected.
func (r *runner) capLeft(prefix string, e *Expect, s *story, at time.Time) {
	if len(e.CapLeft) == 0 {
		return
	}
	terms, err := s.terms(at.UnixNano())
	if err != nil {
		r.invalid(r.at, "resolve what concord agreement check reports", "%v", err)
		return
	}
	for i, want := range e.CapLeft {
		what := fmt.Sprintf("%scap_left[%d]", prefix, i)
		limit, ok := capOf(terms, want)
		if !ok {
			r.fail(want.Clause, what, want.Amount.Value, "no such cap in force", "")
			continue
		}
		use, _ := s.state.CapUse(limit.agreement, want.Clause.Value, limit.Cap, at)
		left, err := limit.Amount.Sub(use.Capped)
		if err != nil {
			r.invalid(want.Amount, "use smaller numbers", "%v", err)
		}
		if left.Sign() < 0 {
			left = money.Amount{}
		}
		r.same(what, want.Amount, left, fmt.Sprintf("%s of %s is used", use.Capped, limit.Amount))
	}
}

type capIn struct {
	agreement.Cap
	agreement string
}

func capOf(terms *agreement.Terms, want CapLeft) (limit capIn, ok bool) {
	for _, f := range terms.Shares() {
		share := f.Clause.(*agreement.RevenueShare)
		if share.ID != want.Clause.Value {
			continue
		}
		for _, c := range share.Caps {
			if matches(want.Per, c.Per) {
				return capIn{c, f.Agreement.Name}, true
			}
		}
	}
	return limit, false
}

func flowsText(flows []simulate.Flow) string {
	if len(flows) == 0 {
		return "nothing fell due"
	}
	parts := make([]string, len(flows))
	for i, f := range flows {
		parts[i] = fmt.Sprintf("%s to %s %s (%s)", f.Payer, f.Payee, f.Amount, f.Clause)
	}
	return "what fell due: " + strings.Join(parts, "; ")
}

func postingsText(postings []ledger.Posting, book string) string {
	var parts []string
	for _, p := range postings {
		if book == "" || p.Book == book {
			parts = append(parts, fmt.Sprintf("%s %s %s", p.Book, p.Account, p.Amount))
		}
	}
	if len(parts) == 0 {
		return "nothing was posted there"
	}
	return "what was posted: " + strings.Join(parts, "; ")
}

func sortedNames(m map[string]Text) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
