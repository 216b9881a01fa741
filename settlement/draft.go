package settlement

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
)

// Input is what a statement is cut from.
type Input struct {
	Agreement string
	Between   [2]string
	Period    string               // "2026-05", "2026-Q2", "2026"
	History   []agreement.Interval // of the set, as known when the statement is cut
	Cells     []ledger.Cell        // all of them
	Accruals  []ledger.Accrual     // of the same position
	Aside     []ledger.Cell        // of Cells: what was not earned on its day, of the same position
	Activity  *Activity            // nil = not counted
	Books     []*pricing.Book      // for footnotes on prices and costs; may be empty
	Dues      []ledger.Due         // of the same position
	Rates     []journal.Rate       // of exchange
	Standings []ledger.Standing    // of closed statements, of the same position
	Closed    []*Statement         // those between the two, in order
	Replacing []OpenAt             // of a further version: the lines of the one before, whose Standing and amounts in Dues are left out
	At        journal.Cursor
	Hash      journal.Hash // of the block at At; zero = not known
	Issued    time.Time    // zero = not said
	Format    int          // version of the form of a statement that is cut again; 0 = as needed
}

// DraftStatement cuts the draft of one period between two parties of an agreement.
func DraftStatement(in *Input) (*Statement, error) {
	c, err := newCutter(in)
	if err != nil {
		return nil, fmt.Errorf("draft statement of %s for %s between %s and %s: %w", in.Agreement, in.Period, in.Between[0], in.Between[1], err)
	}
	if err := c.cut(); err != nil {
		return nil, fmt.Errorf("draft statement of %s for %s between %s and %s: %w", in.Agreement, in.Period, in.Between[0], in.Between[1], err)
	}
	return &c.out, nil
}

// DraftsFor cuts the drafts of one period between a party and each other party of an agreement with which it settles, has
// a license or owes anything; Input.Between is not read.
func DraftsFor(in *Input, party string) ([]*Statement, error) {
	one := *in
	a, err := find(in)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(a.Parties, func(p agreement.Party) bool { return p.ID == party }) {
		return nil, fmt.Errorf("%s is not party to %s", party, in.Agreement)
	}
	var out []*Statement
	for _, other := range a.Parties {
		if other.ID == party {
			continue
		}
		one.Between = [2]string{party, other.ID}
		s, err := DraftStatement(&one)
		if err != nil {
			return nil, err
		}
		if len(s.Clauses)+len(s.Licensed) > 0 || settles(a, one.Between) != nil {
			out = append(out, s)
		}
	}
	return out, nil
}

func find(in *Input) (*agreement.Agreement, error) {
	for _, iv := range in.History {
		for _, f := range iv.Terms.Clauses() {
			if f.Agreement.Name == in.Agreement {
				return f.Agreement, nil
			}
		}
	}
	return nil, fmt.Errorf("no agreement %q is loaded, or it has no clause", in.Agreement)
}

func settles(a *agreement.Agreement, between [2]string) *agreement.Settlement {
	for i := range a.Settlement {
		s := &a.Settlement[i]
		if s.Between == between || s.Between == [2]string{between[1], between[0]} {
			return s
		}
	}
	return nil
}

// cutter is a statement in the making.
type cutter struct {
	in        *Input
	agreement *agreement.Agreement
	terms     *agreement.Settlement
	zone      *time.Location
	first     int32 // day of the period
	last      int32 // the day after it
	mode      money.Rounding
	notes     notes
	days      map[int32]*agreement.Terms
	versions  map[versionKey]agreement.InForce
	parts     []ledger.Parts // of the accounts of all cells
	aside     map[ledger.Key]money.Amount
	out       Statement
}

