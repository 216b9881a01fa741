package settlement

import (
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/money"
)

// TierBridge is where the base of a share stands in its tiers.
type TierBridge struct {
	Words   string       `json:"words"`
	Window  string       `json:"window"`  // since the last reset: "total", "2026", "2026-Q2", "2026-05"
	Opening money.Amount `json:"opening"` // base at the opening of the period, in the same window
	Base    money.Amount `json:"base"`    // at its close
	Step    int          `json:"step"`    // that the base lies in, from 1
	Rate    string       `json:"rate"`    // of that step
	Left    money.Amount `json:"left"`    // until the next step; zero in the last one
}

// GuaranteeBridge is what a guarantee would come to if its window ended with the period.
type GuaranteeBridge struct {
	Words  string       `json:"words"`
	Amount money.Amount `json:"amount"`
	Per    string       `json:"per"`
	Window string       `json:"window"`
	Earned money.Amount `json:"earned"` // by all payees, in the window, up to the period's close
	TopUp  money.Amount `json:"top_up"` // that is short of the amount
}

// FeeShown is what a license's fee comes to in the period; what is due of it stands under the license's clause.
type FeeShown struct {
	Words  string       `json:"words"`
	Earned money.Amount `json:"earned"`
}

// inWindow adds amounts by day up: those of the window that the period ends in, and of them those before the period.
func (c *cutter) inWindow(days map[int32]money.Amount, per string) (opening, closing money.Amount, err error) {
	from, until := window(per, c.out.Period.Until.Add(-time.Nanosecond))
	for day, amount := range days {
		if day < from || day >= until || day >= c.last {
			continue
		}
		if closing, err = closing.Add(amount); err != nil {
			return opening, closing, err
		}
		if day < c.first {
			if opening, err = opening.Add(amount); err != nil {
				return opening, closing, err
			}
		}
	}
	return opening, closing, nil
}

// label names the window of a kind that the period ends in.
func (c *cutter) label(per string) string {
	return windowLabel(per, c.out.Period.Until.Add(-time.Nanosecond), c.zone)
}

// tiers says where the base of a share stands, and of those that it continues.
func (c *cutter) tiers(s *agreement.RevenueShare, ids []string, g *gathered) (*TierBridge, error) {
	if s.Tiers == nil {
		return nil, nil
	}
	per := s.Tiers.Reset
	if per == agreement.ResetNever {
		per = "total"
	}
	opening, closing, err := c.inWindow(g.bases, per)
	if err != nil {
		return nil, err
	}
	if per == "total" {
		for _, o := range c.agreement.Openings {
			if !slices.Contains(ids, o.Clause) || !o.AsOf.Before(c.out.Period.Until) {
				continue
			}
			if opening, err = opening.Add(o.Base); err != nil {
				return nil, err
			}
			if closing, err = closing.Add(o.Base); err != nil {
				return nil, err
			}
		}
	}
	step := s.Tiers.StepOf(closing)
	b := &TierBridge{Words: s.RateWords(c.agreement.Currency), Window: c.label(per), Opening: opening, Base: closing,
		Step: step + 1, Rate: s.Tiers.Steps[step].Rate.String()}
	if step < len(s.Tiers.Steps)-1 {
		b.Left, err = s.Tiers.Steps[step].UpTo.Sub(closing)
	}
	return b, err
}

// guarantee says what a share's guarantee would come to if its window ended now.
func (c *cutter) guarantee(s *agreement.RevenueShare, ids []string, g *gathered) (*GuaranteeBridge, error) {
	if s.Guarantee == nil {
		return nil, nil
	}
	_, earned, err := c.inWindow(g.days, s.Guarantee.Per)
	if err != nil {
		return nil, err
	}
	for _, o := range c.agreement.Openings {
		if slices.Contains(ids, o.Clause) && s.Guarantee.Per == "total" && o.AsOf.Before(c.out.Period.Until) {
			if earned, err = earned.Add(o.Capped); err != nil {
				return nil, err
			}
		}
	}
	b := &GuaranteeBridge{Words: s.Guarantee.Words(c.agreement), Amount: s.Guarantee.Amount, Per: s.Guarantee.Per,
		Window: c.label(s.Guarantee.Per), Earned: earned}
	if b.TopUp, err = s.Guarantee.Amount.Sub(earned); err == nil && b.TopUp.Sign() < 0 {
		b.TopUp = money.Amount{}
	}
	return b, err
}

// fee says what a license's fee comes to in the period: evenly over the days in force, or whole on the first of them in
// each of the fee's windows.
func (c *cutter) fee(id string) (*FeeShown, error) {
	var out *FeeShown
	for day := c.first; day < c.last; day++ {
		f := c.feeOn(id, day)
		if f == nil {
			continue
		}
		if out == nil {
			out = &FeeShown{}
		}
		out.Words = f.Words(c.agreement)
		from, until := window(f.Per, noon(day, c.zone))
		earned, err := evenly(f.Amount, int64(day-from), int64(until-from))
		if f.Prorate == "none" {
			if c.feeBefore(id, from, day) {
				continue
			}
			earned = f.Amount
		}
		if err == nil {
			out.Earned, err = out.Earned.Add(earned)
		}
		if err != nil {
			return nil, fmt.Errorf("fee of %s: %w", id, err)
		}
	}
	return out, nil
}

// evenly returns what day n of a window earns, from 0: what n+1 days come to, less what n days did.
func evenly(amount money.Amount, n, days int64) (money.Amount, error) {
	to, err := amount.MulRate(money.Rate{Num: n + 1, Den: days}, money.Down)
	if err != nil {
		return to, err
	}
	from, err := amount.MulRate(money.Rate{Num: n, Den: days}, money.Down)
	if err != nil {
		return to, err
	}
	return to.Sub(from)
}

// feeOn returns the fee of a license on a day; nil = it is not in force, or free.
func (c *cutter) feeOn(id string, day int32) *agreement.Fee {
	in, ok := c.version(id, day)
	if !ok {
		return nil
	}
	l, ok := in.Clause.(*agreement.License)
	if !ok {
		return nil
	}
	return l.Fee
}

// feeBefore reports whether a license had a fee on an earlier day of a window.
func (c *cutter) feeBefore(id string, from, day int32) bool {
	for d := from; d < day; d++ {
		if c.feeOn(id, d) != nil {
			return true
		}
	}
	return false
}
