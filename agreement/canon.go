package agreement

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"concord/money"
)

// canonical writes the bytes that the terms hash covers: a sequence of fields, each a number, a length and content. A
// field of zero value is left out, so that a field that a later version adds changes no hash of terms that do not use it.
// Numbers are never given twice, and never change. Names, titles, prose, links, file positions and the order of clauses
// in a file are no part of the terms.
type canonical struct{ buf []byte }

func (c *canonical) raw(n uint64, b []byte) {
	c.buf = binary.AppendUvarint(c.buf, n)
	c.buf = binary.AppendUvarint(c.buf, uint64(len(b)))
	c.buf = append(c.buf, b...)
}

func (c *canonical) str(n uint64, s string) {
	if s != "" {
		c.raw(n, []byte(s))
	}
}

func (c *canonical) int(n uint64, v int64) {
	if v != 0 {
		c.raw(n, binary.AppendVarint(nil, v))
	}
}

func (c *canonical) bool(n uint64, v bool) {
	if v {
		c.raw(n, []byte{1})
	}
}

// time writes seconds since the epoch and nanoseconds, both as varints.
func (c *canonical) time(n uint64, t time.Time) {
	if !t.IsZero() {
		c.raw(n, binary.AppendVarint(binary.AppendVarint(nil, t.Unix()), int64(t.Nanosecond())))
	}
}

func (c *canonical) amount(n uint64, a money.Amount) {
	if b := a.Bytes(); !a.IsZero() {
		c.raw(n, b[:])
	}
}

// rate writes the ratio in lowest terms.
func (c *canonical) rate(n uint64, r money.Rate) {
	if r.Num == 0 || r.Den == 0 {
		return
	}
	a, b := r.Num, r.Den
	for b != 0 {
		a, b = b, a%b
	}
	if a < 0 {
		a = -a
	}
	c.raw(n, binary.AppendVarint(binary.AppendVarint(nil, r.Num/a), r.Den/a))
}

func (c *canonical) zone(n uint64, z *time.Location) {
	if z != nil {
		c.str(n, z.String())
	}
}

func list[T ~string](c *canonical, n uint64, vs []T) {
	for _, v := range vs {
		c.raw(n, []byte(v))
	}
}

// sub writes a group of fields; an empty group is written too, for it says that something is there.
func (c *canonical) sub(n uint64, write func(*canonical)) {
	var s canonical
	write(&s)
	c.raw(n, s.buf)
}

// hashTerms computes the hash of compiled terms.
func hashTerms(agreements []*Agreement, t *Terms) Hash {
	return sha256.Sum256(canonicalTerms(agreements, t))
}

func canonicalTerms(agreements []*Agreement, t *Terms) []byte {
	var c canonical
	c.str(1, "concord terms 1")
	sorted := slices.Clone(agreements)
	slices.SortStableFunc(sorted, func(x, y *Agreement) int { return strings.Compare(x.Name, y.Name) })
	for _, a := range sorted {
		c.sub(2, a.canonical)
	}
	for _, f := range t.clauses {
		c.raw(3, f.encoded)
	}
	for _, f := range t.facts {
		c.sub(4, func(s *canonical) { s.str(1, f.agreement.Name); f.canonical(s) })
	}
	waits := slices.Clone(t.elapsed)
	slices.SortFunc(waits, func(x, y elapsed) int {
		return cmp.Or(strings.Compare(x.agreement, y.agreement), strings.Compare(x.clause, y.clause), strings.Compare(x.fact, y.fact))
	})
	for _, e := range waits {
		c.sub(5, func(s *canonical) { s.str(1, e.agreement); s.str(2, e.clause); s.str(3, e.fact) })
	}
	return c.buf
}

func (a *Agreement) canonical(c *canonical) {
	c.str(1, a.Name)
	c.str(2, string(a.Currency))
	c.zone(3, a.Zone)
	c.str(4, string(cmp.Or(a.Conflicts, Invalid)))
	c.str(5, a.Policy)
	for _, p := range sortedBy(a.Parties, func(p Party) string { return p.ID }) {
		c.sub(6, func(c *canonical) { c.str(1, p.ID); list(c, 2, slices.Sorted(slices.Values(p.Operates))) })
	}
	for _, p := range sortedBy(a.Products, func(p Product) string { return p.ID }) {
		c.sub(7, func(c *canonical) {
			c.str(1, p.ID)
			c.str(2, p.Owner)
			list(c, 3, slices.Sorted(slices.Values(p.Aliases)))
			list(c, 4, slices.Sorted(slices.Values(p.APIs)))
			c.str(5, p.State)
			c.str(6, p.OpenWeights)
		})
	}
	for _, s := range sortedBy(a.Settlement, func(s Settlement) string { return s.Between[0] + "\x00" + s.Between[1] }) {
		c.sub(8, s.canonical)
	}
	for _, o := range sortedBy(a.Openings, func(o Opening) string { return o.Clause }) {
		c.sub(9, o.canonical)
	}
}

func (s *Settlement) canonical(c *canonical) {
	list(c, 1, s.Between[:])
	c.str(2, s.Period)
	c.zone(3, s.Zone)
	c.int(4, int64(s.GraceDays))
	c.int(5, int64(s.DueDays))
	c.bool(6, s.Net)
	c.amount(7, s.Minimum)
	c.int(8, int64(s.RoundScale))
	c.int(9, int64(s.RoundMode))
	c.rate(10, s.InterestRate)
	c.str(11, s.InterestBasis)
	c.int(12, int64(s.DeemedAccepted))
}

func (o *Opening) canonical(c *canonical) {
	c.str(1, o.Clause)
	c.time(2, o.AsOf)
	c.amount(3, o.Base)
	c.amount(4, o.Uncapped)
	c.amount(5, o.Capped)
	c.amount(6, o.Stated)
	c.amount(7, o.Paid)
	c.str(8, string(o.Provenance))
}

func (f *Fact) canonical(c *canonical) {
	c.str(2, f.ID)
	c.str(3, string(f.Kind))
	c.str(4, f.Product)
	c.str(5, f.Cloud)
	c.str(6, f.Milestone)
	c.str(7, f.Offer)
	c.time(8, f.On)
	c.time(9, f.Recorded)
	c.str(10, f.By)
	c.str(11, string(f.Provenance))
}

func sortedBy[T any](vs []T, key func(T) string) []*T {
	ps := make([]*T, len(vs))
	for i := range vs {
		ps[i] = &vs[i]
	}
	slices.SortStableFunc(ps, func(x, y *T) int { return strings.Compare(key(*x), key(*y)) })
	return ps
}
