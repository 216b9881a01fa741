package agreement

import (
	"time"

	"concord/money"
)

// A RevenueShare makes one party owe others a part of a revenue.
type RevenueShare struct {
	Common
	Payer      string
	Payees     []Payee // one of the whole, or several that sum to one
	Base       Base
	Deductions []Deduction
	Rate       money.Rate // zero where Tiers is set
	Tiers      *Tiers
	Caps       []Cap
	Overpaid   string // "credit" or "keep"
	Guarantee  *Guarantee
	Negative   string // "carry", "floor", "pay_back"
	Stack      bool
	Favoured   *Favoured
	FX         *FX
}

// Payee is a receiver of a share.
type Payee struct {
	Party string
	Part  money.Rate
}

// Base says of what a share is taken.
type Base struct {
	RevenueOf  string
	From       []string // "sales", "shares", "fees"
	ExceptFrom []string // parties whose payments to RevenueOf do not count
	Streams    []string // empty = all
	Clouds     []string // empty = all
	Products   Match    // empty = all
	Amount     string   // "gross" or "net"
}

// A Deduction lowers a base.
type Deduction struct {
	Of     []string
	AtMost money.Rate // zero = no bound
	Per    string
}

// Tiers rate a base by its size.
type Tiers struct {
	Mode  string // "marginal" or "whole"
	Reset string // "year", "quarter", "month", "never"
	Steps []Step
}

// A Step is one tier; UpTo is included, and zero in the last one: no bound.
type Step struct {
	UpTo money.Amount
	Rate money.Rate
}

// A Cap bounds a share.
type Cap struct {
	Amount     money.Amount
	Per        string // "day", "month", "quarter", "year", "total"
	CountsFrom time.Time
	Excess     string // "lost" (default) or "carry"
}

// A Guarantee is a minimum.
type Guarantee struct {
	Amount      money.Amount
	Per, Due    string
	Recoupable  bool
	CrossPeriod bool
}

// Favoured gives the best rate that peers get.
type Favoured struct {
	Peers []string
	From  time.Time
}

// FX says how amounts in other currencies are converted.
type FX struct {
	Source string
	Moment string // "event-day", "month-average", "period-end"
}