func newCutter(in *Input) (*cutter, error) {
	a, err := find(in)
	if err != nil {
		return nil, err
	}
	c := &cutter{in: in, agreement: a, zone: a.Zone, mode: money.HalfEven, days: make(map[int32]*agreement.Terms), versions: map[versionKey]agreement.InForce{}}
	if c.zone == nil {
		c.zone = time.UTC
	}
	for _, id := range in.Between {
		if !slices.ContainsFunc(a.Parties, func(p agreement.Party) bool { return p.ID == id }) {
			return nil, fmt.Errorf("%s is not party to %s", id, a.Name)
		}
	}
	c.out = Statement{
		Format: 1, State: Draft, Agreement: a.Name, Title: a.Title, Between: in.Between, Currency: a.Currency,
		Issued: instant(in.Issued), Rounding: Rounding{Scale: 2, Mode: c.mode.String()},
		Journal: Position{Chain: in.At.Chain, Block: in.At.Block},
		Prices:  []PriceBook{}, Clauses: []Clause{}, Licensed: []Licensed{}, Controls: []Control{}, Terms: []TermsSpan{},
	}
	if in.Hash != (journal.Hash{}) {
		c.out.Journal.Hash = hex.EncodeToString(in.Hash[:])
	}
	if c.terms = settles(a, in.Between); c.terms != nil {
		c.out.Rounding = Rounding{Scale: c.terms.RoundScale, Mode: c.terms.RoundMode.String()}
		c.mode = c.terms.RoundMode
		if z := c.terms.Zone; z != nil && z.String() != c.zone.String() {
			return nil, fmt.Errorf("its settlement is in %s and its days are those of %s: write one zone", z, c.zone)
		}
	} else {
		c.notes.add(agreement.Assumed, "", fmt.Sprintf("%s does not say how %s and %s settle: months, two decimals, half-even", a.Name, in.Between[0], in.Between[1]))
	}
	if c.out.Period, err = ParsePeriod(in.Period, c.zone); err != nil {
		return nil, err
	}
	c.first, c.last = dayOf(c.out.Period.From), dayOf(c.out.Period.Until)
	if c.terms != nil && !in.Issued.IsZero() {
		c.out.Due = in.Issued.In(c.zone).AddDate(0, 0, c.terms.DueDays).Format(time.DateOnly)
	}
	return c, nil
}

// at returns the terms in force on a day: those of its noon, since no day of an agreement is cut but at midnight. Where
// one is, the controls show it.
func (c *cutter) at(day int32) *agreement.Terms {
	t, ok := c.days[day]
	if !ok {
		t = termsAt(c.in.History, noon(day, c.zone))
		c.days[day] = t
	}
	return t
}

func termsAt(history []agreement.Interval, at time.Time) *agreement.Terms {
	for _, iv := range slices.Backward(history) {
		if !iv.From.After(at) {
			return iv.Terms
		}
	}
	return history[0].Terms
}

func (c *cutter) cut() error {
	c.parts = make([]ledger.Parts, len(c.in.Cells))
	for i := range c.in.Cells {
		var err error
		if c.parts[i], err = c.in.Cells[i].Account.Parse(); err != nil {
			return fmt.Errorf("account of %s: %w", c.in.Cells[i].Book, err)
		}
	}
	c.aside = map[ledger.Key]money.Amount{}
	for i := range c.in.Aside {
		c.aside[c.in.Aside[i].Key] = c.in.Aside[i].Amount
	}
	for _, iv := range c.in.History {
		if iv.From.Before(c.out.Period.Until) && (iv.Until.IsZero() || iv.Until.After(c.out.Period.From)) {
			hash := iv.Terms.Hash()
			c.out.Terms = append(c.out.Terms, TermsSpan{Hash: hex.EncodeToString(hash[:]), From: instant(iv.From), Until: instant(iv.Until)})
		}
	}
	flows, err := c.flows()
	if err != nil {
		return err
	}
	for _, f := range flows {
		cl, err := c.clause(f)
		if err != nil {
			return fmt.Errorf("clause %s: %w", f.id, err)
		}
		if err := c.paidBefore(cl); err != nil {
			return fmt.Errorf("clause %s: what was paid of the version before: %w", f.id, err)
		}
		c.out.Clauses = append(c.out.Clauses, *cl)
		c.out.Rows += len(cl.Lines)
	}
	if err := c.licensed(); err != nil {
		return err
	}
	if err := c.net(); err != nil {
		return err
	}
	if err := c.payable(); err != nil {
		return err
	}
	c.out.Activity = c.in.Activity
	c.out.Settling, c.out.Rates = c.settling(), c.rates()
	for _, b := range c.in.Books {
		c.out.Prices = append(c.out.Prices, PriceBook{b.Name, b.Kind, hex.EncodeToString(b.Hash[:])})
	}
	c.out.Footnotes = c.notes.list()
	return nil
}

