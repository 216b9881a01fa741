package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// An Explanation is everything that led to one request's outcome and everything that follows from it: each part is read
// from the journal, or computed again from it by the code that made it.
type Explanation struct {
	Request  string           `json:"request,omitempty"`  // "" = it was never made
	Question *QuestionView    `json:"question,omitempty"` // of a request that was never made
	Intent   *IntentView      `json:"intent,omitempty"`   // refused requests have none
	Pinned   *PinView         `json:"pinned,omitempty"`   // of a request about what a cloud keeps
	Decision []DeploymentView `json:"decision"`
	Moves    []MoveView       `json:"moves"` // attempts after the first, as written before they were sent
	Record   *UsageView       `json:"record,omitempty"`
	Refusal  string           `json:"refusal,omitempty"` // why nobody may serve a request that was never made
	Money    []MoneyView      `json:"money,omitempty"`   // of a request that was never made, by deployment of the plan
	Later    []LaterView      `json:"later,omitempty"`   // what was recorded of it since: refunds, corrections
	Postings []BookView       `json:"postings"`
	Entries  []string         `json:"entries"` // kinds, in the order in which they were written
}

// An IntentView is what was written before the request was served.
type IntentView struct {
	Time     string            `json:"time"`
	Customer string            `json:"customer"`
	Key      string            `json:"key"`
	Product  string            `json:"product"`
	API      string            `json:"api"`
	Stream   bool              `json:"stream"`
	Terms    string            `json:"terms"`
	InForce  string            `json:"in_force"` // the span of the terms
	First    string            `json:"first"`
	Health   map[string]string `json:"health"` // deployments that were not healthy
}

// A DeploymentView is the verdict on one deployment.
type DeploymentView struct {
	Deployment string `json:"deployment"`
	Cloud      string `json:"cloud"`
	Seller     string `json:"seller"`
	Permitted  bool   `json:"permitted"`
	Place      int    `json:"place,omitempty"` // in the plan, from 1
	Health     string `json:"health,omitempty"`
	Clause     string `json:"clause,omitempty"` // what allowed or denied it
	License    string `json:"license,omitempty"`
	Check      string `json:"check,omitempty"` // that failed: its word
	Number     int    `json:"check_number,omitempty"`
	Reason     string `json:"reason,omitempty"`
	SellerRank int    `json:"seller_rank,omitempty"` // of the permitted, from 1
	Group      int    `json:"group,omitempty"`       // of the clause that orders, from 1
	Orders     string `json:"ordered_by,omitempty"`  // the clause that orders
	Ranked     string `json:"ranked_by,omitempty"`   // what sets it apart from the one before it
	Why        string `json:"why,omitempty"`         // the same in words
}

// A MoveView is one attempt entry.
type MoveView struct {
	Number     int    `json:"number"`
	Deployment string `json:"deployment"`
	Left       string `json:"left"`
	Why        string `json:"why"`
}

// A LaterView is what was recorded of a request after it had ended.
type LaterView struct {
	Time     string       `json:"time"`
	Kind     string       `json:"kind"`
	Source   string       `json:"source"`
	ID       string       `json:"id"`
	What     string       `json:"what,omitempty"` // that a correction corrects
	Amount   money.Amount `json:"amount"`         // of a correction: by how much what is charged, or what it cost, changes
	Currency string       `json:"currency"`
	Reason   string       `json:"reason,omitempty"`
}

// A BookView is what one entry posted to one party's book.
type BookView struct {
	Entry    string        `json:"entry,omitempty"` // what posted it: record, or refund r1
	Book     string        `json:"book"`
	Postings []PostingView `json:"postings"`
}

// A PostingView is one posting.
type PostingView struct {
	Account string       `json:"account"`
	Amount  money.Amount `json:"amount"`
	Clause  string       `json:"clause,omitempty"`
}

// Explain tells the way of one request, from intent to posting.
func (r *Reading) Explain(ctx context.Context, id journal.RequestID) (*Explanation, error) {
	entries, err := r.Journal.Find(ctx, id)
	if err != nil {
		return nil, notFound(id, err)
	}
	out := &Explanation{Request: id.String(), Decision: []DeploymentView{}, Moves: []MoveView{}, Postings: []BookView{}}
	facts, health := delivery.Facts{Request: id}, map[string]delivery.State{}
	var set journal.Hash
	for i := range entries {
		e := &entries[i]
		out.Entries = append(out.Entries, e.Body.Kind().String())
		switch b := e.Body.(type) {
		case *journal.Intent:
			out.Intent = viewIntent(e, b)
			facts.At, facts.Customer, facts.Product, facts.API, facts.Stream = e.Time, b.Customer, b.Product, b.API, b.Stream
			set = b.Set
			for _, seen := range b.Health {
				health[seen.Deployment] = seen.State
			}
		case *journal.Attempt:
			out.Moves = append(out.Moves, MoveView{b.Number, b.Deployment, b.Left, b.Why.String()})
		case *journal.Record:
			view, err := ViewUsage(e, b)
			if err != nil {
				return nil, err
			}
			out.Record = &view
			facts.At, facts.Customer, facts.Product, facts.API, facts.Stream = e.Time, b.Customer, b.Product, b.API, b.Stream
			set = b.Set
			if b.About != "" {
				if out.Pinned, err = r.kept(ctx, e.Time, b); err != nil {
					return nil, err
				}
			}
		default:
			later, err := viewLater(e)
			if err != nil {
				return nil, err
			}
			out.Later = append(out.Later, later)
		}
	}
	history, err := r.History(ctx)
	if err != nil {
		return nil, err
	}
	past, err := history.Set(set)
	if err != nil {
		return nil, fmt.Errorf("decide request %s again: %w", id, err)
	}
	router := past.Timeline.At(facts.At)
	if out.Decision, err = decide(router, facts, health); err != nil {
		return nil, err
	}
	if out.Intent != nil {
		out.Intent.InForce = span(router.Terms())
	}
	out.Postings, err = r.postings(ctx, id)
	return out, err
}

