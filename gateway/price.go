package gateway

import (
	"log/slog"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/pricing"
	"concord/usage"
)

// A pricer works out the money of a record, at the terms and the instant of its request.
type pricer struct {
	router   *delivery.Router
	admitted int64
	record   *journal.Record
	log      *slog.Logger
}

// price works out what the customer is charged and what the cloud charges its account holder. costs and lines are room.
func (p *pricer) price(o journal.Outcome, served int, used *usage.Usage, costs, lines []pricing.Line) {
	r, t := p.record, &p.record.Attempts[served]
	t.Usage = *used
	dep, known := p.router.Deployment(t.Deployment)
	if !known {
		p.log.Error("deployment unknown to the terms of its request", "request", r.Request.String(), "deployment", t.Deployment)
		t.CostUnsure, r.Unpriced = true, classes(used)
		return
	}
	var err error
	if t.Cost, err = p.router.Cost(dep, p.admitted, used, costs); err != nil {
		p.log.Error("cost of an attempt unknown", "request", r.Request.String(), "deployment", t.Deployment, "error", err)
		t.CostUnsure = true
	}
	t.CostUnsure = t.CostUnsure || len(t.Cost) > 0 && used.Evidence != usage.Reported
	if len(t.Cost) == 0 {
		t.Cost = nil
	}
	if c := p.router.Currency(dep); c != "" {
		r.Currency = c
	}
	if !charges(p.router.Sale(dep), o, used.Evidence) {
		return
	}
	r.Usage = *used
	if r.Lines, r.Unpriced, err = p.router.Charge(dep, p.admitted, used, lines); err != nil {
		p.log.Error("usage could not be priced", "request", r.Request.String(), "deployment", t.Deployment, "error", err)
		r.Lines, r.Unpriced = nil, classes(used)
	}
}

// charges applies the sale clause's rule for answers that did not end well; an answered request is always charged, a failed
// one never.
func charges(s *agreement.Sale, o journal.Outcome, e usage.Evidence) bool {
	rule := agreement.ChargeDelivered
	if s != nil {
		switch {
		case o == journal.Cut && s.Charge.Cut != "":
			rule = s.Charge.Cut
		case o == journal.Cancelled && s.Charge.Cancelled != "":
			rule = s.Charge.Cancelled
		}
	}
	switch o {
	case journal.Answered:
		return true
	case journal.Failed:
		return false
	default:
		return rule == agreement.ChargeDelivered || rule == agreement.ChargeReported && e == usage.Reported
	}
}

func classes(u *usage.Usage) []usage.Class {
	var out []usage.Class
	for c, n := range u.Tokens {
		if n != 0 {
			out = append(out, usage.Class(c))
		}
	}
	return out
}
