package agreement

import (
	"fmt"
	"time"
)

// windows lists the windows of caps, tiers, guarantees, fees and commitments that begin or close while a clause is in
// force, from start until over (zero = it has no end).
func (c *calendar) windows(f InForce, start, over time.Time) {
	switch clause := f.Clause.(type) {
	case *RevenueShare:
		for i, limit := range clause.Caps {
			if !limit.CountsFrom.IsZero() && limit.CountsFrom.After(start) {
				c.add(f.event(Event{At: limit.CountsFrom, Kind: WindowBegins, key: fmt.Sprintf("cap %d counts", i),
					Title: fmt.Sprintf("%s: the cap of %s begins to count", clause.ID, Money(limit.Amount, c.agreement.Currency))}))
			}
			c.renews(f, start, over, limit.Per, fmt.Sprintf("cap %d", i), fmt.Sprintf("the cap of %s per %s is whole again", Money(limit.Amount, c.agreement.Currency), limit.Per))
		}
		if clause.Tiers != nil {
			c.renews(f, start, over, clause.Tiers.Reset, "tiers", "the tiers begin again at their first step")
		}
		if g := clause.Guarantee; g != nil {
			c.renews(f, start, over, g.Per, "guarantee", fmt.Sprintf("the guarantee of %s for the %s falls due", Money(g.Amount, c.agreement.Currency), g.Per))
		}
		if v := clause.Favoured; v != nil && !v.From.IsZero() {
			c.add(f.event(Event{At: v.From, Kind: WindowBegins, key: "favoured", Title: fmt.Sprintf("%s: the best rate of %s counts from now on", clause.ID, words(c.agreement.names(v.Peers), "and"))}))
		}
	case *Commitment:
		c.commitment(f, clause, over)
	case *License:
		if clause.Fee != nil {
			c.renews(f, start, over, clause.Fee.Per, "fee", fmt.Sprintf("a new %s of the fee of %s begins", clause.Fee.Per, Money(clause.Fee.Amount, c.agreement.Currency)))
		}
	case *Delivery, *Sale, *Milestone:
	}
}

// renews lists the beginnings of calendar windows after the clause's own. Windows of a day are told once, without a date.
func (c *calendar) renews(f InForce, start, over time.Time, per, key, title string) {
	h := f.Clause.Head()
	if per == "day" {
		if !start.After(c.from) && (over.IsZero() || over.After(c.from)) {
			c.add(f.event(Event{Kind: Condition, key: key, Title: fmt.Sprintf("%s: every day %s", h.ID, title)}))
		}
		return
	}
	for at := later(start, c.from); ; {
		at = nextWindow(at, per, zone(c.agreement))
		if at.IsZero() || !at.Before(c.until) || !over.IsZero() && !at.Before(over) {
			return
		}
		c.add(f.event(Event{At: at, Kind: WindowBegins, Title: h.ID + ": " + title, key: key + " " + at.Format(time.DateOnly)}))
	}
}

// nextWindow returns the first beginning of a calendar window after an instant; zero where there is none.
func nextWindow(after time.Time, per string, z *time.Location) time.Time {
	t := after.In(z)
	year, month := t.Year(), t.Month()
	switch per {
	case "month":
		return time.Date(year, month+1, 1, 0, 0, 0, 0, z)
	case "quarter":
		return time.Date(year, (month-1)/3*3+4, 1, 0, 0, 0, 0, z)
	case "year":
		return time.Date(year+1, 1, 1, 0, 0, 0, 0, z)
	}
	return time.Time{}
}

