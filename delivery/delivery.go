// Package delivery decides where a request goes: Plan orders the deployments that the terms permit, Next says what to do
// after an attempt, and Breaker keeps a deployment's health. All of it is pure: time is an argument (ns since the epoch),
// randomness is the request's id. The gateway, explain and the simulator run this same code.
//
// A Router is terms and catalog compiled into tables: who may serve whom is settled when terms come into force, and a
// decision is a look-up and a walk over health. A Timeline holds one Router for every span in which neither terms nor
// prices change. Money that follows a decision, the customer's price and the account holder's cost, hangs on the same
// Router, so that what permits a deployment and what charges for it cannot drift apart.
package delivery

import (
	"fmt"

	"concord/agreement"
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
	Superseded             // another attempt at the same request answered first, and this one was cancelled
)

// String returns the outcome in the words that reports and journals in JSON use.
func (o Outcome) String() string {
	switch o {
	case Answered:
		return "answered"
	case Throttled:
		return "throttled"
	case Quota:
		return "quota"
	case Timeout:
		return "timeout"
	case Unreachable:
		return "unreachable"
	case ServerError:
		return "server-error"
	case Credential:
		return "credential"
	case Unsupported:
		return "unsupported"
	case ContentStalled:
		return "content-stalled"
	case Policy:
		return "policy"
	case ClientFault:
		return "client-fault"
	case CutShort:
		return "cut-short"
	case ClientGone:
		return "client-gone"
	case Skipped:
		return "skipped"
	case Superseded:
		return "superseded"
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// State is a deployment's health as Plan and Next see it.
type State uint8

// The states. Their numbers are part of the journal's bytes and never change.
const (
	Closed    State = iota // healthy
	Probing                // open, but one probe may go now
	OpenDown               // open after failures
	OpenLimit              // open after throttling or quota
)

// String returns the state in the words that reports use.
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case Probing:
		return "probing"
	case OpenDown:
		return "open after failures"
	case OpenLimit:
		return "open by limit"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// lets reports whether a request may be sent in the ordinary way.
func (s State) lets() bool { return s == Closed || s == Probing }

// Facts are what a decision is made of, apart from terms and health.
type Facts struct {
	Request  [16]byte // id: draws the order where the terms say weighted
	At       int64    // admitted instant, ns UTC
	Customer string
	Product  string // product id, aliases resolved
	API      agreement.API
	Stream   bool
}
