package simulate

import (
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
	"concord/settlement"
	"concord/usage"
)

// A Trial is books of its own, to which requests that were never made are posted: the very records, prices and postings of
// the live path. What is posted adds up, so that caps and tiers are reached as they would be. It is not safe for
// concurrent use.
type Trial struct {
	state *ledger.State
	n     uint64
}

// NewTrial returns empty books.
func NewTrial() *Trial { return &Trial{state: ledger.NewState()} }

// Learn makes terms known, so that what they open with counts even before anything is posted.
func (t *Trial) Learn(set *agreement.Set, known time.Time) error {
	intervals, err := set.Timeline(known)
	if err != nil {
		return fmt.Errorf("open the books: %w", err)
	}
	for _, i := range intervals {
		if err := ledger.Learn(t.state, i.Terms); err != nil {
			return fmt.Errorf("open the books under the terms since %s: %w", i.From.Format(time.RFC3339), err)
		}
	}
	return nil
}

// Posted is what came of one supposed request.
type Posted struct {
	Record      *journal.Record
	Currency    money.Currency
	Lines       []pricing.Line // the price
	Cost        []pricing.Line // what the operator charges the account holder
	Charged     money.Amount
	Costs       money.Amount
	Unpriced    []usage.Class
	Sale        agreement.Ref // the sale clause
	Streams     []Stream
	Flows       []Flow
	Transaction *ledger.Transaction
}

// Stream is a part of the charged price.
type Stream struct {
	Name   string
	Amount money.Amount
}

// A Flow is money that one party owes another under one clause because of one request. A customer's payment is a flow under
// the sale clause.
type Flow struct {
	Kind      string // "sale", "revenue-share", "capacity"
	Agreement string
	Clause    string
	Payer     string
	Payee     string
	Amount    money.Amount
	// AboveCap is what a cap kept from being owed.
	AboveCap   money.Amount
	Provenance agreement.Provenance
}

// Post posts a request that an answer with usage u at a deployment would have ended, at facts.At under the router's terms.
// The caller has made sure that the deployment may serve.
func (t *Trial) Post(r *delivery.Router, f delivery.Facts, deployment string, u *usage.Usage) (*Posted, error) {
	i, known := r.Deployment(deployment)
	if !known {
		return nil, fmt.Errorf("post usage at %s: there is no such deployment", deployment)
	}
	d := &r.Catalog().Deployments[i]
	p := &Posted{Currency: r.Currency(i)}
	var err error
	if p.Lines, p.Unpriced, err = r.Charge(i, f.At, u, nil); err != nil {
		return nil, fmt.Errorf("price usage at %s: %w", deployment, err)
	}
	if p.Cost, err = r.Cost(i, f.At, u, nil); err != nil {
		return nil, fmt.Errorf("price usage at %s: %w", deployment, err)
	}
	t.n++
	id := journal.NewRequestID(f.At/int64(time.Millisecond), 0, t.n)
	p.Record = &journal.Record{
		Request: id, Outcome: journal.Answered, Customer: f.Customer, Product: f.Product, API: f.API, Stream: f.Stream,
		Terms: r.Terms().Hash(), Currency: p.Currency, Usage: *u, Lines: p.Lines, Unpriced: p.Unpriced,
		Attempts: []journal.Tried{{
			Deployment: deployment, Cloud: d.Cloud, Seller: d.Seller, Holder: d.Holder, Outcome: delivery.Answered, Status: 200,
			Usage: *u, Cost: p.Cost,
		}},
	}
	entry := &journal.Entry{Time: f.At, ID: string(id[:]), Body: p.Record}
	tx, err := ledger.PostUnder(t.state, entry, r.Terms())
	if err != nil {
		return nil, fmt.Errorf("post usage at %s: %w", deployment, err)
	}
	p.Transaction = tx.Clone()
	return p, p.read(r, i)
}

// read takes the flows out of the postings.
func (p *Posted) read(r *delivery.Router, i int) (err error) {
	if p.Charged, err = total(p.Lines); err != nil {
		return err
	}
	if p.Costs, err = total(p.Cost); err != nil {
		return err
	}
	d := &r.Catalog().Deployments[i]
	if in, _, ok := r.Terms().Sale(d.Seller, d.Product, d.Cloud); ok {
		p.Sale = in.Ref()
	}
	for _, posting := range p.Transaction.Postings {
		if err := p.take(r.Terms(), posting); err != nil {
			return err
		}
	}
	return nil
}

