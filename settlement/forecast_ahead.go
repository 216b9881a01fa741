package settlement

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// A Traffic is what one customer was charged, or what one cloud charged, under one clause for one product: what a forecast
// projects, and what the ledger's own rules are run ahead on.
type Traffic struct {
	Cost     bool   // of a cloud to Party; else a sale to Party
	Party    string // customer, or who pays the cloud
	Seller   string // of a sale
	Cloud    string
	Product  string
	Currency money.Currency
}

func (t Traffic) compare(o Traffic) int {
	return cmp.Or(cmp.Compare(t.Party, o.Party), cmp.Compare(t.Seller, o.Seller), cmp.Compare(t.Cloud, o.Cloud), cmp.Compare(t.Product, o.Product),
		cmp.Compare(t.Currency, o.Currency), strings.Compare(fmt.Sprint(t.Cost), fmt.Sprint(o.Cost)))
}

// A Projected is an amount of traffic at an instant that is to come.
type Projected struct {
	Traffic
	At     time.Time
	Amount money.Amount
}

// RunAhead posts what is projected to a copy of the books, as the requests would be posted that it stands for: shares, tiers, caps,
// deductions and balances below zero come out as the ledger's rules make them. It changes the snapshot, and returns what could not
// be posted: traffic whose terms have ended.
func (s *Snapshot) RunAhead(days []Projected) (ended []Traffic, err error) {
	over := map[ledger.Key]ledger.Cell{}
	for i := range days {
		p := &days[i]
		if p.Amount.Sign() <= 0 || slices.Contains(ended, p.Traffic) {
			continue
		}
		lines := []pricing.Line{{Class: usage.Input, Quantity: 1, Unit: p.Amount, Amount: p.Amount}}
		id := journal.NewRequestID(p.At.UnixMilli(), 0, uint64(i))
		r := &journal.Record{Request: id, Outcome: journal.Failed, Product: p.Product, Currency: p.Currency, Served: -1}
		tried := journal.Tried{Deployment: "forecast", Cloud: p.Cloud, Seller: p.Party, Holder: p.Party, Outcome: delivery.ServerError}
		if p.Cost {
			tried.Cost = lines
		} else {
			r.Outcome, r.Customer, r.Served, r.Lines = journal.Answered, p.Party, 0, lines
			tried.Seller, tried.Holder, tried.Outcome = p.Seller, p.Seller, delivery.Answered
		}
		r.Attempts = []journal.Tried{tried}
		tx, err := ledger.PostUnder(s.State, &journal.Entry{Time: p.At.UnixNano(), ID: id.String(), Body: r}, termsAt(s.History, p.At))
		if err != nil {
			ended = append(ended, p.Traffic)
			continue
		}
		if err := Overlay(over, tx); err != nil {
			return nil, err
		}
	}
	s.Cells, err = Grown(s.Cells, over)
	return ended, err
}

// An aheadRun runs the ledger ahead for a forecast.
type aheadRun struct {
	f     *forecaster
	kinds []Traffic
	days  map[Traffic][]money.Amount // expected, from today to the end of the month
}

// newAhead projects the traffic to the end of the month. nil = the books already hold something of later days than the forecast's,
// so that they cannot be run on from there.
func (f *forecaster) newAhead() (*aheadRun, error) {
	if f.in.Ahead == nil {
		return nil, nil
	}
	s, err := f.in.Ahead()
	if err != nil {
		return nil, err
	}
	all, err := TrafficOf(s)
	if err != nil {
		return nil, err
	}
	a := &aheadRun{f: f, days: map[Traffic][]money.Amount{}}
	start := f.today
	for t, days := range all {
		a.kinds = append(a.kinds, t)
		for day := range days {
			if !f.counts(day) {
				return nil, nil
			}
			start = min(start, day)
		}
	}
	slices.SortFunc(a.kinds, Traffic.compare)
	start = max(start, f.today-memory)
	if f.today-start < leastDays {
		return nil, nil
	}
	var r reckoner
	for _, t := range a.kinds {
		days := make([]money.Amount, 0, memory)
		for day := start; day < f.today; day++ {
			days = append(days, all[t][day])
		}
		fitted := r.fit(days)
		fitted.floor = true
		c := course{reckoner: &r, trend: fitted}
		for day := f.today; day < f.monthUntil; day++ {
			amount := c.next()
			if day == f.today {
				amount = r.part(amount, f.rest)
			}
			a.days[t] = append(a.days[t], amount)
		}
	}
	return a, r.err
}

