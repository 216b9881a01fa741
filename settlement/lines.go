package settlement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
)

// periodPlace is where an earlier line stands: a cloud and product in the period that its usage is dated in.
type periodPlace struct {
	from   int32 // first day, for the order
	period string
	at     place
}

func (p periodPlace) compare(o periodPlace) int {
	return cmp.Or(cmp.Compare(p.from, o.from), cmp.Compare(p.period, o.period), p.at.compare(o.at))
}

// owes adds what became owed to the payee on a day.
func (g *gathered) owes(c *cutter, day int32, at place, amount money.Amount, count int64) (err error) {
	if day >= c.first {
		g.counts[at] += count
		g.owed[at], err = g.owed[at].Add(amount)
		return err
	}
	from, _ := window(periodKind(c.out.Period.Name), noon(day, c.zone))
	k := periodPlace{from, windowLabel(periodKind(c.out.Period.Name), noon(day, c.zone), c.zone), at}
	g.earlier[k], err = g.earlier[k].Add(amount)
	return err
}

// closes takes out what statements moved from accrued to stated: what was stated is still owed.
func (c *cutter) closes(f flow, g *gathered) error {
	had := map[string]money.Amount{} // by period, of the version before
	for i := range c.in.Standings {
		st := &c.in.Standings[i]
		if st.Agreement != c.agreement.Name || !c.between(st.Between[0], st.Between[1]) || st.Currency != c.out.Currency {
			continue
		}
		for _, l := range st.Lines {
			if l.Clause != f.id || l.Payer != f.payer || l.Payee != f.payee {
				continue
			}
			moved, err := l.Amount.Sub(had[st.Period])
			if err != nil {
				return err
			}
			had[st.Period] = l.Amount
			day := dayOf(time.Unix(0, st.Issued).In(c.zone))
			if day >= c.last {
				continue
			}
			if err := g.owes(c, day, place{}, moved, 0); err != nil {
				return err
			}
			if g.mirror, err = g.mirror.Add(moved); err != nil {
				return err
			}
		}
	}
	return nil
}

// due is what the ledger's running state says of a flow.
func (c *cutter) due(f flow) ledger.Due {
	for _, d := range c.in.Dues {
		if d.Agreement == c.agreement.Name && d.Clause == f.id && d.Payer == f.payer && d.Payee == f.payee && d.Currency == c.out.Currency {
			return d
		}
	}
	return ledger.Due{}
}

// openings adds running totals from before the journal, and what was stated and paid since.
func (c *cutter) openings(g *gathered, ids []string, f flow, cl *Clause) error {
	d := c.due(f)
	cl.Bridge.Stated, cl.Bridge.Paid, cl.Bridge.AtOnce = d.Stated, d.Paid, d.AtOnce
	cl.Bridge.Advanced, cl.Bridge.Recouped = d.Advanced, d.Recouped
	for _, o := range c.agreement.Openings {
		if !slices.Contains(ids, o.Clause) || !o.AsOf.Before(c.out.Period.Until) {
			continue
		}
		opening := Totals{o.Base, o.Uncapped, o.Capped}
		var err1, err2, err3, err4, err5 error
		g.opening, err1 = g.opening.plus(opening)
		g.closing, err2 = g.closing.plus(opening)
		if o.Clause == f.id {
			g.before, err3 = g.before.Add(o.Capped)
			cl.Bridge.Stated, err4 = cl.Bridge.Stated.Add(o.Stated)
			cl.Bridge.Paid, err5 = cl.Bridge.Paid.Add(o.Paid)
		}
		var err6 error
		g.opened, err6 = g.opened.Add(o.Capped)
		if err := cmp.Or(err1, err2, err3, err4, err5, err6); err != nil {
			return fmt.Errorf("opening totals: %w", err)
		}
	}
	return nil
}

// lines settles the clause's lines: their base, what accrued exactly, and the amount that is rounded once.
func (c *cutter) lines(cl *Clause, f flow, g *gathered) error {
	for _, at := range sortedPlaces(g.owed) {
		rows, err := c.rows(cl, f, g, at)
		if err != nil {
			return err
		}
		cl.Lines = append(cl.Lines, rows...)
		if cl.Accrued, err = cl.Accrued.Add(g.owed[at]); err != nil {
			return err
		}
	}
	cumulative, err := g.before.Add(cl.Accrued)
	if err != nil {
		return err
	}
	for _, amount := range g.earlier {
		if cumulative, err = cumulative.Add(amount); err != nil {
			return err
		}
	}
	if err := c.earlier(cl, f, g); err != nil {
		return err
	}
	cl.Bridge.Owed = cumulative
	rounded, err1 := cumulative.Round(c.out.Rounding.Scale, c.mode)
	amount, err2 := rounded.Sub(cl.Bridge.Stated)
	residue, err3 := cumulative.Sub(rounded)
	if err := cmp.Or(err1, err2, err3); err != nil {
		return err
	}
	loss := amount.Sign() < 0 && c.carriesLoss(f.id)
	if loss {
		amount = money.Amount{}
		if residue, err = cumulative.Sub(cl.Bridge.Stated); err != nil {
			return err
		}
	}
	cl.Amount, cl.Bridge.Residue = amount, residue
	return c.fitLines(cl, g, loss)
}