func viewIntent(e *journal.Entry, in *journal.Intent) *IntentView {
	v := &IntentView{
		Time: instant(e.Time), Customer: in.Customer, Key: in.Key, Product: in.Product, API: string(in.API), Stream: in.Stream,
		Terms: hex.EncodeToString(in.Terms[:]), First: in.First, Health: map[string]string{},
	}
	for _, seen := range in.Health {
		v.Health[seen.Deployment] = seen.State.String()
	}
	return v
}

// decide makes the decision again and lays the verdicts beside the plan's order.
func decide(router *delivery.Router, facts delivery.Facts, health map[string]delivery.State) ([]DeploymentView, error) {
	var plan delivery.Plan
	err := router.Recompute(facts, func(yield func(string, delivery.State) bool) {
		for id, state := range health {
			if !yield(id, state) {
				return
			}
		}
	}, &plan)
	if err != nil {
		return nil, err
	}
	return viewDecision(router, &plan, router.Explain(facts), router.Why(&plan), health), nil
}

// viewDecision lists the deployments of a product: those of the plan in order, then those that may not serve. Without health
// nothing is said of it.
func viewDecision(router *delivery.Router, plan *delivery.Plan, verdicts []agreement.Verdict, why []delivery.Reason, health map[string]delivery.State) []DeploymentView {
	catalog := router.Catalog()
	view := func(i int) DeploymentView {
		d, verdict := &catalog.Deployments[i], &verdicts[i]
		v := DeploymentView{
			Deployment: d.ID, Cloud: d.Cloud, Seller: d.Seller, Permitted: verdict.Permitted,
			Clause: refText(verdict.Clause), License: refText(verdict.License), Reason: verdict.Reason,
		}
		if !verdict.Permitted {
			v.Check = verdict.Failed.String()
			if verdict.Failed <= agreement.CheckPrice {
				v.Number = int(verdict.Failed)
			}
			return v
		}
		v.SellerRank = verdict.SellerRank + 1
		if verdict.Delivery != nil {
			v.Orders = verdict.Delivery.ID
			if verdict.Group < len(verdict.Delivery.Order) {
				v.Group = verdict.Group + 1
			}
		}
		if health != nil {
			v.Health = health[d.ID].String()
		}
		return v
	}
	out := []DeploymentView{}
	planned := map[int]bool{}
	for i, step := range plan.Steps {
		v := view(step.Deployment)
		v.Place = i + 1
		if i < len(why) {
			v.Ranked, v.Why = string(why[i].By), why[i].Text
		}
		planned[step.Deployment] = true
		out = append(out, v)
	}
	for i := range catalog.Deployments {
		if !planned[i] && catalog.Deployments[i].Product == plan.Facts.Product {
			out = append(out, view(i))
		}
	}
	return out
}

// viewLater shows an entry that belongs to a request and is none of its own.
func viewLater(e *journal.Entry) (LaterView, error) {
	v := LaterView{Time: instant(e.Time), Kind: e.Body.Kind().String(), Source: e.Source, ID: e.ID}
	var err error
	switch b := e.Body.(type) {
	case *journal.Refund:
		v.Amount, v.Currency, v.Reason = b.Amount, string(b.Origin.Currency), b.Reason
	case *journal.Credit:
		v.Amount, v.Currency, v.Reason = b.Amount, string(b.Currency), b.Reason
	case *journal.Fee:
		v.Amount, v.Currency, v.Reason = b.Amount, string(b.Currency), b.Reason
	case *journal.Correction:
		v.What, v.Currency, v.Reason = b.What, string(b.Origin.Currency), b.Reason
		var was money.Amount
		if was, err = totalOf(b.Was); err == nil {
			v.Amount, err = totalOf(b.Now)
		}
		if err == nil {
			v.Amount, err = v.Amount.Sub(was)
		}
	}
	return v, err
}

// postings derives the transactions of a request again, and lays them out by entry and book.
func (r *Reading) postings(ctx context.Context, id journal.RequestID) ([]BookView, error) {
	derived, err := ledger.Derive(ctx, r.Journal, r.Books, id)
	if err != nil {
		return nil, fmt.Errorf("post request %s again: %w", id, err)
	}
	out := []BookView{}
	for i := range derived {
		label := derived[i].Entry.Body.Kind().String()
		if e := &derived[i].Entry; e.Body.Kind() >= journal.KindFact {
			label += " " + e.ID
		}
		for _, view := range viewPostings(derived[i].Transaction) {
			view.Entry = label
			out = append(out, view)
		}
	}
	return out, nil
}

func viewPostings(t *ledger.Transaction) []BookView {
	out := []BookView{}
	at := map[string]int{}
	for _, p := range t.Postings {
		i, ok := at[p.Book]
		if !ok {
			i = len(out)
			at[p.Book] = i
			out = append(out, BookView{Book: p.Book})
		}
		out[i].Postings = append(out[i].Postings, PostingView{string(p.Account), p.Amount, p.Clause})
	}
	return out
}

func refText(r agreement.Ref) string {
	if r.Clause == "" {
		return ""
	}
	return r.Agreement + "/" + r.Clause
}

func span(t *agreement.Terms) string {
	from, until := t.Span()
	switch {
	case from.IsZero() && until.IsZero():
		return "always"
	case until.IsZero():
		return "since " + from.Format(time.RFC3339)
	case from.IsZero():
		return "until " + until.Format(time.RFC3339)
	}
	return from.Format(time.RFC3339) + " to " + until.Format(time.RFC3339)
}
