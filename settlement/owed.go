package settlement

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
)

// A Debt is what one party owes another under one clause, exactly.
type Debt struct {
	Payer      string               `json:"payer"`
	Payee      string               `json:"payee"`
	Agreement  string               `json:"agreement"`
	Clause     string               `json:"clause"`
	Kind       string               `json:"kind"` // "revenue-share", "commitment"; "" = under no clause in force
	Currency   money.Currency       `json:"currency"`
	Amount     money.Amount         `json:"amount"`
	Rate       string               `json:"rate,omitempty"`
	Caps       []CapLeft            `json:"caps,omitempty"`
	Provenance agreement.Provenance `json:"provenance"`
}

// CapLeft is a cap and what is left of it.
type CapLeft struct {
	Per        string               `json:"per"`
	Amount     money.Amount         `json:"amount"`
	CountsFrom string               `json:"counts_from,omitempty"` // RFC 3339, UTC
	Window     string               `json:"window"`                // "total", "2026-05", ...
	Used       money.Amount         `json:"used"`
	Left       money.Amount         `json:"left"`
	Provenance agreement.Provenance `json:"provenance"`
}

// Owed lists what parties owe each other, by payer, payee and clause, under terms: what is accrued, and every capped share
// in force even where nothing is. What customers owe sellers is no debt between parties. uses are what counts to caps, and
// at is the instant whose windows are meant.
func Owed(cells []ledger.Cell, uses []ledger.CapUse, terms *agreement.Terms, at time.Time) ([]Debt, error) {
	keys := sums[debtKey]{}
	for i := range cells {
		c := &cells[i]
		parts, err := c.Account.Parse()
		if err != nil {
			return nil, fmt.Errorf("what %s owes: %w", c.Book, err)
		}
		if parts.Root != "payable" || parts.Branch != "accrued" || !isParty(terms, c.Book) || !isParty(terms, parts.Counterparty) {
			continue
		}
		k := debtKey{c.Book, parts.Counterparty, c.Agreement, parts.Subject, c.Currency}
		if err := keys.add(k, c.Amount.Neg()); err != nil {
			return nil, fmt.Errorf("what %s owes %s: %w", c.Book, parts.Counterparty, err)
		}
	}
	for _, f := range terms.Shares() {
		s := f.Clause.(*agreement.RevenueShare)
		for _, p := range s.Payees {
			k := debtKey{s.Payer, p.Party, f.Agreement.Name, s.ID, f.Agreement.Currency}
			if _, has := keys[k]; !has && len(s.Caps) > 0 {
				keys[k] = money.Amount{}
			}
		}
	}
	out := []Debt{}
	for _, k := range sorted(keys, debtKey.compare) {
		d := Debt{Payer: k.payer, Payee: k.payee, Agreement: k.agreement, Clause: k.clause, Currency: k.currency, Amount: keys[k], Provenance: agreement.Assumed}
		if f, ok := terms.Clause(agreement.Ref{Agreement: k.agreement, Clause: k.clause}); ok {
			if err := d.describe(f, uses, at); err != nil {
				return nil, err
			}
		}
		out = append(out, d)
	}
	return out, nil
}

type debtKey struct {
	payer, payee, agreement, clause string
	currency                        money.Currency
}

func (k debtKey) compare(o debtKey) int {
	return cmp.Or(cmp.Compare(k.payer, o.payer), cmp.Compare(k.payee, o.payee), cmp.Compare(k.agreement, o.agreement),
		cmp.Compare(k.clause, o.clause), cmp.Compare(k.currency, o.currency))
}

func isParty(t *agreement.Terms, id string) bool {
	_, ok := t.Party(id)
	return ok
}

func (d *Debt) describe(f agreement.InForce, uses []ledger.CapUse, at time.Time) error {
	d.Provenance = f.Provenance("")
	switch c := f.Clause.(type) {
	case *agreement.RevenueShare:
		d.Kind, d.Rate = "revenue-share", c.RateWords(f.Agreement.Currency)
		d.Provenance = worst(d.Provenance, f.Provenance("rate"))
		for i, limit := range c.Caps {
			left, err := capLeft(limit, useOf(uses, d.Agreement, firstOf(f.Agreement, d.Clause), limit, at, f.Agreement.Zone))
			if err != nil {
				return fmt.Errorf("cap of %s: %w", d.Clause, err)
			}
			left.Provenance = f.Provenance(fmt.Sprintf("caps[%d]", i))
			d.Caps = append(d.Caps, left)
		}
	case *agreement.Commitment:
		d.Kind = "commitment"
	case *agreement.Delivery, *agreement.License, *agreement.Sale, *agreement.Milestone:
	}
	return nil
}

// firstOf returns the first one of the clauses that continue each other: what counts to their caps stands under its id.
func firstOf(a *agreement.Agreement, id string) string {
	for range a.Amendments {
		before := ""
		for i := range a.Amendments {
			for _, c := range a.Amendments[i].Adds {
				if h := c.Head(); h.ID == id && h.Continues != "" {
					before = h.Continues
				}
			}
		}
		if before == "" {
			return id
		}
		id = before
	}
	return id
}

// useOf returns what counts to a cap in the window of an instant; zero where nothing does yet.
func useOf(uses []ledger.CapUse, name, clause string, limit agreement.Cap, at time.Time, zone *time.Location) ledger.CapUse {
	window := windowLabel(limit.Per, at, zone)
	i := slices.IndexFunc(uses, func(u ledger.CapUse) bool {
		return u.Agreement == name && u.Clause == clause && u.Per == limit.Per && u.CountsFrom.Equal(limit.CountsFrom) && u.Window == window
	})
	if i < 0 {
		return ledger.CapUse{Agreement: name, Clause: clause, Per: limit.Per, Window: window}
	}
	return uses[i]
}

func capLeft(limit agreement.Cap, use ledger.CapUse) (CapLeft, error) {
	left, err := limit.Amount.Sub(use.Capped)
	if left.Sign() < 0 {
		left = money.Amount{}
	}
	c := CapLeft{Per: limit.Per, Amount: limit.Amount, Window: use.Window, Used: use.Capped, Left: left}
	if !limit.CountsFrom.IsZero() {
		c.CountsFrom = limit.CountsFrom.UTC().Format(time.RFC3339)
	}
	return c, err
}

// worst returns the less well known of two provenances.
func worst(a, b agreement.Provenance) agreement.Provenance {
	rank := []agreement.Provenance{agreement.Public, agreement.Reported, agreement.Assumed}
	if slices.Index(rank, b) > slices.Index(rank, a) {
		return b
	}
	return a
}
