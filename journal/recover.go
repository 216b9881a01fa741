package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"concord/agreement"
	"concord/delivery"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// A Quote is what the terms, the catalog and the price books say of one attempt that a crash interrupted.
type Quote struct {
	Cloud    string
	Seller   string
	Holder   string
	Currency money.Currency
	Charging agreement.Charging // the sale clause's rule for interrupted answers
	Lines    []pricing.Line     // the customer's price of the usage
	Unpriced []usage.Class
	Cost     []pricing.Line // what the operator charges the holder for the usage
}

// PriceFunc prices the usage of one attempt under the terms and documents of its intent. An error that wraps ErrNotFound
// says that the deployment is known no more: the intent is then resolved without a price. Any other error stops recovery.
type PriceFunc func(in *Intent, admitted int64, deployment string, u *usage.Usage) (Quote, error)

// inputBytesPerToken turns the size of a request into tokens when nothing better is known. English prose in OpenAI's
// vocabularies runs at about four bytes a token; the figure is always marked as estimated or flagged for reconciliation.
const inputBytesPerToken = 4

// EstimateInput returns the prompt tokens of a request of that many bytes.
func EstimateInput(bytes int64) int64 {
	return (max(bytes, 0) + inputBytesPerToken - 1) / inputBytesPerToken
}

// A Recovery applies the recovery rule: it takes the entries of chains that no process writes any more and gives the
// records that resolve their open intents. Its memory grows with open intents only.
type Recovery struct {
	open  map[RequestID]*interrupted
	early map[RequestID]struct{} // records seen before their intents, from a recovery that was itself cut short
}

// interrupted is a request whose record was never written.
type interrupted struct {
	admitted int64
	intent   Intent
	attempts []Attempt
	progress Progress // the last one; Number 0 = none
	seen     int64    // instant of the last entry
}

// Take takes the next entry, of chains in the order of opening. It keeps nothing of e's memory.
func (r *Recovery) Take(e *Entry) {
	switch b := e.Body.(type) {
	case *Intent:
		if _, ok := r.early[b.Request]; ok {
			delete(r.early, b.Request)
			return
		}
		if r.open == nil {
			r.open = map[RequestID]*interrupted{}
		}
		kept := *b
		kept.Health, kept.Claims = nil, nil
		if len(b.Claims) == 0 {
			kept.Hold = money.Amount{} // of no budget: there is none to end
		}
		r.open[b.Request] = &interrupted{admitted: e.Time, intent: kept, seen: e.Time}
	case *Attempt:
		if o := r.open[b.Request]; o != nil {
			kept := *b
			kept.Health = nil
			o.attempts, o.seen = append(o.attempts, kept), max(o.seen, e.Time)
		}
	case *Progress:
		if o := r.open[b.Request]; o != nil {
			o.progress, o.seen = *b, max(o.seen, e.Time)
		}
	case *Record:
		if e.Part != 0 || b.Outcome == Refused {
			return
		}
		if _, ok := r.open[b.Request]; ok {
			delete(r.open, b.Request)
			return
		}
		if r.early == nil {
			r.early = map[RequestID]struct{}{}
		}
		r.early[b.Request] = struct{}{}
	}
}

// Open returns how many intents have no record.
func (r *Recovery) Open() int { return len(r.open) }

