package settlement

import (
	"cmp"
	"time"

	"concord/ledger"
	"concord/money"
)

// A Balance is what one party has to pay the other after a statement: its own amounts beside what is open of earlier ones.
type Balance struct {
	Payer   string       `json:"payer"`
	Payee   string       `json:"payee"`
	Earlier money.Amount `json:"earlier"`       // open of earlier statements, what is disputed apart
	AtOnce  money.Amount `json:"at_once"`       // open of what was due without a statement
	Stated  money.Amount `json:"stated"`        // by this one
	Paid    money.Amount `json:"paid,omitzero"` // of the version that this one replaces: it counts to this one
	Amount  money.Amount `json:"amount"`        // in all
	Dispute money.Amount `json:"disputed"`      // open and disputed: not payable until that is settled
	Carries bool         `json:"carries"`       // it is below the minimum: nothing is due, and the balance goes on
	Due     string       `json:"due,omitempty"`
}

// Settling is how the two settle.
type Settling struct {
	Period         string       `json:"period"` // "month", "quarter", "year"
	GraceDays      int          `json:"grace_days"`
	DueDays        int          `json:"due_days"`
	Net            bool         `json:"net"`
	Minimum        money.Amount `json:"minimum"`
	Interest       string       `json:"interest,omitempty"` // "10% a year, actual/365"
	DeemedAccepted int          `json:"deemed_accepted_days,omitempty"`
}

// settling says how the two settle, as the agreement does.
func (c *cutter) settling() *Settling {
	if c.terms == nil {
		return nil
	}
	s := &Settling{Period: cmp.Or(c.terms.Period, "month"), GraceDays: c.terms.GraceDays, DueDays: c.terms.DueDays, Net: c.terms.Net,
		Minimum: c.terms.Minimum, DeemedAccepted: c.terms.DeemedAccepted}
	if c.terms.InterestBasis != "" {
		s.Interest = c.terms.InterestRate.String() + " a year, " + c.terms.InterestBasis
	}
	return s
}

// payable adds up what is open both ways, and says what is due of it.
func (c *cutter) payable() error {
	c.out.Open = []OpenAt{}
	ways := []Balance{{Payer: c.in.Between[0], Payee: c.in.Between[1]}, {Payer: c.in.Between[1], Payee: c.in.Between[0]}}
	way := func(payer string) *Balance {
		if payer == ways[0].Payer {
			return &ways[0]
		}
		return &ways[1]
	}
	for i := range c.in.Standings {
		if c.in.Standings[i].State == ledger.Replaced {
			continue
		}
		lines, err := OpenOf(c.in.Standings, c.in.Dues, &c.in.Standings[i], c.in.Issued, c.zone)
		if err != nil {
			return err
		}
		utc := time.Unix(0, c.in.Standings[i].Due).UTC().Format(time.DateOnly)
		for _, l := range lines {
			if l.Open.IsZero() {
				continue
			}
			switch {
			case l.Due == utc:
			case c.in.Format == 1:
				l.Due = utc
			default:
				c.out.Format = Format
			}
			c.out.Open = append(c.out.Open, l)
			disputed := within(l.Disputed, l.Open)
			free, err1 := l.Open.Sub(disputed)
			b := way(l.Payer)
			var err2, err3 error
			b.Earlier, err2 = b.Earlier.Add(free)
			b.Dispute, err3 = b.Dispute.Add(disputed)
			if err := cmp.Or(err1, err2, err3); err != nil {
				return err
			}
		}
	}
	if err := c.atOnce(way); err != nil {
		return err
	}
	for i, g := range c.out.Gross {
		ways[i].Stated = g.Amount
	}
	for _, l := range c.in.Replacing {
		b := way(l.Payer)
		var err error
		if b.Paid, err = b.Paid.Add(l.Paid); err != nil {
			return err
		}
	}
	return c.settle(ways)
}

// atOnce adds what is open of what was due without a statement: all that is open, less what is open of statements.
func (c *cutter) atOnce(way func(string) *Balance) error {
	for i := range c.in.Dues {
		d := &c.in.Dues[i]
		if d.Agreement != c.agreement.Name || !c.between(d.Payer, d.Payee) || d.Currency != c.out.Currency {
			continue
		}
		open, err1 := d.Stated.Add(d.AtOnce)
		open, err2 := open.Sub(d.Paid)
		if err := cmp.Or(err1, err2); err != nil {
			return err
		}
		for _, l := range c.out.Open {
			if l.Kind == "" && l.Clause == d.Clause && l.Payer == d.Payer && l.Payee == d.Payee {
				var err error
				if open, err = open.Sub(l.Open); err != nil {
					return err
				}
			}
		}
		b := way(d.Payer)
		var err error
		if b.AtOnce, err = b.AtOnce.Add(open); err != nil {
			return err
		}
		if err := c.listAtOnce(d, open); err != nil {
			return err
		}
	}
	return nil
}

// settle nets where the two do so, and holds what is left to the minimum.
func (c *cutter) settle(ways []Balance) error {
	for i := range ways {
		b := &ways[i]
		var err1, err2, err3 error
		b.Amount, err1 = b.Earlier.Add(b.AtOnce)
		b.Amount, err2 = b.Amount.Add(b.Stated)
		b.Amount, err3 = b.Amount.Sub(b.Paid)
		if err := cmp.Or(err1, err2, err3); err != nil {
			return err
		}
	}
	if c.terms != nil && c.terms.Net {
		net := ways[0]
		for _, p := range []struct{ to, less *money.Amount }{{&net.Earlier, &ways[1].Earlier}, {&net.AtOnce, &ways[1].AtOnce}, {&net.Stated, &ways[1].Stated}, {&net.Paid, &ways[1].Paid},
			{&net.Amount, &ways[1].Amount}, {&net.Dispute, &ways[1].Dispute}} {
			var err error
			if *p.to, err = p.to.Sub(*p.less); err != nil {
				return err
			}
		}
		if net.Amount.Sign() < 0 {
			net = Balance{Payer: net.Payee, Payee: net.Payer, Earlier: net.Earlier.Neg(), AtOnce: net.AtOnce.Neg(), Stated: net.Stated.Neg(), Paid: net.Paid.Neg(),
				Amount: net.Amount.Neg(), Dispute: net.Dispute.Neg()}
		}
		ways = []Balance{net}
	}
	for i := range ways {
		b := &ways[i]
		b.Carries = c.terms != nil && b.Amount.Sign() > 0 && b.Amount.Cmp(c.terms.Minimum) < 0
		if !b.Carries && b.Amount.Sign() > 0 {
			b.Due = c.out.Due
		}
	}
	c.out.Payable = ways
	return nil
}

// rates are those of the sources that a share of the statement converts with, of the period and the last one before it.
func (c *cutter) rates() []RateUsed {
	out := []RateUsed{}
	sources := map[string]bool{}
	for _, f := range c.in.History {
		for _, s := range f.Terms.Shares() {
			if x := shareOf(s).FX; x != nil && s.Agreement.Name == c.agreement.Name {
				sources[x.Source] = true
			}
		}
	}
	for _, r := range c.in.Rates {
		if at := time.Unix(0, r.At); sources[r.Source] && at.Before(c.out.Period.Until.AddDate(0, 1, 0)) && !at.Before(c.out.Period.From.AddDate(0, -1, 0)) {
			out = append(out, RateUsed{r.Source, r.From, r.To, instant(at), r.Value.String()})
		}
	}
	return out
}
