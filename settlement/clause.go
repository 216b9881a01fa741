package settlement

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
)

// place is where a line stands.
type place struct{ cloud, product, stream string }

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.cloud, o.cloud), cmp.Compare(p.product, o.product), cmp.Compare(p.stream, o.stream))
}

// gathered is what the cells say of one clause.
type gathered struct {
	base    map[place]money.Amount // of the period
	counts  map[place]int64
	owed    map[place]money.Amount // to this payee, dated in the period, without stream
	earlier map[periodPlace]money.Amount
	opening Totals
	before  money.Amount // owed to this payee before the journal began
	fees    money.Amount // of the period
	mirror  money.Amount // what the payee's book says of all of it
	closing Totals
	later   Totals       // of days after the period
	opened  money.Amount // capped, before the journal began
	drawn   [2]money.Amount
	days    map[int32]money.Amount    // capped, by day
	bases   map[int32]money.Amount    // by day
	weights map[dayPlace]money.Amount // what is no sale of its day, or in another currency, by stream
}

// version returns a clause as it stood on a day, through the ids that it continues.
func (c *cutter) version(id string, day int32) (agreement.InForce, bool) {
	k := versionKey{id, day}
	f, ok := c.versions[k]
	if !ok {
		f, _ = c.findVersion(id, day)
		c.versions[k] = f
	}
	return f, f.Clause != nil
}

// versionKey names a clause as it stood on a day.
type versionKey struct {
	id  string
	day int32
}

func (c *cutter) findVersion(id string, day int32) (agreement.InForce, bool) {
	t := c.at(day)
	for _, f := range t.Clauses() {
		if f.Agreement.Name == c.agreement.Name && f.Clause.Head().ID == id {
			return f, true
		}
	}
	return agreement.InForce{}, false
}

// latest returns the last version of a clause up to the end of the period.
func (c *cutter) latest(id string) (agreement.InForce, bool) {
	for _, iv := range slices.Backward(c.in.History) {
		if !iv.From.Before(c.out.Period.Until) {
			continue
		}
		for _, f := range iv.Terms.Clauses() {
			if f.Agreement.Name == c.agreement.Name && f.Clause.Head().ID == id {
				return f, true
			}
		}
	}
	return agreement.InForce{}, false
}

// family returns the first of the clauses that continue each other up to a clause and after it, and all of them: their
// running totals are one.
func (c *cutter) family(id string) (root string, ids []string) {
	before := map[string]string{id: ""}
	for _, iv := range c.in.History {
		for _, f := range iv.Terms.Clauses() {
			if h := f.Clause.Head(); f.Agreement.Name == c.agreement.Name && (h.Continues != "" || before[h.ID] == "") {
				before[h.ID] = h.Continues
			}
		}
	}
	rootOf := func(id string) string {
		for range before {
			if before[id] == "" {
				break
			}
			id = before[id]
		}
		return id
	}
	root = rootOf(id)
	for _, other := range slices.Sorted(maps.Keys(before)) {
		if rootOf(other) == root {
			ids = append(ids, other)
		}
	}
	return root, ids
}

// clause makes the part of the statement that one flow is.
func (c *cutter) clause(f flow) (*Clause, error) {
	in, known := c.latest(f.id)
	cl := &Clause{ID: f.id, Payer: f.payer, Payee: f.payee, Provenance: agreement.Assumed, Caps: []CapBridge{}, Lines: []Line{}, TrueUps: []TrueUp{}, Notes: []int{}}
	if known {
		cl.Prose, cl.Provenance = in.Clause.Head().Prose, in.Provenance("")
		cl.Notes = c.clauseNotes(in)
	}
	root, ids := c.family(f.id)
	g, err := c.gather(f, root, ids)
	if err != nil {
		return nil, err
	}
	if err := c.openings(g, ids, f, cl); err != nil {
		return nil, err
	}
	switch clause := in.Clause.(type) {
	case *agreement.RevenueShare:
		cl.Kind, cl.Rate = "revenue-share", clause.RateWords(c.agreement.Currency)
		if err = c.shareTotals(cl, clause, f, root, ids, g); err != nil {
			return nil, err
		}
		cl.Bridge.Opening, cl.Bridge.Closing = g.opening, g.closing
		if cl.Bridge.Period, err = g.closing.less(g.opening); err != nil {
			return nil, err
		}
		if cl.Caps, err = c.caps(in, clause, ids, g); err != nil {
			return nil, err
		}
		if cl.Tiers, err = c.tiers(clause, ids, g); err != nil {
			return nil, err
		}
		if cl.Guarantee, err = c.guarantee(clause, ids, g); err != nil {
			return nil, err
		}
	case *agreement.Commitment:
		cl.Kind = "commitment"
		if cl.Commitment, err = drawdown(clause, g); err != nil {
			return nil, err
		}
	case *agreement.License:
		cl.Kind = "license"
		if clause.Fee != nil {
			cl.Rate = clause.Fee.Words(c.agreement)
		}
	case *agreement.Delivery, *agreement.Sale, *agreement.Milestone:
	}
	return cl, c.lines(cl, f, g)
}

