package report

import (
	"fmt"
	"io"
	"slices"

	"concord/money"
	"concord/settlement"
)

// WriteStatement lays a statement out for people, as text. Exact figures stand in its JSON.
func WriteStatement(w io.Writer, s *settlement.Statement) error {
	if err := StatementPage(s).WriteText(w); err != nil {
		return fmt.Errorf("write statement: %w", err)
	}
	return nil
}

// exactPlaces is to how many decimals exact amounts are shown.
const exactPlaces = 6

// StatementPage lays a statement out in sections, which every form for people is written from: what is owed under each
// clause, the bridge of each from opening to close, usage under licenses, both gross amounts beside the net, and what the
// figures rest on.
func StatementPage(s *settlement.Statement) *Page {
	p := &statementPage{s: s, page: &Page{
		Title: fmt.Sprintf("Statement (%s) of %s between %s and %s", s.State, s.Agreement, s.Between[0], s.Between[1]),
	}}
	p.head()
	p.replaces()
	p.owed()
	p.gross()
	p.payable()
	p.bridges()
	p.limits()
	p.trueUps()
	p.licensed()
	p.activity()
	p.notes()
	p.foot()
	return p.page
}

type statementPage struct {
	s    *settlement.Statement
	page *Page
}

func (p *statementPage) exact(a money.Amount) string   { return Money(a, exactPlaces) }
func (p *statementPage) rounded(a money.Amount) string { return Money(a, p.s.Rounding.Scale) }

func (p *statementPage) line(format string, args ...any) {
	p.page.Lines = append(p.page.Lines, fmt.Sprintf(format, args...))
}

// section appends a section, unless it has nothing to say.
func (p *statementPage) section(s Section) {
	if len(s.Lines) > 0 || s.Grid != nil && len(s.Grid.Rows) > 0 {
		p.page.Sections = append(p.page.Sections, s)
	}
}

func (p *statementPage) head() {
	s := p.s
	if s.Title != "" {
		p.line("%s: %s", s.Agreement, s.Title)
	}
	p.line("Period %s: from %s until %s, %s (%s until %s)", s.Period.Name, s.Period.From.Format("2006-01-02"), s.Period.Until.Format("2006-01-02"),
		s.Period.Zone, s.Period.FromUTC.Format("2006-01-02T15:04Z07:00"), s.Period.UntilUTC.Format("2006-01-02T15:04Z07:00"))
	switch {
	case s.Number != "":
		p.line("Number %s, version %d", s.Number, s.Version)
		if r := s.Replaces; r != nil {
			p.line("Replaces %s, version %d, issued %s, which was %s (SHA-256 %.12s)", r.Number, r.Version, r.Issued, r.State, r.Hash)
		}
		p.line("Issued %s, due %s", s.Issued, orNone(s.Due))
	case s.Issued != "" && s.Due != "":
		p.line("Cut %s; if issued then, due %s", s.Issued, s.Due)
	case s.Issued != "":
		p.line("Cut %s", s.Issued)
	}
	p.line("In %s, rounded to %d decimals (%s), once, on the cumulative amount of a clause", s.Currency, s.Rounding.Scale, s.Rounding.Mode)
	for _, t := range s.Terms {
		line := fmt.Sprintf("Terms %.12s", t.Hash)
		if t.From != "" {
			line += " from " + t.From
		}
		if t.Until != "" {
			line += " until " + t.Until
		}
		p.line("%s", line)
	}
}

func orNone(day string) string {
	if day == "" {
		return "at no day that the agreement names"
	}
	return day
}

func (p *statementPage) owed() {
	g := &Grid{Columns: []string{"clause", "from", "to", ">base", ">accrued", ">amount", "notes"}}
	for i := range p.s.Clauses {
		c := &p.s.Clauses[i]
		base := func(a money.Amount, has bool) Lines {
			if !has && a.IsZero() { // what is no share of anything has no base
				return nil
			}
			return Line(p.exact(a))
		}
		share := c.Kind == "revenue-share"
		g.Row(Line(c.ID), Line(c.Payer), Line(c.Payee), base(c.Bridge.Period.Base, share), Line(p.exact(c.Accrued)), Line(p.rounded(c.Amount)), Line(marks(c.Notes)))
		for _, l := range c.Lines {
			g.Row(Line("  "+lineName(l)), nil, nil, base(l.Base, share && l.Kind == "" && !l.Earlier), Line(p.exact(l.Accrued)), Line(p.rounded(l.Amount)), nil)
		}
		if rest := otherBase(c); share && !rest.IsZero() {
			g.Row(Line("  base dated before the period, or corrected in it"), nil, nil, Line(p.exact(rest)), nil, nil, nil)
		}
	}
	p.section(Section{Title: "What is owed", Grid: g})
}

