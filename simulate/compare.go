package simulate

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// A Version is terms under which usage is routed and priced: a router for every admitted instant, as delivery.Timeline.At.
type Version func(admitted int64) *delivery.Router

// A Span bounds what is compared by admitted instants; Until is exclusive, zero = open.
type Span struct{ From, Until int64 }

func (s Span) holds(at int64) bool { return at >= s.From && (s.Until == 0 || at < s.Until) }

// A Comparison is what recorded usage comes to under two versions of the terms.
//
// Each request is decided again under both, by its own facts and the health that its intent kept, and goes through its
// attempts again: an attempt that was made ends as it did, a deployment that was never tried answers with the usage that was
// recorded, and one that was known to be down does not. Then it is priced and posted under both, in books that begin empty:
// what counted to caps and tiers before the span is not in them, but opening totals are.
type Comparison struct {
	Requests        int               `json:"requests"`
	Same            int               `json:"same"`             // end at the same deployment, or are refused alike
	Moved           int               `json:"moved"`            // end elsewhere
	FirstMoved      int               `json:"first_moved"`      // are tried elsewhere first, wherever they end
	HealthJournaled int               `json:"health_journaled"` // decided with the health that the intent kept
	HealthAssumed   int               `json:"health_assumed"`   // no intent: decided as if all deployments were well
	UsageSupposed   int               `json:"usage_supposed"`   // served elsewhere under one version, with the usage as recorded
	UsageUnknown    int               `json:"usage_unknown"`    // would be served where nobody answered: no money is shown
	CostUnknown     int               `json:"cost_unknown"`     // no costs book prices what the cloud would charge
	Skipped         int               `json:"skipped"`          // records without a request that could be decided
	Moves           []Moved           `json:"moves"`
	Money           []MoneyChange     `json:"money"`
	Parties         []PartyChange     `json:"parties"`
	Drawn           []DrawnChange     `json:"drawn"`
	Terms           [2]agreement.Hash `json:"-"`
}

// An Ending is where a request ends under one version.
type Ending struct {
	Outcome    string `json:"outcome"` // "served", "refused", "failed"
	Deployment string `json:"deployment,omitempty"`
	Check      string `json:"check,omitempty"` // that refused it
	Agreement  string `json:"agreement,omitempty"`
	Clause     string `json:"clause,omitempty"` // that refused it; "" = no clause
}

// String says the ending in a few words.
func (e Ending) String() string {
	switch {
	case e.Outcome == "served":
		return e.Deployment
	case e.Outcome == "refused" && e.Clause != "":
		return "refused by " + e.Clause
	case e.Outcome == "refused":
		return "refused: no clause (" + e.Check + ")"
	case e.Deployment != "":
		return "failed at " + e.Deployment
	}
	return "failed: none was well"
}

// Moved counts requests that end at one place under the earlier version and at another under the later.
type Moved struct {
	Product       string         `json:"product"`
	Before        Ending         `json:"before"`
	After         Ending         `json:"after"`
	Currency      money.Currency `json:"currency,omitempty"`
	Count         int            `json:"count"`
	ChargedBefore money.Amount   `json:"charged_before"`
	ChargedAfter  money.Amount   `json:"charged_after"`
}

// Customers stands for all customers together, as the payer of sales.
const Customers = "customers"

// A MoneyChange is what one party owes another under one clause under both versions, where it differs or not.
type MoneyChange struct {
	Payer     string         `json:"payer"` // Customers for sales
	Payee     string         `json:"payee"`
	Agreement string         `json:"agreement,omitempty"`
	Clause    string         `json:"clause"`
	Currency  money.Currency `json:"currency"`
	Before    money.Amount   `json:"before"`
	After     money.Amount   `json:"after"`
	Change    money.Amount   `json:"change"`
}

// A PartyChange is a party's revenue less its costs under both versions.
type PartyChange struct {
	Party    string         `json:"party"`
	Currency money.Currency `json:"currency"`
	Before   money.Amount   `json:"before"`
	After    money.Amount   `json:"after"`
	Change   money.Amount   `json:"change"`
}

// A DrawnChange is how far a commitment is drawn down under both versions.
type DrawnChange struct {
	Agreement string         `json:"agreement"`
	Clause    string         `json:"clause"`
	Currency  money.Currency `json:"currency"`
	Before    money.Amount   `json:"before"`
	After     money.Amount   `json:"after"`
	Change    money.Amount   `json:"change"`
}

// Compare decides, prices and posts the records of a span under two versions of the terms. Entries come in posting order.
func Compare(entries iter.Seq2[*journal.Entry, error], span Span, before, after Version) (*Comparison, error) {
	c := &comparing{span: span, intents: map[journal.RequestID]*request{}, moves: map[Moved]*Moved{}}
	for i, at := range []Version{before, after} {
		c.sides[i] = &comparedSide{at: at, state: ledger.NewState(), denials: map[denialKey]Ending{}, learned: map[*agreement.Terms]bool{}}
	}
	for e, err := range entries {
		if err != nil {
			return nil, fmt.Errorf("read the usage to compare: %w", err)
		}
		if err := c.entry(e); err != nil {
			return nil, err
		}
	}
	return c.finish()
}

type comparing struct {
	span    Span
	intents map[journal.RequestID]*request // without their record yet
	sides   [2]*comparedSide
	moves   map[Moved]*Moved // by moves without count and amounts
	out     Comparison
}

