package report

import (
	"fmt"
	"slices"
	"strings"

	"concord/settlement"
)

// kinds says what a line is that is no usage.
func lineKind(kind string) string {
	switch kind {
	case settlement.LineFee:
		return "fee, earned by day"
	case settlement.LineAdvance:
		return "earned, and paid out of what was given ahead"
	case settlement.LineOther:
		return "paid or credited before it was stated"
	case settlement.LineRounding:
		return "left by rounding of the statements before"
	case settlement.LineLoss:
		return "below zero before, carried to this period"
	case settlement.LineOpening:
		return "from before the journal"
	}
	return kind
}

// lineName names a line of a statement by where its amount comes from.
func lineName(l settlement.Line) string {
	var parts []string
	if l.Earlier && l.Kind == "" {
		parts = append(parts, "dated in "+l.Period)
		if l.Period == "" {
			parts[0] = "before the period, not stated yet"
		}
	}
	for _, part := range []string{l.Cloud, l.Product, l.Stream, lineKind(l.Kind)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	name := strings.Join(parts, ", ")
	if l.Corrects != "" {
		name += " (corrects " + l.Corrects + ")"
	}
	return name
}

// payable says what is due after the statement, and what is open of earlier ones.
func (p *statementPage) payable() {
	s := p.s
	if len(s.Payable) > 0 && s.Settling != nil {
		g := &Grid{Columns: []string{"from", "to", ">open before", ">due at once", ">this statement", ">in all", ">in dispute", "due"}}
		paid := slices.ContainsFunc(s.Payable, func(b settlement.Balance) bool { return !b.Paid.IsZero() })
		if paid {
			g.Columns = slices.Insert(g.Columns, 5, ">paid of version before")
		}
		for _, b := range s.Payable {
			due := b.Due
			if b.Carries {
				due = fmt.Sprintf("nothing: below the minimum of %s, the balance carries", Money(s.Settling.Minimum, s.Rounding.Scale))
			}
			cells := []Lines{Line(b.Payer), Line(b.Payee), Line(p.rounded(b.Earlier)), Line(p.rounded(b.AtOnce)), Line(p.rounded(b.Stated)), Line(p.rounded(b.Amount)),
				Line(p.rounded(b.Dispute)), Line(due)}
			if paid {
				cells = slices.Insert(cells, 5, Line(p.rounded(b.Paid.Neg())))
			}
			g.Row(cells...)
		}
		p.section(Section{Title: "What is payable", Lines: []string{settlingWords(s.Settling)}, Grid: g})
	}
	g := &Grid{Columns: []string{"period", "clause", "from", "to", ">amount", ">paid", ">disputed", ">open", "due", ">days late"}}
	for _, o := range s.Open {
		late := ""
		if o.Days > 0 {
			late = fmt.Sprint(o.Days)
		}
		clause := o.Clause
		if o.Kind != "" {
			clause += " (" + o.Kind + ")"
		}
		g.Row(Line(o.Period), Line(clause), Line(o.Payer), Line(o.Payee), Line(p.rounded(o.Amount)), Line(p.rounded(o.Paid)), Line(p.rounded(o.Disputed)),
			Line(p.rounded(o.Open)), Line(o.Due), Line(late))
	}
	p.section(Section{Title: "Open of earlier statements", Grid: g})
}

func settlingWords(s *settlement.Settling) string {
	words := "Each way by itself"
	if s.Net {
		words = "Net of both ways"
	}
	words += fmt.Sprintf(", due %d days after the issue", s.DueDays)
	if s.Interest != "" {
		words += "; late interest " + s.Interest
	}
	if s.DeemedAccepted > 0 {
		words += fmt.Sprintf("; silence of %d days accepts", s.DeemedAccepted)
	}
	return words + ". Undisputed lines of a disputed statement stay payable."
}

// activity says what the records of the period show beside money.
func (p *statementPage) activity() {
	a := p.s.Activity
	if a == nil {
		return
	}
	g := &Grid{Columns: []string{"", "", ">requests", ">charged", ">share"}}
	graded := func(of string, all []settlement.Graded) {
		for _, x := range all {
			g.Row(Line(of), Line(x.Name), Line(Count(x.Count)), Line(p.exact(x.Amount)+" "+string(x.Of)), Line(x.Share))
		}
	}
	graded("evidence", a.Evidence)
	graded("territory", a.Territories)
	for _, d := range a.Delivery {
		g.Row(Line("order of "+d.Clause), Line("first group"), Line(Count(d.First)), nil, Line(Percent(d.First, d.Ordered, 2)))
		for _, l := range d.Left {
			g.Row(nil, Line(fmt.Sprintf("%s, after %s", l.To, l.After)), Line(Count(l.Count)), nil, Line(Percent(l.Count, d.Ordered, 2)))
		}
	}
	for _, n := range a.Refused {
		g.Row(Line("refused"), Line(n.Name), Line(Count(n.Count)), nil, nil)
	}
	for _, n := range a.Unpriced {
		g.Row(Line("without a price"), Line(n.Name), Line(Count(n.Count)), nil, nil)
	}
	p.section(Section{Title: "Requests of the period", Lines: []string{fmt.Sprintf("%s requests were served or tried", Count(a.Requests))}, Grid: g})
	g = &Grid{Columns: []string{"what", "of", "cloud", "product", ">charged to customers", ">entries", "cites"}}
	for _, c := range a.Corrections {
		g.Row(Line(c.Kind), Line(c.Period), Line(c.Cloud), Line(c.Product), Line(p.exact(c.Amount)+" "+string(c.Of)), Line(Count(c.Count)), Line(c.Cites))
	}
	p.section(Section{Title: "Corrections of sales of earlier periods, at the terms of the sale; they stand in the lines above", Grid: g})
}

// corrections says what amendments changed backwards.
func (p *statementPage) trueUps() {
	g := &Grid{Columns: []string{"clause", "amendment", "posted", ">share, all payees"}}
	for i := range p.s.Clauses {
		for _, t := range p.s.Clauses[i].TrueUps {
			g.Row(Line(p.s.Clauses[i].ID), Line(t.Amendment), Line(t.Posted), Line(p.exact(t.Amount)))
		}
	}
	p.section(Section{Title: "Amendments that reach back; they stand in the lines above", Grid: g})
}

// sources names the price books and rates that figures rest on.
func (p *statementPage) sources() (lines []string) {
	for _, b := range p.s.Prices {
		lines = append(lines, fmt.Sprintf("Price book %s (%s) %.12s", b.Name, b.Kind, b.Hash))
	}
	for _, r := range p.s.Rates {
		lines = append(lines, fmt.Sprintf("Rate of %s from %s on: 1 %s is %s %s", r.Source, r.At, r.From, r.Value, r.To))
	}
	return lines
}
