package settlement

import "fmt"

// bare reports whether nothing stands between the parties of a statement, so that none is issued unless it is asked for. Parties
// that say how they settle get one as soon as a clause is in force between them, a statement of zero too; others where something is
// owed, was, or was used under a license. Who had a statement before gets the next one: periods leave no gap.
func (c *Closing) bare(st *Statement) bool {
	if _, last := c.sameAndLast(st.Between); last != nil || len(st.Open) > 0 {
		return false
	}
	if settles(c.agreement, st.Between) != nil {
		return len(st.Clauses)+len(st.Licensed) == 0
	}
	for i := range st.Clauses {
		k := &st.Clauses[i]
		b := &k.Bridge
		if len(k.Lines) > 0 || !k.Accrued.IsZero() || !k.Amount.IsZero() || !b.Owed.IsZero() || !b.Stated.IsZero() || !b.Paid.IsZero() || !b.AtOnce.IsZero() ||
			!b.Advanced.IsZero() {
			return false
		}
	}
	for i := range st.Licensed {
		if len(st.Licensed[i].Lines) > 0 {
			return false
		}
	}
	return true
}

// kindsNamed says by which periods the parties settle, with an example of each.
func (c *Closing) kindsNamed() (out string) {
	said := map[string]bool{}
	for _, pair := range c.all("") {
		if kind := c.kindOf(pair); !said[kind] {
			said[kind] = true
			out += fmt.Sprintf("; %s and %s settle by the %s: name one, such as %s", pair[0], pair[1], kind, PeriodOf(kind, c.period.From, c.agreement.Zone))
		}
	}
	return out
}
