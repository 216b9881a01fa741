// Package gateway is the front door: it takes requests of the OpenAI API, delivers each to the deployment that the
// agreements put first, moves on where they allow it, and meters every request in the journal.
//
// One request's way: authenticate, read the body whole, resolve the model, take the admitted instant, decide
// (delivery.Router.Plan), append the intent beside the upstream call, relay, append the record, end the answer. What it
// holds to:
//
//   - no content reaches a client before its intent is durable, and no answer ends before its record is (strict);
//   - one record for every intent, also when the client leaves, the cloud breaks or the code panics;
//   - failover until the first content, never after it: a stream that breaks ends with an error inside it and no [DONE];
//   - there is no route that is not metered.
//
// The relay (relay.go) knows no HTTP engine: it reads from an io.Reader and writes to a sink. A request is served by one
// goroutine, with one timer; nothing is decoded that need not be.
package gateway