// commitment lists when the window of a commitment, and each of its parts, begins and closes.
func (c *calendar) commitment(f InForce, k *Commitment, over time.Time) {
	buyer, amount := c.agreement.called(k.Buyer), Money(k.Amount, c.agreement.Currency)
	holds := func(at time.Time) bool { return !at.IsZero() && (over.IsZero() || !at.After(over)) }
	if holds(k.WindowFrom) {
		c.add(f.event(Event{At: k.WindowFrom, Kind: CommitmentMoves, key: "from", Title: fmt.Sprintf("%s: the window of the commitment of %s to %s begins", k.ID, buyer, amount)}))
	}
	shortfall := map[string]string{"invoice": "what is missing is invoiced", "extend": "the window is extended", "forfeit": "what was prepaid and not used is forfeited"}[k.Shortfall]
	if shortfall == "" {
		shortfall = "the agreement does not say what follows from a shortfall"
	}
	if holds(k.WindowUntil) {
		c.add(f.event(Event{At: k.WindowUntil, Kind: CommitmentMoves, key: "until", Decide: true, Text: shortfall,
			Title: fmt.Sprintf("%s: the window of the commitment of %s to %s closes", k.ID, buyer, amount)}))
	}
	if k.SubWindows == "" || k.WindowFrom.IsZero() {
		return
	}
	for at := later(k.WindowFrom, c.from.Add(-1)); ; {
		at = nextWindow(at, k.SubWindows, zone(c.agreement))
		if at.IsZero() || !at.Before(c.until) || !k.WindowUntil.IsZero() && !at.Before(k.WindowUntil) || !over.IsZero() && !at.Before(over) {
			return
		}
		c.add(f.event(Event{At: at, Kind: CommitmentMoves, key: "part " + at.Format(time.DateOnly), Text: shortfall,
			Title: fmt.Sprintf("%s: a %s of the commitment of %s closes", k.ID, k.SubWindows, buyer)}))
	}
}

// settle lists the dates of settlement periods: when one ends, when its statement may be cut, when that falls due and when
// silence accepts it.
func (c *calendar) settle(s *Settlement) {
	z := s.Zone
	if z == nil {
		z = zone(c.agreement)
	}
	first := c.begins()
	if first.IsZero() {
		return
	}
	pair := words(c.agreement.names(s.Between[:]), "and")
	days := s.GraceDays + max(s.DueDays, s.DeemedAccepted)
	// The first period whose last date may still lie ahead.
	for at := later(first, c.from.AddDate(0, 0, -days-1)); ; {
		end := nextWindow(at, s.Period, z)
		if end.IsZero() || !end.Before(c.until) {
			return
		}
		name := periodName(s.Period, end.AddDate(0, 0, -1))
		add := func(kind EventKind, days int, decide bool, text, format string, args ...any) {
			c.add(Event{At: end.AddDate(0, 0, days), Kind: kind, Decide: decide, Text: text, Period: name, Between: pair, Title: pair + ": " + fmt.Sprintf(format, args...), Pos: s.Pos,
				key: s.Between[0] + " " + s.Between[1] + " " + name})
		}
		add(PeriodEnds, 0, false, "", "the period %s is over", name)
		add(StatementDue, s.GraceDays, true, "Late usage has until then to arrive.", "the statement of %s can be closed", name)
		if s.DueDays > 0 {
			add(PaymentDue, s.GraceDays+s.DueDays, true, interestText(s), "what the statement of %s comes to is due", name)
		}
		if s.DeemedAccepted > 0 {
			add(Acceptance, s.GraceDays+s.DeemedAccepted, true, "A dispute has to be raised before then.", "silence accepts the statement of %s", name)
		}
		at = end
	}
}

func interestText(s *Settlement) string {
	if s.InterestBasis == "" {
		return "Counted from the first day on which the statement can be closed."
	}
	return fmt.Sprintf("Counted from the first day on which the statement can be closed. Late payments bear %s a year (%s).", s.InterestRate, s.InterestBasis)
}

// begins is when the agreement does: there are no periods before it.
func (c *calendar) begins() time.Time {
	var first time.Time
	for _, m := range c.order {
		if first.IsZero() || m.Effective.Before(first) {
			first = m.Effective
		}
	}
	return first
}

// periodName names a period by its last day.
func periodName(per string, last time.Time) string {
	switch per {
	case "month":
		return last.Format("2006-01")
	case "quarter":
		return fmt.Sprintf("%d-Q%d", last.Year(), (last.Month()+2)/3)
	}
	return last.Format("2006")
}
