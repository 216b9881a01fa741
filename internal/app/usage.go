package app

import (
	"encoding/hex"
	"fmt"
	"time"

	"concord/delivery"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// A UsageView is a record as commands show it.
type UsageView struct {
	Request    string           `json:"request"`
	Time       string           `json:"time"`
	Customer   string           `json:"customer"`
	Key        string           `json:"key"`
	Product    string           `json:"product"`
	API        string           `json:"api"`
	Stream     bool             `json:"stream"`
	Outcome    string           `json:"outcome"`
	Cloud      string           `json:"cloud,omitempty"`
	Deployment string           `json:"deployment,omitempty"`
	Seller     string           `json:"seller,omitempty"`
	Attempts   []AttemptView    `json:"attempts"`
	Usage      map[string]int64 `json:"usage"`
	Evidence   string           `json:"evidence"`
	Lines      []LineView       `json:"lines"`
	Amount     money.Amount     `json:"amount"`
	Currency   string           `json:"currency"`
	Unpriced   []string         `json:"unpriced,omitempty"`
	Refusal    string           `json:"refusal,omitempty"`
	TookMillis float64          `json:"took_ms"`
	Terms      string           `json:"terms"`
}

// An AttemptView is one attempt as commands show it.
type AttemptView struct {
	Number      int              `json:"number"`
	Deployment  string           `json:"deployment"`
	Cloud       string           `json:"cloud"`
	Seller      string           `json:"seller"`
	Holder      string           `json:"holder"`
	Outcome     string           `json:"outcome"`
	Status      int              `json:"status,omitempty"`
	StartMillis float64          `json:"started_ms"`
	EndMillis   float64          `json:"ended_ms"`
	Usage       map[string]int64 `json:"usage,omitempty"`
	Cost        []LineView       `json:"cost,omitempty"`
	CostAmount  money.Amount     `json:"cost_amount"`
	CostUnsure  bool             `json:"cost_unsure,omitempty"`
	Served      bool             `json:"served"`
}

// A LineView is one priced line.
type LineView struct {
	Class    string       `json:"class"`
	Quantity int64        `json:"quantity"`
	Unit     money.Amount `json:"unit"`
	Amount   money.Amount `json:"amount"`
}

// ViewUsage shows a record.
func ViewUsage(e *journal.Entry, r *journal.Record) (UsageView, error) {
	lines, amount, err := viewLines(r.Lines)
	if err != nil {
		return UsageView{}, fmt.Errorf("add up the lines of request %s: %w", r.Request, err)
	}
	v := UsageView{
		Request: r.Request.String(), Time: instant(e.Time), Customer: r.Customer, Key: r.Key, Product: r.Product,
		API: string(r.API), Stream: r.Stream, Outcome: r.Outcome.String(), Attempts: []AttemptView{},
		Usage: tokenView(&r.Usage.Tokens), Evidence: r.Usage.Evidence.String(), Lines: lines, Amount: amount,
		Currency: string(r.Currency), Refusal: r.Refusal, TookMillis: ms(r.Ended), Terms: hex.EncodeToString(r.Terms[:]),
	}
	for _, c := range r.Unpriced {
		v.Unpriced = append(v.Unpriced, c.String())
	}
	for i := range r.Attempts {
		t := &r.Attempts[i]
		cost, total, err := viewLines(t.Cost)
		if err != nil {
			return UsageView{}, fmt.Errorf("add up the cost of request %s at %s: %w", r.Request, t.Deployment, err)
		}
		v.Attempts = append(v.Attempts, AttemptView{
			Number: i + 1, Deployment: t.Deployment, Cloud: t.Cloud, Seller: t.Seller, Holder: t.Holder, Outcome: t.Outcome.String(),
			Status: t.Status, StartMillis: ms(t.Started), EndMillis: ms(t.Ended), Usage: tokenView(&t.Usage.Tokens),
			Cost: cost, CostAmount: total, CostUnsure: t.CostUnsure, Served: i == r.Served,
		})
	}
	if served := Served(r); served != nil {
		v.Cloud, v.Deployment, v.Seller = served.Cloud, served.Deployment, served.Seller
	}
	return v, nil
}

// Served returns the attempt whose content was delivered; nil if there is none.
func Served(r *journal.Record) *journal.Tried {
	if r.Served < 0 || r.Served >= len(r.Attempts) {
		return nil
	}
	return &r.Attempts[r.Served]
}

// Sent reports whether an attempt reached out to its cloud.
func Sent(t *journal.Tried) bool { return t.Outcome != delivery.Skipped }

func viewLines(lines []pricing.Line) (out []LineView, total money.Amount, err error) {
	out = []LineView{}
	for _, l := range lines {
		out = append(out, LineView{l.Class.String(), l.Quantity, l.Unit, l.Amount})
		if total, err = total.Add(l.Amount); err != nil {
			return nil, total, err
		}
	}
	return out, total, nil
}

func tokenView(t *usage.Tokens) map[string]int64 {
	out := map[string]int64{}
	for c := usage.Class(1); int(c) < usage.NumClasses; c++ {
		if t[c] != 0 {
			out[c.String()] = t[c]
		}
	}
	return out
}

func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func ms(ns int64) float64 { return float64(ns/1000) / 1000 }
