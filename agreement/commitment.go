package agreement

import (
	"time"

	"concord/money"
)

// A Commitment binds a buyer to buy for an amount within a window.
type Commitment struct {
	Common
	Buyer, Seller string
	Amount        money.Amount
	WindowFrom    time.Time
	WindowUntil   time.Time
	SubWindows    string // "", "year", "quarter", "month"
	Counts        Counts
	Shortfall     string // "invoice", "extend", "forfeit"
	CarryOver     bool
	Prepaid       bool
}

// Counts says what draws a commitment down.
type Counts struct {
	Amount   string // "cost" or "charged"
	Streams  []string
	Clouds   []string
	Products Match
}
