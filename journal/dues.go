package journal

import (
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// A Ref points at an entry by its identity.
type Ref struct {
	Kind   Kind
	Source string
	ID     string
	Part   uint32
}

// An Origin is what later money says of the sale that it belongs to. It repeats what posting needs, so that the ledger
// never looks back.
type Origin struct {
	Of       Ref          // the sale; the zero Ref = no single one, and At is the entry's own instant
	Request  RequestID    // of the sale, where a gateway served it: what finds this entry beside it; zero = none
	At       int64        // the sale's instant: it chooses terms, window and period
	Terms    Hash         // in force at At
	Set      Hash         //
	Customer string       //
	Seller   string       //
	Product  string       //
	Cloud    string       // that ran it
	Charged  money.Amount // what the customer was charged for it, without tax: no more is ever given back
	Currency money.Currency
}

// A StreamAmount is the part of an amount that belongs to a stream of revenue.
type StreamAmount struct {
	Stream string // "license" or "cloud"
	Amount money.Amount
}

// Refund gives back what a sale charged, in part or whole.
type Refund struct {
	Origin  Origin
	Amount  money.Amount   // positive, without tax
	Streams []StreamAmount // sum to Amount; none = split as the sale's clause splits
	Tax     money.Amount   // given back beside Amount
	Reason  string
}

// Credit is a credit note. With an Origin that names a customer it is given to a customer of a seller; with a clause it is
// given by the payee to the payer of what the clause makes owed.
type Credit struct {
	Origin    Origin
	Agreement string
	Clause    string
	From, To  string // who gives it, who gets it
	Amount    money.Amount
	Currency  money.Currency
	Statement string // number of the statement that it lowers; "" = none
	Reason    string
}

// Fee is an amount that a clause or a market makes one party owe another and that is no share of revenue: a license or
// fixed fee as it is earned, a marketplace's fee, a guarantee, the shortfall of a commitment, late interest.
type Fee struct {
	Name      string // license-fee, fixed-fee, marketplace-fee, guarantee, guarantee-unearned, shortfall, interest, or a name that deductions use
	Agreement string
	Clause    string
	Payer     string
	Payee     string
	Origin    Origin // the sale that it was taken from, where there is one; its product, cloud and currency else; Charged of a shortfall = what was drawn
	Amount    money.Amount
	Currency  money.Currency
	From      int64 // earned between these instants; 0 and 0 = at the entry's own
	Until     int64
	Reason    string
}

// Payment settles what is owed. Withheld is the tax of Amount that the payer keeps back for the payee.
type Payment struct {
	From, To  string
	Amount    money.Amount // with what was withheld
	Withheld  money.Amount
	Currency  money.Currency
	Lines     []Paid // sum to Amount
	Statement string // number of the statement that it pays; "" = none
	Reference string // of the bank
}

// Paid is the part of a payment that belongs to a clause.
type Paid struct {
	Agreement string
	Clause    string
	Amount    money.Amount
	Withheld  money.Amount // of Amount
	Advance   bool         // ahead of what is owed: a guarantee's advance or a prepaid commitment
}

// Invoice is a sale that no gateway metered: a seller bills a customer a plain amount.
type Invoice struct {
	Origin  Origin         // without Of; At is when it was earned
	Amount  money.Amount   // without tax; negative is refused: write a refund or a credit
	Streams []StreamAmount // sum to Amount; none = split as the sale's clause splits
	Tax     money.Amount
	Number  string // of the invoice
}

// Rate is a rate of exchange: one unit of From is Value units of To, from At on until the next.
type Rate struct {
	Source   string
	From, To money.Currency
	At       int64
	Value    money.Rate
}

// Fact is something dated that clauses wait for, as one item of an agreement's `facts:`.
type Fact struct {
	Agreement string
	Text      []byte // YAML, as it was given
}

// Close freezes a statement: its figures were computed at a position of the journal and never change.
type Close struct {
	Agreement string
	Between   [2]string
	Period    string // "2026-05"
	From      int64  // of the period
	Until     int64
	Number    string // of the statement
	Version   int    // 1, then one more each time a statement of the period is issued anew
	At        Cursor // what was posted up to it counts
	AtHash    Hash   // of the block there
	Currency  money.Currency
	Lines     []Stated
	Statement []byte // canonical JSON
	Hash      Hash   // of Statement
	Forms     []Form // rendered when it was closed
}

// Stated is what a closed statement says one party owes another under a clause, in cents.
type Stated struct {
	Clause string
	Payer  string
	Payee  string
	Amount money.Amount
}

// Form is a rendering of a closed statement, kept as it was written then.
type Form struct {
	Name  string // "text", "csv", "html", "pdf"
	Hash  Hash   // of Bytes
	Bytes []byte
}

// Acceptance says that a party takes a statement as right.
type Acceptance struct {
	Statement string // its number
	Hash      Hash   // of its canonical JSON
	By        string
	Deemed    bool // by silence
	Note      string
}

// Dispute says that a party does not. What it does not name stays payable.
type Dispute struct {
	Statement string
	Hash      Hash
	By        string
	Clause    string // "" = the whole
	Amount    money.Amount
	Currency  money.Currency
	Reason    string
}

// Correction says what is now known of a record: it points at it and carries what it was and what it is, so that only the
// difference posts. A record is never written twice.
type Correction struct {
	Origin  Origin // of the record; Charged is what stood before this correction
	Attempt int    // whose cost is corrected, from 0; -1 = the sale
	What    string // "price", "usage", "cost", "void"; "terms" = the sale stands, and what is known by now says otherwise of its shares
	Was     []pricing.Line
	Now     []pricing.Line
	Usage   usage.Usage // as known now
	Holder  string      // account holder of the attempt whose cost is corrected
	Reason  string
	Cites   string // statement or amendment that it corrects; "" = none
}

// Merge is the order in which blocks of several live chains are posted. Numbers run from 1 without a gap.
type Merge struct {
	Number uint64
	Spans  []Span
}

// Span is consecutive blocks of a chain.
type Span struct {
	Chain    ChainID
	From, To uint64 // block numbers, both included
}
