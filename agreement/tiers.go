package agreement

import (
	"fmt"
	"strings"

	"concord/money"
)

// The modes of tiers: each step rates its own part of the base, or the step that the base lies in rates all of it.
const (
	Marginal = "marginal"
	Whole    = "whole"
)

// ResetNever says that a base is added up over the whole life of its share.
const ResetNever = "never"

// StepOf returns the index of the step that a base lies in; what a step is up to belongs to it.
func (t *Tiers) StepOf(base money.Amount) int {
	last := len(t.Steps) - 1
	for i := range last {
		if base.Cmp(t.Steps[i].UpTo) <= 0 {
			return i
		}
	}
	return last
}

// Share returns what a base that was added up since the last reset comes to; each step's part is rounded towards zero.
func (t *Tiers) Share(base money.Amount) (share money.Amount, err error) {
	in := t.StepOf(base)
	if t.Mode == Whole {
		return base.MulRate(t.Steps[in].Rate, money.Down)
	}
	var from money.Amount
	for i := range in + 1 {
		to := base
		if i < in {
			to = t.Steps[i].UpTo
		}
		part, err := to.Sub(from)
		if err != nil {
			return share, err
		}
		if part, err = part.MulRate(t.Steps[i].Rate, money.Down); err != nil {
			return share, err
		}
		if share, err = share.Add(part); err != nil {
			return share, err
		}
		from = to
	}
	return share, nil
}

// highest returns the highest rate of all steps.
func (t *Tiers) highest() (rate money.Rate) {
	for _, s := range t.Steps {
		if rate.Den == 0 || s.Rate.Cmp(rate) > 0 {
			rate = s.Rate
		}
	}
	return rate
}

// words says at which rates a base is shared: "20 % up to 1,000 USD, then 10 %, of each part by itself, anew each year".
func (t *Tiers) words(c money.Currency) string {
	var s strings.Builder
	for i, step := range t.Steps {
		if i > 0 {
			s.WriteString(", then ")
		}
		s.WriteString(step.Rate.String())
		if i < len(t.Steps)-1 {
			s.WriteString(" up to " + Money(step.UpTo, c))
		}
	}
	if t.Mode == Whole {
		s.WriteString(" (the step that the base lies in rates all of it")
	} else {
		s.WriteString(" (each step rates its own part of the base")
	}
	if t.Reset == ResetNever {
		return s.String() + ", which is never reset)"
	}
	return s.String() + fmt.Sprintf(", which begins anew each %s)", t.Reset)
}

// RateWords returns the rate of a share, or its tiers in words.
func (c *RevenueShare) RateWords(currency money.Currency) string {
	if c.Tiers != nil {
		return c.Tiers.words(currency)
	}
	return c.Rate.String()
}
