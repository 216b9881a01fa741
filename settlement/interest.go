package settlement

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// late is what one party has not paid another under a clause, by day.
type late struct {
	lines    []lateLine // of closed statements, by the day on which each fell due
	balance  map[int32]money.Amount
	atOnce   map[int32]money.Amount // interest and shortfalls
	standing money.Amount           // what else is due at once, as if from the beginning
}

type lateLine struct {
	issued, due int32
	amount      money.Amount
	disputed    money.Amount
}

// interest posts late interest of the period for a pair: simple interest, for each day after a line's due date, on what is not
// paid of it and not in dispute. Payments pay the oldest statements first, and interest last. It is rounded once for a clause.
func (c *Closing) interest(pair [2]string) error {
	s := settles(c.agreement, pair)
	if s == nil || s.InterestBasis == "" || s.InterestRate.IsZero() {
		return nil
	}
	for _, d := range c.State.Dues() {
		if d.Agreement != c.Agreement || !samePair(pair, [2]string{d.Payer, d.Payee}) {
			continue
		}
		l, err := c.lateOf(pair, d, s)
		if err != nil || len(l.lines) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		amount, err := l.interest(c.period, s)
		if err != nil {
			return err
		}
		if amount.Sign() <= 0 {
			continue
		}
		err = c.write(c.period.Until.UnixNano()-1, &journal.Fee{Name: ledger.FeeInterest, Agreement: d.Agreement, Clause: d.Clause, Payer: d.Payer,
			Payee: d.Payee, Amount: amount, Currency: d.Currency, From: c.period.From.UnixNano(), Until: c.period.Until.UnixNano(),
			Origin: journal.Origin{Currency: d.Currency}, Reason: "late interest of " + c.Period})
		if err != nil {
			return err
		}
	}
	return nil
}

