package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"concord/journal"
	"concord/ledger"
	"concord/settlement"
	"concord/usage"
)

// complete fills what posting needs and the entry leaves out, and refuses what the journal contradicts. before is the entry of
// the same identity, if there is one: what it was completed with then, it is completed with again.
func (c *recorder) complete(ctx context.Context, e, before *journal.Entry) error {
	latest, err := c.history.Latest()
	if err != nil {
		return err
	}
	switch b := e.Body.(type) {
	case *journal.Refund:
		return c.refund(ctx, b, before)
	case *journal.Credit:
		return c.credit(ctx, b, before, latest)
	case *journal.Fee:
		if err := parties(latest, b.Payer, b.Payee); err != nil {
			return err
		}
		_, err := c.origin(ctx, &b.Origin, before)
		return err
	case *journal.Payment:
		if err := parties(latest, b.From, b.To); err != nil {
			return err
		}
		return c.statement(ctx, b.Statement, nil)
	case *journal.Invoice:
		return c.invoice(e.Time, b, before, latest)
	case *journal.Fact:
		b.Text, err = plainFact(b.Text)
		return err
	case *journal.Rate:
		if b.From == b.To {
			return fmt.Errorf("a rate from %s to %s says nothing: name two currencies", b.From, b.To)
		}
	case *journal.Acceptance:
		return c.statement(ctx, b.Statement, func(s *journal.Close) error { return says(s, b.By, &b.Hash) })
	case *journal.Dispute:
		return c.statement(ctx, b.Statement, func(s *journal.Close) error {
			if b.Currency == "" {
				b.Currency = s.Currency
			}
			return says(s, b.By, &b.Hash)
		})
	case *journal.Correction:
		return c.correction(ctx, b, before, latest)
	}
	return nil
}

// origin completes what an entry says of its sale, which it may leave out.
func (c *recorder) origin(ctx context.Context, o *journal.Origin, before *journal.Entry) (*sale, error) {
	s, err := c.sale(ctx, o)
	if err != nil || s == nil {
		return s, err
	}
	if before != nil {
		if had := originOf(before.Body); had != nil {
			s.origin = *had
		}
	}
	return s, agree(o, s.origin)
}

func originOf(body journal.Body) *journal.Origin {
	switch b := body.(type) {
	case *journal.Refund:
		return &b.Origin
	case *journal.Credit:
		return &b.Origin
	case *journal.Fee:
		return &b.Origin
	case *journal.Invoice:
		return &b.Origin
	case *journal.Correction:
		return &b.Origin
	}
	return nil
}

// left refuses to give back more of a sale than is left of it.
func left(s *sale, what string, e interface{ String() string }, over bool) error {
	if !over {
		return nil
	}
	rest, err := s.origin.Charged.Sub(s.back)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s of %s %s: the sale was charged %s %s, and %s of it were given back: give back %s at most",
		what, e, s.origin.Currency, s.origin.Charged, s.origin.Currency, s.back, rest)
}

func (c *recorder) refund(ctx context.Context, b *journal.Refund, before *journal.Entry) error {
	s, err := c.origin(ctx, &b.Origin, before)
	switch {
	case err != nil:
		return err
	case s == nil:
		return errors.New("a refund belongs to a sale: name it with --of req_..., or in data.origin")
	case before != nil:
		if !c.taxed {
			b.Tax = before.Body.(*journal.Refund).Tax
		}
		return nil
	}
	after, err := s.back.Add(b.Amount)
	if err != nil {
		return err
	}
	if err := left(s, "refund", b.Amount, after.Cmp(s.origin.Charged) > 0); err != nil || c.taxed {
		return err
	}
	return c.refundTax(s, b)
}

func (c *recorder) credit(ctx context.Context, b *journal.Credit, before *journal.Entry, latest *PastSet) error {
	s, err := c.origin(ctx, &b.Origin, before)
	if err != nil {
		return err
	}
	if err := parties(latest, b.From, b.To); err != nil {
		return err
	}
	if err := c.statement(ctx, b.Statement, nil); err != nil {
		return err
	}
	if s == nil || before != nil {
		if b.Clause == "" && b.Origin.Customer == "" {
			return errors.New("a credit lowers a sale or what a clause makes owed: name --of req_..., or --clause AGREEMENT/CLAUSE")
		}
		return nil
	}
	after, err := s.back.Add(b.Amount)
	if err != nil {
		return err
	}
	return left(s, "credit", b.Amount, after.Cmp(s.origin.Charged) > 0)
}

// invoice completes a sale that no gateway metered: the terms are those in force when it was earned.
func (c *recorder) invoice(at int64, b *journal.Invoice, before *journal.Entry, latest *PastSet) error {
	o := &b.Origin
	if o.Of != (journal.Ref{}) || !o.Request.IsZero() {
		return errors.New("an invoice is a sale of its own: leave out what it would belong to")
	}
	if o.At == 0 {
		o.At = at
	}
	if before != nil {
		return agree(o, before.Body.(*journal.Invoice).Origin)
	}
	for _, f := range []struct{ name, value string }{{"customer", o.Customer}, {"seller", o.Seller}, {"product", o.Product}, {"cloud", o.Cloud}, {"currency", string(o.Currency)}} {
		if f.value == "" {
			return fmt.Errorf("an invoice names its %s: --%s ..., or data.origin.%s", f.name, f.name, f.name)
		}
	}
	if err := parties(latest, o.Seller, o.Customer); err != nil {
		return err
	}
	terms := latest.Timeline.At(o.At).Terms()
	if _, ok := terms.Product(o.Product); !ok {
		return fmt.Errorf("product %q is in no agreement in force at %s", o.Product, instantText(o.At))
	}
	if _, _, ok := terms.Sale(o.Seller, o.Product, o.Cloud); !ok {
		return fmt.Errorf("no sale clause lets %s sell %s on %s at %s: an invoice is earned under one", o.Seller, o.Product, o.Cloud, instantText(o.At))
	}
	o.Terms, o.Set = terms.Hash(), c.history.last
	return nil
}

