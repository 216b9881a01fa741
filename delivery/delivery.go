// Package delivery decides where a request goes: Plan orders the deployments that the terms permit, Next says what to do
// after an attempt, and Breaker keeps a deployment's health. All of it is pure: time is an argument (ns since the epoch),
// randomness is the request's id. The gateway, explain and the simulator run this same code.
package delivery

import (
	"concord/agreement"
	"concord/pricing"
)

// Outcome is what came of an attempt; the set is closed.
type Outcome uint8

// The outcomes of an attempt. Their numbers are part of the journal's bytes and never change.
const (
	Answered       Outcome = iota + 1
	Throttled              // rate limit; passes by itself soon
	Quota                  // money or provisioned capacity is spent; lasts
	Timeout                // no first byte in time
	Unreachable            // connect, TLS or reset before an answer
	ServerError            // the cloud failed
	Credential             // our key, role or deployment name is wrong
	Unsupported            // this cloud cannot do what was asked
	ContentStalled         // headers or prelude came, content never did
	Policy                 // the cloud's content policy answered: an answer, never failed over
	ClientFault            // the request itself is wrong: passed through
	CutShort               // broke or stalled after content
	ClientGone             // the client left
	Skipped                // not tried: its breaker was open
)

// State is a deployment's health as Plan and Next see it.
type State uint8

// The states. Their numbers are part of the journal's bytes and never change.
const (
	Closed    State = iota // healthy
	Probing                // open, but one probe may go now
	OpenDown               // open after failures
	OpenLimit              // open after throttling or quota
)

// Facts are what a decision is made of, apart from terms and health.
type Facts struct {
	Request  [16]byte // id: draws the order where the terms say weighted
	At       int64    // admitted instant, ns UTC
	Customer string
	Product  string // product id, aliases resolved
	API      agreement.API
	Stream   bool
}

// Router is terms and catalog compiled for deciding; immutable, safe for concurrent use.
type Router struct {
	terms   *agreement.Terms
	catalog *agreement.Catalog
}

// Books are the price books that check 6 and "cheapest" read.
type Books []*pricing.Book

// Compile prepares decisions under terms. It reports customers' and deployments' mistakes as findings.
func Compile(t *agreement.Terms, c *agreement.Catalog, b Books, at int64) (*Router, []agreement.Finding) {
	panic("stub")
}

// A Step is one deployment of a plan, in the order in which it would be tried.
type Step struct {
	Deployment int // index into the catalog's deployments
	Group      int
	SellerRank int
	State      State
	Choice     bool // first by the customer's choice
}

// A Plan is the decision for one request. Reuse one to avoid allocation: Router.Plan overwrites it.
type Plan struct {
	Facts    Facts
	Steps    []Step
	Refused  bool // no clause permits any deployment
	rule     *rule
	tried    []bool
	attempts int
}

type rule struct{}

// Plan decides. seen holds the state of every deployment of the catalog, by index.
func (r *Router) Plan(f Facts, seen []State, p *Plan) { panic("stub") }

// Explain gives the verdict on every deployment of the catalog for these facts, with the check that failed and its clause.
func (r *Router) Explain(f Facts) []agreement.Verdict { panic("stub") }

// Terms returns the terms that the router was compiled from.
func (r *Router) Terms() *agreement.Terms { return r.terms }

// Catalog returns the catalog that the router was compiled from.
func (r *Router) Catalog() *agreement.Catalog { return r.catalog }

// MoveKind says what to do next.
type MoveKind uint8

// The moves.
const (
	Try  MoveKind = iota + 1 // send to Step now
	Wait                     // wait for Delay, then send to Step
	End                      // no deployment is left that the terms allow for this reason
)

// A Move is what Next says.
type Move struct {
	Kind   MoveKind
	Step   int   // index into Plan.Steps
	Delay  int64 // ns
	Reason agreement.Leaving
}

// First returns the first move of a plan: its first step that health lets through, or the least bad one.
func (p *Plan) First() Move { panic("stub") }

// Next says what to do after the attempt at step ended in outcome; retryAfter is what the cloud asked for (ns, 0 = nothing),
// left what remains of the request's deadline (ns). Next is never asked after the first content.
func (p *Plan) Next(step int, outcome Outcome, retryAfter, left int64, seen []State) Move {
	panic("stub")
}
