package agreement

import (
	"time"

	"concord/money"
)

// A Clause is one term of an agreement. The set is closed: *Delivery, *License, *Sale, *RevenueShare, *Commitment and
// *Milestone.
type Clause interface {
	// Head returns what all clauses have in common.
	Head() *Head
	isClause()
}

// Head is what all clauses have in common.
type Head struct {
	ID        string
	Prose     string // the sentence or section that the clause implements
	Source    Source
	FieldProv []FieldProvenance // fields known less well than the clause, such as "rate"
	From      time.Time         // zero = from the amendment's effective instant
	End       End
	Priority  int    // higher wins where the file declares priorities
	When      string // CEL condition over the request's facts; "" = always
	Retro     string // "true_up" or "keep"; "" = does not apply
	Continues string // id of the clause whose running totals carry on
	Survives  []string
	Pos       Pos
}

// FieldProvenance marks one field, or one item of a list field, as reported or assumed.
type FieldProvenance struct {
	Field      string
	Provenance Provenance
}

// Head returns h, so that every clause that embeds it is a Clause.
func (h *Head) Head() *Head { return h }
func (h *Head) isClause()   {}

// End says when a clause ends. Exactly one of Until, Milestone, FirstOf and Perpetual is set; the zero End is "not
// said", which Lint reports. A file's through: D is compiled to the exclusive Until and kept as Through for display.
type End struct {
	Until     time.Time // exclusive
	Through   string    // as the file has it: a day, month or year; "" = the file said until
	Milestone string
	State     string // milestone state that ends the clause: "declared" or "verified"
	FirstOf   []End
	Perpetual bool
	Retro     bool // a milestone may take effect before it was recorded
	Pos       Pos
}

// Match selects products by pattern: exact ids, or a prefix before one trailing "*".
type Match struct {
	Match  []string
	Except []string
}

// A Delivery clause says on which clouds products may run, and in which order.
type Delivery struct {
	Head
	Products  Match
	Customers []string // empty = all
	APIs      []API    // empty = all
	States    []string // product states; empty = all
	Mode      string   // "permit" (default), "exclusive", "prohibited"
	Order     [][]string
	Within    Within
	Choice    string    // "none", "group" (default), "permitted"
	LeaveFor  []Leaving // a later group is tried only for these; nil = all of them; empty and not nil = never
	FirstShip *FirstShip
	Refusal   *FirstRefusal
	Territory Territory
}

// Within orders the deployments inside one group; ties go by deployment id.
type Within struct {
	Rule    string // "declared" (default), "cheapest", "fastest", "weighted"
	Weights []Weight
}

// Weight is the share of a cloud among those of its group.
type Weight struct {
	Cloud  string
	Weight int64
}

// Leaving is a reason for going from one group to a later one.
type Leaving string

// The reasons that leave_for may list.
const (
	Down        Leaving = "down"
	Throttled   Leaving = "throttled"
	Unsupported Leaving = "unsupported"
	RegionRule  Leaving = "region"
)

// FirstShip holds a product back from other clouds until it has shipped on one.
type FirstShip struct {
	Cloud     string
	LeadDays  int
	Logic     string // "all" or "any" of Exception
	Exception []FactKind
	AppliesTo string // "all", or "" = products whose first ships-fact is on or after the clause's start
}

// FirstRefusal gates capacity that was not first offered to a holder.
type FirstRefusal struct {
	Holder  string
	For     string // "capacity"
	Window  int    // days
	Silence string // "refusal" or "acceptance"
}

// Territory limits a clause to where the customer is or where the request is processed.
type Territory struct {
	Customer   []string
	Processing []string
}

// A License lets a party use products.
type License struct {
	Head
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

// A Sale says on which terms a seller bills its customers.
type Sale struct {
	Head
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

// A RevenueShare makes one party owe others a part of a revenue.
type RevenueShare struct {
	Head
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

// A Commitment binds a buyer to buy for an amount within a window.
type Commitment struct {
	Head
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

// A Milestone is an event that somebody declares and somebody verifies; its state is what the facts say.
type Milestone struct {
	Head
	Name     string
	Declares string
	Verifies string
}
