package settlement

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/money"
)

// history is what a clause came to by day.
type history struct {
	cost  map[int32]money.Amount // what fell due, in the payer's book
	above map[int32]money.Amount // above caps
	drawn map[int32]money.Amount // of a commitment
	payee map[int32]money.Amount // what fell due to one payee, in its book
	first int32                  // day of the first of them
}

// lineage returns a clause's id and those that it continues.
func (f *forecaster) lineage(in agreement.InForce) []string {
	ids := []string{in.Clause.Head().ID}
	for next := in.Clause.Head().Continues; next != "" && !slices.Contains(ids, next); {
		ids = append(ids, next)
		before := ""
		for _, iv := range f.in.History {
			if c, ok := f.clauseAt(iv.Terms, next); ok {
				before = c.Clause.Head().Continues
			}
		}
		next = before
	}
	return ids
}

// gather reads the days of a clause from costs and revenue, which closes and payments do not move.
func (f *forecaster) gather(one flow, ids []string) (*history, error) {
	h := &history{cost: map[int32]money.Amount{}, above: map[int32]money.Amount{}, drawn: map[int32]money.Amount{}, payee: map[int32]money.Amount{}, first: never}
	for i := range f.in.Cells {
		c := &f.in.Cells[i]
		if c.Agreement != f.agreement.Name || c.Currency != f.agreement.Currency || !slices.Contains(ids, c.Clause) || !f.counts(c.Day) {
			continue
		}
		parts, err := c.Account.Parse()
		if err != nil {
			return nil, err
		}
		into, amount := h.cost, c.Amount
		switch {
		case c.Book == one.payer && parts.Root == "cost" && oneOf(parts.Branch, "share", "fee", "cloud"):
		case c.Book == one.payer && parts.Branch == "above-cap" && parts.Side == "":
			into = h.above
		case c.Book == one.payer && parts.Branch == "commitment" && parts.Side == "used":
			into = h.drawn
		case c.Book == one.payee && parts.Root == "revenue" && oneOf(parts.Branch, "share", "fee", "infrastructure"):
			into, amount = h.payee, amount.Neg()
		default:
			continue
		}
		if into[c.Day], err = into[c.Day].Add(amount); err != nil {
			return nil, err
		}
		h.first = min(h.first, c.Day)
	}
	return h, nil
}

// counts reports whether a day was by the instant of the forecast. At midnight nothing of the day that begins was.
func (f *forecaster) counts(day int32) bool {
	return day < f.today || day == f.today && !f.midnight()
}

func (f *forecaster) midnight() bool { return f.rest.Cmp(money.MustParseRate("1")) == 0 }

func oneOf(s string, of ...string) bool { return slices.Contains(of, s) }

// flow forecasts what one clause makes one party owe another.
func (f *forecaster) flow(one flow) error {
	in, alive := f.clauseAt(f.terms, one.id)
	ids := []string{one.id}
	if alive {
		ids = f.lineage(in)
	}
	h, err := f.gather(one, ids)
	if err != nil {
		return err
	}
	c := ForecastClause{Clause: one.id, Payer: one.payer, Payee: one.payee, Currency: f.agreement.Currency, Provenance: agreement.Assumed, Limits: []ForecastLimit{}}
	touched := false
	for day, amount := range h.payee {
		if day >= f.monthFrom {
			touched = true
			if c.SoFar, err = c.SoFar.Add(amount); err != nil {
				return err
			}
		}
	}
	if !alive {
		if touched {
			c.Kind, c.Month = "ended", &Range{c.SoFar, c.SoFar, c.SoFar}
			f.out.Clauses = append(f.out.Clauses, c)
			f.pairs = append(f.pairs, pairDraws{clause: len(f.out.Clauses) - 1})
		}
		return nil
	}
	return f.alive(one, in, h, c)
}