// split divides what accrued at a cloud and product among the streams of its base.
func (g *gathered) split(at place) ([]Line, error) {
	var rows []Line
	var weights []money.Amount
	for _, p := range sortedPlaces(g.base) {
		if p.cloud == at.cloud && p.product == at.product {
			rows = append(rows, Line{Cloud: p.cloud, Product: p.product, Stream: p.stream, Base: g.base[p], Count: g.counts[p]})
			weights = append(weights, g.base[p])
		}
	}
	if len(rows) == 0 {
		return []Line{{Cloud: at.cloud, Product: at.product, Accrued: g.owed[at], Count: g.counts[at]}}, nil
	}
	parts, err := apportion(g.owed[at], weights)
	if err != nil {
		return nil, fmt.Errorf("divide %s among streams: %w", g.owed[at], err)
	}
	for i := range rows {
		rows[i].Accrued = parts[i]
	}
	return rows, nil
}

func sortedPlaces(m map[place]money.Amount) []place { return sorted(sums[place](m), place.compare) }

// caps leads each cap of a share from what counted at the opening to what counts at the close.
func (c *cutter) caps(in agreement.InForce, s *agreement.RevenueShare, ids []string, g *gathered) ([]CapBridge, error) {
	out := []CapBridge{}
	end := c.out.Period.Until.Add(-time.Nanosecond)
	for i, limit := range s.Caps {
		from, until := window(limit.Per, end)
		if !limit.CountsFrom.IsZero() {
			from = max(from, dayOf(limit.CountsFrom.In(c.zone)))
		}
		var used, opening money.Amount
		for day, amount := range g.days {
			if day < from || day >= until {
				continue
			}
			var err error
			if used, err = used.Add(amount); err != nil {
				return nil, err
			}
			if day < c.first {
				if opening, err = opening.Add(amount); err != nil {
					return nil, err
				}
			}
		}
		for _, o := range c.agreement.Openings {
			if slices.Contains(ids, o.Clause) && limit.Per == "total" && limit.CountsFrom.Before(o.AsOf) {
				var err1, err2 error
				used, err1 = used.Add(o.Capped)
				opening, err2 = opening.Add(o.Capped)
				if err := cmp.Or(err1, err2); err != nil {
					return nil, err
				}
			}
		}
		left, err := capLeft(limit, ledger.CapUse{Per: limit.Per, Window: windowLabel(limit.Per, end, c.zone), Capped: used})
		if err != nil {
			return nil, err
		}
		left.Provenance = in.Provenance(fmt.Sprintf("caps[%d]", i))
		out = append(out, CapBridge{CapLeft: left, Opening: opening})
	}
	return out, nil
}

// window returns the days of the calendar window that an instant is in, in its own zone.
func window(per string, at time.Time) (from, until int32) {
	y, m, d := at.Date()
	day := func(y int, m time.Month, d int) int32 { return dayOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) }
	switch per {
	case "day":
		return day(y, m, d), day(y, m, d+1)
	case "month":
		return day(y, m, 1), day(y, m+1, 1)
	case "quarter":
		m -= (m - 1) % 3
		return day(y, m, 1), day(y, m+3, 1)
	case "year":
		return day(y, 1, 1), day(y+1, 1, 1)
	}
	return -1 << 31, 1<<31 - 1
}

func drawdown(clause *agreement.Commitment, g *gathered) (*Drawdown, error) {
	closing, err := g.drawn[0].Add(g.drawn[1])
	if err != nil {
		return nil, err
	}
	left, err := clause.Amount.Sub(closing)
	if err != nil {
		return nil, err
	}
	if left.Sign() < 0 {
		left = money.Amount{}
	}
	return &Drawdown{Amount: clause.Amount, Opening: g.drawn[0], Closing: closing, Left: left}, nil
}

