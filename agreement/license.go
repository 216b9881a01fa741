package agreement

import (
	"concord/money"
)

// A License lets a party use products.
type License struct {
	Common
	Licensor, Licensee string
	Products           Match
	Rights             []Right
	Clouds             []string // empty = all
	Territory          Territory
	Exclusivity        string // "exclusive", "sole", "non-exclusive"
	Reserved           []Right
	Fee                *Fee
}

// Right is what a license allows.
type Right string

// The rights.
const (
	Host       Right = "host"
	Serve      Right = "serve"
	FineTune   Right = "fine-tune"
	SubLicense Right = "sub-license"
)

// A Fee is a fixed amount for a license, earned evenly over the days in force.
type Fee struct {
	Amount  money.Amount
	Per     string // "month", "quarter", "year"
	Stream  string
	Prorate string // "day" or "none"
}

// The exclusivities of a license; an exclusive one has the word of an exclusive delivery.
const (
	Sole         = "sole"
	NonExclusive = "non-exclusive"
)
