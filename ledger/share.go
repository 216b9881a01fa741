package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"concord/agreement"
	"concord/money"
)

// clauseKey names a clause.
type clauseKey struct{ agreement, clause string }

func (k clauseKey) compare(o clauseKey) int {
	return cmp.Or(cmp.Compare(k.agreement, o.agreement), cmp.Compare(k.clause, o.clause))
}

// totals are what a share came to so far.
type totals struct{ base, uncapped, capped money.Amount }

// add returns t + d.
func (t totals) add(d totals) (sum totals, err error) {
	if sum.base, err = t.base.Add(d.base); err != nil {
		return t, err
	}
	if sum.uncapped, err = t.uncapped.Add(d.uncapped); err != nil {
		return t, err
	}
	sum.capped, err = t.capped.Add(d.capped)
	return sum, err
}

// A share is the running state of one revenue-share clause through all its versions, and of the clauses that continue it.
type share struct {
	key      clauseKey
	opened   bool
	opening  totals // from before the journal, part of life
	life     totals
	segments []*segment // by key and start
	counters []*counter // narrow windows first: a cap of a wider one bounds what the narrower let through

	deducted money.Amount // from the base, over its life
	lifted   money.Amount // owed beyond what is capped: periods below zero that count as nothing
	groups   []deductionGroup
	earned   *counter       // in the windows of its guarantee
	periods  *counter       // what posts in a period, where one below zero counts as nothing
	payees   []*payeeTotals // by party
	foreign  []*converted   // what was brought in other currencies
	history  []*booked      // what was brought, where amendments are trued up
	trueUps  []TrueUp
	aside    map[asideKey]*money.Amount // of the base: what cells of revenue do not show
}

// A segment is the part of a share's life under one rate and one split among payees, within one window of its caps. Each
// is rated by itself: an amendment of the rate does not rate again what was rated before, late usage goes where its own
// terms put it, and what a window comes to does not depend on the order of records.
type segment struct {
	key   string
	start int64 // of the window; math.MinInt64 = there is none
	totals
	lift money.Amount   // owed beyond capped
	due  money.Amount   // capped and lift, where a guarantee counts what is earned
	paid []money.Amount // of capped and lift, per payee
}

// Accrual is the running state of one share clause.
type Accrual struct {
	Agreement string
	Clause    string       // where clauses continue each other, the first one
	Window    string       // "total": the clause's whole life, its opening included
	Base      money.Amount // after deductions
	Uncapped  money.Amount
	Capped    money.Amount
	Deducted  money.Amount // from what the base would be otherwise
	Lifted    money.Amount // owed beyond what is capped: periods below zero that count as nothing
	Carried   money.Amount // above caps, and owed in a later window
	Owed      []PayeeOwed  // by payee: what was posted, openings apart
	// Provisional is the part of Base that stands at rates of exchange that are not final.
	Provisional money.Amount
	TrueUps     []TrueUp   // by amendments that reach back, in the order in which they were posted
	Aside       []BasePart // of Base: what was not earned on the day that it is dated, or is no revenue in the share's currency
}

// PayeeOwed is what a share makes its payer owe one party.
type PayeeOwed struct {
	Party string
	Owed  money.Amount
	Kept  money.Amount // of Owed: what was stated and is no longer owed, and the payee keeps
}

// Accruals returns the running state of all shares, in canonical order. Shares without any base are left out.
func (s *State) Accruals() []Accrual {
	var all []Accrual
	for _, sh := range s.sortedShares() {
		if a := sh.accrual(); sh.life != (totals{}) || len(a.Aside) > 0 {
			all = append(all, a)
		}
	}
	return all
}

// Accrual returns the running state of one share. A clause that continues another one has its totals.
func (s *State) Accrual(agreement, clause string) (Accrual, bool) {
	sh, ok := s.shares[s.root(clauseKey{agreement, clause})]
	if !ok {
		return Accrual{}, false
	}
	return sh.accrual(), true
}

func (sh *share) accrual() Accrual {
	a := Accrual{Agreement: sh.key.agreement, Clause: sh.key.clause, Window: "total",
		Base: sh.life.base, Uncapped: sh.life.uncapped, Capped: sh.life.capped, Deducted: sh.deducted, Lifted: sh.lifted,
		TrueUps: slices.Clone(sh.trueUps), Aside: sh.baseParts()}
	for _, p := range sh.payees {
		a.Owed = append(a.Owed, PayeeOwed{p.party, p.owed, p.kept})
	}
	for _, e := range sh.foreign {
		if !e.final && e.group < 0 {
			a.Provisional, _ = a.Provisional.Add(e.sum) // parts of a base that fits
		}
	}
	for _, c := range sh.counters {
		if last := c.newest(); c.carry && last != nil {
			a.Carried, _ = a.Carried.Add(last.over) // each is less than what was capped
		}
	}
	return a
}

func (s *State) sortedShares() []*share {
	return slices.SortedFunc(maps.Values(s.shares), func(a, b *share) int { return a.key.compare(b.key) })
}

// root returns the first of the clauses that continue each other up to k.
func (s *State) root(k clauseKey) clauseKey {
	if r, ok := s.roots[k]; ok {
		return r
	}
	return k
}

