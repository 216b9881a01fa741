package settlement

import (
	"cmp"
	"slices"
	"time"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
)

// OpenAt is a line of a closed statement, and what is not paid of it at an instant.
type OpenAt struct {
	Statement string       `json:"statement"`
	Period    string       `json:"period"`
	Clause    string       `json:"clause"`
	Payer     string       `json:"payer"`
	Payee     string       `json:"payee"`
	Amount    money.Amount `json:"amount"`
	Paid      money.Amount `json:"paid"`
	Disputed  money.Amount `json:"disputed"`
	Open      money.Amount `json:"open"`
	Due       string       `json:"due"`            // day, in the zone of the statement
	Days      int          `json:"days"`           // since it fell due; negative: until it does
	Kind      string       `json:"kind,omitempty"` // what it is where it was due without a statement; its Statement is the one that it is payable with
}

// OpenOf returns the lines of a statement with what is paid of them, by days of a zone (nil = UTC). Payments that name no statement
// pay the oldest first. Of a replaced version nothing is open: the next one has it.
func OpenOf(all []ledger.Standing, dues []ledger.Due, st *ledger.Standing, now time.Time, zone *time.Location) ([]OpenAt, error) {
	if zone == nil {
		zone = time.UTC
	}
	out := []OpenAt{}
	for i := range st.Lines {
		l := &st.Lines[i]
		paid, err := paidOf(all, dues, st, l)
		if err != nil {
			return nil, err
		}
		open, err := l.Amount.Sub(paid)
		if err != nil {
			return nil, err
		}
		due := time.Unix(0, st.Due).In(zone)
		one := OpenAt{st.Number, st.Period, l.Clause, l.Payer, l.Payee, l.Amount, paid, l.Disputed, open, due.Format(time.DateOnly),
			int(now.Sub(due).Hours()) / 24, ""}
		if st.State == ledger.Replaced {
			one.Disputed, one.Open, one.Days = money.Amount{}, money.Amount{}, 0
		}
		out = append(out, one)
	}
	return out, nil
}

// paidOf returns what is paid of a line: what named its statement, and of what named none what is left after older ones.
func paidOf(all []ledger.Standing, dues []ledger.Due, st *ledger.Standing, l *ledger.StandingLine) (money.Amount, error) {
	free, err := unnamed(all, dues, st, l)
	if err != nil {
		return free, err
	}
	olds := slices.Clone(all)
	slices.SortStableFunc(olds, func(a, b ledger.Standing) int { return cmp.Compare(a.From, b.From) })
	for i := range olds {
		for _, k := range olds[i].Lines {
			if olds[i].State == ledger.Replaced || olds[i].Agreement != st.Agreement || k.Clause != l.Clause || k.Payer != l.Payer || k.Payee != l.Payee {
				continue
			}
			open, err := k.Amount.Sub(k.Paid)
			if err != nil {
				return free, err
			}
			part := within(free, open)
			if olds[i].Number == st.Number {
				return l.Paid.Add(part)
			}
			if free, err = free.Sub(part); err != nil {
				return free, err
			}
		}
	}
	return l.Paid, nil
}

// unnamed returns what was paid under a line's clause without naming a statement.
func unnamed(all []ledger.Standing, dues []ledger.Due, st *ledger.Standing, l *ledger.StandingLine) (free money.Amount, err error) {
	for _, d := range dues {
		if d.Agreement == st.Agreement && d.Clause == l.Clause && d.Payer == l.Payer && d.Payee == l.Payee && d.Currency == st.Currency {
			free = d.Paid
		}
	}
	for i := range all {
		for _, k := range all[i].Lines {
			if all[i].State != ledger.Replaced && all[i].Agreement == st.Agreement && k.Clause == l.Clause && k.Payer == l.Payer && k.Payee == l.Payee {
				if free, err = free.Sub(k.Paid); err != nil {
					return free, err
				}
			}
		}
	}
	return free, nil
}

// within bounds a to between zero and b, on b's side of zero.
func within(a, b money.Amount) money.Amount {
	switch {
	case b.Sign() >= 0 && a.Sign() < 0 || b.Sign() < 0 && a.Sign() > 0:
		return money.Amount{}
	case a.Abs().Cmp(b.Abs()) > 0:
		return b
	}
	return a
}

// StateOf says how a statement stands at an instant: silence accepts it where the settlement says so, and payments that name
// no statement settle it too.
func StateOf(st *ledger.Standing, lines []OpenAt, a *agreement.Agreement, now time.Time) string {
	if st.State == ledger.Replaced || st.State == ledger.Disputed {
		return st.State
	}
	open := len(lines) == 0
	for i := range lines {
		open = open || !lines[i].Open.IsZero()
	}
	if !open {
		return ledger.Settled
	}
	if st.State == ledger.Issued && silent(st, settles(a, st.Between), now) {
		return ledger.Accepted
	}
	return st.State
}

// silent reports whether silence has accepted a statement.
func silent(st *ledger.Standing, s *agreement.Settlement, now time.Time) bool {
	return s != nil && s.DeemedAccepted > 0 && !now.Before(time.Unix(0, st.Issued).UTC().AddDate(0, 0, s.DeemedAccepted))
}
