package settlement

import (
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/money"
)

// A limitRun is a cap or a commitment on a course: what is left of it, and the days on which courses used it up.
type limitRun struct {
	out     ForecastLimit
	per     string
	until   int32 // the day after the last one that counts
	ended   bool  // a window or clause ends then, and not only the forecast
	full    int32 // day on which the expected course has used it up; never = it has not
	drawn   []int32
	short   *money.Amount // of the expected course
	shorts  []money.Amount
	reached int32
}

// cap finds what counts to a cap in the window of the instant.
func (f *forecaster) cap(in agreement.InForce, limit agreement.Cap, h *history, ends int32) (*limitRun, error) {
	from, until := window(limit.Per, f.out.AsOf)
	if limit.Per == "total" || limit.Per == "" {
		until = never
	}
	if !limit.CountsFrom.IsZero() {
		from = max(from, dayOf(limit.CountsFrom.In(f.zone)))
	}
	run := &limitRun{per: limit.Per, out: ForecastLimit{Kind: "cap", Per: limit.Per, Window: windowLabel(limit.Per, f.out.AsOf, f.zone), Amount: limit.Amount}}
	before := money.Amount{}
	for _, o := range f.agreement.Openings {
		if slices.Contains(f.lineage(in), o.Clause) && limit.Per == "total" && limit.CountsFrom.Before(o.AsOf) {
			var err error
			if before, err = before.Add(o.Capped); err != nil {
				return nil, err
			}
		}
	}
	return run, run.begin(f, before, h.cost, from, min(until, ends))
}

// commitment finds what was drawn of a commitment in the part of its window that the instant is in.
func (f *forecaster) commitment(c *agreement.Commitment, h *history, ends int32) (*limitRun, error) {
	per := c.SubWindows
	if per == "" {
		per = "total"
	}
	from, until, amount := int32(-1<<31), int32(never), c.Amount
	if !c.WindowFrom.IsZero() {
		from = dayOf(c.WindowFrom.In(f.zone))
	}
	if !c.WindowUntil.IsZero() {
		until = f.lastDay(c.WindowUntil) + 1
	}
	label := "total"
	if c.SubWindows != "" && !c.WindowFrom.IsZero() && !c.WindowUntil.IsZero() {
		n, at := 0, 0
		for day := from; day < until; n++ {
			begin, end := window(per, noon(day, time.UTC))
			if f.today >= begin && f.today < end {
				at = n
			}
			day = end
		}
		begin, end := window(per, noon(f.today, time.UTC))
		from, until, label = max(from, begin), min(until, end), windowLabel(per, f.out.AsOf, f.zone)
		parts := make([]money.Rate, n)
		for i := range parts {
			parts[i] = money.MustParseRate(fmt.Sprintf("1/%d", n))
		}
		all, err := money.Split(c.Amount, parts, money.Scale)
		if err != nil {
			return nil, err
		}
		amount = all[at]
	}
	run := &limitRun{per: per, out: ForecastLimit{Kind: "commitment", Per: per, Window: label, Amount: amount}}
	return run, run.begin(f, money.Amount{}, h.drawn, from, min(until, ends))
}

// begin adds up what was used before the forecast.
func (l *limitRun) begin(f *forecaster, used money.Amount, days map[int32]money.Amount, from, until int32) error {
	l.full, l.reached = never, never
	order := make([]int32, 0, len(days))
	for day := range days {
		if day >= from && day < until {
			order = append(order, day)
		}
	}
	slices.Sort(order)
	for _, day := range order {
		var err error
		if used, err = used.Add(days[day]); err != nil {
			return err
		}
		switch full := used.Cmp(l.out.Amount) >= 0; {
		case full && l.reached == never:
			l.reached = day
		case !full:
			l.reached = never // a refund made room
		}
	}
	l.out.Used = used
	left, err := l.out.Amount.Sub(used)
	if left.Sign() < 0 {
		left = money.Amount{}
	}
	l.out.Left = left
	l.until, l.ended = until, until != never
	if farthestDay := f.today + farthest; l.until > farthestDay {
		l.until, l.ended = farthestDay, false
	}
	return err
}