// A request is what the journal keeps of one.
type request struct {
	at     int64
	facts  delivery.Facts
	health [][]journal.Seen // seen by Plan, then before each further attempt
	record *journal.Record
}

func (c *comparing) entry(e *journal.Entry) error {
	switch b := e.Body.(type) {
	case *journal.Intent:
		if c.span.holds(e.Time) {
			c.intents[b.Request] = &request{health: [][]journal.Seen{slices.Clone(b.Health)}}
		}
	case *journal.Attempt:
		if r := c.intents[b.Request]; r != nil {
			r.health = append(r.health, slices.Clone(b.Health))
		}
	case *journal.Record:
		if !c.span.holds(e.Time) {
			return nil
		}
		r, journaled := c.intents[b.Request]
		delete(c.intents, b.Request)
		if b.Product == "" || b.Customer == "" || b.Outcome == journal.Void {
			c.out.Skipped++
			return nil
		}
		if journaled {
			c.out.HealthJournaled++
		} else {
			r = &request{health: [][]journal.Seen{nil}}
			c.out.HealthAssumed++
		}
		r.at, r.record = e.Time, b
		r.facts = delivery.Facts{Request: b.Request, At: e.Time, Customer: b.Customer, Product: b.Product, API: b.API, Stream: b.Stream}
		if err := c.compare(e, r); err != nil {
			return fmt.Errorf("compare request %s: %w", b.Request, err)
		}
	}
	return nil
}

func (c *comparing) compare(e *journal.Entry, r *request) error {
	c.out.Requests++
	var ends [2]*routed
	for i, side := range c.sides {
		var err error
		if ends[i], err = side.take(e, r); err != nil {
			return err
		}
	}
	x, y := ends[0], ends[1]
	c.out.UsageSupposed += count(x.supposed && !x.unknown || y.supposed && !y.unknown)
	c.out.UsageUnknown += count(x.unknown || y.unknown)
	c.out.CostUnknown += count(x.uncosted || y.uncosted)
	c.out.FirstMoved += count(x.first != y.first)
	if x.ending == y.ending {
		c.out.Same++
		return nil
	}
	c.out.Moved++
	key := Moved{Product: r.facts.Product, Before: x.ending, After: y.ending, Currency: cmp.Or(x.currency, y.currency)}
	m := c.moves[key]
	if m == nil {
		one := key
		m = &one
		c.moves[key] = m
	}
	m.Count++
	var err error
	if m.ChargedBefore, err = m.ChargedBefore.Add(x.charged); err != nil {
		return err
	}
	m.ChargedAfter, err = m.ChargedAfter.Add(y.charged)
	return err
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *comparing) finish() (*Comparison, error) {
	out := &c.out
	out.Moves = []Moved{}
	for _, m := range c.moves {
		out.Moves = append(out.Moves, *m)
	}
	slices.SortFunc(out.Moves, func(a, b Moved) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Product, b.Product), cmp.Compare(a.Before.String(), b.Before.String()),
			cmp.Compare(a.After.String(), b.After.String()), cmp.Compare(a.Before.Check, b.Before.Check), cmp.Compare(a.After.Check, b.After.Check),
			cmp.Compare(a.Currency, b.Currency))
	})
	parties := map[string]bool{}
	for i, side := range c.sides {
		terms := side.at(c.span.From).Terms()
		out.Terms[i] = terms.Hash()
		for _, p := range terms.Parties() {
			parties[p.ID] = true
		}
	}
	sums := [2]*sides{}
	for i, side := range c.sides {
		var err error
		if sums[i], err = side.sums(parties); err != nil {
			return nil, err
		}
	}
	return out, out.add(sums[0], sums[1])
}

// add lays the sums of both sides beside each other.
func (c *Comparison) add(before, after *sides) error {
	c.Money, c.Parties, c.Drawn = []MoneyChange{}, []PartyChange{}, []DrawnChange{}
	for _, k := range keys(before.owed, after.owed) {
		change, err := after.owed[k].Sub(before.owed[k])
		if err != nil {
			return err
		}
		c.Money = append(c.Money, MoneyChange{k.payer, k.payee, k.agreement, k.clause, k.currency, before.owed[k], after.owed[k], change})
	}
	for _, k := range keys(before.results, after.results) {
		change, err := after.results[k].Sub(before.results[k])
		if err != nil {
			return err
		}
		c.Parties = append(c.Parties, PartyChange{k.payer, k.currency, before.results[k], after.results[k], change})
	}
	for _, k := range keys(before.drawn, after.drawn) {
		change, err := after.drawn[k].Sub(before.drawn[k])
		if err != nil {
			return err
		}
		c.Drawn = append(c.Drawn, DrawnChange{k.agreement, k.clause, k.currency, before.drawn[k], after.drawn[k], change})
	}
	return nil
}

// flowKey is what sums are kept by; parties and commitments leave the rest empty.
type flowKey struct {
	payer, payee, agreement, clause string
	currency                        money.Currency
}

func (k flowKey) compare(o flowKey) int {
	return cmp.Or(cmp.Compare(k.agreement, o.agreement), cmp.Compare(k.clause, o.clause), cmp.Compare(k.payer, o.payer),
		cmp.Compare(k.payee, o.payee), cmp.Compare(k.currency, o.currency))
}

func keys(a, b map[flowKey]money.Amount) []flowKey {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.SortedFunc(maps.Keys(all), flowKey.compare)
}