// otherBase is what the base of a clause grew by in the period and no line shows, so that the column adds up.
func otherBase(c *settlement.Clause) money.Amount {
	rest := c.Bridge.Period.Base
	for _, l := range c.Lines {
		less, err := rest.Sub(l.Base)
		if err != nil {
			return money.Amount{} // within a hair of 2^127
		}
		rest = less
	}
	return rest
}

// gross shows both ways beside the net: netting never removes a line.
func (p *statementPage) gross() {
	g := &Grid{Columns: []string{"", "from", "to", ">accrued", ">amount"}}
	for _, way := range append(p.s.Gross[:len(p.s.Gross):len(p.s.Gross)], p.s.Net) {
		g.Row(Line("gross"), Line(way.Payer), Line(way.Payee), Line(p.exact(way.Accrued)), Line(p.rounded(way.Amount)))
	}
	g.Rows[len(g.Rows)-1][0] = Line("net")
	p.section(Section{Title: "Both ways, and the net", Grid: g})
}

func (p *statementPage) bridges() {
	g := &Grid{Columns: []string{"clause", "of", ">opening", ">period", ">closing"}}
	for i := range p.s.Clauses {
		c := &p.s.Clauses[i]
		b := &c.Bridge
		name := c.ID
		row := func(of, opening, period, closing string) {
			g.Row(Line(name), Line(of), Line(opening), Line(period), Line(closing))
			name = "" // stands once
		}
		if c.Kind == "revenue-share" {
			row("base", p.exact(b.Opening.Base), p.exact(b.Period.Base), p.exact(b.Closing.Base))
			uncapped := "share, uncapped"
			if c.Tiers == nil && c.Rate != "" {
				uncapped = "share, " + c.Rate + ", uncapped"
			}
			row(uncapped, p.exact(b.Opening.Uncapped), p.exact(b.Period.Uncapped), p.exact(b.Closing.Uncapped))
			row("share, capped", p.exact(b.Opening.Capped), p.exact(b.Period.Capped), p.exact(b.Closing.Capped))
		} else {
			row("accrued", "", p.exact(c.Accrued), "")
		}
		if !c.Deducted.IsZero() {
			row("deducted from the base", "", "", p.exact(c.Deducted))
		}
		if !c.Carried.IsZero() {
			row("above caps, carried on", "", "", p.exact(c.Carried))
		}
		if !c.Lifted.IsZero() {
			row("periods below zero, left out", "", "", p.exact(c.Lifted))
		}
		if !b.Advanced.IsZero() {
			row("given ahead, and recouped of it", "", p.exact(b.Advanced), p.exact(b.Recouped))
		}
		if !b.AtOnce.IsZero() {
			row("due at once so far", "", "", p.rounded(b.AtOnce))
		}
		row("owed", "", "", p.exact(b.Owed))
		row("stated before", "", "", p.rounded(b.Stated))
		row("stated now", "", "", p.rounded(c.Amount))
		row("paid", "", "", p.rounded(b.Paid))
		row("residue after this", "", "", p.exact(b.Residue))
	}
	p.section(Section{Title: "From opening to close", Grid: g})
}

func (p *statementPage) limits() {
	for i := range p.s.Clauses {
		c := &p.s.Clauses[i]
		for _, limit := range c.Caps {
			p.section(Section{
				Title: fmt.Sprintf("Cap of %s, %s %s (%s)", c.ID, Money(limit.Amount, 0), p.s.Currency, limit.Per),
				Lines: []string{fmt.Sprintf("%s used at the opening, %s at the close, %s left", p.exact(limit.Opening), p.exact(limit.Used), p.exact(limit.Left))},
			})
		}
		p.tiers(c)
		if d := c.Commitment; d != nil {
			p.section(Section{
				Title: fmt.Sprintf("Commitment %s, %s %s", c.ID, Money(d.Amount, 0), p.s.Currency),
				Lines: []string{fmt.Sprintf("%s drawn at the opening, %s at the close, %s left", p.exact(d.Opening), p.exact(d.Closing), p.exact(d.Left))},
			})
		}
	}
}

