package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// bookedKey names what a share was brought on one day under one set of terms.
type bookedKey struct {
	day            int32
	product, cloud string
	what           string // that lowers the base as a deduction; "" = base
	terms          journal.Hash
}

func (k *bookedKey) compare(o *bookedKey) int {
	return cmp.Or(cmp.Compare(k.day, o.day), cmp.Compare(k.product, o.product), cmp.Compare(k.cloud, o.cloud),
		cmp.Compare(k.what, o.what), slices.Compare(k.terms[:], o.terms[:]))
}

// booked is what a share whose amendments are trued up was brought on a day, so that it can be rated again without its
// requests.
type booked struct {
	bookedKey
	at     int64 // an instant of the day
	amount money.Amount
}

// A TrueUp is what an amendment changed backwards of a share, and when that was posted.
type TrueUp struct {
	Posted    int64
	Amendment string
	Amount    money.Amount // of the capped share
}

// book keeps what a flow brings to a share whose amendments are trued up.
func (s *State) book(f *flow, p *sharePlan, b *brought) error {
	k := bookedKey{day: p.days.dayOf(f.at), product: p.product, cloud: p.cloud, terms: p.terms}
	if !b.base.IsZero() {
		if err := s.work.increase(&p.share.booked(k, f.at).amount, b.base); err != nil {
			return err
		}
	}
	if b.group < 0 || b.deducted.IsZero() {
		return nil
	}
	switch f.kind {
	case flowRefund:
		k.what = ofRefunds
	case flowCredit:
		k.what = ofCredits
	case flowSale, flowFee, flowCorrection:
		k.what = p.groups[b.group].of[0]
	}
	return s.work.increase(&p.share.booked(k, f.at).amount, b.deducted)
}

// booked returns what was booked under a key; a new one leaves no trace until it is changed.
func (sh *share) booked(k bookedKey, at int64) *booked {
	i, ok := slices.BinarySearchFunc(sh.history, &k, func(e *booked, k *bookedKey) int { return e.compare(k) })
	if !ok {
		sh.history = slices.Insert(sh.history, i, &booked{bookedKey: k, at: at})
	}
	return sh.history[i]
}

// checkRetro refuses a clause that is trued up in some of its versions only: of the others nothing would be kept.
func (s *State) checkRetro(terms []*agreement.Terms, roots map[clauseKey]clauseKey) error {
	said := map[clauseKey]string{}
	for _, t := range terms {
		for _, f := range t.Shares() {
			k, h := clauseKey{f.Agreement.Name, f.Clause.Head().ID}, f.Clause.Head()
			if r, ok := roots[k]; ok {
				k = r
			}
			now := "keep"
			if h.Retro == "true_up" {
				now = h.Retro
			}
			if before, ok := said[k]; ok && before != now {
				return fmt.Errorf("clause %s of %s is trued up in one version (retro: true_up) and not in another: say it in all of them, or in none", k.clause, k.agreement)
			}
			said[k] = now
		}
	}
	return nil
}

// superseded reports whether other terms than these are in force at an instant, as far as the documents say by now.
func (s *State) superseded(terms journal.Hash, at int64) bool {
	instant := time.Unix(0, at)
	for i := range s.timeline {
		if v := &s.timeline[i]; !instant.Before(v.From) && (v.Until.IsZero() || instant.Before(v.Until)) {
			return v.Terms.Hash() != terms
		}
	}
	return false
}

// rerate rates again what terms that are known now change backwards, subtracts what was booked, and posts the difference.
func (s *State) rerate(posted int64) error {
	for _, sh := range s.sortedShares() {
		if len(sh.history) == 0 {
			continue
		}
		moved, err := s.changed(sh)
		if err == nil && len(moved) > 0 {
			err = s.rebook(posted, sh, moved)
		}
		if err != nil {
			return fmt.Errorf("true up share %s: %w", sh.key.clause, err)
		}
	}
	s.work.late = false
	return s.netPostings()
}

// A rebooking moves what was booked under one version of a clause to another one.
type rebooking struct {
	*booked
	old, now   *termsPlan
	from, into agreement.InForce // into.Clause is nil where the clause is not in force any more
}

