package simulate

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
)

// A Shadow is what records would have come to under other terms: in books of its own, at the prices that were charged.
// A request whose deployment those terms do not permit counts as refused. It is not sent elsewhere: which cloud would have
// answered, and how, is a simulation of traffic, not a look at what happened.
type Shadow struct {
	Terms    agreement.Hash       `json:"-"`
	Records  int                  `json:"records"` // that charged or cost something
	Posted   int                  `json:"posted"`
	Refused  int                  `json:"refused"`
	Refusals []Refusal            `json:"refusals"`
	Revenue  *settlement.Revenues `json:"revenue"`
	Owed     []settlement.Debt    `json:"owed"`
	Cells    []ledger.Cell        `json:"-"`
	Accruals []ledger.Accrual     `json:"-"`
	CapUses  []ledger.CapUse      `json:"-"`
}

// A Refusal is what one clause, or the lack of one, would have kept from being served on one cloud.
type Refusal struct {
	Check     string         `json:"check"`
	Agreement string         `json:"agreement,omitempty"`
	Clause    string         `json:"clause,omitempty"` // "" = no clause
	Seller    string         `json:"seller"`
	Cloud     string         `json:"cloud"`
	Product   string         `json:"product"`
	Reason    string         `json:"reason"`
	Currency  money.Currency `json:"currency"`
	Count     int            `json:"count"`
	Charged   money.Amount   `json:"charged"` // what customers paid for it
}

// Under posts records as if the terms of a router had been in force. Entries other than records are passed over.
func Under(entries iter.Seq2[*journal.Entry, error], other *delivery.Router) (*Shadow, error) {
	s := &shadow{router: other, state: ledger.NewState(), verdicts: make(map[asked][]agreement.Verdict), refusals: make(map[Refusal]*Refusal)}
	for e, err := range entries {
		if err != nil {
			return nil, fmt.Errorf("read the records to post under other terms: %w", err)
		}
		if r, ok := e.Body.(*journal.Record); ok {
			if err := s.record(e, r); err != nil {
				return nil, fmt.Errorf("record of %s under other terms: %w", r.Request, err)
			}
		}
	}
	return s.finish()
}

type shadow struct {
	router   *delivery.Router
	state    *ledger.State
	verdicts map[asked][]agreement.Verdict
	refusals map[Refusal]*Refusal // by refusals without reason, count and amount
	last     int64
	out      Shadow
}

// asked is what verdicts depend on.
type asked struct {
	customer, product string
	api               agreement.API
}

func (s *shadow) record(e *journal.Entry, r *journal.Record) error {
	charged := len(r.Lines) > 0 || len(r.Unpriced) > 0
	if !charged && !slices.ContainsFunc(r.Attempts, func(a journal.Tried) bool { return len(a.Cost) > 0 }) {
		return nil
	}
	s.out.Records++
	s.last = max(s.last, e.Time)
	if charged && r.Served >= 0 && r.Served < len(r.Attempts) {
		if v := s.verdict(r, &r.Attempts[r.Served]); !v.Permitted {
			return s.refuse(r, v)
		}
	}
	// Attempts on clouds that the other terms do not permit would not have been made, and cost nothing.
	under := *r
	under.Attempts = slices.Clone(r.Attempts)
	for i := range under.Attempts {
		if a := &under.Attempts[i]; len(a.Cost) > 0 && !s.verdict(r, a).Permitted {
			a.Cost = nil
		}
	}
	entry := *e
	entry.Body = &under
	if _, err := ledger.PostUnder(s.state, &entry, s.router.Terms()); err != nil {
		return err
	}
	s.out.Posted++
	return nil
}

func (s *shadow) verdict(r *journal.Record, a *journal.Tried) agreement.Verdict {
	i, known := s.router.Deployment(a.Deployment)
	if !known {
		return agreement.Verdict{Failed: agreement.CheckCloud, Reason: fmt.Sprintf("the catalog has no deployment %s", a.Deployment)}
	}
	k := asked{r.Customer, r.Product, r.API}
	verdicts, ok := s.verdicts[k]
	if !ok {
		verdicts = s.router.Explain(delivery.Facts{Customer: r.Customer, Product: r.Product, API: r.API, Stream: r.Stream})
		s.verdicts[k] = verdicts
	}
	return verdicts[i]
}

func (s *shadow) refuse(r *journal.Record, v agreement.Verdict) error {
	a := &r.Attempts[r.Served]
	key := Refusal{Check: v.Failed.String(), Agreement: v.Clause.Agreement, Clause: v.Clause.Clause, Seller: a.Seller, Cloud: a.Cloud,
		Product: r.Product, Currency: r.Currency}
	one := s.refusals[key]
	if one == nil {
		first := key
		first.Reason = v.Reason
		one = &first
		s.refusals[key] = one
	}
	one.Count++
	s.out.Refused++
	for i := range r.Lines {
		var err error
		if one.Charged, err = one.Charged.Add(r.Lines[i].Amount); err != nil {
			return err
		}
	}
	return nil
}

func (s *shadow) finish() (*Shadow, error) {
	out := &s.out
	out.Terms = s.router.Terms().Hash()
	out.Refusals = make([]Refusal, 0, len(s.refusals))
	for _, r := range s.refusals {
		out.Refusals = append(out.Refusals, *r)
	}
	slices.SortFunc(out.Refusals, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Agreement, b.Agreement), cmp.Compare(a.Clause, b.Clause),
			cmp.Compare(a.Check, b.Check), cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.Cloud, b.Cloud),
			cmp.Compare(a.Product, b.Product), cmp.Compare(a.Currency, b.Currency))
	})
	var err error
	if out.Cells, _, err = s.state.Changes(); err != nil {
		return nil, fmt.Errorf("balances under other terms: %w", err)
	}
	out.Accruals, out.CapUses = s.state.Accruals(), s.state.CapUses()
	if out.Revenue, err = settlement.Revenue(out.Cells); err != nil {
		return nil, fmt.Errorf("revenue under other terms: %w", err)
	}
	out.Owed, err = settlement.Owed(out.Cells, out.CapUses, s.router.Terms(), time.Unix(0, s.last).UTC())
	if err != nil {
		return nil, fmt.Errorf("debts under other terms: %w", err)
	}
	return out, nil
}
