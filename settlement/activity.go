package settlement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/money"
	"concord/pricing"
)

// Activity is what the records of a period say beside money. It is counted from the records themselves.
type Activity struct {
	Requests    int64        `json:"requests"` // that were charged, or failed in being served
	Refused     []Named      `json:"refused"`  // requests by reason, with the clause
	Unpriced    []Named      `json:"unpriced"` // requests by class of token that has no price
	Evidence    []Graded     `json:"evidence"` // what was charged, by how its usage is known
	Territories []Graded     `json:"territories"`
	Delivery    []Delivered  `json:"delivery"` // by delivery clause
	Corrections []Correction `json:"corrections"`
}

// Named is a count under a name.
type Named struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Graded is what was charged under a name, and its share of all of it.
type Graded struct {
	Name   string         `json:"name"`
	Amount money.Amount   `json:"amount"`
	Of     money.Currency `json:"currency"`
	Share  string         `json:"share"` // of its currency's total, "98.5 %"
	Count  int64          `json:"count"`
}

// Delivered says how requests kept to the order of a delivery clause.
type Delivered struct {
	Clause  string    `json:"clause"`
	First   int64     `json:"first"` // served by the group that comes first
	Left    []Leaving `json:"left"`  // served elsewhere
	Ordered int64     `json:"requests"`
}

// Leaving counts requests that were served elsewhere than by the first group.
type Leaving struct {
	To    string `json:"to"`    // cloud
	After string `json:"after"` // what became of the attempt at the first group; "not tried" where there was none
	Count int64  `json:"count"`
}

// Correction is what was recorded in the period and belongs to a sale of an earlier one. Its amounts stand in the period's lines.
type Correction struct {
	Kind    string         `json:"kind"` // "refund", "credit", "correction", "late usage"
	Period  string         `json:"period"`
	Cloud   string         `json:"cloud,omitempty"`
	Product string         `json:"product,omitempty"`
	Amount  money.Amount   `json:"amount"` // by which what customers were charged grew; negative: it was given back
	Of      money.Currency `json:"currency"`
	Count   int64          `json:"count"`
	Cites   string         `json:"cites,omitempty"`
}

// A Tally counts activity, for the pairs of an agreement. It reads entries in any order.
type Tally struct {
	agreement *agreement.Agreement
	history   []agreement.Interval
	catalog   *agreement.Catalog
	period    Period
	pairs     map[[2]string]*counts
	owners    map[string]string // of products
	zones     map[string]string // of deployments
	lands     map[string]string // of customers
}

type gradeKey struct {
	name string
	of   money.Currency
}

type graded struct {
	amount money.Amount
	count  int64
}

type counts struct {
	requests            int64
	refused, unpriced   map[string]int64
	evidence, territory map[gradeKey]graded
	delivered           map[string]map[Leaving]int64 // To "" = the first group
	corrected           map[Correction]graded
}

// Tally returns what counts the activity of the closing's period.
func (c *Closing) Tally() (*Tally, error) {
	catalog := c.Catalog
	if err := c.begin(); err != nil {
		return nil, err
	}
	t := &Tally{agreement: c.agreement, history: c.History, catalog: catalog, period: c.period, pairs: map[[2]string]*counts{},
		owners: map[string]string{}, zones: map[string]string{}, lands: map[string]string{}}
	for _, p := range c.agreement.Products {
		t.owners[p.ID] = p.Owner
	}
	for i := range catalog.Deployments {
		d := &catalog.Deployments[i]
		t.zones[d.ID] = cmp.Or(d.Zone, d.Region)
	}
	for i := range catalog.Customers {
		t.lands[catalog.Customers[i].ID] = catalog.Customers[i].Territory
	}
	for _, pair := range c.all("") {
		t.pairs[pair] = &counts{refused: map[string]int64{}, unpriced: map[string]int64{}, evidence: map[gradeKey]graded{},
			territory: map[gradeKey]graded{}, delivered: map[string]map[Leaving]int64{}, corrected: map[Correction]graded{}}
	}
	return t, nil
}

