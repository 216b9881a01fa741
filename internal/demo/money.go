package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/internal/app"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
	"concord/report"
)

// compared is the day whose terms the demo compares with: the last one before the amendment.
const compared = "2026-04-26"

// money adds up what the books say, and what the same records would give under the terms of another day.
func (w *world) money(ctx context.Context, s *Summary, r *app.Reading) error {
	terms, err := w.config.Set.AsOf(time.Now(), w.config.Known)
	if err != nil {
		return fmt.Errorf("find the terms in force: %w", err)
	}
	var cells []ledger.Cell
	if err := r.Books.Cells(ctx, func(c ledger.Cell) bool { cells = append(cells, c); return true }); err != nil {
		return fmt.Errorf("read the books: %w", err)
	}
	notes := footnoter{terms: terms, books: w.config, notes: &s.notes}
	if s.Revenue, err = revenue(cells); err != nil {
		return err
	}
	if s.Owed, err = owed(cells); err != nil {
		return err
	}
	notes.owed(s.Owed)
	if s.Caps, err = capsLeft(ctx, r, terms, notes); err != nil {
		return err
	}
	return w.underOtherTerms(ctx, s, r)
}

// owedKey is one flow.
type owedKey struct{ from, to, agreement, clause, currency string }

// owed adds up what stands in the payable accounts.
func owed(cells []ledger.Cell) ([]Owed, error) {
	sums := map[owedKey]money.Amount{}
	for _, c := range cells {
		parts, err := c.Account.Parse()
		if err != nil {
			return nil, fmt.Errorf("read account %s: %w", c.Account, err)
		}
		if parts.Root != "payable" {
			continue
		}
		k := owedKey{c.Book, parts.Counterparty, c.Agreement, c.Clause, string(c.Currency)}
		if sums[k], err = sums[k].Sub(c.Amount); err != nil {
			return nil, fmt.Errorf("add up what %s owes: %w", c.Book, err)
		}
	}
	out := []Owed{}
	for k, sum := range sums {
		if !sum.IsZero() {
			out = append(out, Owed{From: k.from, To: k.to, Agreement: k.agreement, Clause: k.clause, Currency: k.currency, Amount: sum})
		}
	}
	slices.SortFunc(out, func(a, b Owed) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Agreement, b.Agreement), cmp.Compare(a.Clause, b.Clause))
	})
	return out, nil
}

// revenue lists what sellers earned, by cloud and by license.
func revenue(cells []ledger.Cell) ([]Revenue, error) {
	sums := map[Revenue]money.Amount{} // by entries without amount
	for _, c := range cells {
		parts, err := c.Account.Parse()
		if err != nil {
			return nil, fmt.Errorf("read account %s: %w", c.Account, err)
		}
		if parts.Root != "revenue" || parts.Branch != "cloud" && parts.Branch != "license" {
			continue
		}
		k := Revenue{Seller: c.Book, Branch: parts.Branch, Subject: parts.Subject, Currency: string(c.Currency)}
		if sums[k], err = sums[k].Sub(c.Amount); err != nil {
			return nil, fmt.Errorf("add up the revenue of %s: %w", c.Book, err)
		}
	}
	out := []Revenue{}
	for k, sum := range sums {
		k.Amount = sum
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Revenue) int {
		return cmp.Or(cmp.Compare(a.Branch, b.Branch), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Seller, b.Seller))
	})
	return out, nil
}

// capsLeft says what is left of each cap in force.
func capsLeft(ctx context.Context, r *app.Reading, terms *agreement.Terms, notes footnoter) ([]CapLeft, error) {
	state, _, err := ledger.Resume(ctx, r.Books)
	if err != nil {
		return nil, err
	}
	out := []CapLeft{}
	for _, in := range terms.Shares() {
		share := in.Clause.(*agreement.RevenueShare)
		for i, limit := range share.Caps {
			use, ok := state.CapUse(in.Agreement.Name, share.ID, limit, time.Now())
			if !ok {
				use = ledger.CapUse{Per: limit.Per, Window: limit.Per}
			}
			left, err := limit.Amount.Sub(use.Capped)
			if err != nil {
				return nil, fmt.Errorf("compute what is left of the cap of %s: %w", share.ID, err)
			}
			out = append(out, CapLeft{
				Agreement: in.Agreement.Name, Clause: share.ID, Per: limit.Per, Window: use.Window, Cap: limit.Amount, Used: use.Capped, Left: left,
				Footnotes: notes.fields(in, fmt.Sprintf("caps[%d]", i), "the cap"),
			})
		}
	}
	return out, nil
}