// run posts the traffic that is expected, all of it times a ratio, and what falls due at the end of the month, and returns the cells.
func (a *aheadRun) run(ratio money.Rate) ([]ledger.Cell, error) {
	s, err := a.f.in.Ahead()
	if err != nil {
		return nil, err
	}
	var r reckoner
	var all []Projected
	for day := a.f.today; day < a.f.monthUntil; day++ {
		at := noon(day, a.f.zone)
		if !at.After(a.f.in.AsOf) {
			at = a.f.in.AsOf.Add(time.Second)
		}
		for _, t := range a.kinds {
			all = append(all, Projected{t, at, r.part(a.days[t][day-a.f.today], ratio)})
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	if _, err := s.RunAhead(all); err != nil {
		return nil, err
	}
	return s.EndOfPeriod(a.f.agreement.Name, a.f.out.Month)
}

// EndOfPeriod posts what falls due at the end of a period, as a closing does, and returns the cells: to a copy of the books.
func (s *Snapshot) EndOfPeriod(agreement, period string) ([]ledger.Cell, error) {
	c := &Closing{Snapshot: *s, Agreement: agreement, Period: period}
	if err := c.begin(); err != nil {
		return nil, err
	}
	c.Issued = c.period.Until
	if err := c.demands(); err != nil {
		return nil, err
	}
	return c.cells()
}

// months replaces what clauses and pairs come to by what the ledger makes of the traffic. A range is that of the clause's own days:
// the traffic is run again at both of its bounds.
func (a *aheadRun) months() error {
	expected, err := a.run(money.MustParseRate("1"))
	if err != nil {
		return err
	}
	before := make([]*Range, len(a.f.out.Clauses))
	for i := range a.f.out.Clauses {
		c := &a.f.out.Clauses[i]
		before[i] = c.Month
		if c.Month == nil || c.Kind == "ended" {
			continue
		}
		was := *c.Month
		c.Month = &Range{}
		for _, bound := range []struct {
			to *money.Amount
			of money.Amount
		}{{&c.Month.Expected, was.Expected}, {&c.Month.Low, was.Low}, {&c.Month.High, was.High}} {
			cells := expected
			if bound.of != was.Expected {
				if cells, err = a.run(ratioOf(bound.of, was.Expected, c.SoFar)); err != nil {
					return err
				}
			}
			if *bound.to, err = a.month(cells, c); err != nil {
				return err
			}
		}
		c.Month.order()
	}
	a.pairs(before)
	return nil
}

// month returns what a clause's payee is owed of the month.
func (a *aheadRun) month(cells []ledger.Cell, c *ForecastClause) (sum money.Amount, err error) {
	ids := []string{c.Clause}
	if in, ok := a.f.clauseAt(a.f.terms, c.Clause); ok {
		ids = a.f.lineage(in)
	}
	g := *a.f
	input := *a.f.in
	input.Cells = cells
	g.in, g.today = &input, never-1 // all days count
	h, err := g.gather(flow{c.Payer, c.Payee, c.Clause}, ids)
	if err != nil {
		return sum, err
	}
	for day, amount := range h.payee {
		if day >= a.f.monthFrom && day < a.f.monthUntil {
			if sum, err = sum.Add(amount); err != nil {
				return sum, err
			}
		}
	}
	return sum, nil
}

// pairs moves what pairs of parties come to by as much as their clauses were moved.
func (a *aheadRun) pairs(before []*Range) {
	var r reckoner
	for i := range a.f.out.Pairs {
		n := &a.f.out.Pairs[i]
		if n.Month == nil {
			continue
		}
		moved := Range{}
		for k, c := range a.f.out.Clauses {
			sign := func(x money.Amount) money.Amount { return x }
			switch {
			case before[k] == nil || c.Month == nil:
				continue
			case c.Payer == n.Payee && c.Payee == n.Payer:
				sign = money.Amount.Neg
			case c.Payer != n.Payer || c.Payee != n.Payee:
				continue
			}
			low, high := &moved.Low, &moved.High
			if c.Payer == n.Payee {
				low, high = high, low
			}
			moved.Expected = r.add(moved.Expected, sign(r.sub(c.Month.Expected, before[k].Expected)))
			*low = r.add(*low, sign(r.sub(c.Month.Low, before[k].Low)))
			*high = r.add(*high, sign(r.sub(c.Month.High, before[k].High)))
		}
		n.Month = &Range{r.add(n.Month.Low, moved.Low), r.add(n.Month.Expected, moved.Expected), r.add(n.Month.High, moved.High)}
		n.Month.order()
		if n.Month.Expected.Sign() < 0 {
			n.Payer, n.Payee, n.SoFar = n.Payee, n.Payer, n.SoFar.Neg()
			n.Month = &Range{n.Month.High.Neg(), n.Month.Expected.Neg(), n.Month.Low.Neg()}
		}
	}
}

// order widens a range to what is expected: more traffic is not more owed under every clause.
func (r *Range) order() {
	for _, x := range []money.Amount{r.Low, r.Expected, r.High} {
		if x.Cmp(r.Low) < 0 {
			r.Low = x
		}
		if x.Cmp(r.High) > 0 {
			r.High = x
		}
	}
}

// ratioOf returns what a bound of the rest of a month is to what is expected of it, to a millionth.
func ratioOf(bound, expected, soFar money.Amount) money.Rate {
	one := money.MustParseRate("1")
	rest, err1 := expected.Sub(soFar)
	to, err2 := bound.Sub(soFar)
	if err1 != nil || err2 != nil || rest.Sign() <= 0 {
		return one
	}
	if to.Sign() <= 0 {
		return money.Rate{}
	}
	n := new(big.Int).Mul(pico(to), big.NewInt(1_000_000))
	n.Div(n, pico(rest))
	if !n.IsInt64() || n.Int64() > 1_000_000_000 {
		return one
	}
	ratio, err := money.NewRate(n.Int64(), 1_000_000)
	if err != nil {
		return one
	}
	return ratio
}
