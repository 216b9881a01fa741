package ledger

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// demandKey names something that falls due once: a clause's fee for one window.
type demandKey struct {
	clauseKey
	name string
	from int64 // of the window
}

func (k demandKey) compare(o demandKey) int {
	return cmp.Or(k.clauseKey.compare(o.clauseKey), cmp.Compare(k.name, o.name), cmp.Compare(k.from, o.from))
}

// A Demand is an amount that falls due by the calendar and not by a sale: an instalment or the shortfall of a commitment, a
// guarantee, the fee of a license. It is posted by an entry of kind fee with the same name, parties, amount and window.
type Demand struct {
	Name         string // FeeShortfall, FeeGuarantee, FeeUnearned, FeeLicense
	Agreement    string
	Clause       string
	Payer, Payee string
	Amount       money.Amount
	Currency     money.Currency
	Drawn        money.Amount // of a commitment in its window: what its memo accounts hold of it
	From, Until  int64        // of the window
	At           int64        // when it falls due
}

// Fee returns the entry that posts the demand.
func (d *Demand) Fee() *journal.Fee {
	return &journal.Fee{Name: d.Name, Agreement: d.Agreement, Clause: d.Clause, Payer: d.Payer, Payee: d.Payee, Amount: d.Amount, Currency: d.Currency,
		From: d.From, Until: d.Until, Origin: journal.Origin{Charged: d.Drawn, Currency: d.Currency}}
}

// A span is a window of a commitment or a guarantee.
type span struct{ from, until int64 }

// spans divides the time between two instants into calendar windows; the first and the last one may be parts of one.
func spans(c *counter, from, until int64) ([]span, error) {
	var all []span
	for at := from; at < until; {
		_, end := c.bounds(at)
		all = append(all, span{at, min(end, until)})
		at = end
		if len(all) > maxFeeDays {
			return nil, fmt.Errorf("more than %d windows", maxFeeDays)
		}
	}
	return all, nil
}

// tracked reports whether a commitment has something that falls due.
func tracked(c *agreement.Commitment) bool {
	return c.Shortfall != "" || c.Prepaid || c.CarryOver || c.SubWindows != ""
}

// drawnOf returns what was drawn of a commitment by its parts; nil where nothing falls due under it.
func (s *State) drawnOf(f agreement.InForce) *counter {
	clause := f.Clause.(*agreement.Commitment)
	if !tracked(clause) {
		return nil
	}
	k := clauseKey{f.Agreement.Name, clause.ID}
	c, ok := s.drawn[k]
	if !ok {
		per := total
		if clause.SubWindows != "" {
			per = widthOf(clause.SubWindows)
		}
		c = newCounter(per, f.Agreement.Zone)
		s.drawn[k] = c
	}
	return c
}

// DueAt returns what has fallen due by an instant and was not posted by a fee yet, in canonical order: whoever closes a
// period posts each as a fee.
func (s *State) DueAt(at time.Time) ([]Demand, error) {
	var all []Demand
	for _, k := range slices.SortedFunc(maps.Keys(s.clauses), clauseKey.compare) {
		f := s.clauses[k]
		var more []Demand
		var err error
		switch clause := f.Clause.(type) {
		case *agreement.Commitment:
			if tracked(clause) && !clause.WindowFrom.IsZero() && !clause.WindowUntil.IsZero() {
				more, err = s.commitmentDue(f, clause, at.UnixNano())
			}
		case *agreement.RevenueShare:
			if clause.Guarantee != nil {
				more, err = s.guaranteeDue(f, clause, at.UnixNano())
			}
		case *agreement.License:
			if clause.Fee != nil {
				more, err = s.licenseDue(f, clause, at.UnixNano())
			}
		case *agreement.Delivery, *agreement.Sale, *agreement.Milestone:
		}
		if err != nil {
			return nil, fmt.Errorf("what is due under %s of %s: %w", k.clause, k.agreement, err)
		}
		all = append(all, more...)
	}
	return all, nil
}

