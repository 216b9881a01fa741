package ledger

import (
	"fmt"
	"slices"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// A source says what brings money to shares: a sale, a fee, or a share that is accrued again.
type source struct {
	sale    bool
	fee     string // name of a fee
	payer   string // of it
	payee   string
	primary clauseKey // the share that is accrued again
	off     int       // the group in which it lowers the base; -1 = none
}

// base returns which amounts of a flow count to a share, and the group in which they lower its base; -1 = they add to it.
func (c *source) base(f agreement.InForce, sale *salePlan, streams []agreement.Stream, groups []deduction) (counts []int, off int) {
	clause := f.Clause.(*agreement.RevenueShare)
	base := &clause.Base
	switch {
	case c.sale:
		if base.RevenueOf == sale.key.seller && slices.Contains(base.From, "sales") && !slices.Contains(base.ExceptFrom, sale.key.customer) {
			return admitted(base.Streams, streams), -1
		}
	case c.fee != "":
		if base.RevenueOf == c.payee && slices.Contains(base.From, "fees") && !slices.Contains(base.ExceptFrom, c.payer) {
			return []int{0}, -1
		}
		if i := slices.IndexFunc(groups, func(d deduction) bool { return slices.Contains(d.of, c.fee) }); i >= 0 && base.RevenueOf == c.payer {
			return []int{0}, i
		}
	case c.primary == clauseKey{f.Agreement.Name, clause.ID}:
		return []int{0}, c.off
	}
	return nil, -1
}

// outranked reports whether another share of the same flow has a higher priority: the same payer owes the same payee for what
// the same source brings. Shares that stack are owed beside others.
func (c *compiler) outranked(t *termsPlan, f agreement.InForce, sale *salePlan, from *source, streams []agreement.Stream) bool {
	own := f.Clause.(*agreement.RevenueShare)
	if own.Stack || from.primary != (clauseKey{}) {
		return false
	}
	for _, g := range t.terms.Shares() {
		other := g.Clause.(*agreement.RevenueShare)
		if other.Priority <= own.Priority || other.Stack || other.Payer != own.Payer || other.Base.RevenueOf != own.Base.RevenueOf ||
			!slices.ContainsFunc(own.Payees, func(p agreement.Payee) bool {
				return slices.ContainsFunc(other.Payees, func(q agreement.Payee) bool { return p.Party == q.Party })
			}) {
			continue
		}
		k := &sale.key
		if !admits(other.Base.Clouds, k.cloud) || !other.Base.Products.Matches(k.product) || !t.terms.Counts(g, k.product, k.cloud) {
			continue
		}
		ours, _ := from.base(f, sale, streams, nil)
		theirs, _ := from.base(g, sale, streams, nil)
		if slices.ContainsFunc(ours, func(i int) bool { return slices.Contains(theirs, i) }) {
			return true
		}
		if slices.Contains(own.Base.From, "shares") && slices.Contains(other.Base.From, "shares") && len(ours) == 0 {
			return true
		}
	}
	return false
}

// sharesOf compiles what a source other than a sale makes of shares.
func (s *State) sharesOf(t *termsPlan, from source, product, cloud string, currency money.Currency) (*salePlan, error) {
	c := compiler{state: s, currency: currency, terms: t.hash}
	p := &salePlan{key: saleKey{seller: from.payee, customer: from.payer, product: product, cloud: cloud, currency: currency}}
	p.shares = c.shares(t, p, &from, nil)
	return p, c.err
}

// accrueFee posts what a part of a fee makes of shares: it counts to those of its payee whose base has fees in it, and
// lowers the base of those of its payer that deduct it.
func (s *State) accrueFee(f *journal.Fee, amount money.Amount, at, posted int64) error {
	terms, err := s.termsOf(&f.Origin, at)
	if err != nil {
		return err
	}
	p, err := s.sharesOf(terms, source{fee: f.Name, payer: f.Payer, payee: f.Payee}, f.Origin.Product, f.Origin.Cloud, f.Currency)
	if err != nil {
		return fmt.Errorf("shares of the fee: %w", err)
	}
	return s.accrueFlow(flow{sale: p, streams: []money.Amount{amount}, at: at, posted: posted, kind: flowFee, of: f.Origin.Of})
}
