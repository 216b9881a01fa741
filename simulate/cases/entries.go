package cases

// An Entry is something dated that happens, and what is expected of it. It says one thing: the first of the fields below that
// is no date and no name.
type Entry struct {
	ID       Text `yaml:"id"` // by which later entries point at it
	Source   Text `yaml:"source"`
	Time     Text `yaml:"time"`     // when it happened
	Recorded Text `yaml:"recorded"` // when the journal took it; "" = then, or when the entry before it was taken

	Usage      *Usage      `yaml:"usage"`
	Invoice    *Invoice    `yaml:"invoice"`
	Refund     *Back       `yaml:"refund"`
	Credit     *Credit     `yaml:"credit"`
	Correction *Correction `yaml:"correction"`
	Fee        *Fee        `yaml:"fee"`
	Payment    *Payment    `yaml:"payment"`
	Rate       *Rate       `yaml:"rate"`
	Fact       *Fact       `yaml:"fact"`
	Amendment  *Amendment  `yaml:"amendment"`
	Hold       *Hold       `yaml:"hold"`
	Post       *Post       `yaml:"post"`
	Void       *Void       `yaml:"void"`
	Draft      *Close      `yaml:"draft"`
	Close      *Close      `yaml:"close"`
	Acceptance *Acceptance `yaml:"acceptance"`
	Dispute    *Dispute    `yaml:"dispute"`
	Clock      *Clock      `yaml:"clock"`

	Expect Expect `yaml:"expect"`
}

// Usage is a request that was answered, or failed and was charged by the cloud.
type Usage struct {
	Customer   Text            `yaml:"customer"`
	Product    Text            `yaml:"product"`
	API        Text            `yaml:"api"`
	Deployment Text            `yaml:"deployment"` // "" = the first of the plan
	Tokens     map[string]Text `yaml:"tokens"`
	Amount     Text            `yaml:"amount"`  // what the customer is charged, where no tokens are priced
	Streams    map[string]Text `yaml:"streams"` // of Amount; none = as the sale's clause splits
	Tax        Text            `yaml:"tax"`     // beside Amount; "" = as the sale's clause says
	Cost       Text            `yaml:"cost"`    // what the cloud charges the account's holder
	Outcome    Text            `yaml:"outcome"` // answered (default), cut, cancelled, failed, interrupted or refused
	Times      Text            `yaml:"times"`   // so many requests of the kind; "" = one
}

// Sold says which sale is meant where no entry of the case is.
type Sold struct {
	Customer Text `yaml:"customer"`
	Seller   Text `yaml:"seller"`
	Product  Text `yaml:"product"`
	Cloud    Text `yaml:"cloud"`
	Currency Text `yaml:"currency"` // "" = of the sale's clause
}

// Invoice is a sale that no gateway metered.
type Invoice struct {
	Sold    `yaml:",inline"`
	Amount  Text            `yaml:"amount"`
	Streams map[string]Text `yaml:"streams"`
	Tax     Text            `yaml:"tax"`
}

// Back gives back what a sale charged.
type Back struct {
	Of      Text `yaml:"of"` // id of the sale; "" = none, and Sold says which kind
	Sold    `yaml:",inline"`
	Amount  Text            `yaml:"amount"`
	Streams map[string]Text `yaml:"streams"`
	Tax     Text            `yaml:"tax"`
}

// Credit is a credit note: to a customer, or under a clause by its payee to its payer.
type Credit struct {
	Of        Text `yaml:"of"`
	Sold      `yaml:",inline"`
	Clause    Text `yaml:"clause"`
	From      Text `yaml:"from"`
	To        Text `yaml:"to"`
	Amount    Text `yaml:"amount"`
	Statement Text `yaml:"statement"`
}

// Correction says what is known now of a sale.
type Correction struct {
	Of     Text            `yaml:"of"`
	What   Text            `yaml:"what"`   // price, usage, cost, void or terms
	Amount Text            `yaml:"amount"` // the price, or the cost, as it is now
	Tokens map[string]Text `yaml:"tokens"` // as they are now, priced as the sale was
}

