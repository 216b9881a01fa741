package agreement

import (
	"fmt"
	"slices"
)

// meaning says what a clause's change starts, stops or alters.
func (w *telling) meaning(c *ClauseChange) []string {
	switch c.Kind {
	case "license":
		return w.licenseMeaning(c)
	case "revenue-share":
		return w.shareMeaning(c)
	case "commitment":
		return commitmentMeaning(c)
	case "sale":
		return saleMeaning(c)
	case "milestone":
		return []string{noEffect + " by itself; clauses may end by it"}
	case "delivery":
		if c.How != Changed && w.unused(c) {
			return []string{noEffect + " on the products that are declared"}
		}
	}
	return onlyKnown(c)
}

// onlyKnown says that nothing but provenance or a date changed.
func onlyKnown(c *ClauseChange) []string {
	for _, f := range c.Fields {
		if f.Field != "provenance" && f.Field != "since" {
			return nil
		}
	}
	if c.How != Changed {
		return nil
	}
	return []string{noEffect + " on requests or money; figures that rest on it carry another footnote"}
}

// unused reports whether a delivery clause is about no product that is declared.
func (w *telling) unused(c *ClauseChange) bool {
	f := c.After
	if f == nil {
		f = c.Before
	}
	d := f.Clause.(*Delivery)
	for _, t := range []*Terms{w.from, w.to} {
		if slices.ContainsFunc(t.Products(), func(p *Product) bool { return d.Products.Matches(p.ID) && admits(d.States, p.State) }) {
			return false
		}
	}
	return true
}

func (c *ClauseChange) changed(fields ...string) (FieldChange, bool) {
	for _, f := range c.Fields {
		if c.How == Changed && slices.Contains(fields, f.Field) {
			return f, true
		}
	}
	return FieldChange{}, false
}

func (w *telling) licenseMeaning(c *ClauseChange) (lines []string) {
	f := c.After
	if f == nil {
		f = c.Before
	}
	l, a := f.Clause.(*License), f.Agreement
	if x, ok := c.changed("exclusivity"); ok {
		switch {
		case x.After == NonExclusive:
			lines = append(lines, fmt.Sprintf("%s may license others too", a.called(l.Licensor)))
		default:
			lines = append(lines, fmt.Sprintf("%s may license nobody else what it covers", a.called(l.Licensor)))
		}
	}
	if x, ok := c.changed("end"); ok {
		lines = append(lines, fmt.Sprintf("it holds %s, not %s", x.After, x.Before))
	}
	if !w.moved(c) {
		lines = append(lines, "no request goes elsewhere by it")
	}
	for _, x := range c.Fields {
		if x.Field == "fee" {
			lines = append(lines, fmt.Sprintf("fee: %s -> %s", orNothing(x.Before), orNothing(x.After)))
		}
	}
	return append(lines, onlyKnown(c)...)
}

// moved reports whether a deployment moved through a clause.
func (w *telling) moved(c *ClauseChange) bool {
	for i := range w.d.Decisions {
		for _, check := range checksOf(c.Kind) {
			if len(through(slices.Concat(w.d.Decisions[i].Gained, w.d.Decisions[i].Lost), check, c.Ref)) > 0 {
				return true
			}
		}
	}
	return false
}

func (w *telling) shareMeaning(c *ClauseChange) (lines []string) {
	f := c.After
	if f == nil {
		f = c.Before
	}
	s, a := f.Clause.(*RevenueShare), f.Agreement
	switch c.How {
	case Ended:
		lines = append(lines, "stops: nothing accrues for later usage; what was accrued stays owed")
	case Added:
		lines = append(lines, "starts: "+s.Base.words(a))
		if s.Continues != "" {
			lines = append(lines, "carries on the totals of "+s.Continues)
		}
	case Changed:
		lines = append(lines, shareChanges(c, a)...)
	}
	lines = append(lines, w.bases(s, c.How)...)
	return append(lines, onlyKnown(c)...)
}

