package ledger

import (
	"fmt"
	"strings"
	"time"

	"concord/agreement"
	"concord/money"
)

// A tiering rates a share by what its base came to so far in a window. The base is added up through all caps' windows and
// through amendments that leave the tiers as they are; Lint refuses caps and amendments that would cut such a window, for
// then the order of records would decide what a share comes to.
type tiering struct {
	tiers   *agreement.Tiers
	window  counter      // tells the windows, and counts nothing
	carried money.Amount // base from before the journal, where no window begins anew
}

// newTiering returns how a share in force is rated; nil = by one rate.
func newTiering(f agreement.InForce, opening totals) *tiering {
	clause := f.Clause.(*agreement.RevenueShare)
	if clause.Tiers == nil {
		return nil
	}
	t := &tiering{tiers: clause.Tiers, window: counter{per: resetOf(clause.Tiers), zone: f.Agreement.Zone}}
	if t.window.zone == nil {
		t.window.zone = time.UTC
	}
	if t.window.per == total {
		t.carried = opening.base
	}
	return t
}

// resetOf returns the width of the windows in which tiers add a base up; 0 is unknown.
func resetOf(t *agreement.Tiers) width {
	if t.Reset == agreement.ResetNever {
		return total
	}
	return widthOf(t.Reset)
}

// rated returns what a base since the last reset comes to, beyond what was carried in.
func (t *tiering) rated(base money.Amount) (money.Amount, error) {
	whole, err := base.Add(t.carried)
	if err != nil {
		return base, err
	}
	share, err := t.tiers.Share(whole)
	if err != nil || t.carried.IsZero() {
		return share, err
	}
	before, err := t.tiers.Share(t.carried)
	if err != nil {
		return share, err
	}
	return share.Sub(before)
}

// rated returns what the base of a segment comes to.
func (p *sharePlan) rated(base money.Amount) (money.Amount, error) {
	if p.tiers != nil {
		return p.tiers.rated(base)
	}
	return base.MulRate(p.current, money.Down)
}

// tiersKey names tiers in a segment's key.
func tiersKey(t *agreement.Tiers) string {
	if t == nil {
		return ""
	}
	var key strings.Builder
	fmt.Fprintf(&key, " %s %s", t.Mode, t.Reset)
	for _, s := range t.Steps {
		fmt.Fprintf(&key, " %s:%d/%d", s.UpTo, s.Rate.Num, s.Rate.Den)
	}
	return key.String()
}