// alive forecasts a clause that is in force.
func (f *forecaster) alive(one flow, in agreement.InForce, h *history, c ForecastClause) error {
	c.Provenance = in.Provenance("")
	p := projection{f: f, ends: f.ends(one.id), start: max(dayOf(in.Amendment.Effective.In(f.zone)), h.first, f.today-memory)}
	var commitment *limitRun
	switch clause := in.Clause.(type) {
	case *agreement.RevenueShare:
		c.Kind = "revenue-share"
		c.Provenance = worst(c.Provenance, in.Provenance("rate"))
		i := slices.IndexFunc(clause.Payees, func(p agreement.Payee) bool { return p.Party == one.payee })
		p.part = clause.Payees[i].Part
		for _, limit := range clause.Caps {
			run, err := f.cap(in, limit, h, p.ends)
			if err != nil {
				return err
			}
			p.limits = append(p.limits, run)
		}
	case *agreement.Commitment:
		c.Kind = "commitment"
		p.part = money.MustParseRate("1")
		var err error
		if commitment, err = f.commitment(clause, h, p.ends); err != nil {
			return err
		}
	case *agreement.License:
		c.Kind, p.part = "license fee", money.MustParseRate("1")
	case *agreement.Delivery, *agreement.Sale, *agreement.Milestone:
		return nil
	}
	var r reckoner
	days := make([]money.Amount, 0, memory)
	var drawn []money.Amount
	for day := p.start; day < f.today; day++ {
		days = append(days, r.add(h.cost[day], h.above[day]))
		drawn = append(drawn, h.drawn[day])
	}
	c.Days = len(days)
	if c.Days > 0 {
		c.From = dayText(p.start)
	}
	if r.err != nil {
		return r.err
	}
	p.months = make([]money.Amount, f.out.Draws)
	if h.first == never {
		c.Cannot = "nothing has fallen due under it; in the net it counts as nothing"
	} else if c.Days < leastDays {
		p.months = nil
		c.Cannot = fmt.Sprintf("whole days that are known under its present terms: %d; an estimate needs %d, the days of the week %d, a change from week to week %d",
			c.Days, leastDays, weekdaysFrom, slopeFrom)
	} else if err := p.run(&c, days); err != nil {
		return err
	}
	for _, run := range p.limits {
		c.Limits = append(c.Limits, run.say(f, c.Days >= leastDays))
	}
	if commitment != nil {
		q := projection{f: f, ends: p.ends, start: p.start, part: p.part, limits: []*limitRun{commitment}}
		if c.Days >= leastDays {
			if err := q.run(&ForecastClause{}, drawn); err != nil {
				return err
			}
		}
		c.Limits = append(c.Limits, commitment.say(f, c.Days >= leastDays))
	}
	f.out.Clauses = append(f.out.Clauses, c)
	f.pairs = append(f.pairs, pairDraws{clause: len(f.out.Clauses) - 1, months: p.months})
	return nil
}

// pairDraws are the draws of what one clause's month comes to.
type pairDraws struct {
	clause int
	months []money.Amount
}

// net adds the clauses of each pair of parties up, draw by draw.
func (f *forecaster) net() error {
	type key struct{ a, b string }
	var r reckoner
	nets := map[key]*ForecastPair{}
	draws := map[key][]money.Amount{}
	for _, p := range f.pairs {
		c := &f.out.Clauses[p.clause]
		k := key{c.Payer, c.Payee}
		sign := func(a money.Amount) money.Amount { return a }
		if k.a > k.b {
			k = key{k.b, k.a}
			sign = money.Amount.Neg
		}
		n := nets[k]
		if n == nil {
			n = &ForecastPair{Payer: k.a, Payee: k.b, Currency: c.Currency, Month: &Range{}}
			nets[k], draws[k] = n, make([]money.Amount, f.out.Draws)
		}
		n.SoFar = r.add(n.SoFar, sign(c.SoFar))
		if c.Month == nil && p.months != nil {
			continue
		}
		if c.Month == nil {
			n.Cannot = cmp.Or(n.Cannot, "nothing is said of clause "+c.Clause)
			continue
		}
		n.Month.Expected = r.add(n.Month.Expected, sign(c.Month.Expected))
		for i := range draws[k] {
			month := c.SoFar
			if p.months != nil {
				month = p.months[i]
			}
			draws[k][i] = r.add(draws[k][i], sign(month))
		}
	}
	for k, n := range nets {
		n.Month = bounds(draws[k], n.Month.Expected)
		if n.Month.Expected.Sign() < 0 || n.Month.Expected.IsZero() && n.SoFar.Sign() < 0 {
			n.Payer, n.Payee, n.SoFar = n.Payee, n.Payer, n.SoFar.Neg()
			n.Month = &Range{n.Month.High.Neg(), n.Month.Expected.Neg(), n.Month.Low.Neg()}
		}
		if n.Cannot != "" {
			n.Month = nil
		}
		f.out.Pairs = append(f.out.Pairs, *n)
	}
	slices.SortFunc(f.out.Pairs, func(a, b ForecastPair) int {
		return cmp.Or(cmp.Compare(a.Payer, b.Payer), cmp.Compare(a.Payee, b.Payee))
	})
	return r.err
}

// lastDay returns the last day before an instant, in the forecast's zone.
func (f *forecaster) lastDay(until time.Time) int32 {
	return dayOf(until.Add(-time.Nanosecond).In(f.zone))
}