// changed returns what was booked under a version that no longer is the one of its instant.
func (s *State) changed(sh *share) ([]rebooking, error) {
	var all []rebooking
	for _, e := range sh.history {
		if e.amount.IsZero() {
			continue
		}
		old, err := s.plan(e.terms)
		if err != nil {
			return nil, err
		}
		now, err := s.inForce(e.at)
		if err != nil || now == old {
			continue // nothing is known of that time any more
		}
		from, ok := s.shareOf(old, sh)
		if !ok {
			continue
		}
		r := rebooking{booked: e, old: old, now: now, from: from}
		if into, ok := s.shareOf(now, sh); ok {
			if r.into = into; rating(old, from, e.product) == rating(now, into, e.product) {
				continue
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// rating says how a version of a share rates what it is brought.
func rating(t *termsPlan, f agreement.InForce, product string) string {
	clause := f.Clause.(*agreement.RevenueShare)
	var key strings.Builder
	key.WriteString(segmentKey(clause, clause.Rate))
	for _, c := range clause.Caps {
		fmt.Fprintf(&key, "; cap %s %s %d %s", c.Amount, c.Per, countsFrom(c), c.Excess)
	}
	for _, d := range clause.Deductions {
		fmt.Fprintf(&key, "; less %v %s %s", d.Of, d.AtMost, d.Per)
	}
	if rate, ok := favoured(t, f, product); ok {
		fmt.Fprintf(&key, "; favoured %s %d", rate, clause.Favoured.From.UnixNano())
	}
	fmt.Fprintf(&key, "; %s %s", clause.Base.Amount, clause.Payer)
	return key.String()
}

// rebook takes back what was booked and books it again; first everything is taken back, so that caps are whole again.
func (s *State) rebook(posted int64, sh *share, moved []rebooking) error {
	s.work.tx.Currency = moved[0].from.Agreement.Currency
	before := sh.life.capped
	amounts := make([]money.Amount, len(moved))
	for i, r := range moved {
		amounts[i] = r.amount
		if err := s.again(r.old, r.from, r.booked, r.amount.Neg(), posted); err != nil {
			return err
		}
	}
	amendment := ""
	for i, r := range moved {
		if r.into.Clause == nil {
			continue
		}
		amendment = r.into.Amendment.ID
		if err := s.again(r.now, r.into, r.booked, amounts[i], posted); err != nil {
			return err
		}
	}
	change, err := sh.life.capped.Sub(before)
	if err != nil {
		return err
	}
	if change.IsZero() || !s.work.terms {
		return nil
	}
	s.later(func() { sh.trueUps = append(sh.trueUps, TrueUp{posted, amendment, change}) })
	return nil
}

// again accrues what was booked under a version of its clause.
func (s *State) again(t *termsPlan, f agreement.InForce, e *booked, amount money.Amount, posted int64) error {
	group := -1
	if e.what != "" {
		sh := s.shares[s.root(clauseKey{f.Agreement.Name, f.Clause.Head().ID})]
		group = slices.IndexFunc(sh.deductions(f), func(d deduction) bool { return slices.Contains(d.of, e.what) })
		if group < 0 && e.what != ofRefunds {
			return nil // this version does not deduct it
		}
		if group < 0 {
			amount = amount.Neg()
		}
	}
	return s.accrueAgain(t, f, e.product, e.cloud, group, amount, e.at, posted)
}

// netPostings makes one posting of all that go to the same cell.
func (s *State) netPostings() error {
	w := &s.work
	at := map[*cell]int{}
	kept := w.posted[:0]
	for _, p := range w.posted {
		i, ok := at[p.cell]
		if !ok {
			at[p.cell] = len(kept)
			kept = append(kept, p)
			continue
		}
		sum, err := kept[i].amount.Add(p.amount)
		if err != nil {
			return err
		}
		kept[i].amount = sum
	}
	w.posted = slices.DeleteFunc(kept, func(p posted) bool { return p.amount.IsZero() })
	return nil
}