// Fee is an amount that a clause makes one party owe another and that is no share.
type Fee struct {
	Name   Text `yaml:"name"`
	Clause Text `yaml:"clause"`
	Payer  Text `yaml:"payer"`
	Payee  Text `yaml:"payee"`
	Amount Text `yaml:"amount"`
	Of     Text `yaml:"of"` // sale that it was taken from
	Sold   `yaml:",inline"`
	From   Text `yaml:"from"` // earned between these
	Until  Text `yaml:"until"`
	Drawn  Text `yaml:"drawn"` // of a commitment that a shortfall ends
}

// Payment pays clauses; one may stand beside it instead of in lines.
type Payment struct {
	From      Text `yaml:"from"`
	To        Text `yaml:"to"`
	Statement Text `yaml:"statement"`
	Currency  Text `yaml:"currency"`
	Paid      `yaml:",inline"`
	Lines     []Paid `yaml:"lines"`
}

// Paid is the part of a payment that belongs to a clause.
type Paid struct {
	Clause   Text `yaml:"clause"`
	Amount   Text `yaml:"amount"`
	Withheld Text `yaml:"withheld"`
	Advance  Text `yaml:"advance"` // true or false
}

// Rate is a rate of exchange, from the entry's time on.
type Rate struct {
	Source Text `yaml:"source"`
	From   Text `yaml:"from"`
	To     Text `yaml:"to"`
	Value  Text `yaml:"value"`
}

// Fact is a fact of an agreement, which counts from when it was recorded.
type Fact struct {
	Agreement Text `yaml:"agreement"` // "" = the first one
	Text      Text `yaml:"text"`      // {id: f1, kind: ships, ...}
}

// Amendment is a later version of an agreement, which is known from when it was recorded.
type Amendment struct {
	Document  Text `yaml:"document"`  // the whole of it, or
	Agreement Text `yaml:"agreement"` // the agreement ("" = the first one) to whose amendments
	Text      Text `yaml:"text"`      // this is added
}

// Hold is a request that takes a part of a budget before it is served.
type Hold struct {
	Budget     Text `yaml:"budget"`
	Limit      Text `yaml:"limit"`
	Per        Text `yaml:"per"` // day, month or total (default), in UTC
	Amount     Text `yaml:"amount"`
	Customer   Text `yaml:"customer"`
	Product    Text `yaml:"product"`
	Deployment Text `yaml:"deployment"`
}

// Post ends a hold: the request was answered and charged.
type Post struct {
	Of     Text `yaml:"of"`
	Amount Text `yaml:"amount"`
}

// Void ends a hold: nothing was sent.
type Void struct {
	Of Text `yaml:"of"`
}

// Close closes a period; a draft only shows what it would state.
type Close struct {
	Agreement Text   `yaml:"agreement"` // "" = the first one
	Between   []Text `yaml:"between"`   // none = all that settle by this kind of period
	Period    Text   `yaml:"period"`
	Again     Text   `yaml:"again"`   // true: a further version of the statement that has closed it
	Because   []Text `yaml:"because"` // ids of the entries that are its reasons; none = the disputes of the statement
}

// Acceptance says that a party takes a statement as right.
type Acceptance struct {
	Statement Text `yaml:"statement"`
	By        Text `yaml:"by"`
}

// Dispute says that it does not.
type Dispute struct {
	Statement Text `yaml:"statement"`
	By        Text `yaml:"by"`
	Clause    Text `yaml:"clause"`
	Amount    Text `yaml:"amount"`
	Reason    Text `yaml:"reason"`
}

// Clock lets time pass until the entry's: what has fallen due by the calendar is posted.
type Clock struct{}

