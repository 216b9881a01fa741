package ledger

import (
	"slices"

	"concord/agreement"
	"concord/money"
)

// favoured returns the lowest rate that peers of a share in force pay or get for the same base, and whether it is lower than
// its own. A peer's clause is one of the same payee with the peer as payer, or of the same payer with the peer as payee. Its
// base is the same if it is taken from the same, of the same streams, gross or net, with the same deductions; its clouds and
// its products are its own, as long as it counts this product.
func favoured(t *termsPlan, f agreement.InForce, product string) (money.Rate, bool) {
	clause := f.Clause.(*agreement.RevenueShare)
	rate, lower := clause.Rate, false
	if clause.Favoured == nil {
		return rate, false
	}
	for _, g := range t.terms.Shares() {
		peer := g.Clause.(*agreement.RevenueShare)
		if peer == clause || peer.Tiers != nil || !samePeer(clause, peer) || !sameBase(&clause.Base, &peer.Base) ||
			!sameDeductions(clause.Deductions, peer.Deductions) || !peer.Base.Products.Matches(product) {
			continue
		}
		if peer.Rate.Cmp(rate) < 0 {
			rate, lower = peer.Rate, true
		}
	}
	return rate, lower
}

// samePeer reports whether a clause is one of those that the favoured one is compared with.
func samePeer(own, peer *agreement.RevenueShare) bool {
	peers := own.Favoured.Peers
	if slices.Contains(peers, peer.Payer) && slices.Equal(own.Payees, peer.Payees) {
		return own.Base.RevenueOf == own.Payer && peer.Base.RevenueOf == peer.Payer || own.Base.RevenueOf == peer.Base.RevenueOf
	}
	paid := func(p agreement.Payee) bool { return slices.Contains(peers, p.Party) }
	return own.Payer == peer.Payer && own.Base.RevenueOf == peer.Base.RevenueOf && len(peer.Payees) > 0 && !slices.ContainsFunc(peer.Payees, func(p agreement.Payee) bool { return !paid(p) })
}

func sameBase(a, b *agreement.Base) bool {
	return sameWords(a.From, b.From) && sameWords(a.Streams, b.Streams) && a.Amount == b.Amount
}

func sameDeductions(a, b []agreement.Deduction) bool {
	return slices.EqualFunc(a, b, func(x, y agreement.Deduction) bool {
		return sameWords(x.Of, y.Of) && x.AtMost == y.AtMost && x.Per == y.Per
	})
}

// sameWords compares lists whose order says nothing.
func sameWords(a, b []string) bool {
	x, y := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(x, y)
}