// lateOf collects what a due consists of. A statement that carried its balance falls due with the next one that does not.
func (c *Closing) lateOf(pair [2]string, d ledger.Due, s *agreement.Settlement) (*late, error) {
	zone := c.period.From.Location()
	l := &late{balance: map[int32]money.Amount{}, atOnce: map[int32]money.Amount{}, standing: d.AtOnce}
	standings := c.State.Statements()
	for i := range standings {
		st := &standings[i]
		if st.Agreement != c.Agreement || !samePair(st.Between, pair) || st.From >= c.period.From.UnixNano() {
			continue
		}
		if st.State == ledger.Replaced {
			if i+1 < len(standings) {
				l.replaced(st, &standings[i+1], d, zone)
			}
			continue
		}
		closed, err := c.before(st.Number)
		if err != nil {
			return nil, err
		}
		due := dayOf(time.Unix(0, st.Due).In(zone))
		for _, k := range st.Lines {
			if k.Clause != d.Clause || k.Payer != d.Payer || k.Payee != d.Payee {
				continue
			}
			line := lateLine{dayOf(time.Unix(0, st.Issued).In(zone)), due, k.Amount, k.Disputed}
			if closed.carries(d.Payer) {
				line.due = 1<<31 - 1
			}
			l.lines = append(l.lines, line)
		}
		if !closed.carries(d.Payer) {
			for j := range l.lines {
				l.lines[j].due = min(l.lines[j].due, due)
			}
		}
	}
	cells, err := c.cells()
	if err != nil {
		return nil, err
	}
	for i := range cells {
		cell := &cells[i]
		if cell.Agreement != d.Agreement || cell.Book != d.Payer || cell.Clause != d.Clause || cell.Currency != d.Currency {
			continue
		}
		account := string(cell.Account)
		switch {
		case account == string(ledger.StatedPayable(d.Payee, d.Clause)):
			l.balance[cell.Day], err = l.balance[cell.Day].Sub(cell.Amount)
		case account == "cost:interest" || strings.HasPrefix(account, "cost:shortfall:"):
			l.atOnce[cell.Day], err = l.atOnce[cell.Day].Add(cell.Amount)
			if err == nil {
				l.standing, err = l.standing.Sub(cell.Amount)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// replaced adds what a replaced version stated until the next one was issued: it stood open, so that it is not taken for paid, and
// never fell due.
func (l *late) replaced(st, next *ledger.Standing, d ledger.Due, zone *time.Location) {
	for _, k := range st.Lines {
		if k.Clause == d.Clause && k.Payer == d.Payer && k.Payee == d.Payee {
			from, until := dayOf(time.Unix(0, st.Issued).In(zone)), dayOf(time.Unix(0, next.Issued).In(zone))
			l.lines = append(l.lines, lateLine{from, 1<<31 - 1, k.Amount, money.Amount{}}, lateLine{until, 1<<31 - 1, k.Amount.Neg(), money.Amount{}})
		}
	}
}

// carries reports whether what a party owes after a statement was too little to be paid; where the two net, that is said once.
func (s *Statement) carries(payer string) bool {
	if len(s.Payable) == 1 {
		return s.Payable[0].Carries
	}
	return slices.ContainsFunc(s.Payable, func(b Balance) bool { return b.Payer == payer && b.Carries })
}

// interest adds up the days of a period.
func (l *late) interest(p Period, s *agreement.Settlement) (money.Amount, error) {
	first, last := dayOf(p.From), dayOf(p.Until)
	var weighed, balance, atOnce money.Amount
	var err error
	for _, m := range []struct {
		days map[int32]money.Amount
		sum  *money.Amount
	}{{l.balance, &balance}, {l.atOnce, &atOnce}} {
		for day, amount := range m.days {
			if day < first {
				if *m.sum, err = m.sum.Add(amount); err != nil {
					return weighed, err
				}
			}
		}
	}
	for day := first; day < last; day++ {
		var err1, err2, err3, err4 error
		balance, err1 = balance.Add(l.balance[day])
		atOnce, err2 = atOnce.Add(l.atOnce[day])
		over, err3 := l.overdue(day, balance, atOnce)
		over, err4 = over.MulRate(money.Rate{Num: daysOf(s.InterestBasis, day), Den: 1}, money.Down)
		if err := cmp.Or(err1, err2, err3, err4); err != nil {
			return weighed, err
		}
		if weighed, err = weighed.Add(over); err != nil {
			return weighed, err
		}
	}
	year := int64(365)
	if s.InterestBasis != "actual/365" {
		year = 360
	}
	a, err1 := weighed.MulRate(s.InterestRate, money.HalfEven)
	a, err2 := a.MulRate(money.Rate{Num: 1, Den: year}, money.HalfEven)
	a, err3 := a.Round(s.RoundScale, s.RoundMode)
	return a, cmp.Or(err1, err2, err3)
}

// overdue returns what of the lines is late on a day, given what stands open and what was due at once by then.
func (l *late) overdue(day int32, balance, atOnce money.Amount) (over money.Amount, err error) {
	issued, err := atOnce.Add(l.standing)
	if err != nil {
		return over, err
	}
	for _, k := range l.lines {
		if k.issued <= day {
			if issued, err = issued.Add(k.amount); err != nil {
				return over, err
			}
		}
		if k.due < day {
			late, err := k.amount.Sub(k.disputed)
			if err == nil {
				over, err = over.Add(late)
			}
			if err != nil {
				return over, err
			}
		}
	}
	paid, err := issued.Sub(balance)
	if err != nil {
		return over, err
	}
	if paid.Sign() > 0 {
		over, err = over.Sub(paid)
	}
	if over.Sign() < 0 {
		over = money.Amount{}
	}
	return over, err
}

// daysOf returns what a day counts: 1, or by 30/360 what months of thirty days leave of it.
func daysOf(basis string, day int32) int64 {
	if basis != "30/360" {
		return 1
	}
	count := func(day int32) int64 {
		y, m, d := time.Unix(int64(day)*86400, 0).UTC().Date()
		return int64(y)*360 + int64(m)*30 + int64(min(d, 30))
	}
	return count(day+1) - count(day)
}

// silence accepts the statements of a pair that nobody answered in time.
func (c *Closing) silence(pair [2]string) error {
	s := settles(c.agreement, pair)
	standings := c.State.Statements()
	for i := range standings {
		st := &standings[i]
		if st.Agreement != c.Agreement || !samePair(st.Between, pair) || st.State != ledger.Issued || !silent(st, s, c.Issued) {
			continue
		}
		at := time.Unix(0, st.Issued).AddDate(0, 0, s.DeemedAccepted).UnixNano()
		for _, by := range st.Between {
			if err := c.write(at, &journal.Acceptance{Statement: st.Number, Hash: st.Hash, By: by, Deemed: true}); err != nil {
				return err
			}
		}
	}
	return nil
}
