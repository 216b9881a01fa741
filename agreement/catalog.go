package agreement

import "concord/agreement/condition"

// A Deployment is one place to send a request.
type Deployment struct {
	ID       string // unique in the catalog
	Product  string // owner/model
	Cloud    string
	Region   string // the cloud's own name of it
	Zone     string // residency zone that region rules name: "eu", "us", "global"; "" = not stated
	Account  string // the cloud account or resource
	Holder   string // party that holds the account
	Seller   string // party that bills the customer
	Model    string // the cloud's own model or deployment name
	APIs     []API  // surfaces it serves; empty = those of the product
	Capacity string // offer that a right of first refusal gates; "" = none
	// Provisioned: capacity that is paid for whether it is used or not. It goes before pay-as-you-go on the same cloud.
	Provisioned bool `json:",omitempty"`
	Pos         Pos  `json:"-"` // where the configuration declares it
}

// CostPayer returns whom the operator of a cloud charges for running a deployment: the holder of the account or, where the
// operator holds the account itself, the seller; "" where the seller is the operator, which then charges nobody.
func CostPayer(operator, holder, seller string) string {
	switch operator {
	case holder:
		if seller == operator {
			return ""
		}
		return seller
	default:
		return holder
	}
}

// A Customer buys from sellers.
type Customer struct {
	ID         string
	Name       string
	Sellers    [][]string            // in order of preference; sellers of one inner list rank alike
	Home       string                // home cloud: may go first where the delivery clause lets customers choose
	Zones      []string              // residency zones that requests may be processed in; empty = any
	Territory  string                // where the customer is, for license territories
	Attributes []condition.Attribute `json:",omitempty"` // what conditions ask for, by name
	Pos        Pos                   `json:"-"`          // where the configuration declares it
}

// A Catalog is what the configuration offers to whom: deployments in declared order, and customers. It holds no secret,
// no endpoint and no key; the journal keeps it whole, so that every decision can be computed again.
type Catalog struct {
	Deployments []Deployment
	Customers   []Customer
}

// API is a surface of the OpenAI API.
type API string

// The surfaces that agreements and deployments name.
const (
	Chat        API = "chat"
	Responses   API = "responses"
	Embeddings  API = "embeddings"
	Completions API = "completions"
	Images      API = "images"
	Audio       API = "audio"
	Moderations API = "moderations"
)