// shareTotals takes the totals of the ledger's running state, which knows no days, less what is dated after the period. The opening is where the statement before ended.
func (c *cutter) shareTotals(cl *Clause, s *agreement.RevenueShare, f flow, root string, ids []string, g *gathered) error {
	for _, a := range c.in.Accruals {
		if a.Agreement != c.agreement.Name || a.Clause != root || a.Window != "total" {
			continue
		}
		var err1, err2, err3 error
		cellsBase := g.closing.Base
		if g.closing.Base, err1 = a.Base.Sub(g.later.Base); err1 != nil {
			return err1
		}
		cl.Deducted, cl.Carried, cl.Lifted = a.Deducted, a.Carried, a.Lifted
		for _, t := range a.TrueUps {
			if at := time.Unix(0, t.Posted); !at.Before(c.out.Period.From) && at.Before(c.out.Period.Until) {
				cl.TrueUps = append(cl.TrueUps, TrueUp{instant(at), t.Amendment, t.Amount})
			}
		}
		if c.plain(s, ids) {
			c.control("base of "+f.id, cellsBase, g.closing.Base)
		}
		var posted, cells money.Amount
		for _, o := range a.Owed {
			if posted, err1 = posted.Add(o.Owed); err1 != nil {
				return err1
			}
		}
		cells, err1 = g.closing.Capped.Add(g.later.Capped)
		cells, err2 = cells.Sub(g.opened)
		if err := cmp.Or(err1, err2, err3); err != nil {
			return err
		}
		c.control("share of "+f.id+", all payees, in the book of "+f.payer, posted, cells)
		g.closing.Uncapped, err1 = a.Uncapped.Sub(g.later.Uncapped)
		g.closing.Capped, err2 = a.Capped.Sub(g.later.Capped)
		if err := cmp.Or(err1, err2); err != nil {
			return err
		}
	}
	for _, st := range c.in.Closed {
		for i := range st.Clauses {
			if k := &st.Clauses[i]; k.ID == f.id && k.Payer == f.payer && k.Payee == f.payee {
				g.opening = k.Bridge.Closing
			}
		}
	}
	return nil
}

// plain reports whether cells tell the base of a share: revenue by place and day, and what the books note aside.
func (c *cutter) plain(s *agreement.RevenueShare, ids []string) bool {
	for i := range c.in.Cells { // what a party buys itself may be left out, and cells do not say who bought
		cell := &c.in.Cells[i]
		if slices.Contains(s.Base.ExceptFrom, cell.Book) && strings.HasPrefix(string(cell.Account), "cost:usage:") {
			return false
		}
	}
	for _, iv := range c.in.History { // which of two shares was owed is a matter of each sale
		for _, f := range iv.Terms.Shares() {
			o := shareOf(f)
			if !s.Stack && !o.Stack && o.Priority > s.Priority && o.Payer == s.Payer && o.Base.RevenueOf == s.Base.RevenueOf {
				return false
			}
		}
	}
	return !slices.ContainsFunc(ids, c.rebased)
}

// rebased reports whether an amendment that became known after it took effect begins or ends a share, or changes what its
// base counts: sales between the two days were rated by terms that no day has any more.
func (c *cutter) rebased(id string) bool {
	for i := range c.agreement.Amendments {
		a := &c.agreement.Amendments[i]
		if a.Recorded.IsZero() || dayOf(a.Recorded.In(c.zone)) <= dayOf(a.Effective.In(c.zone)) {
			continue
		}
		if slices.ContainsFunc(a.Ends, func(e agreement.EndedClause) bool { return e.ID == id }) ||
			slices.ContainsFunc(a.Adds, func(cl agreement.Clause) bool { return cl.Head().ID == id }) {
			return true
		}
		for _, cl := range a.Replaces {
			now, ok := cl.(*agreement.RevenueShare)
			if !ok || now.ID != id {
				continue
			}
			before, _ := c.version(id, dayOf(a.Effective.In(c.zone))-1)
			was, ok := before.Clause.(*agreement.RevenueShare)
			if !ok || !reflect.DeepEqual(was.Base, now.Base) || was.When != now.When {
				return true
			}
		}
	}
	return false
}

func (t Totals) plus(o Totals) (Totals, error) { return t.combine(o, money.Amount.Add) }
func (t Totals) less(o Totals) (Totals, error) { return t.combine(o, money.Amount.Sub) }

func (t Totals) combine(o Totals, with func(a, b money.Amount) (money.Amount, error)) (Totals, error) {
	base, err1 := with(t.Base, o.Base)
	uncapped, err2 := with(t.Uncapped, o.Uncapped)
	capped, err3 := with(t.Capped, o.Capped)
	return Totals{base, uncapped, capped}, cmp.Or(err1, err2, err3)
}
