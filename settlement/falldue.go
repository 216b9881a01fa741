package settlement

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// fallDue posts what falls due at the end of the period, and makes entries of it: acceptance by silence, then amounts, then
// late interest. What one amount brings may make another one due, so that it is asked again until nothing is left.
func (c *Closing) fallDue(pairs [][2]string) error {
	for _, pair := range pairs {
		if err := c.silence(pair); err != nil {
			return err
		}
	}
	if err := c.demands(); err != nil {
		return err
	}
	if c.Anew { // the first version brought the period's interest
		return nil
	}
	for _, pair := range pairs {
		if err := c.interest(pair); err != nil {
			return err
		}
	}
	return nil
}

// demands posts what the calendar brings.
func (c *Closing) demands() error {
	until := c.period.Until
	for range 16 {
		demands, err := c.State.DueAt(until)
		if err != nil {
			return err
		}
		more := false
		for i := range demands {
			d := &demands[i]
			if d.Until > until.UnixNano() && d.At >= until.UnixNano() {
				continue // it is the next period's
			}
			if d.Amount, err = c.payable(d); err != nil {
				return err
			}
			if d.Amount.IsZero() {
				continue
			}
			more = true
			if err := c.write(min(d.At, until.UnixNano()-1), d.Fee()); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
	return errors.New("what is due brings ever more that is due")
}

// payable rounds what is due at once to what can be paid; what accrues is stated later, and rounded then.
func (c *Closing) payable(d *ledger.Demand) (money.Amount, error) {
	if d.Name != ledger.FeeShortfall && d.Name != ledger.FeeGuarantee {
		return d.Amount, nil
	}
	scale, mode := 2, money.HalfEven
	if s := settles(c.agreement, [2]string{d.Payer, d.Payee}); s != nil && d.Agreement == c.Agreement {
		scale, mode = s.RoundScale, s.RoundMode
	}
	return d.Amount.Round(scale, mode)
}

// write posts an entry and keeps it.
func (c *Closing) write(at int64, body journal.Body) error {
	e := journal.Entry{Time: at, Source: Source, ID: fmt.Sprintf("%s/%s/%s/%d", c.Agreement, c.Period, c.Issued.UTC().Format(time.RFC3339Nano), len(c.entries)+1), Body: body}
	if err := c.post(&e); err != nil {
		return err
	}
	c.entries = append(c.entries, e)
	return nil
}

// cells are those of the books with what the closing has posted.
func (c *Closing) cells() ([]ledger.Cell, error) { return Grown(c.Cells, c.over) }

// pairs returns the pairs to close, after checking that each may be.
func (c *Closing) pairs() ([][2]string, error) {
	if c.Anew {
		return c.pairsAnew()
	}
	if len(c.Pairs) > 0 {
		for _, pair := range c.Pairs {
			if err := c.mayClose(pair); err != nil {
				return nil, err
			}
		}
		return c.Pairs, nil
	}
	all := c.settling()
	if len(all) == 0 {
		return nil, fmt.Errorf("no two parties of %s settle by the %s%s", c.Agreement, periodKind(c.Period), c.kindsNamed())
	}
	var first error
	open := slices.DeleteFunc(slices.Clone(all), func(pair [2]string) bool {
		err := c.mayClose(pair)
		if err != nil && first == nil {
			first = err
		}
		_, done := errorAs[*AlreadyClosed](err)
		return done
	})
	if len(open) == 0 {
		return nil, first
	}
	if _, done := errorAs[*AlreadyClosed](first); done {
		c.already = first
	}
	for _, pair := range open {
		if err := c.mayClose(pair); err != nil {
			return nil, err
		}
	}
	return open, nil
}

func errorAs[E error](err error) (E, bool) { return errors.AsType[E](err) }

// AlreadyClosed says that a period was closed before.
type AlreadyClosed struct{ Number string }

// Error says which statement has closed it.
func (e *AlreadyClosed) Error() string {
	return fmt.Sprintf("it is closed already, by statement %s: what came later stands in the next statement; print it with concord statement --number %s", e.Number, e.Number)
}

// TooEarly says that a period cannot be closed yet.
type TooEarly struct{ From time.Time }

// Error says from when on it can be.
func (e *TooEarly) Error() string {
	return fmt.Sprintf("the period and its grace are not over: close it from %s on", e.From.Format(time.RFC3339))
}

// Ends returns the instant at which the grace of a pair's period is over.
func (c *Closing) Ends(pair [2]string) time.Time {
	grace := 0
	if s := settles(c.agreement, pair); s != nil {
		grace = s.GraceDays
	}
	return c.period.Until.AddDate(0, 0, grace)
}

// fits refuses parties of another agreement, and a kind of period that the two do not settle by.
func (c *Closing) fits(pair [2]string) error {
	for _, id := range pair {
		if !slices.ContainsFunc(c.agreement.Parties, func(p agreement.Party) bool { return p.ID == id }) {
			return fmt.Errorf("%s is not party to %s", id, c.Agreement)
		}
	}
	if want := c.kindOf(pair); want != periodKind(c.Period) {
		return fmt.Errorf("%s and %s settle by the %s: name one, such as %s", pair[0], pair[1], want, PeriodOf(want, c.period.From, c.agreement.Zone))
	}
	return nil
}

// mayClose refuses a period that is not over, one that is closed, and one that leaves a gap or overlaps.
func (c *Closing) mayClose(pair [2]string) error {
	if err := c.fits(pair); err != nil {
		return err
	}
	if ends := c.Ends(pair); c.Issued.Before(ends) {
		return &TooEarly{ends}
	}
	var last *ledger.Standing
	for _, st := range c.State.Statements() {
		if st.Agreement != c.Agreement || !samePair(st.Between, pair) || st.State == ledger.Replaced {
			continue
		}
		if st.From == c.period.From.UnixNano() && st.Until == c.period.Until.UnixNano() {
			return &AlreadyClosed{st.Number}
		}
		if st.From < c.period.Until.UnixNano() && c.period.From.UnixNano() < st.Until {
			return fmt.Errorf("it overlaps the period of statement %s: close what follows it", st.Number)
		}
		last = &st
	}
	if last != nil && last.Until > c.period.From.UnixNano() {
		return fmt.Errorf("it lies before the period of statement %s, which is closed: what is dated in %s and known by now stands in the statement of %s",
			last.Number, c.Period, PeriodOf(c.kindOf(pair), time.Unix(0, last.Until), c.agreement.Zone))
	}
	if last != nil && last.Until != c.period.From.UnixNano() {
		next := PeriodOf(c.kindOf(pair), time.Unix(0, last.Until), c.agreement.Zone)
		return fmt.Errorf("it does not follow the period of statement %s: close %s first", last.Number, next)
	}
	return c.final()
}

// final refuses amounts that stand at rates of exchange that are not final.
func (c *Closing) final() error {
	for _, p := range c.State.Provisionals(c.period.Until) {
		if p.Agreement == c.Agreement {
			day := time.Unix(int64(p.Day)*86400, 0).UTC().Format(time.DateOnly)
			return fmt.Errorf("clause %s has %s %s of %s at a rate that is not final: record the rates of %s from %s to %s up to the period's end, and one dated after it (concord record rate)",
				p.Clause, p.Amount, p.From, day, p.Source, p.From, p.To)
		}
	}
	return nil
}