// correction completes what a record was, and prices what it is.
func (c *recorder) correction(ctx context.Context, b *journal.Correction, before *journal.Entry, latest *PastSet) error {
	s, err := c.origin(ctx, &b.Origin, before)
	switch {
	case err != nil:
		return err
	case s == nil || s.record == nil:
		return errors.New("a correction belongs to a record: name it with --of req_..., or in data.origin")
	case before != nil:
		had := *before.Body.(*journal.Correction)
		b.Was, b.Holder = had.Was, had.Holder
		if len(b.Now) == 0 {
			b.Now = had.Now
		}
		if b.Usage == (usage.Usage{}) {
			b.Usage = had.Usage
		}
		return nil
	}
	r, attempt := s.record, s.record.Served
	if b.What == "cost" {
		if attempt = b.Attempt; attempt < 0 {
			attempt = r.Served
		}
		b.Attempt = attempt
	} else if b.Attempt >= 0 {
		return fmt.Errorf("what %q corrects is the sale, not attempt %d: leave the attempt out", b.What, b.Attempt+1)
	}
	if attempt < 0 || attempt >= len(r.Attempts) {
		return fmt.Errorf("attempt %d: the request had %d; number them from 1", attempt+1, len(r.Attempts))
	}
	b.Was, b.Holder = s.lines, r.Attempts[attempt].Holder
	if b.What == "cost" {
		b.Was = s.cost[attempt]
		b.Origin.Cloud, b.Origin.Seller = r.Attempts[attempt].Cloud, r.Attempts[attempt].Seller // another attempt may have served, or none
	}
	if b.What == "void" || b.What == "terms" {
		return nil
	}
	given := b.Usage != (usage.Usage{})
	if !given {
		b.Usage = s.used[b.Attempt] // -1 is the sale
	}
	switch {
	case len(b.Now) > 0:
		return nil
	case c.note.Reprice:
		return quote(latest, r, attempt, s.entry.Time, b)
	case !given:
		return errors.New("a correction says what is known now: the usage with --tokens, the lines in data.now, or --reprice with the books in force now")
	}
	set, err := c.history.Set(r.Set) // a record keeps the version that priced it
	if err != nil {
		return err
	}
	return quote(set, r, attempt, s.entry.Time, b)
}

// statement finds the latest version of a closed statement and has it checked; "" = none is named.
func (c *recorder) statement(ctx context.Context, number string, check func(*journal.Close) error) error {
	if number == "" {
		if check != nil {
			return errors.New("name the statement by its number: --statement NUMBER")
		}
		return nil
	}
	entries, err := c.journal.Find(ctx, journal.StatementKey(number))
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return fmt.Errorf("find statement %s: %w", number, err)
	}
	var latest *journal.Close
	for i := range entries {
		if s, ok := entries[i].Body.(*journal.Close); ok && (latest == nil || s.Version > latest.Version) {
			latest = s
		}
	}
	if latest == nil {
		return fmt.Errorf("there is no closed statement %q in this journal: close it first, or write its number as the statement shows it", number)
	}
	if check != nil {
		return check(latest)
	}
	return nil
}

// replaced refuses an entry that names a statement of which a further version stands.
func (c *recorder) replaced(e *journal.Entry) error {
	number := ""
	switch b := e.Body.(type) {
	case *journal.Payment:
		number = b.Statement
	case *journal.Credit:
		number = b.Statement
	case *journal.Acceptance:
		number = b.Statement
	case *journal.Dispute:
		number = b.Statement
	}
	named, ok := c.state.Statement(number)
	if !ok {
		return nil
	}
	for _, st := range settlement.Versions(c.state.Statements(), named.Agreement, named.Between, named.Period) {
		if st.Version > named.Version && st.State != ledger.Replaced {
			return fmt.Errorf("statement %s was replaced by version %d: name %s; what was paid of the one before counts to it", number, st.Version, st.Number)
		}
	}
	return nil
}

// says checks that one of a statement's parties speaks of the version that it was given.
func says(s *journal.Close, by string, hash *journal.Hash) error {
	if !slices.Contains(s.Between[:], by) {
		return fmt.Errorf("%q is no party of statement %s: it is between %s and %s", by, s.Number, s.Between[0], s.Between[1])
	}
	if *hash == (journal.Hash{}) {
		*hash = s.Hash
	}
	if *hash != s.Hash {
		return fmt.Errorf("statement %s has the hash %s as it is now, not %s: show it, and say what you think of that version", s.Number, s.Hash, *hash)
	}
	return nil
}

// parties refuses names that no document knows.
func parties(set *PastSet, ids ...string) error {
	for _, id := range ids {
		if set.partyOf(id) {
			continue
		}
		var all []string
		for _, a := range set.Set.Agreements() {
			for i := range a.Parties {
				all = append(all, a.Parties[i].ID)
			}
		}
		slices.Sort(all)
		return fmt.Errorf("%q is neither a party of an agreement nor a customer: the parties are %s", id, strings.Join(slices.Compact(all), ", "))
	}
	return nil
}
