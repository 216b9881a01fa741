// Package cases reads and runs what people write to hold agreements to their meaning: requests that are decided, usage that
// is posted, terms that are looked up, each with what is expected of it. It runs the very decisions, prices and postings
// of the live path in books of its own; it reads no clock and no file.
//
//	concord: 1
//	test: the share to Microsoft
//	agreements: [openai-microsoft.yaml, openai-clouds.yaml]
//	prices: [prices.yaml, costs.yaml]
//	cases:
//	  - case: OpenAI sells, AWS runs it
//	    entries:
//	      - time: 2026-05-04
//	        usage: {customer: acme, product: gpt-5.4, deployment: openai-aws-gpt54, tokens: {input: 4000}}
//	    expect:
//	      owed: [{clause: share-openai-to-microsoft, amount: "0.002"}]
//
// docs/agreement-tests.md has the whole form.
package cases

// A File is one file of cases as written. Every scalar keeps its place, so that an expectation that fails is shown where
// it stands.
type File struct {
	Name       string   `yaml:"-"`
	Version    Text     `yaml:"concord"`
	Test       Text     `yaml:"test"`
	Agreements []Text   `yaml:"agreements"`
	Prices     []Text   `yaml:"prices"`
	Config     Text     `yaml:"config"`
	Known      Text     `yaml:"known"` // "" = everything that the files say counts
	Catalog    *Catalog `yaml:"catalog"`
	Cases      []Case   `yaml:"cases"`

	Files map[string]Text `yaml:"files"` // documents written into this file, by the name that it uses for them

	lines []string // of the document
}

// A Catalog is what is offered to whom, where no configuration says it.
type Catalog struct {
	Deployments []Deployment `yaml:"deployments"`
	Customers   []Customer   `yaml:"customers"`
}

// A Deployment of a case's catalog; without a holder the seller holds the account.
type Deployment struct {
	ID       Text   `yaml:"id"`
	Product  Text   `yaml:"product"`
	Cloud    Text   `yaml:"cloud"`
	Region   Text   `yaml:"region"`
	Zone     Text   `yaml:"zone"`
	Seller   Text   `yaml:"seller"`
	Holder   Text   `yaml:"holder"`
	APIs     []Text `yaml:"apis"`
	Capacity Text   `yaml:"capacity"`
}

// A Customer of a case's catalog.
type Customer struct {
	ID        Text     `yaml:"id"`
	Sellers   [][]Text `yaml:"sellers"`
	Home      Text     `yaml:"home"`
	Zones     []Text   `yaml:"zones"`
	Territory Text     `yaml:"territory"`

	Attributes map[string]Text `yaml:"attributes"` // what conditions ask for
}

// A Case decides a request, looks terms up, or posts entries; one of the three. With none it loads its agreements, which are
// expected to be refused.
type Case struct {
	Name       Text    `yaml:"case"`
	Known      Text    `yaml:"known"`      // "" = as the file has it
	Agreements []Text  `yaml:"agreements"` // none = those of the file
	Decide     *Decide `yaml:"decide"`
	Terms      *Terms  `yaml:"terms"`
	Entries    []Entry `yaml:"entries"`
	Expect     Expect  `yaml:"expect"`
}

// Decide is a request to decide.
type Decide struct {
	At        Text `yaml:"at"`
	Customer  Text `yaml:"customer"`
	Product   Text `yaml:"product"`
	API       Text `yaml:"api"`
	Region    Text `yaml:"region"`
	Territory Text `yaml:"territory"`
	Home      Text `yaml:"home"`
	Cloud     Text `yaml:"cloud"`
	Stream    Text `yaml:"stream"` // true or false; "" = false

	Attributes map[string]Text `yaml:"attributes"` // of the customer; none = as the catalog has them
}

// Terms is an instant to look terms up at.
type Terms struct {
	AsOf  Text `yaml:"as_of"`
	Known Text `yaml:"known"`
}

// Expect is what a case or an entry should come to. What is not said is not checked.
type Expect struct {
	// Of a decision.
	Plan    []Text   `yaml:"plan"`   // deployments, all of them in order
	Clouds  []Text   `yaml:"clouds"` // clouds of the plan in order, each named once where it follows itself
	First   Text     `yaml:"first"`  // deployment
	Denied  []Denied `yaml:"denied"`
	Why     []Why    `yaml:"why"`
	Refused *Refused `yaml:"refused"`
	// Of terms.
	InForce    []Text `yaml:"in_force"`
	NotInForce []Text `yaml:"not_in_force"`
	SameAs     []Text `yaml:"same_as"`
	DiffersAt  []Text `yaml:"differs_from"`
	// Of money: of the entry alone, or of all entries of the case.
	Charged  Text            `yaml:"charged"`
	Revenue  map[string]Text `yaml:"revenue"` // what customers were charged, by stream
	Owed     []Owed          `yaml:"owed"`
	CapLeft  []CapLeft       `yaml:"cap_left"`
	Postings []Posting       `yaml:"postings"`

	Standing `yaml:",inline"`
}

// Denied is a deployment that may not serve, and what of.
type Denied struct {
	Deployment Text `yaml:"deployment"`
	Check      Text `yaml:"check"`
	Clause     Text `yaml:"clause"`
}

// Why is what sets a deployment of the plan apart from the one before it.
type Why struct {
	Deployment Text `yaml:"deployment"`
	By         Text `yaml:"by"`
	Clause     Text `yaml:"clause"` // that permits it
}

// Refused says that nobody may serve, and of what; "any" where it does not matter.
type Refused struct {
	Check  Text `yaml:"check"`
	Clause Text `yaml:"clause"`
}

// Owed is what falls due under a clause from a payer to a payee: the sum of all that matches. What is left out matches all.
type Owed struct {
	Clause Text `yaml:"clause"`
	Payer  Text `yaml:"payer"`
	Payee  Text `yaml:"payee"`
	Amount Text `yaml:"amount"`
}

// CapLeft is what is left of the cap of a clause, at the time of the last entry.
type CapLeft struct {
	Clause Text `yaml:"clause"`
	Per    Text `yaml:"per"` // "" = of the only cap
	Amount Text `yaml:"amount"`
}

// Posting is what was posted to accounts: the sum of all that matches.
type Posting struct {
	Book    Text `yaml:"book"`
	Account Text `yaml:"account"`
	Clause  Text `yaml:"clause"`
	Amount  Text `yaml:"amount"`
}

// A Result is what came of one case.
type Result struct {
	File     string    `json:"file"`
	Case     string    `json:"case"`
	Place    string    `json:"place"`
	OK       bool      `json:"ok"`
	Failures []Failure `json:"failures"`
}

// A Failure is an expectation that was not met.
type Failure struct {
	Place    string `json:"place"`       // of the expectation
	What     string `json:"expectation"` // "plan", "owed[0]", ...
	Expected string `json:"expected"`
	Got      string `json:"got"`
	Because  string `json:"because,omitempty"` // what a reader needs to see why
}
