package report

import (
	"fmt"

	"concord/money"
	"concord/settlement"
)

// replaces says why a further version was issued, and line by line what it states otherwise.
func (p *statementPage) replaces() {
	r := p.s.Replaces
	if r == nil {
		return
	}
	why := Section{Title: fmt.Sprintf("Why version %d was replaced", r.Version)}
	for _, c := range r.Cites {
		why.Lines = append(why.Lines, citedWords(c))
	}
	p.section(why)
	g := &Grid{Columns: []string{"clause", "line", "from", "to", ">was", ">is", ">difference"}}
	for _, c := range r.Changes {
		line := lineName(settlement.Line{Kind: c.Kind, Earlier: c.Earlier, Period: c.Period, Cloud: c.Cloud, Product: c.Product, Stream: c.Stream})
		if c.Licensed {
			line += " (charged under the license)"
		}
		g.Row(Line(c.Clause), Line(line), Line(c.Payer), Line(c.Payee), Line(changeText(p.s, c, c.Was)), Line(changeText(p.s, c, c.Now)), Line(changeText(p.s, c, c.Difference)))
	}
	p.section(Section{Title: fmt.Sprintf("What changed since version %d", r.Version), Grid: g})
}

// citedWords says what an entry that is a reason says.
func citedWords(c settlement.Cited) string {
	words := fmt.Sprintf("%s %s of %s", c.Kind, c.ID, c.Time)
	if c.By != "" {
		words += ", by " + c.By
	}
	if c.Clause != "" {
		words += ", of " + c.Clause
	}
	if !c.Amount.IsZero() {
		words += fmt.Sprintf(", %s %s", c.Amount, c.Currency)
	}
	if c.Reason != "" {
		words += ": " + c.Reason
	}
	return words
}

// changeText writes an amount of a line that changed: what is owed is rounded, what was charged under a license is exact.
func changeText(s *settlement.Statement, c settlement.Change, a money.Amount) string {
	if c.Licensed {
		return Money(a, exactPlaces)
	}
	return Money(a, s.Rounding.Scale)
}
