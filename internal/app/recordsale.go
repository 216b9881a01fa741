package app

import (
	"context"
	"errors"
	"fmt"

	"concord/journal"
	"concord/journal/events"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// A sale is what later money belongs to: a record or an invoice, with what was recorded of it since.
type sale struct {
	entry  journal.Entry
	origin journal.Origin
	record *journal.Record // nil = an invoice
	lines  []pricing.Line  // of a record: its price as it stands after corrections
	back   money.Amount    // given back by refunds and credits, without tax
	refund refunded
	cost   map[int][]pricing.Line
	used   map[int]usage.Usage // what is known by now of attempts, and as -1 of the sale
}

// sale finds what an origin names; nil if it names nothing.
func (c *recorder) sale(ctx context.Context, o *journal.Origin) (*sale, error) {
	key, what := o.Sale(), o.Request.String()
	if o.Request.IsZero() {
		if o.Of == (journal.Ref{}) {
			return nil, nil
		}
		what = fmt.Sprintf("%s %q of source %q", o.Of.Kind, o.Of.ID, o.Of.Source)
		if o.Of.Kind == journal.KindRecord && o.Of.Source != "" {
			key = events.RequestOf(o.Of.Source, o.Of.ID)
		} else if o.Of.Kind == journal.KindRecord {
			key = journal.RequestID([]byte(o.Of.ID))
		}
	}
	entries, err := c.journal.Find(ctx, key)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, fmt.Errorf("there is no %s in this journal\n  list what there is: concord usage list", what)
	}
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", what, err)
	}
	for i := range c.fresh { // of the same file
		for _, id := range c.fresh[i].Also() {
			if id == key {
				entries = append(entries, c.fresh[i])
			}
		}
	}
	var s *sale
	for i := range entries {
		e := &entries[i]
		if e.Key() != key || e.Part != o.Of.Part {
			continue
		}
		switch body := e.Body.(type) {
		case *journal.Record:
			s, err = c.soldBy(ctx, e, body)
		case *journal.Invoice:
			s = &sale{entry: *e, origin: body.Origin, cost: map[int][]pricing.Line{}, used: map[int]usage.Usage{}}
			s.origin.Of, s.origin.Charged = journal.Ref{Kind: journal.KindInvoice, Source: e.Source, ID: e.ID, Part: e.Part}, body.Amount
		}
		if err != nil {
			return nil, err
		}
	}
	if s == nil {
		return nil, fmt.Errorf("%s has no record of part %d yet: it is being served, or its server died; the next start resolves it", what, o.Of.Part)
	}
	return s, s.since(entries)
}

// soldBy reads a sale from a record.
func (c *recorder) soldBy(ctx context.Context, e *journal.Entry, r *journal.Record) (*sale, error) {
	s := &sale{entry: *e, record: r, lines: r.Lines, cost: map[int][]pricing.Line{}, used: map[int]usage.Usage{-1: r.Usage}}
	ref := journal.Ref{Kind: journal.KindRecord, Source: e.Source, ID: e.ID, Part: e.Part}
	if e.Source == "" { // the identity that it has everywhere: no other chain knows it by its bytes
		chains, err := c.journal.Chains(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the chains: %w", err)
		}
		for _, chain := range chains {
			if chain.Ordinal == e.At.Chain {
				ref.Source = chain.ID.String()
			}
		}
		ref.ID = r.Request.String()
	}
	s.origin = journal.Origin{Of: ref, Request: r.Request, At: e.Time, Terms: r.Terms, Set: r.Set, Customer: r.Customer, Product: r.Product, Currency: r.Currency}
	if r.Served >= 0 && r.Served < len(r.Attempts) {
		s.origin.Seller, s.origin.Cloud = r.Attempts[r.Served].Seller, r.Attempts[r.Served].Cloud
	}
	for i := range r.Attempts {
		s.cost[i], s.used[i] = r.Attempts[i].Cost, r.Attempts[i].Usage
	}
	var err error
	s.origin.Charged, err = totalOf(r.Lines)
	return s, err
}