// continuations returns the roots of clauses after terms are learned.
func (s *State) continuations(terms []*agreement.Terms) (map[clauseKey]clauseKey, error) {
	before := map[clauseKey]clauseKey{}
	for _, t := range terms {
		for _, f := range t.Shares() {
			if h := f.Clause.Head(); h.Continues != "" {
				before[clauseKey{f.Agreement.Name, h.ID}] = clauseKey{f.Agreement.Name, h.Continues}
			}
		}
	}
	next := maps.Clone(s.roots)
	for k := range before {
		root := k
		for steps := 0; ; steps++ {
			b, ok := before[root]
			if !ok {
				break
			}
			if root = b; steps > len(before) {
				return nil, fmt.Errorf("clause %s of %s continues itself", k.clause, k.agreement)
			}
		}
		if earlier, ok := next[root]; ok {
			root = earlier
		}
		if had, ok := next[k]; ok && had != root {
			return nil, fmt.Errorf("clause %s of %s continues %s; it continued %s before", k.clause, k.agreement, root.clause, had.clause)
		}
		if sh, ok := s.shares[k]; ok && sh.life != (totals{}) {
			return nil, fmt.Errorf("clause %s of %s has totals of its own already: it cannot continue %s", k.clause, k.agreement, root.clause)
		}
		next[k] = root
	}
	return next, nil
}

// openingOf returns the opening totals of a clause in force.
func openingOf(f agreement.InForce) (agreement.Opening, bool) {
	for _, o := range f.Agreement.Openings {
		if o.Clause == f.Clause.Head().ID {
			return o, true
		}
	}
	return agreement.Opening{}, false
}

// checkOpenings refuses opening totals that differ from those which were posted.
func (s *State) checkOpenings(terms []*agreement.Terms, roots map[clauseKey]clauseKey) error {
	posted := map[clauseKey]totals{}
	for k, sh := range s.shares {
		if sh.opened {
			posted[k] = sh.opening
		}
	}
	for _, t := range terms {
		for _, f := range t.Shares() {
			o, ok := openingOf(f)
			if !ok {
				continue
			}
			k := clauseKey{f.Agreement.Name, o.Clause}
			if r, ok := roots[k]; ok {
				k = r
			}
			now := totals{o.Base, o.Uncapped, o.Capped}
			if had, ok := posted[k]; ok && had != now {
				return fmt.Errorf("opening totals of clause %s of %s were posted as base %s, capped %s; they are base %s, capped %s now: correct them by an entry",
					o.Clause, f.Agreement.Name, had.base, had.capped, now.base, now.capped)
			}
			posted[k] = now
		}
	}
	return nil
}

// openShares makes the running states of the shares in terms, with their counters and opening totals.
func (s *State) openShares(t *agreement.Terms) {
	for _, f := range t.Shares() {
		clause := f.Clause.(*agreement.RevenueShare)
		key := s.root(clauseKey{f.Agreement.Name, clause.ID})
		sh, ok := s.shares[key]
		if !ok {
			sh = &share{key: key}
			s.shares[key] = sh
		}
		sh.counter(total, false, 0, f.Agreement.Zone)
		for _, c := range clause.Caps {
			sh.counter(widthOf(c.Per), carries(c), countsFrom(c), f.Agreement.Zone)
		}
		sh.deductions(f)
		sh.settles(f)
		if o, ok := openingOf(f); ok && !sh.opened {
			sh.open(o)
		}
	}
}

// open adds opening totals. They count to a cap in total if it counts from before their date.
func (sh *share) open(o agreement.Opening) {
	sh.opened, sh.opening = true, totals{o.Base, o.Uncapped, o.Capped}
	sh.life, _ = sh.life.add(sh.opening) // amounts of a file are far from 128 bits
	for _, c := range sh.counters {
		if c.per == total && c.from < o.AsOf.UnixNano() {
			w := c.window(c.from)
			w.in, _ = w.in.Add(o.Uncapped)
			w.out, _ = w.out.Add(o.Capped)
		}
	}
}

// segmentKey names a clause's tiers, or the rate that holds, and its payees.
func segmentKey(clause *agreement.RevenueShare, rate money.Rate) string {
	var key strings.Builder
	fmt.Fprintf(&key, "%d/%d", rate.Num, rate.Den)
	for _, p := range clause.Payees {
		fmt.Fprintf(&key, " %s %d/%d", p.Party, p.Part.Num, p.Part.Den)
	}
	return key.String() + tiersKey(clause.Tiers)
}

// segment returns the segment of a key and a start, a new one if need be.
func (sh *share) segment(key string, start int64, payees int) *segment {
	i, ok := slices.BinarySearchFunc(sh.segments, segment{key: key, start: start}, func(a *segment, b segment) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.start, b.start))
	})
	if !ok {
		sh.segments = slices.Insert(sh.segments, i, &segment{key: key, start: start, paid: make([]money.Amount, payees)})
	}
	return sh.segments[i]
}

// span returns the longest time around an instant in which no window of a cap begins or ends.
func (sh *share) span(at int64) (start, end int64) {
	start, end = math.MinInt64, math.MaxInt64
	for _, c := range sh.counters {
		if at < c.from {
			end = min(end, c.from)
		} else if c.from != 0 {
			start = max(start, c.from)
		}
		from, until := c.bounds(at)
		start, end = max(start, from), min(end, until)
	}
	return start, end
}
