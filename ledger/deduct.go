package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/money"
)

// What a deduction may be of.
const (
	ofTax         = "tax" // never part of a base, so there is nothing to take off
	ofRefunds     = "refunds"
	ofCredits     = "credits"
	ofMarketplace = "marketplace-fee"
)

// netOf is what a net base is without, where the clause does not list it.
var netOf = [...]string{ofTax, ofRefunds, ofCredits, ofMarketplace}

// A deduction is a group of things that lower a base together, up to a part of it.
type deduction struct {
	of     []string
	atMost money.Rate
	window *counter // in which the bound counts; nil = there is none
}

// deductions returns what lowers the base of a share in force: what it lists, or everything where its base is net and it
// lists nothing.
func (sh *share) deductions(f agreement.InForce) []deduction {
	clause := f.Clause.(*agreement.RevenueShare)
	var all []deduction
	for _, d := range clause.Deductions {
		group := deduction{of: d.Of, atMost: d.AtMost}
		if !d.AtMost.IsZero() {
			group.window = sh.group(f, d)
		}
		all = append(all, group)
	}
	if len(all) == 0 && clause.Base.Amount == "net" {
		all = []deduction{{of: netOf[:]}}
	}
	return all
}

// group returns the counter of a bounded deduction, a new one if need be: in adds up what there is to deduct, base what it
// is deducted from, out what was deducted.
func (sh *share) group(f agreement.InForce, d agreement.Deduction) *counter {
	key := fmt.Sprintf("%s %d/%d %s", strings.Join(d.Of, ","), d.AtMost.Num, d.AtMost.Den, d.Per)
	i, ok := slices.BinarySearchFunc(sh.groups, key, func(g deductionGroup, k string) int { return cmp.Compare(g.key, k) })
	if !ok {
		per, zone := periodOf(f)
		if d.Per != "" && d.Per != "period" {
			per, zone = widthOf(d.Per), f.Agreement.Zone
		}
		sh.groups = slices.Insert(sh.groups, i, deductionGroup{key, newCounter(per, zone)})
	}
	return sh.groups[i].counter
}

// deductionGroup is the running state of a bounded deduction.
type deductionGroup struct {
	key string
	*counter
}

// newCounter returns a counter of its own, which bounds no share.
func newCounter(per width, zone *time.Location) *counter {
	if zone == nil {
		zone = time.UTC
	}
	return &counter{per: per, zone: zone, windows: map[int64]*window{}}
}

// periodOf returns the width and the zone of the periods in which the parties of a share settle; months of the agreement's
// zone where nothing says.
func periodOf(f agreement.InForce) (width, *time.Location) {
	clause := f.Clause.(*agreement.RevenueShare)
	for _, p := range clause.Payees {
		for _, s := range f.Agreement.Settlement {
			if s.Between != [2]string{clause.Payer, p.Party} && s.Between != [2]string{p.Party, clause.Payer} {
				continue
			}
			zone := s.Zone
			if zone == nil {
				zone = f.Agreement.Zone
			}
			if per := widthOf(s.Period); per != 0 {
				return per, zone
			}
			return month, zone
		}
	}
	return month, f.Agreement.Zone
}

// deducts returns the group in which a thing lowers the base; -1 = it does not.
func (p *sharePlan) deducts(what string) int {
	return slices.IndexFunc(p.groups, func(d deduction) bool { return slices.Contains(d.of, what) })
}

// A brought is what a flow brings to a share: to its base, or to what is deducted from it.
type brought struct {
	base     money.Amount
	deducted money.Amount
	group    int          // of deducted
	shown    money.Amount // of base: what cells of revenue show of a sale
}

func (b *brought) isZero() bool { return b.base.IsZero() && b.deducted.IsZero() }

// net returns by how much the base grows after deductions. A bounded deduction is taken again from what its window came to,
// so that a sale after it lets more of it through.
func (s *State) net(at int64, p *sharePlan, b *brought) (money.Amount, error) {
	net := b.base
	for i := range p.groups {
		var due money.Amount
		if i == b.group {
			due = b.deducted
		}
		taken, err := s.work.deduct(&p.groups[i], at, b.base, due)
		if err != nil {
			return net, err
		}
		if net, err = net.Sub(taken); err != nil {
			return net, err
		}
		all, err := p.share.deducted.Add(taken)
		if err != nil {
			return net, err
		}
		s.work.set(&p.share.deducted, all)
	}
	return net, nil
}

// deduct adds to a group and returns by how much what it takes off grows.
func (w *work) deduct(d *deduction, at int64, base, due money.Amount) (money.Amount, error) {
	if d.window == nil {
		return due, nil
	}
	win := d.window.window(at)
	in, err := win.in.Add(due)
	if err != nil {
		return due, err
	}
	whole, err := win.base.Add(base)
	if err != nil {
		return due, err
	}
	out, err := whole.MulRate(d.atMost, money.Down)
	if err != nil {
		return due, err
	}
	if out.Sign() < 0 {
		out = money.Amount{}
	}
	if in.Cmp(out) < 0 {
		out = in
	}
	taken, err := out.Sub(win.out)
	if err != nil {
		return due, err
	}
	w.set(&win.in, in)
	w.set(&win.base, whole)
	w.set(&win.out, out)
	return taken, nil
}