// say writes down what courses came to.
func (l *limitRun) say(f *forecaster, estimated bool) ForecastLimit {
	out := l.out
	if l.ended {
		out.Until = dayText(l.until - 1)
	} else {
		out.Horizon = dayText(l.until - 1)
	}
	switch {
	case l.reached != never:
		out.ReachedOn = dayText(l.reached)
	case estimated:
		slices.Sort(l.drawn)
		n := len(l.drawn)
		earliest, latest := min(l.drawn[n/10], l.full), max(l.drawn[n-1-n/10], l.full)
		for _, d := range []struct {
			day int32
			to  *string
		}{{earliest, &out.Earliest}, {l.full, &out.Expected}, {latest, &out.Latest}} {
			if d.day != never {
				*d.to = dayText(d.day)
			}
		}
	}
	if out.Kind == "commitment" && l.ended && l.short != nil {
		out.Shortfall = bounds(l.shorts, *l.short)
	}
	return out
}

// A projection runs courses of a clause ahead.
type projection struct {
	f      *forecaster
	start  int32
	ends   int32 // day from which the clause is not in force
	part   money.Rate
	limits []*limitRun
	months []money.Amount // by draw
}

// run fits a trend to days, and runs the expected course and all draws.
func (p *projection) run(c *ForecastClause, days []money.Amount) error {
	var r reckoner
	expected, drawn := r.courses(days, p.f.in.Seed)
	month := p.ahead(expected, c.SoFar, func(l *limitRun, day int32, short money.Amount) { l.full, l.short = day, &short })
	p.months = make([]money.Amount, p.f.out.Draws)
	for i := range p.months {
		p.months[i] = p.ahead(drawn(i), c.SoFar, func(l *limitRun, day int32, short money.Amount) {
			l.drawn, l.shorts = append(l.drawn, day), append(l.shorts, short)
		})
	}
	c.Month = bounds(slices.Clone(p.months), month)
	week := course{reckoner: &r, trend: expected.trend}
	var total money.Amount
	for range 7 {
		total = r.add(total, week.next())
	}
	perDay := r.over(total, 7)
	c.PerDay = &perDay
	return r.err
}

// ahead runs one course until the month is over and every limit is used up or over, and returns what the month comes to.
func (p *projection) ahead(c *course, month money.Amount, done func(l *limitRun, full int32, short money.Amount)) money.Amount {
	f := p.f
	last := f.monthUntil
	left := make([]money.Amount, len(p.limits))
	full := make([]int32, len(p.limits))
	for i, l := range p.limits {
		left[i], full[i] = l.out.Left, never
		if l.reached != never {
			full[i] = l.reached
		}
		last = max(last, l.until)
	}
	for day := f.today; day < min(last, p.ends); day++ {
		if day >= f.monthUntil && !slices.Contains(full, never) {
			break
		}
		amount := c.next()
		if day == f.today {
			amount = c.part(amount, f.rest)
		}
		for i, l := range p.limits { // as much of it as every cap has room for
			if p.renews(l, day) {
				left[i] = l.out.Amount
			}
			if l.out.Kind == "cap" && amount.Cmp(left[i]) > 0 {
				amount = left[i]
			}
		}
		for i, l := range p.limits {
			if l.out.Kind == "commitment" && day >= l.until {
				continue
			}
			left[i] = c.sub(left[i], amount)
			if left[i].Sign() <= 0 && full[i] == never && day < l.until {
				full[i] = day
			}
		}
		if day < f.monthUntil {
			month = c.add(month, c.part(amount, p.part))
		}
	}
	for i, l := range p.limits {
		short := left[i]
		if short.Sign() < 0 || full[i] != never {
			short = money.Amount{}
		}
		done(l, full[i], short)
	}
	return month
}

// renews reports whether the window of a cap begins again on a day of the forecast.
func (p *projection) renews(l *limitRun, day int32) bool {
	if l.out.Kind != "cap" || day <= p.f.today || l.per == "" || l.per == "total" {
		return false
	}
	from, _ := window(l.per, noon(day, time.UTC))
	return from == day
}
