package settlement

import (
	"time"

	"concord/agreement"
	"concord/money"
)

// Draft is the state of a statement that was not issued: it binds nobody. What a closed one may be says the ledger.
const Draft = "draft"

// Format is the last version of the form in which statements are written: that of one that replaces another, and of one whose open
// items fell due on another day in UTC than in its own zone. All others are written in version 1, which named the days of UTC, so
// that what was closed by any version of the program is cut again to the same bytes.
const Format = 2

// A Statement is what one period comes to between two parties of an agreement. Amounts marshal as strings.
type Statement struct {
	Format    int            `json:"concord_statement"` // version of this form
	State     string         `json:"state"`             // "draft" or "issued": what it was when it was written
	Number    string         `json:"number,omitempty"`
	Version   int            `json:"version,omitempty"`
	Replaces  *Replacement   `json:"replaces,omitempty"` // the version before, of a further one
	Agreement string         `json:"agreement"`
	Title     string         `json:"title,omitempty"`
	Between   [2]string      `json:"between"`
	Period    Period         `json:"period"`
	Issued    string         `json:"issued,omitempty"` // RFC 3339, UTC
	Due       string         `json:"due,omitempty"`    // day, in the period's zone
	Currency  money.Currency `json:"currency"`
	Rounding  Rounding       `json:"rounding"`
	Terms     []TermsSpan    `json:"terms"`
	Prices    []PriceBook    `json:"price_books"`
	Rates     []RateUsed     `json:"rates"`
	Settling  *Settling      `json:"settlement,omitempty"`
	Journal   Position       `json:"journal"`
	Clauses   []Clause       `json:"clauses"`
	Licensed  []Licensed     `json:"licensed"`
	Gross     []Gross        `json:"gross"` // both ways
	Net       Gross          `json:"net"`
	Payable   []Balance      `json:"payable"`            // one where the two net
	Open      []OpenAt       `json:"open"`               // of earlier statements
	Activity  *Activity      `json:"activity,omitempty"` // of drafts, where it was asked for
	Footnotes []Footnote     `json:"footnotes"`
	Controls  []Control      `json:"controls"`
	Rows      int            `json:"rows"` // lines of all clauses and licenses

	Hash string `json:"-"` // SHA-256 of its JSON, where that was written
}

// Rounding is how the statement's amounts are rounded, once, on the cumulative amount of a clause.
type Rounding struct {
	Scale int    `json:"scale"`
	Mode  string `json:"mode"`
}

// TermsSpan is terms in force during the period, with the instants between which they were.
type TermsSpan struct {
	Hash  string `json:"hash"`
	From  string `json:"from,omitempty"` // RFC 3339, UTC; "" = no beginning
	Until string `json:"until,omitempty"`
}

// PriceBook is a price book that was known when the statement was cut.
type PriceBook struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Hash string `json:"hash"`
}

// RateUsed is a rate of exchange that figures rest on.
type RateUsed struct {
	Source string         `json:"source"`
	From   money.Currency `json:"from"`
	To     money.Currency `json:"to"`
	At     string         `json:"at"`
	Value  string         `json:"value"`
}

// Position is where in the journal the statement was cut: everything up to it counts.
type Position struct {
	Chain uint64 `json:"chain"`
	Block uint64 `json:"block"`
	Hash  string `json:"hash,omitempty"` // of that block
}

// A Clause is what one clause makes the payer owe the payee.
type Clause struct {
	ID         string               `json:"clause"`
	Kind       string               `json:"kind"`
	Prose      string               `json:"prose,omitempty"`
	Payer      string               `json:"payer"`
	Payee      string               `json:"payee"`
	Rate       string               `json:"rate,omitempty"`
	Provenance agreement.Provenance `json:"provenance"`
	Bridge     Bridge               `json:"bridge"`
	Caps       []CapBridge          `json:"caps"`
	Tiers      *TierBridge          `json:"tiers,omitempty"`
	Guarantee  *GuaranteeBridge     `json:"guarantee,omitempty"`
	Commitment *Drawdown            `json:"commitment,omitempty"`
	Lines      []Line               `json:"lines"`
	Accrued    money.Amount         `json:"accrued"`  // under terms of the period and dated in it, exact
	Amount     money.Amount         `json:"amount"`   // rounded cumulative amount, less what was stated before
	TrueUps    []TrueUp             `json:"true_ups"` // of all payees, in the period: they stand in its lines
	Deducted   money.Amount         `json:"deducted"` // from the base, over the clause's life
	Carried    money.Amount         `json:"carried"`  // above caps, and owed in a later window
	Lifted     money.Amount         `json:"lifted"`   // owed beyond what is capped: periods below zero that count as nothing
	Notes      []int                `json:"notes"`
}