// tiers says where the base of a share stands in its tiers, and what its guarantee would come to.
func (p *statementPage) tiers(c *settlement.Clause) {
	if t := c.Tiers; t != nil {
		stands := fmt.Sprintf("base %s at the opening, %s at the close: step %d, %s", p.exact(t.Opening), p.exact(t.Base), t.Step, t.Rate)
		if !t.Left.IsZero() {
			stands += fmt.Sprintf(", %s left in it", p.exact(t.Left))
		}
		p.section(Section{Title: fmt.Sprintf("Tiers of %s (%s)", c.ID, t.Window), Lines: []string{t.Words, stands}})
	}
	if g := c.Guarantee; g != nil {
		lines := []string{g.Words, fmt.Sprintf("%s earned so far; if the window ended now, it would be topped up by %s", p.exact(g.Earned), p.exact(g.TopUp))}
		p.section(Section{Title: fmt.Sprintf("Guarantee of %s (%s)", c.ID, g.Window), Lines: lines})
	}
}

func (p *statementPage) licensed() {
	for i := range p.s.Licensed {
		l := &p.s.Licensed[i]
		section := Section{
			Title: fmt.Sprintf("Usage under %s (%s to %s), owed for or not%s", l.Clause, l.Licensor, l.Licensee, spaced(marks(l.Notes))),
			Lines: []string{fmt.Sprintf("%s charged its customers %s %s", l.Licensee, p.exact(l.Total), p.s.Currency)},
			Grid:  &Grid{Columns: []string{"cloud", "product", "stream", ">charged", ">requests"}},
		}
		if l.Fee != nil {
			section.Lines = append(section.Lines, fmt.Sprintf("given %s: %s earned in the period", l.Fee.Words, p.exact(l.Fee.Earned)))
		}
		for _, line := range l.Lines {
			section.Grid.Row(Line(line.Cloud), Line(line.Product), Line(line.Stream), Line(p.exact(line.Charged)), Line(Count(line.Count)))
		}
		p.section(section)
	}
}

func (p *statementPage) notes() {
	section := Section{Title: "Notes"}
	for _, n := range p.s.Footnotes {
		section.Lines = append(section.Lines, fmt.Sprintf("[%d] %s: %s", n.Number, n.Provenance, n.Text))
	}
	p.section(section)
}

func (p *statementPage) foot() {
	section := Section{Title: "How it was cut", Lines: p.sources()}
	where := fmt.Sprintf("At chain %d, block %d of the journal", p.s.Journal.Chain, p.s.Journal.Block)
	if p.s.Journal.Hash != "" {
		where += fmt.Sprintf(" (%.12s)", p.s.Journal.Hash)
	}
	section.Lines = append(section.Lines, where)
	agreed := 0
	for _, c := range p.s.Controls {
		if c.Agrees {
			agreed++
			continue
		}
		section.Lines = append(section.Lines, fmt.Sprintf("DISAGREES: %s: the statement has %s, the books have %s", c.Name, c.Stated, c.Books))
	}
	end := fmt.Sprintf("%s rows; %d of %d control totals agree.", Count(int64(p.s.Rows)), agreed, len(p.s.Controls))
	if p.s.State == settlement.Draft {
		end += " A draft binds nobody."
	}
	section.Lines = append(section.Lines, end)
	if p.s.Hash != "" {
		section.Lines = append(section.Lines, "SHA-256 of this statement as JSON: "+p.s.Hash)
	}
	p.section(section)
}

func marks(notes []int) string {
	out := ""
	for _, n := range slices.Sorted(slices.Values(notes)) {
		out += mark(n)
	}
	return out
}

func spaced(marks string) string {
	if marks == "" {
		return ""
	}
	return " " + marks
}
