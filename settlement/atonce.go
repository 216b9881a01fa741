package settlement

import (
	"slices"
	"strings"
	"time"

	"concord/ledger"
	"concord/money"
)

// What an open item is where it was due without a statement; "" = a line of a statement.
const (
	OpenInterest  = "interest"
	OpenShortfall = "shortfall"
	OpenOther     = "at-once" // a guarantee, what was paid too much or set off
)

// listAtOnce lists what is open of what was due without a statement, by the period in which it was posted: it is payable with
// the statement of that period. Payments have paid the oldest first. Statements of the first form do not list it.
func (c *cutter) listAtOnce(d *ledger.Due, open money.Amount) error {
	if open.Sign() <= 0 || c.in.Format == 1 {
		return nil
	}
	items, err := c.itemsAtOnce(d)
	if err != nil {
		return err
	}
	c.out.Format = Format
	var listed []OpenAt
	for _, l := range slices.Backward(items) {
		l.Open = within(l.Amount, open)
		if l.Open.IsZero() {
			break
		}
		if open, err = open.Sub(l.Open); err != nil {
			return err
		}
		if l.Paid, err = l.Amount.Sub(l.Open); err != nil {
			return err
		}
		listed = append(listed, l)
	}
	if !open.IsZero() {
		listed = append(listed, OpenAt{Kind: OpenOther, Clause: d.Clause, Payer: d.Payer, Payee: d.Payee, Amount: open, Open: open, Due: c.out.Due})
	}
	slices.Reverse(listed)
	c.out.Open = append(c.out.Open, listed...)
	return nil
}

// itemsAtOnce adds interest and shortfalls of a clause up by period, in order.
func (c *cutter) itemsAtOnce(d *ledger.Due) ([]OpenAt, error) {
	kind := periodKind(c.out.Period.Name)
	var items []OpenAt
	for i := range c.in.Cells {
		cell := &c.in.Cells[i]
		what := OpenInterest
		if strings.HasPrefix(string(cell.Account), "cost:shortfall:") {
			what = OpenShortfall
		} else if cell.Account != ledger.InterestCost {
			continue
		}
		if cell.Agreement != d.Agreement || cell.Book != d.Payer || cell.Clause != d.Clause || cell.Currency != d.Currency || cell.Day >= c.last {
			continue
		}
		period := windowLabel(kind, noon(cell.Day, c.zone), c.zone)
		at := slices.IndexFunc(items, func(o OpenAt) bool { return o.Kind == what && o.Period == period })
		if at < 0 {
			at = len(items)
			items = append(items, c.itemOf(d, what, period))
		}
		var err error
		if items[at].Amount, err = items[at].Amount.Add(cell.Amount); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(items, func(a, b OpenAt) int { return strings.Compare(a.Period, b.Period) })
	return items, nil
}

// itemOf is an item of a period: it is due with the period's statement.
func (c *cutter) itemOf(d *ledger.Due, kind, period string) OpenAt {
	o := OpenAt{Kind: kind, Period: period, Clause: d.Clause, Payer: d.Payer, Payee: d.Payee, Due: c.out.Due}
	for _, st := range c.in.Closed {
		if st.Period.Name == period {
			o.Statement, o.Due = st.Number, st.Due
		}
	}
	if due, err := time.ParseInLocation(time.DateOnly, o.Due, c.zone); err == nil && !c.in.Issued.IsZero() {
		o.Days = int(c.in.Issued.Sub(due).Hours()) / 24
	}
	return o
}