// TrueUp is what an amendment that reaches back changed.
type TrueUp struct {
	Posted    string       `json:"posted"`
	Amendment string       `json:"amendment"`
	Amount    money.Amount `json:"amount"`
}

// Bridge leads from the totals at the opening of the period to those at its close; all are over the clause's life.
type Bridge struct {
	Opening Totals       `json:"opening"`
	Period  Totals       `json:"period"`
	Closing Totals       `json:"closing"`
	Owed    money.Amount `json:"owed"`    // to this payee, cumulative and exact, less what was paid ahead or before it was stated
	Stated  money.Amount `json:"stated"`  // before this statement
	Paid    money.Amount `json:"paid"`    // of what was stated, and of what was due at once
	Residue money.Amount `json:"residue"` // owed, less what is stated with this statement
	AtOnce  money.Amount `json:"at_once"` // due without a statement so far: interest, shortfalls, guarantees
	// What was given ahead, and how much of it was earned since.
	Advanced money.Amount `json:"advanced"`
	Recouped money.Amount `json:"recouped"`
}

// Totals are the running totals of a share. A commitment has a capped amount only: its cost.
type Totals struct {
	Base     money.Amount `json:"base"`
	Uncapped money.Amount `json:"uncapped"`
	Capped   money.Amount `json:"capped"`
}

// CapBridge is a cap with what counted to it at the opening and at the close.
type CapBridge struct {
	CapLeft
	Opening money.Amount `json:"opening"` // used at the opening, in the same window
}

// Drawdown is a commitment with what was drawn.
type Drawdown struct {
	Amount  money.Amount `json:"amount"`
	Opening money.Amount `json:"opening"` // drawn before the period
	Closing money.Amount `json:"closing"`
	Left    money.Amount `json:"left"`
}

// What a line is where it is no usage.
const (
	LineFee      = "fee"      // of a license and the like, earned by day
	LineAdvance  = "advance"  // earned, and paid out of what was given ahead
	LineOther    = "other"    // paid or credited before it was stated
	LineRounding = "rounding" // what rounding left of the statements before
	LineOpening  = "opening"  // from before the journal
	LineLoss     = "loss"     // what earlier periods came to below zero, carried to this one
)

// A Line is a part of a clause's amount by cloud, product and stream.
type Line struct {
	Kind     string       `json:"kind,omitempty"`     // "" = usage
	Earlier  bool         `json:"earlier,omitempty"`  // dated before the period and not stated yet
	Period   string       `json:"period,omitempty"`   // that an earlier line is dated in
	Corrects string       `json:"corrects,omitempty"` // number of the statement of that period
	Cloud    string       `json:"cloud,omitempty"`
	Product  string       `json:"product,omitempty"`
	Stream   string       `json:"stream,omitempty"` // "license", "cloud", "shares"; "" of a cost
	Base     money.Amount `json:"base"`
	Accrued  money.Amount `json:"accrued"` // exact
	Amount   money.Amount `json:"amount"`  // fitted to the clause's amount
	Count    int64        `json:"count"`   // requests that touched it
}

// Licensed is what a licensee charged for products under a license in the period, whether or not it owes anything.
type Licensed struct {
	Clause   string         `json:"clause"`
	Licensor string         `json:"licensor"`
	Licensee string         `json:"licensee"`
	Lines    []LicensedLine `json:"lines"`
	Total    money.Amount   `json:"total"`
	Fee      *FeeShown      `json:"fee,omitempty"`
	Notes    []int          `json:"notes"`
}

// A LicensedLine is usage under a license.
type LicensedLine struct {
	Cloud   string       `json:"cloud"`
	Product string       `json:"product"`
	Stream  string       `json:"stream"`
	Charged money.Amount `json:"charged"`
	Count   int64        `json:"count"`
}

// Gross is what one party owes the other, before netting; as Net, what is left to pay.
type Gross struct {
	Payer   string       `json:"payer"`
	Payee   string       `json:"payee"`
	Accrued money.Amount `json:"accrued"` // in the period, exact
	Amount  money.Amount `json:"amount"`
}

// A Footnote says how well something is known that figures rest on. Public terms have none.
type Footnote struct {
	Number     int                  `json:"number"`
	Provenance agreement.Provenance `json:"provenance"`
	Clause     string               `json:"clause,omitempty"`
	Text       string               `json:"text"`
}

// A Control is a total that is known twice. Where Agrees is false, the statement must not be issued.
type Control struct {
	Name   string       `json:"name"`
	Stated money.Amount `json:"stated"`
	Books  money.Amount `json:"books"`
	Agrees bool         `json:"agrees"`
}

// Sound reports whether all controls agree.
func (s *Statement) Sound() bool {
	for i := range s.Controls {
		if !s.Controls[i].Agrees {
			return false
		}
	}
	return true
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
