package agreement

import (
	"concord/money"
)

// A Sale says on which terms a seller bills its customers.
type Sale struct {
	Common
	Seller   string
	Products Match
	Clouds   []string // empty = all
	Book     string   // price book
	Discount money.Rate
	Tax      money.Rate
	Streams  []Stream // parts of the charged price, summing to exactly one
	Charge   Charge
}

// Stream is a part of the charged price.
type Stream struct {
	Name string // "license" or "cloud"
	Part money.Rate
}

// Charging is what a customer pays for an answer of some outcome.
type Charging string

// The ways to charge.
const (
	ChargeNone      Charging = "none"
	ChargeDelivered Charging = "delivered" // what was delivered, counted if the cloud did not report it
	ChargeReported  Charging = "reported"  // what the cloud reported
)

// Charge is the charging per outcome; an answered request is always charged as reported.
type Charge struct {
	Cut, Cancelled, Refused, Failed, Interrupted Charging
}