// since takes what was recorded of the sale later.
func (s *sale) since(entries []journal.Entry) (err error) {
	for i := range entries {
		switch body := entries[i].Body.(type) {
		case *journal.Refund:
			if body.Origin.Of == s.origin.Of {
				s.back, err = s.back.Add(body.Amount)
				err = errors.Join(err, s.refund.add(body))
			}
		case *journal.Credit:
			if body.Origin.Of == s.origin.Of {
				s.back, err = s.back.Add(body.Amount)
			}
		case *journal.Correction:
			switch {
			case body.Origin.Of != s.origin.Of || body.What == "terms":
			case body.What == "cost":
				s.cost[body.Attempt] = body.Now
			default:
				s.lines = body.Now
				s.origin.Charged, err = totalOf(body.Now)
			}
			if body.Origin.Of == s.origin.Of && body.Usage != (usage.Usage{}) {
				s.used[body.Attempt] = body.Usage
			}
		}
		if err != nil {
			return fmt.Errorf("add up what was given back of the sale: %w", err)
		}
	}
	return nil
}

func totalOf(lines []pricing.Line) (sum money.Amount, err error) {
	for i := range lines {
		if sum, err = sum.Add(lines[i].Amount); err != nil {
			return sum, fmt.Errorf("add up the lines: %w", err)
		}
	}
	return sum, nil
}

// agree fills what is missing of an origin with what the journal says, and refuses what says otherwise.
func agree(o *journal.Origin, is journal.Origin) error {
	for _, f := range []struct {
		name, given, is string
	}{
		{"customer", o.Customer, is.Customer}, {"seller", o.Seller, is.Seller}, {"product", o.Product, is.Product}, {"cloud", o.Cloud, is.Cloud},
		{"currency", string(o.Currency), string(is.Currency)}, {"terms", known(o.Terms), known(is.Terms)}, {"set", known(o.Set), known(is.Set)},
	} {
		if f.given != "" && f.given != f.is {
			return fmt.Errorf("origin: %s %q: the sale's is %q; leave it out, it is taken from the journal", f.name, f.given, f.is)
		}
	}
	switch {
	case o.At != 0 && o.At != is.At:
		return fmt.Errorf("origin: at %s: the sale was at %s; leave it out, it is taken from the journal", instantText(o.At), instantText(is.At))
	case !o.Charged.IsZero() && o.Charged != is.Charged:
		return fmt.Errorf("origin: charged %s: the sale was charged %s; leave it out, it is taken from the journal", o.Charged, is.Charged)
	}
	*o = is
	return nil
}

// known writes a hash; none is written for none.
func known(h journal.Hash) string {
	if h == (journal.Hash{}) {
		return ""
	}
	return h.String()
}

// quote prices the usage of a record's attempt under a set of documents.
func quote(set *PastSet, r *journal.Record, attempt int, admitted int64, correction *journal.Correction) (err error) {
	if attempt < 0 || attempt >= len(r.Attempts) {
		return fmt.Errorf("attempt %d: the request had %d; number them from 1", attempt+1, len(r.Attempts))
	}
	router := set.Timeline.At(admitted)
	i, ok := router.Deployment(r.Attempts[attempt].Deployment)
	if !ok {
		return fmt.Errorf("deployment %s is not in the set of documents that would price it: %w", r.Attempts[attempt].Deployment, journal.ErrNotFound)
	}
	if correction.What == "cost" {
		correction.Now, err = router.Cost(i, admitted, &correction.Usage, nil)
	} else {
		correction.Now, _, err = router.Charge(i, admitted, &correction.Usage, nil)
	}
	if err != nil {
		return fmt.Errorf("price the usage: %w", err)
	}
	return nil
}

// partyOf finds a party or a customer that the latest documents know.
func (s *PastSet) partyOf(id string) bool {
	for _, a := range s.Set.Agreements() {
		for i := range a.Parties {
			if a.Parties[i].ID == id {
				return true
			}
		}
	}
	for i := range s.Catalog.Customers {
		if s.Catalog.Customers[i].ID == id {
			return true
		}
	}
	return false
}
