package cases

import (
	"errors"
	"fmt"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
	"concord/simulate"
	"concord/usage"
)

// place is a deployment of a router.
type place struct {
	router *delivery.Router
	dep    int
}

// line is one line of an amount; zero is none.
func line(amount money.Amount) []pricing.Line {
	if amount.IsZero() {
		return nil
	}
	return []pricing.Line{{Class: usage.Output, Quantity: 1, Unit: amount, Amount: amount}}
}

func chargedBy(lines []pricing.Line) (sum money.Amount, err error) {
	for i := range lines {
		if sum, err = sum.Add(lines[i].Amount); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// used posts usage. decided says that it was decided at all: nothing comes of what is refused.
func (s *story) used(e *Entry, at time.Time) (one *tally, decided bool, p *problem) {
	u, r := e.Usage, s.r
	before := len(r.findings)
	tokens, times := r.tokens(u), r.times(u)
	if len(r.findings) > before {
		return nil, false, nil
	}
	d, err := s.scene.Decide(simulate.Question{At: at, Customer: u.Customer.Value, Product: u.Product.Value, API: agreement.API(u.API.Value)})
	if err != nil {
		r.invalid(u.Product, "correct the request", "%v", err)
		return nil, false, nil
	}
	deployment, verdict, ok := r.serves(u, d)
	if !ok {
		return nil, false, nil
	}
	if !verdict.Permitted {
		if e.Expect.Refused == nil {
			r.fail(firstGiven(u.Deployment, u.Product), "usage", "served", "refused", verdict.Reason)
		} else {
			r.verdict("refused", e.Expect.Refused.Check, e.Expect.Refused.Clause, verdict)
		}
		return nil, true, nil
	}
	if e.Expect.Refused != nil {
		r.fail(firstGiven(e.Expect.Refused.Check, e.Expect.Refused.Clause, u.Deployment), "refused", "refused", "served by "+deployment, verdict.Reason)
	}
	i, _ := d.Router.Deployment(deployment)
	one = &tally{}
	for range times {
		if p := s.serve(e, d, place{d.Router, i}, tokens, one); p != nil {
			return nil, false, p
		}
		if len(r.findings) > before {
			return nil, false, nil
		}
	}
	return one, true, nil
}

// serve posts one request that a deployment answered, or failed at.
func (s *story) serve(e *Entry, d *simulate.Decision, at place, tokens *usage.Usage, sum *tally) *problem {
	u := e.Usage
	if len(u.Streams) > 0 || u.Tax.Given() {
		return s.billed(e, d, at, sum)
	}
	record, err := s.record(d, at, tokens, u)
	if err != nil {
		s.r.invalid(firstGiven(u.Deployment, u.Product), "correct the entry, the prices or the agreement", "%v", err)
		return nil
	}
	if len(s.r.findings) > 0 {
		return nil
	}
	return s.keep(e, at, record, d.Facts.At, sum, func(entry *journal.Entry) (*ledger.Transaction, *problem) { return s.post(entry) })
}

// keep posts a record, adds up what comes of it, and remembers it for later entries.
func (s *story) keep(e *Entry, at place, record *journal.Record, instant int64, sum *tally, post func(*journal.Entry) (*ledger.Transaction, *problem)) *problem {
	entry := &journal.Entry{Time: instant, ID: string(record.Request[:]), Body: record}
	tx, p := post(entry)
	if p != nil {
		return p
	}
	err := sum.take(tx)
	var charged money.Amount
	if err == nil {
		charged, err = record.Charged()
	}
	if err == nil {
		sum.charged, err = sum.charged.Add(charged)
	}
	if err != nil {
		return refusal("refused", err)
	}
	if e.ID.Given() {
		s.sales[e.ID.Value] = s.saleOf(record, at, instant, charged)
	}
	return nil
}

func (s *story) saleOf(r *journal.Record, at place, instant int64, charged money.Amount) *sale {
	if len(r.Attempts) == 0 { // nothing can be given back of what was refused
		return &sale{now: charged, router: func() (place, error) { return at, nil }}
	}
	tried := r.Attempts[0]
	out := &sale{now: charged, holder: tried.Holder, origin: journal.Origin{
		Of: journal.Ref{Kind: journal.KindRecord, ID: string(r.Request[:])}, Request: r.Request, At: instant, Terms: r.Terms, Customer: r.Customer,
		Seller: tried.Seller, Product: r.Product, Cloud: tried.Cloud, Charged: charged, Currency: r.Currency}}
	out.cost, _ = chargedBy(tried.Cost) // was added up when it was posted
	out.router = func() (place, error) { return at, nil }
	return out
}

// record is the record of a request, priced by its tokens or as the entry says.
func (s *story) record(d *simulate.Decision, at place, tokens *usage.Usage, u *Usage) (*journal.Record, error) {
	s.n++
	dep := &at.router.Catalog().Deployments[at.dep]
	r := &journal.Record{Request: journal.NewRequestID(d.Facts.At/int64(time.Millisecond), 0, s.n), Outcome: journal.Answered, Customer: d.Facts.Customer,
		Product: d.Facts.Product, API: d.Facts.API, Stream: d.Facts.Stream, Terms: at.router.Terms().Hash(), Currency: at.router.Currency(at.dep), Usage: *tokens}
	tried := journal.Tried{Deployment: dep.ID, Cloud: dep.Cloud, Seller: dep.Seller, Holder: dep.Holder, Outcome: delivery.Answered, Status: 200, Usage: *tokens}
	if f, _, ok := at.router.Terms().Sale(dep.Seller, dep.Product, dep.Cloud); ok && r.Currency == "" {
		r.Currency = f.Agreement.Currency
	}
	end, ok := endings()[u.Outcome.Value]
	if !ok {
		s.r.invalid(u.Outcome, "write answered, cut, cancelled, failed, interrupted or refused", "%q is no outcome", u.Outcome.Value)
		return r, nil
	}
	_, sale, _ := at.router.Terms().Sale(dep.Seller, dep.Product, dep.Cloud)
	charged := end.charged(sale)
	var err error
	switch {
	case !charged:
	case u.Amount.Given():
		r.Lines = line(s.r.amountIn(u.Amount, r.Currency))
	default:
		if r.Lines, r.Unpriced, err = at.router.Charge(at.dep, d.Facts.At, tokens, nil); err != nil {
			return nil, fmt.Errorf("price usage at %s: %w", dep.ID, err)
		}
	}
	switch {
	case u.Cost.Given():
		tried.Cost = line(s.r.amountIn(u.Cost, r.Currency))
	case !u.Amount.Given():
		if tried.Cost, err = at.router.Cost(at.dep, d.Facts.At, tokens, nil); err != nil {
			return nil, fmt.Errorf("price usage at %s: %w", dep.ID, err)
		}
	}
	r.Outcome, tried.Outcome, tried.Status = end.outcome, end.attempt, end.status
	if !charged {
		r.Served, r.Usage = -1, usage.Usage{}
	}
	if r.Outcome != journal.Refused { // what is refused is tried nowhere
		r.Attempts = []journal.Tried{tried}
	}
	return r, nil
}

// An ending is how a request ended.
type ending struct {
	outcome journal.Outcome
	attempt delivery.Outcome
	status  int
}

// endings are those that an entry can name.
func endings() map[string]ending {
	return map[string]ending{
		"":            {journal.Answered, delivery.Answered, 200},
		"answered":    {journal.Answered, delivery.Answered, 200},
		"cut":         {journal.Cut, delivery.CutShort, 200},
		"cancelled":   {journal.Cancelled, delivery.ClientGone, 200},
		"failed":      {journal.Failed, delivery.ServerError, 500},
		"interrupted": {journal.Interrupted, delivery.CutShort, 200},
		"refused":     {journal.Refused, 0, 0},
	}
}

// charged reports whether the customer pays: always for an answer, for what was delivered of one that was cut or cancelled unless
// the sale's clause says none, and of one that a crash interrupted where it says so. What an entry says was delivered counts as reported by the cloud.
func (e ending) charged(sale *agreement.Sale) bool {
	switch {
	case e.outcome == journal.Answered:
		return true
	case sale == nil:
		return false
	case e.outcome == journal.Cut:
		return sale.Charge.Cut != agreement.ChargeNone
	case e.outcome == journal.Cancelled:
		return sale.Charge.Cancelled != agreement.ChargeNone
	case e.outcome == journal.Interrupted:
		return sale.Charge.Interrupted == agreement.ChargeDelivered || sale.Charge.Interrupted == agreement.ChargeReported
	}
	return false
}

// billed posts a plain amount whose streams or tax are written, as an invoice does.
func (s *story) billed(e *Entry, d *simulate.Decision, at place, sum *tally) *problem {
	u := e.Usage
	dep := &at.router.Catalog().Deployments[at.dep]
	if !u.Amount.Given() || u.Cost.Given() || u.Outcome.Given() {
		s.r.invalid(firstGiven(u.Tax, u.Cost, u.Outcome, u.Product), "write amount: beside streams and tax, and what the cloud charges in an entry of its own",
			"streams and tax go with an amount, and with no cost and no outcome")
		return nil
	}
	o := journal.Origin{At: d.Facts.At, Terms: at.router.Terms().Hash(), Customer: d.Facts.Customer, Seller: dep.Seller, Product: dep.Product, Cloud: dep.Cloud,
		Currency: at.router.Currency(at.dep)}
	if f, _, ok := at.router.Terms().Sale(dep.Seller, dep.Product, dep.Cloud); ok && o.Currency == "" {
		o.Currency = f.Agreement.Currency
	}
	amount := s.r.amountIn(u.Amount, o.Currency)
	entry := s.entry(e, time.Unix(0, d.Facts.At), &journal.Invoice{Origin: o, Amount: amount, Streams: s.streams(u.Streams), Tax: s.optional(u.Tax)})
	if u.Times.Given() {
		entry.ID = fmt.Sprintf("%s-%d", entry.ID, s.n)
	}
	if len(s.r.findings) > 0 {
		return nil
	}
	tx, p := s.post(entry)
	if p != nil {
		return p
	}
	err := sum.take(tx)
	if err == nil {
		sum.charged, err = sum.charged.Add(amount)
	}
	if err != nil {
		return refusal("refused", err)
	}
	s.sold(e, entry)
	return nil
}

// held is a request that took a part of a budget.
type held struct {
	intent *journal.Intent
	at     place
}

// hold takes a part of a budget for a request before it is served.
func (s *story) hold(e *Entry, at time.Time) (*tally, *problem) {
	h, r := e.Hold, s.r
	d, err := s.scene.Decide(simulate.Question{At: at, Customer: h.Customer.Value, Product: h.Product.Value})
	if err != nil {
		r.invalid(h.Product, "correct the request", "%v", err)
		return nil, nil
	}
	deployment, verdict, ok := r.serves(&Usage{Deployment: h.Deployment, Product: h.Product}, d)
	if !ok {
		return nil, nil
	}
	if !verdict.Permitted {
		return nil, refusal("refused", errors.New(verdict.Reason))
	}
	i, _ := d.Router.Deployment(deployment)
	window := "total"
	switch h.Per.Value {
	case "", "total":
	case "day":
		window = at.UTC().Format(time.DateOnly)
	case "month":
		window = at.UTC().Format("2006-01")
	default:
		r.invalid(h.Per, "write day, month or total", "%q is no window of a budget", h.Per.Value)
		return nil, nil
	}
	record, err := s.record(d, place{d.Router, i}, &usage.Usage{}, &Usage{Amount: h.Amount})
	if err != nil {
		r.invalid(h.Product, "correct the entry", "%v", err)
		return nil, nil
	}
	in := &journal.Intent{Request: record.Request, Key: "case", Customer: d.Facts.Customer, Product: d.Facts.Product, API: d.Facts.API, Terms: d.Router.Terms().Hash(),
		Currency: record.Currency, First: deployment, Hold: r.amount(h.Amount), Claims: []journal.Claim{{Budget: h.Budget.Value, Window: window, Limit: r.amount(h.Limit)}}}
	entry := &journal.Entry{Time: at.UnixNano(), ID: string(in.Request[:]), Body: in}
	if p := s.write(in.Holds(nil), nil, entry); p != nil {
		return nil, p
	}
	tx, err := ledger.Post(s.state, entry)
	if err != nil {
		return nil, refusal("refused", err)
	}
	s.holds[e.ID.Value] = &held{in, place{d.Router, i}}
	sum := &tally{}
	if err := sum.take(tx); err != nil {
		return nil, refusal("refused", err)
	}
	return sum, nil
}

// unhold ends a hold: what was charged is spent, the rest is released. No more is ever charged than was held.
func (s *story) unhold(e *Entry, of, amount Text, at time.Time) (*tally, *problem) {
	h, ok := s.holds[of.Value]
	if !ok {
		return nil, refusal("hold", fmt.Errorf("no hold before this entry has the id %q, or it has ended", of.Value))
	}
	dep := &h.at.router.Catalog().Deployments[h.at.dep]
	r := &journal.Record{Request: h.intent.Request, Outcome: journal.Void, Customer: h.intent.Customer, Key: h.intent.Key, Product: h.intent.Product, API: h.intent.API,
		Terms: h.intent.Terms, Currency: h.intent.Currency, Served: -1}
	if amount.Given() {
		r.Outcome, r.Served, r.Usage, r.Lines = journal.Answered, 0, plain(), line(s.r.amountIn(amount, r.Currency))
	}
	r.Attempts = []journal.Tried{{Deployment: dep.ID, Cloud: dep.Cloud, Seller: dep.Seller, Holder: dep.Holder, Outcome: delivery.Answered}}
	if err := r.EndHold(h.intent.Hold); err != nil {
		return nil, refusal("refused", err)
	}
	charged, err := r.Charged()
	if err != nil {
		return nil, refusal("refused", err)
	}
	sum := &tally{}
	p := s.keep(e, h.at, r, at.UnixNano(), sum, func(entry *journal.Entry) (*ledger.Transaction, *problem) {
		tx, err := ledger.Post(s.state, entry)
		if err != nil {
			return nil, refusal("refused", err)
		}
		return tx, s.write(nil, []journal.Post{{Request: r.Request, Charged: charged}}, entry)
	})
	delete(s.holds, of.Value)
	return sum, p
}
