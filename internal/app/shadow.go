package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/money"
	"concord/report"
	"concord/settlement"
	"concord/simulate"
)

// ShadowQuery says what is compared over recorded usage.
type ShadowQuery struct {
	From, To *agreement.Terms
	Scene    *simulate.Scene // deployments, customers and prices
	Period   string          // "" = all that is recorded
	Zone     *time.Location
}

// Scene returns what the journal's last documents offer to whom and at which prices.
func (r *Reading) Scene(ctx context.Context) (*simulate.Scene, error) {
	history, err := r.History(ctx)
	if err != nil {
		return nil, err
	}
	last, err := history.Latest()
	if err != nil {
		return nil, err
	}
	return &simulate.Scene{Set: last.Set, Catalog: last.Catalog, Books: last.Books, Known: last.Known}, nil
}

// Compare routes and prices the recorded usage of a period under two versions of the terms.
func (r *Reading) Compare(ctx context.Context, q ShadowQuery) (*simulate.Comparison, error) {
	var span simulate.Span
	if q.Period != "" {
		p, err := settlement.ParsePeriod(q.Period, q.Zone)
		if err != nil {
			return nil, err
		}
		span = simulate.Span{From: p.FromUTC.UnixNano(), Until: p.UntilUTC.UnixNano()}
	}
	before := delivery.Always(q.From, q.Scene.Catalog, q.Scene.Books)
	after := delivery.Always(q.To, q.Scene.Catalog, q.Scene.Books)
	c, err := simulate.Compare(Entries(ctx, r.Journal), span, before.At, after.At)
	if err != nil {
		return nil, fmt.Errorf("compare the usage recorded in %s: %w", r.Dir, err)
	}
	return c, nil
}

// places is how many decimals amounts are shown with; JSON has them whole.
const places = 6

// ComparisonSections lays a comparison of recorded usage out.
func ComparisonSections(c *simulate.Comparison) []report.Section {
	decisions := report.Section{Title: "Recorded usage under both versions", Lines: []string{
		fmt.Sprintf("%s requests: %s end alike, %s would have ended elsewhere; %s would have been tried elsewhere first.",
			report.Count(int64(c.Requests)), report.Count(int64(c.Same)), report.Count(int64(c.Moved)), report.Count(int64(c.FirstMoved))),
		strings.Join(caveats(c), " "),
	}}
	if len(c.Moves) > 0 {
		g := &report.Grid{Columns: []string{"Product", "Before", "After", ">Requests", ">Charged before", ">Charged after"}}
		for _, m := range c.Moves {
			g.Row(report.Line(m.Product), report.Line(m.Before.String()), report.Line(m.After.String()), report.Line(report.Count(int64(m.Count))),
				amountCell(m.ChargedBefore, m.Currency), amountCell(m.ChargedAfter, m.Currency))
		}
		decisions.Grid = g
	}
	sections := []report.Section{decisions}
	owed := &report.Grid{Columns: []string{"Owes", "To", "Under", ">Before", ">After", ">Change"}}
	for _, m := range c.Money {
		owed.Row(report.Line(m.Payer), report.Line(m.Payee), report.Line(m.Clause), amountCell(m.Before, m.Currency), amountCell(m.After, m.Currency), amountCell(m.Change, m.Currency))
	}
	parties := &report.Grid{Columns: []string{"Party", ">Before", ">After", ">Change"}}
	for _, p := range c.Parties {
		parties.Row(report.Line(p.Party), amountCell(p.Before, p.Currency), amountCell(p.After, p.Currency), amountCell(p.Change, p.Currency))
	}
	drawn := &report.Grid{Columns: []string{"Commitment", ">Before", ">After", ">Change"}}
	for _, d := range c.Drawn {
		drawn.Row(report.Line(d.Clause), amountCell(d.Before, d.Currency), amountCell(d.After, d.Currency), amountCell(d.Change, d.Currency))
	}
	for _, s := range []report.Section{
		{Title: "Who would have owed whom", Grid: owed}, {Title: "Revenue less costs, by party", Grid: parties}, {Title: "Commitments drawn down", Grid: drawn},
	} {
		if len(s.Grid.Rows) > 0 {
			sections = append(sections, s)
		}
	}
	return sections
}

func amountCell(a money.Amount, c money.Currency) report.Lines {
	return report.Line(strings.TrimSpace(report.Money(a, places) + " " + string(c)))
}

// caveats say how the comparison was made, and what it does not know.
func caveats(c *simulate.Comparison) []string {
	lines := []string{"Books begin empty, so caps and tiers count this usage and opening totals alone."}
	if c.HealthJournaled > 0 {
		lines = append(lines, fmt.Sprintf("%s were decided with the health that their intents kept.", report.Count(int64(c.HealthJournaled))))
	}
	for _, n := range []struct {
		count int
		words string
	}{
		{c.HealthAssumed, "have no intent and were decided as if all deployments were well"},
		{c.UsageSupposed, "would have been served by a deployment that was not tried, and are supposed to use there what was recorded"},
		{c.UsageUnknown, "would have been served though nobody answered them, and have no money"},
		{c.CostUnknown, "have a cost that no costs book says, and count without it"},
		{c.Skipped, "records have no request that could be decided, and were left out"},
	} {
		if n.count > 0 {
			lines = append(lines, fmt.Sprintf("%s %s.", report.Count(int64(n.count)), n.words))
		}
	}
	return lines
}