// A footnoter marks figures that rest on terms that are not public.
type footnoter struct {
	terms *agreement.Terms
	books *app.Config
	notes *report.Footnotes
}

// owed marks what is owed under clauses: by the clause's own provenance and by that of its fields.
func (f footnoter) owed(all []Owed) {
	for i := range all {
		in, ok := f.terms.Clause(agreement.Ref{Agreement: all[i].Agreement, Clause: all[i].Clause})
		if !ok {
			continue
		}
		switch clause := in.Clause.(type) {
		case *agreement.RevenueShare:
			all[i].Footnotes = f.fields(in, "", "the share itself") + f.fields(in, "rate", "its rate of "+clause.Rate.String()) + f.fields(in, "base", "its base")
		case *agreement.Sale:
			all[i].Footnotes = f.prices(clause.Seller, "", clause.Products)
		case *agreement.Commitment:
			all[i].Footnotes = f.prices(clause.Seller, clause.Buyer, agreement.Match{})
		}
	}
}

// fields marks a clause, or a field of it that is known less well than the clause.
func (f footnoter) fields(in agreement.InForce, field, words string) string {
	p := in.Provenance(field)
	if field != "" && p == in.Provenance("") {
		return ""
	}
	text := fmt.Sprintf("%s, %s", in.Clause.Head().ID, words)
	if url := in.Source().URL; url != "" {
		text += " (" + url + ")"
	}
	return f.notes.Mark(p, text)
}

// prices marks the prices that a seller charges customers or, with a buyer, an operator charges an account holder.
func (f footnoter) prices(seller, buyer string, products agreement.Match) string {
	marks := ""
	for i := range f.books.Catalog.Deployments {
		d := &f.books.Catalog.Deployments[i]
		operator, _ := f.terms.Operator(d.Cloud)
		if buyer == "" && (d.Seller != seller || !products.Matches(d.Product)) || buyer != "" && (operator != seller || d.Holder != buyer) {
			continue
		}
		q := f.query(d, seller, buyer)
		for _, book := range f.books.Books {
			if rate, ok := book.Find(q); ok && (book.Kind == "costs") == (buyer != "") {
				text := rate.Footnote
				if text == "" {
					text = fmt.Sprintf("prices of %s for %s on %s: %s", seller, d.Product, d.Cloud, rate.Source)
				}
				if mark := f.notes.Mark(rate.Provenance, text); !strings.Contains(marks, mark) {
					marks += mark
				}
			}
		}
	}
	return marks
}

func (f footnoter) query(d *agreement.Deployment, seller, buyer string) pricing.Query {
	return pricing.Query{
		Seller: seller, Buyer: buyer, Product: d.Product, Cloud: d.Cloud, Region: d.Region, Deploy: d.ID, At: time.Now().UnixNano(),
	}
}

// underOtherTerms posts the same records as if the terms of the day before the amendment were still in force.
func (w *world) underOtherTerms(ctx context.Context, s *Summary, r *app.Reading) error {
	zone := w.config.Set.Agreements()[0].Zone
	at, err := time.ParseInLocation(time.DateOnly, compared, zone)
	if err != nil {
		return fmt.Errorf("read the day to compare with: %w", err)
	}
	terms, err := w.config.Set.AsOf(at, w.config.Known)
	if err != nil {
		return fmt.Errorf("find the terms of %s: %w", compared, err)
	}
	cells, unposted, err := r.Under(ctx, terms)
	if err != nil {
		return err
	}
	all, err := owed(cells)
	if err != nil {
		return err
	}
	notes := footnoter{terms: terms, books: w.config, notes: &s.notes}
	notes.owed(all)
	s.OwedUnder = OwedUnder{Date: compared, Owed: all, Unposted: unposted}
	return nil
}