func shareOf(f agreement.InForce) *agreement.RevenueShare {
	s, _ := f.Clause.(*agreement.RevenueShare) // Shares gives nothing else
	return s
}

// A flow is a clause under which one party of the statement owes the other.
type flow struct {
	payer, payee, id string
}

func (f flow) compare(o flow) int {
	return cmp.Or(cmp.Compare(f.payer, o.payer), cmp.Compare(f.payee, o.payee), cmp.Compare(f.id, o.id))
}

func (c *cutter) between(a, b string) bool {
	return c.in.Between == [2]string{a, b} || c.in.Between == [2]string{b, a}
}

// flows lists what is in force between the two in the period, and what is owed from before it.
func (c *cutter) flows() ([]flow, error) {
	found := make(map[flow]bool)
	for _, iv := range c.in.History {
		if !iv.From.Before(c.out.Period.Until) || !iv.Until.IsZero() && !iv.Until.After(c.out.Period.From) {
			continue
		}
		for _, f := range iv.Terms.Clauses() {
			if f.Agreement.Name != c.agreement.Name {
				continue
			}
			for _, one := range flowsOf(f.Clause) {
				if c.between(one.payer, one.payee) {
					found[one] = true
				}
			}
		}
	}
	for i := range c.in.Cells {
		cell := &c.in.Cells[i]
		parts := c.parts[i]
		if cell.Agreement == c.agreement.Name && parts.Root == "payable" && cell.Day < c.last && c.between(cell.Book, parts.Counterparty) {
			found[flow{cell.Book, parts.Counterparty, parts.Subject}] = true
		}
	}
	out := make([]flow, 0, len(found))
	for f := range found {
		out = append(out, f)
	}
	slices.SortFunc(out, flow.compare)
	return out, nil
}

func flowsOf(c agreement.Clause) []flow {
	switch c := c.(type) {
	case *agreement.RevenueShare:
		var out []flow
		for _, p := range c.Payees {
			out = append(out, flow{c.Payer, p.Party, c.ID})
		}
		return out
	case *agreement.Commitment:
		return []flow{{c.Buyer, c.Seller, c.ID}}
	case *agreement.License:
		if c.Fee != nil {
			return []flow{{c.Licensee, c.Licensor, c.ID}}
		}
	case *agreement.Delivery, *agreement.Sale, *agreement.Milestone:
	}
	return nil
}

// net adds the clauses up in both directions.
func (c *cutter) net() error {
	a, b := c.in.Between[0], c.in.Between[1]
	ways := []Gross{{Payer: a, Payee: b}, {Payer: b, Payee: a}}
	for i := range c.out.Clauses {
		cl := &c.out.Clauses[i]
		way := &ways[0]
		if cl.Payer == b {
			way = &ways[1]
		}
		var err, err2 error
		way.Accrued, err = way.Accrued.Add(cl.Accrued)
		way.Amount, err2 = way.Amount.Add(cl.Amount)
		if err := cmp.Or(err, err2); err != nil {
			return fmt.Errorf("gross amounts: %w", err)
		}
	}
	c.out.Gross = ways
	accrued, err := ways[0].Accrued.Sub(ways[1].Accrued)
	amount, err2 := ways[0].Amount.Sub(ways[1].Amount)
	if err := cmp.Or(err, err2); err != nil {
		return fmt.Errorf("net amount: %w", err)
	}
	c.out.Net = Gross{Payer: a, Payee: b, Accrued: accrued, Amount: amount}
	if amount.Sign() < 0 || amount.IsZero() && accrued.Sign() < 0 {
		c.out.Net = Gross{Payer: b, Payee: a, Accrued: accrued.Neg(), Amount: amount.Neg()}
	}
	return nil
}

// control notes a total that is known twice.
func (c *cutter) control(name string, stated, books money.Amount) {
	c.out.Controls = append(c.out.Controls, Control{Name: name, Stated: stated, Books: books, Agrees: stated == books})
}