// Standing is what stands after an entry, or at the end of a case.
type Standing struct {
	Accrued    []Owed     `yaml:"accrued"` // exact, and not stated yet
	Payable    []Owed     `yaml:"payable"` // stated or due at once, not paid and not disputed
	Base       []Total    `yaml:"base"`
	Uncapped   []Total    `yaml:"uncapped"`
	Capped     []Total    `yaml:"capped"`
	Balances   []Balance  `yaml:"balances"`
	Statements []Issued   `yaml:"statements"`
	Statement  *Statement `yaml:"statement"` // under a close or a draft
	Unchanged  []Text     `yaml:"unchanged"` // numbers of statements whose bytes come out the same again
	Budgets    []Budget   `yaml:"budgets"`
	Due        []Due      `yaml:"due"` // under a clock: what fell due
	Error      Text       `yaml:"error"`
	Says       Text       `yaml:"says"` // words of the error
}

// Total is a running total of a share over its life.
type Total struct {
	Clause Text `yaml:"clause"`
	Amount Text `yaml:"amount"`
}

// Balance is what stands in an account: the sum of all that matches.
type Balance struct {
	Book    Text `yaml:"book"`
	Account Text `yaml:"account"`
	Clause  Text `yaml:"clause"`
	AsOf    Text `yaml:"as_of"`    // days up to this one
	KnownAt Text `yaml:"known_at"` // recorded by then, or up to the entry of this id
	Amount  Text `yaml:"amount"`
}

// Issued is how a closed statement stands.
type Issued struct {
	Number   Text `yaml:"number"`
	State    Text `yaml:"state"`
	Due      Text `yaml:"due"` // day
	Amount   Text `yaml:"amount"`
	Open     Text `yaml:"open"`
	Disputed Text `yaml:"disputed"`
}

// Statement is what a statement states.
type Statement struct {
	Clauses []StatedClause `yaml:"clauses"`
	Lines   []StatedLine   `yaml:"lines"`
	Gross   []Owed         `yaml:"gross"`
	Net     *Owed          `yaml:"net"`
	Payable []Payable      `yaml:"payable"`
	Due     Text           `yaml:"due"`
}

// Payable is what one party has to pay after a statement, with what is open of earlier ones.
type Payable struct {
	Payer    Text `yaml:"payer"`
	Payee    Text `yaml:"payee"`
	Amount   Text `yaml:"amount"`
	Earlier  Text `yaml:"earlier"`
	AtOnce   Text `yaml:"at_once"`
	Disputed Text `yaml:"disputed"`
	Carries  Text `yaml:"carries"` // true: it is below the minimum, and nothing is due
	Due      Text `yaml:"due"`
}

// StatedClause is what a statement says of a clause. What is left out is not checked.
type StatedClause struct {
	Clause  Text `yaml:"clause"`
	Payer   Text `yaml:"payer"`
	Payee   Text `yaml:"payee"`
	Base    Text `yaml:"base"`    // of the period
	Accrued Text `yaml:"accrued"` // in the period
	Amount  Text `yaml:"amount"`
	Stated  Text `yaml:"stated"` // before
	Residue Text `yaml:"residue"`
}

// StatedLine is lines of a clause of a statement: the sum of all that match.
type StatedLine struct {
	Clause  Text `yaml:"clause"`
	Cloud   Text `yaml:"cloud"`
	Product Text `yaml:"product"`
	Stream  Text `yaml:"stream"`
	Kind    Text `yaml:"kind"`    // usage, fee, advance, other, rounding or opening
	Earlier Text `yaml:"earlier"` // true: of days before the period
	Period  Text `yaml:"period"`  // of an earlier one
	Base    Text `yaml:"base"`
	Accrued Text `yaml:"accrued"`
	Amount  Text `yaml:"amount"`
}

// Budget is what a budget has come to.
type Budget struct {
	Budget Text `yaml:"budget"`
	Window Text `yaml:"window"` // "" = all
	Held   Text `yaml:"held"`
	Spent  Text `yaml:"spent"`
}

// Due is what fell due by the calendar: the sum of all that matches.
type Due struct {
	Name   Text `yaml:"name"`
	Clause Text `yaml:"clause"`
	Amount Text `yaml:"amount"`
}