// Take counts an entry.
func (t *Tally) Take(e *journal.Entry) error {
	from, until := t.period.From.UnixNano(), t.period.Until.UnixNano()
	if e.Time < from || e.Time >= until {
		return nil
	}
	switch b := e.Body.(type) {
	case *journal.Record:
		return t.record(e, b)
	case *journal.Refund:
		return t.correct("refund", &b.Origin, b.Amount.Neg(), "")
	case *journal.Credit:
		if b.Origin.Customer != "" {
			return t.correct("credit", &b.Origin, b.Amount.Neg(), "")
		}
	case *journal.Correction:
		was, err1 := total(b.Was)
		now, err2 := total(b.Now)
		more, err3 := now.Sub(was)
		if err := cmp.Or(err1, err2, err3); err != nil || b.Attempt >= 0 {
			return err
		}
		return t.correct("correction", &b.Origin, more, b.Cites)
	}
	return nil
}

func total(lines []pricing.Line) (sum money.Amount, err error) {
	for i := range lines {
		if sum, err = sum.Add(lines[i].Amount); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// correct counts what belongs to a sale of an earlier period.
func (t *Tally) correct(kind string, o *journal.Origin, amount money.Amount, cites string) error {
	if o.At == 0 || o.At >= t.period.From.UnixNano() {
		return nil
	}
	k := Correction{Kind: kind, Period: PeriodOf(periodKind(t.period.Name), time.Unix(0, o.At), t.period.From.Location()), Cloud: o.Cloud,
		Product: o.Product, Of: o.Currency, Cites: cites}
	return t.each(o.Seller, "", func(c *counts) error { return add(c.corrected, k, amount) })
}

func add[K comparable](m map[K]graded, k K, amount money.Amount) error {
	return addMany(m, k, amount, 1)
}

// each does something for every pair with one of two parties.
func (t *Tally) each(a, b string, do func(*counts) error) error {
	for pair, c := range t.pairs {
		if a != "" && (pair[0] == a || pair[1] == a) || b != "" && (pair[0] == b || pair[1] == b) {
			if err := do(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// record counts a request. It belongs to the pairs of its seller; one that was refused, to those of its product's owner.
func (t *Tally) record(e *journal.Entry, r *journal.Record) error {
	seller := ""
	served := (*journal.Tried)(nil)
	if r.Served >= 0 && r.Served < len(r.Attempts) {
		served = &r.Attempts[r.Served]
	}
	if len(r.Attempts) > 0 {
		seller = r.Attempts[len(r.Attempts)-1].Seller
	}
	if served != nil {
		seller = served.Seller
	}
	owner := ""
	if seller == "" {
		owner = t.owners[r.Product]
	}
	return t.each(seller, owner, func(c *counts) error {
		if r.Outcome == journal.Refused {
			c.refused[cmp.Or(r.Refusal, "refused")]++
			return nil
		}
		if r.Outcome == journal.Void {
			return nil
		}
		c.requests++
		for _, class := range r.Unpriced {
			c.unpriced[class.String()]++
		}
		if err := t.charged(c, r, served); err != nil {
			return err
		}
		if served != nil {
			t.ordered(c, e.Time, r, served)
		}
		return nil
	})
}

func (t *Tally) charged(c *counts, r *journal.Record, served *journal.Tried) error {
	if len(r.Lines) == 0 {
		return nil
	}
	sum, err := total(r.Lines)
	if err != nil {
		return err
	}
	if err := add(c.evidence, gradeKey{r.Usage.Evidence.String(), r.Currency}, sum); err != nil {
		return err
	}
	where := cmp.Or(t.lands[r.Customer], "not known")
	if served != nil {
		where += ", processed in " + cmp.Or(t.zones[served.Deployment], "not known")
	}
	return add(c.territory, gradeKey{where, r.Currency}, sum)
}

// ordered holds a request that was served to the delivery clause that orders its product.
func (t *Tally) ordered(c *counts, at int64, r *journal.Record, served *journal.Tried) {
	d := t.orders(termsAt(t.history, time.Unix(0, at)), r.Product)
	if d == nil {
		return
	}
	if c.delivered[d.ID] == nil {
		c.delivered[d.ID] = map[Leaving]int64{}
	}
	left := Leaving{}
	if !slices.Contains(d.Order[0], served.Cloud) {
		left = Leaving{To: served.Cloud, After: "not tried"}
		for i := range r.Attempts {
			if slices.Contains(d.Order[0], r.Attempts[i].Cloud) {
				left.After = r.Attempts[i].Outcome.String()
			}
		}
	}
	c.delivered[d.ID][left]++
}

// Of returns the activity of a pair.
func (t *Tally) Of(pair [2]string) (*Activity, error) {
	c, ok := t.pairs[pair]
	if !ok {
		if c, ok = t.pairs[[2]string{pair[1], pair[0]}]; !ok {
			return nil, fmt.Errorf("%s and %s are not two parties of %s", pair[0], pair[1], t.agreement.Name)
		}
	}
	a := &Activity{Requests: c.requests, Refused: named(c.refused), Unpriced: named(c.unpriced), Delivery: []Delivered{}, Corrections: []Correction{}}
	var err1, err2 error
	a.Evidence, err1 = grades(c.evidence)
	a.Territories, err2 = grades(c.territory)
	for _, id := range slices.Sorted(maps.Keys(c.delivered)) {
		d := Delivered{Clause: id, Left: []Leaving{}}
		for _, l := range slices.SortedFunc(maps.Keys(c.delivered[id]), func(x, y Leaving) int { return cmp.Or(cmp.Compare(x.To, y.To), cmp.Compare(x.After, y.After)) }) {
			n := c.delivered[id][l]
			d.Ordered += n
			if l.To == "" {
				d.First = n
				continue
			}
			l.Count = n
			d.Left = append(d.Left, l)
		}
		a.Delivery = append(a.Delivery, d)
	}
	for k, g := range c.corrected {
		k.Amount, k.Count = g.amount, g.count
		a.Corrections = append(a.Corrections, k)
	}
	slices.SortFunc(a.Corrections, func(x, y Correction) int {
		return cmp.Or(cmp.Compare(x.Period, y.Period), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Cloud, y.Cloud), cmp.Compare(x.Product, y.Product),
			cmp.Compare(x.Of, y.Of), cmp.Compare(x.Cites, y.Cites))
	})
	return a, cmp.Or(err1, err2)
}

func named(m map[string]int64) []Named {
	out := []Named{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Named{name, m[name]})
	}
	return out
}

// grades lists amounts by name, with the share of each in the total of its currency.
func grades(m map[gradeKey]graded) ([]Graded, error) {
	out := []Graded{}
	totals := map[money.Currency]money.Amount{}
	for k, g := range m {
		var err error
		if totals[k.of], err = totals[k.of].Add(g.amount); err != nil {
			return nil, err
		}
	}
	for k, g := range m {
		share, err := percent(g.amount, totals[k.of])
		if err != nil {
			return nil, err
		}
		out = append(out, Graded{k.name, g.amount, k.of, share, g.count})
	}
	slices.SortFunc(out, func(a, b Graded) int { return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Name, b.Name)) })
	return out, nil
}

// percent writes a part of a whole with two decimals, rounded half-even.
func percent(part, whole money.Amount) (string, error) {
	if whole.IsZero() {
		return "-", nil
	}
	parts, err := apportion(money.FromUnits(100), []money.Amount{part, mustSub(whole, part)})
	if err != nil {
		return "", err
	}
	rounded, err := parts[0].Round(2, money.HalfEven)
	return rounded.Fixed(2) + " %", err
}

// mustSub subtracts what is a part of a sum that did not overflow.
func mustSub(a, b money.Amount) money.Amount {
	d, err := a.Sub(b)
	if err != nil {
		return money.Amount{}
	}
	return d
}
