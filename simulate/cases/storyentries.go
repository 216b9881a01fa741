package cases

import (
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/money"
	"concord/usage"
)

// body makes the journal's body of an entry that is neither usage nor changes what is known. Nil: a finding says why.
func (s *story) body(e *Entry, at time.Time) journal.Body {
	before := len(s.r.findings)
	var body journal.Body
	switch {
	case e.Invoice != nil:
		body = s.invoice(e.Invoice, at)
	case e.Refund != nil:
		b := e.Refund
		o := s.origin(b.Of, &b.Sold, at)
		body = &journal.Refund{Origin: o, Amount: s.r.amount(b.Amount), Streams: s.streams(b.Streams), Tax: s.optional(b.Tax)}
	case e.Credit != nil:
		body = s.credit(e.Credit, at)
	case e.Fee != nil:
		body = s.fee(e.Fee, at)
	case e.Payment != nil:
		body = s.payment(e.Payment)
	case e.Rate != nil:
		body = s.rate(e.Rate, at)
	case e.Acceptance != nil:
		a := e.Acceptance
		body = &journal.Acceptance{Statement: a.Statement.Value, Hash: s.hashOf(a.Statement), By: a.By.Value}
	case e.Dispute != nil:
		d := e.Dispute
		body = &journal.Dispute{Statement: d.Statement.Value, Hash: s.hashOf(d.Statement), By: d.By.Value, Clause: d.Clause.Value,
			Amount: s.optional(d.Amount), Currency: s.currencyOf(d.Clause), Reason: d.Reason.Value}
	case e.Correction != nil:
		body = s.correction(e.Correction)
	}
	if len(s.r.findings) > before {
		return nil
	}
	return body
}

func (s *story) optional(t Text) money.Amount {
	if !t.Given() {
		return money.Amount{}
	}
	return s.r.amount(t)
}

func (s *story) streams(of map[string]Text) (all []journal.StreamAmount) {
	for _, name := range sortedNames(of) {
		all = append(all, journal.StreamAmount{Stream: name, Amount: s.r.amount(of[name])})
	}
	return all
}

// hashOf is the hash of a statement that was closed; of another one it is that of nothing, which the books refuse.
func (s *story) hashOf(number Text) journal.Hash {
	if c, ok := s.closed[number.Value]; ok {
		return c.close.Hash
	}
	return journal.Hash{}
}

// currencyOf is the currency of a clause's agreement, or of the first one.
func (s *story) currencyOf(clause Text) money.Currency {
	a := (*agreement.Agreement)(nil)
	if clause.Given() {
		a = s.agreementOf(clause)
	} else {
		a = s.agreement(Text{})
	}
	if a == nil {
		return ""
	}
	return a.Currency
}

// origin returns what later money says of its sale: the one of that id, or a kind of sale at an instant.
func (s *story) origin(of Text, kind *Sold, at time.Time) journal.Origin {
	if of.Given() {
		if sold, ok := s.sales[of.Value]; ok {
			return sold.origin
		}
		s.r.invalid(of, "give the usage or the invoice an id: id: "+of.Value, "no entry before this one has the id %q and charges a customer", of.Value)
		return journal.Origin{}
	}
	o := journal.Origin{At: at.UnixNano(), Customer: kind.Customer.Value, Seller: kind.Seller.Value, Cloud: kind.Cloud.Value,
		Product: kind.Product.Value, Currency: money.Currency(kind.Currency.Value)}
	terms, err := s.terms(o.At)
	if err != nil {
		s.r.invalid(s.r.at, "resolve what concord agreement check reports", "%v", err)
		return o
	}
	o.Terms = terms.Hash()
	if p, known := terms.Product(o.Product); known {
		o.Product = p.ID
	}
	if f, _, ok := terms.Sale(o.Seller, o.Product, o.Cloud); ok && o.Currency == "" {
		o.Currency = f.Agreement.Currency
	}
	return o
}

func (s *story) invoice(v *Invoice, at time.Time) *journal.Invoice {
	o := s.origin(Text{}, &v.Sold, at)
	return &journal.Invoice{Origin: o, Amount: s.r.amount(v.Amount), Streams: s.streams(v.Streams), Tax: s.optional(v.Tax)}
}

func (s *story) credit(c *Credit, at time.Time) *journal.Credit {
	out := &journal.Credit{From: c.From.Value, To: c.To.Value, Amount: s.r.amount(c.Amount), Statement: c.Statement.Value}
	if c.Clause.Given() {
		if a := s.agreementOf(c.Clause); a != nil {
			out.Agreement, out.Clause, out.Currency = a.Name, c.Clause.Value, a.Currency
		}
		return out
	}
	out.Origin = s.origin(c.Of, &c.Sold, at)
	out.Currency = out.Origin.Currency
	if !c.From.Given() {
		out.From = out.Origin.Seller
	}
	if !c.To.Given() {
		out.To = out.Origin.Customer
	}
	return out
}

func (s *story) fee(f *Fee, at time.Time) *journal.Fee {
	out := &journal.Fee{Name: f.Name.Value, Clause: f.Clause.Value, Payer: f.Payer.Value, Payee: f.Payee.Value, Amount: s.r.amount(f.Amount)}
	out.Origin = s.origin(f.Of, &f.Sold, at)
	if !f.Of.Given() {
		out.Origin.Charged = s.optional(f.Drawn)
	}
	if f.Clause.Given() && f.Name.Value != "marketplace-fee" || f.Clause.Given() && s.knows(f.Clause) {
		if a := s.agreementOf(f.Clause); a != nil {
			out.Agreement, out.Currency = a.Name, a.Currency
		}
	} else {
		out.Currency = s.currencyOf(Text{})
	}
	if f.From.Given() {
		out.From = s.r.instant(f.From).UnixNano()
	}
	if f.Until.Given() {
		out.Until = s.r.instant(f.Until).UnixNano()
	}
	return out
}