func (p *Posted) take(terms *agreement.Terms, posting ledger.Posting) error {
	parts, err := posting.Account.Parse()
	if err != nil {
		return err
	}
	switch {
	case parts.Root == "payable" && parts.Branch == "accrued":
		ref := agreement.Ref{Agreement: posting.Agreement, Clause: parts.Subject}
		flow := Flow{Kind: "capacity", Agreement: ref.Agreement, Clause: ref.Clause, Payer: posting.Book, Payee: parts.Counterparty,
			Amount: posting.Amount.Neg(), Provenance: agreement.Assumed}
		if in, ok := terms.Clause(ref); ok {
			flow.Provenance = in.Provenance("")
			switch in.Clause.(type) {
			case *agreement.Sale:
				flow.Kind = "sale"
			case *agreement.RevenueShare:
				flow.Kind = "revenue-share"
				flow.Provenance = in.Provenance("rate")
			case *agreement.Delivery, *agreement.License, *agreement.Commitment, *agreement.Milestone:
			}
		}
		return p.addFlow(flow)
	case parts.Root == "revenue" && posting.Stream != "" && (parts.Branch == "cloud" || parts.Branch == "license"):
		return p.addStream(posting.Stream, posting.Amount.Neg())
	case parts.Root == "memo" && parts.Branch == "above-cap" && parts.Side == "":
		return p.aboveCap(terms, posting)
	}
	return nil
}

func (p *Posted) addFlow(f Flow) (err error) {
	for i := range p.Flows {
		have := &p.Flows[i]
		if have.Agreement == f.Agreement && have.Clause == f.Clause && have.Payer == f.Payer && have.Payee == f.Payee {
			have.Amount, err = have.Amount.Add(f.Amount)
			return err
		}
	}
	p.Flows = append(p.Flows, f)
	return nil
}

func (p *Posted) addStream(name string, amount money.Amount) (err error) {
	i := slices.IndexFunc(p.Streams, func(s Stream) bool { return s.Name == name })
	if i < 0 {
		p.Streams = append(p.Streams, Stream{Name: name, Amount: amount})
		return nil
	}
	p.Streams[i].Amount, err = p.Streams[i].Amount.Add(amount)
	return err
}

// aboveCap notes the excess at the flow of the clause, which may owe nothing any more.
func (p *Posted) aboveCap(terms *agreement.Terms, posting ledger.Posting) (err error) {
	i := slices.IndexFunc(p.Flows, func(f Flow) bool { return f.Agreement == posting.Agreement && f.Clause == posting.Clause })
	if i < 0 {
		i = len(p.Flows)
		flow := Flow{Kind: "revenue-share", Agreement: posting.Agreement, Clause: posting.Clause, Payer: posting.Book, Provenance: agreement.Assumed}
		if in, ok := terms.Clause(agreement.Ref{Agreement: posting.Agreement, Clause: posting.Clause}); ok {
			flow.Provenance = in.Provenance("rate")
			if share, is := in.Clause.(*agreement.RevenueShare); is {
				flow.Payee = share.Payees[0].Party
			}
		}
		p.Flows = append(p.Flows, flow)
	}
	p.Flows[i].AboveCap, err = p.Flows[i].AboveCap.Add(posting.Amount)
	return err
}

func total(lines []pricing.Line) (sum money.Amount, err error) {
	for i := range lines {
		if sum, err = sum.Add(lines[i].Amount); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// Balances returns the trial's cells, in canonical order.
func (t *Trial) Balances() ([]ledger.Cell, error) {
	cells, _, err := t.state.Changes()
	if err != nil {
		return nil, fmt.Errorf("balances of the trial: %w", err)
	}
	return cells, nil
}

// Accrual returns the running totals of a share.
func (t *Trial) Accrual(r agreement.Ref) (ledger.Accrual, bool) {
	return t.state.Accrual(r.Agreement, r.Clause)
}

// Owed lists what parties owe each other after all that was posted, under terms at an instant.
func (t *Trial) Owed(terms *agreement.Terms, at time.Time) ([]settlement.Debt, error) {
	cells, err := t.Balances()
	if err != nil {
		return nil, err
	}
	return settlement.Owed(cells, t.state.CapUses(), terms, at)
}