func shareChanges(c *ClauseChange, a *Agreement) (lines []string) {
	if x, ok := c.changed("rate"); ok {
		lines = append(lines, fmt.Sprintf("the rate goes from %s to %s", orNothing(x.Before), orNothing(x.After)))
	} else if _, ok := c.changed("tiers"); !ok {
		lines = append(lines, "the rate stays")
	}
	if x, ok := c.changed("tiers"); ok {
		lines = append(lines, fmt.Sprintf("the tiers go from %s to %s", orNothing(x.Before), orNothing(x.After)))
	}
	if x, ok := c.changed("caps"); ok {
		after := c.After.Clause.(*RevenueShare).Caps
		switch {
		case len(after) == 0:
			lines = append(lines, "what it owes is bounded no more (before: "+x.Before+")")
		default:
			for _, k := range after {
				line := fmt.Sprintf("once %s are owed %s, nothing more is", Money(k.Amount, a.Currency), per(k.Per))
				if !k.CountsFrom.IsZero() {
					line += "; what falls due from " + day(a, k.CountsFrom) + " on counts"
				}
				lines = append(lines, line)
			}
		}
	}
	if _, ok := c.changed("base"); ok {
		lines = append(lines, "it is taken "+c.After.Clause.(*RevenueShare).Base.words(a))
	}
	if x, ok := c.changed("end"); ok {
		lines = append(lines, fmt.Sprintf("it is owed %s, not %s", x.After, x.Before))
	}
	for _, field := range []string{"deductions", "guarantee", "negative", "overpaid", "favoured", "fx", "payees", "payer", "stack", "when", "retro"} {
		if x, ok := c.changed(field); ok {
			lines = append(lines, fmt.Sprintf("%s: %s -> %s", field, orNothing(x.Before), orNothing(x.After)))
		}
	}
	return lines
}

// bases names the shares that rest on one.
func (w *telling) bases(s *RevenueShare, how How) (lines []string) {
	t, words := w.to, "what it pays counts to the base of "
	if how == Ended {
		t, words = w.from, "what it paid no longer counts to the base of "
	}
	for _, f := range t.shares {
		if other := f.Clause.(*RevenueShare); other.ID != s.ID && other.restsOn(s) {
			lines = append(lines, words+other.ID)
		}
	}
	return lines
}

func commitmentMeaning(c *ClauseChange) (lines []string) {
	switch c.How {
	case Ended:
		return []string{"stops: nothing draws it down any more"}
	case Added:
		k, a := c.After.Clause.(*Commitment), c.After.Agreement
		return []string{fmt.Sprintf("starts: %s on %s draws it down; what is owed for capacity stays as it is",
			orDefault(k.Counts.Amount, "cost"), orAll(k.Counts.Clouds, "all clouds of "+a.called(k.Seller)))}
	case Changed, Reworded:
	}
	for _, f := range c.Fields {
		if f.Field != "provenance" && f.Field != "since" {
			lines = append(lines, fmt.Sprintf("%s: %s -> %s", f.Field, orNothing(f.Before), orNothing(f.After)))
		}
	}
	if len(lines) > 0 {
		lines = append(lines, "what was drawn down before counts on")
	}
	return append(lines, onlyKnown(c)...)
}

func orDefault(s, preset string) string {
	if s == "" {
		return preset
	}
	return s
}

func saleMeaning(c *ClauseChange) (lines []string) {
	f := c.After
	if f == nil {
		f = c.Before
	}
	s, a := f.Clause.(*Sale), f.Agreement
	switch c.How {
	case Ended:
		return []string{fmt.Sprintf("stops: %s bills nobody under it", a.called(s.Seller))}
	case Added:
		return []string{fmt.Sprintf("starts: %s bills on %s", a.called(s.Seller), orAll(s.Clouds, "all clouds"))}
	case Changed, Reworded:
	}
	for _, x := range c.Fields {
		switch x.Field {
		case "book", "discount", "tax":
			lines = append(lines, fmt.Sprintf("customers pay other prices: %s %s -> %s", x.Field, orNothing(x.Before), orNothing(x.After)))
		case "streams":
			lines = append(lines, fmt.Sprintf("shares and fees of a stream are taken of another part of the price: %s -> %s", x.Before, x.After))
		case "provenance", "since":
		default:
			lines = append(lines, fmt.Sprintf("%s: %s -> %s", x.Field, orNothing(x.Before), orNothing(x.After)))
		}
	}
	return append(lines, onlyKnown(c)...)
}