// knows reports whether a clause stands in an agreement: a marketplace's fee may be of none.
func (s *story) knows(clause Text) bool {
	return slices.ContainsFunc(s.scene.Set.Agreements(), func(a *agreement.Agreement) bool {
		return slices.ContainsFunc(a.Amendments, func(m agreement.Amendment) bool {
			return slices.ContainsFunc(slices.Concat(m.Adds, m.Replaces), func(c agreement.Clause) bool { return c.Head().ID == clause.Value })
		})
	})
}

func (s *story) payment(p *Payment) *journal.Payment {
	out := &journal.Payment{From: p.From.Value, To: p.To.Value, Statement: p.Statement.Value, Currency: money.Currency(p.Currency.Value)}
	lines := p.Lines
	if p.Clause.Given() {
		lines = append([]Paid{p.Paid}, lines...)
	}
	for _, l := range lines {
		line := journal.Paid{Clause: l.Clause.Value, Amount: s.r.amount(l.Amount), Withheld: s.optional(l.Withheld), Advance: l.Advance.Value == "true"}
		if l.Advance.Given() && l.Advance.Value != "true" && l.Advance.Value != "false" {
			s.r.invalid(l.Advance, "write true or false", "advance: %q is neither true nor false", l.Advance.Value)
		}
		if a := s.agreementOf(l.Clause); a != nil {
			line.Agreement = a.Name
			if out.Currency == "" {
				out.Currency = a.Currency
			}
		}
		out.Amount = s.r.plus(out.Amount, line.Amount, l.Amount)
		out.Withheld = s.r.plus(out.Withheld, line.Withheld, l.Withheld)
		out.Lines = append(out.Lines, line)
	}
	return out
}

func (s *story) rate(r *Rate, at time.Time) *journal.Rate {
	value, err := money.ParseRate(r.Value.Value)
	if err != nil || value.Sign() <= 0 {
		s.r.invalid(r.Value, "write how many units of the second currency one of the first is, such as 1.0832", "%q is no rate of exchange", r.Value.Value)
	}
	return &journal.Rate{Source: r.Source.Value, From: money.Currency(r.From.Value), To: money.Currency(r.To.Value), At: at.UnixNano(), Value: value}
}

// correction carries what the sale was and what it is now.
func (s *story) correction(c *Correction) *journal.Correction {
	sold, ok := s.sales[c.Of.Value]
	if !ok {
		s.origin(c.Of, &Sold{}, time.Time{}) // says what is missing
		return nil
	}
	out := &journal.Correction{Origin: sold.origin, Attempt: -1, What: c.What.Value, Was: line(sold.now)}
	out.Origin.Charged = sold.now
	switch c.What.Value {
	case "void", "terms":
	case "cost":
		out.Attempt, out.Holder, out.Was, out.Now = 0, sold.holder, line(sold.cost), line(s.optional(c.Amount))
	default:
		if c.Amount.Given() {
			out.Now = line(s.r.amount(c.Amount))
		}
		if len(c.Tokens) > 0 {
			s.reprice(sold, c, out)
		}
	}
	return out
}

// reprice prices the tokens of a correction as the sale was priced.
func (s *story) reprice(sold *sale, c *Correction, out *journal.Correction) {
	out.Usage = *s.r.tokens(&Usage{Tokens: c.Tokens})
	if sold.router == nil {
		s.r.invalid(c.Of, "correct its amount", "the sale %q has no tokens", c.Of.Value)
		return
	}
	at, err := sold.router()
	if err == nil {
		out.Now, _, err = at.router.Charge(at.dep, sold.origin.At, &out.Usage, nil)
	}
	if err != nil {
		s.r.invalid(c.Of, "correct the tokens or the prices", "price the usage: %v", err)
	}
}

// sold keeps what an entry charged, so that others can point at it.
func (s *story) sold(e *Entry, entry *journal.Entry) {
	switch b := entry.Body.(type) {
	case *journal.Invoice:
		o := b.Origin
		o.Of, o.Charged = journal.Ref{Kind: journal.KindInvoice, Source: entry.Source, ID: entry.ID}, b.Amount
		s.sales[e.ID.Value] = &sale{origin: o, now: b.Amount}
	case *journal.Correction:
		sold := s.sales[e.Correction.Of.Value]
		now, err := chargedBy(b.Now)
		switch {
		case err != nil || b.What == "terms":
		case b.What == "cost":
			sold.cost = now
		default:
			sold.now, sold.origin.Charged = now, now
		}
	}
}

// entry makes a journal entry of a body, with an identity of its own.
func (s *story) entry(e *Entry, at time.Time, body journal.Body) *journal.Entry {
	s.n++
	out := &journal.Entry{Time: at.UnixNano(), Source: e.Source.Value, ID: e.ID.Value, Body: body}
	if out.Source == "" {
		out.Source = "case"
	}
	if out.ID == "" {
		out.ID = fmt.Sprint(s.n)
	}
	return out
}

// evidence of usage whose price is written and not computed.
func plain() usage.Usage { return usage.Usage{Evidence: usage.Reported} }