// carriesLoss reports whether what a period comes to below zero is not stated but set off against later periods.
func (c *cutter) carriesLoss(id string) bool {
	f, _ := c.latest(id)
	share, ok := f.Clause.(*agreement.RevenueShare)
	return ok && (share.Negative == "" || share.Negative == "carry")
}

// rows are the lines of what is owed at a cloud and product; without one it is no usage.
func (c *cutter) rows(cl *Clause, f flow, g *gathered, at place) ([]Line, error) {
	if at != (place{}) {
		return g.split(at)
	}
	fees, recouped := g.fees, cl.Bridge.Recouped
	if cl.Guarantee != nil {
		fees = money.Amount{} // a guarantee's fees are due at once, or were given ahead
	}
	for _, st := range c.in.Closed {
		for i := range st.Clauses {
			if k := &st.Clauses[i]; k.ID == f.id && k.Payer == f.payer && k.Payee == f.payee {
				var err error
				if recouped, err = cl.Bridge.Recouped.Sub(k.Bridge.Recouped); err != nil {
					return nil, err
				}
			}
		}
	}
	rest, err1 := g.owed[at].Sub(fees)
	rest, err2 := rest.Add(recouped)
	if err := cmp.Or(err1, err2); err != nil {
		return nil, err
	}
	var out []Line
	for _, l := range []Line{{Kind: LineFee, Accrued: fees}, {Kind: LineAdvance, Accrued: recouped.Neg()}, {Kind: LineOther, Accrued: rest}} {
		if !l.Accrued.IsZero() {
			out = append(out, l)
		}
	}
	return out, nil
}

// earlier adds what is dated before the period and was not stated yet: what the closed statements of a period said is
// compared with what is known of it now.
func (c *cutter) earlier(cl *Clause, f flow, g *gathered) error {
	said, numbers := map[periodPlace]money.Amount{}, map[string]string{}
	carried, err := g.before.Sub(cl.Bridge.Stated)
	if err != nil {
		return err
	}
	for _, st := range c.in.Closed {
		numbers[st.Period.Name] = st.Number
		for i := range st.Clauses {
			k := &st.Clauses[i]
			if k.ID != f.id || k.Payer != f.payer || k.Payee != f.payee {
				continue
			}
			for _, l := range k.Lines {
				if l.Kind == LineRounding || l.Kind == LineOpening || l.Kind == LineLoss {
					continue
				}
				p, perr := ParsePeriod(cmp.Or(l.Period, st.Period.Name), c.zone)
				at := periodPlace{dayOf(p.From), p.Name, place{l.Cloud, l.Product, ""}}
				var err1, err2 error
				said[at], err1 = said[at].Add(l.Accrued)
				carried, err2 = carried.Add(l.Accrued)
				if err := cmp.Or(perr, err1, err2); err != nil {
					return err
				}
			}
		}
	}
	keys := maps.Clone(g.earlier)
	maps.Copy(keys, said)
	for _, k := range slices.SortedFunc(maps.Keys(keys), periodPlace.compare) {
		more, err := g.earlier[k].Sub(said[k])
		if err != nil {
			return err
		}
		if !more.IsZero() {
			cl.Lines = append(cl.Lines, Line{Earlier: true, Period: k.period, Corrects: numbers[k.period], Cloud: k.at.cloud, Product: k.at.product, Accrued: more})
		}
	}
	if !carried.IsZero() {
		kind := LineRounding
		switch whole, err := carried.Round(c.out.Rounding.Scale, money.Down); {
		case err != nil:
			return err
		case len(c.in.Closed) == 0:
			kind = LineOpening
		case !whole.IsZero(): // more than rounding leaves
			kind = LineLoss
		}
		cl.Lines = append(cl.Lines, Line{Kind: kind, Earlier: true, Accrued: carried})
	}
	return nil
}

func (c *cutter) fitLines(cl *Clause, g *gathered, loss bool) error {
	exact := make([]money.Amount, len(cl.Lines))
	for i := range cl.Lines {
		exact[i] = cl.Lines[i].Accrued
	}
	fitted := make([]money.Amount, len(exact)) // nothing is stated of a loss that is carried
	if !loss {
		var err error
		if fitted, err = fit(exact, cl.Amount, c.out.Rounding.Scale); err != nil {
			return fmt.Errorf("fit lines: %w", err)
		}
	}
	var total, accrued money.Amount
	for i := range fitted {
		cl.Lines[i].Amount = fitted[i]
		var err1, err2 error
		total, err1 = total.Add(fitted[i])
		accrued, err2 = accrued.Add(exact[i])
		if err := cmp.Or(err1, err2); err != nil {
			return err
		}
	}
	if len(fitted) > 0 || !cl.Amount.IsZero() {
		c.control("lines of "+cl.ID+", amount", total, cl.Amount)
	}
	books, err := g.mirror.Add(g.before)
	if err == nil {
		books, err = books.Sub(cl.Bridge.Stated)
	}
	if err != nil {
		return err
	}
	c.control("lines of "+cl.ID+", accrued, in the book of "+cl.Payee, accrued, books)
	return nil
}
