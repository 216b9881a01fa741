package agreement

import (
	"time"

	"concord/money"
)

// Hash is a SHA-256.
type Hash [32]byte

// Provenance says how well a term is known.
type Provenance string

// The provenances, best first.
const (
	Public   Provenance = "public"   // said by a party in a post or filing
	Reported Provenance = "reported" // press or leak, unconfirmed
	Assumed  Provenance = "assumed"  // filled in by whoever wrote the file
)

// Pos is a place in a source file; the zero Pos is unknown.
type Pos struct {
	File         string
	Line, Column int
}

// An Agreement is one document: parties, products and a dated chain of amendments.
type Agreement struct {
	Name       string
	Title      string
	Currency   money.Currency
	Zone       *time.Location // periods, days and "through" dates are read in it
	Conflicts  Conflicts
	Parties    []Party
	Products   []Product
	Settlement []Settlement
	Openings   []Opening
	Amendments []Amendment
	Facts      []Fact
	Policy     string // the customer whose policy this is; "" = an agreement between parties
	Hash       Hash   // of the document's bytes
	Pos        Pos
}

// Conflicts says what two clauses that disagree come to when neither has priority.
type Conflicts string

// The conflict rules.
const (
	Invalid  Conflicts = "invalid" // a load error (default)
	Permit   Conflicts = "permit"
	Prohibit Conflicts = "prohibit"
)

// A Party is a company in an agreement.
type Party struct {
	ID       string
	Name     string
	Operates []string // clouds
	Pos      Pos
}

// A Product is what is delivered.
type Product struct {
	ID          string // owner/model
	Owner       string
	Aliases     []string // what clients send as "model"
	APIs        []API
	State       string // "stateless", "stateful" or ""
	OpenWeights string // SPDX id of the public license; "" = not open
	Pos         Pos
}

// A Settlement says how two parties settle.
type Settlement struct {
	Between        [2]string
	Period         string // "month", "quarter", "year"
	Zone           *time.Location
	GraceDays      int
	DueDays        int
	Net            bool
	Minimum        money.Amount
	RoundScale     int
	RoundMode      money.Rounding
	InterestRate   money.Rate
	InterestBasis  string // "actual/365", "actual/360", "30/360"; "" = no interest
	DeemedAccepted int    // days of silence that accept a statement; 0 = never
	Pos            Pos
}

// An Amendment adds, replaces or ends clauses from an effective instant. The first one is the agreement's start.
type Amendment struct {
	ID        string
	Title     string
	Effective time.Time
	Recorded  time.Time // when it became known; zero = the document does not say, and it counts as always known
	After     string    // id of the amendment that it comes after, where dates do not say
	Source    Source
	Adds      []Clause
	Replaces  []Clause
	Ends      []EndedClause
	Pos       Pos
}

// EndedClause names a clause that an amendment ends.
type EndedClause struct {
	ID  string
	Pos Pos
}

// A Source says where a term comes from.
type Source struct {
	URL        string
	Provenance Provenance // "" = inherited from the amendment, else assumed
}

// A Fact is something dated that clauses refer to.
type Fact struct {
	ID         string
	Kind       FactKind
	Product    string
	Cloud      string
	Milestone  string
	Offer      string // capacity offer that offers, accepts and declines name
	On         time.Time
	Recorded   time.Time // when it became known; zero = the document does not say, and it counts as always known
	By         string
	Evidence   string
	Provenance Provenance
	Withdrawn  time.Time // zero = stands
	Pos        Pos
}

// FactKind is a kind of fact.
type FactKind string

// The kinds of facts.
const (
	Ships         FactKind = "ships"
	Retires       FactKind = "retires"
	CannotSupport FactKind = "cannot-support"
	Declines      FactKind = "declines"
	Offers        FactKind = "offers"
	Accepts       FactKind = "accepts"
	Grants        FactKind = "grants"
	Declares      FactKind = "declares"
	Verifies      FactKind = "verifies"
	Revokes       FactKind = "revokes"
)

// An Opening lists the running totals of a clause from before the journal begins.
type Opening struct {
	Clause     string
	AsOf       time.Time
	Base       money.Amount
	Uncapped   money.Amount
	Capped     money.Amount
	Stated     money.Amount
	Paid       money.Amount
	Provenance Provenance
	Pos        Pos
}
