package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"concord/agreement"
	"concord/internal/app"
	"concord/ledger"
	"concord/pricing"
	"concord/report"
	"concord/settlement"
	"concord/simulate"
)

// compared is the day whose terms the demo compares with: the last one before the amendment.
const compared = "2026-04-26"

// stated is the agreement of which the demo drafts a statement.
const stated = "openai-microsoft"

func statedBetween() [2]string { return [2]string{"openai", "microsoft"} }

// money adds up what the books say, and what the same records would give under the terms of another day.
func (w *world) money(ctx context.Context, s *Summary, r *app.Reading) error {
	now := time.Now()
	terms, err := w.config.Set.AsOf(now, w.config.Known)
	if err != nil {
		return fmt.Errorf("find the terms in force: %w", err)
	}
	state, _, err := ledger.Resume(ctx, r.Books)
	if err != nil {
		return fmt.Errorf("read the books: %w", err)
	}
	var cells []ledger.Cell
	if err := r.Books.Cells(ctx, func(c ledger.Cell) bool { cells = append(cells, c); return true }); err != nil {
		return fmt.Errorf("read the books: %w", err)
	}
	if s.Revenue, err = settlement.Revenue(cells); err != nil {
		return err
	}
	debts, err := settlement.Owed(cells, state.CapUses(), terms, now)
	if err != nil {
		return err
	}
	notes := footnoter{terms: terms, config: w.config, notes: &s.notes, at: now}
	s.RevenueNotes = notes.revenue()
	s.Owed = notes.debts(debts)
	drafts, err := r.Statements(ctx, app.StatementQuery{Agreement: stated, Between: statedBetween(), Now: now})
	if err != nil {
		return err
	}
	s.Statement = drafts[0].Statement
	return w.underOtherTerms(ctx, s, r)
}

// A footnoter marks figures that rest on terms that are not public.
type footnoter struct {
	terms  *agreement.Terms
	config *app.Config
	notes  *report.Footnotes
	at     time.Time
}

// debts puts the marks of their footnotes to debts.
func (f footnoter) debts(debts []settlement.Debt) []Owed {
	out := []Owed{}
	for i := range debts {
		out = append(out, Owed{Debt: debts[i], Footnotes: f.debt(&debts[i])})
	}
	return out
}

// debt marks what is owed under a clause: by what is known of the clause, of its fields, and of the prices it rests on.
func (f footnoter) debt(d *settlement.Debt) string {
	in, ok := f.terms.Clause(agreement.Ref{Agreement: d.Agreement, Clause: d.Clause})
	if !ok {
		return ""
	}
	switch clause := in.Clause.(type) {
	case *agreement.RevenueShare:
		marks := f.fields(in, "", "the share itself") + f.fields(in, "rate", "its rate of "+clause.RateWords(in.Agreement.Currency)) + f.fields(in, "base", "its base")
		for i := range clause.Caps {
			marks += f.fields(in, fmt.Sprintf("caps[%d]", i), "its cap")
		}
		return marks
	case *agreement.Commitment:
		return f.capacity(clause.Seller, clause.Buyer)
	case *agreement.Delivery, *agreement.License, *agreement.Sale, *agreement.Milestone:
	}
	return ""
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

// capacity marks what an operator charges an account holder.
func (f footnoter) capacity(operator, holder string) string {
	marks := ""
	for i := range f.config.Catalog.Deployments {
		d := &f.config.Catalog.Deployments[i]
		if runs, _ := f.terms.Operator(d.Cloud); runs != operator || d.Holder != holder {
			continue
		}
		q := pricing.Query{
			Seller: operator, Buyer: holder, Product: d.Product, Cloud: d.Cloud, Region: d.Region, Deploy: d.ID, At: f.at.UnixNano(),
		}
		for _, book := range f.config.Books {
			rate, ok := book.Find(q)
			if !ok || book.Kind != "costs" {
				continue
			}
			text := rate.Footnote
			if text == "" {
				text = fmt.Sprintf("what %s charges %s: %s", operator, holder, rate.Source)
			}
			if mark := f.notes.Mark(rate.Provenance, text); !strings.Contains(marks, mark) {
				marks += mark
			}
		}
	}
	return marks
}

// revenue marks the prices that revenue rests on, and how sale clauses split them.
func (f footnoter) revenue() string {
	marks := ""
	add := func(mark string) {
		if !strings.Contains(marks, mark) {
			marks += mark
		}
	}
	for i := range f.config.Catalog.Deployments {
		d := &f.config.Catalog.Deployments[i]
		in, sale, ok := f.terms.Sale(d.Seller, d.Product, d.Cloud)
		if !ok {
			continue
		}
		if len(sale.Streams) > 1 {
			add(f.notes.Mark(in.Provenance("streams"), "sale clauses: which part of a price pays for the license and which for the cloud"))
		}
		q := pricing.Query{Seller: d.Seller, Product: d.Product, Cloud: d.Cloud, Region: d.Region, Deploy: d.ID, At: f.at.UnixNano()}
		for _, book := range f.config.Books {
			if rate, found := book.Find(q); found && book.Name == sale.Book {
				add(f.notes.Mark(rate.Provenance, rate.Footnote))
			}
		}
	}
	return marks
}

// underOtherTerms posts the same records as if the terms of the day before the amendment were still in force.
func (w *world) underOtherTerms(ctx context.Context, s *Summary, r *app.Reading) error {
	at, err := time.ParseInLocation(time.DateOnly, compared, w.config.Set.Agreements()[0].Zone)
	if err != nil {
		return fmt.Errorf("read the day to compare with: %w", err)
	}
	history, err := r.History(ctx)
	if err != nil {
		return err
	}
	set, err := history.Latest()
	if err != nil {
		return err
	}
	router := set.Timeline.At(at.UnixNano())
	shadow, err := simulate.Under(app.Entries(ctx, r.Journal), router)
	if err != nil {
		return err
	}
	notes := footnoter{terms: router.Terms(), config: w.config, notes: &s.notes, at: at}
	s.Under = Under{Date: compared, Shadow: *shadow, Owed: notes.debts(shadow.Owed)}
	return nil
}