// commitmentDue goes through the parts of a commitment: what was bought too much may count to the next part, and what is
// missing is due, or is added to the next part.
func (s *State) commitmentDue(f agreement.InForce, c *agreement.Commitment, now int64) ([]Demand, error) {
	drawn, over := s.drawnOf(f), s.endOf(f)
	parts, err := spans(drawn, c.WindowFrom.UnixNano(), c.WindowUntil.UnixNano())
	if err != nil {
		return nil, err
	}
	amounts, err := equalParts(c.Amount, len(parts))
	if err != nil {
		return nil, err
	}
	var all []Demand
	var more, missing money.Amount
	for i, part := range parts {
		if part.from >= over {
			break
		}
		d := Demand{Agreement: f.Agreement.Name, Clause: c.ID, Payer: c.Buyer, Payee: c.Seller, Currency: f.Agreement.Currency,
			From: part.from, Until: min(part.until, over)}
		if c.Prepaid {
			if all, err = s.demand(all, d, FeeGuarantee, amounts[i], part.from, now); err != nil {
				return nil, err
			}
		}
		d.Drawn = drawn.window(part.from).in
		have, err1 := d.Drawn.Add(more)
		need, err2 := amounts[i].Add(missing)
		short, err3 := need.Sub(have)
		if err := cmp.Or(err1, err2, err3); err != nil {
			return nil, err
		}
		more, missing = money.Amount{}, money.Amount{}
		switch {
		case short.Sign() < 0:
			if c.CarryOver {
				more = short.Neg()
			}
		case c.Shortfall == "extend":
			missing = short
		case c.Prepaid:
			if all, err = s.demand(all, d, FeeUnearned, short, d.Until, now); err != nil {
				return nil, err
			}
		case c.Shortfall == "invoice":
			if all, err = s.demand(all, d, FeeShortfall, short, d.Until, now); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// endOf returns when a clause ends for good, as far as the documents say by now; math.MaxInt64 = it does not.
func (s *State) endOf(f agreement.InForce) int64 {
	end := int64(math.MaxInt64)
	if until := f.Clause.Head().End.Until; !until.IsZero() {
		end = until.UnixNano()
	}
	for i := range slices.Backward(s.timeline) {
		v := &s.timeline[i]
		if _, ok := v.Terms.Clause(f.Ref()); ok {
			if !v.Until.IsZero() {
				end = min(end, v.Until.UnixNano())
			}
			break
		}
	}
	return end
}

// versionAt returns the version of a clause that is in force at an instant, as far as the documents say by now: what fell due
// before an amendment stays as it was.
func (s *State) versionAt(f agreement.InForce, at int64) agreement.InForce {
	instant := time.Unix(0, at)
	for i := range s.timeline {
		if v := &s.timeline[i]; !instant.Before(v.From) && (v.Until.IsZero() || instant.Before(v.Until)) {
			if old, ok := v.Terms.Clause(f.Ref()); ok {
				return old
			}
		}
	}
	return f
}

// feeFrom returns the first instant from one on at which a version of a license that has a fee is in force.
func (s *State) feeFrom(f agreement.InForce, at int64) int64 {
	has := func(v agreement.InForce) bool {
		l, ok := v.Clause.(*agreement.License)
		return ok && l.Fee != nil
	}
	if has(s.versionAt(f, at)) {
		return at
	}
	for i := range s.timeline {
		v := &s.timeline[i]
		if in, ok := v.Terms.Clause(f.Ref()); ok && has(in) && v.From.UnixNano() > at {
			return v.From.UnixNano()
		}
	}
	return math.MaxInt64
}

// demand adds what of an amount has fallen due by now and was not posted yet.
func (s *State) demand(all []Demand, d Demand, name string, amount money.Amount, due, now int64) ([]Demand, error) {
	if due > now {
		return all, nil
	}
	left, err := amount.Sub(s.posted(demandKey{clauseKey{d.Agreement, d.Clause}, name, d.From}))
	if err != nil || left.Sign() <= 0 {
		return all, err
	}
	d.Name, d.Amount, d.At = name, left, due
	return append(all, d), nil
}

// equalParts divides an amount into equal parts, in cents where it is in cents.
func equalParts(amount money.Amount, n int) ([]money.Amount, error) {
	rates := make([]money.Rate, n)
	for i := range rates {
		rates[i] = money.Rate{Num: 1, Den: int64(n)}
	}
	scale := money.Scale
	if cents, err := amount.Round(2, money.Down); err == nil && cents == amount {
		scale = 2
	}
	return money.Split(amount, rates, scale)
}

// posted returns what was posted of a demand.
func (s *State) posted(k demandKey) money.Amount {
	if p, ok := s.demanded[k]; ok {
		return *p
	}
	return money.Amount{}
}

// noteDemand notes that a fee was posted for a window.
func (s *State) noteDemand(f *journal.Fee) error {
	switch f.Name {
	case FeeShortfall, FeeGuarantee, FeeUnearned, FeeLicense:
	default:
		return nil
	}
	k := demandKey{clauseKey{f.Agreement, f.Clause}, f.Name, f.From}
	p, ok := s.demanded[k]
	if !ok {
		p = new(money.Amount)
		s.demanded[k] = p
	}
	return s.work.increase(p, f.Amount)
}

// guaranteeDue goes through the windows of a guarantee.
func (s *State) guaranteeDue(f agreement.InForce, c *agreement.RevenueShare, now int64) ([]Demand, error) {
	sh := s.shares[s.root(clauseKey{f.Agreement.Name, c.ID})]
	g := c.Guarantee
	if sh.earned == nil || len(c.Payees) != 1 {
		return nil, nil
	}
	over := s.endOf(f)
	windows, err := spans(sh.earned, f.Since.UnixNano(), min(now+1, over))
	if err != nil {
		return nil, err
	}
	k := dueKey{clauseKey{f.Agreement.Name, c.ID}, c.Payer, c.Payees[0].Party, f.Agreement.Currency}
	var all []Demand
	for _, w := range windows {
		earned := sh.earned.window(w.from)
		d := Demand{Agreement: k.agreement, Clause: k.clause, Payer: k.payer, Payee: k.payee, Currency: k.currency, From: w.from, Until: min(earned.end, over)}
		if v, ok := s.versionAt(f, w.from).Clause.(*agreement.RevenueShare); ok {
			g = v.Guarantee
		}
		if g == nil {
			continue // nobody guaranteed anything when the window began
		}
		amount, due := g.Amount, w.from
		if g.Due != "start" {
			due = d.Until
			if g.Recoupable { // what was earned counts to it
				if amount, err = amount.Sub(earned.in); err != nil {
					return nil, err
				}
			}
		}
		if all, err = s.demand(all, d, FeeGuarantee, amount, due, now); err != nil {
			return nil, err
		}
		if !g.Recoupable || g.CrossPeriod || d.Until == math.MaxInt64 {
			continue
		}
		if all, err = s.unearnedDue(all, d, k, earned.in, g.Due == "start", now); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// unearnedDue adds what is left of a window's advance when it ends: later windows do not earn it.
func (s *State) unearnedDue(all []Demand, d Demand, k dueKey, earned money.Amount, ahead bool, now int64) ([]Demand, error) {
	left := s.posted(demandKey{k.clauseKey, FeeGuarantee, d.From})
	if ahead && earned.Sign() > 0 {
		var err error
		if left, err = left.Sub(earned); err != nil {
			return all, err
		}
	}
	return s.demand(all, d, FeeUnearned, left, d.Until, now)
}

// encodeDemands appends what was drawn of commitments and what was posted of demands.
func (s *State) encodeDemands(b []byte) []byte {
	drawn := slices.DeleteFunc(slices.SortedFunc(maps.Keys(s.drawn), clauseKey.compare), func(k clauseKey) bool { return len(s.drawn[k].sorted()) == 0 })
	b = binary.AppendUvarint(b, uint64(len(drawn)))
	for _, k := range drawn {
		b = append(appendString(appendString(b, k.agreement), k.clause), byte(s.drawn[k].per))
		b = appendString(b, s.drawn[k].zone.String())
		b = s.drawn[k].encodeWindows(b)
	}
	posted := slices.DeleteFunc(slices.SortedFunc(maps.Keys(s.demanded), demandKey.compare), func(k demandKey) bool { return s.demanded[k].IsZero() })
	b = binary.AppendUvarint(b, uint64(len(posted)))
	for _, k := range posted {
		b = appendString(appendString(appendString(b, k.agreement), k.clause), k.name)
		b = binary.BigEndian.AppendUint64(b, uint64(k.from))
		b = appendAmount(b, *s.demanded[k])
	}
	return b
}

func (d *decoder) demands(s *State) {
	for range d.count() {
		k := clauseKey{d.text(), d.text()}
		per, name := width(d.take(1)[0]), d.text()
		zone, err := time.LoadLocation(name)
		if err != nil {
			d.fail(fmt.Errorf("commitment %s: %w", k.clause, err))
			return
		}
		s.drawn[k] = newCounter(per, zone)
		d.windows(s.drawn[k])
	}
	for range d.count() {
		k := demandKey{clauseKey{d.text(), d.text()}, d.text(), d.int64()}
		a := d.amount()
		s.demanded[k] = &a
	}
}
