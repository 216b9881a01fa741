package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"concord/settlement"
)

// WriteForecast lays a forecast out for people, as text. Exact figures stand in its JSON.
func WriteForecast(w io.Writer, f *settlement.Forecast) error {
	if err := ForecastPage(f).WriteText(w); err != nil {
		return fmt.Errorf("write forecast: %w", err)
	}
	return nil
}

// ForecastPage lays a forecast out in sections: the month by clause and by pair of parties, caps and commitments with the days
// on which they run out, what cannot be said, and what it assumes.
func ForecastPage(f *settlement.Forecast) *Page {
	p := &Page{
		Title: fmt.Sprintf("Forecast of %s as of %s", f.Agreement, f.AsOf.Format("2006-01-02 15:04 MST")),
		Lines: []string{fmt.Sprintf("An estimate, which binds nobody. Low and high hold 8 of 10 of %s draws (seed %d).", Count(int64(f.Draws)), f.Seed)},
	}
	if len(f.Clauses) == 0 {
		p.Lines = append(p.Lines, "No clause that is in force then makes one party owe another.")
	}
	if grid := forecastClauses(f); len(grid.Rows) > 0 {
		p.Sections = append(p.Sections, Section{Title: "What falls due in " + f.Month + ", by clause", Grid: grid})
	}
	if grid := forecastPairs(f); len(grid.Rows) > 0 {
		p.Sections = append(p.Sections, Section{Title: "Net, by pair of parties", Grid: grid})
	}
	limits := &Grid{Columns: []string{"clause", "what", ">amount", ">used", "runs out", "between"}}
	var short, cannot, known []string
	for i := range f.Clauses {
		c := &f.Clauses[i]
		for _, l := range c.Limits {
			runs, between := runsOut(&l, c.Cannot == "")
			limits.Row(Line(c.Clause), Line(limitName(&l)), Line(Money(l.Amount, 2)), Line(Money(l.Used, exactPlaces)), Line(runs), Line(between))
		}
		for _, l := range c.Limits {
			if s := l.Shortfall; s != nil && s.High.Sign() > 0 {
				short = append(short, fmt.Sprintf("%s is short by %s when its window ends on %s (%s to %s).", c.Clause,
					Money(s.Expected, 2), l.Until, Money(s.Low, 2), Money(s.High, 2)))
			}
		}
		if c.Cannot != "" {
			cannot = append(cannot, fmt.Sprintf("%s, %s to %s: %s.", c.Clause, c.Payer, c.Payee, c.Cannot))
		}
		if c.Provenance != "public" && c.Kind != "ended" {
			known = append(known, fmt.Sprintf("%s rests on terms that are %s.", c.Clause, c.Provenance))
		}
	}
	if len(limits.Rows) > 0 {
		p.Sections = append(p.Sections, Section{Title: "Caps and commitments", Grid: limits})
	}
	if len(short) > 0 {
		p.Sections = append(p.Sections, Section{Title: "Expected to fall short", Lines: short})
	}
	if len(cannot) > 0 {
		p.Sections = append(p.Sections, Section{Title: "What cannot be said", Lines: cannot})
	}
	p.Sections = append(p.Sections, Section{Title: "What this assumes", Lines: sentences(append(slices.Clone(f.Assumptions), known...))})
	return p
}

// sentences makes a line of a list out of each text.
func sentences(texts []string) []string {
	for i, t := range texts {
		texts[i] = "- " + strings.TrimSuffix(t, ".")
	}
	return texts
}

func forecastClauses(f *settlement.Forecast) *Grid {
	g := &Grid{Columns: []string{"clause", "from", "to", ">so far", ">low", ">expected", ">high", ">a day", ">days"}}
	for i := range f.Clauses {
		c := &f.Clauses[i]
		low, expected, high := rangeCells(c.Month)
		perDay := ""
		if c.PerDay != nil {
			perDay = Money(*c.PerDay, exactPlaces)
		}
		g.Row(Line(c.Clause), Line(c.Payer), Line(c.Payee), Line(Money(c.SoFar, exactPlaces)), low, expected, high, Line(perDay), Line(Count(int64(c.Days))))
	}
	return g
}

func forecastPairs(f *settlement.Forecast) *Grid {
	g := &Grid{Columns: []string{"from", "to", ">so far", ">low", ">expected", ">high", ""}}
	for _, n := range f.Pairs {
		low, expected, high := rangeCells(n.Month)
		g.Row(Line(n.Payer), Line(n.Payee), Line(Money(n.SoFar, exactPlaces)), low, expected, high, Line(n.Cannot))
	}
	return g
}

func rangeCells(r *settlement.Range) (low, expected, high Lines) {
	if r == nil {
		return Line("-"), Line("-"), Line("-")
	}
	return Line(Money(r.Low, exactPlaces)), Line(Money(r.Expected, exactPlaces)), Line(Money(r.High, exactPlaces))
}

func limitName(l *settlement.ForecastLimit) string {
	if l.Window == "total" {
		return l.Kind
	}
	return l.Kind + " of " + l.Window
}

// runsOut says when a limit is used up, and between which days.
func runsOut(l *settlement.ForecastLimit, estimated bool) (when, between string) {
	end, by := l.Until, "not before its end on "
	if end == "" {
		end, by = l.Horizon, "not by "
	}
	switch {
	case l.ReachedOn != "":
		return "used up since " + l.ReachedOn, ""
	case !estimated:
		return "not known", ""
	case l.Expected != "":
		when = l.Expected
	default:
		when = by + end
	}
	switch {
	case l.Earliest == l.Latest:
	case l.Latest == "":
		between = l.Earliest + " at the earliest"
	default:
		between = fmt.Sprintf("%s and %s", l.Earliest, l.Latest)
	}
	return when, between
}