// Resolve returns one record for each open intent, in the order of their admitted instants:
//   - no deployment was chosen, so that no attempt can have been sent: void;
//   - otherwise the attempt counts as sent, for its intent's commit runs beside the call. Without progress the customer
//     pays nothing; the cloud's cost is the prompt's, estimated from its size, and flagged for reconciliation;
//   - with progress the customer pays what the last one says was delivered, if the sale clause charges interrupted answers
//     as delivered. Evidence is counted: the prompt by its size, the output by content events, of which each carries at
//     least one token, so that nobody pays for what was not delivered. Nothing was reported, so "reported" charges nothing.
func (r *Recovery) Resolve(price PriceFunc) ([]Entry, error) {
	requests := make([]*interrupted, 0, len(r.open))
	for _, o := range r.open {
		requests = append(requests, o)
	}
	slices.SortFunc(requests, func(a, b *interrupted) int {
		return cmp.Or(cmp.Compare(a.admitted, b.admitted), slices.Compare(a.intent.Request[:], b.intent.Request[:]))
	})
	entries := make([]Entry, 0, len(requests))
	for _, o := range requests {
		record, err := o.resolve(price)
		if err == nil && !o.intent.Hold.IsZero() {
			err = record.EndHold(o.intent.Hold)
		}
		if err != nil {
			return nil, fmt.Errorf("resolve the intent of %s: %w", o.intent.Request, err)
		}
		entries = append(entries, Entry{Time: o.admitted, ID: string(o.intent.Request[:]), Body: record})
	}
	return entries, nil
}

func (o *interrupted) resolve(price PriceFunc) (*Record, error) {
	in := &o.intent
	record := &Record{
		Request: in.Request, Outcome: Void, Customer: in.Customer, Key: in.Key, Product: in.Product, API: in.API,
		Stream: in.Stream, Terms: in.Terms, Set: in.Set, Currency: in.Currency, Served: -1, Ended: o.seen - o.admitted,
	}
	if in.First == "" && len(o.attempts) == 0 {
		return record, nil
	}
	record.Outcome = Interrupted
	deployments, left := o.tried()
	for i, deployment := range deployments {
		last := i == len(deployments)-1
		tried, quote, err := o.attempt(deployment, left[i], last, price)
		if err != nil {
			return nil, err
		}
		record.Attempts = append(record.Attempts, tried)
		if !last {
			continue
		}
		if quote.Currency != "" {
			record.Currency = quote.Currency
		}
		if o.progress.Number == 0 {
			continue
		}
		record.Served, record.Delivered = i, o.progress.Bytes
		if quote.Charging == agreement.ChargeDelivered {
			record.Usage, record.Lines, record.Unpriced = tried.Usage, quote.Lines, quote.Unpriced
		}
	}
	return record, nil
}

// tried returns the deployments that were tried, and for each why it was left; 0 = it was not left.
func (o *interrupted) tried() (deployments []string, left []delivery.Outcome) {
	if o.intent.First != "" {
		deployments, left = append(deployments, o.intent.First), append(left, 0)
	}
	for _, a := range o.attempts {
		if n := len(left); n > 0 {
			left[n-1] = a.Why
		}
		deployments, left = append(deployments, a.Deployment), append(left, 0)
	}
	return deployments, left
}

// attempt tells one attempt. One that was left before the crash ended with a known outcome and unknown usage.
func (o *interrupted) attempt(deployment string, why delivery.Outcome, last bool, price PriceFunc) (Tried, Quote, error) {
	tried := Tried{Deployment: deployment, Outcome: why}
	if last {
		tried.Usage.Tokens[usage.Input] = EstimateInput(o.intent.InputBytes)
		tried.Usage.Evidence = usage.Estimated
		tried.CostUnsure = true
		tried.Ended = o.seen - o.admitted
		if o.progress.Number != 0 {
			tried.Outcome = delivery.CutShort
			tried.Usage.Evidence = usage.Counted
			tried.Usage.Tokens[usage.Output] = o.delivered()
		}
	}
	quote, err := price(&o.intent, o.admitted, deployment, &tried.Usage)
	if errors.Is(err, ErrNotFound) {
		tried.CostUnsure = true
		return tried, Quote{}, nil
	}
	if err != nil {
		return tried, quote, fmt.Errorf("price the attempt at %s: %w", deployment, err)
	}
	tried.Cloud, tried.Seller, tried.Holder = quote.Cloud, quote.Seller, quote.Holder
	if last {
		tried.Cost = quote.Cost
	}
	return tried, quote, nil
}

// delivered counts output tokens by content events, never above what the request allowed.
func (o *interrupted) delivered() int64 {
	if o.intent.OutputBound > 0 {
		return min(o.progress.Units, o.intent.OutputBound)
	}
	return o.progress.Units
}
